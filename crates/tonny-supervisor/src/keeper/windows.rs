//! Windows: the keeper joins a job that dies with its last handle, and holds that handle. What it starts belongs to the
//! job, and so does all that is started by it; however the keeper ends, nothing of the job outlives it. The app is watched
//! by a handle to its process; there is no leash.

use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    process::{Child, Command, ExitCode},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{HANDLE, WAIT_OBJECT_0},
    System::{
        JobObjects::{
            AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
            JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
            TerminateJobObject,
        },
        Threading::{GetCurrentProcess, INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, WaitForMultipleObjects},
    },
};

/// What the worker ends with where the app is gone; nobody is left to read it.
const APP_GONE: u32 = 1;

/// Why nothing was started.
pub(crate) enum Refusal {
    /// The app is not there any more.
    AppGone,
    /// The system refused something the keeper needs.
    System(io::Error),
    /// The worker could not be started.
    Spawn(io::Error),
}

/// Runs the worker until it or the app ends, leaves nothing of it behind, and ends with the worker's exit code.
pub(crate) fn keep(app: u32, _leash: Option<i32>, mut command: Command) -> Result<ExitCode, Refusal> {
    // SAFETY: takes numbers, gives a handle or null.
    let app = own(unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, app) }).map_err(|_| Refusal::AppGone)?;
    let job = job().map_err(Refusal::System)?;
    // Before the worker is started, so that it has no moment outside of the job.
    // SAFETY: both handles are valid; the second is a constant that stands for ourselves.
    check(unsafe { AssignProcessToJobObject(job.as_raw_handle(), GetCurrentProcess()) })
        .map_err(Refusal::System)?;
    let mut worker = command.spawn().map_err(Refusal::Spawn)?;
    if is_worker_first(&worker, &app).map_err(Refusal::System)? {
        let status = worker.wait().map_err(Refusal::System)?;
        // Exit codes have 32 bits here, an ExitCode has 8. Closes the job's handle, and with it what the worker left.
        std::process::exit(status.code().unwrap_or(1));
    }
    // SAFETY: valid handle. Ends this process too.
    check(unsafe { TerminateJobObject(job.as_raw_handle(), APP_GONE) }).map_err(Refusal::System)?;
    Ok(ExitCode::FAILURE)
}

/// A job whose processes all end when its last handle closes.
fn job() -> io::Result<OwnedHandle> {
    // SAFETY: both arguments may be null: default security, no name.
    let job = own(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    let size = u32::try_from(size_of_val(&limits)).map_err(io::Error::other)?;
    // SAFETY: a valid handle, a structure of the kind that is named and its size.
    let is_set = unsafe {
        SetInformationJobObject(
            job.as_raw_handle(),
            JobObjectExtendedLimitInformation,
            ptr::from_ref(&limits).cast(),
            size,
        )
    };
    check(is_set)?;
    Ok(job)
}

/// Waits for the first of both to end; true where that is the worker.
fn is_worker_first(worker: &Child, app: &OwnedHandle) -> io::Result<bool> {
    let handles: [HANDLE; 2] = [worker.as_raw_handle(), app.as_raw_handle()];
    // SAFETY: two valid handles that stay open during the wait.
    let ended = unsafe { WaitForMultipleObjects(2, handles.as_ptr(), 0, INFINITE) };
    match ended.checked_sub(WAIT_OBJECT_0) {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

fn own(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, owned by nobody.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn check(done: windows_sys::core::BOOL) -> io::Result<()> {
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
