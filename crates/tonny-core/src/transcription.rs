//! One utterance's way through the speech engine: audio in as it is spoken, words out, whatever happens to the engine.
//!
//! The task owns all samples of its utterance. When an engine dies it waits for the next incarnation and sends the same
//! audio again from the start; the user does nothing. It ends with exactly one [`Note::Ended`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tonny_speech_protocol::client::{Event, Session, SpeechError};
use tonny_speech_protocol::{State, final_text, live_text};

use crate::engine::Engine;
use crate::ports::{Heard, SAMPLE_RATE};
use crate::problem::{Code, Problem};

/// Samples sent in one frame: 100 ms, so that a frame is never a noticeable wait.
const FRAME: usize = SAMPLE_RATE as usize / 10;

/// The longest a final text may take when the audio is short; a slow engine gets twice the audio's length.
const FINAL_FLOOR: Duration = Duration::from_secs(20);

/// Times the same incarnation may fail before the utterance gives up on it.
const TRIES_PER_INCARNATION: u32 = 3;

/// What the task tells the App.
#[derive(Clone, Debug)]
pub enum Note {
    /// The first sample came in.
    First(std::time::Instant),
    /// The input level changed.
    Level(f32),
    /// The microphone went away; what was heard is being transcribed.
    MicrophoneLost(Problem),
    /// Something the user should hear of now; the recording goes on.
    Trouble(Problem),
    /// The recording is over.
    Recorded {
        /// Samples in the WAV.
        samples: u64,
    },
    /// All audio is with the engine.
    Sent,
    /// Words so far.
    Words {
        /// Will not change any more.
        committed: String,
        /// May still change.
        tentative: String,
    },
    /// The engine died; the utterance waits for it to come back.
    EngineLost,
    /// The last note.
    Ended(Result<Words, Problem>),
}

/// Final words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Trimmed; may be empty.
    pub text: String,
    /// What the engine heard, if it says.
    pub language: Option<String>,
}

/// What one utterance needs.
pub struct Job {
    /// Events of its recording, ending with `Finished`.
    pub heard: mpsc::UnboundedReceiver<Heard>,
    /// The engine as it comes and goes; `None` while there is none.
    pub engine: watch::Receiver<Engine>,
    /// ISO 639-1, or "auto".
    pub language: String,
    /// How long to wait for an engine that is away, once the recording is over.
    pub patience: Duration,
}

/// Carries one utterance through; `tell` hears every note, `Ended` last.
pub async fn run(job: Job, tell: impl Fn(Note)) {
    let Job { heard, mut engine, language, patience } = job;
    let mut audio = Audio { heard, samples: Vec::new(), sent: 0, ended: None, tell: &tell };
    let result = words(&mut audio, &mut engine, &language, patience).await;
    // The recording outlives a failed engine: its end still has to be told, or its file would never be closed off.
    while audio.ended.is_none() {
        audio.listen().await;
    }
    tell(Note::Ended(result));
}

async fn words<F: Fn(Note)>(
    audio: &mut Audio<'_, F>,
    engine: &mut watch::Receiver<Engine>,
    language: &str,
    patience: Duration,
) -> Result<Words, Problem> {
    let (mut incarnation, mut failures) = (0, 0);
    loop {
        let door = wait_for_engine(audio, engine, patience).await?;
        if door.incarnation != incarnation {
            (incarnation, failures) = (door.incarnation, 0);
        }
        audio.sent = 0;
        let attempt = async {
            let token = Some(door.token.expose());
            let session = tokio::select! {
                session = Session::open(&door.address, token, Some(language)) => {
                    session.map_err(Failure::Wire)?.with_patience(1 + failures)
                }
                () = audio.listen_forever() => return Err(Failure::TimedOut),
            };
            stream(audio, session, patience).await
        };
        match attempt.await {
            Ok(words) => return Ok(words),
            Err(Failure::Wire(error)) if !error.is_transient() => {
                return Err(Problem::with(Code::EngineRefused, error));
            }
            Err(failure) => {
                failures += 1;
                tracing::warn!(%failure, failures, incarnation, "the speech engine failed an utterance");
                if failures >= TRIES_PER_INCARNATION {
                    return Err(Problem::of(failure.code()));
                }
                (audio.tell)(Note::EngineLost);
                settle(audio, engine, incarnation).await;
            }
        }
    }
}

/// Waits until there is an engine. The clock of `patience` runs only once the recording is over.
async fn wait_for_engine<F: Fn(Note)>(
    audio: &mut Audio<'_, F>,
    engine: &mut watch::Receiver<Engine>,
    patience: Duration,
) -> Result<crate::engine::Door, Problem> {
    loop {
        let now = engine.borrow_and_update().clone();
        if let Engine::Ready(door) = now {
            return Ok(door);
        }
        if let (Engine::Absent(problem), true) = (&now, audio.ended.is_some()) {
            return Err(problem.clone());
        }
        let deadline = audio.ended.map(|ended| ended + patience);
        tokio::select! {
            changed = engine.changed() => changed.map_err(|_| Problem::of(Code::ShuttingDown))?,
            () = audio.listen(), if audio.ended.is_none() => {}
            () = at(deadline) => return Err(Problem::of(Code::EngineDied)),
        }
    }
}

/// After a failure: waits for the next incarnation, or a moment if the engine claims to be well.
async fn settle<F: Fn(Note)>(audio: &mut Audio<'_, F>, engine: &mut watch::Receiver<Engine>, old: u64) {
    let moment = sleep(Duration::from_millis(250));
    tokio::pin!(moment);
    loop {
        if !matches!(&*engine.borrow_and_update(), Engine::Ready(door) if door.incarnation == old) {
            return;
        }
        tokio::select! {
            () = &mut moment => return,
            changed = engine.changed() => if changed.is_err() { return },
            () = audio.listen(), if audio.ended.is_none() => {}
        }
    }
}

async fn stream<F: Fn(Note)>(
    audio: &mut Audio<'_, F>,
    mut session: Session,
    patience: Duration,
) -> Result<Words, Failure> {
    let (mut last, mut deadline, mut said) = (None, None, false);
    loop {
        while audio.sent < audio.samples.len() {
            let end = audio.samples.len().min(audio.sent + FRAME);
            session.send(&audio.samples[audio.sent..end]).await.map_err(Failure::Wire)?;
            audio.sent = end;
        }
        if audio.ended.is_some() && !said {
            session.end().await.map_err(Failure::Wire)?;
            (audio.tell)(Note::Sent);
            said = true;
            deadline = Some(Instant::now() + patience.max(FINAL_FLOOR).max(audio.length() * 2));
        }
        tokio::select! {
            biased;
            () = audio.listen(), if audio.ended.is_none() => {}
            event = session.next() => match event {
                None => return Err(Failure::Wire(SpeechError::Closed)),
                // With one engine there is nobody to ask for a second opinion.
                Some(Err(SpeechError::Silent { .. })) => return Ok(finished(last.as_ref())),
                Some(Err(error)) => return Err(Failure::Wire(error)),
                Some(Ok(Event::Late)) => return Err(Failure::TimedOut),
                Some(Ok(Event::State(state))) => {
                    let (committed, tentative) = live_text(&state);
                    (audio.tell)(Note::Words { committed, tentative });
                    last = Some(state);
                }
                Some(Ok(Event::Done)) => {
                    session.close().await;
                    return Ok(finished(last.as_ref()));
                }
            },
            () = at(deadline) => return Err(Failure::TimedOut),
        }
    }
}

fn finished(state: Option<&State>) -> Words {
    let text = state.map(final_text).unwrap_or_default();
    let language = state.and_then(|state| state.lines.iter().find_map(|line| line.detected_language.clone()));
    Words { text, language }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Why one attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Wire(SpeechError),
    #[error("no final text in time")]
    TimedOut,
}

impl Failure {
    fn code(&self) -> Code {
        match self {
            Failure::Wire(_) => Code::EngineDied,
            Failure::TimedOut => Code::EngineTimedOut,
        }
    }
}

/// The samples of one utterance, and how far the current engine has them.
struct Audio<'a, F> {
    heard: mpsc::UnboundedReceiver<Heard>,
    samples: Vec<i16>,
    sent: usize,
    ended: Option<Instant>,
    tell: &'a F,
}

impl<F: Fn(Note)> Audio<'_, F> {
    /// Takes the next event in; cancel-safe.
    async fn listen(&mut self) {
        match self.heard.recv().await {
            Some(Heard::First { at }) => (self.tell)(Note::First(at)),
            Some(Heard::Samples(samples)) => self.samples.extend_from_slice(&samples),
            Some(Heard::Level(level)) => (self.tell)(Note::Level(level)),
            Some(Heard::Lost(problem)) => (self.tell)(Note::MicrophoneLost(problem)),
            Some(Heard::Trouble(problem)) => (self.tell)(Note::Trouble(problem)),
            Some(Heard::Finished { samples }) => self.end(samples),
            None => self.end(self.samples.len() as u64),
        }
    }

    /// Takes events in until dropped.
    async fn listen_forever(&mut self) {
        while self.ended.is_none() {
            self.listen().await;
        }
        std::future::pending().await
    }

    fn end(&mut self, samples: u64) {
        if self.ended.is_none() {
            self.ended = Some(Instant::now());
            (self.tell)(Note::Recorded { samples });
        }
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(SAMPLE_RATE))
    }
}

/// A finished recording as the events of one, for recovery and retry.
pub fn replay(samples: Arc<[i16]>) -> mpsc::UnboundedReceiver<Heard> {
    let (events, heard) = mpsc::unbounded_channel();
    let count = samples.len() as u64;
    // The receiver is right here: sending cannot fail.
    let _ = events.send(Heard::Samples(samples));
    let _ = events.send(Heard::Finished { samples: count });
    heard
}
