//! This installation: the programs that lie beside the running one, and what its build was given.

use std::path::Path;

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
    Ok(Programs { speech, keeper: beside("tonny-keeper") })
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
