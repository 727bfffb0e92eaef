//! Opens the file and hands out its tables.
//!
//! Before SQLite may touch a file, `store/header.rs` has read its first bytes: a file of a newer program, of another
//! program, or of no database at all is refused as it lies. All writes go through one connection per program, which takes
//! the write lock at their start; reads have connections that cannot write (`store/connections.rs`). Migrations run
//! under BEGIN IMMEDIATE so that two programs that start at once on a fresh file do them once (`store/schema.rs`).

mod check;
mod connections;
pub(crate) mod header;
mod presence;
mod schema;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteQueryResult, SqliteRow};
use sqlx::{FromRow, Sqlite};
use tokio::sync::{RwLock, watch};

pub(crate) use check::SEARCH_CHECKS;
pub use check::{CheckReport, Depth};
pub(crate) use connections::{Durability, shared_options};
pub(crate) use header::{keep_private, prepare};

use presence::Presence;

use crate::backup::Recovery;
use crate::{
    Activity, Attachments, Conversations, Ledger, Messages, ModelLists, Profiles, Settings, Statistics,
    StoreError, Utterances, Waits,
};

/// The schema this program writes: the number of the last file in `/migrations`. A test holds the two together.
pub const NEWEST_SCHEMA: i64 = 7;

/// "Tony" in ASCII, in the header's field for it: `file` and we tell our databases from others by it.
pub(crate) const APPLICATION_ID: u32 = 0x546f_6e79;

/// What SQLite calls a database without a file.
const IN_MEMORY: &str = ":memory:";

/// A statement with its values.
pub(crate) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The database. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    path: PathBuf,
    presence: Arc<Presence>,
    pub(crate) recovery: Option<Arc<Recovery>>,
    /// The program before did not end cleanly, or met something broken.
    pub(crate) unclean: bool,
    /// The log has grown so far that readers must make way.
    pressure: Arc<AtomicBool>,
    /// Readers hold it shared; the emptying of a full log takes it alone.
    gate: Arc<RwLock<()>>,
    /// Above its usual limit while another program's reader holds the log up; else 0.
    log_full: Arc<AtomicU64>,
    /// The writer waits for other programs only shortly: while it empties a full log.
    hurried: Arc<AtomicBool>,
    /// Somebody waited for a lock in vain: all connections are closed before one is used again.
    held_up: Arc<AtomicBool>,
    /// Since somebody waited in vain, no write has passed.
    in_vain: Arc<AtomicBool>,
    /// What is known of the writer's connection: how it syncs, or nothing.
    level: Arc<AtomicU8>,
    /// A write was begun since; it passed unless it says that it waited in vain, too.
    tried: Arc<AtomicBool>,
    /// Counts up with each write; `upkeep` listens.
    writes: Arc<watch::Sender<u64>>,
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
        let writer = connections::connect_writer(path, connections::writer_options(path)).await?;
        let presence = Presence::beside(path);
        let store = Store::of(writer, connections::connect_readers(path), path, presence);
        match store.bring_up_to_date().await {
            Ok(()) => Ok(store),
            Err(error) => {
                // Whoever is told may rename the file: a connection that closed later would remove the log of the next one.
                store.abandon().await;
                Err(error)
            }
        }
    }

    /// A database that ends with the last clone.
    ///
    /// # Errors
    /// Only when memory is out or the linked SQLite too old.
    pub async fn in_memory() -> Result<Store, StoreError> {
        let path = Path::new(IN_MEMORY);
        let options = connections::shared_options().in_memory(true);
        let writer = connections::connect_writer(path, options).await?;
        // Each connection to memory has a database of its own: readers must share the one there is.
        let store = Store::of(writer.clone(), writer, path, Presence::alone());
        store.bring_up_to_date().await?;
        Ok(store)
    }

    fn of(writer: SqlitePool, readers: SqlitePool, path: &Path, presence: Presence) -> Store {
        Store {
            writer,
            readers,
            path: path.to_owned(),
            presence: Arc::new(presence),
            recovery: None,
            unclean: false,
            pressure: Arc::default(),
            gate: Arc::default(),
            log_full: Arc::default(),
            hurried: Arc::default(),
            held_up: Arc::default(),
            in_vain: Arc::default(),
            level: Arc::default(),
            tried: Arc::default(),
            writes: Arc::new(watch::channel(0).0),
        }
    }

    /// The settings document.
    pub fn settings(&self) -> Settings<'_> {
        Settings::new(self)
    }

    /// The utterances.
    pub fn utterances(&self) -> Utterances<'_> {
        Utterances::new(self)
    }

    /// The people.
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles::new(self)
    }

    /// Who did what.
    pub fn activity(&self) -> Activity<'_> {
        Activity::new(self)
    }

    /// The talks with the assistant.
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations::new(self)
    }

    /// What was said in them.
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(self)
    }

    /// Files that go with what was said.
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments::new(self)
    }

    /// What left this machine.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::new(self)
    }

    /// The newest list of language models.
    pub fn model_list(&self) -> ModelLists<'_> {
        ModelLists::new(self)
    }

    /// Who is not to be asked yet.
    pub fn waits(&self) -> Waits<'_> {
        Waits::new(self)
    }

    /// Counts and sums over the tables.
    pub fn statistics(&self) -> Statistics<'_> {
        Statistics::new(self)
    }

    /// Where the database lies; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of SQLite that is linked.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn engine_version(&self) -> Result<String, StoreError> {
        let row: Option<(String,)> =
            self.row("ask for the version", sqlx::query("SELECT sqlite_version()")).await?;
        Ok(row.map(|(version,)| version).unwrap_or_default())
    }

    /// Lets the file grow no further, or lets it again: SQLite's own way to run out of room, for tests of a full disk.
    ///
    /// # Errors
    /// Those of any write.
    #[doc(hidden)]
    pub async fn freeze_size(&self, frozen: bool) -> Result<(), StoreError> {
        // It is never set below the size that the file has.
        let limit = if frozen { "PRAGMA max_page_count = 1" } else { "PRAGMA max_page_count = 1073741823" };
        self.change(Durability::Process, "limit the size", sqlx::query(limit)).await.map(drop)
    }

    /// Refuses every row of the ledger, or takes them again, for tests of a ledger that cannot be written.
    ///
    /// # Errors
    /// Those of any write.
    #[doc(hidden)]
    pub async fn freeze_ledger(&self, frozen: bool) -> Result<(), StoreError> {
        let rule = match frozen {
            true => {
                "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.egress_ledger \
                 BEGIN SELECT RAISE(ABORT, 'the ledger is frozen'); END"
            }
            false => "DROP TRIGGER temp.refuse",
        };
        self.change(Durability::Process, "freeze the ledger", sqlx::query(rule)).await.map(drop)
    }

    /// The same database under the name of a program that was started since: what this one is in the middle of is left behind.
    /// For tests of a program that dies.
    #[doc(hidden)]
    pub fn as_another_program(&self) -> Store {
        let presence = if self.is_in_memory() { Presence::alone() } else { Presence::beside(&self.path) };
        Store { presence: Arc::new(presence), ..self.clone() }
    }

    /// A question without an end, for the measurement of how such are cut.
    ///
    /// # Errors
    /// Always: `is_too_slow`.
    #[doc(hidden)]
    pub async fn read_without_end(&self) -> Result<(), StoreError> {
        // Reads the file first: only a reader of rows holds the log up.
        let endless = "WITH RECURSIVE n (i) AS (SELECT count(*) FROM utterances UNION ALL SELECT i + 1 FROM n) \
            SELECT max(i) FROM n";
        let _: Vec<(i64,)> = self.rows("read without an end", sqlx::query(endless)).await?;
        Ok(())
    }

    /// What to tell of a statement that failed, and to remember: where it met a broken page, the next start checks all of
    /// them, however large the file is and however cleanly the program ends; where it waited for a lock in vain, the
    /// connections are closed before the next one.
    pub(crate) fn failed(&self, action: &'static str, source: sqlx::Error) -> StoreError {
        let error = StoreError::Statement { action, source };
        if error.is_damaged() {
            self.doubt();
        }
        if error.is_held_up() {
            self.held_up.store(true, Ordering::Relaxed);
        }
        error
    }

    /// One write, in a transaction of its own; gives the rows it changed.
    pub(crate) async fn change(
        &self,
        durability: Durability,
        action: &'static str,
        query: Query<'_>,
    ) -> Result<u64, StoreError> {
        self.write(durability, action, query).await.map(|done| done.rows_affected())
    }

    /// One row, in a transaction of its own; gives its number, or nothing where the statement added none.
    ///
    /// Not by RETURNING: whoever takes its one row stops there, and what goes wrong in the commit after it is told to nobody.
    pub(crate) async fn insert(
        &self,
        durability: Durability,
        action: &'static str,
        query: Query<'_>,
    ) -> Result<Option<i64>, StoreError> {
        let done = self.write(durability, action, query).await?;
        Ok((done.rows_affected() > 0).then(|| done.last_insert_rowid()))
    }

    async fn write(
        &self,
        durability: Durability,
        action: &'static str,
        query: Query<'_>,
    ) -> Result<SqliteQueryResult, StoreError> {
        let mut conn = self.writer(durability, action).await?;
        let done = query.execute(&mut *conn).await.map_err(|source| self.failed(action, source))?;
        self.passed(durability, &conn);
        Ok(done)
    }

    /// The rows of one question.
    pub(crate) async fn rows<T>(&self, action: &'static str, query: Query<'_>) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow>,
    {
        let failed = |source| self.failed(action, source);
        let mut conn = self.reader(action).await?;
        let rows = query.fetch_all(&mut *conn).await.map_err(failed)?;
        rows.iter().map(T::from_row).collect::<Result<_, _>>().map_err(failed)
    }

    /// The one row of a question that has at most one.
    pub(crate) async fn row<T>(&self, action: &'static str, query: Query<'_>) -> Result<Option<T>, StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow>,
    {
        Ok(self.rows(action, query).await?.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deed, LedgerEntry};

    /// What is written is in the database once the call says so: the commit, too, must have passed.
    #[tokio::test]
    async fn a_row_whose_commit_fails_is_no_row() {
        let store = Store::in_memory().await.unwrap();
        let entry = LedgerEntry {
            profile: "default".to_owned(),
            purpose: "assistant".to_owned(),
            provider: "one".to_owned(),
            host: "example.org".to_owned(),
            model: "m".to_owned(),
            rules: "[]".to_owned(),
            receipt: Some("0".repeat(64)),
            ..LedgerEntry::default()
        };
        let deed = Deed { action: "settings.changed".to_owned(), success: true, ..Deed::default() };
        assert_eq!(store.ledger().open(&entry, [None, None]).await.unwrap(), Some(1));
        assert_eq!(store.activity().note_before(&deed).await.unwrap(), 1);
        let refuse_commits = async |refused: bool| {
            let mut conn = store.writer.acquire().await.unwrap();
            conn.lock_handle().await.unwrap().set_commit_hook(move || !refused);
        };
        refuse_commits(true).await;
        store.ledger().open(&entry, [None, None]).await.unwrap_err();
        store.activity().note_before(&deed).await.unwrap_err();
        refuse_commits(false).await;
        assert_eq!(store.ledger().count().await.unwrap(), 1);
        assert_eq!(store.ledger().open(&entry, [None, None]).await.unwrap(), Some(2));
        assert_eq!(store.activity().note_before(&deed).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_keeps_what_was_written() {
        let store = Store::in_memory().await.unwrap();
        store.settings().save("{}", 1).await.unwrap();
        store.freeze_size(true).await.unwrap();
        let large = format!("\"{}\"", "x".repeat(100_000));
        let error = store.settings().save(&large, 1).await.unwrap_err();
        assert!(error.is_disk_full() && !error.is_transient() && !error.is_refused_value(), "{error:?}");
        assert_eq!(store.settings().load().await.unwrap().unwrap().json, "{}");
        store.freeze_size(false).await.unwrap();
        store.settings().save(&large, 1).await.unwrap();
    }
}
