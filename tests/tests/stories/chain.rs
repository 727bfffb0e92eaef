//! What happens to spoken words when engines fail: they go to the next engine of the order, once, and the row says whose
//! they are.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tonny_core::app::{HistoryQuery, HistoryRow, WorkerCommand};
use tonny_core::model::{InstalledModel, ModelFile};
use tonny_core::push_to_talk::Gesture;
use tonny_core::settings::Settings;
use tonny_core::snapshot::{Phase, Snapshot};
use tonny_tests::engines::{installed, model};
use tonny_tests::process::signal_pid;
use tonny_tests::programs::beside;
use tonny_tests::speech::JFK;
use tonny_tests::words::error_rate;

use super::world::{Room, World};

pub(super) const FIRST: &str = "these are the words of the first engine alone";
pub(super) const SECOND: &str = "these are the words of the second engine alone";

/// A fake engine as the user would describe it.
pub(super) fn command(name: &str, words: &str, flags: &[&str]) -> Value {
    let program = beside("fake-engine").unwrap();
    let mut args = vec!["--words", words];
    args.extend(flags);
    json!({"name": name, "program": program, "args": args, "ready": "json_line", "health": "/health", "speech": true})
}

pub(super) fn settings(commands: Value, order: Value) -> Settings {
    let settings = Settings::default().with("workers.commands", commands).unwrap();
    settings.with("speech.engines", order).unwrap()
}

/// Two engines, of which the first does this.
pub(super) async fn two(flags: &[&str]) -> World {
    let commands = json!([command("first", FIRST, flags), command("second", SECOND, &[])]);
    World::with(Room::Sentence, settings(commands, json!(["first", "second"])), None).await
}

fn state<'a>(snapshot: &'a Snapshot, name: &str) -> &'a str {
    let worker = snapshot.workers.iter().find(|worker| worker.name == name);
    worker.map_or("", |worker| worker.state.as_str())
}

pub(super) async fn wait_ready(world: &World, names: &[&str]) {
    let ready = |snapshot: &Snapshot, name: &&str| matches!(state(snapshot, name), "ready" | "busy");
    world.wait(|snapshot| names.iter().all(|name| ready(snapshot, name))).await;
}

/// Says the sentence; its row when it is over.
pub(super) async fn say(world: &World) -> HistoryRow {
    let before = world.app.snapshot().last.map(|last| last.id);
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    let over = |snapshot: &Snapshot| {
        snapshot.state == Phase::Idle && snapshot.last.as_ref().map(|last| &last.id) != before.as_ref()
    };
    let id = world.wait(over).await.last.unwrap().id;
    world.app.history_row(id).await.unwrap()
}

pub(super) fn heard(row: &HistoryRow) -> (&str, &str, Option<&str>) {
    (row.state.as_str(), row.text.as_str(), row.engine.as_deref())
}

#[tokio::test]
async fn while_the_first_engine_is_well_it_is_the_one() {
    let world = two(&[]).await;
    wait_ready(&world, &["first", "second"]).await;
    assert_eq!(heard(&say(&world).await), ("delivered", FIRST, Some("first")));
    assert_eq!(world.inserted(), [FIRST]);
}

#[tokio::test]
async fn whatever_the_first_engine_does_the_second_one_has_the_same_audio() {
    for (behaviour, within) in
        [("die", 8), ("drop", 8), ("silent", 8), ("fails", 8), ("refuse-session", 8), ("no-end", 20)]
    {
        let world = two(&["--behave", behaviour]).await;
        wait_ready(&world, &["first", "second"]).await;
        let start = Instant::now();
        assert_eq!(heard(&say(&world).await), ("delivered", SECOND, Some("second")), "{behaviour}");
        assert!(start.elapsed() < Duration::from_secs(within), "{behaviour}: {:?}", start.elapsed());
        assert_eq!(world.inserted(), [SECOND], "{behaviour}: typed once");
    }
}

#[tokio::test]
async fn an_engine_that_cannot_start_is_passed_over_at_once() {
    let world = two(&["--fail-with", "3"]).await;
    wait_ready(&world, &["second"]).await;
    world.wait(|snapshot| state(snapshot, "first") == "failed").await;
    let start = Instant::now();
    assert_eq!(heard(&say(&world).await), ("delivered", SECOND, Some("second")));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_engine_that_stays_away_is_not_waited_for_long() {
    let world = two(&["--load-ms", "60000"]).await;
    wait_ready(&world, &["second"]).await;
    let start = Instant::now();
    assert_eq!(heard(&say(&world).await), ("delivered", SECOND, Some("second")));
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[tokio::test]
async fn after_three_failures_in_a_row_an_engine_is_left_alone() {
    let world = two(&["--behave", "fails"]).await;
    wait_ready(&world, &["first", "second"]).await;
    for _ in 0..3 {
        assert_eq!(heard(&say(&world).await).2, Some("second"));
    }
    let open = |snapshot: &Snapshot| snapshot.workers[0].requests.state == "open";
    world.wait(open).await;
    let start = Instant::now();
    assert_eq!(heard(&say(&world).await), ("delivered", SECOND, Some("second")));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    world.app.command_worker("first".to_owned(), WorkerCommand::ResetBreaker).await.unwrap();
    world.wait(|snapshot| snapshot.workers[0].requests.state == "closed").await;
}

#[tokio::test]
async fn alone_it_is_asked_again_and_what_is_cut_off_is_said_to_be() {
    let commands = json!([command("first", FIRST, &["--behave", "no-end"])]);
    let world = World::with(Room::Sentence, settings(commands, json!(["first"])), None).await;
    wait_ready(&world, &["first"]).await;
    let row = say(&world).await;
    assert_eq!(heard(&row), ("delivered", FIRST, Some("first")));
    assert_eq!(row.error_code.as_deref(), Some("TT-ENGINE-308"), "{row:?}");
    assert!(row.has_audio);
    assert_eq!(world.inserted().len(), 1);
}

#[tokio::test]
async fn what_hums_is_no_words_and_breaks_nothing() {
    let commands = json!([command("first", FIRST, &["--behave", "silent"])]);
    let world = World::with(Room::Sentence, settings(commands, json!(["first"])), None).await;
    wait_ready(&world, &["first"]).await;
    for _ in 0..4 {
        assert_eq!(heard(&say(&world).await).0, "kept");
    }
    assert_eq!(world.app.snapshot().workers[0].requests.state, "closed");
}

#[tokio::test]
async fn every_worker_is_listed_by_its_name_and_restarts_by_it() {
    let world = two(&[]).await;
    wait_ready(&world, &["first", "second"]).await;
    let before = world.app.snapshot().workers;
    assert_eq!(before.iter().map(|worker| worker.name.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    world.app.command_worker("second".to_owned(), WorkerCommand::Restart).await.unwrap();
    let after = world
        .wait(|snapshot| state(snapshot, "second") == "ready" && snapshot.workers[1].pid != before[1].pid);
    let after = after.await.workers;
    assert_eq!(after[0].pid, before[0].pid);
    assert_eq!(heard(&say(&world).await).2, Some("first"));
}

#[tokio::test]
async fn another_order_counts_from_the_next_utterance_on() {
    let world = two(&[]).await;
    wait_ready(&world, &["first", "second"]).await;
    let pids: Vec<_> = world.app.snapshot().workers.iter().map(|worker| worker.pid).collect();
    let change =
        tonny_core::app::SettingsChange::Field("speech.engines".to_owned(), json!(["second", "first"]));
    world.app.change_settings(change).await.unwrap();
    assert_eq!(heard(&say(&world).await).2, Some("second"));
    let after: Vec<_> = world.app.snapshot().workers.iter().rev().map(|worker| worker.pid).collect();
    assert_eq!(pids, after, "nothing was restarted for it");
}

/// The real worker with a copy of the real model, which can be broken.
pub(super) fn real_model(from: &Path, to: &Path) -> InstalledModel {
    let file = |window_s: u32| {
        let path = to.join(format!("{window_s}s.gguf"));
        let bytes = std::fs::copy(from.join(format!("{window_s}s.gguf")), &path).unwrap();
        ModelFile { path, window_s, bytes, sha256: String::new() }
    };
    let files = vec![file(15), file(30)];
    InstalledModel {
        id: "whisper-tiny.en".to_owned(),
        family: "whisper".to_owned(),
        languages: vec![],
        files,
    }
}

/// The embedded engine is killed and its model is broken, so that it cannot come back: the next one of the order takes over,
/// the real WhisperLiveKit where it is installed.
#[tokio::test]
async fn an_engine_killed_for_good_is_replaced_and_the_words_are_typed_once() {
    let Some(folder) = model() else { return };
    let copy = tempfile::tempdir().unwrap();
    let wlk = installed()
        .is_some_and(|folder| folder.join("whisperlivekit/venv/bin/whisperlivekit-server").is_file());
    let (engine, worker, words, errors) =
        if wlk { ("whisperlivekit", "whisperlivekit", JFK, 0.3) } else { ("second", "second", SECOND, 0.0) };
    if !wlk {
        eprintln!(
            "skipped: WhisperLiveKit is not installed; run `make engines-wlk`. A fake engine takes its place"
        );
    }
    let settings = settings(json!([command("second", SECOND, &[])]), json!(["embedded", engine]));
    let world = World::with(Room::Sentence, settings, Some(real_model(&folder, copy.path()))).await;
    wait_ready(&world, &["speech", worker]).await;

    let row = say(&world).await;
    assert_eq!((row.engine.as_deref(), error_rate(JFK, &row.text)), (Some("embedded"), 0.0), "{row:?}");

    for window in [15, 30] {
        std::fs::write(copy.path().join(format!("{window}s.gguf")), "no model any more").unwrap();
    }
    let pid = world.app.snapshot().workers[0].pid.unwrap();
    signal_pid(pid, rustix::process::Signal::KILL).unwrap();
    let row = say(&world).await;
    assert_eq!((row.state.as_str(), row.engine.as_deref()), ("delivered", Some(engine)), "{row:?}");
    assert!(error_rate(words, &row.text) <= errors, "{row:?}");
    assert_eq!(world.inserted().len(), 2, "each sentence is typed once");
    world.wait(|snapshot| state(snapshot, "speech") == "failed").await;
    let page = world.app.history(HistoryQuery {
        text: String::new(),
        before: None,
        limit: 10,
        ..Default::default()
    });
    assert_eq!(page.await.unwrap().total, 2);
}
