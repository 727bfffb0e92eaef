//! The overlay: a small pill at the bottom of the screen that says what TonnyTray hears and does.
//!
//! Drawn natively, without a web view: it must appear within 50 ms of the press, cost nothing while hidden, and leave
//! the processor to the decoder. Takes `OverlayView` values and sends back clicks; it decides nothing and never takes
//! the focus. `pill` says what a view looks like (pure, from `mark`, `text`, `theme` and `fonts`), `window` and
//! `screen` speak X11, `stage` is the loop between them; `icon` draws the app's and the tray's pictures from the same
//! mark. Start reading at `pill`.

pub mod fonts;
pub mod icon;
pub mod mark;
pub mod pill;
mod screen;
mod stage;
mod text;
pub mod theme;
mod window;

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};
use tonny_core::overlay::{OverlayClick, OverlayView};
use tonny_core::problem::{Code, Problem};

pub use stage::StageError;

use stage::Stage;

/// A running overlay. Dropping it asks the overlay to end without waiting; `stop` waits.
#[derive(Debug)]
pub struct OverlayHandle {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl OverlayHandle {
    /// Takes the overlay off the screen and waits for its thread, which takes some milliseconds.
    pub fn stop(self) {
        drop(self.end);
        if self.thread.join().is_err() {
            tracing::warn!("the overlay's thread had panicked");
        }
    }
}

/// Starts the overlay on the display that the environment names.
///
/// Returns once the window exists (unmapped) and the fonts are loaded, after some tens of milliseconds. The overlay
/// ends when the handle or the view's sender is dropped.
///
/// # Errors
/// When no X server answers; the app works without an overlay then.
pub fn start(
    views: watch::Receiver<OverlayView>,
    clicks: mpsc::UnboundedSender<OverlayClick>,
) -> Result<OverlayHandle, Problem> {
    start_on(None, views, clicks)
}

/// Starts the overlay on a display given by name, such as `:1`.
///
/// # Errors
/// See [`start`].
pub fn start_on(
    display: Option<&str>,
    views: watch::Receiver<OverlayView>,
    clicks: mpsc::UnboundedSender<OverlayClick>,
) -> Result<OverlayHandle, Problem> {
    let stage = Stage::new(display).map_err(|error| problem(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| problem(&StageError::from(error)))?;
    let (end, ended) = oneshot::channel();
    let act = move || {
        if let Err(error) = runtime.block_on(stage.run(views, clicks, ended)) {
            tracing::warn!(%error, "the overlay ended");
        }
    };
    let thread = std::thread::Builder::new().name("overlay".to_owned()).spawn(act);
    let thread = thread.map_err(|error| problem(&StageError::from(error)))?;
    Ok(OverlayHandle { end, thread })
}

fn problem(error: &StageError) -> Problem {
    Problem::with(Code::OverlayFailed, format_args!("The overlay says: {error}"))
}
