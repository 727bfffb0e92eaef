//! Two programs on one file, and futures dropped half-way.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tonny_store::{Store, UtteranceState};

use crate::{new_utterance, say, search};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_may_start_at_once_on_a_fresh_file() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tonny.db");
        let (a, b, c) = tokio::join!(
            tokio::spawn(Store::open(path.clone())),
            tokio::spawn(Store::open(path.clone())),
            tokio::spawn(Store::open(path.clone())),
        );
        for store in [a, b, c] {
            assert_eq!(store.unwrap().unwrap().utterances().count().await.unwrap(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_write_one_file_without_a_busy_error() {
    const EACH: i64 = 150;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let app = Store::open(&path).await.unwrap();
    let cli = Store::open(&path).await.unwrap();
    let write = |store: Store, name: &'static str| async move {
        for n in 0..EACH {
            say(&store, &format!("{name}{n}"), n, "written by two").await;
            store.utterances().list(&tonny_store::Page { limit: 5, ..Default::default() }).await.unwrap();
        }
    };
    let (a, b) =
        tokio::join!(tokio::spawn(write(app.clone(), "app")), tokio::spawn(write(cli.clone(), "cli")));
    a.unwrap();
    b.unwrap();
    for store in [&app, &cli] {
        assert_eq!(store.utterances().count().await.unwrap(), 2 * EACH.unsigned_abs());
        assert_eq!(search(store, "two", 1000).await.len(), 300);
    }
    assert!(app.check().await.unwrap().is_clean());
    app.close().await.unwrap();
    say(&cli, "last", 1, "the other one works on").await;
    cli.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_without_an_end_keeps_words_in_the_log_and_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let app = Store::open(&path).await.unwrap();
    say(&app, "read", 1, "somebody reads this").await;
    let mut other = SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM utterances").execute(&mut other).await.unwrap();
    say(&app, "gone", 2, "and not this").await;
    app.utterances().delete("gone").await.unwrap();
    let writing = async {
        for n in 0..5 {
            say(&app, &format!("new{n}"), n, "said meanwhile").await;
        }
    };
    let both = async { tokio::join!(app.empty_log(), writing) };
    let (emptied, ()) =
        tokio::time::timeout(Duration::from_secs(10), both).await.expect("nobody waits for the reader");
    assert!(!emptied.unwrap() && app.log_bytes() > 0);
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert!(app.empty_log().await.unwrap() && app.log_bytes() == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_programs_claims_an_utterance() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let stores = [Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap()];
    for n in 0..50 {
        let id = format!("u{n}");
        say(&stores[0], &id, n, "once").await;
        let claim = |store: Store| {
            let id = id.clone();
            tokio::spawn(async move {
                let (from, to) = (UtteranceState::Transcribed, UtteranceState::Delivering);
                store.utterances().claim(&id, from, to).await.unwrap()
            })
        };
        let (a, b) = tokio::join!(claim(stores[0].clone()), claim(stores[1].clone()));
        assert!(a.unwrap() ^ b.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_write_leaves_the_connection_usable() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
    for n in 0..500_i64 {
        let id = format!("u{n}");
        let write = async {
            say(&store, &id, n, "maybe").await;
            store.utterances().delete(&id).await.unwrap();
        };
        let cut = Duration::from_micros(n.unsigned_abs() * 7 % 900);
        drop(tokio::time::timeout(cut, write).await);
    }
    let sure = tokio::time::timeout(Duration::from_secs(5), say(&store, "sure", 1, "kept"));
    sure.await.expect("the writer is free");
    assert!(store.check().await.unwrap().is_clean());
    store.utterances().begin(&new_utterance("next", 2)).await.unwrap();
}
