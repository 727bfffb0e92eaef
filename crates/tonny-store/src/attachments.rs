//! The table `message_attachments`: files that go with a question, each with its bytes.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

statements! {
    ADD = "INSERT INTO message_attachments (message, place, name, media_type, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";

    /// The size of a value is known without reading it.
    OF = "SELECT a.message, a.place, a.name, a.media_type, octet_length(a.bytes) AS bytes \
        FROM messages m CROSS JOIN message_attachments a ON a.message = m.id \
        WHERE m.conversation = ?1 ORDER BY m.seq, a.place";

    CONTENT = "SELECT bytes FROM message_attachments WHERE message = ?1 AND place = ?2";
}

/// With what one of them adds, the write-ahead log stays below the 16 MiB that are its most.
const LOG_WITH_ATTACHMENT: u64 = 15 * 1024 * 1024;

/// An attachment to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// The message it goes with.
    pub message: String,
    /// Its place among the message's attachments, 0 to 99.
    pub place: i64,
    /// The file's name; at most 1,024 bytes.
    pub name: String,
    /// `text/plain`, `image/png`, ...
    pub media_type: String,
    /// At most 10 MiB.
    pub bytes: Vec<u8>,
}

/// A row without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Attachment {
    /// The message it goes with.
    pub message: String,
    /// Its place among the message's attachments.
    pub place: i64,
    /// The file's name.
    pub name: String,
    /// `text/plain`, `image/png`, ...
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: i64,
}

/// The queries of the table.
#[derive(Debug)]
pub struct Attachments<'a> {
    store: &'a Store,
}

impl<'a> Attachments<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Attachments { store }
    }

    /// Adds one, in a transaction of its own: ten of them at once would fill the log. Synced to the disk when this returns.
    ///
    /// # Errors
    /// `is_refused_value` for a message that does not exist, a place that is taken, or more than 10 MiB.
    pub async fn add(&self, new: &NewAttachment) -> Result<(), StoreError> {
        let most = LOG_WITH_ATTACHMENT.saturating_sub(new.bytes.len() as u64);
        if self.store.log_bytes() > most {
            // Another program that reads may hold it up: then the log is longer for a while.
            self.store.empty_log().await?;
        }
        let query = sqlx::query(ADD)
            .bind(&new.message)
            .bind(new.place)
            .bind(&new.name)
            .bind(&new.media_type)
            .bind(&new.bytes);
        self.store.change(Durability::Power, "keep an attachment", query).await.map(drop)
    }

    /// All of a conversation, in the order of its messages.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn of(&self, conversation: &str) -> Result<Vec<Attachment>, StoreError> {
        self.store.rows("list attachments", sqlx::query(OF).bind(conversation)).await
    }

    /// The bytes of one.
    ///
    /// # Errors
    /// Those of any read; `None` when there is no such place.
    pub async fn content(&self, message: &str, place: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query(CONTENT).bind(message).bind(place);
        let row: Option<(Vec<u8>,)> = self.store.row("load an attachment", query).await?;
        Ok(row.map(|(bytes,)| bytes))
    }
}
