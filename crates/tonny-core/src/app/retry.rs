//! Kept recordings once more: played, or transcribed again, with another model if the user names one.
//!
//! Owns: which recordings are on their way through an engine again, and the one worker that runs a model the settings do
//! not name: it lives for one recording, and others wait for it, because two large models at once may be more than the
//! memory holds. Must not know: what the words do to a row; that is [`App::retranscribed`].

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::watch;
use tonny_speech_protocol::client::wav_file;

use super::ask::{Message, wav};
use super::history::row;
use super::storage::Places;
use super::utterance::Stage;
use super::{App, AppHandle, recordings};
use crate::engine::{self, AGAIN, Chain, EMBEDDED, Engine, Link, READY_DEADLINE};
use crate::model::InstalledModel;
use crate::problem::{Code, Problem, quoted};
use crate::secrets::Secrets;
use crate::transcription::{self, Job, Note, Transcript, replay};

/// Half an hour of speech is 58 MB; more would be in the window's memory several times over.
const PLAYABLE_MS: i64 = 30 * 60_000;

/// Recordings on their way through an engine again.
#[derive(Default)]
pub(super) struct Retries {
    under_way: HashSet<String>,
    /// For the extra worker, in the order they were asked for.
    waiting: VecDeque<(String, InstalledModel)>,
    /// The recording that has the extra worker.
    extra: Option<(String, engine::Worker)>,
}

impl Retries {
    pub(super) fn is_under_way(&self, id: &str) -> bool {
        self.under_way.contains(id)
    }

    /// The extra worker, for ending it.
    pub(super) fn take_extra(&mut self) -> Option<engine::Worker> {
        self.waiting.clear();
        self.extra.take().map(|(_, worker)| worker)
    }
}

impl App {
    /// Transcribes a kept recording again. The row keeps its words until there are new ones.
    pub(super) async fn begin_retry(&mut self, id: &str, model: Option<String>) -> Result<(), Problem> {
        let found = row(&self.parts.store, id).await?;
        if found.audio_file.is_none() {
            return Err(Problem::with(Code::NotFound, "Its recording was not kept"));
        }
        let spoken_now = self.utterance(id).is_some_and(|utterance| !matches!(utterance.stage, Stage::Over));
        if spoken_now || self.retries.is_under_way(id) {
            return Err(Problem::of(Code::UnderWay));
        }
        // The first engine of the order may run that model already.
        let model =
            model.filter(|model| self.first_engine() != (Some(EMBEDDED.to_owned()), Some(model.clone())));
        match model {
            None => self.retranscribe(id),
            Some(wanted) => {
                let installed = self.installed.iter().find(|model| model.id == wanted);
                let unknown =
                    || Problem::with(Code::ModelUnknown, format!("{} is not installed", quoted(&wanted)));
                let model = installed.cloned().ok_or_else(unknown)?;
                self.retries.under_way.insert(id.to_owned());
                self.retries.waiting.push_back((id.to_owned(), model));
                self.next_retry();
            }
        }
        Ok(())
    }

    /// Sends a kept recording through the engines again; [`Message::Retranscribed`] answers.
    pub(super) fn retranscribe(&mut self, id: &str) {
        let patience = Duration::from_secs(u64::from(self.settings.dictation.engine_wait_s));
        self.retries.under_way.insert(id.to_owned());
        self.listen_again(id, self.chain.subscribe(), patience);
    }

    /// That recording is through, with words or without.
    pub(super) fn retried(&mut self, id: &str) {
        self.retries.under_way.remove(id);
        if let Some((_, worker)) = self.retries.extra.take_if(|(its, _)| its == id) {
            self.tasks.spawn(async move { _ = worker.close().await });
        }
        self.next_retry();
    }

    fn next_retry(&mut self) {
        if self.retries.extra.is_some() {
            return;
        }
        let Some((id, model)) = self.retries.waiting.pop_front() else { return };
        match self.extra_worker(&model) {
            Ok((worker, chain)) => {
                self.retries.extra = Some((id.clone(), worker));
                self.listen_again(&id, chain, READY_DEADLINE);
            }
            Err(problem) => {
                let handle = self.handle.clone();
                self.tasks.spawn(async move { handle.send(Message::Retranscribed(id, Err(problem))).await });
            }
        }
    }

    fn extra_worker(
        &self,
        model: &InstalledModel,
    ) -> Result<(engine::Worker, watch::Receiver<Chain>), Problem> {
        let mut spec = engine::spec(&self.parts.programs, model, &self.settings);
        AGAIN.clone_into(&mut spec.name);
        let started = self.supervisor.worker(spec);
        let (worker, run) = started.map_err(|error| engine::refused(AGAIN, error))?;
        let link = Link {
            name: EMBEDDED.to_owned(),
            model: Some(model.id.clone()),
            rest: false,
            run: 0,
            engine: Engine::Away,
            worker: Some(worker.clone()),
        };
        let (chain, follower) = watch::channel(Chain { links: vec![link] });
        let publish = move |engine| _ = chain.send_if_modified(|chain| chain.note(0, engine));
        self.tasks.spawn(run);
        self.tasks.spawn(engine::follow(worker.state(), publish, async |_| {}));
        Ok((worker, follower))
    }

    fn listen_again(&self, id: &str, chain: watch::Receiver<Chain>, patience: Duration) {
        let (audio, handle, id) = (self.parts.audio.clone(), self.handle.clone(), id.to_owned());
        let language = self.settings.dictation.language.clone();
        let (file, secrets) = (wav(&self.parts.audio_folder, &id), self.parts.secrets.clone());
        self.tasks.spawn(async move {
            let result = match recordings::read(&audio, &secrets, file).await {
                Ok(samples) => transcribe(Job { heard: replay(samples), chain, language, patience }).await,
                Err(problem) => Err(problem),
            };
            answer(&handle, id, result).await;
        });
    }
}

async fn answer(handle: &AppHandle, id: String, result: Result<Transcript, Problem>) {
    handle.send(Message::Retranscribed(id, result)).await;
}

/// Runs a whole recording through the engine and waits for its words.
async fn transcribe(job: Job) -> Result<Transcript, Problem> {
    let (result, mut ended) = tokio::sync::mpsc::unbounded_channel();
    transcription::run(job, move |note| {
        if let Note::Ended(outcome) = note {
            let _ = result.send(outcome);
        }
    })
    .await;
    ended.recv().await.unwrap_or_else(|| Err(Problem::of(Code::EngineDied)))
}

/// A kept recording as a WAV file, for the window.
pub(super) async fn playable(places: &Places, secrets: &Secrets, id: &str) -> Result<Vec<u8>, Problem> {
    recording(places, secrets, id, PLAYABLE_MS).await
}

/// A kept recording of at most so many ms, as a WAV file. Its file is named by the row, never by who asks.
pub async fn recording(
    places: &Places,
    secrets: &Secrets,
    id: &str,
    longest_ms: i64,
) -> Result<Vec<u8>, Problem> {
    let row = row(&places.store, id).await?;
    if row.audio_file.is_none() {
        return Err(Problem::with(Code::NotFound, "Its recording was not kept"));
    }
    let too_long = || Problem::of(Code::AudioTooLong);
    if row.audio_ms.is_some_and(|ms| ms > longest_ms) {
        return Err(too_long());
    }
    let samples = recordings::read(&places.audio, secrets, wav(&places.folder, &row.id)).await?;
    // A row that was never finished does not know its length.
    if samples.len() as u64 / 16 > longest_ms.unsigned_abs() {
        return Err(too_long());
    }
    Ok(wav_file(&samples))
}
