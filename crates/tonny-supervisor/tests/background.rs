//! A worker in the background leaves the processor to the others, with and without a keeper.

#![allow(clippy::disallowed_methods, reason = "a test spawns tasks")]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use rustix::process::getpriority_process;
use tonny_supervisor::{Base, Spec, Supervisor};

const PATIENCE: Duration = Duration::from_secs(20);
const KEEPER: &str = env!("CARGO_BIN_EXE_tonny-keeper");

/// Says in its ready line how nice it is; ends when standard input closes.
const WORKER: &str = r#"read t; echo "{\"nice\":$(nice)}"; exec cat"#;

async fn niceness(background: bool, kept: bool) -> i64 {
    let base = Base { keeper: kept.then(|| KEEPER.into()), ..Base::default() };
    let (supervisor, _records) = Supervisor::new(base);
    let args = vec!["-c".into(), WORKER.into()];
    let (handle, future) =
        supervisor.worker(Spec { args, background, ..Spec::new("fake", "/bin/sh") }).unwrap();
    tokio::spawn(future);
    let mut state = handle.state();
    let ready = tokio::time::timeout(PATIENCE, state.wait_for(|state| state.ready.is_some()));
    let line = ready.await.unwrap().unwrap().ready.clone().unwrap().line;
    handle.close().await.unwrap();
    serde_json::from_str::<serde_json::Value>(&line).unwrap()["nice"].as_i64().unwrap()
}

#[tokio::test]
async fn it_is_nicer_than_the_app_and_no_other_worker_is() {
    let own = i64::from(getpriority_process(None).unwrap());
    for kept in [true, false] {
        assert_eq!(niceness(false, kept).await, own, "with a keeper: {kept}");
        assert_eq!(niceness(true, kept).await, own + 5, "with a keeper: {kept}");
    }
}
