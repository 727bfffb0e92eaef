//! One attempt: one session with one engine, from the first sample of the utterance to its last word.

use std::time::Duration;

use tokio::time::Instant;
use tonny_speech_protocol::client::{self, Event, Session, SpeechError};
use tonny_speech_protocol::{State, final_text, live_text};
use tonny_supervisor::{Failure, Permit};

use super::{Audio, Note, Words, at};
use crate::engine::Door;
use crate::ports::SAMPLE_RATE;

/// Samples sent in one frame: 100 ms, so that a frame is never a noticeable wait.
const FRAME: usize = SAMPLE_RATE as usize / 10;

/// The longest a final text may take from an engine that shows it is at work, when the audio is short; a slow engine gets
/// twice the audio's length.
const FINAL_FLOOR: Duration = Duration::from_secs(20);

/// How an attempt ended.
pub(super) enum Ending {
    /// All words.
    Words(Words),
    /// Clear speech, and no word of it heard.
    Silent(SpeechError),
    /// Not done in time; the words so far.
    Late(Words),
    /// An error on the way.
    Failed(SpeechError),
}

/// Sends the utterance to an engine. `patience` is the user's, `times` how many times the usual wait the engine gets.
pub(super) async fn attempt<F: Fn(Note)>(
    audio: &mut Audio<'_, F>,
    door: &Door,
    language: &str,
    (patience, times): (Duration, u32),
    permit: &mut Option<Permit>,
) -> Ending {
    audio.sent = 0;
    let token = Some(door.token.expose());
    let opened = tokio::select! {
        session = Session::open(&door.address, token, Some(language)) => session,
        () = audio.listen_forever() => Err(SpeechError::Closed),
    };
    let mut last = None;
    let ended = match opened {
        Ok(session) => stream(audio, session.with_patience(times), patience, permit, &mut last).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(Event::Done) => Ending::Words(words(last.as_ref(), false)),
        Ok(_) => Ending::Late(words(last.as_ref(), true)),
        Err(error @ SpeechError::Silent { .. }) => Ending::Silent(error),
        Err(error) => Ending::Failed(error),
    }
}

/// Sends the whole recording again, by the engine's other door.
pub(super) async fn whole<F: Fn(Note)>(audio: &Audio<'_, F>, door: &Door, language: &str) -> Option<Words> {
    let (token, wait) = (Some(door.token.expose()), FINAL_FLOOR.max(audio.length() * 2));
    match client::transcribe(&door.address, token, Some(language), &audio.samples, wait).await {
        Ok(text) if !text.is_empty() => Some(Words { text, language: None, truncated: false }),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "the recording could not be sent whole either");
            None
        }
    }
}

async fn stream<F: Fn(Note)>(
    audio: &mut Audio<'_, F>,
    mut session: Session,
    patience: Duration,
    permit: &mut Option<Permit>,
    last: &mut Option<State>,
) -> Result<Event, SpeechError> {
    let mut deadline = None;
    loop {
        while audio.sent < audio.samples.len() {
            let end = audio.samples.len().min(audio.sent + FRAME);
            session.send(&audio.samples[audio.sent..end]).await?;
            audio.sent = end;
        }
        if audio.ended.is_some() && deadline.is_none() {
            session.end().await?;
            (audio.tell)(Note::Sent);
            deadline = Some(Instant::now() + patience.max(FINAL_FLOOR).max(audio.length() * 2));
        }
        tokio::select! {
            biased;
            () = audio.listen(), if audio.ended.is_none() => {}
            event = session.next() => {
                if let Some(permit) = permit {
                    permit.progress();
                }
                match event {
                    None => return Err(SpeechError::Closed),
                    Some(Ok(Event::State(state))) => {
                        let (committed, tentative) = live_text(&state);
                        (audio.tell)(Note::Words { committed, tentative });
                        *last = Some(state);
                    }
                    Some(end) => {
                        session.close().await;
                        return end;
                    }
                }
            }
            () = at(deadline) => return Ok(Event::Late),
        }
    }
}

fn words(state: Option<&State>, truncated: bool) -> Words {
    let text = state.map(final_text).unwrap_or_default();
    let language = state.and_then(|state| state.lines.iter().find_map(|line| line.detected_language.clone()));
    Words { text, language, truncated }
}

/// What a failed session says about the engine; `None` where it says nothing, because we asked for the wrong thing.
pub(super) fn failure(error: &SpeechError) -> Option<Failure> {
    match error {
        SpeechError::Connect { .. } => Some(Failure::Refused),
        SpeechError::Timeout { .. } | SpeechError::Stalled { .. } => Some(Failure::Deadline),
        SpeechError::Refused { status } => Some(Failure::Status(*status)),
        SpeechError::Engine { .. } | SpeechError::Silent { .. } => Some(Failure::Status(500)),
        SpeechError::Closed
        | SpeechError::Wire(_)
        | SpeechError::Message(_)
        | SpeechError::NoConfig
        | SpeechError::Answer => Some(Failure::Reset),
        SpeechError::Rejected { .. }
        | SpeechError::AudioFormat { .. }
        | SpeechError::Request { .. }
        | SpeechError::Ended => None,
    }
}
