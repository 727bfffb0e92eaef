//! `tonny-keeper --app-pid N [--app-pipe M] [--nicer K] -- PROGRAM ARGS...`: stands between the app and one worker so that
//! nothing of the worker outlives the app, however the app dies. Owns the worker and every descendant; its standard streams
//! are the worker's, its exit status is the worker's, SIGTERM and SIGINT are passed on, SIGQUIT kills the worker and all
//! below it. M is a descriptor whose other end only the app holds: its end is the app's end, where pids cannot be trusted.
//! K is by how much it and the worker let others go first for the processor, more than the app does (Unix).
//! It knows nothing of what the worker does, and it has one thread for life (the worker's parent-death signal is
//! bound to that thread), so there is no runtime in here.

#[cfg_attr(target_os = "linux", path = "../keeper/linux.rs")]
#[cfg_attr(target_os = "macos", path = "../keeper/macos.rs")]
#[cfg_attr(windows, path = "../keeper/windows.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), path = "../keeper/passthrough.rs")]
mod keeper;

use std::{
    ffi::OsString,
    io::Write,
    process::{Command, ExitCode},
};

/// Wrong usage, or the app is not there: nothing was started.
const NOT_STARTED: u8 = 125;
/// As shells have it: found but not executable, not found.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--version") {
        return match writeln!(std::io::stdout(), "tonny-keeper {}", env!("CARGO_PKG_VERSION")) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let Some(Order { app, leash, nicer, command }) = parse(&args) else {
        return refuse(
            "usage: tonny-keeper --app-pid N [--app-pipe M] [--nicer K] -- PROGRAM ARGS...",
            NOT_STARTED,
        );
    };
    if let Some(nicer) = nicer {
        step_back(nicer);
    }
    let program = command.get_program().to_owned();
    match keeper::keep(app, leash, command) {
        Ok(code) => code,
        Err(keeper::Refusal::AppGone) => refuse("the app is gone, nothing started", NOT_STARTED),
        Err(keeper::Refusal::System(error)) => refuse(&format!("cannot watch: {error}"), NOT_STARTED),
        Err(keeper::Refusal::Spawn(error)) => {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => NOT_FOUND,
                std::io::ErrorKind::PermissionDenied => NOT_EXECUTABLE,
                _ => NOT_STARTED,
            };
            refuse(&format!("cannot start {}: {error}", program.display()), code)
        }
    }
}

/// What is to be kept.
struct Order {
    app: u32,
    /// Our end of it.
    leash: Option<i32>,
    nicer: Option<i32>,
    /// The worker.
    command: Command,
}

/// Before the worker is there: it takes this over, and all that it starts. Where the system says no, they run like any other.
#[cfg(unix)]
fn step_back(nicer: i32) {
    let own = rustix::process::getpriority_process(None).unwrap_or_default();
    rustix::process::setpriority_process(None, own + nicer).ok();
}

#[cfg(not(unix))]
fn step_back(_nicer: i32) {}

#[allow(clippy::disallowed_methods, reason = "the keeper starts the worker it stands before")]
fn parse(args: &[OsString]) -> Option<Order> {
    let (mut app, mut leash, mut nicer, mut rest) = (None, None, None, args);
    loop {
        match rest {
            [dashes, program, args @ ..] if dashes == "--" => {
                let mut command = Command::new(program);
                command.args(args);
                return Some(Order { app: app?, leash, nicer, command });
            }
            [flag, value, more @ ..] => {
                let number = value.to_str()?.parse::<i32>().ok().filter(|number| *number > 0)?;
                match flag.to_str()? {
                    "--app-pid" => app = Some(number.cast_unsigned()),
                    "--app-pipe" => leash = Some(number),
                    "--nicer" => nicer = Some(number),
                    _ => return None,
                }
                rest = more;
            }
            _ => return None,
        }
    }
}

fn refuse(why: &str, code: u8) -> ExitCode {
    // Nobody to tell when standard error is closed; the exit code says it too.
    writeln!(std::io::stderr(), "tonny-keeper: {why}").ok();
    ExitCode::from(code)
}
