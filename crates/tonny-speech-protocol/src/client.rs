//! The client: one [`Session`] per utterance, over one WebSocket.
//!
//! Owns: the handshake (token only in a header, no Origin), the order config - audio - one empty frame - drain -
//! close, how long a final text may take, and that an engine which hears no word in clear speech has failed. Must not
//! know: microphones, files, retries. Never logs audio, text or the token.
//!
//! One task can do everything: select between its audio source and [`Session::next`], and call [`Session::send`]
//! and [`Session::end`] in the branches. Messages that arrive while a frame waits to be sent are taken in meanwhile, so
//! that a busy server and a full socket never wait for each other.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

mod handshake;
mod http;

use crate::deadline::Deadline;
pub use crate::error::SpeechError;
use crate::message::{ServerMessage, State, Status};
use crate::pruned::Pruned;
use crate::text::final_text;
use crate::voice::Voice;
use handshake::{closed, request, wire};
pub use http::{health, transcribe, wav_file};

/// From the first packet to the config. The engine is on this machine or on the local network and binds its port only
/// once it can work, so a longer silence is a hang.
const OPEN_SECONDS: u64 = 5;

/// A close handshake is a courtesy; nobody waits longer for it.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Samples per frame: 5 s at 16 kHz, the most a WhisperLiveKit server takes from one frame at once.
const FRAME_SAMPLES: usize = 5 * 16_000;

/// A server that neither takes audio nor says a word for this long hangs. Busy ones do one or the other: the longest
/// piece an engine decodes at a time is 30 s of audio.
const STALL_SECONDS: u64 = 60;

/// So much voice and not one word is a failure of the engine, not a person's silence.
const CLEAR_SPEECH: Duration = Duration::from_secs(2);

/// What a session reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Everything known so far, whole.
    State(State),
    /// All audio is decoded; the last state holds the final text. Nothing follows.
    Done,
    /// The engine did not finish in time; what the last state holds may lack its end. Nothing follows.
    Late,
}

/// One utterance on its way through a speech engine. Dropping it cancels the utterance.
pub struct Session {
    socket: WebSocketStream<TcpStream>,
    /// Messages taken in while sending, oldest first; a newer state replaces an older one, because states are whole.
    pending: VecDeque<Result<Event, SpeechError>>,
    /// The newest state.
    last: State,
    pruned: Pruned,
    voice: Voice,
    samples: u64,
    /// Messages so far.
    heard: u64,
    /// How many times the usual patience a final text is waited for.
    patience: u32,
    /// Present from the end of audio on.
    deadline: Option<Deadline>,
    finished: bool,
}

/// Without its state, which holds what was said.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("samples", &self.samples).field("finished", &self.finished).finish()
    }
}

impl Session {
    /// Connects to `address` (`HOST:PORT`), and waits for the config. `language` is an ISO code or `auto`; `None`
    /// leaves the server's default.
    ///
    /// # Errors
    /// Any [`SpeechError`] but `Ended`; see there which are worth another try.
    pub async fn open(
        address: &str,
        token: Option<&str>,
        language: Option<&str>,
    ) -> Result<Self, SpeechError> {
        let request = request(address, token, language)?;
        let patience = Duration::from_secs(OPEN_SECONDS);
        match tokio::time::timeout(patience, Self::shake_hands(address, request)).await {
            Ok(session) => session,
            Err(_) => Err(SpeechError::Timeout { address: address.into(), seconds: OPEN_SECONDS }),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the client of the wire; the worker is on 127.0.0.1")]
    async fn shake_hands(address: &str, request: Request) -> Result<Self, SpeechError> {
        let connect = |source| SpeechError::Connect { address: address.into(), source };
        let stream = TcpStream::connect(address).await.map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.map_err(wire)?;
        let mut session = Self {
            socket,
            pending: VecDeque::new(),
            last: State::default(),
            pruned: Pruned::default(),
            voice: Voice::default(),
            samples: 0,
            heard: 0,
            patience: 1,
            deadline: None,
            finished: false,
        };
        match std::future::poll_fn(|context| session.poll_message(context)).await {
            Ok(ServerMessage::Config(config)) if config.use_audio_worklet => Ok(session),
            Ok(ServerMessage::Config(_)) => {
                session.close().await;
                Err(SpeechError::AudioFormat { address: address.into() })
            }
            Ok(ServerMessage::Error(reason)) => {
                session.close().await;
                Err(SpeechError::Rejected { reason })
            }
            Ok(_) => Err(SpeechError::NoConfig),
            Err(error) => Err(error),
        }
    }

    /// Waits `times` as long for the final text as usual: for a second try, or where nobody waits.
    #[must_use]
    pub fn with_patience(mut self, times: u32) -> Self {
        self.patience = times;
        self
    }

    /// Sends 16 kHz mono samples, in frames of at most 5 s. Waits while the server is busy. Not cancel safe: a call
    /// that was dropped may have sent a part.
    ///
    /// # Errors
    /// `Ended` after [`Session::end`], `Closed` or `Wire` when the connection is gone.
    pub async fn send(&mut self, samples: &[i16]) -> Result<(), SpeechError> {
        for part in samples.chunks(FRAME_SAMPLES) {
            let bytes: Vec<u8> = part.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            self.put(Bytes::from(bytes)).await?;
            self.samples += part.len() as u64;
            self.voice.hear(part);
        }
        Ok(())
    }

    /// Says that all audio was sent, by the one empty frame.
    ///
    /// # Errors
    /// As [`Session::send`]; a second call gives `Ended`.
    pub async fn end(&mut self) -> Result<(), SpeechError> {
        self.put(Bytes::new()).await?;
        let audio = Duration::from_secs_f64(self.samples as f64 / 16_000.0);
        self.deadline = Some(Deadline::new(Instant::now().into_std(), audio, &self.last, self.patience));
        Ok(())
    }

    /// The next report; `None` after [`Event::Done`], [`Event::Late`] or an error. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, SpeechError>> {
        if let Some(event) = self.pending.pop_front() {
            return Some(event);
        }
        let Some(deadline) = self.deadline.as_ref().map(Deadline::at).filter(|_| !self.finished) else {
            return std::future::poll_fn(|context| self.poll_event(context)).await;
        };
        let event = std::future::poll_fn(|context| self.poll_event(context));
        match tokio::time::timeout_at(deadline.into(), event).await {
            Ok(event) => event,
            Err(_) => {
                self.finished = true;
                Some(Ok(Event::Late))
            }
        }
    }

    /// Closes politely. The server never does it by itself.
    pub async fn close(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let farewell = async {
            if self.socket.close(Some(frame)).await.is_ok() {
                while matches!(self.socket.next().await, Some(Ok(_))) {}
            }
        };
        if tokio::time::timeout(CLOSE_PATIENCE, farewell).await.is_err() {
            tracing::debug!("the speech engine did not answer the close frame");
        }
        self.finished = true;
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), SpeechError> {
        if self.deadline.is_some() {
            return Err(SpeechError::Ended);
        }
        self.step(|socket, context| socket.poll_ready(context)).await?;
        self.socket.start_send_unpin(Message::Binary(bytes)).map_err(wire)?;
        self.step(|socket, context| socket.poll_flush(context)).await
    }

    /// Carries one step of the sink out, however long it takes, as long as the server shows a sign of life.
    async fn step(
        &mut self,
        step: impl Fn(Pin<&mut WebSocketStream<TcpStream>>, &mut Context<'_>) -> Poll<Result<(), WireError>>,
    ) -> Result<(), SpeechError> {
        let patience = Duration::from_secs(STALL_SECONDS);
        let stalled = tokio::time::sleep(patience);
        tokio::pin!(stalled);
        std::future::poll_fn(|context| {
            let heard = self.heard;
            if let Poll::Ready(sent) = self.poll_while_reading(context, &step) {
                return Poll::Ready(sent);
            }
            if self.heard != heard {
                stalled.as_mut().reset(Instant::now() + patience);
            }
            ready!(stalled.as_mut().poll(context));
            Poll::Ready(Err(SpeechError::Stalled { seconds: STALL_SECONDS }))
        })
        .await
    }

    /// Polls one step of the sink; while it waits, takes in what the server says.
    fn poll_while_reading(
        &mut self,
        context: &mut Context<'_>,
        step: &impl Fn(Pin<&mut WebSocketStream<TcpStream>>, &mut Context<'_>) -> Poll<Result<(), WireError>>,
    ) -> Poll<Result<(), SpeechError>> {
        loop {
            if let Poll::Ready(sent) = step(Pin::new(&mut self.socket), context) {
                return Poll::Ready(sent.map_err(wire));
            }
            match ready!(self.poll_event(context)) {
                Some(Ok(Event::State(state))) => {
                    if matches!(self.pending.back(), Some(Ok(Event::State(_)))) {
                        self.pending.pop_back();
                    }
                    self.pending.push_back(Ok(Event::State(state)));
                }
                Some(event) => self.pending.push_back(event),
                None => return Poll::Ready(Err(SpeechError::Closed)),
            }
        }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event, SpeechError>>> {
        while !self.finished {
            let event = match ready!(self.poll_message(context)) {
                Ok(ServerMessage::State(state)) if state.status == Status::Error => {
                    Err(SpeechError::Engine { reason: state.error.unwrap_or_default() })
                }
                Ok(ServerMessage::State(state)) => return Poll::Ready(Some(Ok(self.state(state)))),
                Ok(ServerMessage::Config(_) | ServerMessage::Unknown) => continue,
                Ok(ServerMessage::ReadyToStop) => self.done(),
                Ok(ServerMessage::Error(reason)) => Err(SpeechError::Rejected { reason }),
                Err(error) => Err(error),
            };
            self.finished = true;
            return Poll::Ready(Some(event));
        }
        Poll::Ready(None)
    }

    fn state(&mut self, state: State) -> Event {
        let state = self.pruned.restore(state);
        if let Some(deadline) = &mut self.deadline {
            deadline.saw(Instant::now().into_std(), &state);
        }
        self.last.clone_from(&state);
        Event::State(state)
    }

    /// An engine may look healthy and fail on every piece: then it hears nothing, whatever is said.
    fn done(&self) -> Result<Event, SpeechError> {
        let heard = self.voice.heard();
        if heard >= CLEAR_SPEECH && final_text(&self.last).is_empty() {
            return Err(SpeechError::Silent { seconds: heard.as_secs() });
        }
        Ok(Event::Done)
    }

    /// The next text frame. Pings are answered by the socket itself.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<ServerMessage, SpeechError>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                None => return Poll::Ready(Err(SpeechError::Closed)),
                Some(Ok(Message::Close(frame))) => return Poll::Ready(Err(closed(frame))),
                Some(Err(error)) => return Poll::Ready(Err(wire(error))),
                Some(Ok(frame)) => frame,
            };
            if let Message::Text(text) = frame {
                self.heard += 1;
                return Poll::Ready(ServerMessage::parse(&text));
            }
        }
    }
}
