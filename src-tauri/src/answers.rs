//! Every command through Tauri's mock runtime, with good and with absurd input, while the vault holds a canary of every
//! kind: nothing that comes back, no error and no snapshot holds one (row K2 of docs/reliability.md runs this).

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test drives what it tests")]

mod calls;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use tauri::ipc::InvokeResponse;
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{Manager as _, Webview, WebviewWindow, WebviewWindowBuilder};
use tonny_core::app::{self, AppHandle, Outputs, Parts};
use tonny_core::engine::Programs;
use tonny_core::history_files::{Imported, read};
use tonny_core::ports::{
    Choice, Delivery, InputDevice, InsertionWish, Microphone, Place, RecordRequest, Recording, Target,
    TextInsertion,
};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{Kind, Secrets, Shape, Typed, all};
use tonny_core::{Store, downloads, trials};
use tonny_platform::audio::RecordingsOnDisk;
use tonny_platform::clock::SystemClock;
use tonny_platform::disk::SystemDisk;
use tonny_platform::folders::Folders;
use tonny_platform::logging::{self, FileLimits};
use tonny_platform::models::ModelFolder;
use tonny_platform::vault::{Cost, VaultSet, VaultThread};

use crate::access::commands;
use crate::bindings;
use crate::desktop::Face;
use crate::gate::{Gate, MOST};
use calls::{SAID, amiss, nonsense, sensible};

/// Which of the reasons in `calls` are about this runtime.
const MOCK: usize = 0;

/// Each round keeps new canaries, so that 252 go through in all.
const ROUNDS: usize = 12;

/// Absurd calls of each command and round.
const ABSURD: usize = 12;

/// Longer than any text and any secret that a command takes, bytes.
const TOO_LONG: usize = 10_000;

/// These end what the others need: called last.
const LAST: [&str; 2] = ["vault_choose", "secrets_forget"];

/// A machine without a microphone and without a window to type into; it says so as soon as nobody writes the lock.
#[derive(Default)]
struct Nothing(RwLock<()>);

impl Microphone for Nothing {
    fn devices(&self) -> Result<Vec<InputDevice>, Problem> {
        let _heard = self.0.read();
        Ok(Vec::new())
    }

    fn record(&self, _: RecordRequest) -> Result<Box<dyn Recording>, Problem> {
        Err(Problem::of(Code::MicrophoneMissing))
    }
}

impl TextInsertion for Nothing {
    fn target(&self) -> Option<Target> {
        None
    }

    fn insert(&self, _: &str, _: &InsertionWish) -> Delivery {
        Delivery::Failed(Problem::of(Code::NoFocus))
    }

    fn copy(&self, _: &str) -> Result<(), Problem> {
        Err(Problem::of(Code::InsertFailed))
    }
}

#[test]
fn no_command_returns_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (window, secrets, mut outputs) = open(folder.path());
    let mut dice = Dice(7);
    let (mut canaries, mut calls, mut good) = (Vec::new(), 0, BTreeSet::new());
    let backup = call(&window, "storage_back_up", json!({})).unwrap().trim_matches('"').to_owned();
    for round in 0..ROUNDS {
        canaries.extend(keep(&secrets, round));
        let order = commands().into_iter().filter(|command| !LAST.contains(command)).chain(LAST);
        for command in order {
            for number in 0..=ABSURD {
                let input = if number == 0 {
                    sensible(command, &backup)
                } else {
                    nonsense(&mut |limit| dice.below(limit))
                };
                let answer = call(&window, command, input);
                calls += 1;
                if answer.is_ok() {
                    good.insert(command);
                }
                let text = answer.unwrap_or_else(|error| error);
                assert_clean(command, &text, &canaries);
            }
            let snapshot = serde_json::to_string(&*outputs.snapshot.borrow_and_update()).unwrap();
            assert_clean("the snapshot", &snapshot, &canaries);
        }
    }
    assert!(calls > 5_000 && canaries.len() > 200, "{calls} calls, {} canaries", canaries.len());
    let amiss = amiss(&commands(), |command| good.contains(command), MOCK);
    assert!(amiss.is_empty(), "{amiss:#?}");
}

/// A text that no honest page sends is refused wherever a command reads one.
#[test]
fn no_command_takes_a_text_without_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let (window, secrets, _outputs) = open(folder.path());
    keep(&secrets, 0);
    let (mut taken, mut read) = (Vec::new(), 0);
    for command in commands() {
        let mut input = sensible(command, "");
        let filter = json!({ "since": null, "until": null, "profile": null, "route": null, "engine": null, "state": null, "speaker": null });
        (input["query"]["filter"], input["wish"]["filter"]) = (filter.clone(), filter);
        for place in leaves(&input, "") {
            let called = |with: Value| {
                let mut input = input.clone();
                *input.pointer_mut(&place).unwrap() = with;
                call(&window, command, input)
            };
            // What is taken as this is not looked at.
            if called(json!([[]])).is_ok() {
                continue;
            }
            read += 1;
            if called(json!("x".repeat(too_long(&format!("{command}{place}"))))).is_ok() {
                taken.push(format!("{command}{place}"));
            }
        }
    }
    assert!(taken.is_empty() && read > 60, "{read} read, too long a text taken by {taken:?}");
}

/// What a person writes may be long, and has an end all the same.
fn too_long(place: &str) -> usize {
    match place {
        "assistant_ask/question/text" | "assistant_ask/question/system" => 4_000_001,
        _ => TOO_LONG,
    }
}

/// Pointers to everything in it that is no object.
fn leaves(value: &Value, place: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| leaves(value, &format!("{place}/{name}"))).collect()
        }
        _ => vec![place.to_owned()],
    }
}

/// Real calls, through the same door, from windows with other names: all refused before a command is looked at.
#[test]
fn a_window_that_was_granted_nothing_can_call_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _, _outputs) = open(folder.path());
    for label in ["overlay", "assistant2", "settings2"] {
        let app = settings.app_handle();
        let window = WebviewWindowBuilder::new(app, label, Default::default()).build().unwrap();
        for command in commands() {
            let refusal = call(&window, command, sensible(command, "")).expect_err(command);
            assert!(refusal.contains("not allowed"), "{label}: {command}: {refusal}");
        }
    }
}

/// As many calls are taken as there are places; the others are refused at once, with a code, and none is lost.
#[test]
fn a_page_that_asks_without_end_is_refused_and_heard_again_afterwards() {
    const ASKED: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Nothing::default());
    let (window, _, _outputs) = open_on(folder.path(), machine.clone());
    let (answers, heard) = std::sync::mpsc::channel();
    let slow = machine.0.write().unwrap();
    for _ in 0..ASKED {
        let answers = answers.clone();
        let view: &Webview<MockRuntime> = window.as_ref();
        let say = move |_: Webview<MockRuntime>, _, response, _, _| drop(answers.send(response));
        view.clone().on_message(request("microphone_list", json!({})), Box::new(say));
    }
    let next = || heard.recv_timeout(Duration::from_secs(20)).expect("an answer");
    for _ in 0..ASKED - MOST {
        let InvokeResponse::Err(error) = next() else { panic!("more were taken than there are places") };
        assert_eq!(error.0["code"], Code::TooManyCalls.id());
    }
    drop(slow);
    for _ in 0..MOST {
        assert!(matches!(next(), InvokeResponse::Ok(_)), "a call that was taken got no answer");
    }
    assert!(call(&window, "microphone_list", json!({})).is_ok());
}

/// The App on this folder and a settings window of the mock runtime, under the built table of grants.
fn open(folder: &Path) -> (WebviewWindow<MockRuntime>, Secrets, Outputs) {
    open_on(folder, Arc::default())
}

fn open_on(folder: &Path, microphone: Arc<Nothing>) -> (WebviewWindow<MockRuntime>, Secrets, Outputs) {
    let folders = Folders {
        data: folder.to_owned(),
        database: folder.join("tonnytray.db"),
        models: folder.join("models"),
        language_models: folder.join("language-models"),
        audio: folder.join("audio"),
        vault: folder.join("vault"),
        keyring_name: format!("tonnytray test {}", folder.display()),
        old_config: folder.join("config"),
        logs: folder.join("logs"),
        crashes: folder.join("crashes"),
        run: folder.join("run"),
        exports: folder.join("exports"),
    };
    folders.create().unwrap();
    let vault =
        VaultSet { cost: Some(Cost { memory_kib: 8, passes: 1, lanes: 1 }), ..folders.vault_set(true) };
    let secrets = Secrets::new(Arc::new(VaultThread::start(vault).unwrap()), trials().unwrap());
    let models = Arc::new(ModelFolder::new(&folders.models));
    let language_models = Arc::new(ModelFolder::of_language(&folders.language_models));
    let (app, outputs) = tauri::async_runtime::block_on(async {
        let store = Store::open_or_recover(&folders.database).await.unwrap();
        said(&store).await;
        let parts = Parts {
            store,
            microphone: microphone.clone(),
            insertion: microphone.clone(),
            audio: Arc::new(RecordingsOnDisk),
            disk: Arc::new(SystemDisk),
            models: models.clone(),
            language_models: language_models.clone(),
            clock: Arc::new(SystemClock),
            downloads: downloads().unwrap(),
            secrets: secrets.clone(),
            package_index: None,
            audio_folder: folders.audio.clone(),
            models_folder: folders.models.clone(),
            log_folder: folders.logs.clone(),
            programs: Programs { speech: folder.join("no engine"), keeper: None, engines: None },
        };
        let (app, outputs, run) = app::start(parts).await;
        tauri::async_runtime::spawn(run);
        talked(&app).await;
        (app, outputs)
    });
    let (log, _) = logging::start_with(&folders.logs, FileLimits::default(), false, None);
    let handler = bindings::builder::<MockRuntime>().invoke_handler();
    let tauri = mock_builder()
        .manage(Face {
            app,
            microphone,
            models,
            language_models,
            folders,
            log,
            gate: Gate::default(),
            open: |_| Ok(()),
        })
        .invoke_handler(handler)
        .build(tauri::generate_context!())
        .unwrap();
    let window = WebviewWindowBuilder::new(&tauri, "settings", Default::default()).build().unwrap();
    // The window holds on to the app.
    let _ = tauri.app_handle();
    (window, secrets, outputs)
}

/// One utterance in the history, for the commands that ask for one.
async fn said(store: &Store) {
    let row = json!([{ "id": SAID, "started_at": "2026-11-21T10:00:00Z", "state": "kept", "route": "type", "text": "hello" }]);
    let Imported::Utterances(rows) = read(&row.to_string()).unwrap() else { panic!("an utterance") };
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
    store.utterances().import(&rows).await.unwrap();
}

/// One conversation with an answer that broke off, for the commands that ask for one.
async fn talked(app: &AppHandle) {
    let message = |seq: u32, id: &str, parent: Value, role: &str, state: &str| {
        json!({
            "seq": seq, "id": id, "conversation": SAID, "parent": parent, "role": role, "state": state,
            "finish": null, "provider": null, "model": null, "error_code": null, "utterance": null,
            "tokens_in": null, "tokens_out": null, "cost_pico": null, "is_estimated": false, "deltas": 0,
            "created_at_ms": 0, "notices": "[]", "reasoning": "", "text": "One two"
        })
    };
    let file = json!({
        "kind": "tonnytray conversation", "version": 1, "attachments": [],
        "conversation": {
            "id": SAID, "profile": null, "title": "A talk", "model": null, "leaf": SAID, "created_at_ms": 0,
            "updated_at_ms": 0, "messages": 2, "system": null
        },
        "messages": [
            message(1, "question", Value::Null, "user", "complete"),
            message(2, SAID, json!("question"), "assistant", "cut"),
        ]
    });
    app.assistant().unwrap().import(&file.to_string()).await.unwrap();
}

/// A new canary of every kind, in memory: no keyring of the machine that tests is touched.
fn keep(secrets: &Secrets, round: usize) -> Vec<String> {
    tauri::async_runtime::block_on(async {
        let choice = Choice { place: Place::Session, password: None, understood: true, auto_lock_min: None };
        secrets.choose(choice).await.unwrap();
        let mut canaries = Vec::new();
        for (index, kind) in all().iter().filter(|kind| kind.shape != Shape::Made).enumerate() {
            let (mark, value) = canary(kind, round * 100 + index);
            secrets
                .set(kind.id, Typed::new(value), false)
                .await
                .unwrap_or_else(|problem| panic!("{problem}"));
            canaries.push(mark);
        }
        canaries
    })
}

/// What to look for, and a value of the kind's shape that holds it.
fn canary(kind: &Kind, number: usize) -> (String, String) {
    let mark = format!("Canary{number:05}");
    let value = match kind.shape {
        Shape::Key { prefixes, shortest, longest } => {
            let start = format!("{}{mark}", prefixes.first().copied().unwrap_or_default());
            format!("{start:z<shortest$}").chars().take(longest).collect()
        }
        Shape::Web => format!("https://example.org/{mark}"),
        Shape::Amqp => format!("amqps://example.org:5671/{mark}"),
        Shape::Header => format!("Bearer {mark}"),
        Shape::UserAndPassword => format!("tonny:{mark}"),
        Shape::Made => mark.clone(),
    };
    (mark, value)
}

/// From this window; what only the assistant's may call comes from there instead of from the settings.
fn call(window: &WebviewWindow<MockRuntime>, command: &str, input: Value) -> Result<String, String> {
    let grant = format!("\"allow-{}\"", command.replace('_', "-"));
    let is_assistants = !include_str!("../capabilities/settings.json").contains(&grant);
    if window.label() == "settings" && is_assistants {
        let app = window.app_handle();
        let assistant = app.get_webview_window("assistant").unwrap_or_else(|| {
            WebviewWindowBuilder::new(app, "assistant", Default::default()).build().unwrap()
        });
        return answer(&assistant, command, input);
    }
    answer(window, command, input)
}

fn answer(window: &WebviewWindow<MockRuntime>, command: &str, input: Value) -> Result<String, String> {
    match get_ipc_response(window, request(command, input)) {
        Ok(body) => Ok(body.deserialize::<Value>().unwrap().to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn request(command: &str, input: Value) -> InvokeRequest {
    InvokeRequest {
        cmd: command.to_owned(),
        callback: tauri::ipc::CallbackFn(0),
        error: tauri::ipc::CallbackFn(1),
        url: "tauri://localhost".parse().unwrap(),
        body: input.into(),
        headers: Default::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    }
}

fn assert_clean(what: &str, text: &str, canaries: &[String]) {
    let lower = text.to_ascii_lowercase();
    // All have this part in common; which one it is only matters once there is one.
    let hex: String = "Canary".bytes().map(|byte| format!("{byte:02x}")).collect();
    let reversed = "yranaC";
    if text.contains("Canary") || text.contains(reversed) || lower.contains(&hex) {
        let which = canaries.iter().find(|canary| text.contains(canary.as_str()));
        panic!("{what} gave a secret out: {which:?}");
    }
}

/// Chance that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
