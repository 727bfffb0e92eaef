//! The table `messages`: what was said in the talks with the assistant, as a tree of branches, and the search over it.
//!
//! An answer grows while it streams; how it ended is in its state, so that one that was cut off is never taken for
//! complete.

use serde::{Deserialize, Serialize};
use sqlx::{Connection, FromRow, Row};

use crate::StoreError;
use crate::search::{Piece, fts_query, pieces};
use crate::statements::statements;
use crate::store::{Durability, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.seq, m.id, m.conversation, m.parent, m.role, m.state, m.text, m.provider, m.model, ",
            "m.error_code, m.utterance, m.tokens_in, m.tokens_out, m.cost_micros, m.created_at ",
            $rest
        )
    };
}

statements! {
    ADD = "INSERT INTO messages (id, conversation, parent, role, state, text, provider, model, utterance, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    TOUCH = "UPDATE conversations SET updated_at = ?2 WHERE id = ?1";

    SET_TEXT = "UPDATE messages SET text = ?2, state = ?3, error_code = ?4, tokens_in = coalesce(?5, tokens_in), \
        tokens_out = coalesce(?6, tokens_out), cost_micros = coalesce(?7, cost_micros) WHERE id = ?1";

    OF = select!("FROM messages m WHERE m.conversation = ?1 AND m.seq > ?2 ORDER BY m.seq LIMIT abs(?3)");

    GET = select!("FROM messages m WHERE m.id = ?1");

    SEARCH = select!(
        ", snippet(messages_fts, 0, char(0xFDD0), char(0xFDD1), '…', 24) AS snippet \
         FROM messages_fts CROSS JOIN messages m ON m.seq = messages_fts.rowid \
         WHERE messages_fts MATCH ?1 AND messages_fts.rowid < ?2 ORDER BY messages_fts.rowid DESC LIMIT abs(?3)"
    );

    DELETE = "DELETE FROM messages WHERE id = ?1";
}

/// A long talk in a few pages.
const LONGEST_PAGE: u32 = 1_000;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// The instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// What a tool gave.
    Tool,
}

/// How much of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum MessageState {
    /// It is still coming.
    Streaming,
    /// All of it.
    Complete,
    /// It ended early.
    Cut,
    /// It did not come.
    Failed,
}

/// A message to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// A UUIDv7 as text.
    pub id: String,
    /// The talk it belongs to.
    pub conversation: String,
    /// The message before it in its branch.
    pub parent: Option<String>,
    /// Who says it.
    pub role: Role,
    /// How much of it is there.
    pub state: MessageState,
    /// At most 1,000,000 characters.
    pub text: String,
    /// Who was asked.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// The utterance it was spoken in.
    pub utterance: Option<String>,
    /// UTC, milliseconds since 1970.
    pub created_at_ms: i64,
}

/// What changes while an answer streams and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageText {
    /// All of it so far.
    pub text: String,
    /// How much of it is there.
    pub state: MessageState,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// Tokens of the question; `None` keeps what is there.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micros: Option<i64>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Message {
    /// The order of entry.
    pub seq: i64,
    /// A UUIDv7 as text.
    pub id: String,
    /// The talk it belongs to.
    pub conversation: String,
    /// The message before it in its branch.
    pub parent: Option<String>,
    /// Who says it.
    pub role: Role,
    /// How much of it is there.
    pub state: MessageState,
    /// The words.
    pub text: String,
    /// Who was asked.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// The utterance it was spoken in.
    pub utterance: Option<String>,
    /// Tokens of the question.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micros: Option<i64>,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "created_at")]
    pub created_at_ms: i64,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Messages<'a> {
    store: &'a Store,
}

impl<'a> Messages<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Messages { store }
    }

    /// Adds one; its conversation counts as used at that moment.
    ///
    /// # Errors
    /// `is_refused_value` for a conversation, parent or utterance that does not exist.
    pub async fn add(&self, new: &NewMessage) -> Result<(), StoreError> {
        const ACTION: &str = "add a message";
        let failed = |source| StoreError::Statement { action: ACTION, source };
        // What a person wrote is worth a sync.
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut both = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        sqlx::query(ADD)
            .bind(&new.id)
            .bind(&new.conversation)
            .bind(&new.parent)
            .bind(new.role)
            .bind(new.state)
            .bind(&new.text)
            .bind(&new.provider)
            .bind(&new.model)
            .bind(&new.utterance)
            .bind(new.created_at_ms)
            .execute(&mut *both)
            .await
            .map_err(failed)?;
        let touch = sqlx::query(TOUCH).bind(&new.conversation).bind(new.created_at_ms);
        touch.execute(&mut *both).await.map_err(failed)?;
        both.commit().await.map_err(failed)
    }

    /// What it says now.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` above 1,000,000 characters.
    pub async fn set_text(&self, id: &str, text: &MessageText) -> Result<(), StoreError> {
        let durability = match text.state {
            MessageState::Streaming => Durability::Process,
            _ => Durability::Power,
        };
        let query = sqlx::query(SET_TEXT)
            .bind(id)
            .bind(&text.text)
            .bind(text.state)
            .bind(&text.error_code)
            .bind(text.tokens_in)
            .bind(text.tokens_out)
            .bind(text.cost_micros);
        one(id, self.store.change(durability, "save a message", query).await?)
    }

    /// The messages of a conversation in the order they were added, after the row `seq`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn of(
        &self,
        conversation: &str,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let query = sqlx::query(OF).bind(conversation).bind(after.unwrap_or(0)).bind(limit.min(LONGEST_PAGE));
        self.store.rows("list messages", query).await
    }

    /// One.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Message>, StoreError> {
        self.store.row("load a message", sqlx::query(GET).bind(id)).await
    }

    /// Messages that contain every word and phrase of `text`, as a search over utterances does; the latest first, before
    /// the row `seq`. Nothing without a word.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn search(
        &self,
        text: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(Message, Vec<Piece>)>, StoreError> {
        const ACTION: &str = "search messages";
        let failed = |source| StoreError::Statement { action: ACTION, source };
        let Some(words) = fts_query(text) else { return Ok(Vec::new()) };
        let query =
            sqlx::query(SEARCH).bind(words).bind(before.unwrap_or(i64::MAX)).bind(limit.min(LONGEST_PAGE));
        let mut conn = self.store.reader(ACTION).await?;
        let rows = query.fetch_all(&mut *conn).await.map_err(failed)?;
        let hit = |row| Ok((Message::from_row(row)?, pieces(&Row::try_get::<String, _>(row, "snippet")?)));
        rows.iter().map(hit).collect::<Result<_, _>>().map_err(failed)
    }

    /// Deletes one with the branch that hangs from it.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let query = sqlx::query(DELETE).bind(id);
        one(id, self.store.change(Durability::Process, "delete a message", query).await?)
    }
}

fn one(id: &str, changed: u64) -> Result<(), StoreError> {
    // The branch below counts, too.
    if changed >= 1 { Ok(()) } else { Err(StoreError::Missing { id: id.to_owned() }) }
}
