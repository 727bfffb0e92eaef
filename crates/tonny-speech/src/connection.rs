//! One WebSocket: reads audio, writes states.
//!
//! Owns: the order of messages (config, states, ready_to_stop), how often states are sent and when reading pauses. Must
//! not know: decoding; that is [`crate::session`].

use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tonny_speech_protocol::{Config, Mode, ServerMessage, State};

use crate::session::{Surroundings, Utterance};

/// States that differ only in their lag are sent at most this often (as the reference server's counter changes).
const LAG_EVERY: Duration = Duration::from_millis(100);

/// The close code for a session that asks for something unsupported.
const UNSUPPORTED: u16 = 4400;

/// A socket that takes nothing for this long is dead.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);

/// Serves one utterance, until the client leaves.
pub async fn serve(mut socket: WebSocket, around: Surroundings) {
    let config = Config { use_audio_worklet: true, mode: Mode::Full };
    if !say(&mut socket, &ServerMessage::Config(config)).await {
        return;
    }
    let mut utterance = Utterance::new(around);
    let mut sent = Sent { state: State::default(), at: Instant::now() };
    if !say(&mut socket, &ServerMessage::State(State::default())).await {
        return;
    }
    while !utterance.is_done() {
        tokio::select! {
            outcome = utterance.outcome() => utterance.settle(outcome),
            message = socket.recv(), if utterance.has_room() => match message {
                Some(Ok(Message::Binary(bytes))) => utterance.hear(&bytes, Instant::now()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                // A text frame ends the session, as it does with the reference server.
                Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => return,
            },
        }
        let state = utterance.state();
        if !utterance.is_done() && sent.is_due(&state) {
            sent = Sent { state: state.clone(), at: Instant::now() };
            if !say(&mut socket, &ServerMessage::State(state)).await {
                return;
            }
        }
    }
    if say(&mut socket, &ServerMessage::State(utterance.state())).await
        && say(&mut socket, &ServerMessage::ReadyToStop).await
    {
        // The client closes; until then pings are answered and anything else is ignored.
        while let Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) = socket.recv().await {}
    }
}

/// Refuses a session after the handshake, as the protocol wants it.
pub async fn refuse(mut socket: WebSocket, reason: String) {
    if say(&mut socket, &ServerMessage::Error(reason)).await {
        let frame = CloseFrame { code: UNSUPPORTED, reason: "unsupported session".into() };
        // The client may be gone already.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}

/// The last state on the wire.
struct Sent {
    state: State,
    at: Instant,
}

impl Sent {
    fn is_due(&self, state: &State) -> bool {
        let words = |state: &State| {
            (
                state.status.clone(),
                state.lines.clone(),
                state.buffer_transcription.clone(),
                state.error.clone(),
            )
        };
        words(&self.state) != words(state) || (self.state != *state && self.at.elapsed() >= LAG_EVERY)
    }
}

async fn say(socket: &mut WebSocket, message: &ServerMessage) -> bool {
    let sending = socket.send(Message::Text(message.to_json().into()));
    matches!(tokio::time::timeout(WRITE_PATIENCE, sending).await, Ok(Ok(())))
}
