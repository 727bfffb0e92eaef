//! Lays rows that were read out of a damaged file over those of a backup.
//!
//! A row whose parent could not be read comes in without it rather than not at all; one that breaks a rule of its table
//! is left out. What the backup has in a later form stays.

use sqlx::{Connection, SqliteConnection};

use super::salvage::{InOrder, SalvagedProfile};
use crate::conversations::SET_LEAF;
use crate::statements::statements;
use crate::store::{Durability, Store};
use crate::{Conversation, Deed, LedgerEntry, Message, NewAttachment, StoreError};

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

    LAY_MESSAGE = "INSERT INTO messages (id, conversation, parent, role, state, finish, provider, model, error_code, \
        utterance, tokens_in, tokens_out, cost_pico, is_estimated, deltas, created_at, notices, reasoning, text) \
        VALUES (?1, ?2, (SELECT id FROM messages WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, \
        (SELECT id FROM utterances WHERE id = ?10), ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) ON CONFLICT (id) DO UPDATE \
        SET state = excluded.state, finish = excluded.finish, provider = excluded.provider, model = excluded.model, \
        error_code = excluded.error_code, tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, \
        cost_pico = excluded.cost_pico, is_estimated = excluded.is_estimated, deltas = excluded.deltas, \
        notices = excluded.notices, reasoning = excluded.reasoning, text = excluded.text";

    /// What the backup had of an answer that was still coming is in the text that was read.
    DROP_DELTAS = "DELETE FROM message_deltas WHERE message = ?1";

    LAY_ATTACHMENT = "INSERT INTO message_attachments (message, place, name, media_type, bytes) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (message, place) DO NOTHING";

    /// Entries have no name of their own: the same one is there already when all of it is.
    LAY_DEED = "INSERT INTO activity (at, profile, action, subject, success, error_code, detail) \
        SELECT ?1, (SELECT id FROM profiles WHERE id = ?2), ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM activity \
        WHERE at = ?1 AND action = ?3 AND subject IS ?4 AND success = ?5 AND error_code IS ?6 AND detail IS ?7)";

    LAY_LEDGER = "INSERT INTO egress_ledger (at, profile, purpose, provider, host, model, bytes_out, bytes_in, tokens_input, \
        tokens_cache_read, tokens_cache_write, tokens_output, tokens_reasoning, cost_pico, is_estimated, rules, contract, \
        contract_version, receipt, outcome, conversation, message) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
        ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22 WHERE NOT EXISTS (SELECT 1 FROM egress_ledger WHERE at = ?1 \
        AND purpose = ?3 AND host = ?5 AND model = ?6 AND bytes_out = ?7 AND bytes_in = ?8 AND receipt IS ?19 \
        AND outcome IS ?20 AND message IS ?22)";
}

const ACTION: &str = "lay salvaged rows over a backup";

/// Rows in one transaction: short enough that others can write in between.
const BATCH: usize = 500;

/// One row of any table.
enum Row<'a> {
    Profile(&'a SalvagedProfile),
    Conversation(&'a Conversation),
    Message(&'a Message),
    /// After the messages: which branch a talk shows.
    Leaf(&'a Conversation),
    Attachment(&'a NewAttachment),
    Deed(&'a Deed),
    Ledger(&'a LedgerEntry),
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
        let rest = talks
            .chain(found.messages.iter().map(Row::Message))
            .chain(found.attachments.iter().map(Row::Attachment))
            .chain(found.deeds.iter().map(Row::Deed))
            .chain(found.ledger.iter().map(Row::Ledger));
        rows += self.lay_rows(&rest.collect::<Vec<_>>()).await?;
        let leaves = found.conversations.iter().filter(|talk| talk.leaf.is_some()).map(Row::Leaf);
        self.lay_rows(&leaves.collect::<Vec<_>>()).await?;
        Ok(rows)
    }

    async fn lay_rows(&self, rows: &[Row<'_>]) -> Result<u64, StoreError> {
        let failed = |source| self.failed(ACTION, source);
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
            sqlx::query(DROP_DELTAS).bind(&message.id).execute(&mut *conn).await?;
            message.bind_to(sqlx::query(LAY_MESSAGE))
        }
        Row::Leaf(talk) => sqlx::query(SET_LEAF).bind(&talk.id).bind(&talk.leaf),
        Row::Attachment(attachment) => sqlx::query(LAY_ATTACHMENT)
            .bind(&attachment.message)
            .bind(attachment.place)
            .bind(&attachment.name)
            .bind(&attachment.media_type)
            .bind(&attachment.bytes),
        Row::Ledger(entry) => entry.bind_to(sqlx::query(LAY_LEDGER)),
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
