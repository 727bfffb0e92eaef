//! How connections are set up, and what is asked of one before it is used.
//!
//! A future can be dropped at any await, also between BEGIN and COMMIT. sqlx rolls back then; that it really did is
//! asked of SQLite itself each time a connection is taken, and one that is still inside a transaction is closed instead
//! of handed out. A read that lasts too long is cut: as long as it lasts, the write-ahead log can only grow.
//!
//! A lock that the system refused to give back is held until the last connection of this program is closed, and every call
//! waits for it in vain. So after one that waited in vain all of them are closed, and the next call opens new ones. Until a
//! write has passed, nobody waits that long again: where the system gives no locks at all, each call says so at once.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use libsqlite3_sys::sqlite3_get_autocommit;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, Sqlite, SqliteConnection};
use tokio::sync::OwnedRwLockReadGuard;

use super::Store;
use crate::StoreError;
use crate::error::{is_busy, opening};

/// How long a statement waits for another program's write; theirs take milliseconds, so this is a net.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one waits after another one waited in vain.
const BUSY_AGAIN: Duration = Duration::from_secs(1);

/// Longer than the busy timeout, so that the statement ahead in the queue fails first and says why.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A list, a search and a status question at once; each is over in milliseconds.
const READERS: u32 = 3;

/// A hundred times what the slowest question takes over a million utterances.
const LONGEST_READ: Duration = Duration::from_secs(5);

/// From here on the log is waiting for a reader: 16 MiB is the most it may take.
const LOG_UNDER_PRESSURE: u64 = 9 * 1024 * 1024;

/// From here on writing waits until the log is empty; what one transaction adds beyond it is the rest of the 16 MiB.
const LOG_FULL: u64 = 11 * 1024 * 1024;

/// For another program's reader, which cannot be cut from here.
const FOREIGN_READER: Duration = Duration::from_millis(100);

/// How long a read may still take then; nearly all take less.
const LONGEST_READ_UNDER_PRESSURE: Duration = Duration::from_millis(50);

/// A connection that was given back is there again after a turn of the scheduler.
const GIVEN_BACK: Duration = Duration::from_secs(1);

/// Steps of SQLite's machine between two looks at the clock: well under a millisecond of work.
const STEPS_PER_LOOK: i32 = 10_000;

/// Negative: in KiB. The upper pages of every index of a million utterances; three readers take 24 MB only when they need it.
const READ_CACHE: &str = "-8000";

/// What a checkpoint leaves of the WAL file.
const LOG_LEFT_BYTES: &str = "8388608";

/// The checkpoint inside a commit is a net of 8 MiB in pages of 4 KiB: `upkeep.rs` comes first.
const LOG_NET_PAGES: &str = "2000";

/// Whether a write must survive a power cut or only the death of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// In the WAL; the next checkpoint or full write syncs it.
    Process = 1,
    /// Synced to the disk before the call returns.
    Power = 2,
}

/// Stands for neither.
const UNKNOWN: u8 = 0;

/// A connection for reading. As long as it lives, an emptying of a full log waits for it.
pub(crate) struct Reader {
    conn: PoolConnection<Sqlite>,
    _gate: OwnedRwLockReadGuard<()>,
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.conn
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }
}

impl Store {
    /// The one connection that writes, set to `durability`, in no transaction.
    pub(crate) async fn writer(
        &self,
        durability: Durability,
        action: &'static str,
    ) -> Result<PoolConnection<Sqlite>, StoreError> {
        let failed = |source| self.failed(action, source);
        let mut known;
        let mut conn = loop {
            let mut conn = self.writer.acquire().await.map_err(failed)?;
            // Nobody else has it now; whoever is dropped with it leaves nothing known.
            known = self.level.swap(UNKNOWN, Ordering::Relaxed);
            let is_waiting = self.held_up.load(Ordering::Relaxed) || self.in_vain.load(Ordering::Relaxed);
            if known != UNKNOWN && !is_waiting {
                break conn;
            }
            known = UNKNOWN;
            let mut handle = conn.lock_handle().await.map_err(failed)?;
            handle.remove_progress_handler();
            // SAFETY: the handle is locked, so it is open and no other thread uses it.
            let inside = unsafe { sqlite3_get_autocommit(handle.as_raw_handle().as_ptr()) } == 0;
            drop(handle);
            if self.held_up.load(Ordering::Relaxed) && !self.is_in_memory() {
                self.renew(conn).await.map_err(failed)?;
                continue;
            }
            if self.in_vain.load(Ordering::Relaxed) && self.tried.swap(true, Ordering::Relaxed) {
                // The write before this one passed.
                self.in_vain.store(false, Ordering::Relaxed);
                self.renew_patience();
                wait_for_others(&mut conn, BUSY_TIMEOUT).await.map_err(failed)?;
            }
            if !inside {
                break conn;
            }
            if self.is_in_memory() {
                // The database would end with its connection.
                sqlx::query("ROLLBACK").execute(&mut *conn).await.map_err(failed)?;
                break conn;
            }
            conn.close().await.map_err(failed)?;
        };
        if self.hurried.load(Ordering::Relaxed) {
            // An emptying of the log was dropped half-way.
            wait_for_others(&mut conn, self.patience()).await.map_err(failed)?;
            self.hurried.store(false, Ordering::Relaxed);
        }
        let log = self.log_bytes();
        self.pressure.store(log >= LOG_UNDER_PRESSURE, Ordering::Relaxed);
        if log >= self.log_full.load(Ordering::Relaxed).max(LOG_FULL) {
            self.empty_full_log(&mut conn).await.map_err(failed)?;
        }
        // Where it is not known, a future may have been dropped half-way.
        if known != durability as u8 {
            let level = match durability {
                Durability::Process => "PRAGMA synchronous = NORMAL",
                Durability::Power => "PRAGMA synchronous = FULL",
            };
            sqlx::query(level).execute(&mut *conn).await.map_err(failed)?;
        }
        self.writes.send_modify(|writes| *writes += 1);
        Ok(conn)
    }

    /// A write of one statement ended as it should, on the connection that is still held: it is in no transaction and has this
    /// level, so the next write need not ask. A connection in memory is used by readers, too, and is always asked.
    pub(crate) fn passed(&self, durability: Durability, _held: &PoolConnection<Sqlite>) {
        if !self.is_in_memory() {
            self.level.store(durability as u8, Ordering::Relaxed);
        }
    }

    /// How long a statement waits for a lock now.
    fn patience(&self) -> Duration {
        if self.in_vain.load(Ordering::Relaxed) { BUSY_AGAIN } else { BUSY_TIMEOUT }
    }

    /// For the connections that are made from now on.
    fn renew_patience(&self) {
        let patience = self.patience();
        self.writer.set_connect_options(writer_options(&self.path).busy_timeout(patience));
        self.readers.set_connect_options(reader_options(&self.path).busy_timeout(patience));
    }

    /// After a wait in vain: all connections anew, and less patient ones until a write has passed.
    async fn renew(&self, writer: PoolConnection<Sqlite>) -> Result<(), sqlx::Error> {
        if !self.held_up.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        self.level.store(UNKNOWN, Ordering::Relaxed);
        self.in_vain.store(true, Ordering::Relaxed);
        self.tried.store(false, Ordering::Relaxed);
        self.renew_patience();
        self.close_all(writer).await
    }

    /// Closes the writer and all readers, as far as those inside come out in time.
    async fn close_all(&self, writer: PoolConnection<Sqlite>) -> Result<(), sqlx::Error> {
        let _alone = self.gate.clone().write_owned().await;
        let latest = Instant::now() + GIVEN_BACK;
        while self.readers.size() > 0 && Instant::now() < latest {
            match self.readers.try_acquire() {
                Some(reader) => reader.close().await?,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        writer.close().await
    }

    /// Keeps new readers out, waits for those inside (the pressure cuts them), and moves all of the log.
    async fn empty_full_log(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let _alone = self.gate.clone().write_owned().await;
        let held = !self.truncate_log(conn).await?;
        // Another program reads: asking again with each write would only make all of them slow.
        let next = if held { self.log_bytes() + LOG_FULL / 2 } else { 0 };
        self.log_full.store(next, Ordering::Relaxed);
        self.pressure.store(held, Ordering::Relaxed);
        Ok(())
    }

    /// Moves all of the log and cuts it to nothing; says whether no reader was in the way. One that is holds up this
    /// connection, and so every write, for [`FOREIGN_READER`] at most.
    pub(super) async fn truncate_log(&self, conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        self.hurried.store(true, Ordering::Relaxed);
        wait_for_others(conn, FOREIGN_READER).await?;
        let moved = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *conn).await;
        wait_for_others(conn, self.patience()).await?;
        self.hurried.store(false, Ordering::Relaxed);
        Ok(moved?.try_get::<i64, _>(0)? == 0)
    }

    /// A connection that reads; whatever it is asked ends after [`LONGEST_READ`], with an error if need be.
    pub(crate) async fn reader(&self, action: &'static str) -> Result<Reader, StoreError> {
        let failed = |source| self.failed(action, source);
        if self.held_up.load(Ordering::Relaxed) && !self.is_in_memory() {
            // Whoever has the writer closes all of them.
            let writer = self.writer.acquire().await.map_err(failed)?;
            self.renew(writer).await.map_err(failed)?;
        }
        let gate = self.gate.clone().read_owned().await;
        loop {
            let mut conn = self.readers.acquire().await.map_err(failed)?;
            let mut handle = conn.lock_handle().await.map_err(failed)?;
            // SAFETY: as in `writer`.
            let inside = unsafe { sqlite3_get_autocommit(handle.as_raw_handle().as_ptr()) } == 0;
            let (since, pressure) = (Instant::now(), self.pressure.clone());
            handle.set_progress_handler(STEPS_PER_LOOK, move || {
                let most =
                    if pressure.load(Ordering::Relaxed) { LONGEST_READ_UNDER_PRESSURE } else { LONGEST_READ };
                since.elapsed() < most
            });
            drop(handle);
            if !inside || self.is_in_memory() {
                return Ok(Reader { conn, _gate: gate });
            }
            conn.close().await.map_err(failed)?;
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.path == Path::new(super::IN_MEMORY)
    }
}

async fn wait_for_others(conn: &mut SqliteConnection, at_most: Duration) -> Result<(), sqlx::Error> {
    let wait = format!("PRAGMA busy_timeout = {}", at_most.as_millis());
    sqlx::query(AssertSqlSafe(wait)).execute(conn).await.map(drop)
}

/// What every connection has in common.
pub(crate) fn shared_options() -> SqliteConnectOptions {
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

/// The writer's connections to a file.
pub(super) fn writer_options(path: &Path) -> SqliteConnectOptions {
    shared_options()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", LOG_LEFT_BYTES)
        .pragma("wal_autocheckpoint", LOG_NET_PAGES)
}

/// The readers' connections, which cannot write.
fn reader_options(path: &Path) -> SqliteConnectOptions {
    shared_options().filename(path).pragma("query_only", "ON").pragma("cache_size", READ_CACHE)
}

/// Two programs that make the same file at once can meet in the switch to WAL, where SQLite does not wait by itself.
pub(super) async fn connect_writer(
    path: &Path,
    options: SqliteConnectOptions,
) -> Result<SqlitePool, StoreError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        // A database in memory ends with its connection, and one on disk gains nothing from a new one.
        .idle_timeout(None)
        .max_lifetime(None)
        // `writer` asks more than a ping would.
        .test_before_acquire(false)
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

/// Made when they are needed.
pub(super) fn connect_readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(reader_options(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn on_disk() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
        (folder, store)
    }

    /// What sqlx promises not to leave behind, left behind on purpose.
    #[tokio::test]
    async fn a_connection_left_in_a_transaction_is_not_handed_out() {
        let (_folder, on_disk) = on_disk().await;
        for store in [on_disk, Store::in_memory().await.unwrap()] {
            // The one before it passed, and nothing had to be asked.
            store.activity().delete_up_to(0, 1).await.unwrap();
            let mut conn = store.writer(Durability::Process, "test").await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE; DELETE FROM settings").execute(&mut *conn).await.unwrap();
            drop(conn);
            store.settings().save("{}", 1).await.unwrap();
            assert!(store.settings().load().await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn every_write_has_the_level_that_it_asks_for_whatever_was_before() {
        let (_folder, store) = on_disk().await;
        let level = async |durability| {
            let mut conn = store.writer(durability, "test").await.unwrap();
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *conn).await.unwrap();
            store.passed(durability, &conn);
            level
        };
        use Durability::{Power, Process};
        for (durability, expected) in [(Process, 1), (Power, 2), (Power, 2), (Process, 1), (Process, 1)] {
            assert_eq!(level(durability).await, expected);
        }
        // Somebody is dropped with it at another level.
        let mut conn = store.writer(Process, "test").await.unwrap();
        sqlx::query("PRAGMA synchronous = OFF").execute(&mut *conn).await.unwrap();
        drop(conn);
        assert_eq!(level(Process).await, 1);
    }

    #[tokio::test]
    async fn a_lock_waited_for_in_vain_renews_the_connections() {
        let (folder, store) = on_disk().await;
        let mut conn = store.writer(Durability::Process, "test").await.unwrap();
        // Nothing else sets it so: it tells whether a connection is still the same one.
        sqlx::query("PRAGMA cache_size = -77").execute(&mut *conn).await.unwrap();
        drop(conn);
        let size = async || {
            let mut conn = store.writer(Durability::Process, "test").await.unwrap();
            sqlx::query_scalar::<_, i64>("PRAGMA cache_size").fetch_one(&mut *conn).await.unwrap()
        };
        assert_eq!(size().await, -77);
        let file = folder.path().join("tonny.db");
        let mut other = shared_options().filename(file).connect().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let error = store.settings().save("{}", 1).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        // The next one does not wait as long again, and the first that passes makes everybody patient again.
        let error = store.settings().save("{}", 1).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        let patience = async |store: &Store| {
            let mut conn = store.writer(Durability::Process, "test").await.unwrap();
            sqlx::query_scalar::<_, i64>("PRAGMA busy_timeout").fetch_one(&mut *conn).await.unwrap()
        };
        assert_eq!(patience(&store).await, 1_000);
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        store.settings().save("{}", 1).await.unwrap();
        assert_eq!(patience(&store).await, 5_000);
        assert_ne!(size().await, -77, "it is the connection that waited");
    }

    #[tokio::test]
    async fn a_read_without_an_end_is_cut_and_the_next_one_is_not() {
        let (_folder, store) = on_disk().await;
        let begun = Instant::now();
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
        let mut conn = store.reader("test").await.unwrap();
        let error = sqlx::query(endless).fetch_all(&mut *conn).await.unwrap_err();
        drop(conn);
        let error = StoreError::Statement { action: "test", source: error };
        assert!(error.is_too_slow(), "{error:?}");
        assert!(begun.elapsed() < LONGEST_READ * 3);
        assert!(store.settings().load().await.unwrap().is_none());
    }
}
