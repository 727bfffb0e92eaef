//! The table `profiles`: who may speak, with a document of permissions that only the core reads.

use serde::{Deserialize, Serialize};
use sqlx::Connection;

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

statements! {
    /// Voices are read one at a time: a list of people does not need them.
    LIST = "SELECT id, name, json, voice IS NOT NULL AS has_voice, active, created_at, updated_at \
        FROM profiles WHERE name >= '' ORDER BY name";

    GET = "SELECT id, name, json, voice IS NOT NULL AS has_voice, active, created_at, updated_at \
        FROM profiles WHERE id = ?1";

    ACTIVE = "SELECT id, name, json, voice IS NOT NULL AS has_voice, active, created_at, updated_at \
        FROM profiles WHERE active = 1";

    PUT = "INSERT INTO profiles (id, name, json, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) \
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, json = excluded.json, updated_at = excluded.updated_at";

    SET_VOICE = "UPDATE profiles SET voice = ?2, updated_at = ?3 WHERE id = ?1";

    VOICE = "SELECT voice FROM profiles WHERE id = ?1";

    REST = "UPDATE profiles SET active = 0 WHERE active = 1";

    ACTIVATE = "UPDATE profiles SET active = 1 WHERE id = ?1";

    DELETE = "DELETE FROM profiles WHERE id = ?1";
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Profile {
    /// At most 256 bytes.
    pub id: String,
    /// As people call it; no two have the same.
    pub name: String,
    /// Permissions and choices, valid JSON.
    pub json: String,
    /// A voice is enrolled.
    pub has_voice: bool,
    /// Whose permissions hold now; at most one.
    pub active: bool,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "created_at")]
    pub created_at_ms: i64,
    /// The last change.
    #[sqlx(rename = "updated_at")]
    pub updated_at_ms: i64,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Profiles<'a> {
    store: &'a Store,
}

impl<'a> Profiles<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Profiles { store }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(&self) -> Result<Vec<Profile>, StoreError> {
        self.store.rows("list the profiles", sqlx::query(LIST)).await
    }

    /// One.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such id.
    pub async fn get(&self, id: &str) -> Result<Option<Profile>, StoreError> {
        self.store.row("load a profile", sqlx::query(GET).bind(id)).await
    }

    /// The one whose permissions hold.
    ///
    /// # Errors
    /// Those of any read; `None` when nobody's do.
    pub async fn active(&self) -> Result<Option<Profile>, StoreError> {
        self.store.row("load the active profile", sqlx::query(ACTIVE)).await
    }

    /// Makes or changes one; its voice and whether it is active stay.
    ///
    /// # Errors
    /// `is_refused_value` for a name that another has, or `json` that is none.
    pub async fn put(&self, id: &str, name: &str, json: &str, now_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(PUT).bind(id).bind(name).bind(json).bind(now_ms);
        self.store.change(Durability::Power, "save a profile", query).await.map(drop)
    }

    /// Enrols a voice, or forgets it.
    ///
    /// # Errors
    /// `Missing`; `is_refused_value` above 1,000,000 bytes.
    pub async fn set_voice(&self, id: &str, voice: Option<&[u8]>, now_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(SET_VOICE).bind(id).bind(voice).bind(now_ms);
        one(id, self.store.change(Durability::Power, "save a voice", query).await?)
    }

    /// The enrolled voice.
    ///
    /// # Errors
    /// Those of any read; `None` when there is none.
    pub async fn voice(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Option<Vec<u8>>,)> =
            self.store.row("load a voice", sqlx::query(VOICE).bind(id)).await?;
        Ok(row.and_then(|(voice,)| voice))
    }

    /// From here on this one's permissions hold.
    ///
    /// # Errors
    /// `Missing` leaves the old one active.
    pub async fn activate(&self, id: &str) -> Result<(), StoreError> {
        const ACTION: &str = "switch the profile";
        let failed = |source| self.store.failed(ACTION, source);
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut both = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        sqlx::query(REST).execute(&mut *both).await.map_err(failed)?;
        let changed = sqlx::query(ACTIVATE).bind(id).execute(&mut *both).await.map_err(failed)?;
        one(id, changed.rows_affected())?;
        both.commit().await.map_err(failed)
    }

    /// Deletes one; what was said and done under it stays, under nobody's name.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let query = sqlx::query(DELETE).bind(id);
        one(id, self.store.change(Durability::Power, "delete a profile", query).await?)
    }
}

fn one(id: &str, changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { id: id.to_owned() }) }
}
