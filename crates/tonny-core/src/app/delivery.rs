//! From the final words to the window: in order, once, and told honestly.

use std::time::{Duration, Instant};

use tonny_store::{FinalText, Outcome, UtteranceState};

use super::ask::Message;
use super::utterance::{Route, Stage, timings_ms};
use super::view::Notice;
use super::{App, DesktopWish};
use crate::ports::{Delivery, InsertionMethod, InsertionWish};
use crate::problem::{Code, Problem};
use crate::snapshot::LastUtterance;
use crate::transcription::{Transcript, Words};

/// Past what the slowest window and the longest text take; an insertion that hangs must not hold up the next words.
const DELIVERY_DEADLINE: Duration = Duration::from_secs(120);

impl App {
    pub(super) async fn transcribed(&mut self, id: &str, result: Result<Transcript, Problem>) {
        let now = self.parts.clock.now();
        let Some(utterance) = self.utterance(id) else { return };
        utterance.timings.final_text_ms = Some(utterance.since_press(now));
        let transcript = match result {
            Ok(transcript) if !transcript.words.text.is_empty() => transcript,
            // What was thrown away is no failure, whatever became of its words.
            _ if utterance.cancelled => return self.end(id, UtteranceState::Cancelled, None, None).await,
            Ok(_) if utterance.microphone_problem.is_some() => {
                let problem = utterance.microphone_problem.take();
                return self.end(id, UtteranceState::Failed, problem, None).await;
            }
            Ok(_) => {
                let code = if utterance.heard_anything { Code::NothingHeard } else { Code::MicrophoneSilent };
                return self.end(id, UtteranceState::Kept, Some(Problem::of(code)), None).await;
            }
            Err(problem) => {
                // Where nothing was heard, the microphone is the reason, whatever the engine says of the empty rest.
                let silent = utterance.timings.first_sample_ms.is_none();
                let cause = utterance.microphone_problem.take().filter(|_| silent).unwrap_or(problem);
                return self.end(id, UtteranceState::Failed, Some(cause), None).await;
            }
        };
        utterance.committed.clone_from(&transcript.words.text);
        utterance.tentative.clear();
        utterance.truncated = transcript.words.truncated;
        let (cancelled, kept_back) = (utterance.cancelled, utterance.kept_back);
        let text = FinalText::from(transcript);
        let words = text.text.clone();
        // Committed before it is delivered: a crash from here on loses no word.
        self.keep_text(id, text).await;
        if cancelled {
            return self.end(id, UtteranceState::Cancelled, None, None).await;
        }
        if kept_back {
            let problem = Problem::of(Code::QuitEarly);
            return self.end(id, UtteranceState::Kept, Some(problem), None).await;
        }
        if self.clean_up(id, &words) {
            return;
        }
        if let Some(utterance) = self.utterance(id) {
            utterance.stage = Stage::Ready(words);
        }
        self.deliver_next().await;
    }

    /// Has the words cleaned up where that is a step of their way; whether that is under way. It has a deadline of its own.
    fn clean_up(&mut self, id: &str, words: &str) -> bool {
        let wanted = self.settings.clean_up.clone();
        let Ok(assistant) = self.assistant.clone() else { return false };
        let Some(utterance) = self.utterance(id) else { return false };
        let is_a_step = match utterance.route {
            Route::Type => wanted.typed,
            Route::Clipboard => wanted.copied,
            Route::Assistant => false,
        };
        if !wanted.enabled || !is_a_step {
            return false;
        }
        utterance.stage = Stage::CleaningUp(words.to_owned());
        let (handle, id, words) = (self.handle.clone(), id.to_owned(), words.to_owned());
        self.tasks.spawn(async move {
            let cleaned = assistant.clean_up(&words).await;
            handle.send(Message::CleanedText(id, cleaned)).await;
        });
        true
    }

    /// Both texts are kept: the one that goes out, and the one that was spoken.
    pub(super) async fn cleaned_text(&mut self, id: &str, cleaned: Option<String>) {
        let Some(utterance) = self.utterance(id) else { return };
        let Stage::CleaningUp(words) = &utterance.stage else { return };
        let words = words.clone();
        let text = match cleaned {
            Some(text) if text != words => {
                let raw_text = Some(words);
                self.keep_text(id, FinalText { text: text.clone(), raw_text, ..FinalText::default() }).await;
                text
            }
            _ => words,
        };
        if let Some(utterance) = self.utterance(id) {
            utterance.committed.clone_from(&text);
            utterance.stage = if utterance.cancelled { Stage::Over } else { Stage::Ready(text) };
        }
        self.deliver_next().await;
    }

    /// Delivers the oldest utterance if its words are there; later ones wait for it.
    pub(super) async fn deliver_next(&mut self) {
        while self.utterances.front().is_some_and(|utterance| matches!(utterance.stage, Stage::Over)) {
            self.utterances.pop_front();
        }
        let wish = InsertionWish {
            method: self.settings.insertion.method,
            target: None,
            modifier_wait: Duration::from_millis(u64::from(self.settings.insertion.modifier_wait_ms)),
            receipt_wait: Duration::from_millis(u64::from(self.settings.insertion.receipt_wait_ms)),
        };
        let Some(utterance) = self.utterances.front_mut() else { return };
        let Stage::Ready(text) = &utterance.stage else { return };
        let text = text.clone();
        utterance.stage = Stage::Delivering(text.clone());
        let wish = InsertionWish { target: utterance.target.clone(), ..wish };
        let (id, route) = (utterance.id.clone(), utterance.route);
        utterance.delivery_deadline = Some(self.parts.clock.now() + DELIVERY_DEADLINE);
        let may_type = self.keep_delivering(&id).await;
        let (insertion, clock, handle) =
            (self.parts.insertion.clone(), self.parts.clock.clone(), self.handle.clone());
        if route == Route::Assistant {
            return self.ask_assistant(id, text);
        }
        self.tasks.spawn_blocking(move || {
            let delivery = match route {
                Route::Type if !may_type => match insertion.copy(&text) {
                    Ok(()) => Delivery::Copied(Problem::of(Code::NotSafeToType)),
                    Err(problem) => Delivery::Failed(problem),
                },
                Route::Type => insertion.insert(&text, &wish),
                Route::Clipboard | Route::Assistant => match insertion.copy(&text) {
                    Ok(()) => Delivery::Inserted { by: InsertionMethod::Paste },
                    Err(problem) => Delivery::Failed(problem),
                },
            };
            handle.send_blocking(Message::Delivered(id, delivery, clock.now()));
        });
    }

    /// The words become a question; its answer is the assistant's business, and comes in its window.
    fn ask_assistant(&self, id: String, text: String) {
        let (assistant, clock, handle) =
            (self.assistant.clone(), self.parts.clock.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            let asked = match assistant {
                Ok(assistant) => assistant.ask_spoken(text, &id).await,
                Err(problem) => Err(problem),
            };
            let delivery = match asked {
                Ok(asked) => Delivery::Asked(asked.conversation),
                Err(problem) => Delivery::Failed(problem),
            };
            handle.send(Message::Delivered(id, delivery, clock.now())).await;
        });
    }

    /// An insertion that never answers: its words are kept, the next ones go on.
    pub(super) async fn give_up_deliveries(&mut self, now: Instant) {
        let late = |utterance: &&super::utterance::Utterance| {
            utterance.is_delivering() && utterance.delivery_deadline.is_some_and(|deadline| deadline <= now)
        };
        let Some(id) = self.utterances.iter().find(late).map(|utterance| utterance.id.clone()) else {
            return;
        };
        let problem = Problem::with(Code::InsertFailed, "The window did not answer");
        self.end(&id, UtteranceState::Kept, Some(problem), None).await;
        self.deliver_next().await;
    }

    pub(super) async fn delivered(&mut self, id: &str, delivery: Delivery, at: Instant) {
        let Some(utterance) = self.utterance(id) else { return };
        utterance.timings.delivered_ms = Some(utterance.since_press(at));
        let copied = utterance.route == Route::Clipboard;
        let split = utterance.split.then(|| Problem::of(Code::TextSplit));
        let trouble = utterance.truncated.then(|| Problem::of(Code::TextTruncated)).or(split);
        match delivery {
            Delivery::Inserted { by } => {
                self.notice = Some(Notice::done(if copied { "Copied" } else { "Inserted" }, at));
                self.end(id, UtteranceState::Delivered, trouble, (!copied).then_some(by)).await;
            }
            Delivery::Asked(conversation) => {
                self.notice = Some(Notice::done("Asked", at));
                self.wish(DesktopWish::ShowConversation(conversation));
                self.end(id, UtteranceState::Delivered, trouble, None).await;
            }
            Delivery::Copied(problem) => self.end(id, UtteranceState::Kept, Some(problem), None).await,
            Delivery::Failed(problem) => self.end(id, UtteranceState::Failed, Some(problem), None).await,
        }
        self.deliver_next().await;
    }

    /// Writes down how an utterance ended and lets it go.
    async fn end(
        &mut self,
        id: &str,
        state: UtteranceState,
        problem: Option<Problem>,
        by: Option<InsertionMethod>,
    ) {
        let keep_audio = self.settings.dictation.keep_audio;
        let Some(utterance) = self.utterance(id) else { return };
        let (Stage::Delivering(text) | Stage::Ready(text) | Stage::CleaningUp(text)) =
            std::mem::replace(&mut utterance.stage, Stage::Over)
        else {
            return self.end_without_words(id, state, problem).await;
        };
        let outcome = outcome(utterance, state, problem.as_ref(), by);
        let wav = utterance.wav.clone();
        self.last = Some(last(id, text, state, &outcome));
        let kept = self.keep_end(id, &outcome).await;
        // A recording goes only once its words are where they stay, or where nothing of them is to stay.
        if kept && state == UtteranceState::Delivered && !self.settings.storage.keep_text {
            self.forget(id).await;
        } else if kept && state == UtteranceState::Delivered && !keep_audio && problem.is_none() {
            self.remove_audio(id, &wav).await;
        }
        self.after_end(problem);
    }

    async fn end_without_words(&mut self, id: &str, state: UtteranceState, problem: Option<Problem>) {
        let Some(utterance) = self.utterance(id) else { return };
        let outcome = outcome(utterance, state, problem.as_ref(), None);
        let text = utterance.committed.clone();
        self.last = Some(last(id, text, state, &outcome));
        self.keep_end(id, &outcome).await;
        // Boxed: delivery of the next one may end here again.
        self.after_end(problem);
        Box::pin(self.deliver_next()).await;
    }

    fn after_end(&mut self, problem: Option<Problem>) {
        self.utterances.retain(|utterance| !matches!(utterance.stage, Stage::Over));
        if let Some(problem) = problem {
            self.trouble(problem);
        }
    }

    /// Nothing is to be kept: the row, its words in the search, in the log and in backups, and the recording go at once.
    async fn forget(&mut self, id: &str) {
        let places = self.places();
        let removed = super::storage::remove(&places, id).await;
        let rest = super::long_text::remove_rest(&places.store, id).await;
        if let Err(problem) = removed.and(rest.map_err(|error| crate::store_problem(&error))) {
            self.problem = Some(problem);
        }
        self.empty_log();
        // One that was made between the last word and here has them, too. One that is still being made is the next
        // clean-up's.
        let (store, now_ms) = (places.store, crate::utc_ms(self.parts.clock.utc()));
        self.tasks.spawn(async move {
            if let Err(problem) = super::storage::forget_copies(&store, now_ms).await {
                tracing::warn!(code = problem.code, "deleted words stay in a backup until the next clean-up");
            }
        });
    }

    /// Not waited for: another program may be reading.
    pub(super) fn empty_log(&self) {
        let store = self.parts.store.clone();
        self.tasks.spawn(async move {
            match store.empty_log().await {
                Ok(true) => {}
                Ok(false) => tracing::warn!("deleted words stay in the log until the next clean-up"),
                Err(error) => tracing::warn!(%error, "deleted words stay in the log until the next clean-up"),
            }
        });
    }

    async fn remove_audio(&mut self, id: &str, wav: &std::path::Path) {
        let (audio, wav) = (self.parts.audio.clone(), wav.to_owned());
        let removed = tokio::task::spawn_blocking(move || audio.remove(&wav)).await;
        match removed {
            Ok(Ok(())) => {
                if let Err(error) = self.parts.store.utterances().forget_audio(id).await {
                    tracing::error!(%error, id, "the row still names a recording that is gone");
                }
            }
            Ok(Err(problem)) => tracing::warn!(code = problem.code, id, "the recording could not be removed"),
            Err(error) => tracing::error!(%error, id, "removing a recording panicked"),
        }
    }
}

impl From<Transcript> for FinalText {
    fn from(Transcript { words, engine, model }: Transcript) -> Self {
        let Words { text, language, .. } = words;
        Self { text, language, engine: Some(engine), model, ..Self::default() }
    }
}

fn outcome(
    utterance: &super::utterance::Utterance,
    state: UtteranceState,
    problem: Option<&Problem>,
    by: Option<InsertionMethod>,
) -> Outcome {
    Outcome {
        state,
        error_code: problem.map(|problem| problem.code.clone()),
        error_message: problem.map(|problem| problem.message.clone()),
        inserted_by: by.map(|by| if by == InsertionMethod::Type { "type" } else { "paste" }.to_owned()),
        target_class: utterance.target.as_ref().map(|target| target.class.clone()),
        timings: utterance.timings,
    }
}

fn last(id: &str, text: String, state: UtteranceState, outcome: &Outcome) -> LastUtterance {
    LastUtterance {
        id: id.to_owned(),
        text,
        state: state.as_str().to_owned(),
        timings_ms: timings_ms(&outcome.timings),
    }
}
