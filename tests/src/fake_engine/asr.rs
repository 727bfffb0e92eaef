//! One session of the fake engine: the handshake, and frames in and out as the behaviour says.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::{Behaviour, Notes, Script, Seen, Sessions, words};

type Socket = WebSocketStream<TcpStream>;

/// Bytes of a second of audio.
const SECOND: usize = 32_000;

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, script: &Script, sessions: &Sessions) {
    let Some((mut socket, notes)) = shake_hands(stream, script, sessions).await else { return };
    if script.behaviour == Behaviour::RefuseSession {
        say(&mut socket, &json!({"type": "error", "error": "this language is not spoken here"})).await;
        let frame = CloseFrame { code: 4400.into(), reason: "unsupported".into() };
        let _ = socket.close(Some(frame)).await;
        return;
    }
    let raw = script.behaviour != Behaviour::Container;
    say(&mut socket, &json!({"type": "config", "useAudioWorklet": raw, "mode": "full"})).await;
    say(&mut socket, &words::nothing()).await;
    if script.behaviour == Behaviour::Hang {
        return std::future::pending().await;
    }
    let _ = socket.send(Message::Ping(b"still there?".as_slice().into())).await;
    if hear(&mut socket, script, &notes).await {
        finish(&mut socket, script).await;
        until_close(&mut socket, &notes).await;
    }
}

async fn shake_hands(stream: TcpStream, script: &Script, sessions: &Sessions) -> Option<(Socket, Notes)> {
    let mut seen = Seen::default();
    let expected = script.token.as_ref().map(|token| format!("Bearer {token}"));
    #[allow(clippy::result_large_err, reason = "the type of the handshake's callback")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header = |name: &str| {
            request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        seen.path = request.uri().to_string();
        seen.authorization = header("authorization");
        seen.origin = header("origin").is_some();
        if expected.is_some() && seen.authorization != expected {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = StatusCode::FORBIDDEN;
            return Err(refusal);
        }
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, look).await;
    let notes = Notes::begin(sessions, seen);
    socket.ok().map(|socket| (socket, notes))
}

/// Takes audio in until its end; false when the session is over before.
async fn hear(socket: &mut Socket, script: &Script, notes: &Notes) -> bool {
    let said: Vec<&str> = script.words.split_whitespace().collect();
    let mut shown = 0;
    while let Some(Ok(message)) = socket.next().await {
        let bytes = match message {
            Message::Binary(bytes) if bytes.is_empty() => {
                notes.note(|seen| seen.empty += 1);
                return true;
            }
            Message::Binary(bytes) => bytes.len(),
            other => {
                if note_other(&other, notes) {
                    return false;
                }
                continue;
            }
        };
        let all = notes.note(|seen| {
            seen.bytes += bytes;
            seen.bytes
        });
        match script.behaviour {
            Behaviour::Drop if all >= SECOND => return false,
            Behaviour::Die if all >= SECOND => die(),
            _ => {}
        }
        if let Some(state) = words::live(script.behaviour, &said, all / 2, &mut shown) {
            say(socket, &state).await;
        }
    }
    false
}

async fn finish(socket: &mut Socket, script: &Script) {
    let said: Vec<&str> = script.words.split_whitespace().collect();
    match script.behaviour {
        Behaviour::NoEnd => return,
        Behaviour::Slow => {
            for tenths in 0.. {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if !say(socket, &words::lagging(&said, tenths)).await {
                    return;
                }
            }
        }
        behaviour => {
            for state in words::last(behaviour, &said) {
                say(socket, &state).await;
            }
        }
    }
    say(socket, &json!({"type": "ready_to_stop"})).await;
}

/// The server never closes: it waits for the client to do so, and notes what else it does.
async fn until_close(socket: &mut Socket, notes: &Notes) {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = &message {
            notes.note(|seen| {
                seen.after_end += 1;
                seen.empty += usize::from(bytes.is_empty());
            });
        } else if note_other(&message, notes) {
            return;
        }
    }
}

/// Notes what is no audio; true when the session is over with it.
fn note_other(message: &Message, notes: &Notes) -> bool {
    notes.note(|seen| match message {
        Message::Pong(_) => {
            seen.pongs += 1;
            false
        }
        // F23: a text frame counts as leaving.
        Message::Text(_) => {
            seen.text += 1;
            true
        }
        Message::Close(frame) => {
            seen.close = frame.as_ref().map(|frame| frame.code.into());
            true
        }
        _ => false,
    })
}

async fn say(socket: &mut Socket, message: &Value) -> bool {
    socket.send(Message::text(message.to_string())).await.is_ok()
}

/// The end without any warning.
fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}
