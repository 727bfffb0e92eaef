//! What can go wrong here, by name. The app turns these into sentences for people; this crate does not know them.

use std::path::PathBuf;

/// Why an order could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The program could not be started at all.
    #[error("cannot start {}: {source}", program.display())]
    Spawn {
        /// What was to be started.
        program: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The system gave no random bytes for the launch token.
    #[error("no random bytes for the launch token: {0}")]
    Random(getrandom::Error),
    /// The worker outlived SIGKILL for longer than the stop limit (it hangs inside the kernel).
    #[error("worker {worker} (pid {pid:?}) is still there after it was killed")]
    StillRunning {
        /// Name of the worker.
        worker: String,
        /// Its process, where known.
        pid: Option<u32>,
    },
}

impl SupervisorError {
    /// Whether trying again without changing anything could help: a missing program stays missing.
    pub fn is_transient(&self) -> bool {
        use std::io::ErrorKind::{InvalidInput, NotFound, PermissionDenied};
        match self {
            Self::Spawn { source, .. } => {
                !matches!(source.kind(), NotFound | PermissionDenied | InvalidInput)
            }
            Self::Random(_) | Self::StillRunning { .. } => true,
        }
    }
}
