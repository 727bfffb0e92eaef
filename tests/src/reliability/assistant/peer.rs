//! A provider's server that does as it is told and keeps every byte that arrived, with the moments at which it came and at
//! which the other side hung up.
//!
//! It runs on threads of its own: what is measured has the runtime for itself, and a moment that it stamps is not late
//! because the measured program was busy.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Nothing is waited for any longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done with one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer in pieces, whole; the connection may be used again.
    Whole(Vec<Vec<u8>>),
    /// An answer's beginning in pieces, and the connection closes.
    Cut(Vec<Vec<u8>>),
    /// An answer's beginning, and nothing more until the other side hangs up.
    OpenEnd(Vec<u8>),
    /// A status with headers, each ended, and a body.
    Refusal(u16, String, String),
    /// Nothing at all until the other side hangs up.
    Silence,
}

/// One request, in the very bytes.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// When it was complete.
    pub at: Instant,
    /// Up to the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

/// What it saw.
#[derive(Default)]
struct Seen {
    arrived: Vec<Arrived>,
    /// When the first byte of each answer was handed over.
    answered: Vec<Instant>,
    /// When the other side hung up on an answer that had not ended.
    hung_up: Vec<Instant>,
    /// Bytes in all, those of requests that broke off among them.
    bytes: usize,
}

type Script = dyn Fn(usize, &Arrived) -> Reply + Send + Sync;

/// The server; its threads end with the process.
pub struct Peer {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    script: Box<Script>,
}

impl Peer {
    /// Answers each request as `script` says, which is told its number from 0.
    pub fn start(script: impl Fn(usize, &Arrived) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shared =
            Arc::new(Shared { seen: Mutex::default(), changed: Condvar::new(), script: Box::new(script) });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A peer that hangs up early is what some rows are about.
                std::thread::spawn(move || _ = serving.serve(stream));
            }
        });
        Ok(Self { port, shared })
    }

    /// Its address on this machine.
    pub fn here(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same address in a form that the policy takes for another machine.
    pub fn away(&self) -> String {
        format!("http://[::ffff:127.0.0.1]:{}", self.port)
    }

    /// What arrived so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.shared.lock().arrived.clone()
    }

    /// How many requests arrived so far.
    pub fn count(&self) -> usize {
        self.shared.lock().arrived.len()
    }

    /// Bytes that arrived so far.
    pub fn bytes(&self) -> usize {
        self.shared.lock().bytes
    }

    /// When the last request was complete, and when its answer began.
    pub fn last(&self) -> Option<(Instant, Instant)> {
        let seen = self.shared.lock();
        Some((seen.arrived.last()?.at, *seen.answered.last()?))
    }

    /// Waits for so many requests.
    pub fn wait_arrived(&self, count: usize) -> Result<()> {
        self.wait("a request", |seen| seen.arrived.len() >= count).map(drop)
    }

    /// Waits until the other side has hung up so often; when the last of these was.
    pub fn wait_hung_up(&self, count: usize) -> Result<Instant> {
        let seen = self.wait("the other side to hang up", |seen| seen.hung_up.len() >= count)?;
        Ok(seen.hung_up[count - 1])
    }

    fn wait(&self, what: &str, met: impl Fn(&Seen) -> bool) -> Result<MutexGuard<'_, Seen>> {
        let Shared { changed, .. } = &*self.shared;
        let waited = changed.wait_timeout_while(self.shared.lock(), PATIENCE, |seen| !met(seen));
        let (seen, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            bail!("waited in vain for {what}");
        }
        Ok(seen)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut read = Vec::new();
        loop {
            let Some(arrived) = self.request(&mut stream, &mut read)? else { return Ok(()) };
            let number = {
                let mut seen = self.lock();
                seen.arrived.push(arrived.clone());
                self.changed.notify_all();
                seen.arrived.len() - 1
            };
            let reply = (self.script)(number, &arrived);
            let goes_on = matches!(reply, Reply::Whole(_));
            let waits = matches!(reply, Reply::OpenEnd(_) | Reply::Silence);
            self.answer(&mut stream, reply)?;
            if waits {
                let mut rest = [0; 1_024];
                while let Ok(more @ 1..) = stream.read(&mut rest) {
                    self.lock().bytes += more;
                }
                self.lock().hung_up.push(Instant::now());
                self.changed.notify_all();
            }
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn answer(&self, stream: &mut TcpStream, reply: Reply) -> Result<()> {
        let piece = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        let open = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let parts: Vec<Vec<u8>> = match reply {
            Reply::Whole(pieces) => {
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
                let pieces = pieces.iter().map(|bytes| piece(bytes));
                // The head and the first piece in one write: the moment of that is the answer's beginning.
                let mut parts: Vec<Vec<u8>> = pieces.chain([b"0\r\n\r\n".to_vec()]).collect();
                parts[0].splice(..0, head);
                parts
            }
            Reply::Cut(pieces) => [vec![open.as_bytes().to_vec()], pieces].concat(),
            Reply::OpenEnd(bytes) => vec![open.as_bytes().to_vec(), bytes],
            Reply::Refusal(status, headers, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
                );
                vec![format!("{head}{body}").into_bytes()]
            }
            Reply::Silence => return Ok(()),
        };
        self.lock().answered.push(Instant::now());
        for part in parts {
            stream.write_all(&part)?;
        }
        Ok(())
    }

    /// The next request; none where the other side hung up before it was complete.
    fn request(&self, stream: &mut TcpStream, read: &mut Vec<u8>) -> Result<Option<Arrived>> {
        let mut buffer = [0; 16_384];
        loop {
            if let Some((head, length)) = head(read)
                && read.len() >= head.len() + length
            {
                let rest = read.split_off(head.len() + length);
                let body = std::mem::replace(read, rest).split_off(head.len());
                return Ok(Some(Arrived { at: Instant::now(), head, body }));
            }
            let more = stream.read(&mut buffer)?;
            if more == 0 {
                return Ok(None);
            }
            self.lock().bytes += more;
            read.extend_from_slice(&buffer[..more]);
        }
    }
}

/// A complete head with its empty line, and the length of the body behind it.
fn head(read: &[u8]) -> Option<(String, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((head, length.unwrap_or_default()))
}

/// A piece of OpenAI's format with these words.
pub fn words(text: &str) -> Vec<u8> {
    let delta =
        serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    format!("data: {delta}\n\n").into_bytes()
}

/// The end of an answer in OpenAI's format.
pub fn end() -> Vec<u8> {
    b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        .to_vec()
}

/// A whole answer in OpenAI's format.
pub fn whole(texts: &[&str]) -> Reply {
    Reply::Whole(texts.iter().map(|text| words(text)).chain([end()]).collect())
}
