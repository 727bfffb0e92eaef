//! The client: one [`Session`] per utterance, over one WebSocket.
//!
//! Owns: the handshake (token only in a header, no Origin), the order config - audio - one empty frame - drain -
//! close. Must not know: microphones, files, retries. Never logs audio, text or the token.
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
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

pub use crate::error::SpeechError;
use crate::message::{ServerMessage, State, Status};

/// From the first packet to the config. The engine is on this machine or on the local network and binds its port only
/// once it can work, so a longer silence is a hang.
const OPEN_SECONDS: u64 = 5;

/// A close handshake is a courtesy; nobody waits longer for it.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Samples per frame: 5 s at 16 kHz, the most a WhisperLiveKit server takes from one frame at once.
const FRAME_SAMPLES: usize = 5 * 16_000;

/// What a session reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Everything known so far, whole.
    State(State),
    /// All audio is decoded; the last state holds the final text. Nothing follows.
    Done,
}

/// One utterance on its way through a speech engine. Dropping it cancels the utterance.
#[derive(Debug)]
pub struct Session {
    socket: WebSocketStream<TcpStream>,
    /// Messages taken in while sending, oldest first; a newer state replaces an older one, because states are whole.
    pending: VecDeque<Result<Event, SpeechError>>,
    ended: bool,
    finished: bool,
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
        let mut session = Self { socket, pending: VecDeque::new(), ended: false, finished: false };
        match session.message().await {
            Some(Ok(ServerMessage::Config(config))) if config.use_audio_worklet => Ok(session),
            Some(Ok(ServerMessage::Config(_))) => {
                session.close().await;
                Err(SpeechError::AudioFormat { address: address.into() })
            }
            Some(Ok(ServerMessage::Error(reason))) => {
                session.close().await;
                Err(SpeechError::Rejected { reason })
            }
            Some(Ok(_)) => Err(SpeechError::NoConfig),
            Some(Err(error)) => Err(error),
            None => Err(SpeechError::Closed),
        }
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
        }
        Ok(())
    }

    /// Says that all audio was sent, by the one empty frame.
    ///
    /// # Errors
    /// As [`Session::send`]; a second call gives `Ended`.
    pub async fn end(&mut self) -> Result<(), SpeechError> {
        self.put(Bytes::new()).await?;
        self.ended = true;
        Ok(())
    }

    /// The next report; `None` after [`Event::Done`] or an error. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, SpeechError>> {
        if let Some(event) = self.pending.pop_front() {
            return Some(event);
        }
        std::future::poll_fn(|context| self.poll_event(context)).await
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
        if self.ended {
            return Err(SpeechError::Ended);
        }
        std::future::poll_fn(|context| {
            self.poll_while_reading(context, |socket, context| socket.poll_ready(context))
        })
        .await?;
        self.socket.start_send_unpin(Message::Binary(bytes)).map_err(wire)?;
        std::future::poll_fn(|context| {
            self.poll_while_reading(context, |socket, context| socket.poll_flush(context))
        })
        .await
    }

    /// Polls one step of the sink; while it waits, takes in what the server says.
    fn poll_while_reading(
        &mut self,
        context: &mut Context<'_>,
        step: impl Fn(Pin<&mut WebSocketStream<TcpStream>>, &mut Context<'_>) -> Poll<Result<(), WireError>>,
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
                Some(Ok(ServerMessage::State(state))) if state.status == Status::Error => {
                    Err(SpeechError::Engine { reason: state.error.unwrap_or_default() })
                }
                Some(Ok(ServerMessage::State(state))) => return Poll::Ready(Some(Ok(Event::State(state)))),
                Some(Ok(ServerMessage::Config(_) | ServerMessage::Unknown)) => continue,
                Some(Ok(ServerMessage::ReadyToStop)) => Ok(Event::Done),
                Some(Ok(ServerMessage::Error(reason))) => Err(SpeechError::Rejected { reason }),
                Some(Err(error)) => Err(error),
                None => Err(SpeechError::Closed),
            };
            self.finished = true;
            return Poll::Ready(Some(event));
        }
        Poll::Ready(None)
    }

    async fn message(&mut self) -> Option<Result<ServerMessage, SpeechError>> {
        std::future::poll_fn(|context| self.poll_message(context)).await
    }

    /// The next text frame. Pings are answered by the socket itself; `None` is the end of the connection.
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<ServerMessage, SpeechError>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                None | Some(Ok(Message::Close(_))) => return Poll::Ready(None),
                Some(Err(WireError::ConnectionClosed | WireError::AlreadyClosed)) => {
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(wire(error)))),
                Some(Ok(frame)) => frame,
            };
            if let Message::Text(text) = frame {
                return Poll::Ready(Some(ServerMessage::parse(&text)));
            }
        }
    }
}

fn request(address: &str, token: Option<&str>, language: Option<&str>) -> Result<Request, SpeechError> {
    let mut uri = format!("ws://{address}/asr?mode=full");
    if let Some(language) = language {
        // Codes are letters and hyphens; anything else would need escaping and cannot be a language.
        if language.is_empty() || !language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(SpeechError::Request { part: "language" });
        }
        uri.push_str("&language=");
        uri.push_str(language);
    }
    let mut request = uri.into_client_request().map_err(|_| SpeechError::Request { part: "address" })?;
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| SpeechError::Request { part: "token" })?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

fn wire(error: WireError) -> SpeechError {
    match error {
        WireError::Http(response) => SpeechError::Refused { status: response.status().as_u16() },
        WireError::ConnectionClosed | WireError::AlreadyClosed => SpeechError::Closed,
        error => SpeechError::Wire(Box::new(error)),
    }
}
