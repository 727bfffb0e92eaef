//! Windows: a worker is asked to end by closing its standard input (the caller does that) and killed as a process. With
//! the keeper in front that ends its job, and so everything the worker ever started; without it descendants are not
//! followed.

use crate::Exit;
use std::process::ExitStatus;
use tokio::process::{Child, Command};
use windows_sys::Win32::System::Threading::{
    BELOW_NORMAL_PRIORITY_CLASS, CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW,
};

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
/// A process in the background begins below the normal priority, and what it starts takes that over.
pub(crate) fn own_group(command: &mut Command, background: bool) {
    let priority = if background { BELOW_NORMAL_PRIORITY_CLASS } else { 0 };
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | priority);
}

pub(crate) fn step_back_arguments() -> [String; 0] {
    []
}

pub(crate) fn step_back(_child: &Child) {}

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
