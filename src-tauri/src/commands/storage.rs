//! Storage: how much is kept, backups and the way back to one, and the care of the database.

use tonny_core::app::{Checked, Cleaned, StorageView};
use tonny_core::problem::Problem;

use super::{Reach, checked};

/// Sizes, counts and backups.
#[tauri::command]
#[specta::specta]
pub async fn storage_view(face: Reach<'_>) -> Result<StorageView, Problem> {
    face.app.storage().await
}

/// Looks for damage, and mends what can be mended in place.
#[tauri::command]
#[specta::specta]
pub async fn storage_check(face: Reach<'_>) -> Result<Checked, Problem> {
    face.app.check_storage().await
}

/// Makes a backup now; gives its name.
#[tauri::command]
#[specta::specta]
pub async fn storage_back_up(face: Reach<'_>) -> Result<String, Problem> {
    face.app.back_up().await
}

/// Goes back to a backup; what there is now is kept as another one.
#[tauri::command]
#[specta::specta]
pub async fn storage_restore(face: Reach<'_>, name: String) -> Result<(), Problem> {
    face.app.restore_backup(checked(name)?).await
}

/// Removes what is over the limits now.
#[tauri::command]
#[specta::specta]
pub async fn storage_clean_up(face: Reach<'_>) -> Result<Cleaned, Problem> {
    face.app.clean_up().await
}

/// Gives free room of the database back to the system.
#[tauri::command]
#[specta::specta]
pub async fn storage_vacuum(face: Reach<'_>) -> Result<(), Problem> {
    face.app.vacuum().await
}
