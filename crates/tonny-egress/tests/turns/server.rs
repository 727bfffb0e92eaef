//! A provider of OpenAI's format that does as it is told, and keeps what it saw.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// What it does with one request.
pub enum Reply {
    /// These bytes, then it closes.
    Bytes(String),
    /// These words, then what [`Server::say`] gives, until the other side closes.
    OpenEnd(Vec<String>),
    /// Nothing at all, until the other side closes.
    Silence,
}

/// What it saw.
#[derive(Default)]
struct Seen {
    at: Vec<Instant>,
    bodies: Vec<String>,
    closed: usize,
}

/// The server; it ends with the runtime of its test.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<usize>,
    says: mpsc::UnboundedSender<String>,
}

/// An answer that is none.
pub fn head(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Bytes(format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// An answer of these words, with its end mark or cut off before it.
pub fn answer(words: &[&str], whole: bool) -> Reply {
    let mut body = STREAM.to_owned();
    for word in words {
        body.push_str(&chunk(word));
    }
    if whole {
        body.push_str(
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        );
    }
    Reply::Bytes(body)
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";

fn chunk(word: &str) -> String {
    let delta =
        serde_json::json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]});
    format!("data: {delta}\n\n")
}

impl Server {
    /// Answers requests in turn.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (tell, changed) = watch::channel(0);
        let (says, mut said) = mpsc::unbounded_channel::<String>();
        let replies: Vec<_> = replies.into_iter().collect();
        let journal = seen.clone();
        tokio::spawn(async move {
            for reply in replies {
                let (mut stream, _) = listener.accept().await.unwrap();
                let body = read(&mut stream).await;
                {
                    let mut journal = journal.lock().unwrap();
                    journal.at.push(Instant::now());
                    journal.bodies.push(body);
                }
                tell.send_modify(|changes| *changes += 1);
                match reply {
                    // The other side may have hung up already.
                    Reply::Bytes(bytes) => _ = stream.write_all(bytes.as_bytes()).await,
                    Reply::OpenEnd(words) => {
                        let words: String = words.iter().map(|word| chunk(word)).collect();
                        _ = stream.write_all(format!("{STREAM}{words}").as_bytes()).await;
                        tokio::select! {
                            () = closed(&mut stream) => {}
                            Some(more) = said.recv() => {
                                _ = stream.write_all(more.as_bytes()).await;
                                _ = stream.shutdown().await;
                                closed(&mut stream).await;
                            }
                        }
                        journal.lock().unwrap().closed += 1;
                    }
                    Reply::Silence => {
                        closed(&mut stream).await;
                        journal.lock().unwrap().closed += 1;
                    }
                }
                tell.send_modify(|changes| *changes += 1);
            }
            std::future::pending::<()>().await;
        });
        Self { port, seen, changed, says }
    }

    /// A port that nobody listens at.
    pub async fn refusing() -> Self {
        let server = Self::start([]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        Self { port, ..server }
    }

    /// When each request was complete.
    pub fn asked_at(&self) -> Vec<Instant> {
        self.seen.lock().unwrap().at.clone()
    }

    /// What each request said.
    pub fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().bodies.clone()
    }

    /// Sends this on the connection that is open.
    pub fn say(&self, bytes: &str) {
        self.says.send(bytes.to_owned()).unwrap();
    }

    /// Waits for so many requests.
    pub async fn was_asked(&self, times: usize) {
        self.until(|seen| seen.at.len() >= times).await;
    }

    /// Waits until the other side has closed a connection that was left open for it.
    pub async fn was_closed(&self) {
        self.until(|seen| seen.closed > 0).await;
    }

    async fn until(&self, condition: impl Fn(&Seen) -> bool) {
        let mut changed = self.changed.clone();
        let met = async {
            while !condition(&self.seen.lock().unwrap()) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), met).await.unwrap();
    }
}

/// The body of the next request.
async fn read(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    String::from_utf8(body).unwrap()
}

async fn closed(stream: &mut TcpStream) {
    let mut bytes = [0; 64];
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}
