//! Unix: a worker is a process group of its own, ended by signals. Every signal goes through a `Child` that has not
//! been reaped yet, so that no pid of a stranger is ever hit.

use crate::Exit;
use rustix::process::{
    Pid, Signal, getpriority_process, kill_process, kill_process_group, setpriority_process,
};
use std::{os::unix::process::ExitStatusExt, process::ExitStatus};
use tokio::process::{Child, Command};

/// Names a worker inherits beside `LC_*`: what it needs to find programs, its home, its language and its sockets.
pub(crate) const INHERITED: &[&str] = &["PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "TMPDIR"];

/// What the keeper takes as "kill it and everything below it".
const KEEPER_FORCE: Signal = Signal::QUIT;

/// How much nicer than the app a worker in the background is: of a processor that others want, it has a quarter.
const NICER: i32 = 5;

pub(crate) fn own_group(command: &mut Command, _background: bool) {
    command.process_group(0);
}

/// How a keeper is told to step back, and its worker with it.
pub(crate) fn step_back_arguments() -> [String; 2] {
    ["--nicer".to_owned(), NICER.to_string()]
}

/// Right after the start of a worker without a keeper.
pub(crate) fn step_back(child: &Child) {
    if let Some(pid) = pid(child) {
        // Where the system says no, it runs like any other.
        let own = getpriority_process(None).unwrap_or_default();
        setpriority_process(Some(pid), own + NICER).ok();
    }
}

/// Asks the worker to end. The keeper passes it on.
pub(crate) fn terminate(child: &mut Child) {
    to_child(child, Signal::TERM);
}

/// Kills the worker and what belongs to it: through the keeper, which also finds descendants outside the group.
pub(crate) fn force(child: &mut Child, kept: bool) {
    if kept {
        to_child(child, KEEPER_FORCE);
    } else {
        kill(child);
    }
}

/// Kills the group, keeper included; the worker follows by its parent-death signal.
pub(crate) fn kill(child: &mut Child) {
    if let Some(pid) = pid(child) {
        // Fails only when the group is gone already.
        kill_process_group(pid, Signal::KILL).ok();
    }
}

/// Kills what a reaped worker left in its group. While a member lives the system does not give the number to anyone
/// else, and numbers of empty groups come back only after a whole round of the pid space.
pub(crate) fn sweep(pid: Option<u32>) {
    if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        kill_process_group(pid, Signal::KILL).ok();
    }
}

pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    Exit { code: status.code(), signal: status.signal() }
}

fn to_child(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        kill_process(pid, signal).ok();
    }
}

fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
}
