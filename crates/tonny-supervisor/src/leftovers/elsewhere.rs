//! Systems without /proc: no process is recognised, so none is ended. Windows ends a job as a whole; on macOS this layer
//! is missing and the keeper is all there is.

use std::time::Duration;

pub(super) fn start_of(_pid: u32) -> Option<u64> {
    None
}

pub(super) fn marked() -> Vec<(u32, String)> {
    Vec::new()
}

pub(super) fn kill_marked(
    _pid: u32,
    _is_wanted: impl Fn(&str) -> Option<String>,
    _patience: Duration,
) -> bool {
    false
}
