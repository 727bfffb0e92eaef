//! Processes and their marks as Linux shows them in /proc.

use super::VARIABLE;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal},
};
use std::{fs, os::unix::fs::MetadataExt, time::Duration};

/// When a process started, in clock ticks since boot; `None` where there is none, or only its corpse.
pub(super) fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // Fields after the name, which may hold anything: the state is the third, the start time the 22nd (proc(5)).
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)?.parse().ok()).flatten()
}

/// Every process of this user that carries a mark, without ourselves: the app may itself have been started by a worker.
pub(super) fn marked() -> Vec<(u32, String)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let (me, user) = (std::process::id(), geteuid().as_raw());
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok().filter(|pid| *pid != me)?;
            let is_ours = entry.metadata().is_ok_and(|data| data.uid() == user);
            Some((pid, is_ours.then(|| mark_of(pid)).flatten()?))
        })
        .collect()
}

/// Kills a process if it still carries a mark that is wanted, and waits for its end. False where it was not killed.
pub(super) fn kill_marked(pid: u32, is_wanted: impl Fn(&str) -> Option<String>, patience: Duration) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    let Ok(process) = pidfd_open(number, PidfdFlags::empty()) else { return false };
    // Looked at again behind the pidfd: the pid may be somebody else's by now.
    if mark_of(pid).and_then(|mark| is_wanted(&mark)).is_none() {
        return false;
    }
    if pidfd_send_signal(&process, Signal::KILL).is_err() {
        return false;
    }
    let patience = Timespec::try_from(patience).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)).ok();
    true
}

fn mark_of(pid: u32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut lines = environment.split(|byte| *byte == 0);
    let value = lines.find_map(|line| line.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}
