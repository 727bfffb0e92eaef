//! What the app says about itself.

use tonny_core::app_log::{AppLogPage, AppLogQuery};
use tonny_core::problem::Problem;

use super::{Reach, checked};

/// Some of the newest records of the app's own log, newest first.
#[tauri::command]
#[specta::specta]
pub async fn log_list(face: Reach<'_>, query: AppLogQuery) -> Result<AppLogPage, Problem> {
    let text = checked(query.text)?;
    Ok(face.log.page(&AppLogQuery { text, ..query }))
}
