//! Commands of the settings window: post boxes of a few lines, one file per area. Decisions are core's.

pub mod app;
pub mod assistant;
pub mod conversation;
pub mod dictation;
pub mod history;
pub mod language;
pub mod log;
pub mod microphone;
pub mod models;
pub mod privacy;
pub mod secrets;
pub mod settings;
pub mod storage;
pub mod worker;

use tonny_core::problem::{Code, Problem};

pub use crate::gate::Reach;

/// Longest text a command takes: ids, keys and searches are all shorter.
const TEXT_MAX: usize = 4_096;

/// Refuses text that no honest page sends.
pub fn checked(text: String) -> Result<String, Problem> {
    if text.len() <= TEXT_MAX {
        return Ok(text);
    }
    Err(Problem::with(Code::RequestInvalid, format!("A text of {} bytes is too long", text.len())))
}

/// The same of a text that may be missing.
pub fn checked_some(text: &Option<String>) -> Result<(), Problem> {
    match text {
        Some(text) if text.len() > TEXT_MAX => {
            Err(Problem::with(Code::RequestInvalid, format!("A text of {} bytes is too long", text.len())))
        }
        _ => Ok(()),
    }
}

/// Runs what may block.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::with(Code::DesktopFailed, e))?
}
