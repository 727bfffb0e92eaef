//! Linux: subreaper, pidfd on the app, parent-death signal for the worker, signals through a signalfd.
//! When the worker or the app ends, the worker's group is killed, then every descendant that was handed to us, until
//! none is left; double forks and sessions of their own do not escape.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process,
        kill_process_group, pidfd_open, set_child_subreaper, set_parent_process_death_signal, setrlimit,
        setsid, wait,
    },
};
use std::{
    fs, io,
    os::{
        fd::{AsFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Signals that come through the signalfd. SIGCHLD is among them so that orphans handed to us are reaped as they end.
const WATCHED: [i32; 5] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];
/// How long a killed descendant may take to go. One that hangs inside the kernel must not hold the app's restart.
const SWEEP: Duration = Duration::from_secs(2);
/// Pause between two looks for descendants, in nanoseconds: SIGKILL takes about that long to work.
const LOOK: i64 = 1_000_000;

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
pub(crate) fn keep(app: u32, command: Command) -> Result<ExitCode, Refusal> {
    let app = i32::try_from(app).ok().and_then(Pid::from_raw).ok_or(Refusal::AppGone)?;
    set_child_subreaper(Some(getpid()))?;
    let app_end = pidfd_open(app, PidfdFlags::empty()).map_err(|_| Refusal::AppGone)?;
    // Only now is the pidfd known to be the app's: had it died before, we would have another parent.
    if getppid() != Some(app) {
        return Err(Refusal::AppGone);
    }
    let signals = take_signals()?;
    let worker = spawn(command)?;
    let status = watch(worker, &app_end, &signals)?;
    let status = sweep(worker, status);
    Ok(mirror(status))
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
    // SAFETY: only async-signal-safe system calls, no allocation, no lock.
    unsafe {
        command.pre_exec(move || {
            setsid()?;
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The keeper may have died before the signal was armed.
            if getppid() != Some(keeper) {
                return Err(rustix::io::Errno::SRCH.into());
            }
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

/// Waits until the worker has ended (its status), or the app has, or a forced end is asked for (`None`).
fn watch(worker: Pid, app_end: &OwnedFd, signals: &OwnedFd) -> Result<Option<WaitStatus>, Refusal> {
    let worker_end = pidfd_open(worker, PidfdFlags::empty())?;
    loop {
        let mut files =
            [&worker_end, app_end, signals].map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN));
        match poll(&mut files, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let [worker_ended, app_ended, signalled] = files.map(|file| !file.revents().is_empty());
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
        if app_ended || worker_ended {
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

struct Reaped {
    worker: Option<WaitStatus>,
    none_left: bool,
}

/// Reaps every child that has ended: the worker, and orphans that were handed to us.
fn reap(worker: Pid) -> Reaped {
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

/// Kills the worker's group, then everything that became our child by it, until nothing is left.
fn sweep(worker: Pid, mut status: Option<WaitStatus>) -> Option<WaitStatus> {
    let began = Instant::now();
    // Fails when the group is empty.
    kill_process_group(worker, Signal::KILL).ok();
    loop {
        let reaped = reap(worker);
        status = status.or(reaped.worker);
        if reaped.none_left || began.elapsed() > SWEEP {
            return status;
        }
        for child in children() {
            kill_process(child, Signal::KILL).ok();
        }
        poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: LOOK })).ok();
    }
}

/// Our children, by the parent field of every process: the kernel's own list of children is a build option of it.
fn children() -> Vec<Pid> {
    let me = getpid().as_raw_nonzero().get();
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

/// Ends as the worker did. Without its status (it hangs inside the kernel) as if it had been killed.
fn mirror(status: Option<WaitStatus>) -> ExitCode {
    if let Some(code) = status.and_then(WaitStatus::exit_status) {
        return ExitCode::from(code.to_le_bytes()[0]);
    }
    let signal = status.and_then(WaitStatus::terminating_signal).unwrap_or(libc::SIGKILL);
    // The worker's core file, if any, is enough.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
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
