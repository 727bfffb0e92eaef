//! Specs that can never work, and workers that do what they must not: each is refused with a sentence, or ends in a state
//! that says why, and none of them takes the supervisor along. The fake worker plays them.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod bad_input {
    mod words;
}

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tonny_supervisor::{
    At, Base, Breaker, Cause, Handle, How, Phase, Probe, ReadyBy, Spec, Supervisor, TokenBy, WorkerState,
};
use tonny_tests::reliability::supervision::workers::{fake, launch, ready, until};

/// Long enough for a loaded machine to start a worker, short enough to wait for its end.
const DEADLINE: Duration = Duration::from_secs(2);

fn refusal(spec: Spec) -> String {
    let (supervisor, _records) = Supervisor::new(Base::default());
    supervisor.worker(spec).err().map(|error| error.to_string()).expect("refused")
}

async fn ended(handle: &Handle) -> Cause {
    let state = until(handle, "an end", |state| state.last_exit.is_some()).await.unwrap();
    state.last_exit.unwrap().cause
}

async fn failed(flags: &[&str]) -> String {
    let handle = launch(fake("bad", flags).unwrap()).unwrap();
    let is_failed = |state: &WorkerState| matches!(state.phase, Phase::Failed { .. });
    match until(&handle, "the failure", is_failed).await.unwrap().phase {
        Phase::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_can_never_start_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("no run bit.sh");
    std::fs::write(&script, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(refusal(Spec::new("bad", "/nowhere/at all")).contains("does not exist"));
    assert!(refusal(Spec::new("bad", folder.path())).contains("is not a file"));
    assert!(refusal(Spec::new("bad", &script)).contains("run permission"));
    assert!(refusal(Spec::new("bad", "/dev/null")).contains("is not a file"));
    let mut spec = fake("bad", &[]).unwrap();
    spec.env = vec![("LD_PRELOAD".to_owned(), "/tmp/evil.so".to_owned())];
    assert!(refusal(spec).contains("LD_PRELOAD"));
    let mut spec = fake("bad", &[]).unwrap();
    spec.args = vec!["a\0b".into()];
    assert!(refusal(spec).contains("NUL"));
}

#[tokio::test]
async fn arguments_arrive_as_they_are_because_there_is_no_shell() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a b 'c' \"d\" $(touch x) `y` ; & * \\ \n ü";
    let diary = folder.path().join(name);
    let handle = launch(fake("args", &["--diary", diary.to_str().unwrap()]).unwrap()).unwrap();
    ready(&handle, 1).await.unwrap();
    handle.close().await.unwrap();
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, [name]);
}

#[tokio::test]
async fn a_ready_line_that_makes_no_sense_is_failed_and_says_so() {
    for form in ["words", "list", "empty", "huge"] {
        let began = Instant::now();
        let reason = failed(&["--ready", form]).await;
        assert!(reason.contains("line"), "{form}: {reason}");
        assert!(began.elapsed() < Duration::from_secs(10), "{form} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_second_ready_line_changes_nothing() {
    for flags in [["--ready", "double"], ["--ready-again-after", "50"]] {
        let handle = launch(fake("double", &flags).unwrap()).unwrap();
        let first = ready(&handle, 1).await.unwrap();
        // Nothing follows the second line that could be waited for.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let now = handle.state().borrow().clone();
        assert_eq!((now.ready, now.restarts), (first.ready, 0));
        handle.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_late_ready_line_is_killed_unless_there_was_progress() {
    let mut spec = fake("late", &["--load", "60000"]).unwrap();
    spec.ready_deadline = DEADLINE;
    let handle = launch(spec).unwrap();
    assert_eq!(ended(&handle).await, Cause::StartTimeout);
    handle.close().await.unwrap();
    let mut spec = fake("slow", &["--load", "5000", "--load-progress", "250"]).unwrap();
    spec.ready_deadline = DEADLINE;
    let handle = launch(spec).unwrap();
    assert_eq!(ready(&handle, 1).await.unwrap().restarts, 0);
    handle.close().await.unwrap();
}

#[tokio::test]
async fn one_that_stops_itself_is_found_before_and_after_it_is_ready() {
    let mut spec = fake("stops", &["--stop-itself-after", "0"]).unwrap();
    spec.ready_deadline = DEADLINE;
    let handle = launch(spec).unwrap();
    assert_eq!(ended(&handle).await, Cause::StartTimeout);
    handle.close().await.unwrap();
    let mut spec = fake("stops", &["--http", "--stop-itself-after", "1000"]).unwrap();
    let how = How::Http { path: "/health".to_owned(), token: false };
    spec.health = vec![Probe { how, at: At::Told, timeout: Duration::from_millis(500) }];
    let handle = launch(spec).unwrap();
    ready(&handle, 1).await.unwrap();
    assert_eq!(ended(&handle).await, Cause::Hung);
    handle.close().await.unwrap();
}

#[tokio::test]
async fn one_that_closes_its_pipes_lives_on_and_can_be_stopped() {
    let mut spec = fake("closes", &["--close-pipes-after", "50", "--ignore-stdin"]).unwrap();
    spec.stop_grace = Duration::from_millis(500);
    let handle = launch(spec).unwrap();
    let pid = ready(&handle, 1).await.unwrap().pid.unwrap();
    let closed = || {
        let pipes = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        pipes.filter(|entry| ["1", "2"].iter().any(|fd| entry.file_name() == *fd)).count() == 0
    };
    let began = Instant::now();
    while !closed() {
        assert!(began.elapsed() < DEADLINE, "the pipes are still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(handle.state().borrow().phase, Phase::Ready);
    handle.close().await.unwrap();
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn one_that_exits_at_once_for_ever_is_a_crash_loop() {
    let mut spec = fake("exits", &["--exit-after", "0"]).unwrap();
    spec.restart.backoff = Duration::from_millis(20);
    let handle = launch(spec).unwrap();
    let is_loop = |state: &WorkerState| matches!(state.phase, Phase::CrashLoop { .. });
    let state = until(&handle, "the crash loop", is_loop).await.unwrap();
    assert_eq!((state.restarts, state.breaker), (3, Breaker::Open));
    assert_eq!(state.last_exit.unwrap().cause, Cause::Clean);
    handle.close().await.unwrap();
}

#[tokio::test]
async fn one_that_leaks_is_ended_at_its_ceiling_and_comes_back() {
    let mut spec = fake("leaks", &["--leak", "200"]).unwrap();
    spec.memory_ceiling = Some(200 << 20);
    let handle = launch(spec).unwrap();
    assert_eq!(ended(&handle).await, Cause::MemoryCeiling);
    assert_eq!(ready(&handle, 2).await.unwrap().restarts, 1);
    handle.close().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_said_and_its_holder_not_adopted() {
    let holder = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = holder.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut stream in holder.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").ok();
        }
    });
    let port = address.port().to_string();
    let flags = ["--http", "--port", &port, "--token", "env:FAKE_KEY", "--ready", "never", "--guard-health"];
    let mut spec = fake("port", &flags).unwrap();
    spec.secret = TokenBy::Environment("FAKE_KEY".to_owned());
    spec.ready = ReadyBy::Probe;
    let how = How::Http { path: "/health".to_owned(), token: true };
    spec.health = vec![Probe { how, at: At::Tcp(address), timeout: Duration::from_secs(1) }];
    let handle = launch(spec).unwrap();
    assert_eq!(ended(&handle).await, Cause::PortTaken);
    assert!(handle.state().borrow().ready.is_none());
    handle.close().await.unwrap();
}

#[tokio::test]
async fn a_server_with_another_token_is_not_ours() {
    let flags = ["--http", "--ready", "log", "--guard-health", "--wrong-token"];
    let mut spec = fake("wrong", &flags).unwrap();
    spec.ready = ReadyBy::LogLine { marker: "listening on http://".to_owned() };
    let how = How::Http { path: "/health".to_owned(), token: true };
    spec.health = vec![Probe { how, at: At::Told, timeout: Duration::from_millis(500) }];
    spec.ready_deadline = DEADLINE;
    let handle = launch(spec).unwrap();
    // Either it never counts as ready, or the first questions find out.
    let cause = ended(&handle).await;
    assert!(matches!(cause, Cause::StartTimeout | Cause::Hung), "{cause}");
    handle.close().await.unwrap();
}

#[tokio::test]
async fn deaf_with_deaf_descendants_inside_and_outside_of_its_session_all_go() {
    let folder = tempfile::tempdir().unwrap();
    let diary = folder.path().join("diary");
    let flags =
        ["--ignore-sigterm", "--ignore-stdin", "--children", "2", "--generations", "2", "--hold-pipes"];
    let mut spec = fake("tree", &flags).unwrap();
    spec.args.extend(["--escaped", "2", "--diary", diary.to_str().unwrap()].map(Into::into));
    spec.stop_grace = Duration::from_millis(300);
    let handle = launch(spec).unwrap();
    ready(&handle, 1).await.unwrap();
    let pids = || -> Vec<u64> {
        let lines = std::fs::read_to_string(&diary).unwrap();
        let pid = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["pid"].as_u64();
        lines.lines().filter_map(pid).collect()
    };
    let began = Instant::now();
    while pids().len() < 7 {
        assert!(began.elapsed() < DEADLINE, "{:?}", pids());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    handle.close().await.unwrap();
    let alive: Vec<u64> =
        pids().into_iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(alive.is_empty(), "{alive:?}");
}
