//! Utterances that a crash or a dead engine left unfinished: transcribed in the background, never typed by themselves.

use tonny_store::{FinalText, NewUtterance, Outcome, UtteranceState};

use super::ask::wav;
use super::utterance::{Route, Stage, Utterance};
use super::{App, Notification, recordings};
use crate::activity::Did;
use crate::problem::{Code, Problem};
use crate::transcription::Transcript;

/// Why something was left unfinished, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// Nothing says why.
    Found,
    ByQuitting,
    ByACrash,
}

impl Left {
    fn as_str(self) -> &'static str {
        match self {
            Self::Found => "",
            Self::ByQuitting => "TonnyTray was quit before they were done. ",
            Self::ByACrash => "TonnyTray did not end well the last time. ",
        }
    }
}

impl App {
    /// Adopts what the last run left behind.
    pub(super) async fn recover(&mut self) {
        let mut left = Left::Found;
        match self.parts.store.utterances().unfinished().await {
            Ok(rows) => {
                self.mend_headers(rows.iter().map(|row| row.id.clone()).collect()).await;
                for row in rows {
                    left = left.max(self.take_up(row).await);
                }
            }
            Err(error) => self.problem = Some(crate::store_problem(&error)),
        }
        self.adopt_recordings().await;
        self.offer_recovered(left);
    }

    async fn take_up(&mut self, row: tonny_store::Utterance) -> Left {
        tracing::info!(id = row.id, state = row.state.as_str(), "an unfinished utterance is recovered");
        if let Err(error) = self.parts.store.utterances().mark_recovered(&row.id).await {
            tracing::error!(%error, id = row.id, "the row could not be marked as recovered");
        }
        let quit = row.error_code.as_deref() == Some(Code::QuitEarly.id());
        // What was on its way may have arrived, and what somebody left behind by quitting was for another window.
        if row.state != UtteranceState::Delivering && !quit {
            self.typable.insert(row.id.clone());
        }
        self.recovered.push(row.id.clone());
        self.taken_up.insert(row.id.clone());
        self.recover_row(row).await;
        if quit { Left::ByQuitting } else { Left::ByACrash }
    }

    /// Recordings whose header a crash left behind their data are corrected, for every program that believes headers.
    async fn mend_headers(&mut self, ids: Vec<String>) {
        let (audio, folder) = (self.parts.audio.clone(), self.parts.audio_folder.clone());
        let mended = tokio::task::spawn_blocking(move || {
            for id in ids {
                match audio.mend(&wav(&folder, &id)) {
                    Ok(true) => tracing::info!(id, "the header of a recording was corrected"),
                    Ok(false) => {}
                    Err(problem) => {
                        tracing::warn!(code = problem.code, id, "a recording could not be mended")
                    }
                }
            }
        });
        if let Err(error) = mended.await {
            tracing::error!(%error, "mending recordings panicked");
        }
    }

    /// Said once, where the user looks even with no window open; the tray's menu says it until the history was opened.
    fn offer_recovered(&self, left: Left) {
        let title = match self.recovered.len() {
            0 => return,
            1 => "One recording was found again".to_owned(),
            n => format!("{n} recordings were found again"),
        };
        let body = format!("{}The words are put into History as soon as they are worked out.", left.as_str());
        self.alert(Notification { title, body });
    }

    /// A recording without a row (the disk was full, the database locked) gets one: audio is never left unfound.
    async fn adopt_recordings(&mut self) {
        let (audio, folder) = (self.parts.audio.clone(), self.parts.audio_folder.clone());
        let found = tokio::task::spawn_blocking(move || audio.ids(&folder)).await;
        let ids =
            found.map_err(|e| Problem::with(Code::AudioUnreadable, e)).flatten().unwrap_or_else(|problem| {
                tracing::warn!(code = problem.code, "the audio folder could not be looked through");
                Vec::new()
            });
        let mut adopted = Vec::new();
        for id in ids {
            // Only our own ids; anything else in the folder is not ours to touch.
            let Ok(uuid) = uuid::Uuid::parse_str(&id) else { continue };
            if !matches!(self.parts.store.utterances().get(&id).await, Ok(None)) {
                continue;
            }
            tracing::info!(id, "a recording without a row is adopted");
            let seconds = uuid.get_timestamp().map_or(0, |stamp| stamp.to_unix().0);
            let (engine, model) = self.first_engine();
            let row = NewUtterance {
                id: id.clone(),
                started_at_ms: i64::try_from(seconds).unwrap_or(0) * 1_000,
                route: "type".to_owned(),
                audio_file: Some(format!("{id}.wav")),
                engine,
                model,
                ..NewUtterance::default()
            };
            let begun = async {
                self.parts.store.utterances().begin(&row).await?;
                self.parts.store.utterances().mark_recovered(&id).await
            };
            match begun.await {
                Ok(()) => adopted.push(id),
                Err(error) => self.problem = Some(crate::store_problem(&error)),
            }
        }
        self.mend_headers(adopted.clone()).await;
        // Never typed by themselves: where no row could be written, none could say that its words had arrived.
        for id in adopted {
            self.retranscribe(&id);
            self.taken_up.insert(id.clone());
            self.recovered.push(id);
        }
    }

    async fn recover_row(&mut self, row: tonny_store::Utterance) {
        // Its words are known already: only the delivery is uncertain, and typing them twice would be worse.
        if row.text.as_ref().is_some_and(|text| !text.is_empty()) {
            let outcome = Outcome { timings: row.timings, ..Outcome::of(UtteranceState::Kept) };
            self.write_recovered(&row.id, &outcome).await;
            self.type_recovered(&row.id, row.text.unwrap_or_default()).await;
            return;
        }
        self.retranscribe(&row.id);
    }

    /// Types words that were found again, if the user chose so; only at a start, never after a retry.
    async fn type_recovered(&mut self, id: &str, text: String) {
        if !self.typable.remove(id) || !self.settings.dictation.type_recovered {
            return;
        }
        let transcribed = self.parts.store.utterances().set_state(id, UtteranceState::Transcribed).await;
        if let Err(error) = transcribed {
            self.problem = Some(crate::store_problem(&error));
            return;
        }
        let file = wav(&self.parts.audio_folder, id);
        let now = self.parts.clock.now();
        let mut utterance = Utterance::new(id.to_owned(), Route::Type, file, now);
        utterance.target = self.parts.insertion.target();
        utterance.committed.clone_from(&text);
        utterance.stage = Stage::Ready(text);
        // What is being spoken now stays the last: it is found by its place.
        let at =
            self.utterances.len() - usize::from(self.utterances.back().is_some_and(Utterance::is_recording));
        self.utterances.insert(at, utterance);
        self.deliver_next().await;
    }

    pub(super) async fn retranscribed(&mut self, id: &str, result: Result<Transcript, Problem>) {
        self.retried(id);
        let row = match self.parts.store.utterances().get(id).await {
            Ok(Some(row)) => row,
            Ok(None) => return,
            Err(error) => {
                self.problem = Some(crate::store_problem(&error));
                return;
            }
        };
        if result.as_ref().is_err_and(recordings::waits_for_the_vault) {
            self.sealed.push(id.to_owned());
        }
        let result = result.and_then(whole);
        if row.text.as_ref().is_some_and(|text| !text.is_empty()) {
            // The words there are stay until there are better ones.
            match result {
                Ok((words, None)) => {
                    self.keep_words(id, words, Outcome::of(UtteranceState::Kept)).await;
                }
                Ok((_, Some(problem))) | Err(problem) => {
                    tracing::warn!(code = problem.code, id, "a retry gave nothing better");
                    self.problem = Some(problem);
                }
            }
            return;
        }
        let mut outcome = Outcome { timings: row.timings, ..Outcome::of(UtteranceState::Kept) };
        match result {
            Ok((words, trouble)) => {
                outcome = with_problem(outcome, trouble);
                let text = words.text.clone();
                // Typed only once they are safe.
                if self.keep_words(id, words, outcome).await {
                    self.type_recovered(id, text).await;
                }
            }
            Err(problem) => {
                if !problem.is(Code::NothingHeard) {
                    outcome.state = UtteranceState::Failed;
                }
                self.write_recovered(id, &with_problem(outcome, Some(problem))).await;
            }
        }
    }

    /// False where the words could not be kept: the row stays as it was, unfinished or with its old words, and the next
    /// start sees it.
    async fn keep_words(&mut self, id: &str, words: FinalText, outcome: Outcome) -> bool {
        match super::long_text::commit(&self.parts.store, id, &words).await {
            Ok(split) => {
                let outcome =
                    if outcome.error_code.is_none() { with_problem(outcome, split) } else { outcome };
                self.write_recovered(id, &outcome).await;
                true
            }
            Err(error) => {
                self.problem = Some(crate::store_problem(&error));
                false
            }
        }
    }

    async fn write_recovered(&mut self, id: &str, outcome: &Outcome) {
        self.history_version += 1;
        // Where nothing is to stay of what was said, not even that it was.
        if self.settings.storage.keep_text {
            let did = match self.taken_up.remove(id) {
                true => Did::Recovered(id.to_owned(), outcome.state),
                false => Did::Utterance(id.to_owned(), outcome.state),
            };
            self.activity.note(did, outcome.error_code.clone());
        }
        if let Err(error) = self.parts.store.utterances().finish(id, outcome).await {
            self.problem = Some(crate::store_problem(&error));
        }
    }
}

fn with_problem(mut outcome: Outcome, problem: Option<Problem>) -> Outcome {
    (outcome.error_code, outcome.error_message) =
        problem.map(|problem| (problem.code, problem.message)).unzip();
    outcome
}

/// Words, and what is wrong with them; no word at all is a problem.
fn whole(transcript: Transcript) -> Result<(FinalText, Option<Problem>), Problem> {
    if transcript.words.text.is_empty() {
        return Err(Problem::of(Code::NothingHeard));
    }
    let trouble = transcript.words.truncated.then(|| Problem::of(Code::TextTruncated));
    Ok((FinalText::from(transcript), trouble))
}
