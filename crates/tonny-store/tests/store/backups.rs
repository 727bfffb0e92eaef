//! Copies, restores, damaged files, and rows from elsewhere.

use std::fs;
use std::path::Path;

use tonny_store::{
    ConversationDraft, Deed, Deeds, Filter, LedgerEntry, MessageState, NewAttachment, NewMessage, Page, Role,
    Store, StoreError, Utterance, UtteranceState,
};

use crate::talks::{answer, end, message, talk};
use crate::{say, search};

async fn all(store: &Store) -> Vec<Utterance> {
    let page = Page { limit: 1_000, filter: Filter::default(), before: None };
    store.utterances().list(&page).await.unwrap()
}

async fn with_rows(path: &Path, rows: i64) -> Store {
    let store = Store::open(path).await.unwrap();
    for n in 0..rows {
        say(&store, &format!("u{n}"), n, &format!("sentence number {n} about bread")).await;
    }
    store
}

#[tokio::test]
async fn a_backup_holds_every_row_and_none_of_the_deleted_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_rows(&folder.path().join("tonny.db"), 200).await;
    say(&store, "gone", 999, "xylocanary").await;
    store.utterances().delete("gone").await.unwrap();
    let to = folder.path().join("backups/one.db");
    fs::create_dir(folder.path().join("backups")).unwrap();
    store.back_up(&to).await.unwrap();
    let bytes = fs::read(&to).unwrap();
    assert!(!bytes.windows(10).any(|part| part == b"xylocanary"));
    let names: Vec<_> = fs::read_dir(to.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["one.db"], "nothing half-made is left");
    let copy = Store::open(&to).await.unwrap();
    assert_eq!(all(&copy).await, all(&store).await);
    assert_eq!(search(&copy, "bread", 999).await.len(), 200);
}

#[tokio::test]
async fn a_restore_goes_back_keeps_what_was_and_is_seen_by_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let store = with_rows(&path, 20).await;
    let other = Store::open(&path).await.unwrap();
    let (backup, before) = (folder.path().join("b.db"), folder.path().join("before.db"));
    store.back_up(&backup).await.unwrap();
    for n in 0..10 {
        store.utterances().delete(&format!("u{n}")).await.unwrap();
    }
    say(&store, "later", 100, "said after the backup").await;
    store.restore(&backup, &before).await.unwrap();
    assert_eq!(all(&store).await.len(), 20);
    assert_eq!(all(&other).await.len(), 20, "another program sees it at once");
    say(&other, "new", 101, "and writes on").await;
    assert!(store.check().await.unwrap().is_clean());
    let kept = Store::open(&before).await.unwrap();
    assert_eq!(all(&kept).await.len(), 11);
}

#[tokio::test]
async fn what_is_no_sound_backup_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_rows(&folder.path().join("tonny.db"), 50).await;
    let (good, before) = (folder.path().join("good.db"), folder.path().join("before.db"));
    store.back_up(&good).await.unwrap();
    let text = folder.path().join("text.db");
    fs::write(&text, b"no database").unwrap();
    let broken = folder.path().join("broken.db");
    let mut bytes = fs::read(&good).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&broken, bytes).unwrap();
    for wrong in [&text, &broken] {
        let error = store.restore(wrong, &before).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. } | StoreError::BackupBroken { .. })
                || error.is_damaged(),
            "{error:?}"
        );
        assert!(!before.exists());
    }
    assert_eq!(all(&store).await.len(), 50);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_its_rows_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    fs::create_dir(folder.path().join("backups")).unwrap();
    let store = with_rows(&path, 300).await;
    store.settings().save("{\"a\":1}", 1).await.unwrap();
    store.back_up(&folder.path().join("backups/one.db")).await.unwrap();
    store.settings().save("{\"a\":2}", 1).await.unwrap();
    let long = "a very long text ".repeat(2_000);
    say(&store, "long", 400, &long).await;
    say(&store, "late", 401, "after the backup").await;
    store.utterances().set_state("u7", UtteranceState::Kept).await.unwrap();
    store.close().await.unwrap();
    // Page 1 is the schema: without it SQLite finds nothing.
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();

    let store = Store::open_or_recover(&path).await.unwrap();
    let recovery = store.recovery().unwrap().clone();
    assert!(recovery.backup.is_some() && recovery.set_aside.exists(), "{recovery:?}");
    assert_eq!(fs::read(&recovery.set_aside).unwrap(), bytes, "as it was found");
    assert_eq!(all(&store).await.len(), 300, "the backup");
    store.salvage().await.unwrap();
    assert_eq!(all(&store).await.len(), 302);
    assert_eq!(store.utterances().get("long").await.unwrap().unwrap().text.as_deref(), Some(long.as_str()));
    assert_eq!(store.utterances().get("u7").await.unwrap().unwrap().state, UtteranceState::Kept);
    assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{\"a\":2}");
    assert!(store.check().await.unwrap().is_clean());
    store.close().await.unwrap();
    assert_eq!(Store::open_or_recover(&path).await.unwrap().recovery(), None, "once");
}

#[tokio::test]
async fn without_a_backup_what_can_be_read_is_all_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    with_rows(&path, 100).await.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[..4096].fill(0);
    fs::write(&path, bytes).unwrap();
    let store = Store::open_or_recover(&path).await.unwrap();
    assert_eq!(store.recovery().unwrap().backup, None);
    assert_eq!(store.salvage().await.unwrap(), 100);
    assert_eq!(search(&store, "bread", 999).await.len(), 100);
}

#[tokio::test]
async fn a_sound_or_foreign_file_is_not_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    with_rows(&path, 3).await.close().await.unwrap();
    let store = Store::open_or_recover(&path).await.unwrap();
    assert_eq!(store.recovery(), None);
    store.close().await.unwrap();
    let store = Store::open_or_recover(&path).await.unwrap();
    assert_eq!((store.recovery(), store.salvage().await.unwrap()), (None, 0));
}

/// A broken page that a statement met leaves a mark for the next start, and the start that looked takes it away.
#[tokio::test]
async fn who_meets_a_broken_page_has_the_next_start_look_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    with_rows(&path, 300).await.close().await.unwrap();
    let mark = folder.path().join("tonny.db.doubtful");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(all(&store).await.len(), 300);
    assert!(!mark.exists());
    store.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // Not what an opening reads: the pages that hold the rows' texts.
    let texts = |page: &[u8]| page.windows(11).any(|part| part == b"about bread");
    bytes.chunks_mut(4096).filter(|page| texts(page)).for_each(|page| page[..8].fill(0xff));
    fs::write(&path, &bytes).unwrap();
    let store = Store::open(&path).await.unwrap();
    let page = Page { limit: 1_000, filter: Filter::default(), before: None };
    assert!(store.utterances().list(&page).await.unwrap_err().is_damaged());
    assert!(mark.exists());
    drop(store);
    let store = Store::open_or_recover(&path).await.unwrap();
    assert!(store.recovery().is_some() && !mark.exists());
}

#[tokio::test]
async fn people_talks_and_deeds_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    fs::create_dir(folder.path().join("backups")).unwrap();
    let store = with_rows(&path, 20).await;
    store.profiles().put("zoe", "Zoë", "{}", 1).await.unwrap();
    store.profiles().put("tom", "Tom", "{}", 1).await.unwrap();
    store.profiles().activate("tom").await.unwrap();
    let deed = |n: i64| Deed {
        at_ms: n,
        profile: Some("zoe".to_owned()),
        action: "dictate".to_owned(),
        subject: Some(format!("u{n}")),
        success: true,
        ..Deed::default()
    };
    store.activity().note(&deed(1)).await.unwrap();
    store.back_up(&folder.path().join("backups/one.db")).await.unwrap();

    store.profiles().put("zoe", "Zoë B.", "{\"a\":1}", 5).await.unwrap();
    store.profiles().set_voice("zoe", Some(&[1, 2, 3]), 6).await.unwrap();
    store.profiles().activate("zoe").await.unwrap();
    store.activity().note(&deed(2)).await.unwrap();
    let draft = ConversationDraft { id: "c".to_owned(), title: "Bread".to_owned(), ..Default::default() };
    store.conversations().put(&draft, 7).await.unwrap();
    let message = |n: u32, parent: Option<&str>, state| NewMessage {
        id: format!("m{n}"),
        conversation: "c".to_owned(),
        parent: parent.map(str::to_owned),
        role: if parent.is_some() { Role::Assistant } else { Role::User },
        state,
        text: format!("message {n} about flour"),
        provider: None,
        model: None,
        utterance: parent.is_none().then(|| "u3".to_owned()),
        created_at_ms: 8,
    };
    store.messages().add(&message(1, None, MessageState::Complete)).await.unwrap();
    store.messages().add(&message(2, Some("m1"), MessageState::Streaming)).await.unwrap();
    let talk = store.messages().of("c", None, 10).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();

    let store = Store::open_or_recover(&path).await.unwrap();
    assert_eq!(store.profiles().active().await.unwrap().unwrap().id, "tom", "the backup");
    store.salvage().await.unwrap();
    store.salvage().await.unwrap();
    let zoe = store.profiles().active().await.unwrap().unwrap();
    assert_eq!((zoe.id.as_str(), zoe.name.as_str(), zoe.json.as_str()), ("zoe", "Zoë B.", "{\"a\":1}"));
    assert_eq!(store.profiles().voice("zoe").await.unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(store.profiles().list().await.unwrap().len(), 2);
    let deeds = store.activity().list(&Deeds::All, None, 10).await.unwrap();
    assert_eq!(deeds.iter().map(|deed| deed.at_ms).collect::<Vec<_>>(), [2, 1], "each once");
    let mut back = store.messages().of("c", None, 10).await.unwrap();
    assert_eq!(back[1].state, MessageState::Cut, "it was cut off");
    back[1].state = MessageState::Streaming;
    assert_eq!(back, talk);
    assert_eq!(store.messages().search("flour", None, 10).await.unwrap().len(), 2);
    assert_eq!(store.conversations().get("c").await.unwrap().unwrap().title, "Bread");
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_growing_answer_its_branch_attachments_and_the_ledger_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    fs::create_dir(folder.path().join("backups")).unwrap();
    let store = Store::open(&path).await.unwrap();
    talk(&store, "c", "Bread", 1).await;
    store.messages().add_all(&[message("q", None, "?"), answer("a", Some("q"))], Some("a")).await.unwrap();
    store.messages().grow("a", 1, "first ", "hm").await.unwrap();
    let left =
        |at_ms| LedgerEntry { at_ms, rules: "[]".to_owned(), outcome: Some(190), ..Default::default() };
    store.ledger().add(&left(1)).await.unwrap();
    store.back_up(&folder.path().join("backups/one.db")).await.unwrap();

    store.messages().finish("a", &end(MessageState::Complete)).await.unwrap();
    store
        .messages()
        .add_all(&[message("r", Some("a"), "?"), answer("b", Some("r"))], Some("b"))
        .await
        .unwrap();
    for n in 2..5 {
        store.messages().grow("b", n, &format!("dough {n} "), "").await.unwrap();
    }
    let picture = NewAttachment {
        message: "r".to_owned(),
        place: 1,
        name: "loaf.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: vec![7; 20_000],
    };
    store.attachments().add(&picture).await.unwrap();
    store.ledger().add(&left(2)).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();

    let store = Store::open_or_recover(&path).await.unwrap();
    assert!(store.recovery().unwrap().backup.is_some());
    store.salvage().await.unwrap();
    store.salvage().await.unwrap();
    let b = store.messages().get("b").await.unwrap().unwrap();
    assert_eq!((b.text.as_str(), b.deltas, b.state), ("dough 2 dough 3 dough 4 ", 4, MessageState::Cut));
    assert!(store.messages().resume("a").await.unwrap(), "it was complete");
    let a = store.messages().get("a").await.unwrap().unwrap();
    assert_eq!((a.text.as_str(), a.reasoning.as_str(), a.deltas), ("first ", "hm", 1), "once");
    let shown = store.conversations().get("c").await.unwrap().unwrap();
    assert_eq!((shown.leaf.as_deref(), shown.messages), (Some("b"), 4));
    assert_eq!(store.attachments().content("r", 1).await.unwrap(), Some(picture.bytes));
    let rows = store.ledger().list(None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.entry.at_ms).collect::<Vec<_>>(), [2, 1], "each once");
    assert_eq!(store.messages().search("dough", None, 10).await.unwrap().len(), 1);
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_names_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let from = with_rows(&folder.path().join("from.db"), 5).await;
    let mut rows = all(&from).await;
    rows[2].profile = Some("Zoë".to_owned());
    let to = Store::in_memory().await.unwrap();
    say(&to, "u4", 4, "already here").await;
    let mut wrong = rows.clone();
    wrong[3].id = String::new();
    match to.utterances().import(&wrong).await {
        Err(error @ StoreError::RefusedRow { row: 3, .. }) => assert!(error.is_refused_value()),
        other => panic!("{other:?}"),
    }
    assert_eq!(to.utterances().count().await.unwrap(), 1);
    assert_eq!(to.utterances().import(&rows).await.unwrap(), 4);
    assert_eq!(to.utterances().import(&rows).await.unwrap(), 0, "twice is once");
    assert_eq!(to.utterances().get("u4").await.unwrap().unwrap().text.as_deref(), Some("already here"));
    assert_eq!(to.utterances().get("u2").await.unwrap().unwrap().profile.as_deref(), Some("Zoë"));
    assert!(to.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn the_log_is_moved_when_writing_pauses_and_a_vacuum_gives_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let store = with_rows(&path, 10).await;
    let upkeep = tokio::spawn(store.upkeep());
    let long = "words that take room ".repeat(5_000);
    for n in 0..40 {
        say(&store, &format!("long{n}"), n, &long).await;
    }
    // What a checkpoint moved is in the file itself.
    let moved = async {
        loop {
            if fs::read(&path).unwrap().windows(20).any(|part| part == b"words that take room") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), moved).await.expect("moved by itself");
    for n in 0..40 {
        store.utterances().delete(&format!("long{n}")).await.unwrap();
    }
    let before = store.statistics().size().await.unwrap();
    assert!(before.free_bytes > before.bytes / 2, "{before:?}");
    store.vacuum().await.unwrap();
    let after = store.statistics().size().await.unwrap();
    assert!(after.bytes < before.bytes / 2 && after.free_bytes == 0, "{after:?}");
    assert!(store.empty_log().await.unwrap() && store.log_bytes() == 0);
    store.close().await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(5), upkeep)
        .await
        .expect("ends with the store")
        .unwrap();
}
