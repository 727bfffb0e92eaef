//! The keeper alone, started as the supervisor starts it: its leash on the app, and what its worker gets and does not get.

#![allow(clippy::disallowed_methods, reason = "a test starts programs and polls")]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, kill_process, test_kill_process},
};
use std::{
    io::{BufRead, BufReader, Read},
    os::{
        fd::AsRawFd,
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const KEEPER: &str = env!("CARGO_BIN_EXE_tonny-keeper");
const PATIENCE: Duration = Duration::from_secs(20);

/// A keeper with a script as worker, its first line of output, and our end of its leash.
fn keep(script: &str) -> (Child, String, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
    let mut command = Command::new(KEEPER);
    command
        .args(["--app-pid", &std::process::id().to_string()])
        .args(["--app-pipe", &theirs.as_raw_fd().to_string()])
        .args(["--", "/bin/sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut keeper = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (keeper, line.trim().to_owned(), ours)
}

fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    let began = Instant::now();
    while !look() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap()).unwrap()
}

#[test]
fn the_end_of_the_leash_ends_everything_though_the_app_lives() {
    let (mut keeper, worker, leash) = keep("sleep 1000 & echo $$; wait");
    let worker = pid(&worker);
    test_kill_process(worker).unwrap();
    drop(leash);
    assert_eq!(keeper.wait().unwrap().signal(), Some(9));
    assert!(test_kill_process(worker).is_err(), "reaped by the keeper");
}

#[test]
fn the_worker_does_not_get_the_leash() {
    // Started by hand: the leash's name has to be known. A test that runs beside may leak its own.
    let (_ours, theirs) = UnixStream::pair().unwrap();
    fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
    let number = theirs.as_raw_fd().to_string();
    let name = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap();
    let mut keeper = Command::new(KEEPER);
    keeper.args(["--app-pid", &std::process::id().to_string(), "--app-pipe", &number]);
    let output = keeper.args(["--", "ls", "-l", "/proc/self/fd"]).output().unwrap();
    let descriptors = String::from_utf8(output.stdout).unwrap();
    assert!(descriptors.contains("pipe:"), "{descriptors}");
    assert!(!descriptors.contains(name.to_str().unwrap()), "{descriptors} has {name:?}");
}

#[test]
fn a_keeper_that_swept_says_so_and_a_killed_one_does_not() {
    let said = |mut leash: UnixStream| {
        let mut said = Vec::new();
        leash.read_to_end(&mut said).unwrap();
        said.len()
    };
    let (mut keeper, _, leash) = keep("echo; kill -KILL $$");
    assert_eq!(keeper.wait().unwrap().signal(), Some(9));
    assert_eq!(said(leash), 1);
    let (mut keeper, worker, leash) = keep("echo $$; exec sleep 1000");
    kill_process(Pid::from_child(&keeper), Signal::KILL).unwrap();
    assert_eq!(keeper.wait().unwrap().signal(), Some(9));
    eventually("the worker gone", || test_kill_process(pid(&worker)).is_err());
    assert_eq!(said(leash), 0);
}

#[test]
fn the_worker_is_the_first_to_go_when_memory_runs_out() {
    let own: i32 = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim().parse().unwrap();
    let (mut keeper, score, _leash) = keep("cat /proc/self/oom_score_adj");
    assert_eq!(score.parse::<i32>().unwrap(), (own + 500).min(1000));
    assert!(keeper.wait().unwrap().success());
}

#[test]
fn a_leash_that_is_none_is_refused() {
    let mut command = Command::new(KEEPER);
    command.args(["--app-pid", &std::process::id().to_string(), "--app-pipe", "999"]);
    command.args(["--", "/bin/true"]).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(125));
    let mut command = Command::new(KEEPER);
    command.args(["--app-pipe", "5", "--", "/bin/true"]).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(125), "the app is not optional");
}

#[test]
fn many_descendants_are_swept_quickly() {
    let script = "i=0; while [ $i -lt 30 ]; do setsid sleep 1000 & i=$((i+1)); done; echo $$; wait";
    let (mut keeper, worker, mut leash) = keep(script);
    let began = Instant::now();
    kill_process(pid(&worker), Signal::KILL).unwrap();
    assert_eq!(keeper.wait().unwrap().signal(), Some(9));
    // A second is far more than it takes; looking through every process for each of them took longer.
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let mut said = Vec::new();
    leash.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"s", "it waited until nothing was left");
}
