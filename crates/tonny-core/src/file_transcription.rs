//! A whole file through the speech engine in constant memory: read, sent, and read again if the engine dies.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tonny_speech_protocol::client::{Event, Session, SpeechError};
use tonny_speech_protocol::{final_text, live_text};

use crate::engine::{Door, Engine};
use crate::problem::{Code, Problem};
use crate::transcription::Words;

/// Blocks of 16 kHz mono samples.
pub type Blocks = Box<dyn Iterator<Item = Result<Vec<i16>, Problem>> + Send>;

/// Times a file is started over before the engine counts as unable.
const TRIES: u32 = 3;

/// Times the usual patience of 3 s: nobody waits with a finger on a key, and a large model takes a minute for a piece.
const PATIENCE: u32 = 40;

/// Sends the audio that `open` yields and returns its words. `open` is called again after an engine's death;
/// `partial` hears the words so far.
pub async fn transcribe(
    open: impl Fn() -> Result<Blocks, Problem>,
    mut engine: watch::Receiver<Engine>,
    language: &str,
    patience: Duration,
    partial: impl Fn(&str),
) -> Result<Words, Problem> {
    for tries in 1..=TRIES {
        let door = wait(&mut engine, patience).await?;
        let blocks = open()?;
        match attempt(blocks, &door, language, &partial).await {
            Ok(words) => return Ok(words),
            Err(Failure::File(problem)) => return Err(problem),
            Err(Failure::Wire(error)) if !error.is_transient() => {
                return Err(Problem::with(Code::EngineRefused, error));
            }
            Err(Failure::Wire(error)) => {
                tracing::warn!(%error, tries, "the speech engine failed a file; it is sent again");
                leave(&mut engine, door.incarnation).await;
            }
        }
    }
    Err(Problem::of(Code::EngineDied))
}

async fn wait(engine: &mut watch::Receiver<Engine>, patience: Duration) -> Result<Door, Problem> {
    let deadline = Instant::now() + patience;
    loop {
        match engine.borrow_and_update().clone() {
            Engine::Ready(door) => return Ok(door),
            Engine::Absent(problem) => return Err(problem),
            Engine::Away => {}
        }
        match tokio::time::timeout_at(deadline, engine.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Problem::of(Code::ShuttingDown)),
            Err(_) => return Err(Problem::of(Code::EngineDied)),
        }
    }
}

/// Waits a moment for the dead incarnation to be noticed, so that the next try does not knock at its door.
async fn leave(engine: &mut watch::Receiver<Engine>, old: u64) {
    let gone = engine.wait_for(|engine| !matches!(engine, Engine::Ready(door) if door.incarnation == old));
    let _ = tokio::time::timeout(Duration::from_secs(1), gone).await;
}

enum Failure {
    File(Problem),
    Wire(SpeechError),
}

async fn attempt(
    blocks: Blocks,
    door: &Door,
    language: &str,
    partial: &impl Fn(&str),
) -> Result<Words, Failure> {
    let opened = Session::open(&door.address, Some(door.token.expose()), Some(language)).await;
    let mut session = opened.map_err(Failure::Wire)?.with_patience(PATIENCE);
    let (mut blocks, mut ended, mut last) = (Some(blocks), false, None);
    loop {
        // Reading goes on between frames: the engine sends its states all the time and must not be kept waiting.
        match blocks.as_mut().map(|blocks| blocks.next()) {
            Some(Some(block)) => {
                let block = block.map_err(Failure::File)?;
                session.send(&block).await.map_err(Failure::Wire)?;
            }
            Some(None) => blocks = None,
            None if !ended => {
                session.end().await.map_err(Failure::Wire)?;
                ended = true;
            }
            None => {}
        }
        let wait = if ended { Duration::MAX } else { Duration::ZERO };
        match tokio::time::timeout(wait, session.next()).await {
            Ok(Some(Ok(Event::State(state)))) => {
                let (committed, _) = live_text(&state);
                partial(&committed);
                last = Some(state);
            }
            // A file may well hold no word: music, or a recording of nothing.
            Ok(Some(Ok(Event::Done) | Err(SpeechError::Silent { .. }))) => {
                session.close().await;
                let language = last
                    .as_ref()
                    .and_then(|state| state.lines.iter().find_map(|line| line.detected_language.clone()));
                let text = last.as_ref().map(final_text).unwrap_or_default();
                return Ok(Words { text, language, truncated: false });
            }
            Ok(Some(Err(error))) => return Err(Failure::Wire(error)),
            Ok(None | Some(Ok(Event::Late))) => return Err(Failure::Wire(SpeechError::Closed)),
            Err(_) => {}
        }
    }
}
