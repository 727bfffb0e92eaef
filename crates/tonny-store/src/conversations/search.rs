//! The search for a talk: by its title, or by what was said in it.
//!
//! The list of talks is in the order of their last use, which no search index knows, so all that match are put together
//! before the first page is cut from them; only numbers are read for that. The snippets of that page are a second
//! question: asked in the first one, a snippet would be made for each match.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};

use super::{Conversation, Conversations, LONGEST_PAGE, select};
use crate::StoreError;
use crate::search::{Piece, fts_query, pieces};
use crate::statements::statements;

statements! {
    /// ?1 the words, ?2 and ?3 the row before the page, ?4 its length, ?5 whose.
    FIND = select!(
        ", page.hit FROM (SELECT found.id, max(found.hit) AS hit FROM (\
           SELECT m.conversation AS id, m.seq AS hit \
           FROM messages_fts CROSS JOIN messages m ON m.seq = messages_fts.rowid WHERE messages_fts MATCH ?1 \
           UNION ALL SELECT t.id, NULL \
           FROM conversations_fts CROSS JOIN conversations t ON t.seq = conversations_fts.rowid \
           WHERE conversations_fts MATCH ?1) AS found \
         CROSS JOIN conversations o ON o.id = found.id \
         WHERE (o.updated_at, o.id) < (?2, ?3) AND (?5 IS NULL OR o.profile = ?5) \
         GROUP BY found.id ORDER BY o.updated_at DESC, o.id DESC LIMIT abs(?4)) AS page \
         CROSS JOIN conversations c ON c.id = page.id ORDER BY c.updated_at DESC, c.id DESC"
    );

    /// The plus keeps the list out of the choice of an index: one walk for all of it, and not one for each.
    SNIPPETS = "SELECT rowid, snippet(messages_fts, 0, char(0xFDD0), char(0xFDD1), '…', 24) AS snippet \
        FROM messages_fts WHERE messages_fts MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 \
        AND +rowid IN (SELECT value FROM json_each(?4))";
}

/// What to search for, and which page of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationSearch {
    /// As typed: words, their beginnings, and phrases in double quotes.
    pub text: String,
    /// Whose.
    pub profile: Option<String>,
    /// `(updated_at_ms, id)` of the last row of the page before.
    pub before: Option<(i64, String)>,
    /// At most so many; 1,000 is the most.
    pub limit: u32,
}

/// A talk that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationHit {
    /// The whole row.
    pub conversation: Conversation,
    /// A part of the newest message that has all the words; `None` where only the title has them, or nothing was searched.
    pub snippet: Option<Vec<Piece>>,
}

impl Conversations<'_> {
    /// Conversations whose title, or one of whose messages, contains every word and phrase of the text, as a search over
    /// utterances does; the latest used first. Without a word in it: all of them.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn search(&self, search: &ConversationSearch) -> Result<Vec<ConversationHit>, StoreError> {
        let before = search.before.as_ref().map(|(at, id)| (*at, id.as_str()));
        let Some(words) = fts_query(&search.text) else {
            let rows = self.list(search.profile.as_deref(), before, search.limit).await?;
            let listed = |conversation| ConversationHit { conversation, snippet: None };
            return Ok(rows.into_iter().map(listed).collect());
        };
        let (at, id) = before.unwrap_or((i64::MAX, ""));
        let query = sqlx::query(FIND)
            .bind(&words)
            .bind(at)
            .bind(id)
            .bind(search.limit.min(LONGEST_PAGE))
            .bind(&search.profile);
        let found: Vec<Found> = self.store.rows("search the conversations", query).await?;
        let mut snippets = self.snippets(&words, &found).await?;
        let hit = |Found { conversation, hit }| {
            let snippet = hit.and_then(|hit| snippets.remove(&hit));
            ConversationHit { conversation, snippet }
        };
        Ok(found.into_iter().map(hit).collect())
    }

    /// By the number of the message. One that was deleted meanwhile has none.
    async fn snippets(&self, words: &str, found: &[Found]) -> Result<HashMap<i64, Vec<Piece>>, StoreError> {
        let hits: Vec<i64> = found.iter().filter_map(|found| found.hit).collect();
        let (Some(first), Some(last)) = (hits.iter().min(), hits.iter().max()) else {
            return Ok(HashMap::new());
        };
        let list = serde_json::Value::from(hits.clone()).to_string();
        let query = sqlx::query(SNIPPETS).bind(words).bind(first).bind(last).bind(list);
        let rows: Vec<(i64, String)> = self.store.rows("search the conversations", query).await?;
        Ok(rows.into_iter().map(|(hit, marked)| (hit, pieces(&marked))).collect())
    }
}

struct Found {
    conversation: Conversation,
    /// Its newest message that has the words.
    hit: Option<i64>,
}

impl FromRow<'_, sqlx::sqlite::SqliteRow> for Found {
    fn from_row(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Found { conversation: Conversation::from_row(row)?, hit: row.try_get("hit")? })
    }
}
