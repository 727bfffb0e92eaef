//! The App with an operating system made of fakes: what it decides, with no window, no sound card and no clock to wait for.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test owns its tasks and fails by panicking"
)]

mod stories {
    pub mod again;
    pub mod assistant;
    pub mod chain;
    pub mod cleaning;
    pub mod done;
    pub mod language;
    pub mod model_lists;
    pub mod own_log;
    pub mod unfinished;
    pub mod workers;
    pub mod world;
}

use tonny_core::app::secrets::SecretsAsk;
use tonny_core::app::{Checked, HistoryFilter, HistoryQuery, Message, WorkerCommand};
use tonny_core::ports::{Migration, Moved, VaultAsk};
use tonny_core::problem::{Code, Problem};
use tonny_core::push_to_talk::Gesture;
use tonny_core::secrets::{Tried, Typed};
use tonny_core::settings::Settings;
use tonny_core::snapshot::{Phase, Snapshot};

use stories::world::{Room, World};

fn history() -> HistoryQuery {
    HistoryQuery { limit: 10, ..HistoryQuery::default() }
}

fn over(snapshot: &Snapshot) -> bool {
    snapshot.state == Phase::Idle && snapshot.last.is_some()
}

#[tokio::test]
async fn without_a_model_the_recording_is_kept_and_the_code_says_what_to_do() {
    let world = World::start(Room::Quiet).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    let snapshot = world.wait(over).await;
    assert_eq!(snapshot.problem.unwrap().code, "TT-MODEL-201");
    let page = world.app.history(history()).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((row.state.as_str(), row.has_audio, row.audio_ms), ("failed", true, Some(1_000)));
    assert!(world.inserted().is_empty());
}

#[tokio::test]
async fn a_microphone_that_does_not_open_is_named_and_the_key_works_again() {
    let world = World::start(Room::NoMicrophone).await;
    world.app.gesture(Gesture::Press, None).await.unwrap();
    let snapshot = world.wait(|snapshot| snapshot.problem.is_some()).await;
    assert_eq!(snapshot.problem.unwrap().code, "TT-AUDIO-101");
    world.wait(over).await;
    world.app.gesture(Gesture::Release, None).await.unwrap();
    world.app.gesture(Gesture::Press, None).await.unwrap();
    world.wait(|snapshot| snapshot.problem.is_some()).await;
    assert_eq!(world.app.history(history()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_deletion_can_be_taken_back() {
    let world = World::start(Room::Quiet).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    let id = world.wait(over).await.last.unwrap().id;
    world.app.delete(id.clone()).await.unwrap();
    assert!(world.app.history(history()).await.unwrap().rows.is_empty());
    world.app.restore(id.clone()).await.unwrap();
    assert_eq!(world.app.history(history()).await.unwrap().rows[0].id, id);
    assert_eq!(world.app.restore(id).await.unwrap_err().code, "TT-STORE-604");
}

#[tokio::test]
async fn what_was_cancelled_can_be_brought_back() {
    let world = World::start(Room::Quiet).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    world.app.gesture(Gesture::Cancel, None).await.unwrap();
    let last = world.wait(over).await.last.unwrap();
    assert_eq!(last.state, "cancelled");
    world.app.bring_back(last.id.clone()).await.unwrap();
    // This world has no recordings to read: what counts is that it was taken up again.
    let id = last.id.clone();
    let taken_up = async {
        while world.app.history_row(id.clone()).await.unwrap().state == "cancelled" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), taken_up).await.unwrap();
    assert_eq!(world.app.history_row(last.id.clone()).await.unwrap().error_code.unwrap(), "TT-AUDIO-111");
    assert_eq!(world.app.bring_back(last.id).await.unwrap_err().code, "TT-STORE-604", "only once");
}

#[tokio::test]
async fn the_storage_page_counts_and_a_filter_narrows() {
    let world = World::start(Room::Quiet).await;
    for _ in 0..2 {
        world.app.gesture(Gesture::Toggle, None).await.unwrap();
        world.wait(|snapshot| snapshot.state == Phase::Recording).await;
        world.app.gesture(Gesture::Toggle, None).await.unwrap();
        world.wait(|snapshot| snapshot.state == Phase::Idle).await;
    }
    assert_eq!(world.app.storage().await.unwrap().utterances, 2);
    assert_eq!(world.app.check_storage().await.unwrap(), Checked::default());
    let state = |state: &str| HistoryQuery {
        limit: 10,
        filter: HistoryFilter { state: Some(state.to_owned()), ..HistoryFilter::default() },
        ..HistoryQuery::default()
    };
    assert_eq!(world.app.history(state("failed")).await.unwrap().rows.len(), 2);
    assert!(world.app.history(state("delivered")).await.unwrap().rows.is_empty());
    assert_eq!(world.app.history(state("lost")).await.unwrap_err().code, "TT-APP-803");
    assert!(world.app.clean_up().await.unwrap().is_nothing());
}

#[tokio::test]
async fn settings_are_checked_kept_and_told_to_the_desktop() {
    let mut world = World::start(Room::Quiet).await;
    let change =
        |key: &str, value: serde_json::Value| tonny_core::app::SettingsChange::Field(key.to_owned(), value);
    let wrong = world.app.change_settings(change("dictation.tail_ms", (-1).into())).await.unwrap_err();
    assert_eq!(wrong.code, "TT-SETTINGS-702");
    let new = world.app.change_settings(change("hotkeys.dictate", "Ctrl+Alt+D".into())).await.unwrap();
    assert_eq!(new.hotkeys.dictate, "Ctrl+Alt+D");
    let kept = world.store.settings().load().await.unwrap().unwrap();
    assert_eq!(Settings::from_json(&kept.json, kept.version), (new.clone(), None));
    world
        .wait_wish(|wish| matches!(wish, tonny_core::app::DesktopWish::Apply(settings) if **settings == new))
        .await;
}

#[tokio::test]
async fn unknown_routes_and_workers_are_refused_by_name() {
    let world = World::start(Room::Quiet).await;
    let route = world.app.gesture(Gesture::Press, Some("moon".to_owned())).await.unwrap_err();
    assert!(route.code == "TT-APP-805" && route.message.contains("moon"));
    assert_eq!(
        world.app.command_worker("moon".to_owned(), WorkerCommand::Restart).await.unwrap_err().code,
        "TT-APP-806"
    );
    assert_eq!(world.app.snapshot().state, Phase::Idle);
}

#[tokio::test]
async fn a_secret_is_checked_and_kept_and_the_snapshot_only_counts() {
    let world = World::start(Room::Quiet).await;
    let set = |id: &str, value: &str| {
        let (id, value) = (id.to_owned(), Typed::new(value.to_owned()));
        world.app.secrets(|reply| SecretsAsk::Set(id, value, false, reply))
    };
    let kept = set("openai", "sk-proj-0123456789abcdefghij").await.unwrap();
    assert_eq!((kept.id.as_str(), kept.tried), ("openai", Tried::Not));
    let snapshot = world.wait(|snapshot| snapshot.secrets_version > 0).await;
    assert!(!serde_json::to_string(&snapshot).unwrap().contains("0123456789"));
    assert_eq!(set("openai", "xai-0123456789abcdefghij").await.unwrap_err().code, "TT-SECRET-1021");
    assert_eq!(set("no such kind", "x").await.unwrap_err().code, "TT-SECRET-1022");
    let clear = |id: &str| {
        let id = id.to_owned();
        world.app.secrets(|reply| SecretsAsk::Clear(id, reply))
    };
    assert!(clear("openai").await.unwrap() && !clear("openai").await.unwrap());
}

#[tokio::test]
async fn a_vault_that_never_answers_keeps_nobody_else_waiting() {
    let world = World::start(Room::Quiet).await;
    let app = world.app.clone();
    let report = tokio::spawn(async move { app.secrets(SecretsAsk::Report).await });
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    assert!(!report.is_finished());
    report.abort();
}

#[tokio::test]
async fn a_file_that_locks_itself_is_news_for_the_window() {
    let world = World::start(Room::Quiet).await;
    for round in 1..=2 {
        let VaultAsk::LocksItself(watcher) =
            world.drawer.asked(|ask| matches!(ask, VaultAsk::LocksItself(_))).await
        else {
            unreachable!("asked for it")
        };
        watcher.send(Ok(())).expect("somebody waits");
        world.wait(|snapshot| snapshot.secrets_version == round).await;
    }
}

#[tokio::test]
async fn old_secrets_that_could_not_be_moved_are_told_once_and_tried_again() {
    let world = World::start(Room::Quiet).await;
    let migrate = || async {
        let ask = world.drawer.asked(|ask| matches!(ask, VaultAsk::Migrate(_))).await;
        let VaultAsk::Migrate(answer) = ask else { unreachable!("asked for it") };
        answer
    };
    let silent = || Err(Problem::of(Code::VaultSilent));
    migrate().await.send(silent()).expect("somebody waits");
    let told = |problem: &Problem| problem.is(Code::MigrationWaits) && problem.message.contains("keyring");
    world.wait(|snapshot| snapshot.problem.as_ref().is_some_and(told)).await;
    world.app.send(Message::Dismiss).await;
    world.wait(|snapshot| snapshot.problem.is_none()).await;
    // Something changed about secrets: again, and the same answer is not told twice.
    world.app.send(Message::SecretsChanged).await;
    migrate().await.send(silent()).expect("somebody waits");
    world.app.send(Message::VaultWorks).await;
    let moved = Moved { id: "openai".to_owned(), from: "config.json".to_owned() };
    let version = world.app.snapshot().secrets_version;
    migrate().await.send(Ok(Migration { moved: vec![moved], left: Vec::new() })).expect("somebody waits");
    let snapshot = world.wait(|snapshot| snapshot.secrets_version > version).await;
    assert_eq!(snapshot.problem, None);
}
