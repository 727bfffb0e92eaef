//! The table `utterances`: what was said, how far it got, and how long each stage took.
//!
//! Each call is one statement and so one transaction; the triggers that keep the search in step run inside it. A write
//! survives the death of the process; the final text survives a power cut too. Which state may follow which is the
//! core's rule: the table only knows the names. Statements are in `utterances/sql.rs`, rows in `utterances/row.rs`.

mod row;
pub(crate) mod sql;

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite};

pub use row::{FinalText, NewUtterance, Outcome, Page, Timings, Utterance, UtteranceState};

use crate::StoreError;
use crate::search::{Hit, fts_query, opening_piece, pieces};
use crate::store::{Durability, Store};

/// More rows than a window shows and few enough to hold in memory with texts of some pages each.
const LONGEST_PAGE: u32 = 1000;

/// The queries of the table.
#[derive(Debug)]
pub struct Utterances<'a> {
    store: &'a Store,
}

impl<'a> Utterances<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Utterances { store }
    }

    /// A new utterance in state `recording`.
    ///
    /// # Errors
    /// `is_refused_value` when the id exists.
    pub async fn begin(&self, new: &NewUtterance) -> Result<(), StoreError> {
        let query = sqlx::query(sql::BEGIN)
            .bind(&new.id)
            .bind(new.started_at_ms)
            .bind(&new.route)
            .bind(&new.audio_file)
            .bind(&new.engine)
            .bind(&new.model);
        self.write("begin an utterance", query).await.map(drop)
    }

    /// Moves the utterance to `state`, whatever it was in.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn set_state(&self, id: &str, state: UtteranceState) -> Result<(), StoreError> {
        let query = sqlx::query(sql::SET_STATE).bind(id).bind(state);
        self.write_one("set an utterance's state", id, query).await
    }

    /// Moves the utterance to `to` only if it is in `from`; says whether it was. What two programs use that must not
    /// both deliver it.
    ///
    /// # Errors
    /// Those of any write; a missing utterance is `false`.
    pub async fn claim(
        &self,
        id: &str,
        from: UtteranceState,
        to: UtteranceState,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::CLAIM).bind(id).bind(from).bind(to);
        Ok(self.write("claim an utterance", query).await? == 1)
    }

    /// Writes the stages that are known; those that are `None` keep what they have.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` for a negative time.
    pub async fn note_timings(&self, id: &str, timings: &Timings) -> Result<(), StoreError> {
        let query = timings.bind_to(sqlx::query(sql::NOTE_TIMINGS).bind(id));
        self.write_one("note an utterance's timings", id, query).await
    }

    /// The length of the audio, in milliseconds.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn note_audio(&self, id: &str, audio_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(sql::NOTE_AUDIO).bind(id).bind(audio_ms);
        self.write_one("note an utterance's audio", id, query).await
    }

    /// The utterance was found unfinished and taken up again.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn mark_recovered(&self, id: &str) -> Result<(), StoreError> {
        let query = sqlx::query(sql::MARK_RECOVERED).bind(id);
        self.write_one("mark an utterance as recovered", id, query).await
    }

    /// The recording is gone; the row stays.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn forget_audio(&self, id: &str) -> Result<(), StoreError> {
        self.write_one("forget an utterance's audio", id, sqlx::query(sql::FORGET_AUDIO).bind(id)).await
    }

    /// The final text, state `transcribed`; synced to the disk when this returns.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` for a text above 1,000,000 characters.
    pub async fn commit_text(&self, id: &str, text: &FinalText) -> Result<(), StoreError> {
        const ACTION: &str = "keep an utterance's text";
        let query = sqlx::query(sql::COMMIT_TEXT)
            .bind(id)
            .bind(&text.text)
            .bind(&text.raw_text)
            .bind(&text.language)
            .bind(&text.engine)
            .bind(&text.model);
        let changed = self.write_at(Durability::Power, ACTION, query).await?;
        one_row(id, changed)
    }

    /// How the utterance ended. The error fields are replaced (a retry that went well clears them); `inserted_by`,
    /// `target_class` and timings that are `None` keep what they have.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn finish(&self, id: &str, outcome: &Outcome) -> Result<(), StoreError> {
        let query = sqlx::query(sql::FINISH).bind(id);
        let query = outcome
            .timings
            .bind_to(query)
            .bind(outcome.state)
            .bind(&outcome.error_code)
            .bind(&outcome.error_message)
            .bind(&outcome.inserted_by)
            .bind(&outcome.target_class);
        self.write_one("finish an utterance", id, query).await
    }

    /// One utterance.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Utterance>, StoreError> {
        sqlx::query_as(sql::GET)
            .bind(id)
            .fetch_optional(self.store.readers())
            .await
            .map_err(reading("load an utterance"))
    }

    /// One page, newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(&self, page: &Page) -> Result<Vec<Utterance>, StoreError> {
        // No row is later than the largest number there is: the first page is a page like any other to the index.
        let (started_at_ms, id) = match &page.before {
            Some((started_at_ms, id)) => (*started_at_ms, id.as_str()),
            None => (i64::MAX, ""),
        };
        let limit = page.limit.min(LONGEST_PAGE);
        let query = match page.state {
            None => sqlx::query_as(sql::LIST).bind(started_at_ms).bind(id).bind(limit),
            Some(state) => {
                sqlx::query_as(sql::LIST_IN_STATE).bind(started_at_ms).bind(id).bind(limit).bind(state)
            }
        };
        query.fetch_all(self.store.readers()).await.map_err(reading("list utterances"))
    }

    /// Utterances that contain every word of `text`, each as a whole or as the beginning of a word, accents and case
    /// aside, the latest entered first. Nothing in `text` is syntax. Without a word in it: the list, newest first;
    /// with only marks that are no word: nothing.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn search(&self, text: &str, limit: u32, offset: u32) -> Result<Vec<Hit>, StoreError> {
        const ACTION: &str = "search utterances";
        let limit = limit.min(LONGEST_PAGE);
        let Some(words) = fts_query(text) else {
            let rows: Vec<Utterance> = sqlx::query_as(sql::LIST_FROM)
                .bind(limit)
                .bind(offset)
                .fetch_all(self.store.readers())
                .await
                .map_err(reading(ACTION))?;
            return Ok(rows
                .into_iter()
                .map(|utterance| Hit { snippet: opening_piece(&utterance), utterance })
                .collect());
        };
        let rows = sqlx::query(sql::SEARCH)
            .bind(words)
            .bind(limit)
            .bind(offset)
            .fetch_all(self.store.readers())
            .await
            .map_err(reading(ACTION))?;
        rows.iter()
            .map(|row| {
                let utterance = sqlx::FromRow::from_row(row)?;
                let marked: String = row.try_get("snippet")?;
                Ok(Hit { utterance, snippet: pieces(&marked) })
            })
            .collect::<Result<_, _>>()
            .map_err(reading(ACTION))
    }

    /// Those in a state from `recording` to `delivering`, oldest first: what a start has to take up.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn unfinished(&self) -> Result<Vec<Utterance>, StoreError> {
        sqlx::query_as(sql::UNFINISHED)
            .fetch_all(self.store.readers())
            .await
            .map_err(reading("list unfinished utterances"))
    }

    /// The newest one.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn latest(&self) -> Result<Option<Utterance>, StoreError> {
        let page = Page { before: None, limit: 1, state: None };
        Ok(self.list(&page).await?.pop())
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(sql::COUNT)
            .fetch_one(self.store.readers())
            .await
            .map_err(reading("count utterances"))?;
        Ok(count.unsigned_abs())
    }

    /// Deletes the row with its words in the search, and gives the name of the audio file that is now without a row.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn delete(&self, id: &str) -> Result<Option<String>, StoreError> {
        const ACTION: &str = "delete an utterance";
        let mut conn = self.store.writer(Durability::Process, ACTION).await?;
        // To the end, not to the first row: the commit, and what goes wrong in it, comes after the last one.
        let mut deleted: Vec<Option<String>> =
            sqlx::query_scalar(sql::DELETE).bind(id).fetch_all(&mut *conn).await.map_err(reading(ACTION))?;
        deleted.pop().ok_or_else(|| StoreError::Missing { id: id.to_owned() })
    }

    async fn write_one(
        &self,
        action: &'static str,
        id: &str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<(), StoreError> {
        one_row(id, self.write(action, query).await?)
    }

    async fn write(
        &self,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        self.write_at(Durability::Process, action, query).await
    }

    async fn write_at(
        &self,
        durability: Durability,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        let mut conn = self.store.writer(durability, action).await?;
        let done =
            query.execute(&mut *conn).await.map_err(|source| StoreError::Statement { action, source })?;
        Ok(done.rows_affected())
    }
}

fn one_row(id: &str, changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { id: id.to_owned() }) }
}

fn reading(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Statement { action, source }
}
