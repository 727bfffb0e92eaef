//! Linux: subreaper, pidfd and leash on the app, parent-death signal for the worker, signals through a signalfd.
//! When the worker or the app ends, everything below us is ended (`descendants`), and we end as the worker did.

mod descendants;

use descendants::{Reaped, reap, sweep};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{FdFlags, fcntl_getfd, fcntl_setfd},
    process::{
        DumpableBehavior, Pid, PidfdFlags, Signal, WaitStatus, getpid, getppid, kill_process, pidfd_open,
        set_child_subreaper, set_dumpable_behavior, set_parent_process_death_signal, setsid,
    },
};
use std::{
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    process::{Command, ExitCode},
};

/// Signals that come through the signalfd. SIGCHLD is among them so that orphans handed to us are reaped as they end.
const WATCHED: [i32; 5] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];
/// Added to the worker's claim on being the first to go when memory runs out (0 is an ordinary process, 1000 always goes
/// first): an engine that comes back by itself goes before the user's own programs.
const OOM_SCORE: i32 = 500;
const OOM_SCORE_MOST: i32 = 1000;
const OOM_SCORE_FILE: &str = "/proc/self/oom_score_adj";
/// What the app is told through the leash once nothing is left. Ending without a word means that we were killed.
const SWEPT: &[u8] = b"s";

/// Why nothing was started.
pub(crate) enum Refusal {
    /// The app is not our parent any more (or never was).
    AppGone,
    /// The system refused something the keeper needs.
    System(io::Error),
    /// The worker could not be started.
    Spawn(io::Error),
}

impl From<rustix::io::Errno> for Refusal {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::System(errno.into())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Runs the worker until it or the app ends, leaves nothing of it behind, and ends as the worker did.
pub(crate) fn keep(app: u32, leash: Option<RawFd>, command: Command) -> Result<ExitCode, Refusal> {
    let app = i32::try_from(app).ok().and_then(Pid::from_raw).ok_or(Refusal::AppGone)?;
    set_child_subreaper(Some(getpid()))?;
    let app_end = pidfd_open(app, PidfdFlags::empty()).map_err(|_| Refusal::AppGone)?;
    // Only now is the pidfd known to be the app's: had it died before, we would have another parent.
    if getppid() != Some(app) {
        return Err(Refusal::AppGone);
    }
    let leash = leash.map(take_leash).transpose()?;
    let signals = take_signals()?;
    let worker = spawn(command)?;
    let status = watch(worker, &app_end, leash.as_ref(), &signals)?;
    let swept = sweep(worker, status, &signals);
    if let Some(leash) = leash.filter(|_| swept.none_left) {
        // Fails when the app is gone; then nobody needs to know.
        rustix::io::write(leash, SWEPT).ok();
    }
    Ok(mirror(swept.worker))
}

/// Our end of the leash. The worker must not have it: it would see when the app looks away.
fn take_leash(number: RawFd) -> Result<OwnedFd, Refusal> {
    // SAFETY: only asked whether it is open, which fails where it is not.
    let open = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(open)?;
    fcntl_setfd(open, flags | FdFlags::CLOEXEC)?;
    // SAFETY: open, and the app gave it to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Blocks the watched signals and gives the file they are read from.
fn take_signals() -> io::Result<OwnedFd> {
    let set = signal_set(&WATCHED);
    // SAFETY: `set` is initialised; no other thread exists whose mask could matter.
    let blocked = unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
    if blocked != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `set` is initialised; -1 asks for a new descriptor, which nobody else owns.
    let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, owned by nobody.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: sigset_t is plain data; sigemptyset makes it a valid empty set and cannot fail on a valid pointer.
    let mut set = unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        set
    };
    for signal in signals {
        // SAFETY: valid set; an unknown number leaves it unchanged.
        unsafe { libc::sigaddset(&raw mut set, *signal) };
    }
    set
}

/// Starts the worker in a session of its own, dying with us, with an empty signal mask.
fn spawn(mut command: Command) -> Result<Pid, Refusal> {
    let keeper = getpid();
    let nothing = signal_set(&[]);
    let score = oom_score();
    // SAFETY: only async-signal-safe system calls, no allocation, no lock.
    unsafe {
        command.pre_exec(move || {
            setsid()?;
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The keeper may have died before the signal was armed.
            if getppid() != Some(keeper) {
                return Err(rustix::io::Errno::SRCH.into());
            }
            raise_oom_score(score.as_bytes());
            if libc::sigprocmask(libc::SIG_SETMASK, &raw const nothing, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let child = command.spawn().map_err(Refusal::Spawn)?;
    let worker = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let worker = worker.ok_or(Refusal::System(io::ErrorKind::InvalidData.into()))?;
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    // Our copies of the pipes would keep them open after the worker closed its own.
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(worker)
}

fn oom_score() -> String {
    let own = fs::read_to_string(OOM_SCORE_FILE).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    OOM_SCORE_MOST.min(own + OOM_SCORE).to_string()
}

/// Between fork and exec. Anyone may raise this; where it fails, the worker runs without.
fn raise_oom_score(score: &[u8]) {
    use rustix::fs::{Mode, OFlags, open};
    if let Ok(file) = open(OOM_SCORE_FILE, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
        rustix::io::write(file, score).ok();
    }
}

/// Waits until the worker has ended (its status), or the app has, or a forced end is asked for (`None`).
fn watch(
    worker: Pid,
    app_end: &OwnedFd,
    leash: Option<&OwnedFd>,
    signals: &OwnedFd,
) -> Result<Option<WaitStatus>, Refusal> {
    let worker_end = pidfd_open(worker, PidfdFlags::empty())?;
    // The app never writes: the leash only becomes readable at its end.
    let leash = leash.unwrap_or(app_end);
    loop {
        let mut files = [&worker_end, app_end, leash, signals]
            .map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN));
        match poll(&mut files, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let [worker_ended, app_ended, leash_ended, signalled] = files.map(|file| !file.revents().is_empty());
        if signalled {
            for signal in read_signals(signals) {
                match signal {
                    Signal::QUIT => return Ok(None),
                    Signal::CHILD => {}
                    // Fails only when the worker is gone, which the next round sees.
                    other => kill_process(worker, other).unwrap_or_default(),
                }
            }
        }
        if let Reaped { worker: Some(status), .. } = reap(worker) {
            return Ok(Some(status));
        }
        if app_ended || leash_ended || worker_ended {
            return Ok(None);
        }
    }
}

fn read_signals(signals: &OwnedFd) -> Vec<Signal> {
    const RECORD: usize = size_of::<libc::signalfd_siginfo>();
    let mut buffer = [0u8; RECORD * 16];
    let size = rustix::io::read(signals, &mut buffer).unwrap_or(0);
    // The signal number is the record's first field, 32 bits wide (signalfd(2)).
    let number = |record: &[u8]| record.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
    buffer[..size].chunks_exact(RECORD).filter_map(number).filter_map(Signal::from_named_raw).collect()
}

/// Ends as the worker did. Without its status (it hangs inside the kernel) as if it had been killed.
fn mirror(status: Option<WaitStatus>) -> ExitCode {
    if let Some(code) = status.and_then(WaitStatus::exit_status) {
        return ExitCode::from(code.to_le_bytes()[0]);
    }
    let signal = status.and_then(WaitStatus::terminating_signal).unwrap_or(libc::SIGKILL);
    // The worker's core file, if any, is enough. A limit of 0 would not do: it does not count where cores go to a program.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    let set = signal_set(&[signal]);
    // SAFETY: sets a default action and a mask, then signals this very process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::raise(signal);
    }
    // Reached when the signal's default is to be ignored; shells count so.
    ExitCode::from(128u8.wrapping_add(signal.to_le_bytes()[0]))
}
