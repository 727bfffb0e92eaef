//! macOS: one kqueue for the app's end, the leash's end, the worker's end and our signals. There is no subreaper and no
//! parent-death signal: a descendant that left the worker's session escapes, and a worker outlives a keeper that was
//! killed together with the app until it sees its standard input end.

use rustix::{
    event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue},
    io::{Errno, FdFlags, fcntl_getfd, fcntl_setfd},
    process::{
        Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getppid, kill_process, kill_process_group,
        setrlimit, setsid, waitpid,
    },
};
use std::{
    fs, io,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Passed on to the worker, except for QUIT, which means "kill it and everything of it".
const WATCHED: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];
/// How long what was killed may take to go. One that hangs inside the kernel must not hold the app's restart.
const SWEEP: Duration = Duration::from_secs(2);
/// Pause between two looks at the worker's group: SIGKILL takes about that long to work.
const LOOK: Duration = Duration::from_millis(1);
/// What the app is told through the leash once nothing is left.
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

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Runs the worker until it or the app ends, leaves nothing of its group behind, and ends as the worker did.
pub(crate) fn keep(app: u32, leash: Option<RawFd>, command: Command) -> Result<ExitCode, Refusal> {
    let app = i32::try_from(app).ok().and_then(Pid::from_raw).ok_or(Refusal::AppGone)?;
    let leash = leash.map(take_leash).transpose()?;
    let queue = kqueue()?;
    add(&queue, end_of(app)).map_err(|_| Refusal::AppGone)?;
    // Only now is the event known to be the app's: had it died before, we would have another parent.
    if getppid() != Some(app) {
        return Err(Refusal::AppGone);
    }
    if let Some(leash) = &leash {
        add(&queue, EventFilter::Read(leash.as_raw_fd()))?;
    }
    for signal in WATCHED {
        // The queue tells of ignored signals too.
        set_action(signal, libc::SIG_IGN);
        add(&queue, EventFilter::Signal { signal, times: 0 })?;
    }
    let worker = spawn(command)?;
    let status = watch(&queue, worker)?;
    let (status, is_swept) = sweep(worker, status);
    if let Some(leash) = leash.filter(|_| is_swept) {
        // Fails when the app is gone; then nobody needs to know.
        rustix::io::write(leash, SWEPT).ok();
    }
    Ok(mirror(status))
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

fn end_of(pid: Pid) -> EventFilter {
    EventFilter::Proc { pid, flags: ProcessEvents::EXIT }
}

fn add(queue: &OwnedFd, filter: EventFilter) -> rustix::io::Result<()> {
    let change = Event::new(filter, EventFlags::ADD, std::ptr::null_mut());
    // SAFETY: the only descriptor ever added is the leash, which outlives the queue's last use.
    unsafe { kevent(queue, &[change], &mut [] as &mut [Event], None) }.map(|_| ())
}

fn set_action(signal: Signal, action: libc::sighandler_t) {
    // SAFETY: sets a disposition, runs no handler.
    unsafe { libc::signal(signal.as_raw(), action) };
}

/// Starts the worker in a session of its own, with every signal at its default.
fn spawn(mut command: Command) -> Result<Pid, Refusal> {
    // SAFETY: only async-signal-safe system calls, no allocation, no lock.
    unsafe {
        command.pre_exec(|| {
            setsid()?;
            for signal in WATCHED {
                set_action(signal, libc::SIG_DFL);
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
fn watch(queue: &OwnedFd, worker: Pid) -> Result<Option<WaitStatus>, Refusal> {
    // Fails where the worker has ended already; then its status is there.
    add(queue, end_of(worker)).ok();
    if let Some(status) = status_of(worker, WaitOptions::NOHANG) {
        return Ok(Some(status));
    }
    let mut events: Vec<Event> = Vec::with_capacity(WATCHED.len() + 3);
    loop {
        events.clear();
        // SAFETY: as in `add`.
        match unsafe { kevent(queue, &[], rustix::buffer::spare_capacity(&mut events), None) } {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        for event in &events {
            match event.filter() {
                // The event may come a moment before the status does: waited for.
                EventFilter::Proc { pid, .. } if pid == worker => {
                    return Ok(status_of(worker, WaitOptions::empty()));
                }
                EventFilter::Signal { signal, .. } if signal != Signal::QUIT => {
                    // Fails only when the worker is gone, which the next round sees.
                    kill_process(worker, signal).ok();
                }
                // The app's end, the leash's end, or QUIT.
                _ => return Ok(None),
            }
        }
    }
}

fn status_of(worker: Pid, options: WaitOptions) -> Option<WaitStatus> {
    loop {
        match waitpid(Some(worker), options) {
            Err(Errno::INTR) => {}
            other => return other.ok().flatten().map(|(_, status)| status),
        }
    }
}

/// Kills the worker's group until it is empty. The second part says whether it is.
fn sweep(worker: Pid, mut status: Option<WaitStatus>) -> (Option<WaitStatus>, bool) {
    let began = Instant::now();
    loop {
        let is_empty = kill_process_group(worker, Signal::KILL).is_err();
        status = status.or_else(|| status_of(worker, WaitOptions::NOHANG));
        if (is_empty && status.is_some()) || began.elapsed() > SWEEP {
            return (status, is_empty);
        }
        pause();
    }
}

#[allow(clippy::disallowed_methods, reason = "one thread, and nothing to hear while it kills")]
fn pause() {
    std::thread::sleep(LOOK);
}

/// Ends as the worker did. Without its status (it hangs inside the kernel) as if it had been killed.
fn mirror(status: Option<WaitStatus>) -> ExitCode {
    if let Some(code) = status.and_then(WaitStatus::exit_status) {
        return ExitCode::from(code.to_le_bytes()[0]);
    }
    let signal = status.and_then(WaitStatus::terminating_signal).unwrap_or(libc::SIGKILL);
    // The worker's core file, if any, is enough.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    // SAFETY: sets a default action, then signals this very process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    // Reached when the signal's default is to be ignored; shells count so.
    ExitCode::from(128u8.wrapping_add(signal.to_le_bytes()[0]))
}
