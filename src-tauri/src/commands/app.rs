//! The state, and facts for the About page.

use serde::Serialize;
use specta::Type;
use tonny_core::problem::Problem;
use tonny_core::snapshot::Snapshot;

use super::Reach;

/// What this program was built from, where the build said so.
pub const COMMIT: &str = match option_env!("TONNYTRAY_COMMIT") {
    Some(commit) if !commit.is_empty() => commit,
    _ => "unknown",
};

/// What the About page shows.
#[derive(Clone, Debug, Serialize, Type)]
pub struct AppFacts {
    version: String,
    licence: String,
    data_dir: String,
    log_dir: String,
    session: String,
    commit: String,
}

/// The state now.
#[tauri::command]
#[specta::specta]
pub async fn app_snapshot(face: Reach<'_>) -> Result<Snapshot, Problem> {
    Ok(face.app.snapshot())
}

/// Version, licence and folders.
#[tauri::command]
#[specta::specta]
#[allow(clippy::disallowed_methods, reason = "a main reads its environment")]
pub async fn app_facts(face: Reach<'_>) -> Result<AppFacts, Problem> {
    Ok(AppFacts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        data_dir: face.folders.data.display().to_string(),
        log_dir: face.folders.logs.display().to_string(),
        session: if std::env::var_os("DISPLAY").is_some() { "x11" } else { "wayland" }.to_owned(),
        commit: COMMIT.to_owned(),
    })
}

/// Forgets the newest trouble message.
#[tauri::command]
#[specta::specta]
pub async fn app_dismiss(face: Reach<'_>) -> Result<(), Problem> {
    face.app.dismiss().await
}
