//! The table `utterances`: what was said, how far it got, and how long each stage took.
//!
//! Each call is one statement and so one transaction; the triggers that keep the search in step run inside it. A write
//! survives the death of the process; the final text survives a power cut too. Which state may follow which is the
//! core's rule: the table only knows the names. Statements are in `utterances/sql.rs`, rows in `utterances/row.rs`.

mod import;
mod row;
pub(crate) mod sql;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row};

pub use row::{
    Fact, FinalText, NewUtterance, Outcome, Page, Search, Timings, Utterance, UtteranceState, WebhookAnswer,
};

use crate::StoreError;
use crate::search::{Hit, fts_query, opening_piece, pieces};
use crate::store::{Durability, Query, Store};

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
            .bind(&new.model)
            .bind(&new.profile);
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

    /// As `set_state`, synced to the disk when this returns: what the user took back, or what may have been delivered.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn set_state_for_sure(&self, id: &str, state: UtteranceState) -> Result<(), StoreError> {
        let query = sqlx::query(sql::SET_STATE).bind(id).bind(state);
        one_row(id, self.store.change(Durability::Power, "set an utterance's state", query).await?)
    }

    /// Moves the utterance to `to` only if it is in `from`; says whether it was. What two programs use that must not
    /// both deliver it, and what says after a power cut that it may have been delivered: synced when this returns.
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
        Ok(self.store.change(Durability::Power, "claim an utterance", query).await? == 1)
    }

    /// As `claim`, for a step that may be lost in a power cut.
    ///
    /// # Errors
    /// As `claim`.
    pub async fn claim_loosely(
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

    /// The final text; state `transcribed` unless it was cancelled, delivering or finished already. Synced to the disk when
    /// this returns.
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
            .bind(&text.model)
            .bind(text.confidence)
            .bind(&text.speaker)
            .bind(words_in(&text.text));
        let changed = self.store.change(Durability::Power, ACTION, query).await?;
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

    /// A webhook has it.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` for an answer above 1,000,000 bytes.
    pub async fn note_webhook(&self, id: &str, answer: &WebhookAnswer) -> Result<(), StoreError> {
        let query = sqlx::query(sql::NOTE_WEBHOOK).bind(id).bind(answer.success).bind(&answer.response);
        self.write_one("note what a webhook answered", id, query).await
    }

    /// The words are gone, from the search too; the row stays with its times and counts.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn forget_text(&self, id: &str) -> Result<(), StoreError> {
        self.write_one("forget an utterance's text", id, sqlx::query(sql::FORGET_TEXT).bind(id)).await
    }

    /// One utterance.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Utterance>, StoreError> {
        self.store.row("load an utterance", sqlx::query(sql::GET).bind(id)).await
    }

    /// One page, newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(&self, page: &Page) -> Result<Vec<Utterance>, StoreError> {
        // No row is later than the largest number there is: the first page is a page like any other to the index.
        let until = (page.filter.until_ms.unwrap_or(i64::MAX), "");
        let before = page.before.as_ref().map_or(until, |(at, id)| until.min((*at, id)));
        let query = page.filter.bind(sqlx::query(AssertSqlSafe(sql::list(&page.filter))));
        let query = query.bind(before.0).bind(before.1).bind(page.limit.min(LONGEST_PAGE));
        self.store.rows("list utterances", query).await
    }

    /// Utterances that contain every word and phrase of the text, each word as a whole or as the beginning of one,
    /// accents and case aside, the latest entered first. Without a word in it: all of them; with only marks that are no
    /// word: nothing.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn search(&self, search: &Search) -> Result<Vec<Hit>, StoreError> {
        const ACTION: &str = "search utterances";
        let words = fts_query(&search.text);
        let statement = match &words {
            Some(_) => sql::search(&search.filter),
            None => sql::latest_entered(&search.filter),
        };
        let query = search.filter.bind(sqlx::query(AssertSqlSafe(statement)));
        let query =
            query.bind(&words).bind(search.before.unwrap_or(i64::MAX)).bind(search.limit.min(LONGEST_PAGE));
        let mut conn = self.store.reader(ACTION).await?;
        let rows = query.fetch_all(&mut *conn).await.map_err(|source| self.store.failed(ACTION, source))?;
        let hit = |row: &SqliteRow| {
            let utterance = Utterance::from_row(row)?;
            let snippet = match &words {
                Some(_) => pieces(&row.try_get::<String, _>("snippet")?),
                None => opening_piece(&utterance),
            };
            Ok(Hit { utterance, snippet })
        };
        rows.iter().map(hit).collect::<Result<_, _>>().map_err(|source| self.store.failed(ACTION, source))
    }

    /// Those in a state from `recording` to `delivering`, oldest first: what a start has to take up.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn unfinished(&self) -> Result<Vec<Utterance>, StoreError> {
        self.store.rows("list unfinished utterances", sqlx::query(sql::UNFINISHED)).await
    }

    /// The newest one.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn latest(&self) -> Result<Option<Utterance>, StoreError> {
        Ok(self.list(&Page { limit: 1, ..Page::default() }).await?.pop())
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count: Option<(i64,)> = self.store.row("count utterances", sqlx::query(sql::COUNT)).await?;
        Ok(count.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// What retention decides by, oldest first, after the row `(started_at_ms, id)`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn facts(&self, after: Option<(i64, &str)>, limit: u32) -> Result<Vec<Fact>, StoreError> {
        self.facts_by(sql::FACTS, after, limit).await
    }

    /// The same of those that have a recording; `text_bytes` is 0.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn audio_facts(&self, after: Option<(i64, &str)>, limit: u32) -> Result<Vec<Fact>, StoreError> {
        self.facts_by(sql::AUDIO_FACTS, after, limit).await
    }

    /// The same of cancelled ones begun before `until_ms`; `text_bytes` is 0.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn cancelled_facts(
        &self,
        after: Option<(i64, &str)>,
        until_ms: i64,
        limit: u32,
    ) -> Result<Vec<Fact>, StoreError> {
        let (started_at_ms, id) = after.unwrap_or((i64::MIN, ""));
        let query = sqlx::query(sql::CANCELLED_FACTS).bind(started_at_ms).bind(id).bind(limit).bind(until_ms);
        self.store.rows("look through the cancelled utterances", query).await
    }

    async fn facts_by(
        &self,
        statement: &'static str,
        after: Option<(i64, &str)>,
        limit: u32,
    ) -> Result<Vec<Fact>, StoreError> {
        let (started_at_ms, id) = after.unwrap_or((i64::MIN, ""));
        let query = sqlx::query(statement).bind(started_at_ms).bind(id).bind(limit);
        self.store.rows("look through the utterances", query).await
    }

    /// Deletes the row with its words in the search, and gives the name of the audio file that is now without a row.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn delete(&self, id: &str) -> Result<Option<String>, StoreError> {
        const ACTION: &str = "delete an utterance";
        let mut conn = self.store.writer(Durability::Process, ACTION).await?;
        // To the end, not to the first row: the commit, and what goes wrong in it, comes after the last one.
        let mut deleted: Vec<Option<String>> = sqlx::query_scalar(sql::DELETE)
            .bind(id)
            .fetch_all(&mut *conn)
            .await
            .map_err(|source| self.store.failed(ACTION, source))?;
        deleted.pop().ok_or_else(|| StoreError::Missing { id: id.to_owned() })
    }

    async fn write_one(&self, action: &'static str, id: &str, query: Query<'_>) -> Result<(), StoreError> {
        one_row(id, self.write(action, query).await?)
    }

    async fn write(&self, action: &'static str, query: Query<'_>) -> Result<u64, StoreError> {
        self.store.change(Durability::Process, action, query).await
    }
}

/// Words as people count them: runs between white space.
pub(crate) fn words_in(text: &str) -> i64 {
    i64::try_from(text.split_whitespace().count()).unwrap_or(i64::MAX)
}

fn one_row(id: &str, changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { id: id.to_owned() }) }
}
