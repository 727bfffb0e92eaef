//! The table `waits`: until when a provider or a host is not to be asked again. Rows that are over go with the next note.

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

statements! {
    /// A row of a clock that was set back since says nothing: its end may be years away.
    ACTIVE = "SELECT kind, name, model, noted_at AS noted_ms, until AS until_ms FROM waits \
        WHERE until > ?1 AND noted_at <= ?1 ORDER BY until LIMIT 1000";

    /// A shorter time does not take a longer one back.
    NOTE = "INSERT INTO waits (kind, name, model, noted_at, until) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (kind, name, model) DO UPDATE SET noted_at = excluded.noted_at, until = CASE \
        WHEN waits.noted_at > excluded.noted_at THEN excluded.until ELSE max(waits.until, excluded.until) END";

    FORGET = "DELETE FROM waits WHERE until <= ?1";
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub enum WaitKind {
    /// A host that failed too often.
    Host,
    /// A limit that is used up.
    Limit,
}

/// One wait.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Wait {
    /// What is waited for.
    pub kind: WaitKind,
    /// The host with its port, or the provider.
    pub name: String,
    /// The model whose limit it is; empty for a host.
    pub model: String,
    /// When it was noted: UTC, milliseconds since 1970.
    pub noted_ms: i64,
    /// When it is over.
    pub until_ms: i64,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Waits<'a> {
    store: &'a Store,
}

impl<'a> Waits<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Waits { store }
    }

    /// Those that are not over at `now_ms`, soonest end first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn active(&self, now_ms: i64) -> Result<Vec<Wait>, StoreError> {
        self.store.rows("look who is not to be asked", sqlx::query(ACTIVE).bind(now_ms)).await
    }

    /// Notes one, and forgets those that are over by then; it survives the death of the process.
    ///
    /// # Errors
    /// `is_refused_value` for a name or a time that cannot be.
    pub async fn note(&self, wait: &Wait) -> Result<(), StoreError> {
        const ACTION: &str = "note who is not to be asked";
        let Wait { kind, name, model, noted_ms, until_ms } = wait;
        let note = sqlx::query(NOTE).bind(kind).bind(name).bind(model).bind(noted_ms).bind(until_ms);
        self.store.change(Durability::Process, ACTION, note).await?;
        let forget = sqlx::query(FORGET).bind(noted_ms);
        self.store.change(Durability::Process, ACTION, forget).await.map(drop)
    }
}
