//! A tap on the wire: stands between a client and an engine, passes everything on, and writes down what the client sent.
//!
//! So the client's manners are checked with real engines as with the fake one.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Opcodes of WebSocket frames (RFC 6455, 5.2).
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PONG: u8 = 10;

/// Everything that clients sent, a connection each.
type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

/// The tap; it ends when it is dropped.
pub struct Tap {
    address: String,
    sent: Sent,
    server: JoinHandle<()>,
}

impl Tap {
    /// Listens on a port of its own in front of `engine`.
    pub async fn before(engine: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (sent, engine) = (Sent::default(), engine.to_owned());
        let server = tokio::spawn(serve(listener, engine, sent.clone()));
        Ok(Self { address, sent, server })
    }

    /// Where clients connect.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What each client sent.
    pub fn conversations(&self) -> Result<Vec<Conversation>> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().map(|bytes| Conversation::parse(bytes)).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, engine: String, sent: Sent) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&engine).await else { continue };
        let index = {
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(Vec::new());
            sent.len() - 1
        };
        connections.spawn(pass(client, server, sent.clone(), index));
    }
}

async fn pass(client: TcpStream, server: TcpStream, sent: Sent, index: usize) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(size) = from_client.read(&mut buffer).await {
            if size == 0 {
                break;
            }
            let piece = &buffer[..size];
            sent.lock().unwrap_or_else(PoisonError::into_inner)[index].extend_from_slice(piece);
            if to_server.write_all(piece).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let down = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(up, down);
}

/// What one client sent.
#[derive(Debug)]
pub struct Conversation {
    /// Request line and headers.
    pub head: String,
    /// Opcode and payload length of each frame.
    frames: Vec<(u8, usize)>,
    /// The close code, if the client closed.
    pub close: Option<u16>,
}

impl Conversation {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("a request has a head")? + 4;
        let head = String::from_utf8(bytes[..end].to_vec())?;
        let (mut frames, mut close, mut rest) = (Vec::new(), None, &bytes[end..]);
        while rest.len() >= 2 {
            let (opcode, masked) = (rest[0] & 15, rest[1] & 128 != 0);
            let (length, start) = match rest[1] & 127 {
                126 => (rest[2..4].iter().fold(0, |n, byte| n << 8 | usize::from(*byte)), 4),
                127 => (rest[2..10].iter().fold(0, |n, byte| n << 8 | usize::from(*byte)), 10),
                short => (usize::from(short), 2),
            };
            ensure!(masked, "a client masks its frames");
            let payload = start + 4;
            if rest.len() < payload + length {
                break;
            }
            if opcode == CLOSE && length >= 2 {
                let byte = |n: usize| u16::from(rest[payload + n] ^ rest[start + n]);
                close = Some(byte(0) << 8 | byte(1));
            }
            frames.push((opcode, length));
            rest = &rest[payload + length..];
        }
        Ok(Self { head, frames, close })
    }

    /// Whether it was a session rather than a plain request.
    pub fn is_session(&self) -> bool {
        self.head.to_ascii_lowercase().contains("upgrade: websocket")
    }

    /// Pings answered.
    pub fn pongs(&self) -> usize {
        self.frames.iter().filter(|(opcode, _)| *opcode == PONG).count()
    }

    /// Checks what no client of this wire may do, for a session that went to its end.
    pub fn check(&self, token: Option<&str>) -> Result<()> {
        let request = self.head.lines().next().unwrap_or_default();
        ensure!(request.starts_with("GET /asr?mode=full"), "{request}");
        ensure!(!self.head.to_ascii_lowercase().contains("\norigin:"), "only web pages send an Origin");
        if let Some(token) = token {
            ensure!(!request.contains(token), "the token stands in the address");
            ensure!(self.head.contains(&format!("Bearer {token}\r\n")), "the token is not in the header");
        }
        ensure!(!self.frames.iter().any(|(opcode, _)| *opcode == TEXT), "a text frame was sent");
        let data: Vec<usize> =
            self.frames.iter().filter(|(opcode, _)| *opcode == BINARY).map(|(_, length)| *length).collect();
        ensure!(data.iter().filter(|length| **length == 0).count() == 1, "not exactly one empty frame");
        ensure!(data.last() == Some(&0), "audio after the end of audio");
        ensure!(self.close == Some(1000), "the client closed with {:?}", self.close);
        Ok(())
    }
}
