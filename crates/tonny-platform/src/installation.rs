//! This installation: the programs that lie beside the running one, and what its build was given.

use std::path::{Path, PathBuf};

use tonny_core::engine::Programs;
use tonny_core::problem::{Code, Problem};

/// The worker programs, beside the running program (through links).
pub fn programs() -> Result<Programs, Problem> {
    let own = std::env::current_exe().map_err(|e| Problem::with(Code::EngineMissing, e))?;
    let own = own.canonicalize().unwrap_or(own);
    let folder = own.parent().unwrap_or(Path::new("."));
    let beside = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let speech = beside("tonny-speech")
        .ok_or_else(|| Problem::with(Code::EngineMissing, format!("Looked in {}", folder.display())))?;
    Ok(Programs { speech, keeper: beside("tonny-keeper"), engines: engines() })
}

/// Where the Makefile's `engines-` targets install: what they are told by the same variables.
#[allow(clippy::disallowed_methods, reason = "the folder is chosen by whoever installed there")]
fn engines() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = || named("XDG_DATA_HOME").or_else(|| Some(named("HOME")?.join(".local/share")));
    named("TONNYTRAY_ENGINES")
        .or_else(|| Some(data()?.join("tonnytray-engines")))
        .filter(|folder| folder.is_dir())
}

/// A program of this name on the user's PATH.
#[allow(clippy::disallowed_methods, reason = "PATH is where the user says that programs are")]
pub fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_absolute() && path.is_file())
}

/// The index for models published as wheels: the environment's, else the one this build was made with.
#[allow(
    clippy::disallowed_methods,
    reason = "an override for tests and for those who build without the Makefile"
)]
pub fn package_index() -> Option<String> {
    std::env::var("TONNYTRAY_PACKAGE_INDEX")
        .ok()
        .or_else(|| option_env!("TONNYTRAY_PACKAGE_INDEX").map(str::to_owned))
}
