//! Puts core's App together from the operating system's parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tonny_core::app::Parts;
use tonny_core::engine::Programs;
use tonny_core::problem::{Code, Problem};
use tonny_core::{Store, downloads, store_problem};
use tonny_platform::audio::{RecordingsOnDisk, SystemMicrophone};
use tonny_platform::clock::SystemClock;
use tonny_platform::folders::Folders;
use tonny_platform::insertion::X11Insertion;
use tonny_platform::models::ModelFolder;

/// Opens what the App needs. The insertion's connection is the first to fail on a machine without a display.
pub async fn assemble(folders: &Folders) -> Result<Parts, Problem> {
    let store = Store::open(&folders.database).await.map_err(|error| store_problem(&error))?;
    Ok(Parts {
        store,
        microphone: Arc::new(SystemMicrophone::new()),
        insertion: Arc::new(X11Insertion::connect()?),
        audio: Arc::new(RecordingsOnDisk),
        models: Arc::new(ModelFolder::new(&folders.models)),
        clock: Arc::new(SystemClock),
        downloads: downloads()?,
        package_index: package_index(),
        audio_folder: folders.audio.clone(),
        programs: programs()?,
    })
}

/// The index for models published as wheels: the environment's, else the one this build was made with.
fn package_index() -> Option<String> {
    std::env::var("TONNYTRAY_PACKAGE_INDEX").ok().or_else(|| option_env!("TONNYTRAY_PACKAGE_INDEX").map(str::to_owned))
}

/// The workers lie beside this program.
fn programs() -> Result<Programs, Problem> {
    let own = std::env::current_exe().map_err(|e| Problem::with(Code::EngineMissing, e))?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let beside = |name: &str| -> Option<PathBuf> { Some(folder.join(name)).filter(|path| path.is_file()) };
    let speech = beside("tonny-speech")
        .ok_or_else(|| Problem::with(Code::EngineMissing, format!("Looked in {}", folder.display())))?;
    Ok(Programs { speech, keeper: beside("tonny-keeper") })
}
