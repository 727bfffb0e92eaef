//! The table `messages`: what was said in the talks with the assistant, as a tree of branches, and the search over it.
//!
//! How a message ended is in its state, so that one that was cut off is never taken for complete. What comes while an
//! answer streams is in a table of its own (`deltas.rs`) until it ends. Statements are in `messages/sql.rs`, rows in
//! `messages/row.rs`.

mod row;
pub(crate) mod sql;

use sqlx::{Connection, FromRow, Row, SqliteConnection};

pub use row::{FinishReason, Message, MessageEnd, MessageNote, MessageState, NewMessage, Role};

use crate::search::{Piece, fts_query, pieces};
use crate::store::{Durability, Store};
use crate::{StoreError, conversations, deltas};

/// A long talk in a few pages.
const LONGEST_PAGE: u32 = 1_000;

/// The queries of the table.
#[derive(Debug)]
pub struct Messages<'a> {
    pub(crate) store: &'a Store,
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
        self.add_all(std::slice::from_ref(new), None).await
    }

    /// Adds several, all or none, such as a question with the answer that is to come; where `leaf` names one of them, its
    /// conversation shows the branch that ends there. Synced to the disk when this returns.
    ///
    /// # Errors
    /// As `add`; `Missing` for a leaf that is none of them.
    pub async fn add_all(&self, new: &[NewMessage], leaf: Option<&str>) -> Result<(), StoreError> {
        const ACTION: &str = "add a message";
        let failed = |source| self.store.failed(ACTION, source);
        // What a person wrote is worth a sync.
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut all = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        for new in new {
            add(&mut all, new, self.store.name()).await.map_err(failed)?;
        }
        if let Some(leaf) = leaf {
            let of = new.iter().find(|new| new.id == leaf).map_or("", |new| &new.conversation);
            let show = sqlx::query(conversations::SET_LEAF).bind(of).bind(leaf);
            one(leaf, show.execute(&mut *all).await.map_err(failed)?.rows_affected())?;
        }
        all.commit().await.map_err(failed)
    }

    /// Adds whole rows, all or none, in this order; those whose id is there already are left as they are. Gives how many
    /// were added; they are synced to the disk, and no conversation counts as used.
    ///
    /// # Errors
    /// `RefusedRow` names the first row that breaks a rule of the table, as one does whose parent comes after it.
    pub async fn import(&self, rows: &[Message]) -> Result<u64, StoreError> {
        const ACTION: &str = "import messages";
        let failed = |source| self.store.failed(ACTION, source);
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut all = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut added = 0;
        for (row, message) in rows.iter().enumerate() {
            let put = message.bind_to(sqlx::query(sql::PUT)).execute(&mut *all).await;
            let done = put.map_err(|source| match StoreError::refused(&source) {
                true => StoreError::RefusedRow { row, source },
                false => failed(source),
            })?;
            added += done.rows_affected();
        }
        all.commit().await.map_err(failed)?;
        Ok(added)
    }

    /// Who is asked, and what happened on the way.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` for notices that are no JSON.
    pub async fn note(&self, id: &str, note: &MessageNote) -> Result<(), StoreError> {
        let query =
            sqlx::query(sql::NOTE).bind(id).bind(&note.provider).bind(&note.model).bind(&note.notices);
        one(id, self.store.change(Durability::Process, "note the way to an answer", query).await?)
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
        let query =
            sqlx::query(sql::OF).bind(conversation).bind(after.unwrap_or(0)).bind(limit.min(LONGEST_PAGE));
        self.store.rows("list messages", query).await
    }

    /// One.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Message>, StoreError> {
        self.store.row("load a message", sqlx::query(sql::GET).bind(id)).await
    }

    /// Messages that contain every word and phrase of `text`, as a search over utterances does; the latest first, before
    /// the row `seq`. Nothing without a word. Of one that is still coming, what came since it began is not searched yet.
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
        let failed = |source| self.store.failed(ACTION, source);
        let Some(words) = fts_query(text) else { return Ok(Vec::new()) };
        let query = sqlx::query(sql::SEARCH)
            .bind(words)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit.min(LONGEST_PAGE));
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
        let query = sqlx::query(sql::DELETE).bind(id);
        one(id, self.store.change(Durability::Process, "delete a message", query).await?)
    }
}

async fn add(conn: &mut SqliteConnection, new: &NewMessage, writer: &str) -> Result<(), sqlx::Error> {
    let query = sqlx::query(sql::ADD)
        .bind(&new.id)
        .bind(&new.conversation)
        .bind(&new.parent)
        .bind(new.role)
        .bind(new.state)
        .bind(&new.text)
        .bind(&new.provider)
        .bind(&new.model)
        .bind(&new.utterance)
        .bind(new.created_at_ms);
    query.execute(&mut *conn).await?;
    if new.state == MessageState::Streaming {
        deltas::write(conn, &new.id, writer).await?;
    }
    let touch = sqlx::query(conversations::TOUCH).bind(&new.conversation).bind(new.created_at_ms);
    touch.execute(conn).await.map(drop)
}

pub(crate) fn one(id: &str, changed: u64) -> Result<(), StoreError> {
    // The branch below counts, too.
    if changed >= 1 { Ok(()) } else { Err(StoreError::Missing { id: id.to_owned() }) }
}
