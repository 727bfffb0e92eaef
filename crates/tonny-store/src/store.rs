//! Opens the file, keeps its connections, checks and closes it.
//!
//! Before SQLite may touch a file, `store/header.rs` has read its first bytes: a file of a newer program, of another
//! program, or of no database at all is refused as it lies. All writes go through one connection per program, each as
//! one statement in a transaction of its own, which takes the write lock at its start; reads have connections that
//! cannot write. Migrations are the only longer transaction, and run under BEGIN IMMEDIATE so that two programs that
//! start at once on a fresh file do them once.

mod header;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite, SqliteConnection};

use crate::error::{is_busy, opening};
use crate::{Settings, StoreError, Utterances};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The schema this program writes: the number of the last file in `/migrations`. A test holds the two together.
pub const NEWEST_SCHEMA: i64 = 1;

/// "Tony" in ASCII, in the header's field for it: `file` and we tell our databases from others by it.
pub(crate) const APPLICATION_ID: u32 = 0x546f_6e79;

/// Older ones can corrupt a WAL that two connections reset at once (release notes of SQLite 3.51.3).
const OLDEST_ENGINE: (&str, (u32, u32, u32)) = ("3.51.3", (3, 51, 3));

/// How long a statement waits for another program's write; theirs take milliseconds, so this is a net.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than the busy timeout, so that the statement ahead in the queue fails first and says why.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A list, a search and a status question at once; each is over in milliseconds.
const READERS: u32 = 3;

/// The quit deadline of the app is 5 s; a checkpoint that another program's reader holds up is left to the next start.
const CLOSE_BUSY_MS: u32 = 500;

/// Whether a write must survive a power cut or only the death of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// In the WAL; the next checkpoint or full write syncs it.
    Process,
    /// Synced to the disk before the call returns.
    Power,
}

/// The database. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    path: PathBuf,
}

/// What `Store::check` found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CheckReport {
    /// One sentence per finding, all of them; empty when the database is sound.
    pub findings: Vec<String>,
}

impl CheckReport {
    /// Nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Store {
    /// Opens `path`, making it (0600) and its folder (0700) where absent, and brings its schema up to date.
    ///
    /// # Errors
    /// `Newer`, `Foreign` and `Damaged` leave the file as it lies; `File` names a file or folder that cannot be used.
    pub async fn open(path: impl AsRef<Path>) -> Result<Store, StoreError> {
        let path = path.as_ref();
        header::prepare(path)?;
        header::refuse_unknown(path).await?;
        header::keep_private(path)?;

        let options = shared_options()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What a checkpoint leaves of the WAL file; bounds it after a burst.
            .pragma("journal_size_limit", "8388608");
        let writer = connect_writer(path, options).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(shared_options().filename(path).pragma("query_only", "ON"));
        let store = Store { writer, readers, path: path.to_owned() };
        store.bring_up_to_date().await?;
        Ok(store)
    }

    /// A database that ends with the last clone.
    ///
    /// # Errors
    /// Only when memory is out or the linked SQLite too old.
    pub async fn in_memory() -> Result<Store, StoreError> {
        let path = PathBuf::from(":memory:");
        let writer = connect_writer(&path, shared_options().in_memory(true)).await?;
        // Each connection to memory has a database of its own: readers must share the one there is.
        let store = Store { readers: writer.clone(), writer, path };
        store.bring_up_to_date().await?;
        Ok(store)
    }

    /// The settings document.
    pub fn settings(&self) -> Settings<'_> {
        Settings::new(self)
    }

    /// The utterances.
    pub fn utterances(&self) -> Utterances<'_> {
        Utterances::new(self)
    }

    /// Where the database lies; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for broken pages, dangling references and a search index that differs from its texts.
    ///
    /// # Errors
    /// When the question itself could not be asked; what it finds is in the report.
    pub async fn check(&self) -> Result<CheckReport, StoreError> {
        let mut findings = Vec::new();
        let pages: Vec<String> = self.rows_of_check("PRAGMA quick_check", &mut findings).await?;
        findings.extend(pages.into_iter().filter(|row| row != "ok"));
        let dangling: Vec<String> = self
            .rows_of_check(
                "SELECT \"table\" || ' refers to nothing' FROM pragma_foreign_key_check",
                &mut findings,
            )
            .await?;
        findings.extend(dangling);
        // Rank 1 compares the index with the texts themselves; without it only the index's own pages are read.
        let index = "INSERT INTO utterances_fts (utterances_fts, rank) VALUES ('integrity-check', 1)";
        let _: Vec<String> = self.rows_of_check(index, &mut findings).await?;
        Ok(CheckReport { findings })
    }

    async fn rows_of_check(
        &self,
        sql: &'static str,
        findings: &mut Vec<String>,
    ) -> Result<Vec<String>, StoreError> {
        const ACTION: &str = "check the database";
        let mut conn = self.writer(Durability::Process, ACTION).await?;
        match sqlx::query_scalar(sql).fetch_all(&mut *conn).await {
            Ok(rows) => Ok(rows),
            Err(source) => {
                let error = StoreError::Statement { action: ACTION, source };
                if !error.is_damaged() {
                    return Err(error);
                }
                findings.push(format!("{error}: {}", chain(&error)));
                Ok(Vec::new())
            }
        }
    }

    /// Makes the search index anew from the texts; what helps when `check` names it.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn rebuild_search(&self) -> Result<(), StoreError> {
        const ACTION: &str = "rebuild the search";
        let mut conn = self.writer(Durability::Process, ACTION).await?;
        sqlx::query("INSERT INTO utterances_fts (utterances_fts) VALUES ('rebuild')")
            .execute(&mut *conn)
            .await
            .map_err(|source| StoreError::Statement { action: ACTION, source })?;
        Ok(())
    }

    /// Moves the WAL into the file and closes every connection. Calls on other clones fail from here on.
    ///
    /// # Errors
    /// When the checkpoint failed for another reason than a second program at work; the connections are closed anyway,
    /// and the WAL stays for the next start: nothing is lost.
    pub async fn close(self) -> Result<(), StoreError> {
        const ACTION: &str = "move the write-ahead log into the database";
        if self.path != Path::new(":memory:") {
            self.readers.close().await;
        }
        let checkpoint = async {
            let mut conn = self.writer(Durability::Process, ACTION).await?;
            let wait = format!("PRAGMA busy_timeout = {CLOSE_BUSY_MS}");
            let failed = |source| StoreError::Statement { action: ACTION, source };
            sqlx::query(AssertSqlSafe(wait)).execute(&mut *conn).await.map_err(failed)?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&mut *conn).await.map_err(failed)?;
            Ok(())
        }
        .await;
        self.writer.close().await;
        match checkpoint {
            Err(error) if StoreError::is_transient(&error) => Ok(()),
            other => other,
        }
    }

    /// The one connection that writes, set to `durability`.
    pub(crate) async fn writer(
        &self,
        durability: Durability,
        action: &'static str,
    ) -> Result<PoolConnection<Sqlite>, StoreError> {
        let failed = |source| StoreError::Statement { action, source };
        let mut conn = self.writer.acquire().await.map_err(failed)?;
        // Set each time: a future dropped half-way must not leave its level to the next write.
        let level = match durability {
            Durability::Process => "PRAGMA synchronous = NORMAL",
            Durability::Power => "PRAGMA synchronous = FULL",
        };
        sqlx::query(level).execute(&mut *conn).await.map_err(failed)?;
        Ok(conn)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let mut conn = self.writer.acquire().await.map_err(|e| opening(&self.path, e))?;
        refuse_old_engine(&mut conn).await.map_err(|e| self.opening_or(e))?;
        // No write lock for the usual start: the tray app may be in the middle of a write of its own.
        if schema_of(&mut conn).await.map_err(|e| opening(&self.path, e))? == NEWEST_SCHEMA {
            return Ok(());
        }
        migrate(&mut conn, NEWEST_SCHEMA).await.map_err(|source| self.migrating(source))
    }

    fn opening_or(&self, error: EngineError) -> StoreError {
        match error {
            EngineError::Old(found) => StoreError::OldEngine { found, wanted: OLDEST_ENGINE.0 },
            EngineError::Asking(source) => opening(&self.path, source),
        }
    }

    fn migrating(&self, source: MigrateError) -> StoreError {
        let path = self.path.clone();
        match source {
            MigrateError::VersionMissing(found) => StoreError::Newer { path, found, known: NEWEST_SCHEMA },
            source => StoreError::Migrate { path, source },
        }
    }
}

enum EngineError {
    Old(String),
    Asking(sqlx::Error),
}

async fn refuse_old_engine(conn: &mut SqliteConnection) -> Result<(), EngineError> {
    let found: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await.map_err(EngineError::Asking)?;
    if engine_is_new_enough(&found) { Ok(()) } else { Err(EngineError::Old(found)) }
}

fn engine_is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST_ENGINE.1
}

async fn schema_of(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(conn).await
}

/// Brings the schema to `target` in one transaction, together with the header fields that name it.
async fn migrate(conn: &mut SqliteConnection, target: i64) -> Result<(), MigrateError> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATOR.run_direct(Some(target), &mut *transaction, false).await?;
    let names = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {target}");
    sqlx::raw_sql(AssertSqlSafe(names)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

fn shared_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        // Deleted words are overwritten, not only unlinked.
        .pragma("secure_delete", "ON")
        // Temporary sorts hold spoken text: not in a file.
        .pragma("temp_store", "MEMORY")
        // A REPLACE fires the delete triggers that keep the search in step only with this on.
        .pragma("recursive_triggers", "ON")
        // macOS: a plain fsync does not reach the disk there.
        .pragma("fullfsync", "ON")
        // Statements carry no values, but they are noise at the level where a user looks for a fault.
        .disable_statement_logging()
}

/// Two programs that make the same file at once can meet in the switch to WAL, where SQLite does not wait by itself.
async fn connect_writer(path: &Path, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        // A database in memory ends with its connection, and one on disk gains nothing from a new one.
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT);
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Ok(pool) => return Ok(pool),
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(opening(path, error)),
        }
    }
}

/// Every cause behind an error, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_floor_compares_numbers_not_letters() {
        for (version, accepted) in
            [("3.51.3", true), ("3.51.2", false), ("3.9.9", false), ("3.100.0", true), ("4.0.0", true)]
        {
            assert_eq!(engine_is_new_enough(version), accepted, "{version}");
        }
    }

    #[test]
    fn the_newest_schema_is_the_last_migration() {
        assert_eq!(MIGRATOR.iter().map(|m| m.version).max(), Some(NEWEST_SCHEMA));
    }

    #[test]
    fn migrations_have_the_same_bytes_on_every_system() {
        for migration in MIGRATOR.iter() {
            assert!(!migration.sql.as_str().contains('\r'), "{}", migration.description);
        }
    }

    /// The page limit is SQLite's own way to run out of room.
    #[tokio::test]
    async fn a_full_disk_is_told_and_keeps_what_was_written() {
        let store = Store::in_memory().await.unwrap();
        let limit = async |pages: u32| {
            let sql = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            sqlx::query(sql).execute(store.readers()).await.unwrap();
        };
        store.settings().save("{}", 1).await.unwrap();
        limit(1).await;
        let large = format!("\"{}\"", "x".repeat(100_000));
        let error = store.settings().save(&large, 1).await.unwrap_err();
        assert!(error.is_disk_full() && !error.is_transient() && !error.is_refused_value(), "{error:?}");
        assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{}");
        limit(10_000).await;
        store.settings().save(&large, 1).await.unwrap();
    }
}
