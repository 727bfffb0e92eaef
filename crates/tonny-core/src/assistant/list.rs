//! The list of conversations, and what is done with a whole one.

use std::collections::HashSet;

use tonny_store::{ConversationHit, ConversationSearch};

use super::Assistant;
use super::files::{self, ConversationForm};
use super::view::{AssistantEvent, ConversationPage, ConversationQuery, ConversationRow, Piece};
use crate::history_files::rfc3339;
use crate::problem::{Code, Problem};
use crate::store_problem;

/// Rows of one page at most.
const PAGE_MAX: u32 = 500;

impl Assistant {
    /// A page of conversations, the latest used first; those that were deleted a moment ago are left out.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for a place that no page gave.
    pub async fn conversations(&self, query: ConversationQuery) -> Result<ConversationPage, Problem> {
        let before = query.before.as_deref().map(place).transpose()?;
        let limit = query.limit.clamp(1, PAGE_MAX);
        let search = ConversationSearch { text: query.text, profile: None, before, limit };
        let found = self.desk.store.conversations().search(&search).await.map_err(|e| store_problem(&e))?;
        let is_full = found.len() >= limit as usize;
        let last =
            found.last().map(|hit| format!("{}/{}", hit.conversation.updated_at_ms, hit.conversation.id));
        let gone: HashSet<String> = self.owner.deleted().await.into_iter().collect();
        let rows = found.into_iter().filter(|hit| !gone.contains(&hit.conversation.id)).map(row).collect();
        Ok(ConversationPage { rows, next: last.filter(|_| is_full) })
    }

    /// Gives one another title.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for an empty one or more than 1,000 characters.
    pub async fn rename(&self, id: &str, title: &str) -> Result<(), Problem> {
        let title = title.trim();
        if title.is_empty() || title.chars().count() > 1_000 {
            return Err(Problem::with(Code::RequestInvalid, "A title has 1 to 1,000 characters"));
        }
        self.desk.store.conversations().rename(id, title).await.map_err(|e| unknown(&e))?;
        self.changed(id);
        Ok(())
    }

    /// Shows the branch that ends with this message.
    ///
    /// # Errors
    /// [`Code::ConversationUnknown`].
    pub async fn show(&self, id: &str, leaf: &str) -> Result<(), Problem> {
        self.desk.store.conversations().set_leaf(id, Some(leaf)).await.map_err(|e| unknown(&e))
    }

    /// Deletes one; for ten seconds it can be taken back.
    ///
    /// # Errors
    /// [`Code::ConversationUnknown`].
    pub async fn delete(&self, id: &str) -> Result<(), Problem> {
        let known = self.desk.store.conversations().get(id).await.map_err(|e| store_problem(&e))?;
        known.ok_or_else(|| Problem::of(Code::ConversationUnknown))?;
        self.owner.delete(id).await;
        self.changed(id);
        Ok(())
    }

    /// Takes a deletion back.
    ///
    /// # Errors
    /// [`Code::ConversationUnknown`] when it is too late.
    pub async fn restore(&self, id: &str) -> Result<(), Problem> {
        if !self.owner.restore(id).await {
            return Err(Problem::of(Code::ConversationUnknown));
        }
        self.changed(id);
        Ok(())
    }

    /// One as the text of a file.
    ///
    /// # Errors
    /// [`Code::ConversationUnknown`].
    pub async fn export(&self, id: &str, form: ConversationForm) -> Result<String, Problem> {
        files::export(&self.desk, id, form).await
    }

    /// Takes in what [`Assistant::export`] wrote; its id.
    ///
    /// # Errors
    /// [`Code::ConversationFileWrong`]; nothing was taken in then.
    pub async fn import(&self, text: &str) -> Result<String, Problem> {
        let id = files::import(&self.desk, text).await?;
        self.changed(&id);
        Ok(id)
    }

    fn changed(&self, id: &str) {
        let _ = self.desk.events.send(AssistantEvent::Conversation { id: id.to_owned() });
    }
}

fn unknown(error: &tonny_store::StoreError) -> Problem {
    match error {
        tonny_store::StoreError::Missing { .. } => Problem::of(Code::ConversationUnknown),
        error => store_problem(error),
    }
}

fn place(text: &str) -> Result<(i64, String), Problem> {
    let wrong = || Problem::with(Code::RequestInvalid, "No page ended there");
    let (at, id) = text.split_once('/').ok_or_else(wrong)?;
    Ok((at.parse().map_err(|_| wrong())?, id.to_owned()))
}

fn row(hit: ConversationHit) -> ConversationRow {
    let ConversationHit { conversation, snippet } = hit;
    let piece = |piece: tonny_store::Piece| Piece { text: piece.text, found: piece.found };
    ConversationRow {
        id: conversation.id,
        title: conversation.title,
        model: conversation.model,
        updated_at: rfc3339(conversation.updated_at_ms),
        messages: u32::try_from(conversation.messages).unwrap_or(u32::MAX),
        snippet: snippet.map(|pieces| pieces.into_iter().map(piece).collect()),
    }
}
