//! The table `conversations`: one row for each talk with the assistant. What was said in it is in `messages.rs`.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

statements! {
    PUT = "INSERT INTO conversations (id, profile, title, model, system, created_at, updated_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (id) DO UPDATE SET title = excluded.title, \
        model = excluded.model, system = excluded.system, updated_at = excluded.updated_at";

    GET = "SELECT id, profile, title, model, system, created_at, updated_at FROM conversations WHERE id = ?1";

    LIST = "SELECT id, profile, title, model, system, created_at, updated_at FROM conversations \
        WHERE (updated_at, id) < (?1, ?2) ORDER BY updated_at DESC, id DESC LIMIT abs(?3)";

    LIST_OF_PROFILE = "SELECT id, profile, title, model, system, created_at, updated_at FROM conversations \
        WHERE (updated_at, id) < (?1, ?2) AND profile = ?4 ORDER BY updated_at DESC, id DESC LIMIT abs(?3)";

    DELETE = "DELETE FROM conversations WHERE id = ?1";
}

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
    /// The system prompt.
    pub system: Option<String>,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "created_at")]
    pub created_at_ms: i64,
    /// The last change or message.
    #[sqlx(rename = "updated_at")]
    pub updated_at_ms: i64,
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
        let query = sqlx::query(DELETE).bind(id);
        match self.store.change(Durability::Process, "delete a conversation", query).await? {
            1 => Ok(()),
            _ => Err(StoreError::Missing { id: id.to_owned() }),
        }
    }
}
