//! One utterance: audio in, states out, decodes asked for in between.
//!
//! Owns: the tail, the finished lines, the decode that runs. Carries out what [`crate::schedule`] decides. Must not
//! know: sockets; [`crate::connection`] feeds it.

use std::time::Instant;

use tokio::sync::oneshot;
use tonny_speech_protocol::{Line, State, Status, clock};
use transcribe_cpp::CancelToken;

use crate::engine::{Engine, Job, Outcome};
use crate::frame::{FRAME, Frame, Quiet, may_hold_speech};
use crate::queue::ConnectionId;
use crate::schedule::{self, Action, Kind, View};
use crate::tail::{PAUSE, Tail, cut};
use crate::window::{Limits, RATE};
use crate::words::{Agreement, spoken};

/// From this tail on (10 s) the larger window will probably be needed.
const LONG: usize = 10 * RATE;

/// More undecoded audio than this (60 s) is not taken in.
const FULL: usize = 60 * RATE;

/// So much audio ahead of its time (2 s) is a file, or what was recorded while the engine was away.
const AHEAD: f32 = 2.0;

/// The lead is forgotten at this rate, s per s, so that live audio after a backlog soon counts as live.
const LEAK: f32 = 3.0;

/// What a session needs from its surroundings.
pub struct Surroundings {
    /// Names the session in the queue.
    pub id: ConnectionId,
    /// Decodes.
    pub engine: Engine,
    /// What the decoder is told.
    pub language: Option<String>,
    /// How long pieces may get.
    pub limits: Limits,
}

/// A decode on its way. Dropping it cancels it.
struct Running {
    kind: Kind,
    /// Samples from the start of the tail (for a piece: its own).
    covers: usize,
    /// What it covers ends in a pause.
    paused: bool,
    cancel: CancelToken,
    reply: oneshot::Receiver<Outcome>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// A finished partial.
struct Decoded {
    covers: usize,
    paused: bool,
    text: String,
    language: Option<String>,
}

/// How far audio runs ahead of the time it takes to speak it.
#[derive(Default)]
struct Arrivals {
    /// Seconds.
    lead: f32,
    last: Option<Instant>,
}

impl Arrivals {
    fn add(&mut self, samples: usize, now: Instant) {
        let since = self.last.map_or(0.0, |last| now.duration_since(last).as_secs_f32());
        self.lead = (self.lead - since * LEAK).max(0.0) + samples as f32 / RATE as f32;
        self.last = Some(now);
    }
}

/// One utterance.
pub struct Utterance {
    around: Surroundings,
    tail: Tail,
    lines: Vec<Line>,
    agreement: Agreement,
    running: Option<Running>,
    decoded: Option<Decoded>,
    odd: Option<u8>,
    ended: bool,
    done: bool,
    arrivals: Arrivals,
    expecting: bool,
    cost: f32,
    error: Option<String>,
}

impl Utterance {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(around: Surroundings) -> Self {
        Self {
            around,
            tail: Tail::default(),
            lines: Vec::new(),
            agreement: Agreement::default(),
            running: None,
            decoded: None,
            odd: None,
            ended: false,
            done: false,
            arrivals: Arrivals::default(),
            expecting: false,
            cost: 0.0,
            error: None,
        }
    }

    /// Takes a frame of s16le audio; an odd last byte waits for the next frame, an empty frame ends the audio.
    pub fn hear(&mut self, bytes: &[u8], now: Instant) {
        if self.ended {
            return;
        }
        if bytes.is_empty() {
            self.tail.complete();
            self.ended = true;
        } else {
            let all: Vec<u8> = self.odd.take().into_iter().chain(bytes.iter().copied()).collect();
            let pairs = all.chunks_exact(2);
            self.odd = pairs.remainder().first().copied();
            let samples: Vec<i16> = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            self.arrivals.add(samples.len(), now);
            self.tail.push(&samples);
        }
        self.advance();
    }

    /// Whether more audio is welcome.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.ended || self.tail.samples().len() < FULL
    }

    /// Whether the final text stands.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The outcome of the running decode; for ever pending while there is none. Cancel safe.
    pub async fn outcome(&mut self) -> Outcome {
        match &mut self.running {
            Some(running) => {
                let gone = |_| Outcome::Failed("the decoder ended".into());
                (&mut running.reply).await.unwrap_or_else(gone)
            }
            None => std::future::pending().await,
        }
    }

    /// Takes the outcome of the running decode.
    pub fn settle(&mut self, outcome: Outcome) {
        let Some(running) = self.running.take() else { return };
        match (outcome, running.kind) {
            (Outcome::Text { text, language, seconds }, Kind::Partial) => {
                self.cost = seconds;
                let text = spoken(&text).to_owned();
                self.agreement.update(&text);
                self.decoded =
                    Some(Decoded { covers: running.covers, paused: running.paused, text, language });
            }
            (Outcome::Text { text, language, .. }, Kind::Piece | Kind::Final) => {
                self.finish_line(&text, language, running.covers);
            }
            (Outcome::Cancelled, Kind::Partial) => {}
            (Outcome::Cancelled, _) => self.fail("the decode was cancelled"),
            (Outcome::Failed(reason), _) => self.fail(&reason),
        }
        self.done |= running.kind == Kind::Final;
        self.advance();
    }

    /// Everything so far, for the wire.
    #[must_use]
    pub fn state(&self) -> State {
        let mut lines = self.lines.clone();
        if !self.agreement.agreed().is_empty() {
            let end = self.decoded.as_ref().map_or(0, |decoded| decoded.covers);
            lines.push(line(
                self.agreement.agreed(),
                None,
                self.tail.start(),
                self.tail.start() + end as u64,
            ));
        }
        let buffer = self.agreement.tentative().to_owned();
        let status = match (&self.error, lines.is_empty() && buffer.is_empty()) {
            (Some(_), _) => Status::Error,
            (None, true) => Status::NoAudioDetected,
            (None, false) => Status::ActiveTranscription,
        };
        let (lag, busy) = self.lag();
        State {
            status,
            lines,
            buffer_transcription: buffer,
            remaining_time_transcription: lag,
            remaining_time_transcription_processing: busy,
            remaining_time_transcription_policy: lag - busy,
            error: self.error.clone(),
            ..State::default()
        }
    }

    /// Seconds of audio not in the text, and how many of them are being decoded; to a tenth.
    fn lag(&self) -> (f64, f64) {
        if self.done {
            return (0.0, 0.0);
        }
        let tenths = |samples: usize| (samples as f64 * 10.0 / RATE as f64).round() / 10.0;
        let known = self.decoded.as_ref().map_or(0, |decoded| decoded.covers);
        let open = self.tail.samples().len().saturating_sub(known);
        match &self.running {
            Some(running) if running.kind == Kind::Partial => {
                (tenths(open), tenths(running.covers.saturating_sub(known)))
            }
            Some(running) => (tenths(open + running.covers), tenths(running.covers)),
            None => (tenths(open), 0.0),
        }
    }

    fn view(&self) -> View {
        let frames = self.tail.frames();
        let quiet = Quiet::of(frames);
        let suffices =
            |covers: usize, paused| quiet.all(&frames[(covers / FRAME).min(frames.len())..], paused);
        let known = self.decoded.as_ref().map_or(0, |decoded| decoded.covers);
        View {
            ended: self.ended,
            bulk: self.arrivals.lead > AHEAD,
            running: self.running.as_ref().map(|running| running.kind),
            running_suffices: self
                .running
                .as_ref()
                .is_some_and(|running| suffices(running.covers, running.paused)),
            decoded_suffices: self
                .decoded
                .as_ref()
                .is_some_and(|decoded| suffices(decoded.covers, decoded.paused)),
            cut: cut(frames, self.around.limits),
            speech: may_hold_speech(frames),
            news: self.tail.samples().len().saturating_sub(known),
            trailing: quiet.trailing(frames),
            cost: self.cost,
        }
    }

    fn advance(&mut self) {
        while !self.done && self.error.is_none() {
            let view = self.view();
            match schedule::next(&view) {
                Action::Wait => break,
                Action::Cancel => {
                    if let Some(running) = &self.running {
                        running.cancel.cancel();
                    }
                    break;
                }
                Action::Partial => {
                    let samples = self.tail.samples().to_vec();
                    self.start(Kind::Partial, samples, lead(self.tail.frames()), view.trailing >= PAUSE);
                }
                Action::Cut(frames) => self.cut_off(frames),
                Action::Final => {
                    let lead = lead(self.tail.frames());
                    let samples = self.tail.take(usize::MAX);
                    self.start(Kind::Final, samples, lead, true);
                }
                Action::Keep => {
                    let covers = self.tail.take(usize::MAX).len();
                    if let Some(Decoded { text, language, .. }) = self.decoded.take() {
                        self.finish_line(&text, language, covers);
                    }
                    self.done = true;
                }
                Action::Drop => {
                    self.forget_partials();
                    self.done = true;
                }
            }
        }
        self.done |= self.ended && self.error.is_some() && self.running.is_none();
        if !self.expecting && self.tail.samples().len() > LONG && self.error.is_none() {
            self.expecting = true;
            self.around.engine.expect(self.around.limits.hard);
        }
    }

    fn cut_off(&mut self, frames: usize) {
        let measured = &self.tail.frames()[..frames];
        let (speech, lead) = (may_hold_speech(measured), lead(measured));
        let piece = self.tail.take(frames * FRAME);
        self.decoded = None;
        if speech {
            self.start(Kind::Piece, piece, lead, false);
        } else {
            self.forget_partials();
        }
    }

    /// Has `samples` decoded but for the first `lead` of them.
    fn start(&mut self, kind: Kind, mut samples: Vec<i16>, lead: usize, paused: bool) {
        let (reply, receiver) = oneshot::channel();
        let cancel = CancelToken::new();
        let covers = samples.len();
        samples.drain(..lead.min(covers));
        self.around.engine.decode(Job {
            connection: self.around.id,
            urgent: kind == Kind::Final,
            samples,
            language: self.around.language.clone(),
            cancel: cancel.clone(),
            reply,
        });
        self.running = Some(Running { kind, covers, paused, cancel, reply: receiver });
    }

    fn finish_line(&mut self, text: &str, language: Option<String>, samples: usize) {
        self.forget_partials();
        let end = self.tail.start();
        let text = spoken(text);
        if !text.is_empty() {
            self.lines.push(line(text, language, end.saturating_sub(samples as u64), end));
        }
    }

    fn forget_partials(&mut self) {
        self.agreement = Agreement::default();
        self.decoded = None;
    }

    fn fail(&mut self, reason: &str) {
        tracing::error!(reason, "a decode failed");
        self.error = Some(reason.to_owned());
    }
}

/// Samples of quiet before the speech. They are not decoded: a smaller window may do without them, and what Whisper hears
/// after silence changes with its length ("asked" for "ask").
fn lead(frames: &[Frame]) -> usize {
    Quiet::of(frames).lead(frames) * FRAME
}

fn line(text: &str, detected_language: Option<String>, start: u64, end: u64) -> Line {
    let time = |samples: u64| clock::format(samples as f64 / RATE as f64);
    let text = text.to_owned();
    Line { speaker: 1, text, start: time(start), end: time(end), translation: None, detected_language }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn live_audio_is_live_soon_after_a_backlog() {
        let (mut arrivals, start) = (Arrivals::default(), Instant::now());
        arrivals.add(RATE * 10, start);
        assert!(arrivals.lead > AHEAD);
        for tenth in 1..=50 {
            arrivals.add(RATE / 10, start + Duration::from_millis(tenth * 100));
        }
        assert!(arrivals.lead < AHEAD, "{}", arrivals.lead);
        arrivals.add(RATE * 3, start + Duration::from_secs(6));
        assert!(arrivals.lead > AHEAD);
    }
}
