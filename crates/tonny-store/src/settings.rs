//! The table `settings`: one row, one JSON document.
//!
//! The store keeps the document and counts its saves; what is in it, its defaults and what its version means is known
//! to the core alone.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Query, Store};

statements! {
    LOAD = "SELECT json, version, revision, updated_at AS updated_at_ms FROM settings WHERE id = 1";

    SAVE = "INSERT INTO settings (id, json, version, revision, updated_at) \
        VALUES (1, ?1, ?2, 1, CAST(unixepoch('subsec') * 1000 AS INTEGER)) \
        ON CONFLICT (id) DO UPDATE SET json = excluded.json, version = excluded.version, \
        revision = settings.revision + 1, updated_at = excluded.updated_at";

    REPLACE = "INSERT INTO settings (id, json, version, revision, updated_at) \
        VALUES (1, ?1, ?2, 1, CAST(unixepoch('subsec') * 1000 AS INTEGER)) \
        ON CONFLICT (id) DO UPDATE SET json = excluded.json, version = excluded.version, \
        revision = settings.revision + 1, updated_at = excluded.updated_at WHERE settings.revision = ?3";
}

/// The document as it was last saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct SettingsRow {
    /// The document, valid JSON.
    pub json: String,
    /// The document's own version, given with `save`.
    pub version: i64,
    /// How often it was saved, by any program.
    pub revision: i64,
    /// UTC, milliseconds since 1970.
    pub updated_at_ms: i64,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Settings<'a> {
    store: &'a Store,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Settings { store }
    }

    /// The document; `None` before the first save.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn load(&self) -> Result<Option<SettingsRow>, StoreError> {
        self.store.row("load the settings", sqlx::query(LOAD)).await
    }

    /// Saves the document over whatever is there; synced to the disk when this returns.
    ///
    /// # Errors
    /// `is_refused_value` when `json` is no JSON or above 4 MB, or `version` below 1.
    pub async fn save(&self, json: &str, version: i64) -> Result<(), StoreError> {
        self.write(sqlx::query(SAVE).bind(json).bind(version)).await.map(drop)
    }

    /// Saves the document only if it is still at `revision`, or was never saved; says whether it was so. For a program that
    /// changes one field while another may do the same: 0 is the revision of a document that is not there yet.
    ///
    /// # Errors
    /// As `save`.
    pub async fn replace(&self, json: &str, version: i64, revision: i64) -> Result<bool, StoreError> {
        let changed = self.write(sqlx::query(REPLACE).bind(json).bind(version).bind(revision)).await?;
        Ok(changed == 1)
    }

    async fn write(&self, query: Query<'_>) -> Result<u64, StoreError> {
        // A choice the user made a second ago is worth a sync: it happens rarely.
        self.store.change(Durability::Power, "save the settings", query).await
    }
}
