//! The fake speech engine: a server of the speech wire that does on request whatever a real one may do to its client.
//!
//! [`FakeEngine`] runs inside of a test, [`program`] as a process of its own (`fake-engine`), for what only a process can
//! do: die, refuse to start, refuse to end. It says given words instead of listening, and writes down what the client did.
//! [`Behaviour`] names the behaviours; the numbers F1 to F25 are those of the protocol's list.

mod asr;
mod http;
pub mod program;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The head of a request; a client that needs more is none of ours.
const LARGEST_HEAD: usize = 8 * 1024;

/// What an engine does with an utterance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Behaviour {
    /// F1: config, nothing heard, a growing buffer, committed lines, `ready_to_stop`. Pings once, as servers do.
    #[default]
    Normal,
    /// F7: an error object instead of the config, then close 4400.
    RefuseSession,
    /// F8: wants a container format instead of raw audio.
    Container,
    /// F9: never says `ready_to_stop`.
    NoEnd,
    /// F10: the connection ends without a close frame after a second of audio.
    Drop,
    /// F11: the process kills itself after a second of audio.
    Die,
    /// F12: reads nothing, says nothing.
    Hang,
    /// F13: looks healthy and hears nothing.
    Silent,
    /// F14: its lag grows and it never ends.
    Slow,
    /// F15: the last line is edited in place.
    EditedLine,
    /// F16: finished lines are dropped from the front.
    Pruned,
    /// F17: the last words stay in the buffer, as in old versions.
    TailInBuffer,
    /// F18: silence lines with null and with empty texts.
    SilenceLines,
    /// F19: keys nobody knows, and times with centiseconds.
    Strange,
    /// F20: two speakers, the second one attributed late.
    Diarized,
    /// F24: a minute's worth of updates, 20 per second, all at once.
    Chatter,
    /// The engine itself reports a failure.
    Fails,
}

/// What a fake engine is made of.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it does with each utterance.
    pub behaviour: Behaviour,
    /// What it hears, whatever is said.
    pub words: String,
    /// What opens it, if it is locked (F6).
    pub token: Option<String>,
    /// What its REST side answers (F25: 408, 413, 500).
    pub rest_status: u16,
}

impl Script {
    /// An open engine that does this and hears a sentence.
    pub fn of(behaviour: Behaviour) -> Self {
        let words = "these words were never spoken by anybody".to_owned();
        Self { behaviour, words, token: None, rest_status: 200 }
    }
}

/// What the client did in one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Path and query of the handshake.
    pub path: String,
    /// The header, if one came.
    pub authorization: Option<String>,
    /// Whether an Origin came: only web pages send one.
    pub origin: bool,
    /// Bytes of audio before the end.
    pub bytes: usize,
    /// Empty binary frames.
    pub empty: usize,
    /// Binary frames after the first empty one.
    pub after_end: usize,
    /// Text frames.
    pub text: usize,
    /// Answered pings.
    pub pongs: usize,
    /// The client's close code.
    pub close: Option<u16>,
}

/// A fake engine inside of a test; it ends when it is dropped.
pub struct FakeEngine {
    address: String,
    script: Script,
    sessions: Sessions,
    server: JoinHandle<()>,
}

/// The sessions so far, the running ones included.
type Sessions = Arc<Mutex<Vec<Seen>>>;

impl FakeEngine {
    /// Starts it on a port of its own.
    pub async fn start(script: Script) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let sessions = Sessions::default();
        let server = tokio::spawn(serve(listener, script.clone(), sessions.clone()));
        Ok(Self { address, script, sessions, server })
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What opens it.
    pub fn token(&self) -> Option<&str> {
        self.script.token.as_deref()
    }

    /// What clients did, in the order of their connections.
    pub fn sessions(&self) -> Vec<Seen> {
        lock(&self.sessions).clone()
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(sessions: &Sessions) -> MutexGuard<'_, Vec<Seen>> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes of one session, written where everybody can read them at once.
struct Notes {
    sessions: Sessions,
    index: usize,
}

impl Notes {
    fn begin(sessions: &Sessions, seen: Seen) -> Self {
        let mut all = lock(sessions);
        all.push(seen);
        Self { sessions: sessions.clone(), index: all.len() - 1 }
    }

    fn note<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut lock(&self.sessions)[self.index])
    }
}

/// Takes connections until it is dropped; all of them end with it.
async fn serve(listener: TcpListener, script: Script, sessions: Sessions) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (script, sessions) = (script.clone(), sessions.clone());
        connections.spawn(async move {
            match upgrades(&stream).await {
                Some(true) => asr::serve(stream, &script, &sessions).await,
                Some(false) => http::serve(stream, &script).await,
                None => {}
            }
        });
    }
}

/// Whether the request that waits in the stream wants a WebSocket; `None` when there is none.
async fn upgrades(stream: &TcpStream) -> Option<bool> {
    let mut head = vec![0; LARGEST_HEAD];
    let mut before = 0;
    loop {
        let size = stream.peek(&mut head).await.ok().filter(|size| *size > 0)?;
        let text = String::from_utf8_lossy(&head[..size]).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            return Some(head.contains("upgrade: websocket"));
        }
        if size == LARGEST_HEAD {
            return None;
        }
        if size == before {
            // Nothing new yet; peeking does not wait for more than the first byte.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        before = size;
    }
}
