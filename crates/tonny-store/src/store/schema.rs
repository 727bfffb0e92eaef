//! The schema and the engine: which are too old, which too new, and how a file comes up to date.
//!
//! All steps run in one transaction under BEGIN IMMEDIATE, together with the header fields that name the schema: a
//! program that dies in between leaves the old schema, and two programs that start at once do it once.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::{APPLICATION_ID, NEWEST_SCHEMA, Store};
use crate::StoreError;
use crate::backup::old_schema::keep_old_schema;
use crate::error::opening;

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// Older ones can corrupt a WAL that two connections reset at once (release notes of SQLite 3.51.3).
const OLDEST_ENGINE: (&str, (u32, u32, u32)) = ("3.51.3", (3, 51, 3));

impl Store {
    pub(super) async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let mut conn = self.writer.acquire().await.map_err(|e| opening(&self.path, e))?;
        refuse_old_engine(&mut conn).await.map_err(|e| self.opening_or(e))?;
        // No write lock for the usual start: the tray app may be in the middle of a write of its own.
        let schema = schema_of(&mut conn).await.map_err(|e| opening(&self.path, e))?;
        if schema == NEWEST_SCHEMA {
            return Ok(());
        }
        if schema > 0 {
            self.keep_old_schema(schema).await?;
        }
        migrate(&mut conn, NEWEST_SCHEMA).await.map_err(|source| self.migrating(source))
    }

    /// The way back to the program of before: a verified copy of the file in the schema that one knows.
    async fn keep_old_schema(&self, schema: i64) -> Result<(), StoreError> {
        self.make_backups_folder()?;
        let folder = self.backups_folder();
        keep_old_schema(&self.path, &folder.join(format!("schema-{schema}.db"))).await
    }

    fn opening_or(&self, error: EngineError) -> StoreError {
        match error {
            EngineError::Old(found) => StoreError::OldEngine { found, wanted: OLDEST_ENGINE.0 },
            EngineError::Asking(source) => opening(&self.path, source),
        }
    }

    fn migrating(&self, source: MigrateError) -> StoreError {
        let path = self.path.clone();
        match source {
            MigrateError::VersionMissing(found) => {
                StoreError::Newer { path, found, known: NEWEST_SCHEMA, needs: None }
            }
            source => StoreError::Migrate { path, source },
        }
    }
}

enum EngineError {
    Old(String),
    Asking(sqlx::Error),
}

async fn refuse_old_engine(conn: &mut SqliteConnection) -> Result<(), EngineError> {
    let found: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await.map_err(EngineError::Asking)?;
    if engine_is_new_enough(&found) { Ok(()) } else { Err(EngineError::Old(found)) }
}

fn engine_is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST_ENGINE.1
}

pub(super) async fn schema_of(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(conn).await
}

/// Brings the schema to `target`.
pub(super) async fn migrate(conn: &mut SqliteConnection, target: i64) -> Result<(), MigrateError> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATOR.run_direct(Some(target), &mut *transaction, false).await?;
    let names = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {target}");
    sqlx::raw_sql(AssertSqlSafe(names)).execute(&mut *transaction).await?;
    let written_by = "INSERT INTO written_by (one, version) VALUES (1, ?1) \
        ON CONFLICT (one) DO UPDATE SET version = excluded.version";
    sqlx::query(written_by).bind(env!("CARGO_PKG_VERSION")).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_floor_compares_numbers_not_letters() {
        for (version, accepted) in
            [("3.51.3", true), ("3.51.2", false), ("3.9.9", false), ("3.100.0", true), ("4.0.0", true)]
        {
            assert_eq!(engine_is_new_enough(version), accepted, "{version}");
        }
    }

    #[test]
    fn the_newest_schema_is_the_last_migration() {
        assert_eq!(MIGRATOR.iter().map(|m| m.version).max(), Some(NEWEST_SCHEMA));
    }

    #[test]
    fn migrations_have_the_same_bytes_on_every_system() {
        for migration in MIGRATOR.iter() {
            assert!(!migration.sql.as_str().contains('\r'), "{}", migration.description);
        }
    }
}
