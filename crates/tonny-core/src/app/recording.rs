//! From the press to the final words: gestures, the microphone, and what the transcription tells.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tonny_store::{NewUtterance, UtteranceState};

use super::ask::{Message, wav};
use super::utterance::{Route, Stage, Utterance};
use super::view::Notice;
use super::{App, DesktopWish};
use crate::ports::{RecordRequest, Recording};
use crate::problem::{Code, Problem};
use crate::push_to_talk::{Gesture, Step};
use crate::transcription::{self, Job, Note};

/// Above this level (0..1, dB scale) somebody speaks; a quiet room with a cheap microphone stays below.
pub(super) const VOICE_LEVEL: f32 = 0.12;

impl App {
    pub(super) async fn gesture(&mut self, gesture: Gesture, route: Option<String>) -> Result<(), Problem> {
        if self.quitting {
            return Err(Problem::of(Code::ShuttingDown));
        }
        let route = Route::named(route.as_deref()).ok_or_else(|| {
            Problem::with(
                Code::RouteUnknown,
                format!("It was called {}", crate::problem::quoted(&route.unwrap_or_default())),
            )
        })?;
        let tap = Duration::from_millis(u64::from(self.settings.dictation.tap_ms));
        let now = self.parts.clock.now();
        match self.key.on(gesture, now, tap) {
            Step::Stay => Ok(()),
            Step::Start => self.begin(route, now, gesture == Gesture::Toggle).await,
            Step::GoHandsFree => {
                if let Some(utterance) = self.speaking() {
                    utterance.hands_free = true;
                }
                Ok(())
            }
            Step::Finish => {
                self.finish_recording(now);
                Ok(())
            }
            Step::Abandon => {
                self.abandon_recording().await;
                Ok(())
            }
        }
    }

    /// The microphone is opened first; the row is written while it opens.
    async fn begin(&mut self, route: Route, pressed: Instant, hands_free: bool) -> Result<(), Problem> {
        let id = uuid::Uuid::now_v7().to_string();
        let wav = wav(&self.parts.audio_folder, &id);
        self.notice = None;
        self.problem = None;
        self.end_microphone_test();
        if route == Route::Assistant
            && let Ok(assistant) = &self.assistant
        {
            // The model loads while the question is spoken.
            assistant.warm_up();
        }
        let (events, heard) = mpsc::unbounded_channel();
        let (device, seal) = (self.settings.microphone.device.clone(), self.settings.storage.encrypt_audio);
        self.open_microphone(&id, RecordRequest { device, wav: wav.clone(), seal, events });
        self.transcribe(&id, heard);
        let mut utterance = Utterance::new(id.clone(), route, wav, pressed);
        utterance.hands_free = hands_free;
        self.utterances.push_back(utterance);
        self.publish();
        let (engine, model) = self.first_engine();
        let row = NewUtterance {
            id: id.clone(),
            started_at_ms: crate::utc_ms(self.parts.clock.utc()),
            route: route.as_str().to_owned(),
            audio_file: Some(format!("{id}.wav")),
            engine,
            model,
            ..NewUtterance::default()
        };
        // A row that cannot be written does not stop the recording: the WAV alone is found again at the next start.
        if let Err(error) = self.parts.store.utterances().begin(&row).await {
            self.problem = Some(crate::store_problem(&error));
            if let Some(utterance) = self.utterance(&id) {
                utterance.unwritten = Some(row);
            }
        }
        Ok(())
    }

    fn open_microphone(&self, id: &str, request: RecordRequest) {
        let (microphone, handle, id) = (self.parts.microphone.clone(), self.handle.clone(), id.to_owned());
        // Held until the App knows how the opening went: without it a microphone that does not open would end the
        // transcription first, and the user would read of the engine instead.
        let until_told = request.events.clone();
        self.tasks.spawn_blocking(move || {
            let opened = microphone.record(request);
            handle.send_blocking(Message::Opened(id, opened));
            drop(until_told);
        });
    }

    fn transcribe(&self, id: &str, heard: mpsc::UnboundedReceiver<crate::ports::Heard>) {
        let job = Job {
            heard,
            chain: self.chain.subscribe(),
            language: self.settings.dictation.language.clone(),
            patience: Duration::from_secs(u64::from(self.settings.dictation.engine_wait_s)),
        };
        let (handle, id) = (self.handle.clone(), id.to_owned());
        self.tasks.spawn(async move {
            let (notes, mut incoming) = mpsc::unbounded_channel();
            let work = transcription::run(job, move |note| _ = notes.send(note));
            let forward = async {
                while let Some(note) = incoming.recv().await {
                    handle.send(Message::Note(id.clone(), note)).await;
                }
            };
            tokio::join!(work, forward);
        });
    }

    pub(super) fn opened(&mut self, id: &str, opened: Result<Box<dyn Recording>, Problem>) {
        let tail = self.tail();
        // What there is to record from may have changed since the last look, and speaking takes longer than looking.
        self.look_for_microphones();
        let Some(utterance) = self.utterance(id) else { return };
        match opened {
            Ok(recording) => match utterance.released {
                Some(released) => recording.finish(released, tail),
                None => utterance.recording = Some(recording),
            },
            Err(problem) => {
                tracing::warn!(code = problem.code, "the microphone did not open");
                utterance.microphone_problem = Some(problem.clone());
                self.key = Default::default();
                self.trouble(problem);
            }
        }
    }

    /// Ends the recording; its words are inserted when they are there.
    fn finish_recording(&mut self, released: Instant) {
        let target = self.parts.insertion.target();
        let tail = self.tail();
        let Some(utterance) = self.speaking() else { return };
        utterance.released = Some(released);
        utterance.target = target;
        utterance.stage = Stage::Transcribing;
        utterance.timings.release_ms = Some(utterance.since_press(released));
        if let Some(recording) = utterance.recording.take() {
            recording.finish(released, tail);
        }
    }

    /// Ends the recording; its words go to the history only.
    async fn abandon_recording(&mut self) {
        let now = self.parts.clock.now();
        self.key = Default::default();
        let Some(utterance) = self.speaking() else { return };
        utterance.cancelled = true;
        utterance.released = Some(now);
        utterance.stage = Stage::Transcribing;
        if let Some(recording) = utterance.recording.take() {
            recording.finish(now, Duration::ZERO);
        }
        let id = utterance.id.clone();
        self.notice = Some(Notice::done("Cancelled", now));
        self.keep_cancel(&id).await;
    }

    /// Nobody lets go of what was forgotten: a recording has a longest time.
    pub(super) fn end_too_long(&mut self, now: Instant) {
        let longest = Duration::from_secs(60 * u64::from(self.settings.dictation.longest_recording_min));
        let is_over = |utterance: &mut Utterance| now.saturating_duration_since(utterance.pressed) >= longest;
        if self.speaking().is_some_and(is_over) {
            self.key = Default::default();
            self.finish_recording(now);
            self.trouble(Problem::of(Code::RecordingTooLong));
        }
    }

    fn tail(&self) -> Duration {
        Duration::from_millis(u64::from(self.settings.dictation.tail_ms))
    }

    pub(super) async fn note(&mut self, id: &str, note: Note) {
        let now = self.parts.clock.now();
        let Some(utterance) = self.utterance(id) else { return };
        match note {
            Note::First(at) => {
                utterance.timings.first_sample_ms = Some(utterance.since_press(at));
                // By the wall clock: after a crash it says how much of the recording is missing.
                let ago = i64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(0);
                let at_ms = crate::utc_ms(self.parts.clock.utc()) - ago;
                tracing::info!(id, at_ms, "the first sound of an utterance");
            }
            Note::Level(level) => {
                utterance.level = level;
                if level > VOICE_LEVEL {
                    utterance.heard_at = now;
                    utterance.heard_anything = true;
                }
                self.level.send_replace(level);
            }
            Note::MicrophoneLost(problem) => {
                utterance.microphone_problem = Some(problem.clone());
                if utterance.is_recording() {
                    utterance.released = Some(now);
                    utterance.stage = Stage::Transcribing;
                }
                self.key = Default::default();
                self.trouble(problem);
            }
            Note::Trouble(problem) => {
                if problem.is(Code::DiskFullRecording) {
                    self.next_room = Some(now + super::storage::ROOM_EVERY);
                }
                self.trouble(problem);
            }
            Note::Recorded { samples } => self.recorded(id, samples).await,
            Note::Sent => {
                utterance.timings.last_audio_ms = Some(utterance.since_press(now));
                let (from, to) = (UtteranceState::Recorded, UtteranceState::Transcribing);
                if let Err(error) = self.parts.store.utterances().claim_loosely(id, from, to).await {
                    tracing::error!(%error, id, "the row could not be marked as being transcribed");
                }
            }
            Note::Words { committed, tentative } => {
                (utterance.committed, utterance.tentative) = (committed, tentative);
                utterance.engine_lost = false;
            }
            Note::EngineLost => utterance.engine_lost = true,
            Note::Ended(result) => self.transcribed(id, result).await,
        }
    }

    async fn recorded(&mut self, id: &str, samples: u64) {
        let Some(utterance) = self.utterance(id) else { return };
        utterance.recorded = true;
        if utterance.is_recording() {
            utterance.stage = Stage::Transcribing;
        }
        let audio_ms =
            i64::try_from(samples * 1_000 / u64::from(crate::ports::SAMPLE_RATE)).unwrap_or(i64::MAX);
        let timings = utterance.timings;
        let rows = self.parts.store.utterances();
        let noted = async {
            rows.note_audio(id, audio_ms).await?;
            rows.note_timings(id, &timings).await?;
            // Words that came before the last of these notes stay where they are.
            rows.claim_loosely(id, UtteranceState::Recording, UtteranceState::Recorded).await.map(drop)
        };
        if let Err(error) = noted.await {
            tracing::error!(%error, id, "the recording's row could not be updated");
        }
    }

    /// The utterance being recorded.
    pub(super) fn speaking(&mut self) -> Option<&mut Utterance> {
        self.utterances.back_mut().filter(|utterance| utterance.is_recording())
    }

    pub(super) fn utterance(&mut self, id: &str) -> Option<&mut Utterance> {
        self.utterances.iter_mut().find(|utterance| utterance.id == id)
    }

    /// Shows a problem where the user looks.
    pub(super) fn trouble(&mut self, problem: Problem) {
        let now = self.parts.clock.now();
        self.notice = Some(Notice::trouble(&problem, now));
        self.problem = Some(problem);
    }

    pub(super) fn dismiss(&mut self) {
        self.notice = None;
        // What happened to the database is told until it was what the user saw.
        if self.problem.take().is_none() {
            self.repaired = None;
        }
    }

    /// After a start with no window asked for, nothing is shown but the tray.
    pub(super) fn show_at_start(&self) {
        if self.settings.startup.show_window || self.installed.is_empty() {
            self.wish(DesktopWish::Show(self.installed.is_empty().then(|| "speech".to_owned())));
        }
    }
}
