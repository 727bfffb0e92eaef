//! Lays rows that were read out of a damaged file over those of a backup.
//!
//! A row whose parent could not be read comes in without it rather than not at all; one that breaks a rule of its table
//! is left out. What the backup has in a later form stays.

use sqlx::{Connection, SqliteConnection};

use super::salvage::{InOrder, SalvagedProfile};
use crate::statements::statements;
use crate::store::{Durability, Store};
use crate::{Conversation, Deed, Message, StoreError};

statements! {
    LAY_PROFILE = "INSERT INTO profiles (id, name, json, voice, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, json = excluded.json, voice = excluded.voice, \
        created_at = excluded.created_at, updated_at = excluded.updated_at \
        WHERE excluded.updated_at >= profiles.updated_at";

    LAY_CONVERSATION = "INSERT INTO conversations (id, profile, title, model, system, created_at, updated_at) \
        VALUES (?1, (SELECT id FROM profiles WHERE id = ?2), ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
        profile = excluded.profile, title = excluded.title, model = excluded.model, system = excluded.system, \
        created_at = excluded.created_at, updated_at = excluded.updated_at \
        WHERE excluded.updated_at >= conversations.updated_at";

    /// A talk of which only messages could be read.
    ADOPT_CONVERSATION = "INSERT INTO conversations (id, title, created_at, updated_at) VALUES (?1, '', ?2, ?2) \
        ON CONFLICT (id) DO NOTHING";

    LAY_MESSAGE = "INSERT INTO messages (id, conversation, parent, role, state, text, provider, model, error_code, \
        utterance, tokens_in, tokens_out, cost_micros, created_at) VALUES (?1, ?2, (SELECT id FROM messages WHERE id = ?3), \
        ?4, ?5, ?6, ?7, ?8, ?9, (SELECT id FROM utterances WHERE id = ?10), ?11, ?12, ?13, ?14) ON CONFLICT (id) DO UPDATE \
        SET state = excluded.state, text = excluded.text, error_code = excluded.error_code, \
        tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, cost_micros = excluded.cost_micros";

    /// Entries have no name of their own: the same one is there already when all of it is.
    LAY_DEED = "INSERT INTO activity (at, profile, action, subject, success, error_code, detail) \
        SELECT ?1, (SELECT id FROM profiles WHERE id = ?2), ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM activity \
        WHERE at = ?1 AND action = ?3 AND subject IS ?4 AND success = ?5 AND error_code IS ?6 AND detail IS ?7)";
}

const ACTION: &str = "lay salvaged rows over a backup";

/// Rows in one transaction: short enough that others can write in between.
const BATCH: usize = 500;

/// One row of any table.
enum Row<'a> {
    Profile(&'a SalvagedProfile),
    Conversation(&'a Conversation),
    Message(&'a Message),
    Deed(&'a Deed),
}

impl Store {
    /// Gives how many rows came in.
    pub(super) async fn lay_over(&self, found: &InOrder) -> Result<u64, StoreError> {
        let profiles: Vec<Row<'_>> = found.profiles.iter().map(Row::Profile).collect();
        let mut rows = self.lay_rows(&profiles).await?;
        if let Some(active) = found.profiles.iter().find(|row| row.profile.active) {
            match self.profiles().activate(&active.profile.id).await {
                // Left out, because its name is another's by now.
                Err(StoreError::Missing { .. }) => {}
                other => other?,
            }
        }
        rows += self.utterances().lay_over(&found.utterances).await?;
        let talks = found.conversations.iter().map(Row::Conversation);
        let rest =
            talks.chain(found.messages.iter().map(Row::Message)).chain(found.deeds.iter().map(Row::Deed));
        Ok(rows + self.lay_rows(&rest.collect::<Vec<_>>()).await?)
    }

    async fn lay_rows(&self, rows: &[Row<'_>]) -> Result<u64, StoreError> {
        let failed = |source| StoreError::Statement { action: ACTION, source };
        let mut added = 0;
        for batch in rows.chunks(BATCH) {
            let mut conn = self.writer(Durability::Power, ACTION).await?;
            let mut some = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            for row in batch {
                match lay(&mut some, row).await {
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

async fn lay(conn: &mut SqliteConnection, row: &Row<'_>) -> Result<u64, sqlx::Error> {
    let query = match row {
        Row::Profile(SalvagedProfile { profile, voice }) => sqlx::query(LAY_PROFILE)
            .bind(&profile.id)
            .bind(&profile.name)
            .bind(&profile.json)
            .bind(voice)
            .bind(profile.created_at_ms)
            .bind(profile.updated_at_ms),
        Row::Conversation(talk) => sqlx::query(LAY_CONVERSATION)
            .bind(&talk.id)
            .bind(&talk.profile)
            .bind(&talk.title)
            .bind(&talk.model)
            .bind(&talk.system)
            .bind(talk.created_at_ms)
            .bind(talk.updated_at_ms),
        Row::Message(message) => {
            let adopt =
                sqlx::query(ADOPT_CONVERSATION).bind(&message.conversation).bind(message.created_at_ms);
            adopt.execute(&mut *conn).await?;
            lay_message(message)
        }
        Row::Deed(deed) => sqlx::query(LAY_DEED)
            .bind(deed.at_ms)
            .bind(&deed.profile)
            .bind(&deed.action)
            .bind(&deed.subject)
            .bind(deed.success)
            .bind(&deed.error_code)
            .bind(&deed.detail),
    };
    Ok(query.execute(conn).await?.rows_affected())
}

fn lay_message(message: &Message) -> crate::store::Query<'_> {
    sqlx::query(LAY_MESSAGE)
        .bind(&message.id)
        .bind(&message.conversation)
        .bind(&message.parent)
        .bind(message.role)
        .bind(message.state)
        .bind(&message.text)
        .bind(&message.provider)
        .bind(&message.model)
        .bind(&message.error_code)
        .bind(&message.utterance)
        .bind(message.tokens_in)
        .bind(message.tokens_out)
        .bind(message.cost_micros)
        .bind(message.created_at_ms)
}
