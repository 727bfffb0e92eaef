//! Systems without signals: a worker is asked to end by closing its standard input (the caller does that) and killed
//! as a single process. Descendants are not followed here; that takes a job object, which belongs to the same place.

use crate::Exit;
use std::process::ExitStatus;
use tokio::process::{Child, Command};

/// Names a worker inherits beside `LC_*`; Windows programs do not start without the system's own folders.
pub(crate) const INHERITED: &[&str] =
    &["PATH", "HOME", "LANG", "TMPDIR", "SystemRoot", "USERPROFILE", "TEMP", "TMP"];

pub(crate) fn own_group(_command: &mut Command) {}

pub(crate) fn terminate(_child: &mut Child) {}

pub(crate) fn force(child: &mut Child, _kept: bool) {
    kill(child);
}

pub(crate) fn kill(child: &mut Child) {
    // Fails only when the process is gone already.
    child.start_kill().ok();
}

pub(crate) fn sweep(_pid: Option<u32>) {}

pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    Exit { code: status.code(), signal: None }
}
