//! The local language engine: the real llama-server, started by the product's own spec, gives a real answer to whoever has its
//! key and to nobody else.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tonny_core::engine::Programs;
use tonny_core::engine::kinds::{Site, wanted};
use tonny_core::settings::Settings;
use tonny_supervisor::{Base, Supervisor, WorkerState};
use tonny_tests::engines::{installed, installed_file};

use super::world::{Room, World};

/// Loading from a cold disk and a few words on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn settings() -> Settings {
    Settings::default().with("workers.llama", json!(true)).unwrap()
}

/// Status, headers and body of one request.
fn ask(address: &str, request: &str, key: Option<&str>, body: &Value) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = body.to_string();
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nOrigin: https://example.com\r\n{key}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_real_llama_server_answers_whoever_has_its_key() {
    if installed_file("llama/bin/llama-server", "engines-llama").is_none() {
        return;
    }
    let programs = Programs { speech: PathBuf::new(), keeper: None, engines: installed() };
    let site = Site {
        settings: &settings(),
        programs: &programs,
        installed: &[],
        memory: None,
        language: false,
        languages: &[],
        unfit: None,
    };
    let llama = wanted(&site).into_iter().find(|wanted| wanted.about.name == "llama").unwrap();
    let (supervisor, _records) = Supervisor::new(Base::default());
    let (worker, run) = supervisor.worker(llama.spec.unwrap()).unwrap();
    let running = tokio::spawn(run);
    let mut states = worker.state();
    let ready = |state: &WorkerState| state.ready.is_some();
    let state =
        tokio::time::timeout(PATIENCE, states.wait_for(ready)).await.expect("ready in time").unwrap().clone();
    let ready = state.ready.unwrap();
    let (address, key) = (ready.address.unwrap(), ready.token.expose().to_owned());

    let answers = tokio::task::spawn_blocking(move || {
        let question = json!({"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 12});
        let chat = "POST /v1/chat/completions";
        let (status, head, answer) = ask(&address, chat, Some(&key), &question);
        assert_eq!(status, 200, "{answer}");
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
        assert!(!text.trim().is_empty(), "{answer}");
        assert!(!head.contains("example.com") && !head.contains("Origin: *"), "a web page is let in: {head}");
        assert_eq!(ask(&address, chat, None, &question).0, 401);
        assert_eq!(ask(&address, chat, Some("guess"), &question).0, 401);
        assert_ne!(ask(&address, "GET /slots", Some(&key), &json!({})).0, 200, "what was said can be read");
        assert_eq!(ask(&address, "GET /health", None, &json!({})).0, 200);
        key
    });
    let key = answers.await.unwrap();
    assert!(worker.log_tail().iter().all(|line| !line.contains(&key)), "the key is in the log");
    worker.close().await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn the_app_runs_it_beside_the_speech_engine_and_lists_it() {
    if installed_file("llama/bin/llama-server", "engines-llama").is_none() {
        return;
    }
    let world = World::with(Room::Quiet, settings(), None).await;
    let snapshot =
        world.wait(|snapshot| snapshot.workers.iter().any(|w| w.name == "llama" && w.state == "ready"));
    let workers = snapshot.await.workers;
    let names: Vec<(&str, &str)> = workers.iter().map(|w| (w.name.as_str(), w.kind.as_str())).collect();
    assert_eq!(names, [("speech", "speech"), ("llama", "language")]);
    let off = tonny_core::app::SettingsChange::Field("workers.llama".to_owned(), json!(false));
    world.app.change_settings(off).await.unwrap();
    world.wait(|snapshot| snapshot.workers.len() == 1).await;
}
