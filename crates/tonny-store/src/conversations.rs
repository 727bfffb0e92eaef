//! The table `conversations`: one row for each talk with the assistant, and the search over titles and what was said.
//! What was said is in `messages.rs`.

mod search;

use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use search::ALL as ALL_OF_SEARCH;
pub use search::{ConversationHit, ConversationSearch};

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Query, Store};

/// The long column last, as in the table; counted from an index.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.profile, c.title, c.model, c.leaf, c.created_at, c.updated_at, ",
            "(SELECT count(*) FROM messages m WHERE m.conversation = c.id) AS messages, c.system ",
            $rest
        )
    };
}

statements! {
    PUT = "INSERT INTO conversations (id, profile, title, model, system, created_at, updated_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (id) DO UPDATE SET title = excluded.title, \
        model = excluded.model, system = excluded.system, updated_at = excluded.updated_at";

    RENAME = "UPDATE conversations SET title = ?2 WHERE id = ?1";

    /// No other talk's message.
    SET_LEAF = "UPDATE conversations SET leaf = ?2 WHERE id = ?1 \
        AND (?2 IS NULL OR EXISTS (SELECT 1 FROM messages WHERE id = ?2 AND conversation = ?1))";

    TOUCH = "UPDATE conversations SET updated_at = ?2 WHERE id = ?1";

    GET = select!("FROM conversations c WHERE c.id = ?1");

    LIST = select!(
        "FROM conversations c WHERE (c.updated_at, c.id) < (?1, ?2) \
         ORDER BY c.updated_at DESC, c.id DESC LIMIT abs(?3)"
    );

    LIST_OF_PROFILE = select!(
        "FROM conversations c WHERE (c.updated_at, c.id) < (?1, ?2) AND c.profile = ?4 \
         ORDER BY c.updated_at DESC, c.id DESC LIMIT abs(?3)"
    );

    DELETE = "DELETE FROM conversations WHERE id = ?1";
}

pub(crate) use select;

/// More rows than a page shows.
const LONGEST_PAGE: u32 = 1_000;

/// A talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Conversation {
    /// A UUIDv7 as text.
    pub id: String,
    /// Whose.
    pub profile: Option<String>,
    /// At most 1,000 characters.
    pub title: String,
    /// The model it is held with.
    pub model: Option<String>,
    /// The last message of the branch that is shown.
    pub leaf: Option<String>,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "created_at")]
    pub created_at_ms: i64,
    /// The last use: a message that was added, or a `put` or `touch`.
    #[sqlx(rename = "updated_at")]
    pub updated_at_ms: i64,
    /// How many messages it has, in all its branches.
    pub messages: i64,
    /// The system prompt.
    pub system: Option<String>,
}

/// What is given to make or change one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationDraft {
    /// A UUIDv7 as text.
    pub id: String,
    /// Whose; kept when the conversation exists.
    pub profile: Option<String>,
    /// At most 1,000 characters.
    pub title: String,
    /// The model it is held with.
    pub model: Option<String>,
    /// The system prompt.
    pub system: Option<String>,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Conversations<'a> {
    store: &'a Store,
}

impl<'a> Conversations<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Conversations { store }
    }

    /// Makes one, or changes its title, model and system prompt.
    ///
    /// # Errors
    /// `is_refused_value` for a profile that does not exist, or a text that is too long.
    pub async fn put(&self, draft: &ConversationDraft, now_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(PUT)
            .bind(&draft.id)
            .bind(&draft.profile)
            .bind(&draft.title)
            .bind(&draft.model)
            .bind(&draft.system)
            .bind(now_ms);
        self.store.change(Durability::Process, "save a conversation", query).await.map(drop)
    }

    /// Gives it another title; its place in the list stays.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` above 1,000 characters.
    pub async fn rename(&self, id: &str, title: &str) -> Result<(), StoreError> {
        self.change_one("rename a conversation", id, sqlx::query(RENAME).bind(id).bind(title)).await
    }

    /// Shows the branch that ends at the message `leaf`; `None` forgets which one was shown.
    ///
    /// # Errors
    /// `Missing`, also where it is no message of this conversation.
    pub async fn set_leaf(&self, id: &str, leaf: Option<&str>) -> Result<(), StoreError> {
        self.change_one("choose a branch", id, sqlx::query(SET_LEAF).bind(id).bind(leaf)).await
    }

    /// It was used at that moment.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn touch(&self, id: &str, now_ms: i64) -> Result<(), StoreError> {
        self.change_one("save a conversation", id, sqlx::query(TOUCH).bind(id).bind(now_ms)).await
    }

    /// One.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Conversation>, StoreError> {
        self.store.row("load a conversation", sqlx::query(GET).bind(id)).await
    }

    /// One page, the latest used first, of rows before `(updated_at_ms, id)`; of one profile where it is given.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(
        &self,
        profile: Option<&str>,
        before: Option<(i64, &str)>,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        let (at, id) = before.unwrap_or((i64::MAX, ""));
        let statement = if profile.is_some() { LIST_OF_PROFILE } else { LIST };
        let mut query = sqlx::query(statement).bind(at).bind(id).bind(limit.min(LONGEST_PAGE));
        if let Some(profile) = profile {
            query = query.bind(profile);
        }
        self.store.rows("list the conversations", query).await
    }

    /// Deletes one with all its messages.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        self.change_one("delete a conversation", id, sqlx::query(DELETE).bind(id)).await
    }

    async fn change_one(&self, action: &'static str, id: &str, query: Query<'_>) -> Result<(), StoreError> {
        match self.store.change(Durability::Process, action, query).await? {
            1 => Ok(()),
            _ => Err(StoreError::Missing { id: id.to_owned() }),
        }
    }
}
