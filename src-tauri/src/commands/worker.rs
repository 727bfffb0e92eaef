//! Workers: what a person may do with one.

use tonny_core::app::{UsagePoint, WorkerCommand};
use tonny_core::problem::Problem;
use tonny_core::worker_log::{WorkerLogOutput, WorkerLogPage, WorkerLogQuery};

use super::{Reach, checked, checked_some};

/// Starts a worker that is stopped.
#[tauri::command]
#[specta::specta]
pub async fn worker_start(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.command_worker(checked(name)?, WorkerCommand::Start).await
}

/// Stops a worker until it is started again.
#[tauri::command]
#[specta::specta]
pub async fn worker_stop(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.command_worker(checked(name)?, WorkerCommand::Stop).await
}

/// Restarts a worker with a fresh budget.
#[tauri::command]
#[specta::specta]
pub async fn worker_restart(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.command_worker(checked(name)?, WorkerCommand::Restart).await
}

/// Closes both breakers of a worker.
#[tauri::command]
#[specta::specta]
pub async fn worker_reset_breaker(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.command_worker(checked(name)?, WorkerCommand::ResetBreaker).await
}

/// CPU and memory of a worker over the last hour, oldest first.
#[tauri::command]
#[specta::specta]
pub async fn worker_usage(face: Reach<'_>, name: String) -> Result<Vec<UsagePoint>, Problem> {
    face.app.worker_usage(checked(name)?).await
}

/// What mattered about workers, newest first.
#[tauri::command]
#[specta::specta]
pub async fn worker_log(face: Reach<'_>, query: WorkerLogQuery) -> Result<WorkerLogPage, Problem> {
    [&query.worker, &query.level, &query.before].into_iter().try_for_each(checked_some)?;
    face.app.worker_log(query).await
}

/// What the worker of an incident said first and last; null for other rows.
#[tauri::command]
#[specta::specta]
pub async fn worker_output(face: Reach<'_>, id: u32) -> Result<Option<WorkerLogOutput>, Problem> {
    face.app.worker_output(id).await
}
