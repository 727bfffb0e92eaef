//! Clean-up, backups and restores over a real database and a real folder of recordings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tonny_core::app::storage::{Places, Rooms, back_up, clean_up, delete_for_good, restore, upkeep, view};
use tonny_core::ports::{AudioFiles, Disk};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::Secret;
use tonny_core::settings::Storage;
use tonny_store::{Deed, Deeds, FinalText, NewUtterance, Outcome, Store, UtteranceState};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: i64 = 20_000 * DAY;

struct Folder;

impl AudioFiles for Folder {
    fn read(&self, wav: &Path, _key: Option<&Secret>) -> Result<Arc<[i16]>, Problem> {
        Err(Problem::with(Code::AudioUnreadable, wav.display()))
    }

    fn set_seal(&self, _folder: &Path, _public: Option<&str>) -> Result<(), Problem> {
        Ok(())
    }

    fn has_seal(&self, _folder: &Path) -> bool {
        false
    }

    fn seal_all(&self, _folder: &Path) -> Result<u32, Problem> {
        Ok(0)
    }

    fn ids(&self, _folder: &Path) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }

    fn size(&self, folder: &Path) -> Result<(u64, u64), Problem> {
        Ok((fs::read_dir(folder).unwrap().count() as u64, 0))
    }

    fn set_room_aside(&self, _folder: &Path) -> Result<bool, Problem> {
        Ok(true)
    }

    fn mend(&self, _wav: &Path) -> Result<bool, Problem> {
        Ok(false)
    }

    fn remove(&self, wav: &Path) -> Result<(), Problem> {
        let _ = fs::remove_file(wav);
        Ok(())
    }
}

struct Sizes;

impl Disk for Sizes {
    fn bytes_in(&self, folder: &Path) -> u64 {
        if folder.ends_with("logs") { 7 } else { 11 }
    }

    fn free_bytes(&self, _folder: &Path) -> Option<u64> {
        Some(13)
    }
}

struct Home {
    folder: tempfile::TempDir,
    places: Places,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let audio = folder.path().join("audio");
        fs::create_dir(&audio).unwrap();
        let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
        Home { places: Places { store, audio: Arc::new(Folder), folder: audio }, folder }
    }

    fn rooms(&self) -> Rooms {
        let folder = self.folder.path();
        Rooms { disk: Arc::new(Sizes), logs: folder.join("logs"), models: folder.join("models") }
    }

    fn wav(&self, id: &str) -> PathBuf {
        self.places.folder.join(format!("{id}.wav"))
    }

    async fn add(&self, id: &str, age_ms: i64, state: UtteranceState, text: &str) {
        let new = NewUtterance {
            id: id.to_owned(),
            started_at_ms: NOW - age_ms,
            route: "type".to_owned(),
            audio_file: Some(format!("{id}.wav")),
            ..NewUtterance::default()
        };
        let rows = self.places.store.utterances();
        rows.begin(&new).await.unwrap();
        fs::write(self.wav(id), text).unwrap();
        rows.note_audio(id, 1_000).await.unwrap();
        rows.commit_text(id, &FinalText { text: text.to_owned(), ..FinalText::default() }).await.unwrap();
        rows.finish(id, &Outcome::of(state)).await.unwrap();
    }

    async fn has(&self, id: &str) -> bool {
        self.places.store.utterances().get(id).await.unwrap().is_some()
    }

    /// Every file below the home that holds these bytes.
    fn holding(&self, needle: &[u8]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path).unwrap().windows(needle.len()).any(|part| part == needle) {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn without_limits() -> Storage {
    let none =
        Storage { audio_mb: 0, activity_days: 0, activity_count: 0, activity_mb: 0, ..Storage::default() };
    Storage { cancelled_hours: 8_760, ..none }
}

#[tokio::test]
async fn each_kind_has_limits_of_its_own() {
    let home = Home::new().await;
    for (id, days) in [("a", 40), ("b", 20), ("c", 1)] {
        home.add(id, days * DAY, UtteranceState::Delivered, "words").await;
        let deed = Deed { at_ms: NOW - days * DAY, action: "dictate".to_owned(), ..Deed::default() };
        home.places.store.activity().note(&deed).await.unwrap();
    }
    assert!(clean_up(&home.places, &without_limits(), NOW).await.unwrap().is_nothing());
    let limits = Storage { text_days: 30, audio_days: 10, activity_count: 1, ..without_limits() };
    let cleaned = clean_up(&home.places, &limits, NOW).await.unwrap();
    assert_eq!((cleaned.utterances, cleaned.recordings, cleaned.activity), (1, 1, 2));
    assert!(!home.has("a").await && home.has("b").await);
    assert!(!home.wav("a").exists() && !home.wav("b").exists() && home.wav("c").exists());
    assert_eq!(home.places.store.utterances().get("b").await.unwrap().unwrap().audio_file, None);
    assert!(clean_up(&home.places, &limits, NOW).await.unwrap().is_nothing(), "once is enough");
}

#[tokio::test]
async fn the_activity_takes_no_more_room_than_it_may() {
    let home = Home::new().await;
    let activity = home.places.store.activity();
    for at_ms in 0..300 {
        // 8,000 bytes a row, its numbers among them.
        let detail = Some("x".repeat(7_929));
        let deed = Deed { at_ms, action: "dictate".to_owned(), detail, ..Deed::default() };
        activity.note(&deed).await.unwrap();
    }
    let limits = Storage { activity_mb: 2, ..without_limits() };
    assert_eq!(clean_up(&home.places, &limits, NOW).await.unwrap().activity, 50);
    assert_eq!(
        activity.list(&Deeds::All, None, 999).await.unwrap().last().unwrap().at_ms,
        50,
        "the oldest went"
    );
    assert!(clean_up(&home.places, &limits, NOW).await.unwrap().is_nothing(), "once is enough");
}

/// The lines of an old log have old dates; what was just imported is not what is over the limits.
#[tokio::test]
async fn an_imported_log_is_as_old_as_its_import() {
    let home = Home::new().await;
    let activity = home.places.store.activity();
    let deed = |at_ms, action: &str| Deed { at_ms, action: action.to_owned(), ..Deed::default() };
    let log = [deed(NOW - 900 * DAY, "log.error"), deed(NOW - 899 * DAY, "log.info")];
    activity.note(&deed(NOW - 400 * DAY, "dictate")).await.unwrap();
    activity.note(&deed(NOW - 2 * DAY, "dictate")).await.unwrap();
    activity.import(&log).await.unwrap();
    activity.note(&deed(NOW, "history.import")).await.unwrap();
    let limits = Storage { activity_days: 365, backups: false, ..without_limits() };
    assert_eq!(
        upkeep(&home.places, &limits, NOW, true).await.unwrap().activity,
        1,
        "the own one of long ago"
    );
    let over = Storage { activity_count: 3, backups: false, ..without_limits() };
    assert_eq!(upkeep(&home.places, &over, NOW, true).await.unwrap().activity, 1, "what was entered first");
    let left = activity.list(&Deeds::All, None, 9).await.unwrap();
    let left: Vec<_> = left.into_iter().map(|row| row.action).collect();
    assert_eq!(left, ["history.import", "log.info", "log.error"]);
    assert_eq!(upkeep(&home.places, &limits, NOW + 366 * DAY, true).await.unwrap().activity, 3);
}

#[tokio::test]
async fn what_is_under_way_and_what_was_just_cancelled_stays() {
    let home = Home::new().await;
    home.add("old", 3 * DAY, UtteranceState::Recording, "words").await;
    home.add("cancelled", 2 * HOUR, UtteranceState::Cancelled, "words").await;
    home.add("kept", 50 * DAY, UtteranceState::Kept, "words").await;
    let limits = Storage { cancelled_hours: 24, ..without_limits() };
    assert!(clean_up(&home.places, &limits, NOW).await.unwrap().is_nothing());
    let strict = Storage { text_days: 1, cancelled_hours: 1, ..without_limits() };
    assert_eq!(clean_up(&home.places, &strict, NOW).await.unwrap().utterances, 2);
    assert!(home.has("old").await && !home.has("cancelled").await && !home.has("kept").await);
}

#[tokio::test]
async fn where_nothing_is_kept_nothing_stays_in_any_file() {
    let home = Home::new().await;
    for n in 0..50 {
        home.add(&format!("u{n}"), n * HOUR, UtteranceState::Delivered, "xylocanary and more words").await;
    }
    back_up(&home.places.store, "auto-", time::OffsetDateTime::UNIX_EPOCH).await.unwrap();
    assert!(home.holding(b"xylocanary").len() >= 51, "the test sees what is there");
    let nothing = Storage { keep_text: false, ..without_limits() };
    let cleaned = upkeep(&home.places, &nothing, NOW, true).await.unwrap();
    assert_eq!((cleaned.utterances, cleaned.backups), (50, 1));
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new());
    assert_eq!(home.places.store.backups().len(), 1, "a fresh one in place of the old");
}

/// Whoever deleted the words: a backup is judged by what is in it.
#[tokio::test]
async fn where_nothing_is_kept_no_backup_holds_what_the_database_let_go() {
    let home = Home::new().await;
    let (store, epoch) = (&home.places.store, time::OffsetDateTime::UNIX_EPOCH);
    let nothing = Storage { keep_text: false, ..without_limits() };
    home.add("young", HOUR, UtteranceState::Kept, "it did not arrive").await;
    back_up(store, "auto-1-", epoch).await.unwrap();
    home.add("cleaned", DAY, UtteranceState::Delivered, "xylocanary").await;
    back_up(store, "auto-2-", epoch).await.unwrap();
    back_up(store, "manual-", epoch).await.unwrap();
    // All that the terminal's clean-up does.
    let cleaned = clean_up(&home.places, &nothing, NOW).await.unwrap();
    assert_eq!((cleaned.utterances, cleaned.backups), (1, 2));
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new());
    assert_eq!(store.backups().len(), 1, "one that holds only what is still there stays");
    // As a delivery does that meets a backup made a moment before.
    home.add("forgotten", 0, UtteranceState::Delivering, "xylocanary").await;
    back_up(store, "auto-3-", epoch).await.unwrap();
    store.utterances().delete("forgotten").await.unwrap();
    fs::remove_file(home.wav("forgotten")).unwrap();
    assert_eq!(upkeep(&home.places, &nothing, NOW, true).await.unwrap().backups, 1);
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new());
    // What cannot be read may hold anything; what a dead program left half-made, too.
    let folder = store.backups_folder();
    fs::write(folder.join("auto-4.db"), "xylocanary").unwrap();
    let part = folder.join("auto-5.db.part");
    fs::write(&part, "xylocanary").unwrap();
    clean_up(&home.places, &nothing, NOW).await.unwrap();
    assert_eq!(home.holding(b"xylocanary"), std::slice::from_ref(&part), "it may be in the making");
    let hours_ago = std::time::Duration::from_millis((NOW - 2 * HOUR).unsigned_abs());
    fs::File::open(&part).unwrap().set_modified(std::time::UNIX_EPOCH + hours_ago).unwrap();
    clean_up(&home.places, &nothing, NOW).await.unwrap();
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_hour_with_a_change_makes_a_backup_and_a_restore_can_be_undone() {
    let home = Home::new().await;
    home.add("a", DAY, UtteranceState::Delivered, "first").await;
    let now = home.places.store.changed_ms();
    upkeep(&home.places, &without_limits(), now, true).await.unwrap();
    upkeep(&home.places, &without_limits(), now, true).await.unwrap();
    let backups = home.places.store.backups();
    assert_eq!(backups.len(), 1, "{backups:?}");
    home.add("b", HOUR, UtteranceState::Delivered, "second").await;
    let utc = time::OffsetDateTime::UNIX_EPOCH;
    restore(&home.places.store, &backups[0].name, utc).await.unwrap();
    assert!(home.has("a").await && !home.has("b").await);
    restore(&home.places.store, "before-restore-19700101T000000Z.db", utc + time::Duration::SECOND)
        .await
        .unwrap();
    assert!(home.has("b").await);
    let unknown = restore(&home.places.store, "../tonny.db", utc).await.unwrap_err();
    assert!(unknown.is(Code::BackupBroken));
    let seen = view(&home.places, home.rooms()).await.unwrap();
    assert_eq!((seen.utterances, seen.words, seen.backups.len()), (2, 2.0, 3));
}

#[tokio::test]
async fn a_backup_by_itself_is_written_down_and_asks_for_no_other() {
    let home = Home::new().await;
    let store = &home.places.store;
    home.add("a", DAY, UtteranceState::Delivered, "first").await;
    let now = store.changed_ms();
    let noted = async || {
        let made = Deeds::OfAction("backup.make".to_owned());
        let rows = store.activity().list(&made, None, 9).await.unwrap();
        rows.into_iter().map(|row| (row.subject.unwrap(), row.success)).collect::<Vec<_>>()
    };
    upkeep(&home.places, &without_limits(), now, true).await.unwrap();
    let first = store.backups()[0].name.clone();
    assert_eq!(noted().await, [(first.clone(), true)]);
    // Nothing was done since but that: an hour later there is nothing to back up.
    upkeep(&home.places, &without_limits(), now + 2 * HOUR, true).await.unwrap();
    assert_eq!((store.backups().len(), noted().await.len()), (1, 1));
    home.add("b", DAY, UtteranceState::Delivered, "second").await;
    upkeep(&home.places, &without_limits(), now + 4 * HOUR, true).await.unwrap();
    assert_eq!((store.backups().len(), noted().await.len()), (2, 2));
    // A folder where the backups should be made is in the way of the next one's file.
    home.add("c", DAY, UtteranceState::Delivered, "third").await;
    store.backups().iter().for_each(|backup| store.remove_backup(backup));
    fs::remove_dir(store.backups_folder()).unwrap();
    fs::write(store.backups_folder(), "in the way").unwrap();
    upkeep(&home.places, &without_limits(), now + 6 * HOUR, true).await.unwrap_err();
    let rows = store.activity().list(&Deeds::All, None, 1).await.unwrap();
    assert!(!rows[0].success && rows[0].error_code.is_some(), "{rows:?}");
}

#[tokio::test]
async fn a_deletion_takes_the_recording_first() {
    let home = Home::new().await;
    home.add("a", DAY, UtteranceState::Delivered, "words").await;
    home.add("b", DAY, UtteranceState::Delivered, "xylocanary").await;
    home.add("c", DAY, UtteranceState::Delivered, "xylocanary too").await;
    assert!(!home.holding(b"xylocanary").is_empty());
    let ids = ["b", "c", "b", "none"].map(str::to_owned);
    assert!(delete_for_good(&home.places, &ids).await.unwrap());
    assert!(!home.has("b").await && !home.wav("b").exists() && home.has("a").await);
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new(), "in no file, the log included");
}

#[tokio::test]
async fn one_sweep_removes_every_cancelled_one_however_many_there_are() {
    let home = Home::new().await;
    for n in 0..2_100 {
        let new = NewUtterance {
            id: format!("c{n}"),
            // Many at the same moment: a page ends between two of them.
            started_at_ms: NOW - 3 * DAY + i64::from(n % 3),
            route: "type".to_owned(),
            ..NewUtterance::default()
        };
        home.places.store.utterances().begin(&new).await.unwrap();
        home.places.store.utterances().set_state(&new.id, UtteranceState::Cancelled).await.unwrap();
    }
    home.add("young", HOUR, UtteranceState::Cancelled, "words").await;
    home.add("kept", 3 * DAY, UtteranceState::Kept, "words").await;
    let limits = Storage { cancelled_hours: 24, ..without_limits() };
    assert_eq!(clean_up(&home.places, &limits, NOW).await.unwrap().utterances, 2_100);
    assert!(home.has("young").await && home.has("kept").await);
}

#[tokio::test]
async fn words_deleted_elsewhere_leave_the_log_with_the_next_clean_up() {
    let home = Home::new().await;
    home.add("a", DAY, UtteranceState::Delivered, "xylocanary").await;
    // By a program that could not empty the log.
    home.places.store.utterances().delete("a").await.unwrap();
    fs::remove_file(home.wav("a")).unwrap();
    assert!(!home.holding(b"xylocanary").is_empty(), "the test sees what is there");
    assert!(clean_up(&home.places, &without_limits(), NOW).await.unwrap().is_nothing());
    assert_eq!(home.holding(b"xylocanary"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn damaged_files_and_backups_nobody_replaces_go_after_a_month() {
    let home = Home::new().await;
    home.add("a", DAY, UtteranceState::Delivered, "words").await;
    back_up(&home.places.store, "auto-", time::OffsetDateTime::UNIX_EPOCH).await.unwrap();
    let damaged = home.folder.path().join("tonny.db.damaged-1");
    let before = view(&home.places, home.rooms()).await.unwrap().database_bytes;
    for path in [damaged.clone(), home.folder.path().join("tonny.db.damaged-1-wal")] {
        fs::write(path, vec![1; 5_000]).unwrap();
    }
    let after = view(&home.places, home.rooms()).await.unwrap().database_bytes;
    assert_eq!(after - before, 10_000.0, "they are counted");
    let now = home.places.store.changed_ms();
    let off = Storage { backups: false, ..without_limits() };
    upkeep(&home.places, &off, now + 29 * DAY, true).await.unwrap();
    assert!(damaged.exists() && home.places.store.backups().len() == 1);
    assert_eq!(upkeep(&home.places, &off, now + 31 * DAY, true).await.unwrap().backups, 1);
    assert!(home.places.store.damaged_files().is_empty() && home.places.store.backups().is_empty());
    fs::write(&damaged, "words").unwrap();
    let nothing = Storage { keep_text: false, ..off };
    upkeep(&home.places, &nothing, now, true).await.unwrap();
    assert!(!damaged.exists(), "where nothing is kept, at once");
}

#[tokio::test]
async fn a_backup_somebody_made_and_the_way_back_to_the_last_schema_stay_for_good() {
    let home = Home::new().await;
    home.add("a", DAY, UtteranceState::Delivered, "words").await;
    let (store, now) = (&home.places.store, time::OffsetDateTime::UNIX_EPOCH);
    for kind in ["manual-", "before-restore-", "auto-"] {
        back_up(store, kind, now).await.unwrap();
    }
    let folder = store.backups_folder();
    for name in ["schema-1.db", "schema-2.db", "schema-10.db", "mine.db"] {
        fs::copy(folder.join("manual-19700101T000000Z.db"), folder.join(name)).unwrap();
    }
    let later = store.changed_ms() + 40 * DAY;
    let off = Storage { backups: false, ..without_limits() };
    assert_eq!(upkeep(&home.places, &off, later, true).await.unwrap().backups, 4);
    let mut names: Vec<String> = store.backups().into_iter().map(|backup| backup.name).collect();
    names.sort();
    assert_eq!(names, ["manual-19700101T000000Z.db", "mine.db", "schema-10.db"]);
    // Where nothing is kept they go with the words they hold.
    let nothing = Storage { keep_text: false, ..off };
    assert_eq!(upkeep(&home.places, &nothing, later, true).await.unwrap().backups, 3);
    assert_eq!(store.backups(), []);
}
