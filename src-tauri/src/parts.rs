//! Puts core's App together from the operating system's parts.

use std::sync::Arc;

use tonny_core::app::Parts;
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Secrets;
use tonny_core::{Store, downloads, settings, store_problem, trials};
use tonny_platform::audio::{RecordingsOnDisk, SystemMicrophone};
use tonny_platform::clock::SystemClock;
use tonny_platform::disk::SystemDisk;
use tonny_platform::folders::Folders;
use tonny_platform::insertion::X11Insertion;
use tonny_platform::installation::{package_index, programs};
use tonny_platform::models::ModelFolder;
use tonny_platform::old_settings;
use tonny_platform::vault::VaultThread;

/// Opens what the App needs. The insertion's connection is the first to fail on a machine without a display.
pub async fn assemble(folders: &Folders) -> Result<Parts, Problem> {
    let store = Store::open_or_recover(&folders.database).await.map_err(|error| store_problem(&error))?;
    let vault = VaultThread::start(folders.vault_set(true))
        .map_err(|error| Problem::with(Code::VaultFileUnusable, error))?;
    settings::adopt_old(&store, &old_settings::read(&old_settings::folder(folders))).await?;
    Ok(Parts {
        store,
        microphone: Arc::new(SystemMicrophone::new()),
        insertion: Arc::new(X11Insertion::connect()?),
        audio: Arc::new(RecordingsOnDisk),
        disk: Arc::new(SystemDisk),
        models: Arc::new(ModelFolder::new(&folders.models)),
        language_models: Arc::new(ModelFolder::of_language(&folders.language_models)),
        clock: Arc::new(SystemClock),
        downloads: downloads()?,
        secrets: Secrets::new(Arc::new(vault), trials()?),
        package_index: package_index(),
        audio_folder: folders.audio.clone(),
        models_folder: folders.models.clone(),
        log_folder: folders.logs.clone(),
        programs: programs()?,
    })
}
