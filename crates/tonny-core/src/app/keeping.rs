//! What the row of an utterance under way says, also where the database cannot be written for a while.
//!
//! Owns two rules. No row is finished without the words it is about: text that could not be kept is tried again before the
//! end, and else the row stays unfinished with its recording, for the next start. And nothing is typed twice: before the
//! first key the row says that it may have arrived, and where it cannot say so, words are only typed if no start would type
//! them again by itself. Must not know: how words get into a window.

use tonny_store::{FinalText, Outcome, StoreError, UtteranceState};

use super::App;
use super::utterance::{Route, Utterance};
use crate::activity::Did;

impl App {
    /// Writes the row that the press could not, if there is one to write.
    async fn begin_again(&mut self, id: &str) {
        let Some(row) = self.utterance(id).and_then(|utterance| utterance.unwritten.clone()) else { return };
        if self.parts.store.utterances().begin(&row).await.is_ok()
            && let Some(utterance) = self.utterance(id)
        {
            utterance.unwritten = None;
        }
    }

    /// At the moment of the cancel: whatever happens from here on, no start takes it for words that are wanted.
    pub(super) async fn keep_cancel(&mut self, id: &str) {
        self.begin_again(id).await;
        let state = UtteranceState::Cancelled;
        if let Err(error) = self.parts.store.utterances().set_state_for_sure(id, state).await {
            self.problem = Some(crate::store_problem(&error));
        }
    }

    /// Commits the final text. Text that could not be is held until [`App::keep_again`].
    pub(super) async fn keep_text(&mut self, id: &str, text: FinalText) {
        self.begin_again(id).await;
        let kept = super::long_text::commit(&self.parts.store, id, &text).await;
        let problem = kept.as_ref().err().map(crate::store_problem);
        if let Some(utterance) = self.utterance(id) {
            utterance.split = matches!(kept, Ok(Some(_)));
            utterance.unkept = problem.is_some().then_some(text);
        }
        self.problem = problem.or(self.problem.take());
    }

    /// Whether the row has its text now.
    pub(super) async fn keep_again(&mut self, id: &str) -> bool {
        let Some(text) = self.utterance(id).and_then(|utterance| utterance.unkept.take()) else {
            return true;
        };
        self.keep_text(id, text).await;
        self.utterance(id).is_none_or(|utterance| utterance.unkept.is_none())
    }

    /// Says in the row, synced, that its words may have arrived; called before the first of them is typed. Says whether
    /// they may be typed: not where a later start would type them once more because the row could not say so.
    pub(super) async fn keep_delivering(&mut self, id: &str) -> bool {
        let (rows, to) = (self.parts.store.utterances(), UtteranceState::Delivering);
        match rows.claim(id, UtteranceState::Transcribed, to).await {
            Ok(true) => return true,
            // Its text is not in the row, or somebody deleted it.
            Ok(false) => {}
            Err(error) => tracing::error!(%error, id, "the row could not be marked as being delivered"),
        }
        match rows.set_state_for_sure(id, to).await {
            // A recording without a row is never typed by itself either.
            Ok(()) | Err(StoreError::Missing { .. }) => true,
            Err(error) => {
                tracing::error!(%error, id, "the row says nothing of its delivery");
                !self.settings.dictation.type_recovered || self.utterance(id).is_some_and(is_no_typing)
            }
        }
    }

    /// Writes down how it ended. A row without its words is not ended: it says that they may have arrived, and the next
    /// start works them out again from the recording. Says whether all of it is written.
    pub(super) async fn keep_end(&mut self, id: &str, outcome: &Outcome) -> bool {
        self.history_version += 1;
        // Where nothing is to stay of what was said, not even that it was.
        if self.settings.storage.keep_text {
            self.activity.note(Did::Utterance(id.to_owned(), outcome.state), outcome.error_code.clone());
        }
        let kept = self.keep_again(id).await;
        // What was cancelled has ended, with words or without.
        if !kept && outcome.state != UtteranceState::Cancelled {
            if outcome.state == UtteranceState::Delivered {
                let state = UtteranceState::Delivering;
                let told = self.parts.store.utterances().set_state_for_sure(id, state).await;
                tracing::error!(id, told = told.is_ok(), "words arrived that could not be kept");
            }
            return false;
        }
        self.begin_again(id).await;
        match self.parts.store.utterances().finish(id, outcome).await {
            Ok(()) => kept,
            Err(error) => {
                self.problem = Some(crate::store_problem(&error));
                false
            }
        }
    }
}

fn is_no_typing(utterance: &mut Utterance) -> bool {
    utterance.route != Route::Type
}
