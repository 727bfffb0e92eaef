//! Other systems: runs the worker and passes its exit code on, watching nothing. The worker still ends with the app,
//! because its standard input closes.

use std::process::{Command, ExitCode};

/// Why nothing was started.
pub(crate) enum Refusal {
    /// The app is not our parent any more. Never told here; the face of all systems is one.
    #[expect(dead_code, reason = "only keepers that watch the app can tell")]
    AppGone,
    /// The system refused something the keeper needs.
    System(std::io::Error),
    /// The worker could not be started.
    Spawn(std::io::Error),
}

/// Runs the worker to its end.
pub(crate) fn keep(_app: u32, _leash: Option<i32>, mut command: Command) -> Result<ExitCode, Refusal> {
    let status = command.spawn().map_err(Refusal::Spawn)?.wait().map_err(Refusal::System)?;
    std::process::exit(status.code().unwrap_or(1))
}
