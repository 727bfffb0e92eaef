//! The one thread that decodes, so that the server answers meanwhile.
//!
//! Owns: the queue of waiting decodes. The models are in [`crate::model`]. Must not know: sockets, cutting, display.
//! The thread ends when the last [`Engine`] handle is gone.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use transcribe_cpp::CancelToken;

use crate::arguments::ModelFile;
use crate::failure::Failure;
use crate::model::{Facts, Models};
use crate::queue::{ConnectionId, FairQueue};

/// How often unused window twins are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(10);

/// A piece of audio to decode.
pub struct Job {
    /// Who asks.
    pub connection: ConnectionId,
    /// Somebody waits for the final text.
    pub urgent: bool,
    /// 16 kHz mono.
    pub samples: Vec<i16>,
    /// ISO code, or `None` to detect.
    pub language: Option<String>,
    /// Ends the decode early, waiting or running.
    pub cancel: CancelToken,
    /// Where the outcome goes.
    pub reply: oneshot::Sender<Outcome>,
}

/// How a decode ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The text, and the language when one was detected.
    Text {
        /// As the decoder gives it.
        text: String,
        /// ISO code.
        language: Option<String>,
        /// What it took, s.
        seconds: f32,
    },
    /// It was cancelled.
    Cancelled,
    /// The decoder failed.
    Failed(String),
}

enum Command {
    Decode(Job),
    Expect(usize),
}

/// A handle to the thread; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    commands: Sender<Command>,
}

impl Engine {
    /// Starts the thread and waits until the smallest model has decoded once.
    ///
    /// # Errors
    /// [`Failure::Model`] when it cannot be loaded or run.
    pub fn start(files: Vec<ModelFile>, threads: usize) -> Result<(Self, Facts, JoinHandle<()>), Failure> {
        let (commands, inbox) = mpsc::channel();
        let (loaded, facts) = mpsc::channel();
        let work = move || match Models::load(files, threads) {
            Ok((models, facts)) => {
                if loaded.send(Ok(facts)).is_ok() {
                    run(models, &inbox);
                }
            }
            Err(failure) => drop(loaded.send(Err(failure))),
        };
        let thread = std::thread::Builder::new().name("decoder".into()).spawn(work);
        let thread =
            thread.map_err(|source| Failure::System { what: "starting the decoder's thread", source })?;
        let gone = |_| Failure::System {
            what: "loading the model",
            source: std::io::Error::other("the decoder's thread ended"),
        };
        let facts = facts.recv().map_err(gone)??;
        Ok((Self { commands }, facts, thread))
    }

    /// Queues a decode. Where the engine is gone, the reply's sender is dropped.
    pub fn decode(&self, job: Job) {
        if self.commands.send(Command::Decode(job)).is_err() {
            tracing::error!("the decoder's thread is gone");
        }
    }

    /// Says that a piece of so many samples is likely to come, so that its window twin is loaded in time.
    pub fn expect(&self, samples: usize) {
        if self.commands.send(Command::Expect(samples)).is_err() {
            tracing::error!("the decoder's thread is gone");
        }
    }
}

fn run(mut models: Models, inbox: &Receiver<Command>) {
    let mut queue: FairQueue<Job> = FairQueue::default();
    let mut expected = None;
    loop {
        for command in inbox.try_iter() {
            admit(command, &mut queue, &mut expected);
        }
        if let Some(job) = queue.pop() {
            work(&mut models, job);
            continue;
        }
        if let Some(samples) = expected.take() {
            models.prepare(samples);
            continue;
        }
        match inbox.recv_timeout(HOUSEKEEPING) {
            Ok(command) => admit(command, &mut queue, &mut expected),
            Err(RecvTimeoutError::Timeout) => models.drop_unused(Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn admit(command: Command, queue: &mut FairQueue<Job>, expected: &mut Option<usize>) {
    match command {
        Command::Decode(job) => queue.push(job.connection, job.urgent, job),
        Command::Expect(samples) => *expected = Some(samples),
    }
}

fn work(models: &mut Models, job: Job) {
    if job.cancel.is_cancelled() {
        // The connection may be gone; then nobody reads this.
        let _ = job.reply.send(Outcome::Cancelled);
        return;
    }
    let started = Instant::now();
    let samples: Vec<f32> = job.samples.iter().map(|sample| f32::from(*sample) / 32768.0).collect();
    let mut outcome = models.decode(&samples, job.language.as_deref(), &job.cancel);
    let took = started.elapsed();
    if let Outcome::Text { seconds, text, .. } = &mut outcome {
        *seconds = took.as_secs_f32();
        tracing::debug!(audio_ms = samples.len() / 16, took_ms = took.as_millis(), urgent = job.urgent, text);
    }
    let _ = job.reply.send(outcome);
}
