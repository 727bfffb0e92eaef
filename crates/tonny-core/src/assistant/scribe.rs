//! Writes an answer down while it comes, and tells the windows: the words a person has seen are the words that are kept.
//!
//! The first words go out at once, more of them 30 times a second at most. Each piece is appended to the store in the same
//! breath, so that a crash costs what came since; what could not be written is written with the next piece.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tonny_egress::chat::Finish;
use tonny_egress::fault::FaultCode;
use tonny_store::{FinishReason, MessageEnd, MessageNote, MessageState};

use super::clerk::{End, Said};
use super::desk::Desk;
use super::talk;
use super::turn::Told;
use super::view::{AssistantEvent, Grown, NoticeView};
use crate::problem::Problem;

/// No eye sees more than 30 changes a second.
const PACE: Duration = Duration::from_millis(33);

/// One answer's.
pub struct Scribe<'a> {
    desk: &'a Desk,
    conversation: &'a str,
    answer: &'a str,
    /// The last piece that was told.
    n: i64,
    fresh: Piece,
    /// Told, and not written yet.
    unwritten: Piece,
    notices: Vec<NoticeView>,
    last: Option<Instant>,
}

#[derive(Debug, Default)]
struct Piece {
    text: String,
    reasoning: String,
}

impl Piece {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }
}

impl<'a> Scribe<'a> {
    /// For an answer that has `n` pieces already, and these notices.
    pub fn new(
        desk: &'a Desk,
        conversation: &'a str,
        answer: &'a str,
        n: i64,
        notices: Vec<NoticeView>,
    ) -> Self {
        let (fresh, unwritten) = (Piece::default(), Piece::default());
        Self { desk, conversation, answer, n, fresh, unwritten, notices, last: None }
    }

    /// Writes until the end; gives what went wrong, if nobody answered.
    pub async fn run(mut self, mut told: mpsc::Receiver<Told>) {
        loop {
            let due = self.due();
            let next = tokio::select! {
                next = told.recv() => next,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.flush().await;
                    continue;
                }
            };
            match next {
                Some(Told::Said(Said::End(end))) => return self.end(&end).await,
                Some(Told::Nobody(problem)) => return self.nobody(&problem).await,
                Some(told) => self.take(told).await,
                // The turn was dropped: what is there is kept, and marked.
                None => return self.close(MessageState::Cut, &FaultCode::INTERNAL.id()).await,
            }
        }
    }

    async fn take(&mut self, told: Told) {
        match told {
            Told::Said(Said::Text(text)) => self.fresh.text.push_str(&text),
            Told::Said(Said::Reasoning(text)) => self.fresh.reasoning.push_str(&text),
            Told::Said(Said::Notice(notice)) | Told::Skipped(notice) => {
                self.notices.push(notice);
                let notices = serde_json::to_string(&self.notices).ok();
                self.note(MessageNote { notices, ..MessageNote::default() }).await;
            }
            Told::Asking(candidate) => {
                let (provider, model) = (Some(candidate.provider.id), Some(candidate.model));
                self.note(MessageNote { provider, model, notices: None }).await;
            }
            Told::Said(Said::Asking(_) | Said::End(_)) | Told::Nobody(_) => {}
        }
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.flush().await;
        }
    }

    /// When the next piece is to go out.
    fn due(&self) -> Option<Instant> {
        if self.fresh.is_empty() {
            return None;
        }
        Some(self.last.map_or_else(Instant::now, |last| last + PACE))
    }

    async fn flush(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let Piece { text, reasoning } = std::mem::take(&mut self.fresh);
        self.n += 1;
        self.last = Some(Instant::now());
        self.unwritten.text.push_str(&text);
        self.unwritten.reasoning.push_str(&reasoning);
        self.tell(AssistantEvent::Grew(Grown {
            conversation: self.conversation.to_owned(),
            message: self.answer.to_owned(),
            n: u32::try_from(self.n).unwrap_or(u32::MAX),
            text,
            reasoning,
        }));
        let Piece { text, reasoning } = &self.unwritten;
        match self.desk.store.messages().grow(self.answer, self.n, text, reasoning).await {
            Ok(()) => self.unwritten = Piece::default(),
            Err(error) => tracing::error!(%error, "part of an answer is not written yet"),
        }
    }

    async fn note(&self, note: MessageNote) {
        if let Err(error) = self.desk.store.messages().note(self.answer, &note).await {
            tracing::error!(%error, "the way to an answer could not be written down");
        }
        self.show().await;
    }

    async fn end(mut self, end: &End) {
        self.flush().await;
        let (state, finish, code) = match &end.outcome {
            Ok(finish) => (MessageState::Complete, Some(reason(*finish)), None),
            Err(fault) if fault.code == FaultCode::CANCELLED_BY_USER => {
                (MessageState::Cancelled, None, Some(fault.code))
            }
            Err(fault) if self.n > 0 => (MessageState::Cut, None, Some(fault.code)),
            Err(fault) => (MessageState::Failed, None, Some(fault.code)),
        };
        let whole = |number: u64| i64::try_from(number).ok();
        let read = end.usage.input + end.usage.cache_read + end.usage.cache_write;
        self.finish(MessageEnd {
            state,
            finish,
            error_code: code.map(FaultCode::id),
            tokens_in: whole(read),
            tokens_out: whole(end.usage.output),
            cost_pico: end.cost.and_then(|cost| i64::try_from(cost.as_pico()).ok()),
            is_estimated: end.is_estimated,
        })
        .await;
    }

    async fn nobody(self, problem: &Problem) {
        let code = problem.code.clone();
        let state = if self.n > 0 { MessageState::Cut } else { MessageState::Failed };
        self.close(state, &code).await;
    }

    async fn close(mut self, state: MessageState, code: &str) {
        self.flush().await;
        let error_code = Some(code.to_owned());
        let (tokens_in, tokens_out, cost_pico) = (None, None, None);
        self.finish(MessageEnd {
            state,
            finish: None,
            error_code,
            tokens_in,
            tokens_out,
            cost_pico,
            is_estimated: false,
        })
        .await;
    }

    async fn finish(&mut self, end: MessageEnd) {
        if !self.unwritten.is_empty() {
            let Piece { text, reasoning } = &self.unwritten;
            if let Err(error) = self.desk.store.messages().grow(self.answer, self.n, text, reasoning).await {
                tracing::error!(%error, "the end of an answer could not be written");
            }
        }
        if let Err(error) = self.desk.store.messages().finish(self.answer, &end).await {
            tracing::error!(%error, "an answer's end could not be written; the next start marks it as cut off");
        }
        self.show().await;
    }

    /// The message as it is now.
    async fn show(&self) {
        match talk::message(self.desk, self.answer).await {
            Ok(message) => {
                let (conversation, message) = (self.conversation.to_owned(), Box::new(message));
                self.tell(AssistantEvent::Message { conversation, message });
            }
            Err(problem) => tracing::warn!(code = problem.code, "an answer cannot be shown"),
        }
    }

    fn tell(&self, event: AssistantEvent) {
        // Nobody listens while no window is open.
        let _ = self.desk.events.send(event);
    }
}

fn reason(finish: Finish) -> FinishReason {
    match finish {
        Finish::Stop => FinishReason::Stop,
        Finish::Length => FinishReason::Length,
        Finish::Filtered => FinishReason::Filtered,
        Finish::Refused => FinishReason::Refused,
        Finish::Other => FinishReason::Other,
    }
}
