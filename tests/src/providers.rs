//! Providers as a key meets them, on this machine: a proxy that every request for the outside is sent through, and behind
//! it one server that stands for all of them, with certificates of an authority of its own.
//!
//! What it answers is chosen by [`Manner`]; all of them but the good one give back whatever they were sent, in every place
//! of an answer that a program could repeat. The product's programs are told of it by their environment only.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tonny_core::secrets::{Trial, all};

/// Where the redirect leads; a request for it is one too many.
pub const ELSEWHERE: &str = "elsewhere.example.org";

/// What a provider does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Good,
    /// 401, with all that was sent in the reason, the headers and the body.
    Denies,
    /// 500, in the same way.
    Fails,
    /// Sends it on to another host, with all that was sent in the address.
    Redirects,
    /// Reads it and hangs up.
    Cuts,
    /// Answers with what it was sent, which is no answer.
    Garbles,
}

impl Manner {
    /// All of them, the good one first.
    pub const ALL: [Self; 6] =
        [Self::Good, Self::Denies, Self::Fails, Self::Redirects, Self::Cuts, Self::Garbles];
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The host that the program meant.
    pub host: String,
    /// Everything up to the empty line.
    pub head: String,
}

/// The server; its thread ends with the process.
pub struct Providers {
    port: u16,
    authority: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    tls: Arc<ServerConfig>,
    manner: Mutex<Manner>,
    asked: Mutex<Vec<Asked>>,
    /// Connections on which nothing was said.
    silent: Mutex<usize>,
}

impl Providers {
    /// Listens; its authority's certificate is written into `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let authority = folder.join("authority.pem");
        let shared = Arc::new(Shared {
            tls: Arc::new(certified(&authority)?),
            manner: Mutex::new(Manner::Good),
            asked: Mutex::default(),
            silent: Mutex::default(),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                let serving = serving.clone();
                // A peer that hangs up early is what is looked at, not a fault of the test.
                std::thread::spawn(move || _ = serving.serve(peer));
            }
        });
        Ok(Self { port, authority, shared })
    }

    /// What it does from now on.
    pub fn behave(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut lock(&self.shared.asked))
    }

    /// How many connections were made since the last time on which not one byte was sent.
    pub fn silent(&self) -> usize {
        std::mem::take(&mut lock(&self.shared.silent))
    }

    /// Host and port, for what is tried by a connection.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What a program's environment needs to meet it.
    pub fn variables(&self) -> Vec<(String, String)> {
        let proxy = format!("http://127.0.0.1:{}", self.port);
        let authority = self.authority.display().to_string();
        [("HTTPS_PROXY", proxy), ("SSL_CERT_FILE", authority)]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
    }
}

impl Shared {
    fn serve(&self, mut peer: TcpStream) -> Result<()> {
        peer.set_read_timeout(Some(Duration::from_secs(20)))?;
        let wish = head(&mut peer)?;
        if wish.is_empty() {
            *lock(&self.silent) += 1;
            return Ok(());
        }
        let host = wish.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()).context("a host")?;
        peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        let mut inside = StreamOwned::new(ServerConnection::new(self.tls.clone())?, peer);
        let head = head(&mut inside)?;
        lock(&self.asked).push(Asked { host: host.to_owned(), head: head.clone() });
        if let Some(answer) = answer(*lock(&self.manner), &head) {
            inside.write_all(answer.as_bytes())?;
            inside.conn.send_close_notify();
            inside.flush()?;
        }
        Ok(())
    }
}

/// Bytes up to the empty line; nothing where the other side hung up first.
fn head(from: &mut impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && from.read(&mut byte)? == 1 {
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8(bytes)?)
}

fn answer(manner: Manner, head: &str) -> Option<String> {
    // On one line, as a reason or a header can carry it.
    let echo = head.trim().replace("\r\n", " | ");
    let whole = |status: &str, more: &str| {
        let length = head.len();
        format!(
            "HTTP/1.1 {status}\r\n{more}x-echo: {echo}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{head}"
        )
    };
    match manner {
        Manner::Good => Some(whole("200 OK", "")),
        Manner::Denies => {
            Some(whole(&format!("401 {echo}"), &format!("www-authenticate: Bearer realm={echo:?}\r\n")))
        }
        Manner::Fails => Some(whole(&format!("500 {echo}"), "")),
        Manner::Redirects => {
            let place = format!("https://{ELSEWHERE}/?{}", echo.replace([' ', '|', '"'], "."));
            Some(whole("307 Temporary Redirect", &format!("location: {place}\r\n")))
        }
        Manner::Garbles => Some(format!("{echo}\r\n\r\n")),
        Manner::Cuts => None,
    }
}

/// A server that may speak for every provider of the table, and its authority in a file.
fn certified(authority: &Path) -> Result<ServerConfig> {
    let mut about = CertificateParams::new(Vec::new())?;
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(about, KeyPair::generate()?)?;
    std::fs::write(authority, issuer.pem())?;
    let key = KeyPair::generate()?;
    let names = hosts().into_iter().chain([ELSEWHERE.to_owned()]).collect::<Vec<_>>();
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())?;
    Ok(config)
}

/// Hosts that keys are tried at.
fn hosts() -> Vec<String> {
    let urls = all().iter().filter_map(|kind| match kind.trial {
        Trial::Get { url, .. } => Some(url),
        _ => None,
    });
    let host = |url: &str| url.split('/').nth(2).map(str::to_owned);
    urls.filter_map(host).collect()
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
