//! One utterance's way through the speech engines: audio in as it is spoken, words out, whatever happens to an engine.
//!
//! The task owns all samples of its utterance. When an engine fails, the same audio goes to the next one of the order that
//! is ready, else again to the one that comes back; the user does nothing. It ends with exactly one [`Note::Ended`]. Start
//! reading at [`run`], then `choice` (which engine) and `attempt` (one session).

mod attempt;
mod choice;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tonny_speech_protocol::client::SpeechError;
use tonny_supervisor::{Failure, Permit};

use self::attempt::{Ending, attempt, failure, whole};
use self::choice::{Choice, Past, Standing, choose};
use crate::engine::{Chain, Door, Engine, Link};
use crate::ports::{Heard, SAMPLE_RATE};
use crate::problem::{Code, Problem};

/// A launch that failed and still looks ready gets this long to be noticed as dead before it is asked again.
const SETTLE: Duration = Duration::from_millis(250);

/// A breaker that names no time is asked again after this.
const SHUT: Duration = Duration::from_secs(1);

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
    /// The engine failed; the utterance goes to another one, or waits for it to come back.
    EngineLost,
    /// The last note.
    Ended(Result<Transcript, Problem>),
}

/// Final words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Trimmed; may be empty.
    pub text: String,
    /// What the engine heard, if it says.
    pub language: Option<String>,
    /// No engine came to the end: the last words may be missing.
    pub truncated: bool,
}

/// Final words, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The words.
    pub words: Words,
    /// The engine that heard them, as the order names it.
    pub engine: String,
    /// The model it ran, if that is known.
    pub model: Option<String>,
}

/// What one utterance needs.
pub struct Job {
    /// Events of its recording, ending with `Finished`.
    pub heard: mpsc::UnboundedReceiver<Heard>,
    /// The engines in their order, as they come and go.
    pub chain: watch::Receiver<Chain>,
    /// ISO 639-1, or "auto".
    pub language: String,
    /// How long to wait for engines that are away, once the recording is over.
    pub patience: Duration,
}

/// Carries one utterance through; `tell` hears every note, `Ended` last.
pub async fn run(job: Job, tell: impl Fn(Note)) {
    let Job { heard, chain, language, patience } = job;
    let mut audio = Audio { heard, samples: Vec::new(), sent: 0, ended: None, tell: &tell };
    let way = Way { chain, language, patience, pasts: HashMap::new(), since: Instant::now(), rest: None };
    let result = way.go(&mut audio).await;
    // The recording outlives a failed engine: its end still has to be told, or its file would never be closed off.
    while audio.ended.is_none() {
        audio.listen().await;
    }
    tell(Note::Ended(result));
}

/// The search for an engine that gives the words.
struct Way {
    chain: watch::Receiver<Chain>,
    language: String,
    patience: Duration,
    /// What each engine did so far, by its name.
    pasts: HashMap<String, Past>,
    /// When an engine began to be needed.
    since: Instant,
    /// The best there is if nobody comes to the end.
    rest: Option<Rest>,
}

/// What there is without a complete text.
enum Rest {
    /// An engine that seemed well heard nothing.
    Silence(Transcript),
    /// A text without its end.
    Cut(Transcript),
    /// Nothing but the reason.
    Nothing(Problem),
}

impl Way {
    async fn go<F: Fn(Note)>(mut self, audio: &mut Audio<'_, F>) -> Result<Transcript, Problem> {
        loop {
            let links = self.chain.borrow_and_update().links.clone();
            let standings: Vec<(Standing, Past)> = links
                .iter()
                .map(|link| {
                    (Standing::of(&link.engine), self.pasts.get(&link.name).cloned().unwrap_or_default())
                })
                .collect();
            let choice = choose(&standings, self.since.into_std(), Instant::now().into_std());
            match choice {
                Choice::Take(index) => {
                    let link = &links[index];
                    let Engine::Ready(door) = &link.engine else { continue };
                    let Some(mut permit) = self.admitted(link) else { continue };
                    let times = 1 + standings[index].1.failures;
                    let wait = (self.patience, times);
                    let ending = attempt(audio, door, &self.language, wait, &mut permit).await;
                    let alone = links.len() == 1;
                    if let Some(transcript) = self.settle(audio, link, door, ending, permit, alone).await {
                        return Ok(transcript);
                    }
                }
                // Silence is believed once nobody else is ready to contradict it.
                Choice::Wait(_) | Choice::GiveUp if matches!(self.rest, Some(Rest::Silence(_))) => {
                    return self.result(&links);
                }
                Choice::GiveUp if audio.ended.is_some() => return self.result(&links),
                Choice::GiveUp => self.wait(audio, None).await?,
                Choice::Wait(until) => {
                    let patience = audio.ended.map(|ended| ended + self.patience);
                    if patience.is_some_and(|patience| patience <= Instant::now()) {
                        return self.result(&links);
                    }
                    let until = until.map(Instant::from_std);
                    self.wait(audio, [until, patience].into_iter().flatten().min()).await?;
                }
            }
        }
    }

    /// Asks the engine's breaker; when it says no, notes until when.
    fn admitted(&mut self, link: &Link) -> Option<Option<Permit>> {
        match link.worker.as_ref().map(|worker| worker.permit()).transpose() {
            Ok(permit) => Some(permit),
            Err(rejected) => {
                // Never at once: the loop would only spin.
                let wait = rejected.retry_after.unwrap_or(SHUT).max(Duration::from_millis(20));
                let until = (Instant::now() + wait).into_std();
                let Engine::Ready(door) = &link.engine else { return None };
                self.past(link).shut_until = Some((door.incarnation, until));
                None
            }
        }
    }

    /// Draws the conclusions of an attempt; the transcript if it gave one.
    async fn settle<F: Fn(Note)>(
        &mut self,
        audio: &mut Audio<'_, F>,
        link: &Link,
        door: &Door,
        ending: Ending,
        permit: Option<Permit>,
        alone: bool,
    ) -> Option<Transcript> {
        let transcript = |words| Transcript { words, engine: link.name.clone(), model: link.model.clone() };
        let silent =
            matches!(&ending, Ending::Failed(SpeechError::Timeout { .. } | SpeechError::Connect { .. }));
        let (code, counts) = match ending {
            Ending::Words(words) => {
                answered(link, door, permit);
                return Some(transcript(words));
            }
            Ending::Silent(error) => {
                tracing::warn!(engine = link.name, %error, "the next engine is asked what it hears");
                // Alone it has nobody to contradict it: a song hummed three times must not shut the only engine.
                let counts = failure(&error).filter(|_| !alone);
                let nothing = Words { text: String::new(), language: None, truncated: false };
                self.rest = Some(Rest::Silence(transcript(nothing)));
                self.past(link).done = true;
                (None, counts)
            }
            Ending::Late(words) => {
                let first = self.past(link).failures == 0;
                if link.rest
                    && first
                    && let Some(words) = whole(audio, door, &self.language).await
                {
                    answered(link, door, permit);
                    return Some(transcript(words));
                }
                if !words.text.is_empty() && !matches!(self.rest, Some(Rest::Silence(_))) {
                    self.rest = Some(Rest::Cut(transcript(words)));
                }
                (Some(Problem::of(Code::EngineTimedOut)), Some(Failure::Deadline))
            }
            Ending::Failed(error) => {
                tracing::warn!(engine = link.name, %error, "the speech engine failed an utterance");
                self.past(link).done |= !error.is_transient();
                let code = if error.is_transient() {
                    Problem::of(Code::EngineDied)
                } else {
                    Problem::with(Code::EngineRefused, &error)
                };
                (Some(code), failure(&error))
            }
        };
        match (permit, counts) {
            (Some(permit), Some(failure)) => permit.failed(failure),
            (permit, _) => drop(permit),
        }
        self.past(link).failed(door.incarnation, silent);
        if let (Some(problem), None | Some(Rest::Nothing(_))) = (code, &self.rest) {
            self.rest = Some(Rest::Nothing(problem));
        }
        (audio.tell)(Note::EngineLost);
        self.since = Instant::now();
        self.let_it_be_noticed(audio, door).await;
        None
    }

    fn past(&mut self, link: &Link) -> &mut Past {
        self.pasts.entry(link.name.clone()).or_default()
    }

    /// What there is, when nobody gave a whole text.
    fn result(self, links: &[Link]) -> Result<Transcript, Problem> {
        let absent = || {
            links.iter().find_map(|link| match &link.engine {
                Engine::Absent(problem) => Some(problem.clone()),
                _ => None,
            })
        };
        match self.rest {
            Some(Rest::Silence(transcript) | Rest::Cut(transcript)) => Ok(transcript),
            Some(Rest::Nothing(problem)) => Err(problem),
            None => Err(absent().unwrap_or_else(|| Problem::of(Code::EngineDied))),
        }
    }

    /// Waits for news of any engine, of the recording, or for that moment.
    async fn wait<F: Fn(Note)>(
        &mut self,
        audio: &mut Audio<'_, F>,
        until: Option<Instant>,
    ) -> Result<(), Problem> {
        tokio::select! {
            changed = self.chain.changed() => changed.map_err(|_| Problem::of(Code::ShuttingDown)),
            () = audio.listen(), if audio.ended.is_none() => Ok(()),
            () = at(until) => Ok(()),
        }
    }

    /// After a failure: until that launch is seen to be dead, or a moment if it claims to be well. Another engine that is
    /// ready does not wait for it.
    async fn let_it_be_noticed<F: Fn(Note)>(&mut self, audio: &mut Audio<'_, F>, door: &Door) {
        let moment = Instant::now() + SETTLE;
        loop {
            let chain = self.chain.borrow_and_update().clone();
            let ready = chain.links.iter().filter_map(|link| match &link.engine {
                Engine::Ready(now) => Some(now),
                _ => None,
            });
            let mut others =
                ready.filter(|now| now.address != door.address || now.incarnation != door.incarnation);
            let gone = !chain
                .links
                .iter()
                .any(|link| matches!(&link.engine, Engine::Ready(now) if now.address == door.address));
            if gone || others.next().is_some() || Instant::now() >= moment {
                return;
            }
            tokio::select! {
                () = sleep_until(moment) => return,
                changed = self.chain.changed() => if changed.is_err() { return },
                () = audio.listen(), if audio.ended.is_none() => {}
            }
        }
    }
}

/// A real request was answered: the breaker hears of it, and an engine on probation is trusted again.
fn answered(link: &Link, door: &Door, permit: Option<Permit>) {
    if let Some(permit) = permit {
        permit.succeeded();
    }
    if let Some(worker) = &link.worker {
        worker.served(door.incarnation);
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
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
