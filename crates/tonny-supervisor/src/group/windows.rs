//! Windows: a worker is asked to end by closing its standard input (the caller does that) and killed as a process. With
//! the keeper in front that ends its job, and so everything the worker ever started; without it descendants are not
//! followed.

use crate::Exit;
use std::process::ExitStatus;
use tokio::process::{Child, Command};
use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW};

/// Names a worker inherits beside `LC_*`; programs do not start without the system's own folders.
pub(crate) const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "SystemRoot",
    "SystemDrive",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
    "TEMP",
    "TMP",
];

/// No console of its own flashes up, and Ctrl+C in the app's console is the app's alone.
pub(crate) fn own_group(command: &mut Command) {
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
}

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
