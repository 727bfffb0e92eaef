//! Moves the write-ahead log into the file when nobody waits for it, and at the exit.
//!
//! A checkpoint inside a commit makes that one commit slow; so it is done here, as soon as writing pauses, and while it
//! goes on without a pause when the log has grown. SQLite's own automatic checkpoint stays as a net. The owner of the
//! store spawns [`Store::upkeep`]; a program that lives for one question does without it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Durability, Store};
use crate::StoreError;

/// Writing pauses: longer than the gaps within one utterance's writes.
const PAUSE: Duration = Duration::from_millis(500);

/// Under writes without a pause the log is moved at least so often.
const LONGEST: Duration = Duration::from_secs(5);

/// Half of what the net in `connections.rs` allows.
const LARGE_LOG: u64 = 4 * 1024 * 1024;

/// Who deletes words waits so long for somebody who reads; the next clean-up tries again.
const EMPTYING: Duration = Duration::from_secs(1);

/// The quit deadline of the app is 5 s; a checkpoint that another program's reader holds up is left to the next start.
const CLOSE_BUSY_MS: u32 = 500;

impl Store {
    /// Keeps the log short until the store is closed. Spawn it once per program that keeps the store open.
    pub fn upkeep(&self) -> impl Future<Output = ()> + Send + 'static {
        let store = self.clone();
        let mut writes = self.writes.subscribe();
        async move {
            let closed = store.readers.close_event();
            tokio::pin!(closed);
            loop {
                tokio::select! {
                    _ = &mut closed => return,
                    changed = writes.changed() => if changed.is_err() { return },
                }
                tokio::select! {
                    _ = &mut closed => return,
                    () = store.pause(&mut writes) => {}
                }
                // A failed checkpoint loses nothing: the log stays, and the next one moves it.
                let _ = store.checkpoint_passively().await;
                writes.mark_unchanged();
            }
        }
    }

    /// Until nothing was written for a moment, or the log has grown enough.
    async fn pause(&self, writes: &mut watch::Receiver<u64>) {
        let latest = Instant::now() + LONGEST;
        loop {
            let quiet = Instant::now() + PAUSE;
            tokio::select! {
                () = sleep_until(quiet.min(latest)) => return,
                changed = writes.changed() => if changed.is_err() { return },
            }
            if self.log_bytes() >= LARGE_LOG || Instant::now() >= latest {
                return;
            }
        }
    }

    /// Moves what no reader still needs, without making anybody wait.
    async fn checkpoint_passively(&self) -> Result<(), StoreError> {
        const ACTION: &str = "move the write-ahead log into the database";
        let mut conn = self.reader(ACTION).await?;
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")
            .fetch_all(&mut *conn)
            .await
            .map_err(|source| self.failed(ACTION, source))?;
        Ok(())
    }

    /// Size of the write-ahead log; 0 where there is none.
    pub fn log_bytes(&self) -> u64 {
        fs::metadata(self.log_path()).map_or(0, |log| log.len())
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push("-wal");
        PathBuf::from(name)
    }

    /// Empties the log, so that words deleted from the database are not left in it. Says whether it could: another
    /// program that is reading may need the log for now.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        const ACTION: &str = "empty the write-ahead log";
        if self.is_in_memory() {
            return Ok(true);
        }
        let failed = |source| self.failed(ACTION, source);
        let latest = Instant::now() + EMPTYING;
        loop {
            let mut conn = self.writer(Durability::Process, ACTION).await?;
            if self.truncate_log(&mut conn).await.map_err(failed)? {
                return Ok(true);
            }
            if Instant::now() >= latest {
                return Ok(false);
            }
            // A checkpoint under way elsewhere is not waited for by SQLite.
            drop(conn);
            tokio::time::sleep(PAUSE / 10).await;
        }
    }

    /// Moves the WAL into the file and closes every connection. Calls on other clones fail from here on.
    ///
    /// # Errors
    /// When the checkpoint failed for another reason than a second program at work; the connections are closed anyway,
    /// and the WAL stays for the next start: nothing is lost.
    pub async fn close(self) -> Result<(), StoreError> {
        const ACTION: &str = "move the write-ahead log into the database";
        if !self.is_in_memory() {
            self.readers.close().await;
        }
        let checkpoint = async {
            let mut conn = self.writer(Durability::Process, ACTION).await?;
            let wait = format!("PRAGMA busy_timeout = {CLOSE_BUSY_MS}; PRAGMA optimize = 0x10002");
            let failed = |source| self.failed(ACTION, source);
            sqlx::raw_sql(AssertSqlSafe(wait)).execute(&mut *conn).await.map_err(failed)?;
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
}
