//! Asks a worker whether it is well: an HTTP request, a WebSocket handshake, a TCP connection. Only on this computer.
//! It says what was answered; what follows from that is the machine's business.

mod owner;

pub(crate) use owner::listens;

use crate::Token;
use http_body_util::Empty;
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
            let answer = send(connect(&probe.at, told).await?, request).await?;
            let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| accept == ACCEPT);
            Ok(match answer.status() {
                StatusCode::SWITCHING_PROTOCOLS if accepted => Answer::Well,
                StatusCode::SERVICE_UNAVAILABLE => Answer::Loading,
                _ => Answer::Silent,
            })
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
    Ok(send(stream, request).await?.status())
}

async fn send(
    stream: Stream,
    request: hyper::http::request::Builder,
) -> io::Result<hyper::Response<hyper::body::Incoming>> {
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let connection = connection.with_upgrades();
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let mut open = true;
    loop {
        tokio::select! {
            answer = &mut answer => return answer.map_err(io::Error::other),
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
