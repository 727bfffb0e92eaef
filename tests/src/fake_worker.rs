//! The fake worker: a small real program (`fake-worker`) that does by flags whatever a worker may do to its supervisor.
//!
//! Without flags it is a good one: reads the token from standard input, prints a ready line with its address, pid and the
//! moments it reached main() and readiness, and ends when standard input closes. Everything else is in [`flags`].

pub mod faults;
pub mod flags;
pub mod http;
pub mod offspring;
pub mod output;
pub mod ready;
pub mod thief;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use flags::{Flags, Role, TokenFrom};

/// Longer first lines are no token.
const LONGEST_TOKEN: u64 = 4096;

/// CLOCK_MONOTONIC in nanoseconds: the same clock in every process of the machine.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid pointer; this clock exists on every system that runs the tests.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Everything after main().
pub fn main(main_ns: u64) -> ExitCode {
    let flags = Flags::parse();
    match &flags.role {
        Some(Role::Sleep(sleeper)) => offspring::sleep(sleeper),
        Some(Role::Escape(sleeper)) => offspring::escape(sleeper),
        Some(Role::Thief { ports }) => thief::steal(*ports),
        None => work(flags, main_ns),
    }
}

fn work(flags: Flags, main_ns: u64) -> ExitCode {
    diary(&flags, &format!(r#"{{"role":"worker","pid":{},"main_ns":{main_ns}}}"#, std::process::id()));
    if flags.ignore_sigterm {
        faults::ignore_sigterm();
    }
    let _lock = match flags.lock.as_deref().map(lock).transpose() {
        Ok(lock) => lock,
        Err(error) => {
            diary(&flags, &format!(r#"{{"role":"second copy","pid":{}}}"#, std::process::id()));
            return complain(&format!("another copy is alive: {error}"), 99);
        }
    };
    if flags.print_env {
        let mut names: Vec<String> =
            std::env::vars().map(|(name, value)| format!("env {name}={value}")).collect();
        names.sort();
        eprintln!("{}", names.join("\n"));
    }
    faults::begin(&flags);
    let mut input = BufReader::new(std::io::stdin());
    let token = token(&flags, &mut input);
    load(&flags);
    let server = match flags.http.then(|| TcpListener::bind(("127.0.0.1", flags.port))).transpose() {
        Ok(server) => server,
        // The words every system's programs use; a supervisor may read them.
        Err(error) => return complain(&format!("cannot listen on port {}: {error}", flags.port), 1),
    };
    offspring::begin(&flags);
    let address = server.as_ref().and_then(|server| server.local_addr().ok());
    if let Some(server) = server {
        http::begin(server, &flags, token);
    }
    ready::say(&flags, address, main_ns);
    output::begin(&flags);
    live(&flags, input)
}

/// Until standard input closes, or for ever.
fn live(flags: &Flags, mut input: BufReader<std::io::Stdin>) -> ExitCode {
    if !flags.ignore_stdin {
        // Whatever ends the reading ends the worker.
        let _ = std::io::copy(&mut input, &mut std::io::sink());
        return ExitCode::SUCCESS;
    }
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn token(flags: &Flags, input: &mut BufReader<std::io::Stdin>) -> String {
    let token = match &flags.token {
        TokenFrom::Stdin => {
            let mut line = String::new();
            let _ = input.by_ref().take(LONGEST_TOKEN).read_line(&mut line);
            line.trim().to_owned()
        }
        TokenFrom::Environment(name) => std::env::var(name).unwrap_or_default(),
        TokenFrom::None => String::new(),
    };
    if flags.wrong_token { token.chars().rev().collect() } else { token }
}

fn load(flags: &Flags) {
    let Some(all) = flags.load else { return };
    let step = flags.load_progress.unwrap_or(all).max(1);
    let mut done = 0;
    while done < all {
        std::thread::sleep(Duration::from_millis(step.min(all - done)));
        done += step;
        if flags.load_progress.is_some() {
            eprintln!("loading {}%", done.min(all) * 100 / all);
        }
    }
}

/// Taken for life; a second live copy cannot have it.
fn lock(path: &std::path::Path) -> std::io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// One line to the diary, in one write: other processes write there too.
fn diary(flags: &Flags, line: &str) {
    let Some(path) = &flags.diary else { return };
    if let Ok(mut file) = File::options().create(true).append(true).open(path) {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

fn complain(what: &str, code: u8) -> ExitCode {
    eprintln!("fake-worker: {what}");
    ExitCode::from(code)
}
