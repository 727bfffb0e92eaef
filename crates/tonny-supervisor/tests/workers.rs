//! Real processes under the supervisor, with and without the keeper: small shell scripts play the worker.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use rustix::process::{Pid, Signal, kill_process};
use std::{future::Future, path::Path, time::Duration};
use tonny_supervisor::{
    At, Base, Breaker, Cause, Failure, Handle, Health, How, Phase, Probe, ReadyBy, Rejection, Requests, Spec,
    SpecError, Supervisor, TokenBy, Usage, Why, WorkerState,
};

/// Far above anything these workers need, so that a loaded machine does not fail them.
const PATIENCE: Duration = Duration::from_secs(20);
const KEEPER: &str = env!("CARGO_BIN_EXE_tonny-keeper");
/// Reads the token, says ready, ends when standard input closes.
const GOOD: &str = r#"read t; echo "{\"pid\":$$,\"token\":\"$t\"}"; exec cat"#;

fn worker(script: &str) -> Spec {
    let mut spec = Spec::new("fake", "/bin/sh");
    spec.args = vec!["-c".into(), script.into()];
    spec.stop_grace = Duration::from_millis(300);
    spec
}

fn base(kept: bool) -> Base {
    Base { keeper: kept.then(|| KEEPER.into()), ..Base::default() }
}

fn prepare(spec: Spec, kept: bool) -> (Handle, impl Future<Output = ()> + Send + 'static) {
    let (supervisor, _records) = Supervisor::new(base(kept));
    supervisor.worker(spec).unwrap()
}

fn launch(spec: Spec, kept: bool) -> Handle {
    let (handle, future) = prepare(spec, kept);
    tokio::spawn(future);
    handle
}

async fn until(handle: &Handle, wanted: impl FnMut(&WorkerState) -> bool) -> WorkerState {
    let mut state = handle.state();
    match tokio::time::timeout(PATIENCE, state.wait_for(wanted)).await {
        Ok(state) => state.unwrap().clone(),
        Err(_) => panic!("still {:?}; log {:?}", handle.state().borrow(), handle.log_tail()),
    }
}

async fn ready(handle: &Handle, incarnation: u64) -> WorkerState {
    until(handle, |state| state.ready.as_ref().is_some_and(|ready| ready.incarnation == incarnation)).await
}

async fn failed(handle: &Handle) -> String {
    match until(handle, |state| matches!(state.phase, Phase::Failed { .. })).await.phase {
        Phase::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// Waits for something outside the supervisor, looking every few milliseconds.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn pid_from(file: &Path) -> Option<i32> {
    std::fs::read_to_string(file).ok()?.strip_suffix('\n')?.parse().ok()
}

/// A zombie counts as gone: it runs nothing and holds nothing.
fn is_gone(pid: i32) -> Option<()> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().starts_with('Z'));
    state.unwrap_or(true).then_some(())
}

fn kill(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn pid_of(state: &WorkerState) -> i32 {
    state.pid.unwrap().cast_signed()
}

fn json(state: &WorkerState) -> serde_json::Value {
    serde_json::from_str(&state.ready.as_ref().unwrap().line).unwrap()
}

async fn both<F: Future<Output = ()>>(test: impl Fn(bool) -> F) {
    test(false).await;
    test(true).await;
}

#[tokio::test]
async fn the_ready_line_makes_it_ready_and_closing_standard_input_ends_it() {
    both(async |kept| {
        let (handle, future) = prepare(worker(GOOD), kept);
        let future = tokio::spawn(future);
        let state = ready(&handle, 1).await;
        let line = json(&state);
        assert_eq!(state.phase, Phase::Ready);
        assert_eq!(line["token"], state.ready.as_ref().unwrap().token.expose());
        assert_eq!(line["pid"], state.pid.unwrap());
        assert_eq!((state.restarts, state.breaker), (0, Breaker::Closed));
        handle.stop().await.unwrap();
        let state = handle.state().borrow().clone();
        assert_eq!((state.phase, state.pid, state.ready), (Phase::Stopped, None, None));
        handle.restart();
        ready(&handle, 2).await;
        handle.close().await.unwrap();
        tokio::time::timeout(PATIENCE, future).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn killed_it_comes_back_with_a_new_token() {
    both(async |kept| {
        let handle = launch(worker(GOOD), kept);
        let first = ready(&handle, 1).await;
        kill(pid_of(&first), Signal::KILL);
        let second = ready(&handle, 2).await;
        assert_eq!(second.restarts, 1);
        assert_eq!(second.last_exit.unwrap().exit.signal, Some(9), "the keeper ends as the worker did");
        assert_ne!(first.ready.unwrap().token, second.ready.as_ref().unwrap().token);
        assert_ne!(first.pid, second.pid);
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_configuration_error_is_failed_with_its_last_words() {
    both(async |kept| {
        let handle = launch(worker("echo loading >&2; echo 'model is damaged' >&2; echo >&2; exit 3"), kept);
        assert_eq!(failed(&handle).await, "model is damaged");
        let state = handle.state().borrow().clone();
        assert_eq!((state.restarts, state.last_exit.unwrap().exit.code), (0, Some(3)));
        assert_eq!(handle.log_tail(), ["loading", "model is damaged", ""]);
        handle.respec(worker(GOOD)).unwrap();
        ready(&handle, 2).await;
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_start_is_refused_before_it_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/bin/sh\n").unwrap();
    let (supervisor, _records) = Supervisor::new(Base::default());
    let refusal = |program: &Path| {
        let refused = supervisor.worker(Spec::new("fake", program)).map(|_| ()).unwrap_err();
        (refused.to_string().starts_with(&format!("program: {}", program.display())), refused)
    };
    let nowhere = Path::new("/nowhere/at-all");
    assert_eq!(refusal(nowhere), (true, SpecError::Missing(nowhere.to_owned())));
    assert_eq!(refusal(folder.path()), (true, SpecError::NoFile(folder.path().to_owned())));
    assert_eq!(refusal(&script), (true, SpecError::NotExecutable(script.clone())));
    assert!(supervisor.worker(Spec::new("fake", "sh")).is_ok(), "found in PATH");
    assert!(supervisor.worker(Spec::new("fake", "no-such-program-anywhere")).is_err());
}

#[tokio::test]
async fn a_program_that_went_away_is_failed() {
    both(async |kept| {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sh");
        std::fs::copy("/bin/sh", &program).unwrap();
        let mut spec = worker(GOOD);
        spec.program.clone_from(&program);
        let handle = launch(spec, kept);
        let pid = pid_of(&ready(&handle, 1).await);
        std::fs::remove_file(&program).unwrap();
        kill(pid, Signal::KILL);
        let reason = failed(&handle).await;
        assert!(reason.contains(program.to_str().unwrap()), "{reason}");
    })
    .await;
}

#[tokio::test]
async fn one_that_waits_to_be_asked_twice_is_asked_twice() {
    both(async |kept| {
        let folder = tempfile::tempdir().unwrap();
        let diary = folder.path().join("diary");
        let deaf = "trap 'echo once >> FILE; trap \"echo twice >> FILE; exit\" TERM' TERM; read t; echo '{}'";
        let script = format!("{deaf}; while :; do sleep 0.02; done").replace("FILE", diary.to_str().unwrap());
        let mut spec = worker(&script);
        (spec.stop_grace, spec.ask_again) = (PATIENCE, Some(Duration::from_millis(300)));
        let handle = launch(spec, kept);
        ready(&handle, 1).await;
        handle.close().await.unwrap();
        assert_eq!(std::fs::read_to_string(&diary).unwrap(), "once\ntwice\n");
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_ignores_everything_is_stopped_within_the_bound() {
    both(async |kept| {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        // Deaf to SIGTERM and to its standard input, with a deaf child that holds the pipes.
        let script = format!(
            "trap '' TERM; (echo $(exec sh -c 'echo $PPID') > {0}.new; mv {0}.new {0}; while :; do sleep 1000; done) & \
             while [ ! -e {0} ]; do sleep 0.01; done; echo '{{}}'; while :; do sleep 1000; done",
            other.display()
        );
        let handle = launch(worker(&script), kept);
        let pid = pid_of(&ready(&handle, 1).await);
        handle.stop().await.unwrap();
        assert_eq!(handle.state().borrow().phase, Phase::Stopped);
        eventually("worker gone", || is_gone(pid)).await;
        eventually("its child gone", || is_gone(pid_from(&other)?)).await;
    })
    .await;
}

#[tokio::test]
async fn a_stopped_process_is_stopped_too() {
    both(async |kept| {
        let handle = launch(worker(GOOD), kept);
        let pid = pid_of(&ready(&handle, 1).await);
        kill(pid, Signal::STOP);
        handle.stop().await.unwrap();
        eventually("worker gone", || is_gone(pid)).await;
    })
    .await;
}

#[tokio::test]
async fn garbage_instead_of_a_ready_line_is_failed() {
    for output in ["echo hello; exec cat", "echo '[1]'; exec cat", "head -c 200000 /dev/zero; exec cat"] {
        let reason = failed(&launch(worker(output), true)).await;
        assert!(reason.contains("line"), "{reason}");
    }
}

#[tokio::test]
async fn silence_is_killed_and_tried_again() {
    let mut spec = worker("exec sleep 1000");
    spec.ready_deadline = Duration::from_millis(100);
    let handle = launch(spec, true);
    let state = until(&handle, |state| state.restarts == 1).await;
    assert_eq!(state.last_exit.as_ref().unwrap().cause, Cause::StartTimeout);
    assert_eq!(state.last_exit.unwrap().exit.signal, Some(9));
    handle.close().await.unwrap();
}

#[tokio::test]
async fn the_environment_is_an_allow_list() {
    let allowed = ["PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "TMPDIR", "TONNYTRAY_LAUNCH", "FAKE_ONE"];
    let is_allowed = |name: &str| allowed.contains(&name) || name.starts_with("LC_");
    assert!(std::env::vars().any(|(name, _)| !is_allowed(&name)), "something to leave out");
    both(async |kept| {
        let mut spec = worker("env >&2; echo '{}'; exec cat");
        spec.program = "/bin/bash".into();
        spec.env = vec![("FAKE_ONE".to_owned(), "1".to_owned())];
        spec.allowed_env = vec!["FAKE_*".to_owned()];
        let handle = launch(spec, kept);
        ready(&handle, 1).await;
        // The shell's own additions.
        let own = ["PWD", "OLDPWD", "SHLVL", "_"];
        let seen = eventually("the environment", || {
            let tail = handle.log_tail();
            tail.iter().any(|line| line == "FAKE_ONE=1").then_some(tail)
        });
        let seen = seen.await;
        let names = seen.iter().filter_map(|line| Some(line.split_once('=')?.0));
        let strange: Vec<_> = names.filter(|name| !is_allowed(name) && !own.contains(name)).collect();
        assert!(strange.is_empty(), "{strange:?}");
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn floods_block_nobody_and_are_bounded() {
    // 8 MB in lines, 8 MB without any line end, 8 MB on standard output after the ready line.
    let script = "echo '{}'; yes 'a line of the flood' | head -c 8000000 >&2; head -c 8000000 /dev/zero | tr '\\0' x >&2; \
                  head -c 8000000 /dev/zero; echo >&2; echo the end >&2; exec cat";
    let handle = launch(worker(script), true);
    ready(&handle, 1).await;
    let tail = eventually("the end of the flood", || {
        let tail = handle.log_tail();
        tail.iter().any(|line| line == "the end").then_some(tail)
    })
    .await;
    let long: Vec<_> = tail.iter().filter(|line| line.contains(" bytes cut out] ")).collect();
    assert!(!long.is_empty() && long.iter().all(|line| line.len() < 64 * 1024));
    handle.close().await.unwrap();
}

/// A worker with a descendant that forked twice, has a session of its own and closed every stream.
fn worker_with_runaway(folder: &Path) -> String {
    let file = folder.join("runaway");
    format!(
        "(setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000' <&- >/dev/null 2>&1 &) ; \
         while [ ! -e {0} ]; do sleep 0.01; done; echo $$ > {1}.new; mv {1}.new {1}; echo \"{{\\\"pid\\\":$$}}\"; \
         while :; do sleep 1000; done",
        file.display(),
        folder.join("worker").display()
    )
}

#[tokio::test]
async fn an_app_killed_hard_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let script = "\"$KEEPER\" --app-pid $$ -- /bin/sh -c \"$WORKER\" & wait";
    let mut app = tokio::process::Command::new("/bin/sh")
        .args(["-c", script])
        .env("KEEPER", KEEPER)
        .env("WORKER", worker_with_runaway(folder.path()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let worker = eventually("worker", || pid_from(&folder.path().join("worker"))).await;
    let runaway = pid_from(&folder.path().join("runaway")).unwrap();
    assert_eq!((is_gone(worker), is_gone(runaway)), (None, None));
    app.kill().await.unwrap();
    eventually("worker gone", || is_gone(worker)).await;
    eventually("runaway gone", || is_gone(runaway)).await;
}

#[tokio::test]
async fn a_dropped_future_kills_the_whole_tree() {
    let folder = tempfile::tempdir().unwrap();
    let (handle, future) = prepare(worker(&worker_with_runaway(folder.path())), true);
    let future = tokio::spawn(future);
    let worker = pid_of(&ready(&handle, 1).await);
    let runaway = pid_from(&folder.path().join("runaway")).unwrap();
    future.abort();
    eventually("worker gone", || is_gone(worker)).await;
    eventually("runaway gone", || is_gone(runaway)).await;
    handle.stop().await.unwrap();
}

#[tokio::test]
async fn a_crashed_worker_takes_its_runaway_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let handle = launch(worker(&worker_with_runaway(folder.path())), true);
    let worker = pid_of(&ready(&handle, 1).await);
    let runaway = pid_from(&folder.path().join("runaway")).unwrap();
    kill(worker, Signal::SEGV);
    let state = until(&handle, |state| state.last_exit.is_some()).await;
    assert_eq!(state.last_exit.unwrap().exit.signal, Some(11));
    eventually("runaway gone", || is_gone(runaway)).await;
    handle.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_keeper_takes_the_worker_with_it() {
    let handle = launch(worker(GOOD), true);
    let worker = pid_of(&ready(&handle, 1).await);
    let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
    let keeper = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap();
    kill(keeper, Signal::KILL);
    eventually("worker gone", || is_gone(worker)).await;
    ready(&handle, 2).await;
    handle.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_keeper_s_runaway_is_found_by_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let handle = launch(worker(&worker_with_runaway(folder.path())), true);
    let worker = pid_of(&ready(&handle, 1).await);
    let runaway = pid_from(&folder.path().join("runaway")).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
    let keeper = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap();
    kill(keeper, Signal::KILL);
    until(&handle, |state| state.last_exit.is_some()).await;
    // Not "soon": before the end was told, so that the next copy never meets what the last one left.
    assert_eq!((is_gone(worker), is_gone(runaway)), (Some(()), Some(())));
    handle.close().await.unwrap();
}

#[tokio::test]
async fn what_runs_is_written_down_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let run_folder = Some(folder.path().join("workers"));
    let (supervisor, _records) = Supervisor::new(Base { run_folder, ..base(true) });
    let (handle, future) = supervisor.worker(worker(GOOD)).unwrap();
    tokio::spawn(future);
    ready(&handle, 1).await;
    let records = || std::fs::read_dir(folder.path().join("workers")).unwrap().count();
    assert_eq!(records(), 1);
    assert_eq!(supervisor.sweep_leftovers().await, [], "its app is alive");
    assert_eq!(handle.state().borrow().phase, Phase::Ready);
    handle.close().await.unwrap();
    assert_eq!(records(), 0);
}

#[tokio::test]
async fn the_keeper_ends_as_the_worker_did() {
    let keep = async |script: &str| {
        let pid = std::process::id().to_string();
        let args = ["--app-pid", &pid, "--", "/bin/sh", "-c", script];
        tokio::process::Command::new(KEEPER).args(args).status().await.unwrap()
    };
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(keep("exit 0").await.code(), Some(0));
    assert_eq!(keep("exit 77").await.code(), Some(77));
    assert_eq!(keep("kill -ABRT $$").await.signal(), Some(6));
    assert_eq!(keep("kill -TERM $PPID; sleep 1000").await.signal(), Some(15), "passed on to the worker");
    let version = tokio::process::Command::new(KEEPER).arg("--version").output().await.unwrap();
    assert!(version.stdout.starts_with(b"tonny-keeper "));
    let mut foreign = tokio::process::Command::new(KEEPER);
    foreign.args(["--app-pid", "1", "--", "/bin/true"]).stderr(std::process::Stdio::null());
    assert_eq!(foreign.status().await.unwrap().code(), Some(125), "only its own parent is the app");
}

#[tokio::test]
async fn a_line_of_the_log_can_make_it_ready() {
    both(async |kept| {
        let mut spec =
            worker("echo loading; echo 'INFO: running on http://127.0.0.1:4711/ (press)' >&2; exec cat");
        spec.ready = ReadyBy::LogLine { marker: "running on".to_owned() };
        let handle = launch(spec, kept);
        let state = ready(&handle, 1).await;
        assert_eq!(state.ready.unwrap().address.unwrap(), "127.0.0.1:4711");
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_foreign_program_gets_its_token_by_a_variable_and_nothing_on_standard_input() {
    let mut spec = worker(r#"trap '' TERM; echo "{\"key\":\"$FAKE_KEY\"}"; read line && exit 9; exit 7"#);
    spec.secret = TokenBy::Environment("FAKE_KEY".to_owned());
    let handle = launch(spec, true);
    let state = ready(&handle, 1).await;
    assert_eq!(json(&state)["key"], state.ready.as_ref().unwrap().token.expose());
    handle.stop().await.unwrap();
    assert_eq!(handle.state().borrow().last_exit.as_ref().unwrap().exit.code, Some(7));
}

#[tokio::test]
async fn requests_make_it_busy_and_a_crash_takes_them_along() {
    let handle = launch(worker(GOOD), true);
    assert_eq!(handle.permit().unwrap_err().reason, Rejection::NotReady);
    let state = ready(&handle, 1).await;
    let (one, two) = (handle.permit().unwrap(), handle.permit().unwrap());
    let busy = until(&handle, |state| state.in_flight == 2).await;
    assert_eq!((busy.phase, busy.health), (Phase::Busy, Health::Healthy));
    one.succeeded();
    kill(pid_of(&state), Signal::KILL);
    let next = ready(&handle, 2).await;
    assert_eq!(
        (next.phase, next.in_flight),
        (Phase::Ready, 0),
        "the old copy's request is not the new one's"
    );
    two.failed(Failure::Exited);
    assert_eq!(handle.state().borrow().in_flight, 0);
    handle.hold(true);
    until(&handle, |state| state.requests == Requests::Held).await;
    assert_eq!(handle.permit().unwrap_err().reason, Rejection::Held);
    handle.hold(false);
    // With the one that ended with the worker these are three in a row.
    for _ in 0..2 {
        handle.permit().unwrap().failed(Failure::Refused);
    }
    let open = until(&handle, |state| matches!(state.requests, Requests::Open { .. })).await;
    assert_eq!(open.health, Health::Unhealthy(Why::RequestsFail));
    let rejected = handle.permit().unwrap_err();
    assert!(rejected.reason == Rejection::Open && rejected.retry_after.unwrap() > Duration::from_secs(20));
    handle.reset_breaker();
    handle.permit().unwrap().succeeded();
    handle.close().await.unwrap();
}

#[tokio::test]
async fn one_that_outgrows_its_ceiling_is_started_again() {
    both(async |kept| {
        let mut spec = worker("echo '{}'; head -c 1000000000 /dev/zero | tail -c 900000000 >/dev/null");
        spec.memory_ceiling = Some(64 << 20);
        let handle = launch(spec, kept);
        let state = until(&handle, |state| state.last_exit.is_some()).await;
        assert_eq!(state.last_exit.unwrap().cause, Cause::MemoryCeiling);
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_it_uses_is_published() {
    both(async |kept| {
        let handle = launch(worker("echo '{}'; while :; do :; done"), kept);
        ready(&handle, 1).await;
        let mut usage = handle.usage();
        let used = usage.wait_for(|usage| usage.cpu > Duration::ZERO);
        let used = *tokio::time::timeout(PATIENCE, used).await.unwrap().unwrap();
        assert!(used.memory > 0 && used.processes == 1 + u32::from(kept), "{used:?}");
        handle.stop().await.unwrap();
        assert_eq!(*usage.borrow(), Usage::default());
        handle.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_idle_worker_that_hangs_is_found_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let mut spec = worker(GOOD);
    let (how, at) = (How::Http { path: "/health".to_owned(), token: false }, At::Unix(socket));
    spec.health = vec![Probe { how, at, timeout: Duration::from_millis(50) }];
    spec.probe_every = Duration::from_millis(50);
    let handle = launch(spec, true);
    ready(&handle, 1).await;
    // Connections are accepted by the system, and nobody answers.
    let state = until(&handle, |state| state.restarts > 0).await;
    assert_eq!(state.last_exit.unwrap().cause, Cause::Hung);
    drop(listener);
    handle.close().await.unwrap();
}

/// Answers every request with this head, as long as it lives.
async fn answering(head: fn(&str) -> String) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let size = stream.read(&mut request).await.unwrap();
            let head = head(&String::from_utf8_lossy(&request[..size]));
            stream
                .write_all(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await
                .unwrap();
        }
    };
    (address, tokio::spawn(serve))
}

fn asked(how: How, address: std::net::SocketAddr) -> Spec {
    let mut spec = worker("exec cat");
    spec.ready = ReadyBy::Probe;
    spec.health = vec![Probe { how, at: At::Tcp(address), timeout: Duration::from_secs(1) }];
    spec.ready_deadline = Duration::from_secs(2);
    spec
}

#[tokio::test]
async fn a_stranger_at_the_port_is_not_the_worker() {
    let (address, stranger) = answering(|_| "200 OK".to_owned()).await;
    for token in [true, false] {
        let handle = launch(asked(How::Http { path: "/".to_owned(), token }, address), true);
        let state = until(&handle, |state| state.last_exit.is_some() || state.ready.is_some()).await;
        assert_eq!(state.last_exit.unwrap().cause, Cause::StartTimeout);
        handle.close().await.unwrap();
    }
    stranger.abort();
}

#[tokio::test]
async fn a_silent_worker_is_ready_when_its_socket_answers() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let server = tokio::spawn(async move {
        // Loading first; then it wants the token, and says so to whoever has another one.
        for answer in ["503 Loading", "401 No", "200 OK"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let size = stream.read(&mut request).await.unwrap();
            assert!(
                String::from_utf8_lossy(&request[..size]).to_lowercase().contains("authorization: bearer ")
            );
            stream
                .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await
                .unwrap();
        }
    });
    let mut spec = worker("exec cat");
    spec.ready = ReadyBy::Probe;
    let how = How::Http { path: "/props".to_owned(), token: true };
    spec.health = vec![Probe { how, at: At::Unix(socket), timeout: Duration::from_secs(1) }];
    let handle = launch(spec, true);
    ready(&handle, 1).await;
    server.await.unwrap();
    handle.close().await.unwrap();
}
