//! The desktop face: tray, hotkeys and windows around core's App. Process things only; start reading at [`main`].
//!
//! Order matters: the lock comes before everything (a second copy only brings up the first one's window), the App runs
//! before the desktop, and the process ends when the App has said so.
#![cfg_attr(windows, windows_subsystem = "windows")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod answers;
mod bindings;
mod commands;
mod desktop;
mod gate;
mod hotkeys;
mod parts;
mod signals;
mod tray;
#[cfg(target_os = "linux")]
mod visuals;
mod windows;

use std::process::ExitCode;
use std::time::Duration;

use tonny_core::app::Notification;
use tonny_core::control::Request;
use tonny_core::problem::{Code, Problem};
use tonny_platform::control::{self, ControlSocket};
use tonny_platform::folders::Folders;
use tonny_platform::{crash, hardening, logging, notification};

/// Audio, rows and the engine's states need little; decoding happens in the worker's process.
const RUNTIME_THREADS: usize = 2;

/// A notification service answers in milliseconds, one that has to be started first in a second.
const NOTIFICATION_PATIENCE: Duration = Duration::from_secs(3);

/// What a crash report says of this program.
const ABOUT: crash::About =
    crash::About { program: "tonnytray", version: env!("CARGO_PKG_VERSION"), commit: commands::app::COMMIT };

fn main() -> ExitCode {
    hardening::no_core_files();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["--hidden"] => {}
        #[cfg(target_os = "linux")]
        [visuals::ARGUMENT] => return visuals::be_the_first(),
        ["--version" | "-V"] => return say(&format!("tonnytray {}", env!("CARGO_PKG_VERSION"))),
        ["--help" | "-h"] => return say(HELP),
        _ => {
            complain(&format!("Unknown arguments: {}\n\n{HELP}", arguments.join(" ")));
            return ExitCode::from(2);
        }
    }
    match run(arguments.is_empty()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) if problem.is(Code::AppRunning) => say(&problem.to_string()),
        Err(problem) => {
            complain(&problem.to_string());
            if !problem.is(Code::NoDisplay) {
                show(&problem);
            }
            ExitCode::FAILURE
        }
    }
}

/// Who starts it from a menu sees no terminal. A notification service that hangs must not hold the end of the process.
fn show(problem: &Problem) {
    let notification = Notification {
        title: format!("TonnyTray {} could not start", env!("CARGO_PKG_VERSION")),
        body: problem.to_string(),
    };
    let (told, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || _ = told.send(notification::show(&notification)));
    if let Ok(Err(problem)) = answer.recv_timeout(NOTIFICATION_PATIENCE) {
        complain(&problem.to_string());
    }
}

const HELP: &str = "TonnyTray: hold Ctrl+Shift+Space, speak, let go; the words are typed where the cursor is.\n\n\
Usage: tonnytray [--hidden]\n\n  --hidden   stay in the tray even if the settings say to open the window\n  \
--version  print the version\n\nThe terminal face is `tonny`; see `tonny --help`.";

#[allow(clippy::disallowed_methods, reason = "a main reads its environment")]
fn run(may_show: bool) -> Result<(), Problem> {
    let folders = Folders::from_environment()?;
    folders.create()?;
    let socket = match ControlSocket::lock(&folders.socket()) {
        Ok(lock) => lock,
        Err(problem) => {
            if problem.is(Code::AppRunning) {
                control::ask(&folders.socket(), &Request::Show { page: None })?;
            }
            return Err(problem);
        }
    };
    let (log, _written) = logging::start(&folders.logs, true);
    crash::watch(&folders.crashes, ABOUT, &log);
    if std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        return Err(Problem::with(Code::NoDisplay, "Neither DISPLAY nor WAYLAND_DISPLAY is set"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .enable_all()
        .thread_name("tonny")
        .build()
        .map_err(|e| Problem::with(Code::DesktopFailed, e))?;
    tauri::async_runtime::set(runtime.handle().clone());
    let ended = desktop::run(&runtime, folders, socket, may_show, log);
    // What still runs is bounded by the App's own quit; nothing may hold the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

#[allow(clippy::print_stdout, reason = "the answer to --help and --version")]
fn say(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}

#[allow(clippy::print_stderr, reason = "before logging there is only the terminal")]
fn complain(text: &str) {
    eprintln!("{text}");
}
