//! One suite over one client, for every speech engine: the fake one, the embedded worker, the real WhisperLiveKit. And the
//! client against a fake that misbehaves in each way the protocol's list names (F1 to F25).

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts programs, spawns tasks and fails by panicking"
)]

mod conformance {
    pub mod misbehaviour;
    pub mod processes;
    pub mod suite;
}

use conformance::suite::{Engine, run};
use tonny_tests::engines::{TOKEN, embedded, installed_file, model, whisperlivekit};
use tonny_tests::fake_engine::{Behaviour, FakeEngine, Script};
use tonny_tests::speech::JFK;

#[tokio::test]
async fn the_fake_engine_conforms() {
    let script = Script { token: Some(TOKEN.to_owned()), ..Script::of(Behaviour::Normal) };
    let words = script.words.clone();
    let fake = FakeEngine::start(script).await.unwrap();
    let engine = Engine {
        address: fake.address().to_owned(),
        token: TOKEN.to_owned(),
        said: words,
        errors: 0.0,
        listens: false,
        refuses: false,
        rest: true,
    };
    run(&engine).await;
}

#[tokio::test]
async fn the_embedded_worker_conforms() {
    let Some(model) = model() else { return };
    let worker = embedded(&model).unwrap();
    let engine = Engine {
        address: worker.address.clone(),
        token: TOKEN.to_owned(),
        said: JFK.to_owned(),
        errors: 0.0,
        listens: true,
        refuses: true,
        rest: false,
    };
    run(&engine).await;
}

#[tokio::test]
async fn the_real_whisperlivekit_conforms() {
    let Some(program) = installed_file("whisperlivekit/venv/bin/whisperlivekit-server", "engines-wlk") else {
        return;
    };
    let Some(model) = installed_file("whisperlivekit/tiny.en", "engines-wlk") else { return };
    let server = whisperlivekit(&program, &model).await.unwrap();
    // How well it hears with the smallest model is its own business; that the words arrive is ours.
    let engine = Engine {
        address: server.address.clone(),
        token: server.token.clone(),
        said: JFK.to_owned(),
        errors: 0.3,
        listens: true,
        refuses: false,
        rest: true,
    };
    run(&engine).await;
    assert_eq!(server.worker.state().borrow().restarts, 0, "nothing of this was taken for a hang");
    server.worker.close().await.unwrap();
    server.supervisor.flush_logs().await;
    let said = texts(server.logs.path());
    assert!(said.contains("Uvicorn running on"), "what it says is kept: {said}");
    assert!(!said.contains(&server.token), "the token is in the engine's log");
}

/// All files below, as text.
fn texts(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.push_str(&texts(&path));
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
    all
}
