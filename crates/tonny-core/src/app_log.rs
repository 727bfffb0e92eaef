//! What the app says about itself: records without secrets and without spoken words, the newest of them in memory.
//!
//! ```text
//! tracing ─▶ tonny-platform's recorder ─▶ Redaction ─▶ Record ─┬▶ file, terminal (as text or JSON)
//!                                                              └▶ Ring ─▶ Logs page, crash report
//! ```
//! A [`Record`] can only be made by [`Redaction`], so nothing reaches any of them that was not looked through. This room
//! knows neither tracing nor files. Start reading at [`Redaction::record`].

mod form;
mod redaction;
mod ring;

use serde::{Deserialize, Serialize};

pub use form::{Line, line_of};
pub use redaction::{Redaction, Said, without_quotes};
pub use ring::{Ring, page};

/// How much something matters; what matters most comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something is lost or does not work.
    Error,
    /// Something went wrong and was mended, or may go wrong.
    Warn,
    /// What the app did.
    #[default]
    Info,
    /// Why it did so.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// Every level, what matters most first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As settings and log lines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// Reads it in any case.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(word))
    }
}

/// How lines are written into files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line, for programs.
    Json,
}

/// One thing the app said, fit to be stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    at_ms: i64,
    level: LogLevel,
    target: String,
    message: String,
    fields: Vec<(&'static str, String)>,
}

/// Which records; newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct AppLogQuery {
    /// Records that matter as much or more; all without one.
    pub level: Option<LogLevel>,
    /// Records with this text in their target, message or fields, in any case; all where it is empty.
    pub text: String,
    /// The `next` of the page before.
    pub before: Option<u32>,
    /// Rows wanted, 1 to 500.
    pub limit: u32,
}

/// Some records, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AppLogPage {
    /// Newest first.
    pub rows: Vec<AppLogRow>,
    /// Asks for the rows after these; absent on the last page.
    pub next: Option<u32>,
}

/// One record as it is read in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AppLogRow {
    /// Grows with each record since the start of the app.
    pub id: u32,
    /// When, milliseconds since 1970.
    pub at_ms: f64,
    /// How much it matters.
    pub level: LogLevel,
    /// Which part of the app said it.
    pub target: String,
    /// Message and fields.
    pub text: String,
}
