//! Workers: restart by hand.

use tonny_core::problem::Problem;

use super::{Reach, checked};

/// Restarts a worker with a fresh budget.
#[tauri::command]
#[specta::specta]
pub async fn worker_restart(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.restart_worker(checked(name)?).await
}
