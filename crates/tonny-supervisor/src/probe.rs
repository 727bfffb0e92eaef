//! Asks a worker whether it is well: an HTTP request, a WebSocket handshake, a TCP connection. Only on this computer.
//! It says what was answered; what follows from that is the machine's business.

mod owner;

pub(crate) use owner::listens;

use crate::Token;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{
        AUTHORIZATION, CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
        UPGRADE,
    },
};
use hyper_util::rt::TokioIo;
use std::{io, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// One question to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub how: How,
    /// Where.
    pub at: At,
    /// An answer that takes longer is none.
    pub timeout: Duration,
}

impl Probe {
    /// A worker that has nothing to do answers in a millisecond, and on a computer whose cores are all taken within this.
    /// One that computes itself may take longer: its CPU time tells that it is no hang.
    pub const TIMEOUT: Duration = Duration::from_secs(1);
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A GET that is answered by 2xx; 503 says "still loading".
    Http {
        /// Path and query.
        path: String,
        /// Whether the worker wants the launch token as bearer for it, and refuses every other one with 401 or 403.
        token: bool,
    },
    /// A GET that is answered by 2xx and a JSON object; `ready` in it, where it is `false`, says "still loading" as 503 does.
    HttpReady {
        /// Path and query.
        path: String,
    },
    /// A handshake that is answered by 101.
    WebSocket {
        /// Path and query.
        path: String,
    },
    /// A connection that is accepted. It says little: the system accepts for a worker that hangs.
    Tcp,
}

/// Where a worker is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// Where it said when it became ready.
    Told,
    /// At this address of this computer.
    Tcp(SocketAddr),
    /// At this socket (unix).
    Unix(PathBuf),
}

/// What a worker answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// That it is well.
    Well,
    /// That it is not ready yet.
    Loading,
    /// Something else, or nothing in time.
    Silent,
}

/// A health answer is a few words; a longer one is none.
const BODY: usize = 64 << 10;
/// A launch token that no worker has.
const WRONG: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The nonce of the standard's own example, with the answer that it demands (RFC 6455, 1.3): whether the other side
/// speaks the protocol can be seen without computing a hash, and a probe has nothing to hide.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Asks every question, one after the other; the worst answer counts. `stranger` also asks with a wrong token where the
/// worker checks tokens: a server that likes any token is not ours.
pub(crate) async fn ask_all(probes: &[Probe], told: Option<&str>, token: &Token, stranger: bool) -> Answer {
    for probe in probes {
        let answer = timeout(probe.timeout, ask(probe, told, token, stranger)).await;
        match answer {
            Ok(Ok(Answer::Well)) => {}
            Ok(Ok(answer)) => return answer,
            Ok(Err(_)) | Err(_) => return Answer::Silent,
        }
    }
    Answer::Well
}

async fn ask(probe: &Probe, told: Option<&str>, token: &Token, stranger: bool) -> io::Result<Answer> {
    match &probe.how {
        How::Tcp => connect(&probe.at, told).await.map(|_| Answer::Well),
        How::WebSocket { path } => {
            let request = Request::get(path)
                .header(HOST, "localhost")
                .header(CONNECTION, "Upgrade")
                .header(UPGRADE, "websocket")
                .header(SEC_WEBSOCKET_VERSION, "13")
                .header(SEC_WEBSOCKET_KEY, NONCE);
            let (answer, _) = send(connect(&probe.at, told).await?, request, 0).await?;
            let accepted = answer.headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| accept == ACCEPT);
            Ok(match answer.status {
                StatusCode::SWITCHING_PROTOCOLS if accepted => Answer::Well,
                StatusCode::SERVICE_UNAVAILABLE => Answer::Loading,
                _ => Answer::Silent,
            })
        }
        How::HttpReady { path } => {
            let request = Request::get(path).header(HOST, "localhost").header(CONNECTION, "close");
            let (answer, body) = send(connect(&probe.at, told).await?, request, BODY).await?;
            let loading = verdict(answer.status) == Answer::Well && says_not_ready(&body);
            Ok(if loading { Answer::Loading } else { verdict(answer.status) })
        }
        How::Http { path, token: false } => {
            get(connect(&probe.at, told).await?, path, None).await.map(verdict)
        }
        How::Http { path, token: true } => {
            if stranger {
                let refused = get(connect(&probe.at, told).await?, path, Some(WRONG)).await?;
                match refused {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {}
                    StatusCode::SERVICE_UNAVAILABLE => return Ok(Answer::Loading),
                    _ => return Ok(Answer::Silent),
                }
            }
            get(connect(&probe.at, told).await?, path, Some(token.expose())).await.map(verdict)
        }
    }
}

/// A health answer that says nothing of it is one of an older or a newer version, which serves.
fn says_not_ready(body: &[u8]) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    body.and_then(|body| body.get("ready")?.as_bool()) == Some(false)
}

fn verdict(status: StatusCode) -> Answer {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Answer::Loading,
        status if status.is_success() => Answer::Well,
        _ => Answer::Silent,
    }
}

async fn get(stream: Stream, path: &str, bearer: Option<&str>) -> io::Result<StatusCode> {
    let mut request = Request::get(path).header(HOST, "localhost").header(CONNECTION, "close");
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
    }
    Ok(send(stream, request, 0).await?.0.status)
}

/// The answer's head, and its body where up to so many bytes of it are wanted.
async fn send(
    stream: Stream,
    request: hyper::http::request::Builder,
    most: usize,
) -> io::Result<(hyper::http::response::Parts, Bytes)> {
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let connection = connection.with_upgrades();
    tokio::pin!(connection);
    let answer = async {
        let (head, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        if most == 0 {
            return Ok((head, Bytes::new()));
        }
        let body = Limited::new(body, most).collect().await.map_err(io::Error::other)?;
        Ok((head, body.to_bytes()))
    };
    tokio::pin!(answer);
    let mut open = true;
    loop {
        tokio::select! {
            answer = &mut answer => return answer,
            _ = &mut connection, if open => open = false,
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
type Stream = Box<dyn Duplex>;

#[allow(clippy::disallowed_methods, reason = "a worker of ours on this computer; nothing leaves it")]
async fn connect(at: &At, told: Option<&str>) -> io::Result<Stream> {
    let address = match at {
        At::Told => told.and_then(|told| told.parse().ok()),
        At::Tcp(address) => Some(*address),
        #[cfg(unix)]
        At::Unix(path) => return Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        At::Unix(_) => None,
    };
    let local = address.filter(|address: &SocketAddr| address.ip().is_loopback());
    let address = local.ok_or_else(|| io::Error::other("no address of this computer"))?;
    Ok(Box::new(TcpStream::connect(address).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    const TIMEOUT: Duration = Duration::from_millis(500);

    async fn listener() -> (TcpListener, At) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, At::Tcp(address))
    }

    async fn answer(how: How, at: At) -> Answer {
        let token = Token::fresh().unwrap();
        ask_all(&[Probe { how, at, timeout: TIMEOUT }], None, &token, false).await
    }

    /// What one connection is answered with, and what follows from it.
    async fn says(how: How, words: &str) -> Answer {
        let (listener, at) = listener().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(words.as_bytes()).await.unwrap();
            stream
        };
        tokio::join!(answer(how, at), serve).0
    }

    #[tokio::test]
    async fn a_body_may_say_that_it_is_not_ready() {
        let said = [
            (r#"{"status":"ok","ready":true}"#, Answer::Well),
            (r#"{"status":"ok","ready":false}"#, Answer::Loading),
            (r#"{"status":"ok"}"#, Answer::Well),
            ("fine", Answer::Well),
        ];
        for (body, expected) in said {
            let words = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let how = How::HttpReady { path: "/health".to_owned() };
            assert_eq!(says(how, &words).await, expected, "{body}");
        }
        let how = How::HttpReady { path: "/health".to_owned() };
        let broken = "HTTP/1.1 500 Broken\r\nContent-Length: 15\r\n\r\n{\"ready\":false}";
        assert_eq!(says(how, broken).await, Answer::Silent);
    }

    fn http() -> How {
        How::Http { path: "/health?x=1".to_owned(), token: false }
    }

    fn socket() -> How {
        How::WebSocket { path: "/asr".to_owned() }
    }

    #[tokio::test]
    async fn a_real_websocket_is_well_and_an_imitation_is_not() {
        let (listener, at) = listener().await;
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            tokio_tungstenite::accept_async(stream).await.map(drop).ok();
        };
        assert_eq!(tokio::join!(answer(socket(), at), serve).0, Answer::Well);
        let head = "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
        assert_eq!(says(socket(), &format!("{head}Sec-WebSocket-Accept: no\r\n\r\n")).await, Answer::Silent);
        assert_eq!(says(socket(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await, Answer::Silent);
        assert_eq!(says(socket(), "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n").await, Answer::Loading);
    }

    #[tokio::test]
    async fn statuses_have_meanings() {
        for (status, meaning) in [
            ("200 OK", Answer::Well),
            ("204 Empty", Answer::Well),
            ("301 Moved", Answer::Silent),
            ("404 No", Answer::Silent),
            ("500 Broken", Answer::Silent),
            ("503 Loading", Answer::Loading),
        ] {
            let words = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(says(http(), &words).await, meaning, "{status}");
        }
        assert_eq!(says(http(), "no HTTP at all\r\n\r\n").await, Answer::Silent);
    }

    #[tokio::test]
    async fn nobody_and_nobody_in_time_are_silent() {
        let (listener, at) = listener().await;
        assert_eq!(answer(How::Tcp, at.clone()).await, Answer::Well);
        assert_eq!(answer(http(), at.clone()).await, Answer::Silent, "accepted and never answered");
        drop(listener);
        assert_eq!(answer(How::Tcp, at).await, Answer::Silent);
        assert_eq!(answer(How::Tcp, At::Told).await, Answer::Silent);
        assert_eq!(answer(http(), At::Unix("/nowhere/at-all".into())).await, Answer::Silent);
        assert_eq!(answer(How::Tcp, At::Tcp("192.0.2.1:80".parse().unwrap())).await, Answer::Silent);
    }

    #[tokio::test]
    async fn the_worst_of_several_answers_counts() {
        let (listener, at) = listener().await;
        let token = Token::fresh().unwrap();
        let tcp = Probe { how: How::Tcp, at, timeout: TIMEOUT };
        let told = Probe { at: At::Told, ..tcp.clone() };
        let address = listener.local_addr().unwrap().to_string();
        let both = [tcp, told];
        assert_eq!(ask_all(&both, Some(&address), &token, false).await, Answer::Well);
        assert_eq!(ask_all(&both, Some("127.0.0.1:1"), &token, false).await, Answer::Silent);
        assert_eq!(ask_all(&[], None, &token, false).await, Answer::Well);
    }
}
