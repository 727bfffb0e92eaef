//! The table `activity`: who did what, to what, and whether it worked.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::Connection;

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Query, Store};

statements! {
    NOTE = "INSERT INTO activity (at, profile, action, subject, success, error_code, detail) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

    /// What was written down before it was done did not work.
    FAILED = "UPDATE activity SET success = 0, error_code = ?2 WHERE seq = ?1";

    /// As NOTE, unless there are as many alike as ?8 says: a file that comes in again adds nothing, and a file's own
    /// repetitions stay.
    IMPORT = "INSERT INTO activity (at, profile, action, subject, success, error_code, detail) \
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT count(*) FROM activity \
        WHERE at = ?1 AND action = ?3 AND subject IS ?4 AND success = ?5 AND detail IS ?7) < ?8";

    LIST = "SELECT seq, at, profile, action, subject, success, error_code, detail FROM activity \
        WHERE (at, seq) < (?1, ?2) ORDER BY at DESC, seq DESC LIMIT abs(?3)";

    LIST_OF_PROFILE = "SELECT seq, at, profile, action, subject, success, error_code, detail FROM activity \
        WHERE (at, seq) < (?1, ?2) AND profile = ?4 ORDER BY at DESC, seq DESC LIMIT abs(?3)";

    LIST_OF_ACTION = "SELECT seq, at, profile, action, subject, success, error_code, detail FROM activity \
        WHERE (at, seq) < (?1, ?2) AND action = ?4 ORDER BY at DESC, seq DESC LIMIT abs(?3)";

    /// Walks an index, the narrowest there is.
    COUNT = "SELECT count(*) FROM activity";

    /// The bound keeps one clean-up's transaction short. A line of an old log that was imported is as old as its import: it
    /// goes once something that was noted later goes, too.
    DELETE_BEFORE = "DELETE FROM activity WHERE seq IN \
        (SELECT seq FROM activity WHERE at < ?1 AND (action NOT GLOB 'log.*' OR seq < \
        (SELECT max(seq) FROM activity WHERE at < ?1 AND action NOT GLOB 'log.*')) ORDER BY at, seq LIMIT ?2)";

    /// What each takes, the newest entry first.
    SIZES = "SELECT seq, octet_length(action) + coalesce(octet_length(profile), 0) + coalesce(octet_length(subject), 0) \
        + coalesce(octet_length(error_code), 0) + coalesce(octet_length(detail), 0) FROM activity \
        WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";

    DELETE_UP_TO = "DELETE FROM activity WHERE seq IN \
        (SELECT seq FROM activity WHERE seq <= ?1 ORDER BY seq LIMIT ?2)";

    /// In the order of entry, for the same reason.
    DELETE_OLDEST = "DELETE FROM activity WHERE seq IN \
        (SELECT seq FROM activity WHERE seq < 9223372036854775807 ORDER BY seq LIMIT ?1)";
}

/// What a row takes beside its texts: numbers, and its places in the indexes.
const ROW_BYTES: u64 = 64;

/// More rows than a page shows.
const LONGEST_PAGE: u32 = 1_000;

/// Something done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Deed {
    /// UTC, milliseconds since 1970.
    pub at_ms: i64,
    /// By whom.
    pub profile: Option<String>,
    /// `dictate`, `history.delete`, `profile.switch`, ...
    pub action: String,
    /// What it was done to: an id, a key, a file's name.
    pub subject: Option<String>,
    /// Whether it worked.
    pub success: bool,
    /// Why it did not, as `TT-...`.
    pub error_code: Option<String>,
    /// A sentence about it; never spoken words.
    pub detail: Option<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct ActivityRow {
    /// The order of entry.
    pub seq: i64,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "at")]
    pub at_ms: i64,
    /// By whom.
    pub profile: Option<String>,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// Whether it worked.
    pub success: bool,
    /// Why it did not.
    pub error_code: Option<String>,
    /// A sentence about it.
    pub detail: Option<String>,
}

/// Which rows a page of activity holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deeds {
    /// All.
    #[default]
    All,
    /// Those of one profile.
    OfProfile(String),
    /// Those of one kind.
    OfAction(String),
}

/// The queries of the table.
#[derive(Debug)]
pub struct Activity<'a> {
    store: &'a Store,
}

impl<'a> Activity<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Activity { store }
    }

    /// Writes down something done.
    ///
    /// # Errors
    /// `is_refused_value` for a profile that does not exist, or a text that is too long.
    pub async fn note(&self, deed: &Deed) -> Result<(), StoreError> {
        self.store.change(Durability::Process, "note an activity", bind(NOTE, deed)).await.map(drop)
    }

    /// Writes down something that is about to be done, as done; gives its number for `failed`.
    ///
    /// # Errors
    /// As `note`.
    pub async fn note_before(&self, deed: &Deed) -> Result<i64, StoreError> {
        let seq = self.store.insert(Durability::Process, "note an activity", bind(NOTE, deed)).await?;
        // A plain INSERT adds a row or fails.
        Ok(seq.unwrap_or_default())
    }

    /// What was noted under this number did not work, and why.
    ///
    /// # Errors
    /// As `note`.
    pub async fn failed(&self, seq: i64, error_code: &str) -> Result<(), StoreError> {
        let query = sqlx::query(FAILED).bind(seq).bind(error_code);
        self.store.change(Durability::Process, "note an activity", query).await.map(drop)
    }

    /// Adds deeds, all or none, but for those that are there already; gives how many were added. Synced to the disk.
    ///
    /// # Errors
    /// `RefusedRow` names the first one that breaks a rule of the table.
    pub async fn import(&self, deeds: &[Deed]) -> Result<u64, StoreError> {
        const ACTION: &str = "import activity";
        let failed = |source| self.store.failed(ACTION, source);
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut all = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let (mut added, mut alike) = (0, HashMap::new());
        for (row, deed) in deeds.iter().enumerate() {
            let nth = alike.entry(deed).and_modify(|count| *count += 1).or_insert(1_i64);
            let put = bind(IMPORT, deed).bind(*nth).execute(&mut *all).await;
            let done = put.map_err(|source| match StoreError::refused(&source) {
                true => StoreError::RefusedRow { row, source },
                false => failed(source),
            })?;
            added += done.rows_affected();
        }
        all.commit().await.map_err(failed)?;
        Ok(added)
    }

    /// One page, newest first, of rows before `(at_ms, seq)`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(
        &self,
        which: &Deeds,
        before: Option<(i64, i64)>,
        limit: u32,
    ) -> Result<Vec<ActivityRow>, StoreError> {
        let (at, seq) = before.unwrap_or((i64::MAX, i64::MAX));
        let (statement, value) = match which {
            Deeds::All => (LIST, None),
            Deeds::OfProfile(profile) => (LIST_OF_PROFILE, Some(profile)),
            Deeds::OfAction(action) => (LIST_OF_ACTION, Some(action)),
        };
        let mut query = sqlx::query(statement).bind(at).bind(seq).bind(limit.min(LONGEST_PAGE));
        if let Some(value) = value {
            query = query.bind(value);
        }
        self.store.rows("list the activity", query).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count: Option<(i64,)> = self.store.row("count the activity", sqlx::query(COUNT)).await?;
        Ok(count.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// Deletes at most `limit` rows older than `at_ms`, oldest first; gives how many. What was imported (`log.*`) is as old as
    /// its import.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete_before(&self, at_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(DELETE_BEFORE).bind(at_ms).bind(limit);
        self.store.change(Durability::Process, "delete old activity", query).await
    }

    /// The newest row that has no room any more when the newest rows may take `bytes`; `None` where all have.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn beyond(&self, bytes: u64) -> Result<Option<i64>, StoreError> {
        let (mut taken, mut before) = (0_u64, i64::MAX);
        loop {
            let query = sqlx::query(SIZES).bind(before).bind(LONGEST_PAGE);
            let page: Vec<(i64, i64)> = self.store.rows("measure the activity", query).await?;
            let Some(last) = page.last() else { return Ok(None) };
            before = last.0;
            for (seq, size) in page {
                taken += ROW_BYTES + size.unsigned_abs();
                if taken > bytes {
                    return Ok(Some(seq));
                }
            }
        }
    }

    /// Deletes at most `limit` rows that were entered up to this one, oldest first; gives how many.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete_up_to(&self, seq: i64, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(DELETE_UP_TO).bind(seq).bind(limit);
        self.store.change(Durability::Process, "delete old activity", query).await
    }

    /// Deletes the `limit` rows that were entered first; gives how many.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete_oldest(&self, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(DELETE_OLDEST).bind(limit);
        self.store.change(Durability::Process, "delete old activity", query).await
    }
}

fn bind<'q>(statement: &'static str, deed: &'q Deed) -> Query<'q> {
    sqlx::query(statement)
        .bind(deed.at_ms)
        .bind(&deed.profile)
        .bind(&deed.action)
        .bind(&deed.subject)
        .bind(deed.success)
        .bind(&deed.error_code)
        .bind(&deed.detail)
}
