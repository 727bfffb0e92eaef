//! The table `logs`, in a database file of its own: what matters about workers. The caller batches; this writes each
//! batch in few transactions, answers questions by page and keeps the file below its limit.
//!
//! The file is expendable. A damaged one is set aside and begun anew, a locked or full one is an error after a second;
//! nothing of it touches the file with the user's words.

mod file;
mod row;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Sqlite, SqliteConnection};

pub use row::{LogLevel, LogOutput, LogQuery, LogRow, NewLog};

use crate::StoreError;
use crate::statements::statements;

statements! {
    ADD = "INSERT INTO logs (at, worker, incarnation, level, kind, lines, text, first_lines, stdout_tail, stderr_tail) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    LIST = "SELECT seq, at, worker, incarnation, level, kind, lines, text FROM logs INDEXED BY logs_by_time \
        WHERE (at, seq) < (?1, ?2) AND at >= ?3 ORDER BY at DESC, seq DESC LIMIT ?4";

    LIST_OF_LEVEL = "SELECT seq, at, worker, incarnation, level, kind, lines, text FROM logs INDEXED BY logs_that_warn \
        WHERE level >= 2 AND level >= ?5 AND (at, seq) < (?1, ?2) AND at >= ?3 \
        ORDER BY at DESC, seq DESC LIMIT ?4";

    LIST_OF_WORKER = "SELECT seq, at, worker, incarnation, level, kind, lines, text FROM logs INDEXED BY logs_by_worker \
        WHERE worker = ?6 AND level >= ?5 AND (at, seq) < (?1, ?2) AND at >= ?3 \
        ORDER BY at DESC, seq DESC LIMIT ?4";

    /// For whoever follows: what was entered after a row, oldest first.
    AFTER = "SELECT seq, at, worker, incarnation, level, kind, lines, text FROM logs \
        WHERE seq > ?1 AND level >= ?2 AND (?3 IS NULL OR worker = ?3) ORDER BY seq LIMIT ?4";

    OUTPUT = "SELECT first_lines, stdout_tail, stderr_tail FROM logs WHERE seq = ?1 AND kind = 'incident'";

    DELETE_BEFORE = "DELETE FROM logs WHERE seq IN \
        (SELECT seq FROM logs INDEXED BY logs_by_time WHERE at < ?1 ORDER BY at, seq LIMIT ?2)";
}

/// More rows than a page shows.
const LONGEST_PAGE: u32 = 1_000;
/// A transaction of more bytes would let the write-ahead log grow beyond its bound. Incidents are the large ones.
const BATCH_BYTES: usize = 1024 * 1024;
/// ... and of more rows would gain nothing.
const BATCH_ROWS: usize = 500;
/// Rows deleted at once: some milliseconds.
const DELETED_AT_ONCE: u32 = 1_000;
/// A tenth of what the file may hold goes when it is full, so that it is not full again with the next row.
const KEPT_OF_TEN: i64 = 9;

/// The database of the logs. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct LogStore {
    writer: SqlitePool,
    reader: SqlitePool,
    path: PathBuf,
    /// What the file may hold, in pages.
    most_pages: i64,
}

impl LogStore {
    /// Opens `path`, making it (0600) where absent. A damaged file, or one of another program, is set aside as
    /// `logs.db.damaged` and a new one begun.
    ///
    /// # Errors
    /// `Newer` leaves the file to the newer program; `File` names a file or folder that cannot be used.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match file::open(path).await {
            Err(error) if error.is_damaged() || matches!(error, StoreError::Foreign { .. }) => {
                Self::begin_anew(path).await
            }
            other => other,
        }
    }

    /// Sets the file aside and begins a new one: what helps when a write says `is_damaged`. Close the old one first.
    ///
    /// # Errors
    /// Those of opening.
    pub async fn begin_anew(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        file::set_aside(path)?;
        file::open(path).await
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds rows, in order, all of a transaction or none. When the file is full, its oldest tenth goes first.
    ///
    /// # Errors
    /// `is_transient` where another program holds the file for more than a second: the same call may succeed later, and
    /// the rows that the error counts are in already. `is_damaged` where [`LogStore::begin_anew`] helps.
    pub async fn append(&self, rows: &[NewLog]) -> Result<(), (usize, StoreError)> {
        let mut done = 0;
        while done < rows.len() {
            let batch = &rows[done..done + batch_length(&rows[done..])];
            let outcome = match self.write(batch).await {
                Err(error) if error.is_disk_full() => match self.make_room().await {
                    Ok(()) => self.write(batch).await,
                    Err(_) => Err(error),
                },
                other => other,
            };
            outcome.map_err(|error| (done, error))?;
            done += batch.len();
        }
        Ok(())
    }

    /// One page, newest first.
    ///
    /// # Errors
    /// Those of any read; one that takes longer than a second is cut, `is_too_slow`.
    pub async fn list(&self, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
        let (at, seq) = query.before.unwrap_or((i64::MAX, i64::MAX));
        let statement = match (&query.worker, query.at_least) {
            (Some(_), _) => LIST_OF_WORKER,
            (None, LogLevel::Info) => LIST,
            (None, _) => LIST_OF_LEVEL,
        };
        let mut rows = sqlx::query_as(statement)
            .bind(at)
            .bind(seq)
            .bind(query.since_ms.unwrap_or(i64::MIN))
            .bind(query.limit.min(LONGEST_PAGE));
        if statement != LIST {
            rows = rows.bind(query.at_least.number());
        }
        if let Some(worker) = &query.worker {
            rows = rows.bind(worker);
        }
        let mut conn = self.reader().await?;
        rows.fetch_all(&mut *conn).await.map_err(reading)
    }

    /// What was added after the row `seq`, oldest first; `limit` and filters of the query count, its times do not.
    ///
    /// # Errors
    /// As [`LogStore::list`].
    pub async fn after(&self, seq: i64, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
        let rows = sqlx::query_as(AFTER)
            .bind(seq)
            .bind(query.at_least.number())
            .bind(&query.worker)
            .bind(query.limit.min(LONGEST_PAGE));
        let mut conn = self.reader().await?;
        rows.fetch_all(&mut *conn).await.map_err(reading)
    }

    /// What the worker of an incident said first and last; `None` for other rows.
    ///
    /// # Errors
    /// As [`LogStore::list`].
    pub async fn output(&self, seq: i64) -> Result<Option<LogOutput>, StoreError> {
        let mut conn = self.reader().await?;
        sqlx::query_as(OUTPUT).bind(seq).fetch_optional(&mut *conn).await.map_err(reading)
    }

    /// Deletes rows older than `before_ms`; gives how many.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn prune(&self, before_ms: i64) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let deleted = self.delete(before_ms).await?;
            all += deleted;
            if deleted < u64::from(DELETED_AT_ONCE) {
                return Ok(all);
            }
        }
    }

    /// Moves the write-ahead log into the file and closes the connections.
    ///
    /// # Errors
    /// None that matters: the log stays for the next start.
    pub async fn close(self) {
        self.reader.close().await;
        if let Ok(mut conn) = self.writer.acquire().await {
            // Failing, it leaves the log where it is.
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *conn).await.ok();
        }
        self.writer.close().await;
    }

    async fn write(&self, rows: &[NewLog]) -> Result<(), StoreError> {
        let mut conn = self.writer.acquire().await.map_err(writing)?;
        let added = add(&mut conn, rows).await;
        if added.is_err() {
            // A full file makes SQLite roll back by itself, of which sqlx knows nothing: the next one is a new connection.
            conn.close().await.ok();
        }
        added.map_err(writing)
    }

    async fn delete(&self, before_ms: i64) -> Result<u64, StoreError> {
        let mut conn = self.writer.acquire().await.map_err(writing)?;
        let query = sqlx::query(DELETE_BEFORE).bind(before_ms).bind(DELETED_AT_ONCE);
        Ok(query.execute(&mut *conn).await.map_err(writing)?.rows_affected())
    }

    /// Deletes the oldest rows until a tenth of the pages is free.
    async fn make_room(&self) -> Result<(), StoreError> {
        loop {
            let mut conn = self.writer.acquire().await.map_err(writing)?;
            let pages: i64 = sqlx::query_scalar(
                "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count",
            )
            .fetch_one(&mut *conn)
            .await
            .map_err(writing)?;
            drop(conn);
            if pages <= self.most_pages / 10 * KEPT_OF_TEN || self.delete(i64::MAX).await? == 0 {
                return Ok(());
            }
        }
    }

    /// A connection whose question ends after a second: as long as it lasts, the write-ahead log can only grow.
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        const LONGEST: Duration = Duration::from_secs(1);
        let mut conn = self.reader.acquire().await.map_err(reading)?;
        let since = Instant::now();
        let mut handle = conn.lock_handle().await.map_err(reading)?;
        handle.set_progress_handler(10_000, move || since.elapsed() < LONGEST);
        drop(handle);
        Ok(conn)
    }
}

/// How many of the rows go into one transaction: one at least.
fn batch_length(rows: &[NewLog]) -> usize {
    let mut bytes = 0;
    let fits = rows.iter().take(BATCH_ROWS).take_while(|row| {
        bytes += row.size();
        bytes <= BATCH_BYTES
    });
    fits.count().max(1)
}

async fn add(conn: &mut SqliteConnection, rows: &[NewLog]) -> Result<(), sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    for row in rows {
        let output = row.output.as_ref();
        sqlx::query(ADD)
            .bind(row.at_ms)
            .bind(&row.worker)
            .bind(row.incarnation)
            .bind(row.level.number())
            .bind(&row.kind)
            .bind(row.lines)
            .bind(&row.text)
            .bind(output.map(|output| &output.first_lines))
            .bind(output.map(|output| &output.stdout_tail))
            .bind(output.map(|output| &output.stderr_tail))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

fn reading(source: sqlx::Error) -> StoreError {
    StoreError::Statement { action: "read the logs", source }
}

fn writing(source: sqlx::Error) -> StoreError {
    StoreError::Statement { action: "add to the logs", source }
}
