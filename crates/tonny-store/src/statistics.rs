//! Counts and sums for the faces, added up by SQLite, from indexes alone: no text is read for them.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::statements::statements;
use crate::store::Store;

statements! {
    TOTALS = "SELECT count(*), coalesce(sum(words), 0), coalesce(sum(audio_ms), 0), coalesce(sum(text_bytes), 0), \
        coalesce(min(started_at), 0), coalesce(max(started_at), 0) \
        FROM utterances WHERE started_at >= ?1 AND started_at < ?2";

    RECORDINGS = "SELECT count(*), coalesce(sum(audio_ms), 0) FROM utterances \
        WHERE audio_file IS NOT NULL AND started_at >= ?1 AND started_at < ?2";

    /// Days of the caller's zone: ?3 is its offset from UTC.
    DAYS = "SELECT (started_at + ?3) / 86400000, count(*), coalesce(sum(words), 0), coalesce(sum(audio_ms), 0) \
        FROM utterances WHERE started_at >= ?1 AND started_at < ?2 GROUP BY 1 ORDER BY 1";

    BY_STATE = "SELECT state, count(*) FROM utterances \
        WHERE state > '' AND started_at >= ?1 AND started_at < ?2 GROUP BY state";

    BY_ROUTE = "SELECT route, count(*) FROM utterances \
        WHERE route > '' AND started_at >= ?1 AND started_at < ?2 GROUP BY route";

    BY_ENGINE = "SELECT engine, count(*) FROM utterances \
        WHERE engine > '' AND started_at >= ?1 AND started_at < ?2 GROUP BY engine";

    BY_MODEL = "SELECT model, count(*) FROM utterances \
        WHERE model > '' AND started_at >= ?1 AND started_at < ?2 GROUP BY model";

    BY_PROFILE = "SELECT profile, count(*) FROM utterances \
        WHERE profile > '' AND started_at >= ?1 AND started_at < ?2 GROUP BY profile";

    SIZE = "SELECT page_count * page_size, freelist_count * page_size \
        FROM pragma_page_count, pragma_page_size, pragma_freelist_count";
}

/// What there is in a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Utterances.
    pub utterances: i64,
    /// Their words.
    pub words: i64,
    /// Milliseconds that were spoken.
    pub audio_ms: i64,
    /// Bytes of their texts.
    pub text_bytes: i64,
    /// The first one, UTC milliseconds since 1970; 0 where there is none.
    pub first_ms: i64,
    /// The last one.
    pub last_ms: i64,
    /// Of these, how many have a recording.
    pub recordings: i64,
    /// Milliseconds in those recordings.
    pub recordings_ms: i64,
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Days since 1970 in the zone that was asked for.
    pub day: i64,
    /// Utterances.
    pub utterances: i64,
    /// Their words.
    pub words: i64,
    /// Milliseconds that were spoken.
    pub audio_ms: i64,
}

/// By what utterances are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// How far they got.
    State,
    /// Where they went.
    Route,
    /// What heard them.
    Engine,
    /// The model that heard them.
    Model,
    /// Who spoke.
    Profile,
}

/// Size of the database file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// All of it, without the write-ahead log.
    pub bytes: i64,
    /// Of it, pages that hold nothing: what a vacuum gives back.
    pub free_bytes: i64,
}

/// The queries.
#[derive(Debug)]
pub struct Statistics<'a> {
    store: &'a Store,
}

impl<'a> Statistics<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Statistics { store }
    }

    /// What there is from `since_ms` until before `until_ms`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn totals(&self, since_ms: i64, until_ms: i64) -> Result<Totals, StoreError> {
        const ACTION: &str = "count the utterances";
        let query = sqlx::query(TOTALS).bind(since_ms).bind(until_ms);
        let sums: Option<(i64, i64, i64, i64, i64, i64)> = self.store.row(ACTION, query).await?;
        let query = sqlx::query(RECORDINGS).bind(since_ms).bind(until_ms);
        let recorded: Option<(i64, i64)> = self.store.row(ACTION, query).await?;
        let (utterances, words, audio_ms, text_bytes, first_ms, last_ms) = sums.unwrap_or_default();
        let (recordings, recordings_ms) = recorded.unwrap_or_default();
        Ok(Totals { utterances, words, audio_ms, text_bytes, first_ms, last_ms, recordings, recordings_ms })
    }

    /// The days of a span that have an utterance, in a zone `offset_ms` ahead of UTC.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn days(&self, since_ms: i64, until_ms: i64, offset_ms: i64) -> Result<Vec<Day>, StoreError> {
        let query = sqlx::query(DAYS).bind(since_ms).bind(until_ms).bind(offset_ms);
        let rows: Vec<(i64, i64, i64, i64)> = self.store.rows("count the days", query).await?;
        let day = |(day, utterances, words, audio_ms)| Day { day, utterances, words, audio_ms };
        Ok(rows.into_iter().map(day).collect())
    }

    /// How many utterances of a span there are of each kind.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn counts(
        &self,
        by: By,
        since_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let statement = match by {
            By::State => BY_STATE,
            By::Route => BY_ROUTE,
            By::Engine => BY_ENGINE,
            By::Model => BY_MODEL,
            By::Profile => BY_PROFILE,
        };
        let query = sqlx::query(statement).bind(since_ms).bind(until_ms);
        self.store.rows("count the utterances", query).await
    }

    /// Size of the file.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn size(&self) -> Result<Size, StoreError> {
        let row: Option<(i64, i64)> = self.store.row("measure the database", sqlx::query(SIZE)).await?;
        let (bytes, free_bytes) = row.unwrap_or_default();
        Ok(Size { bytes, free_bytes })
    }
}
