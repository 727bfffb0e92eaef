//! Descendants of the fake worker: sleepers in generations, with or without the pipes, and ones that escaped by forking
//! twice into a session of their own with every descriptor closed. They are this program again, in another role.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::faults;
use super::flags::{Flags, Sleeper};

/// Starts all that were asked for; they live when this returns.
pub fn begin(flags: &Flags) {
    let sleeper = Sleeper {
        generations: flags.generations,
        deaf: flags.ignore_sigterm,
        bare: false,
        diary: flags.diary.clone(),
    };
    for _ in 0..flags.children {
        start("sleep", &sleeper, flags.hold_pipes);
    }
    for _ in 0..flags.escaped {
        if let Some(mut between) = start("escape", &sleeper, false) {
            let _ = between.wait();
        }
    }
}

/// The role of a child.
pub fn sleep(sleeper: &Sleeper) -> ExitCode {
    if sleeper.deaf {
        faults::ignore_sigterm();
    }
    note("sleeper", sleeper.diary.as_deref());
    if sleeper.generations > 1 {
        let next = Sleeper { generations: sleeper.generations - 1, ..sleeper.clone() };
        start("sleep", &next, true);
    }
    if sleeper.bare {
        // SAFETY: nothing is read or written afterwards.
        unsafe { libc::close_range(0, u32::MAX, 0) };
    }
    loop {
        std::thread::park();
    }
}

/// The role between the worker and a descendant that escaped.
pub fn escape(sleeper: &Sleeper) -> ExitCode {
    let left = rustix::process::setsid().is_ok();
    let bare = Sleeper { bare: true, generations: 1, ..sleeper.clone() };
    if left && start("sleep", &bare, false).is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start(role: &str, sleeper: &Sleeper, with_pipes: bool) -> Option<std::process::Child> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.arg(role).args(["--generations", &sleeper.generations.to_string()]).stdin(Stdio::null());
    for (flag, is_set) in [("--deaf", sleeper.deaf), ("--bare", sleeper.bare)] {
        if is_set {
            command.arg(flag);
        }
    }
    if let Some(diary) = &sleeper.diary {
        command.arg("--diary").arg(diary);
    }
    if !with_pipes {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    let started = command.spawn();
    if let Err(error) = &started {
        eprintln!("fake-worker: no {role}: {error}");
    }
    started.ok()
}

fn note(role: &str, diary: Option<&Path>) {
    use std::io::Write as _;
    let Some(diary) = diary else { return };
    if let Ok(mut file) = std::fs::File::options().create(true).append(true).open(diary) {
        let line = format!("{{\"role\":\"{role}\",\"pid\":{}}}\n", std::process::id());
        let _ = file.write_all(line.as_bytes());
    }
}
