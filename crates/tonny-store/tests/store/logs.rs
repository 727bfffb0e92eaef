//! The logs' own file: pages, filters, damage, a lock held by another, and its size under a flood.

use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use tonny_store::{LogLevel, LogOutput, LogQuery, LogStore, NewLog, StoreError};

fn row(at_ms: i64, worker: &str, level: LogLevel) -> NewLog {
    let (worker, kind, text) = (worker.to_owned(), "line".to_owned(), format!("row {at_ms}"));
    NewLog { at_ms, worker, incarnation: 1, level, kind, text, ..NewLog::default() }
}

async fn fresh() -> (tempfile::TempDir, LogStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LogStore::open(folder.path().join("logs.db")).await.unwrap();
    (folder, store)
}

async fn texts(store: &LogStore, query: LogQuery) -> Vec<i64> {
    store.list(&query).await.unwrap().iter().map(|row| row.at_ms).collect()
}

#[tokio::test]
async fn rows_are_found_by_worker_level_and_time_newest_first() {
    let (_folder, store) = fresh().await;
    let levels = [LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    let rows: Vec<NewLog> =
        (0..60).map(|at| row(at, if at % 2 == 0 { "one" } else { "two" }, levels[at as usize % 3])).collect();
    store.append(&rows).await.unwrap();
    let all = LogQuery { limit: 1_000, ..LogQuery::default() };
    assert_eq!(texts(&store, all.clone()).await, (0..60).rev().collect::<Vec<_>>());
    let errors = LogQuery { at_least: LogLevel::Error, ..all.clone() };
    assert_eq!(texts(&store, errors).await, (0..60).rev().filter(|at| at % 3 == 2).collect::<Vec<_>>());
    let warned = LogQuery { at_least: LogLevel::Warn, since_ms: Some(30), ..all.clone() };
    assert_eq!(texts(&store, warned).await, (30..60).rev().filter(|at| at % 3 > 0).collect::<Vec<_>>());
    let of_one = LogQuery { worker: Some("one".into()), at_least: LogLevel::Warn, since_ms: Some(10), ..all };
    let wanted: Vec<i64> = (10..60).rev().filter(|at| at % 2 == 0 && at % 3 > 0).collect();
    assert_eq!(texts(&store, of_one).await, wanted);
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_where_times_are_equal() {
    let (_folder, store) = fresh().await;
    let rows: Vec<NewLog> = (0..25).map(|at| row(at / 10, "one", LogLevel::Warn)).collect();
    store.append(&rows).await.unwrap();
    for worker in [None, Some("one".to_owned())] {
        let mut query = LogQuery { worker, limit: 4, ..LogQuery::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.list(&query).await.unwrap();
            let Some(last) = page.last() else { break };
            query.before = Some((last.at_ms, last.seq));
            seen.extend(page.iter().map(|row| row.seq));
        }
        assert_eq!(seen, (1..=25).rev().collect::<Vec<i64>>());
    }
    let newer = store.after(20, &LogQuery::default()).await.unwrap();
    assert_eq!(newer.iter().map(|row| row.seq).collect::<Vec<_>>(), [21, 22, 23, 24, 25]);
}

#[tokio::test]
async fn an_incident_keeps_its_output_and_lists_do_not_carry_it() {
    let (_folder, store) = fresh().await;
    let said = LogOutput {
        first_lines: "ready\n".into(),
        stdout_tail: "o".repeat(64 * 1024),
        stderr_tail: "e".repeat(64 * 1024),
    };
    let incident =
        NewLog { kind: "incident".into(), output: Some(said.clone()), ..row(1, "one", LogLevel::Error) };
    let rows: Vec<NewLog> =
        (0..40).map(|_| incident.clone()).chain([row(2, "one", LogLevel::Info)]).collect();
    store.append(&rows).await.unwrap();
    assert_eq!(store.output(40).await.unwrap(), Some(said));
    assert_eq!(store.output(41).await.unwrap(), None);
    assert_eq!(store.output(99).await.unwrap(), None);
}

#[tokio::test]
async fn old_rows_are_pruned() {
    let (_folder, store) = fresh().await;
    let rows: Vec<NewLog> = (0..2_500).map(|at| row(at, "one", LogLevel::Info)).collect();
    store.append(&rows).await.unwrap();
    assert_eq!(store.prune(2_400).await.unwrap(), 2_400);
    assert_eq!(texts(&store, LogQuery { limit: 1_000, ..LogQuery::default() }).await.last(), Some(&2_400));
}

#[tokio::test]
async fn a_damaged_file_is_set_aside() {
    for content in ["no database at all".repeat(100), "SQLite format 3\0 and then something else".repeat(200)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.db");
        std::fs::write(&path, &content).unwrap();
        let store = LogStore::open(&path).await.unwrap();
        store.append(&[row(1, "one", LogLevel::Info)]).await.unwrap();
        store.close().await;
        assert_eq!(std::fs::read_to_string(folder.path().join("logs.db.damaged")).unwrap(), content);
        let again = LogStore::open(&path).await.unwrap();
        assert_eq!(texts(&again, LogQuery::default()).await, [1]);
    }
}

#[tokio::test]
async fn a_newer_file_is_left_to_the_newer_program() {
    let (folder, store) = fresh().await;
    let path = store.path().to_owned();
    store.close().await;
    let mut conn = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::query("PRAGMA user_version = 99").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    assert!(matches!(LogStore::open(&path).await, Err(StoreError::Newer { found: 99, .. })));
    assert!(!folder.path().join("logs.db.damaged").exists());
}

#[tokio::test]
async fn a_lock_held_by_another_is_told_within_two_seconds() {
    let (_folder, store) = fresh().await;
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(store.path()).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let begun = Instant::now();
    let (done, error) = store.append(&[row(1, "one", LogLevel::Info)]).await.unwrap_err();
    assert!(done == 0 && error.is_transient() && begun.elapsed() < Duration::from_secs(4), "{error:?}");
    assert_eq!(texts(&store, LogQuery::default()).await, Vec::<i64>::new());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.append(&[row(1, "one", LogLevel::Info)]).await.unwrap();
}

/// Incidents are the largest rows there are: 136 KiB each.
#[tokio::test]
async fn file_and_log_stay_within_their_bounds_under_a_flood() {
    let (folder, store) = fresh().await;
    let output = LogOutput {
        stdout_tail: "o".repeat(64 * 1024),
        stderr_tail: "e".repeat(64 * 1024),
        ..LogOutput::default()
    };
    let incident = NewLog { kind: "incident".into(), output: Some(output), ..row(1, "one", LogLevel::Error) };
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |file| file.len());
    for _ in 0..120 {
        store.append(&vec![incident.clone(); 8]).await.unwrap();
        assert!(
            size("logs.db") <= 64 << 20 && size("logs.db-wal") <= 8 << 20,
            "{} {}",
            size("logs.db"),
            size("logs.db-wal")
        );
    }
    assert!(size("logs.db") > 60 << 20);
}
