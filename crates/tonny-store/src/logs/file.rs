//! The file of the logs: how it is opened, how large it may become, how a damaged one is set aside.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::LogStore;
use crate::StoreError;
use crate::error::opening;
use crate::store::{keep_private, prepare};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations/logs");

/// "Tolo" in ASCII, in the header's field for it: this is not the file with the user's words.
const APPLICATION_ID: u32 = 0x546f_6c6f;
/// The number of the last file in `/migrations/logs`. A test holds the two together.
const NEWEST_SCHEMA: i64 = 1;
/// Rows may wait; whoever brings them has better to do.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const PAGE_BYTES: u32 = 4096;
/// 64 MiB; SQLite itself refuses to grow the file beyond.
const MOST_PAGES: i64 = 64 * 1024 * 1024 / PAGE_BYTES as i64;
/// The log is moved into the file at 2 MiB: with the largest transaction, and the one that is written meanwhile, it stays
/// below its 8 MiB.
const LOG_PAGES: &str = "512";
const LOG_LEFT_BYTES: &str = "4194304";

pub(super) async fn open(path: &Path) -> Result<LogStore, StoreError> {
    open_limited(path, MOST_PAGES).await
}

async fn open_limited(path: &Path, most_pages: i64) -> Result<LogStore, StoreError> {
    prepare(path)?;
    keep_private(path)?;
    let writer = connect(path, writer_options(path, most_pages)).await?;
    let mut conn = writer.acquire().await.map_err(|source| opening(path, source))?;
    let outcome = bring_up_to_date(&mut conn, path).await;
    drop(conn);
    if let Err(error) = outcome {
        writer.close().await;
        return Err(error);
    }
    let reader = SqlitePoolOptions::new()
        .max_connections(2)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options(path).pragma("query_only", "ON"));
    Ok(LogStore { writer, reader, path: path.to_owned(), most_pages })
}

/// Only one is kept: it is for whoever looks into the damage.
pub(super) fn set_aside(path: &Path) -> Result<(), StoreError> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    for ending in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::File { path: beside(ending), source: error });
            }
            _ => {}
        }
    }
    match std::fs::rename(path, beside(".damaged")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

async fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT);
    pool.connect_with(options).await.map_err(|source| opening(path, source))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// No secure_delete: what is in here was redacted before, and wiping would double the wear of the disk.
fn writer_options(path: &Path, most_pages: i64) -> SqliteConnectOptions {
    options(path)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        // The last second may be lost with the power, never the file's soundness.
        .pragma("synchronous", "NORMAL")
        .pragma("max_page_count", most_pages.to_string())
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .pragma("journal_size_limit", LOG_LEFT_BYTES)
}

async fn bring_up_to_date(conn: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let failed = |source| opening(path, source);
    let (id, found, cookie): (i64, i64, i64) = sqlx::query_as(
        "SELECT application_id, user_version, schema_version \
         FROM pragma_application_id, pragma_user_version, pragma_schema_version",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(failed)?;
    if cookie != 0 && id != i64::from(APPLICATION_ID) {
        return Err(StoreError::Foreign { path: path.to_owned(), application_id: id as u32 });
    }
    if found > NEWEST_SCHEMA {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: NEWEST_SCHEMA, needs: None });
    }
    if found == NEWEST_SCHEMA {
        return Ok(());
    }
    migrate(conn).await.map_err(|source| StoreError::Migrate { path: path.to_owned(), source })
}

async fn migrate(conn: &mut SqliteConnection) -> Result<(), MigrateError> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATOR.run_direct(None, &mut *transaction, false).await?;
    let names = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {NEWEST_SCHEMA}");
    sqlx::raw_sql(AssertSqlSafe(names)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::logs::{ALL, LogQuery, NewLog};

    async fn fresh() -> (tempfile::TempDir, LogStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::open(folder.path().join("logs.db")).await.unwrap();
        (folder, store)
    }

    #[test]
    fn the_newest_schema_is_the_last_migration() {
        assert_eq!(MIGRATOR.iter().map(|migration| migration.version).max(), Some(NEWEST_SCHEMA));
    }

    #[tokio::test]
    async fn no_statement_scans_the_table_and_no_page_is_sorted() {
        let (_folder, store) = fresh().await;
        let mut conn = store.reader.acquire().await.unwrap();
        for (name, sql) in ALL {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            for step in plan.fetch_all(&mut *conn).await.unwrap() {
                let step: String = step.get("detail");
                let bad = step.starts_with("SCAN") && !step.starts_with("SCAN CONSTANT");
                assert!(!bad && !step.contains("TEMP B-TREE"), "{name}: {step}");
            }
        }
    }

    #[tokio::test]
    async fn the_table_is_strict_and_the_file_has_a_limit() {
        let (_folder, store) = fresh().await;
        let mut conn = store.writer.acquire().await.unwrap();
        let strict: i64 = sqlx::query_scalar("SELECT strict FROM pragma_table_list WHERE name = 'logs'")
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        let most: i64 = sqlx::query_scalar("PRAGMA max_page_count").fetch_one(&mut *conn).await.unwrap();
        assert_eq!((strict, most), (1, MOST_PAGES));
    }

    /// SQLite's own limit, set low, is what a full file looks like.
    #[tokio::test]
    async fn a_full_file_gives_up_its_oldest_rows() {
        let folder = tempfile::tempdir().unwrap();
        let store = open_limited(&folder.path().join("logs.db"), 300).await.unwrap();
        let row = |at_ms| NewLog {
            at_ms,
            worker: "w".into(),
            kind: "line".into(),
            text: "x".repeat(1_000),
            ..NewLog::default()
        };
        for at in 0..3_000 {
            let outcome = store.append(&[row(at)]).await;
            assert!(outcome.is_ok(), "{at}: {outcome:?}");
        }
        let newest = store.list(&LogQuery { limit: 1_000, ..LogQuery::default() }).await.unwrap();
        assert_eq!(newest[0].at_ms, 2_999);
        assert!(newest.len() > 200, "only the oldest went: {}", newest.len());
        assert!(std::fs::metadata(store.path()).unwrap().len() <= 300 * u64::from(PAGE_BYTES));
    }
}
