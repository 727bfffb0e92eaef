//! Whole rows from somewhere else: an export, another program's history, a damaged file.

use sqlx::{Connection, SqliteConnection};

use super::{Utterances, sql, words_in};
use crate::StoreError;
use crate::store::{Durability, Query};
use crate::utterances::Utterance;

const ACTION: &str = "import utterances";

/// Rows in one transaction while salvaging: short enough that others can write in between.
const BATCH: usize = 500;

impl Utterances<'_> {
    /// Adds rows, all or none; those whose id is there already are left as they are. Gives how many were added; they are
    /// synced to the disk. Profiles they name are made where absent.
    ///
    /// # Errors
    /// `RefusedRow` names the first row that breaks a rule of the table.
    pub async fn import(&self, rows: &[Utterance]) -> Result<u64, StoreError> {
        let failed = |source| self.store.failed(ACTION, source);
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut all = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut added = 0;
        for (row, utterance) in rows.iter().enumerate() {
            let put = put(&mut all, sql::PUT, utterance).await;
            added += put.map_err(|source| match StoreError::refused(&source) {
                true => StoreError::RefusedRow { row, source },
                false => failed(source),
            })?;
        }
        all.commit().await.map_err(failed)?;
        Ok(added)
    }

    /// Adds rows over those that are there; one that breaks a rule is left out. Gives how many came in.
    pub(crate) async fn lay_over(&self, rows: &[Utterance]) -> Result<u64, StoreError> {
        let failed = |source| self.store.failed(ACTION, source);
        let mut added = 0;
        for batch in rows.chunks(BATCH) {
            let mut conn = self.store.writer(Durability::Power, ACTION).await?;
            let mut some = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            for utterance in batch {
                match put(&mut some, sql::PUT_OVER, utterance).await {
                    Ok(changed) => added += changed,
                    Err(source) if StoreError::refused(&source) => {}
                    Err(source) => return Err(failed(source)),
                }
            }
            some.commit().await.map_err(failed)?;
        }
        Ok(added)
    }
}

async fn put(
    conn: &mut SqliteConnection,
    statement: &'static str,
    row: &Utterance,
) -> Result<u64, sqlx::Error> {
    if let Some(profile) = &row.profile {
        sqlx::query(sql::ADOPT_PROFILE).bind(profile).bind(row.started_at_ms).execute(&mut *conn).await?;
    }
    Ok(bind(sqlx::query(statement), row).execute(conn).await?.rows_affected())
}

fn bind<'q>(query: Query<'q>, row: &'q Utterance) -> Query<'q> {
    let query = query
        .bind(&row.id)
        .bind(row.started_at_ms)
        .bind(&row.profile)
        .bind(&row.route)
        .bind(row.state)
        .bind(&row.text)
        .bind(&row.raw_text)
        .bind(row.confidence)
        .bind(&row.speaker)
        .bind(&row.language)
        .bind(&row.engine)
        .bind(&row.model)
        .bind(&row.target_class)
        .bind(&row.inserted_by)
        .bind(row.sent_to_webhook)
        .bind(row.success)
        .bind(&row.response)
        .bind(&row.error_code)
        .bind(&row.error_message)
        .bind(&row.audio_file)
        .bind(row.audio_ms)
        .bind(row.recovered);
    row.timings.bind_to(query).bind(words_in(row.text.as_deref().unwrap_or_default()))
}
