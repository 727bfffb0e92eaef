//! What a crash, a cancel, a quit or a database that cannot be written leaves behind, and what the next start makes of it:
//! no word is lost, none is typed twice, and nothing comes back that was taken back.

use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::json;
use tonny_core::app::SettingsChange;
use tonny_core::push_to_talk::Gesture;
use tonny_core::settings::Settings;
use tonny_core::snapshot::Phase;
use tonny_store::{FinalText, NewUtterance, Store, UtteranceState};

use super::chain::{FIRST, command, say, settings, wait_ready};
use super::world::{Room, Setup, World};

/// One engine that hears this.
fn hears(words: &str) -> Settings {
    settings(json!([command("first", words, &[])]), json!(["first"]))
}

/// One engine that hears more than any page of a database holds; and what it hears.
fn hears_much() -> (Settings, String) {
    let settings = settings(json!([command("first", FIRST, &["--times", "1500"])]), json!(["first"]));
    (settings, vec![FIRST; 1_500].join(" "))
}

/// One engine that does not come up in time.
fn hears_nothing_yet() -> Settings {
    settings(json!([command("first", FIRST, &["--load-ms", "600000"])]), json!(["first"]))
}

fn types_recovered(settings: Settings) -> Settings {
    settings.with("dictation.type_recovered", true.into()).unwrap()
}

async fn on_disk(folder: &Path) -> Store {
    Store::open(folder.join("tonny.db")).await.unwrap()
}

async fn in_room(store: Store, settings: Settings) -> World {
    World::again(store, settings).await
}

/// Presses; the id of what is being spoken.
async fn press(world: &World) -> String {
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Recording).await;
    world.store.utterances().latest().await.unwrap().unwrap().id
}

/// A row as a crash leaves it.
async fn left(store: &Store, id: &str, state: UtteranceState, text: Option<&str>) {
    let rows = store.utterances();
    let audio_file = Some(format!("{id}.wav"));
    let new =
        NewUtterance { id: id.to_owned(), route: "type".to_owned(), audio_file, ..NewUtterance::default() };
    rows.begin(&new).await.unwrap();
    if let Some(text) = text {
        rows.commit_text(id, &FinalText { text: text.to_owned(), ..FinalText::default() }).await.unwrap();
    }
    rows.set_state(id, state).await.unwrap();
}

#[tokio::test]
async fn cancelled_is_written_at_once_and_no_start_types_it() {
    let world = in_room(Store::in_memory().await.unwrap(), types_recovered(hears_nothing_yet())).await;
    let id = press(&world).await;
    world.app.gesture(Gesture::Cancel, None).await.unwrap();
    let state = async |store: &Store| store.utterances().get(&id).await.unwrap().unwrap().state;
    assert_eq!(state(&world.store).await, UtteranceState::Cancelled);
    let world = in_room(world.crash().await, types_recovered(hears(FIRST))).await;
    wait_ready(&world, &["first"]).await;
    assert_eq!(say(&world).await.text, FIRST);
    assert_eq!(world.inserted(), [FIRST], "only what was said now");
    assert_eq!((state(&world.store).await, world.app.snapshot().recovered), (UtteranceState::Cancelled, 0));
}

#[tokio::test]
async fn what_was_being_said_at_a_quit_is_kept_and_no_crash_is_spoken_of() {
    let folder = tempfile::tempdir().unwrap();
    let world = in_room(on_disk(folder.path()).await, hears_nothing_yet()).await;
    let id = press(&world).await;
    world.quit().await;
    let store = on_disk(folder.path()).await;
    let row = store.utterances().get(&id).await.unwrap().unwrap();
    assert_eq!((row.state, row.error_code.as_deref()), (UtteranceState::Recorded, Some("TT-APP-812")));
    assert_eq!(row.audio_ms, Some(11_000), "its last sound was waited for");
    let mut world = in_room(store, types_recovered(hears(FIRST))).await;
    let told = world.wait_notification("One recording was found again").await;
    assert!(told.contains("was quit") && !told.contains("did not end well"), "{told}");
    let row = world.wait_row(&id, |row| row.state == UtteranceState::Kept).await;
    assert_eq!((row.text.as_deref(), row.error_code), (Some(FIRST), None));
    assert!(world.inserted().is_empty(), "it was meant for another window");
}

#[tokio::test]
async fn words_that_could_not_be_kept_are_typed_once_and_found_again() {
    let (settings, long) = hears_much();
    let settings = settings.with("dictation.keep_audio", false.into()).unwrap();
    let world = in_room(Store::in_memory().await.unwrap(), settings.clone()).await;
    wait_ready(&world, &["first"]).await;
    let id = press(&world).await;
    world.store.freeze_size(true).await.unwrap();
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    let problem = world.wait(|snapshot| snapshot.state == Phase::Idle).await.problem.unwrap();
    assert_eq!(problem.code, "TT-MODEL-206");
    assert_eq!(world.inserted(), [long.as_str()], "a full disk keeps nobody's words from arriving");
    let row = world.store.utterances().get(&id).await.unwrap().unwrap();
    assert_eq!((row.state, row.text), (UtteranceState::Delivering, None));
    assert!(world.files.removed().is_empty(), "the recording is all there is");
    let store = world.crash().await;
    store.freeze_size(false).await.unwrap();
    let world = in_room(store, types_recovered(settings)).await;
    let row = world.wait_row(&id, |row| row.state == UtteranceState::Kept).await;
    assert_eq!(row.text.as_deref(), Some(long.as_str()));
    assert!(world.inserted().is_empty(), "not a second time");
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the test stops the insertion on purpose")]
async fn words_that_could_not_be_kept_at_once_are_kept_before_the_end() {
    let (settings, long) = hears_much();
    let world = in_room(Store::in_memory().await.unwrap(), settings).await;
    wait_ready(&world, &["first"]).await;
    let id = press(&world).await;
    let held = world.hold_insertion();
    world.store.freeze_size(true).await.unwrap();
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world
        .wait(|snapshot| snapshot.problem.as_ref().is_some_and(|problem| problem.code == "TT-MODEL-206"))
        .await;
    world.store.freeze_size(false).await.unwrap();
    drop(held);
    let row = world.wait_row(&id, |row| row.state == UtteranceState::Delivered).await;
    assert_eq!((row.text.as_deref(), world.inserted().len()), (Some(long.as_str()), 1));
}

#[tokio::test]
async fn a_deletion_is_not_undone_by_quitting() {
    let folder = tempfile::tempdir().unwrap();
    let world = in_room(on_disk(folder.path()).await, hears("a xylocanary sang")).await;
    wait_ready(&world, &["first"]).await;
    let id = say(&world).await.id;
    world.app.delete(id.clone()).await.unwrap();
    let files = world.files.clone();
    world.quit().await;
    assert_eq!(files.removed(), std::slice::from_ref(&id));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        // The settings name what the fake engine hears, in quotes; nothing else may.
        let said =
            bytes.windows(13).filter(|part| part.ends_with(b"xylocanary") && !part.starts_with(b"\"a "));
        assert_eq!(said.count(), 0, "{}", path.display());
    }
    assert!(on_disk(folder.path()).await.utterances().get(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn where_nothing_is_kept_an_utterance_goes_as_soon_as_it_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let settings = hears("a xylocanary sang").with("storage.keep_text", false.into()).unwrap();
    let world = in_room(on_disk(folder.path()).await, settings).await;
    wait_ready(&world, &["first"]).await;
    let id = press(&world).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait(|snapshot| snapshot.state == Phase::Idle).await;
    assert_eq!(world.inserted(), ["a xylocanary sang"]);
    assert!(world.store.utterances().get(&id).await.unwrap().is_none());
    assert_eq!(world.files.removed(), [id]);
    let emptied = async {
        while world.store.log_bytes() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), emptied).await.expect("the log is emptied");
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the test stops the insertion on purpose")]
async fn where_nothing_is_kept_a_backup_made_before_the_words_arrived_goes_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let settings = hears("a xylocanary sang").with("storage.keep_text", false.into()).unwrap();
    let world = in_room(on_disk(folder.path()).await, settings).await;
    wait_ready(&world, &["first"]).await;
    let id = press(&world).await;
    let held = world.hold_insertion();
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    world.wait_row(&id, |row| row.state == UtteranceState::Delivering).await;
    let name = world.app.back_up().await.unwrap();
    let backup = world.store.backups_folder().join(name);
    let holds = || std::fs::read(&backup).is_ok_and(|bytes| bytes.windows(7).any(|part| part == b"ry sang"));
    assert!(holds(), "the test sees what is there");
    drop(held);
    world.wait(|snapshot| snapshot.state == Phase::Idle).await;
    let gone = async {
        while backup.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("it goes");
}

/// An engine that repeats itself without end makes more of one sentence than a row may hold.
#[tokio::test]
async fn a_text_too_long_for_a_row_ends_with_every_word_in_the_history() {
    let times = 1_100_000 / (FIRST.len() + 1) + 1;
    let settings =
        settings(json!([command("first", FIRST, &["--times", &times.to_string()])]), json!(["first"]));
    let world = in_room(Store::in_memory().await.unwrap(), settings).await;
    wait_ready(&world, &["first"]).await;
    let id = press(&world).await;
    world.app.gesture(Gesture::Toggle, None).await.unwrap();
    let row = world.wait_row(&id, |row| row.state == UtteranceState::Delivered).await;
    let rest = world.wait_row(&format!("{id}.2"), |row| row.state == UtteranceState::Kept).await;
    let said = vec![FIRST; times].join(" ");
    assert_eq!(world.inserted(), std::slice::from_ref(&said));
    assert!(row.text.unwrap() + &rest.text.unwrap() == said, "to the last character");
    let code = Some("TT-STORE-610");
    assert_eq!((row.error_code.as_deref(), rest.error_code.as_deref()), (code, code));
    assert!(world.store.utterances().unfinished().await.unwrap().is_empty(), "no start does it again");
}

#[tokio::test]
async fn what_a_crash_left_is_typed_once_where_the_user_chose_so() {
    let store = Store::in_memory().await.unwrap();
    left(&store, "a", UtteranceState::Transcribing, None).await;
    left(&store, "b", UtteranceState::Transcribed, Some("known already")).await;
    left(&store, "c", UtteranceState::Delivering, Some("may have arrived")).await;
    left(&store, "d", UtteranceState::Delivering, None).await;
    let mut world = in_room(store, types_recovered(hears(FIRST))).await;
    let told = world.wait_notification("4 recordings were found again").await;
    assert!(told.contains("did not end well"), "{told}");
    for (id, state) in [
        ("a", UtteranceState::Delivered),
        ("b", UtteranceState::Delivered),
        ("c", UtteranceState::Kept),
        ("d", UtteranceState::Kept),
    ] {
        let row = world.wait_row(id, |row| row.state == state && row.text.is_some()).await;
        assert!(row.recovered, "{row:?}");
    }
    let mut inserted = world.inserted();
    inserted.sort();
    assert_eq!(inserted, ["known already", FIRST]);
    assert_eq!(world.store.utterances().get("a").await.unwrap().unwrap().audio_ms, Some(11_000));
    assert!(world.files.mended().len() == 4, "{:?}", world.files.mended());
    let noted = super::done::entries_of(&world, "utterance.recovered", 4).await;
    let mut told: Vec<_> = noted.iter().map(|row| (row.subject.as_deref(), row.success)).collect();
    told.sort_unstable();
    assert_eq!(told, [Some("a"), Some("b"), Some("c"), Some("d")].map(|id| (id, true)));
    let world = in_room(world.crash().await, types_recovered(hears(FIRST))).await;
    wait_ready(&world, &["first"]).await;
    assert!(world.app.snapshot().recovered == 0 && world.inserted().is_empty(), "once");
}

#[tokio::test]
async fn a_recording_without_a_row_is_adopted_and_typed_nowhere() {
    let id = "0190a000-0000-7000-8000-000000000000".to_owned();
    let recordings = vec![id.clone(), "holiday".to_owned()];
    let settings = types_recovered(hears(FIRST));
    let setup = Setup { store: None, room: Room::Sentence, settings, models: Vec::new(), recordings };
    let mut world = World::set_up(setup).await;
    let told = world.wait_notification("One recording was found again").await;
    assert!(!told.contains("did not end well"), "nobody knows: {told}");
    let row = world.wait_row(&id, |row| row.state == UtteranceState::Kept).await;
    assert_eq!((row.text.as_deref(), row.recovered, row.audio_ms), (Some(FIRST), true, Some(11_000)));
    assert!(
        row.started_at_ms > 1_700_000_000_000,
        "when it was spoken, its name says: {}",
        row.started_at_ms
    );
    assert_eq!((world.files.mended(), world.inserted()), (vec![id], Vec::new()));
    assert_eq!(world.store.utterances().count().await.unwrap(), 1, "what is not ours is left alone");
}

/// A minute after the start, and every ten minutes from then on.
#[tokio::test]
async fn clean_ups_and_backups_happen_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let settings = hears_nothing_yet().with("storage.text_count", 1.into()).unwrap();
    let store = on_disk(folder.path()).await;
    left(&store, "a", UtteranceState::Kept, Some("the older one")).await;
    left(&store, "b", UtteranceState::Kept, Some("the newer one")).await;
    let setup =
        Setup { store: Some(store), room: Room::Quiet, settings, models: Vec::new(), recordings: Vec::new() };
    let world = World::set_up_behind(setup, 700_000).await;
    let until_one_is_left = async || {
        let happened = async {
            while world.store.utterances().count().await.unwrap() > 1 || world.store.backups().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let within = std::time::Duration::from_secs(30);
        tokio::time::timeout(within, happened).await.expect("it happens by itself");
    };
    let after_start = |seconds: u64| world.behind_ms.store(700_000 - seconds * 1_000, Ordering::Relaxed);
    assert_eq!((world.store.utterances().count().await.unwrap(), world.store.backups().len()), (2, 0));
    after_start(61);
    until_one_is_left().await;
    left(&world.store, "c", UtteranceState::Kept, Some("the newest one")).await;
    after_start(61 + 601);
    until_one_is_left().await;
    assert!(world.store.utterances().get("c").await.unwrap().is_some());
}

#[tokio::test]
async fn a_forgotten_recording_ends_at_its_longest_time_with_its_words() {
    let settings = hears(FIRST).with("dictation.longest_recording_min", 1.into()).unwrap();
    let world = in_room(Store::in_memory().await.unwrap(), settings).await;
    wait_ready(&world, &["first"]).await;
    world.behind_ms.store(61_000, Ordering::Relaxed);
    press(&world).await;
    world.behind_ms.store(0, Ordering::Relaxed);
    let told = |code: &str| code == "TT-AUDIO-116";
    world.wait(|snapshot| snapshot.problem.as_ref().is_some_and(|problem| told(&problem.code))).await;
    world.wait(|snapshot| snapshot.state == Phase::Idle).await;
    assert_eq!(world.inserted(), [FIRST]);
    let long = SettingsChange::Field("dictation.longest_recording_min".to_owned(), 481.into());
    assert_eq!(world.app.change_settings(long).await.unwrap_err().code, "TT-SETTINGS-702");
}

#[tokio::test]
async fn a_damaged_database_is_told_truly_and_until_somebody_has_looked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let store = Store::open(&path).await.unwrap();
    for n in 0..200 {
        left(&store, &format!("u{n}"), UtteranceState::Kept, Some("enough words to fill more than one page"))
            .await;
    }
    store.close().await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096 * 3..4096 * 8].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open_or_recover(&path).await.unwrap();
    assert!(store.recovery().is_some());
    let mut world = in_room(store, hears(FIRST)).await;
    let told = world.wait_notification("The database was damaged").await;
    assert!(told.contains("no backup") && told.contains("rows were read"), "{told}");
    assert!(told.contains("tonny.db.damaged-1"), "{told}");
    let code = |world: &World| world.app.snapshot().problem.map(|problem| problem.code);
    wait_ready(&world, &["first"]).await;
    say(&world).await;
    assert_eq!(code(&world).as_deref(), Some("TT-STORE-607"), "a press clears what the user has not read");
    world.app.dismiss().await.unwrap();
    world.wait(|snapshot| snapshot.problem.is_none()).await;
}
