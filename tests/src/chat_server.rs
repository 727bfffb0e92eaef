//! A server of OpenAI's chat format that does as it is told, for what no real provider does on command: refuse, limit, break
//! off, never end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

/// What it does with one request; the last one is done with all that follow.
#[derive(Clone, Debug)]
pub enum Reply {
    /// These words, each a piece, and the end mark.
    Words(Vec<String>),
    /// These words, and the connection closes without the mark.
    Cut(Vec<String>),
    /// These words, and nothing more until the other side closes.
    OpenEnd(Vec<String>),
    /// A status with headers and a body.
    Refusal(u16, &'static str, &'static str),
}

#[derive(Default)]
struct Seen {
    bodies: Vec<String>,
    closed: usize,
}

/// The server; its threads end with the test's process.
pub struct ChatServer {
    port: u16,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl ChatServer {
    /// Answers requests in turn.
    pub fn start(replies: Vec<Reply>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let seen: Arc<(Mutex<Seen>, Condvar)> = Arc::default();
        let journal = seen.clone();
        std::thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let Some(reply) = replies.get(at).or(replies.last()).cloned() else { return };
                let journal = journal.clone();
                std::thread::spawn(move || serve(stream, reply, &journal));
            }
        });
        Ok(Self { port, seen })
    }

    /// A port at which nobody listens.
    pub fn nobody() -> Result<u16> {
        Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
    }

    /// Its address on this machine.
    pub fn here(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The same address in a form that the policy takes for another machine.
    pub fn away(&self) -> String {
        format!("http://[::ffff:127.0.0.1]:{}/v1", self.port)
    }

    /// What was asked.
    pub fn bodies(&self) -> Vec<String> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).bodies.clone()
    }

    /// Waits until the other side closed so many connections.
    pub fn wait_closed(&self, count: usize) -> Result<()> {
        let (seen, changed) = &*self.seen;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = Duration::from_secs(20);
        let waited = changed.wait_timeout_while(seen, patience, |seen| seen.closed < count);
        match waited.map(|(_, waited)| waited.timed_out()) {
            Ok(false) => Ok(()),
            _ => bail!("the connection is still open"),
        }
    }
}

fn serve(mut stream: TcpStream, reply: Reply, journal: &(Mutex<Seen>, Condvar)) {
    let Some(body) = request(&mut stream) else { return };
    journal.0.lock().unwrap_or_else(PoisonError::into_inner).bodies.push(body);
    let stream_head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";
    // The other side may be gone at any point; that is what some tests are about.
    let _ = match &reply {
        Reply::Refusal(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ),
        Reply::Words(words) | Reply::Cut(words) | Reply::OpenEnd(words) => {
            let chunks: String = words.iter().map(|word| chunk(word)).collect();
            write!(stream, "{stream_head}{chunks}")
        }
    };
    let _ = match reply {
        Reply::Words(_) => stream.write_all(
            b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ),
        Reply::OpenEnd(_) => {
            let until = Instant::now() + Duration::from_secs(60);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
            while Instant::now() < until && matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
            Ok(())
        }
        _ => Ok(()),
    };
    drop(stream);
    journal.0.lock().unwrap_or_else(PoisonError::into_inner).closed += 1;
    journal.1.notify_all();
}

fn chunk(word: &str) -> String {
    let delta = json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]});
    format!("data: {delta}\n\n")
}

/// The body of a request; `None` when it broke off.
fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or_default() {
            return Some(body.to_owned());
        }
    }
}
