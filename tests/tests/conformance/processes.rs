//! What only a process can do, as a supervisor and a client see it: load slowly, refuse to start, talk too much, die.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tonny_speech_protocol::client::{Session, SpeechError};
use tonny_tests::engines::{Serving, TOKEN, serving};
use tonny_tests::process::Running;
use tonny_tests::programs::beside;
use tonny_tests::wait_for;

use super::suite::{drain, voice};

const LOADED: &str = "Uvicorn running on http://";

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(beside("fake-engine").unwrap());
    command.args(["--like", "whisperlivekit"]).args(flags).env("WLK_API_TOKEN", TOKEN);
    command
}

fn start(folder: &TempDir, flags: &[&str]) -> Serving {
    serving(&mut command(flags), LOADED, &folder.path().join("engine.log")).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn while_it_loads_nobody_answers_and_then_it_serves() {
    let (folder, port) = (TempDir::new().unwrap(), free_port().to_string());
    let log = folder.path().join("engine.log");
    let _loading = Running::start(&mut command(&["--load-ms", "700", "--port", &port]), &log).unwrap();
    let address = format!("127.0.0.1:{port}");
    let error = Session::open(&address, Some(TOKEN), None).await.expect_err("still loading");
    assert!(matches!(error, SpeechError::Connect { .. }) && error.is_transient(), "{error:?}");
    let deadline = Instant::now() + Duration::from_secs(20);
    let session = loop {
        match Session::open(&address, Some(TOKEN), None).await {
            Ok(session) => break session,
            Err(error) => assert!(error.is_transient() && Instant::now() < deadline, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    drop(session);
}

#[test]
fn refusals_to_start_have_their_exit_codes() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flags, code) in [
        (vec!["--fail-with", "3"], 3),
        (vec!["--fail-with", "2"], 2),
        (vec!["--no-such-flag"], 2),
        (vec!["--port", &port, "--load-ms", "50"], 1),
    ] {
        let mut engine = Running::start(&mut command(&flags), &folder.path().join("log")).unwrap();
        let ended = engine.wait_end(Duration::from_secs(10)).unwrap();
        assert_eq!(ended.code(), Some(code), "{flags:?}");
    }
}

#[tokio::test]
async fn dying_in_the_middle_of_a_word_is_worth_another_try() {
    let folder = TempDir::new().unwrap();
    let mut engine = start(&folder, &["--behave", "die"]);
    let mut session = Session::open(&engine.address, Some(TOKEN), Some("en")).await.unwrap();
    let mut sent = session.send(&voice()).await;
    if sent.is_ok() {
        sent = session.end().await;
    }
    let error = match sent {
        Err(error) => error,
        Ok(()) => drain(&mut session).await.1.expect_err("it is dead"),
    };
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(engine.process.wait_end(Duration::from_secs(5)).unwrap().code(), None, "killed by a signal");
}

#[test]
fn a_megabyte_on_standard_error_and_a_first_sigterm_that_is_ignored() {
    let folder = TempDir::new().unwrap();
    let mut engine = start(&folder, &["--flood", "2000000", "--ignore-first-sigterm"]);
    assert!(engine.log.metadata().unwrap().len() > 1_900_000);
    engine.process.signal(Signal::TERM).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(!engine.process.has_ended().unwrap(), "the first one is ignored");
    engine.process.signal(Signal::TERM).unwrap();
    assert_eq!(engine.process.wait_end(Duration::from_secs(5)).unwrap().code(), Some(0));
}

#[test]
fn like_the_embedded_worker_it_ends_with_its_input() {
    let mut command = Command::new(beside("fake-engine").unwrap());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut engine = Running::start_with_pipes(&mut command).unwrap();
    drop(engine.child().stdin.take());
    let ended =
        wait_for("its end", Duration::from_secs(10), || engine.has_ended().map(|ended| ended.then_some(())));
    assert!(ended.is_ok());
}
