//! Models: what there is, installing, importing, removing.

use tonny_core::activity::Did;
use tonny_core::app::Message;
use tonny_core::model::{Catalogue, ModelRow, rows};
use tonny_core::problem::Problem;

use super::{Reach, blocking, checked};

/// The catalogue and what is installed.
#[tauri::command]
#[specta::specta]
pub async fn models_list(face: Reach<'_>) -> Result<Vec<ModelRow>, Problem> {
    let (models, chosen) = (face.models.clone(), face.app.settings().await?.speech.model);
    blocking(move || Ok(rows(&Catalogue::load(), &models.installed()?, &chosen))).await
}

/// Starts installing; progress is in the snapshot.
#[tauri::command]
#[specta::specta]
pub async fn models_install(face: Reach<'_>, id: String) -> Result<(), Problem> {
    face.app.install(checked(id)?).await
}

/// Stops the install; what was fetched is kept for the next try.
#[tauri::command]
#[specta::specta]
pub async fn models_cancel_install(face: Reach<'_>) -> Result<(), Problem> {
    face.app.send(Message::CancelInstall).await;
    Ok(())
}

/// Deletes an installed model.
#[tauri::command]
#[specta::specta]
pub async fn models_remove(face: Reach<'_>, id: String) -> Result<(), Problem> {
    let (models, id) = (face.models.clone(), checked(id)?);
    let name = id.clone();
    blocking(move || models.remove(&id)).await?;
    face.app.send(Message::Did(Did::ModelRemoved(name))).await;
    face.app.send(Message::ModelsChanged).await;
    Ok(())
}

/// Takes in a model file or a faster-whisper folder.
#[tauri::command]
#[specta::specta]
pub async fn models_import(face: Reach<'_>, path: String) -> Result<String, Problem> {
    let (models, path) = (face.models.clone(), checked(path)?);
    let model = blocking(move || models.import(path.as_ref(), &|_| {})).await?;
    face.app.send(Message::Did(Did::ModelInstalled(model.id.clone()))).await;
    face.app.send(Message::ModelsChanged).await;
    Ok(model.id)
}
