//! The table `message_deltas`: what has come of an answer that is still coming.
//!
//! A piece is appended and never changed: it costs what the piece is long, however long the answer is, and the search is
//! not touched. When the answer ends, whichever way, its pieces are folded into the message in one transaction, which
//! also says how it ended. Pieces are numbered over the whole life of a message, also when it is taken up again after an
//! interruption; one that comes twice is written once. What was still coming when the program died is folded at the next
//! start.

use sqlx::{Connection, SqliteConnection};

use crate::messages::one;
use crate::statements::statements;
use crate::store::{Durability, Query};
use crate::{MessageEnd, Messages, StoreError};

/// All pieces of the message ?1 into its text, and the rest of the statement.
macro_rules! fold {
    ($rest:literal) => {
        concat!(
            "UPDATE messages SET deltas = coalesce((SELECT max(d.n) FROM message_deltas d WHERE d.message = ?1), deltas), ",
            "reasoning = reasoning || coalesce((SELECT group_concat(d.reasoning, '' ORDER BY d.n) ",
            "FROM message_deltas d WHERE d.message = ?1), ''), ",
            "text = text || coalesce((SELECT group_concat(d.text, '' ORDER BY d.n) ",
            "FROM message_deltas d WHERE d.message = ?1), ''), ",
            $rest
        )
    };
}

statements! {
    /// Only onto a message that is still coming, and only after what is there. The sizes are carried on from the piece
    /// before, or from the text, whose size SQLite knows without reading it.
    GROW = "INSERT INTO message_deltas (message, n, text, reasoning, text_bytes, reasoning_bytes) \
        SELECT m.id, ?2, ?3, ?4, \
        octet_length(?3) + coalesce((SELECT d.text_bytes FROM message_deltas d WHERE d.message = ?1 \
        ORDER BY d.n DESC LIMIT 1), octet_length(m.text)), \
        octet_length(?4) + coalesce((SELECT d.reasoning_bytes FROM message_deltas d WHERE d.message = ?1 \
        ORDER BY d.n DESC LIMIT 1), octet_length(m.reasoning)) \
        FROM messages m WHERE m.id = ?1 AND m.state = 'streaming' \
        AND ?2 > coalesce((SELECT max(d.n) FROM message_deltas d WHERE d.message = ?1), m.deltas)";

    LAST = "SELECT coalesce((SELECT max(d.n) FROM message_deltas d WHERE d.message = ?1), m.deltas) \
        FROM messages m WHERE m.id = ?1";

    FINISH = fold!("state = ?2, finish = ?3, error_code = ?4, tokens_in = ?5, tokens_out = ?6, cost_pico = ?7, \
        is_estimated = ?8 WHERE id = ?1");

    /// Whoever writes an answer may do so until it ends.
    WRITE = "INSERT INTO message_writers (message, writer) SELECT id, ?2 FROM messages \
        WHERE id = ?1 AND state = 'streaming' ON CONFLICT (message) DO UPDATE SET writer = excluded.writer";

    WRITTEN = "DELETE FROM message_writers WHERE message = ?1";

    CUT = fold!("state = 'cut', finish = NULL, error_code = ?2 WHERE id = ?1");

    FORGET = "DELETE FROM message_deltas WHERE message = ?1";

    STREAMING = "SELECT m.id, w.writer FROM messages m LEFT JOIN message_writers w ON w.message = m.id \
        WHERE m.state = 'streaming' ORDER BY m.seq";

    RESUME = "UPDATE messages SET state = 'streaming', finish = NULL, error_code = NULL \
        WHERE id = ?1 AND state <> 'streaming'";
}

impl Messages<'_> {
    /// Appends what came: the deltas up to number `n`, which counts from 1 over the message's life. A number that is not
    /// above the last one is there already, and nothing is written. It survives the death of the process.
    ///
    /// # Errors
    /// `Missing` where no message of this id is still coming; `is_refused_value` when the text or the reasoning would
    /// have more than 4,000,000 bytes.
    pub async fn grow(&self, id: &str, n: i64, text: &str, reasoning: &str) -> Result<(), StoreError> {
        let query = sqlx::query(GROW).bind(id).bind(n).bind(text).bind(reasoning);
        if self.store.change(Durability::Process, "append to an answer", query).await? == 1 {
            return Ok(());
        }
        let last: Option<(i64,)> =
            self.store.row("look at a growing answer", sqlx::query(LAST).bind(id)).await?;
        one(id, u64::from(last.is_some_and(|(last,)| n <= last)))
    }

    /// The end: all that came is in the text and in the search, and the row says how it ended. Synced to the disk when
    /// this returns.
    ///
    /// # Errors
    /// `Missing`.
    pub async fn finish(&self, id: &str, end: &MessageEnd) -> Result<(), StoreError> {
        const ACTION: &str = "finish an answer";
        let failed = |source| self.store.failed(ACTION, source);
        let fold = sqlx::query(FINISH)
            .bind(id)
            .bind(end.state)
            .bind(end.finish)
            .bind(&end.error_code)
            .bind(end.tokens_in)
            .bind(end.tokens_out)
            .bind(end.cost_pico)
            .bind(end.is_estimated);
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut both = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        one(id, fold_into(&mut both, id, fold).await.map_err(failed)?)?;
        both.commit().await.map_err(failed)
    }

    /// Every message that is still coming, and whose program has ended, is cut. Gives their ids in the order of entry.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn adopt_streaming(&self, error_code: &str) -> Result<Vec<String>, StoreError> {
        const ACTION: &str = "adopt unfinished answers";
        let failed = |source| self.store.failed(ACTION, source);
        // Most starts find nothing, and take no lock for it.
        let coming: Vec<(String, Option<String>)> = self.store.rows(ACTION, sqlx::query(STREAMING)).await?;
        if coming.is_empty() {
            return Ok(Vec::new());
        }
        let living = self.store.living();
        let mut conn = self.store.writer(Durability::Power, ACTION).await?;
        let mut all = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let coming: Vec<(String, Option<String>)> =
            sqlx::query_as(STREAMING).fetch_all(&mut *all).await.map_err(failed)?;
        let left =
            coming.into_iter().filter(|(_, writer)| !writer.as_ref().is_some_and(|it| living.contains(it)));
        let ids: Vec<String> = left.map(|(id, _)| id).collect();
        for id in &ids {
            fold_into(&mut all, id, sqlx::query(CUT).bind(id).bind(error_code)).await.map_err(failed)?;
        }
        all.commit().await.map_err(failed)?;
        Ok(ids)
    }

    /// A message that ended comes again: it grows on from where it is. Says whether there was one that had ended.
    ///
    /// # Errors
    /// Those of any write; a missing message is `false`.
    pub async fn resume(&self, id: &str) -> Result<bool, StoreError> {
        const ACTION: &str = "go on with an answer";
        let failed = |source| self.store.failed(ACTION, source);
        let mut conn = self.store.writer(Durability::Process, ACTION).await?;
        let mut both = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let resumed = sqlx::query(RESUME).bind(id).execute(&mut *both).await.map_err(failed)?.rows_affected();
        if resumed == 1 {
            write(&mut both, id, self.store.name()).await.map_err(failed)?;
        }
        both.commit().await.map_err(failed)?;
        Ok(resumed == 1)
    }
}

/// Notes who writes a message, if it is one that is still coming.
pub(crate) async fn write(conn: &mut SqliteConnection, id: &str, writer: &str) -> Result<(), sqlx::Error> {
    sqlx::query(WRITE).bind(id).bind(writer).execute(conn).await.map(drop)
}

/// Gives how many messages there were: one, or none.
async fn fold_into(conn: &mut SqliteConnection, id: &str, fold: Query<'_>) -> Result<u64, sqlx::Error> {
    let folded = fold.execute(&mut *conn).await?.rows_affected();
    sqlx::query(FORGET).bind(id).execute(&mut *conn).await?;
    sqlx::query(WRITTEN).bind(id).execute(conn).await?;
    Ok(folded)
}
