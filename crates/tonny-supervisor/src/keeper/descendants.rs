//! Linux: ends everything below the keeper. Being the subreaper it inherits what is orphaned, so that double forks and
//! sessions of their own do not escape; it knows nothing of the app.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, wait},
};
use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

/// How long a killed descendant may take to go. One that hangs inside the kernel must not hold the app's restart.
const SWEEP: Duration = Duration::from_secs(2);
/// Longest pause between two looks, in nanoseconds. An end that is ours to reap wakes us earlier, one further down the
/// tree does not.
const LOOK: i64 = 1_000_000;

/// What was reaped.
pub(super) struct Reaped {
    /// The worker's status, if it was among them.
    pub(super) worker: Option<WaitStatus>,
    /// Whether there are no children any more.
    pub(super) none_left: bool,
}

/// Reaps every child that has ended: the worker, and orphans that were handed to us.
pub(super) fn reap(worker: Pid) -> Reaped {
    let mut reaped = Reaped { worker: None, none_left: false };
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == worker => reaped.worker = Some(status),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return reaped,
            Err(_) => {
                reaped.none_left = true;
                return reaped;
            }
        }
    }
}

/// Kills the worker's group, then everything that became our child by it, until nothing is left. `wake` becomes readable
/// when a child ends.
pub(super) fn sweep(worker: Pid, status: Option<WaitStatus>, wake: &OwnedFd) -> Reaped {
    let began = Instant::now();
    let mut swept = Reaped { worker: status, none_left: false };
    // Fails when the group is empty.
    kill_process_group(worker, Signal::KILL).ok();
    loop {
        let reaped = reap(worker);
        swept.worker = swept.worker.or(reaped.worker);
        swept.none_left = reaped.none_left;
        if swept.none_left || began.elapsed() > SWEEP {
            return swept;
        }
        for child in children() {
            kill_process(child, Signal::KILL).ok();
        }
        pause(wake);
    }
}

fn pause(wake: &OwnedFd) {
    let mut files = [PollFd::from_borrowed_fd(wake.as_fd(), PollFlags::IN)];
    if poll(&mut files, Some(&Timespec { tv_sec: 0, tv_nsec: LOOK })).is_ok() {
        // Signals other than an end say nothing new now; unread, they would turn this pause into a busy loop.
        rustix::io::read(wake, &mut [0u8; 4096]).ok();
    }
}

/// Our children. The kernel's own list costs microseconds but is a build option of it, and may skip some while others
/// end; where it says nothing, every process is asked for its parent.
fn children() -> Vec<Pid> {
    let me = getpid().as_raw_nonzero().get();
    let listed = fs::read_to_string(format!("/proc/self/task/{me}/children")).unwrap_or_default();
    let listed: Vec<Pid> =
        listed.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect();
    if !listed.is_empty() {
        return listed;
    }
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|pid| parent_of(*pid) == Some(me)).filter_map(Pid::from_raw).collect()
}

/// The fourth field of stat. The second one is the program's name, in parentheses, and may hold anything.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
