//! The insertion port: text into the focused window, with an honest answer about whether it arrived.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The window that has the focus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The window system's own id.
    pub window: u64,
    /// The application's class, as the window system names it ("xterm", "Chromium").
    pub class: String,
    /// The window's title.
    pub title: String,
}

/// How text gets into a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum InsertionMethod {
    /// Whichever is right for the target and the text.
    #[default]
    Auto,
    /// Through the clipboard and the target's paste key.
    Paste,
    /// Key by key.
    Type,
}

/// How one insertion should go.
#[derive(Clone, Debug)]
pub struct InsertionWish {
    /// The method the user set.
    pub method: InsertionMethod,
    /// The window that had the focus at release. If it no longer exists, nothing is inserted anywhere else.
    pub target: Option<Target>,
    /// How long to wait for the hotkey's own keys to come up.
    pub modifier_wait: Duration,
    /// How long the target may take to fetch a paste before it counts as not arrived.
    pub receipt_wait: Duration,
}

/// What became of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// It arrived: the target fetched the paste, or took every key while it kept the focus.
    Inserted {
        /// `Paste` or `Type`, never `Auto`.
        by: InsertionMethod,
    },
    /// It could not be proven to have arrived, so it is on the clipboard; the problem says why.
    Copied(Problem),
    /// It is a question in this conversation now.
    Asked(String),
    /// Not even the clipboard took it.
    Failed(Problem),
}

/// The window system's way to put text where the cursor is.
pub trait TextInsertion: Send + Sync + 'static {
    /// The focused window, if any.
    fn target(&self) -> Option<Target>;
    /// Inserts `text` exactly: any Unicode, line breaks and tabs kept. Blocks until the outcome is known. At most one
    /// insertion ever happens: an unproven paste is withdrawn before the text is left on the clipboard.
    fn insert(&self, text: &str, wish: &InsertionWish) -> Delivery;
    /// Puts `text` on the clipboard and leaves it there.
    fn copy(&self, text: &str) -> Result<(), Problem>;
}
