//! Every released schema to the newest, from what a release left on disk.

use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteJournalMode;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tonny_store::{ConversationSearch, MessageState, NEWEST_SCHEMA, Search, Store, UtteranceState};

const SCHEMA_1: &str = include_str!("fixtures/schema_1.sql");
const SCHEMA_2: &str = include_str!("fixtures/schema_2.sql");
const SCHEMA_3: &str = include_str!("fixtures/schema_3.sql");

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap()
}

async fn golden(path: &Path) {
    made_of(SCHEMA_1, path).await;
}

async fn made_of(release: &'static str, path: &Path) {
    let mut conn = connect(path).await;
    sqlx::raw_sql(release).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// Every object of a schema, with spaces evened out and without what SQLite and the migrator keep for themselves.
async fn schema(path: &Path) -> Vec<(String, String)> {
    let mut conn = connect(path).await;
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    rows.into_iter()
        .filter(|(name, _)| name != "_sqlx_migrations")
        .map(|(name, sql)| (name, sql.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "")))
        .collect()
}

#[tokio::test]
async fn a_database_of_the_first_release_comes_along_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    golden(&path).await;
    let store = Store::open(&path).await.unwrap();
    assert!(store.check().await.unwrap().is_clean());

    let settings = store.settings().load().await.unwrap().unwrap();
    assert_eq!((settings.json.as_str(), settings.revision), ("{\"dictation\":{\"tail_ms\":120}}", 7));
    let row = store.utterances().get("full").await.unwrap().unwrap();
    assert_eq!(row.text.as_deref(), Some("Zoë's naïve  café – 日本語 🎉"));
    assert_eq!((row.seq, row.profile.as_deref(), row.state), (1, Some("zoe"), UtteranceState::Delivered));
    assert_eq!(
        (row.timings.delivered_ms, row.audio_ms, row.sent_to_webhook),
        (Some(5400), Some(5250), false)
    );
    let again = store.utterances().get("again").await.unwrap().unwrap();
    assert_eq!((again.seq, again.words), (9, 3));
    assert_eq!(store.utterances().get("failed").await.unwrap().unwrap().words, 0);
    assert_eq!(store.utterances().count().await.unwrap(), 4);
    assert_eq!(store.utterances().unfinished().await.unwrap()[0].id, "bare");
    assert_eq!(store.profiles().list().await.unwrap()[0].name, "zoe");

    let search = Search { text: "naive CAFE".to_owned(), limit: 5, ..Search::default() };
    assert_eq!(store.utterances().search(&search).await.unwrap()[0].utterance.id, "full");
    store.utterances().delete("full").await.unwrap();
    assert_eq!(store.utterances().search(&search).await.unwrap(), []);
    store.close().await.unwrap();

    let fresh = folder.path().join("fresh.db");
    Store::open(&fresh).await.unwrap().close().await.unwrap();
    assert_eq!(schema(&path).await, schema(&fresh).await);
}

#[tokio::test]
async fn a_database_of_the_second_schema_comes_along_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    made_of(SCHEMA_2, &path).await;
    let store = Store::open(&path).await.unwrap();
    assert!(store.check().await.unwrap().is_clean());
    assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{\"dictation\":{\"tail_ms\":120}}");
    assert_eq!(store.profiles().active().await.unwrap().unwrap().id, "zoe");
    let row = store.utterances().get("full").await.unwrap().unwrap();
    assert_eq!((row.text.as_deref(), row.speaker.as_deref()), (Some("Zoë's naïve café"), Some("Zoe")));
    let by_zoe = tonny_store::Filter { speaker: Some("Zoe".to_owned()), ..Default::default() };
    let page = tonny_store::Page { limit: 9, filter: by_zoe, ..Default::default() };
    assert_eq!(store.utterances().list(&page).await.unwrap().len(), 1);
    assert_eq!(store.activity().count().await.unwrap(), 1);
    let search = Search { text: "cafe".to_owned(), limit: 5, ..Search::default() };
    assert_eq!(store.utterances().search(&search).await.unwrap().len(), 1);
    store.close().await.unwrap();
    let fresh = folder.path().join("fresh.db");
    Store::open(&fresh).await.unwrap().close().await.unwrap();
    assert_eq!(schema(&path).await, schema(&fresh).await);
}

#[tokio::test]
async fn a_database_of_the_third_schema_comes_along_with_its_talks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    made_of(SCHEMA_3, &path).await;
    let store = Store::open(&path).await.unwrap();
    assert!(store.check().await.unwrap().is_clean());
    assert_eq!(store.utterances().count().await.unwrap(), 2);
    let talk = store.conversations().get("bread").await.unwrap().unwrap();
    assert_eq!((talk.profile.as_deref(), talk.messages, talk.leaf), (Some("zoe"), 4, None));
    assert_eq!((talk.system.as_deref(), talk.updated_at_ms), (Some("Be brief."), 1_795_000_009_000));
    let rows = store.messages().of("bread", None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 5, 6, 9], "the search refers to it");
    assert_eq!((rows[0].utterance.as_deref(), rows[1].parent.as_deref()), (Some("asked"), Some("q1")));
    assert_eq!((rows[1].cost_pico, rows[1].tokens_out), (Some(123_456_000_000), Some(4)));
    assert_eq!((rows[1].notices.as_str(), rows[1].reasoning.as_str()), ("[]", ""));
    assert_eq!((rows[2].state, rows[2].cost_pico, rows[2].deltas), (MessageState::Streaming, None, 0));
    assert_eq!(rows[3].error_code.as_deref(), Some("TT-LLM-120"));
    assert_eq!(rows[3].cost_pico, Some(9_223_372_036_854_000_000), "the most there can be");

    let hits = store.messages().search("dough", None, 9).await.unwrap();
    assert_eq!(hits[0].0.id, "a1");
    let search = ConversationSearch { text: "naive".to_owned(), limit: 9, ..Default::default() };
    assert_eq!(store.conversations().search(&search).await.unwrap()[0].conversation.id, "bread");
    assert_eq!(store.messages().adopt_streaming("TT-LLM-150").await.unwrap(), ["a2"]);
    assert_eq!(store.messages().get("a2").await.unwrap().unwrap().text, "Take fl");

    let long = store.conversations().get("long").await.unwrap().unwrap();
    assert_eq!(long.messages, 1_500);
    let last = store.messages().get("m1500").await.unwrap().unwrap();
    assert_eq!(last.parent.as_deref(), Some("m1499"));
    store.conversations().delete("long").await.unwrap();
    assert!(store.check().await.unwrap().is_clean());
    store.close().await.unwrap();
    let fresh = folder.path().join("fresh.db");
    Store::open(&fresh).await.unwrap().close().await.unwrap();
    assert_eq!(schema(&path).await, schema(&fresh).await);
}

/// The way back: what a migration kept is the old schema, and comes along again to the same end.
#[tokio::test]
async fn a_migration_keeps_a_copy_and_the_copy_migrates_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    golden(&path).await;
    let before = schema(&path).await;
    Store::open(&path).await.unwrap().close().await.unwrap();
    let kept = folder.path().join("backups/schema-1.db");
    let down = folder.path().join("down.db");
    fs::copy(&kept, &down).unwrap();
    assert_eq!(schema(&down).await, before);
    let again = Store::open(&down).await.unwrap();
    let rows = again.utterances().list(&tonny_store::Page { limit: 9, ..Default::default() }).await.unwrap();
    again.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    let page = tonny_store::Page { limit: 9, ..Default::default() };
    assert_eq!(store.utterances().list(&page).await.unwrap(), rows);
    store.close().await.unwrap();
    assert_eq!(schema(&down).await, schema(&path).await);
}

/// A program that dies in the middle leaves the old schema: the crash image is the file and its log as they lie when
/// only so many of the statements have run.
#[tokio::test]
async fn a_death_at_any_statement_of_a_migration_leaves_the_old_schema_or_the_new() {
    let people = include_str!("../../../../migrations/0002_people_and_talks.sql");
    let assistant = include_str!("../../../../migrations/0004_assistant.sql");
    for (release, migration, utterances) in [(SCHEMA_1, people, 4), (SCHEMA_3, assistant, 2)] {
        killed_in(release, &statements(migration), utterances).await;
    }
}

async fn killed_in(release: &'static str, steps: &[&'static str], utterances: u64) {
    let folder = tempfile::tempdir().unwrap();
    assert!(steps.len() > 30, "{}", steps.len());
    for done in 0..=steps.len() {
        let live = folder.path().join("live.db");
        made_of(release, &live).await;
        let before = schema(&live).await;
        let mut conn = connect(&live).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut conn).await.unwrap();
        for step in &steps[..done] {
            sqlx::raw_sql(AssertSqlSafe(*step))
                .execute(&mut conn)
                .await
                .unwrap_or_else(|e| panic!("{step}\n{e}"));
        }
        let image = folder.path().join("image.db");
        for ending in ["", "-wal"] {
            let name = |path: &Path| format!("{}{ending}", path.display());
            fs::copy(name(&live), name(&image)).unwrap();
        }
        conn.close_hard().await.unwrap();
        assert_eq!(schema(&image).await, before, "{done}");
        let store = Store::open(&image).await.unwrap();
        assert_eq!(store.utterances().count().await.unwrap(), utterances);
        store.close().await.unwrap();
        for ending in ["", "-wal", "-shm"] {
            for path in [&live, &image] {
                fs::remove_file(format!("{}{ending}", path.display())).ok();
            }
        }
    }
}

/// The statements of a migration; a trigger's body ends with END.
fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut in_trigger = false;
    let mut at = 0;
    for line in sql.split_inclusive('\n') {
        at += line.len();
        in_trigger |= line.starts_with("CREATE TRIGGER");
        let ends = line.trim_end().ends_with(';') && (!in_trigger || line.starts_with("END;"));
        if ends {
            found.push(&sql[begin..at]);
            (begin, in_trigger) = (at, false);
        }
    }
    found
}

#[tokio::test]
async fn a_future_schema_is_refused_and_the_sentence_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    golden(&path).await;
    let mut conn = connect(&path).await;
    let future = format!("PRAGMA user_version = {}", NEWEST_SCHEMA + 40);
    sqlx::raw_sql(AssertSqlSafe(future)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    let said = Store::open(&path).await.unwrap_err().to_string();
    let (future, known) = (NEWEST_SCHEMA + 40, NEWEST_SCHEMA);
    assert!(said.contains(&format!("schema {future}")) && said.contains(&format!("up to {known}")), "{said}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// What was spent before there were sums of it counts against the budgets of today.
#[tokio::test]
async fn a_ledger_without_sums_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    Store::open(&path).await.unwrap().close().await.unwrap();
    let now = schema(&path).await;
    let mut conn = connect(&path).await;
    sqlx::raw_sql(
        "DROP TABLE egress_spent; DROP TRIGGER egress_ledger_spent_insert; DROP TRIGGER egress_ledger_spent_delete; \
         DROP TRIGGER egress_ledger_spent_update; DROP INDEX egress_ledger_by_provider; \
         CREATE INDEX egress_ledger_by_provider ON egress_ledger (provider, at) WHERE receipt IS NOT NULL; \
         CREATE INDEX egress_ledger_paid ON egress_ledger (at, cost_pico) WHERE cost_pico > 0; \
         DELETE FROM _sqlx_migrations WHERE version = 7; PRAGMA user_version = 6; \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
         INSERT INTO egress_ledger (at, profile, purpose, provider, host, model, bytes_out, bytes_in, tokens_input, \
         tokens_cache_read, tokens_cache_write, tokens_output, tokens_reasoning, cost_pico, is_estimated, rules, receipt) \
         SELECT i * 100000, 'me', 'assistant', 'x', 'x.ai', 'm', 1, 1, 1, 0, 0, 1, 0, nullif(i % 7, 5), 0, '[]', 'r' FROM n",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    for since in [0, 123_456, 900_000, 4_500_001] {
        let spent = (1..=100).filter(|i| i * 100_000 >= since && i % 7 != 5).map(|i| i % 7).sum::<i64>();
        assert_eq!(store.ledger().spent(since).await.unwrap(), spent, "since {since}");
    }
    store.close().await.unwrap();
    assert_eq!(schema(&path).await, now);
}
