//! Language models on this machine: what there is, importing, removing, and what was found that could serve.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tonny_core::activity::Did;
use tonny_core::app::Message;
use tonny_core::engine::{language_model, language_program};
use tonny_core::model::{LanguageModelRow, language_rows};
use tonny_core::problem::Problem;
use tonny_platform::installation::{on_path, programs};

use super::{Reach, blocking, checked};

/// The name of llama.cpp's server, as its packages install it.
const SERVER: &str = "llama-server";

/// What could serve the assistant on this machine, beside what TonnyTray installs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct LanguageFound {
    /// The llama-server that is used; none when none is installed.
    pub program: Option<String>,
    /// One on the user's PATH, where another one or none is used: offered, never taken by itself.
    pub on_path: Option<String>,
    /// The models of an Ollama that runs here; none where none runs.
    pub ollama: Option<Vec<String>>,
}

/// The catalogue and what is installed.
#[tauri::command]
#[specta::specta]
pub async fn language_list(face: Reach<'_>) -> Result<Vec<LanguageModelRow>, Problem> {
    let (files, settings) = (face.language_models.clone(), face.app.settings().await?);
    blocking(move || {
        let installed = files.installed()?;
        let chosen = programs().ok().and_then(|programs| language_model(&settings, &programs, &installed));
        Ok(language_rows(&installed, chosen.as_deref()))
    })
    .await
}

/// Deletes an installed model.
#[tauri::command]
#[specta::specta]
pub async fn language_remove(face: Reach<'_>, id: String) -> Result<(), Problem> {
    let (files, id) = (face.language_models.clone(), checked(id)?);
    let name = id.clone();
    blocking(move || files.remove(&id)).await?;
    face.app.send(Message::Did(Did::ModelRemoved(name))).await;
    face.app.send(Message::ModelsChanged).await;
    Ok(())
}

/// Takes in a GGUF file.
#[tauri::command]
#[specta::specta]
pub async fn language_import(face: Reach<'_>, path: String) -> Result<String, Problem> {
    let (files, path) = (face.language_models.clone(), checked(path)?);
    let model = blocking(move || files.import(path.as_ref(), &|_| {})).await?;
    face.app.send(Message::Did(Did::ModelInstalled(model.id.clone()))).await;
    face.app.send(Message::ModelsChanged).await;
    Ok(model.id)
}

/// Looks for a llama-server and an Ollama on this machine.
#[tauri::command]
#[specta::specta]
pub async fn language_found(face: Reach<'_>) -> Result<LanguageFound, Problem> {
    let settings = face.app.settings().await?;
    let (used, other) = blocking(move || {
        let used = programs().ok().and_then(|programs| language_program(&settings, &programs));
        let used = used.filter(|path| path.is_file());
        let other = on_path(SERVER).filter(|path| Some(path) != used.as_ref());
        Ok((used, other))
    })
    .await?;
    let text = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
    let ollama = face.app.assistant()?.ollama_models().await;
    Ok(LanguageFound { program: text(used), on_path: text(other), ollama })
}
