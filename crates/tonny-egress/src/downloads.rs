//! Downloads: one file at a time, resumed, checked, and in place only when whole.
//!
//! Dropping the future of [`Downloads::fetch`] cancels it; the part stays and the next call goes on from there. An answer
//! is trusted for nothing but bytes: the SHA-256 decides.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use crate::part::{self, Part};
use crate::switch::is_here;
use crate::witness::{Going, Witness, fault_of};
use crate::{EgressError, PackageIndex, Switch};

/// What the ledger calls them.
const PURPOSE: &str = "download";
/// A host that does not answer the handshake in this time is taken as unreachable; Linux alone would try for 2 minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longer silences than this are not seen on links that still work.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Model hubs use two or three (hub, storage bucket, edge); more is a loop.
const MAX_REDIRECTS: usize = 6;
/// Broken connections are taken up again at once, this often, as long as each brought bytes.
const MAX_RESUMES: u32 = 5;
/// Bytes between two reports of progress: a bar moves smoothly and a 70 MB file makes about 300 reports.
const REPORT_EVERY: u64 = 256 << 10;

/// The downloader. Cheap to clone: connections are shared.
#[derive(Clone, Debug)]
pub struct Downloads {
    pub(crate) client: Client,
    pub(crate) stall: Duration,
    switch: Switch,
    witness: Witness,
}

/// One file to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// https; or http to this machine itself.
    pub url: String,
    /// Where it belongs. `<dest>.part` is used on the way.
    pub dest: PathBuf,
    /// Size in bytes, where known.
    pub bytes: Option<u64>,
    /// Hex SHA-256, lower case.
    pub sha256: String,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes on disk.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// How one attempt ended well.
enum Attempt {
    /// The file is complete, hash not looked at yet. `resumed`: begun by an earlier attempt.
    Complete { resumed: bool },
    /// The server does not agree with the part; it was emptied.
    Restarted,
}

impl Downloads {
    /// With a stall timeout of 30 s. Trusts the system's certificates (on Linux also SSL_CERT_FILE and SSL_CERT_DIR).
    pub fn new() -> Result<Self, EgressError> {
        Self::with_stall_timeout(STALL_TIMEOUT)
    }

    /// With another stall timeout.
    pub fn with_stall_timeout(stall: Duration) -> Result<Self, EgressError> {
        let switch = Switch::default();
        let judge = switch.clone();
        let client = Client::builder()
            .user_agent(concat!("TonnyTray/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::custom(move |attempt| follow(attempt, &judge)))
            .build()
            .map_err(EgressError::Client)?;
        Ok(Self { client, stall, switch, witness: Witness::default() })
    }

    /// What closes it to other machines.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// What sees everything that is asked for.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Fetches a file; returns at once when it is already there with the right hash.
    pub async fn fetch(&self, request: &Request, progress: impl Fn(Progress)) -> Result<(), EgressError> {
        let url = secure(&request.url)?;
        let (dest, sha256) = (request.dest.clone(), request.sha256.clone());
        let opened = blocking(&request.dest, move || match part::is_there(&dest, &sha256)? {
            true => Ok(None),
            false => Part::open(&dest).map(Some),
        });
        let Some(mut part) = opened.await? else {
            let size = request.dest.metadata().map_or(0, |meta| meta.len());
            progress(Progress { done: size, total: Some(size) });
            return Ok(());
        };
        let mut resumes = 0;
        loop {
            let before = part.len();
            match self.attempt(&url, request, &mut part, &progress).await {
                Ok(Attempt::Complete { .. }) if part.sha256() == request.sha256 => {
                    return blocking(&request.dest, move || part.finish()).await;
                }
                // A resumed file that is wrong may have been begun by another version of it: once more from the start.
                Ok(Attempt::Complete { resumed: true }) => part.restart()?,
                Ok(Attempt::Complete { resumed: false }) => {
                    let found = part.sha256();
                    part.discard()?;
                    let (path, expected) = (request.dest.clone(), request.sha256.clone());
                    return Err(EgressError::HashMismatch { path, expected, found });
                }
                Ok(Attempt::Restarted) => {}
                Err(EgressError::Network { .. } | EgressError::CutShort { .. })
                    if resumes < MAX_RESUMES && part.len() > before =>
                {
                    resumes += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks a package index for the address of a package's file.
    pub async fn resolve_wheel(
        &self,
        index: &PackageIndex,
        package: &str,
        version: &str,
        file: &str,
    ) -> Result<String, EgressError> {
        crate::package_index::resolve(self, index, package, version, file).await
    }

    async fn attempt(
        &self,
        url: &Url,
        request: &Request,
        part: &mut Part,
        progress: &impl Fn(Progress),
    ) -> Result<Attempt, EgressError> {
        if request.bytes.is_some_and(|bytes| part.len() > bytes) {
            part.restart()?;
        }
        if request.bytes == Some(part.len()) && part.len() > 0 {
            return Ok(Attempt::Complete { resumed: true });
        }
        let start = part.len();
        let mut asked = self.client.get(url.clone());
        if start > 0 {
            asked = asked.header(RANGE, format!("bytes={start}-"));
        }
        let mut going = self.begin(url)?;
        let got = self.got(url, asked.send(), request, part, progress, &mut going).await;
        going.ended(got.as_ref().err().map(fault_of));
        got
    }

    async fn got(
        &self,
        url: &Url,
        asked: impl Future<Output = reqwest::Result<Response>>,
        request: &Request,
        part: &mut Part,
        progress: &impl Fn(Progress),
        going: &mut Going,
    ) -> Result<Attempt, EgressError> {
        let start = part.len();
        let response = self.in_time(url, asked).await?;
        self.led_on(url, response.url(), going);
        match response.status() {
            StatusCode::OK => part.restart()?,
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(start) => {}
            // The part is longer than the file, or not a beginning of it.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => {
                part.restart()?;
                return Ok(Attempt::Restarted);
            }
            status => return Err(EgressError::Refused { host: host(url), status: status.as_u16() }),
        }
        let resumed = response.status() == StatusCode::PARTIAL_CONTENT;
        self.receive(url, response, request, part, progress, going).await?;
        Ok(Attempt::Complete { resumed })
    }

    async fn receive(
        &self,
        url: &Url,
        mut response: Response,
        request: &Request,
        part: &mut Part,
        progress: &impl Fn(Progress),
        going: &mut Going,
    ) -> Result<(), EgressError> {
        let total = request.bytes.or(response.content_length().map(|rest| part.len() + rest));
        if let Some(total) = total {
            part::check_room(&request.dest, total.saturating_sub(part.len()))?;
        }
        let mut reported = part.len();
        progress(Progress { done: reported, total });
        while let Some(bytes) = self.in_time(url, response.chunk()).await? {
            going.received(bytes.len());
            part.append(&bytes)?;
            // More than was published is wrong already; the hash says so without filling the disk.
            if request.bytes.is_some_and(|expected| part.len() > expected) {
                break;
            }
            if part.len() - reported >= REPORT_EVERY {
                reported = part.len();
                progress(Progress { done: reported, total });
            }
        }
        progress(Progress { done: part.len(), total });
        match total {
            Some(expected) if part.len() < expected => {
                Err(EgressError::CutShort { host: host(url), got: part.len(), expected })
            }
            _ => Ok(()),
        }
    }

    /// A request is about to leave, if it may.
    pub(crate) fn begin(&self, url: &Url) -> Result<Going, EgressError> {
        match self.switch.bars(url.host_str()) {
            true => Err(EgressError::Offline { host: host(url) }),
            false => Ok(self.witness.begin(PURPOSE, host(url))),
        }
    }

    /// Where redirects led to another host, that one was asked, too; what comes, comes from there.
    pub(crate) fn led_on(&self, from: &Url, to: &Url, going: &mut Going) {
        if from.host() != to.host() {
            std::mem::replace(going, self.witness.begin(PURPOSE, host(to))).ended(None);
        }
    }

    /// Bounds a wait for the network by the stall timeout.
    pub(crate) async fn in_time<T>(
        &self,
        url: &Url,
        wait: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, EgressError> {
        let in_time = tokio::time::timeout(self.stall, wait);
        let Some(ended) = self.switch.pass(url.host_str(), in_time).await else {
            return Err(EgressError::Offline { host: host(url) });
        };
        match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) if source.is_redirect() => Err(EgressError::Redirected { host: host(url) }),
            Ok(Err(source)) => Err(EgressError::Network { host: host(url), source: source.without_url() }),
            Err(_) => Err(EgressError::Stalled { host: host(url), seconds: self.stall.as_secs() }),
        }
    }
}

/// The address, if nobody on the way can read or change what comes.
pub(crate) fn secure(address: &str) -> Result<Url, EgressError> {
    match Url::parse(address) {
        Ok(url) if is_secure(&url) => Ok(url),
        _ => Err(EgressError::Insecure(address.to_owned())),
    }
}

/// The host as errors name it.
pub(crate) fn host(url: &Url) -> String {
    url.host_str().unwrap_or("the address").to_owned()
}

fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_here(url.host_str()))
}

fn follow(attempt: redirect::Attempt<'_>, switch: &Switch) -> redirect::Action {
    // A public host must not send us to a service of this machine, so only loopback may name loopback.
    let from_https = attempt.previous().first().is_some_and(|first| first.scheme() == "https");
    let allowed = if from_https { attempt.url().scheme() == "https" } else { is_secure(attempt.url()) };
    if !allowed || switch.bars(attempt.url().host_str()) || attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("redirect refused");
    }
    attempt.follow()
}

/// The first byte of `Content-Range: bytes 100-199/200` (RFC 9110, section 14.4).
fn range_start(response: &Response) -> Option<u64> {
    let value = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// Hashing and syncing whole files takes seconds on slow disks; those do not hold up the runtime.
async fn blocking<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> Result<T, EgressError> + Send + 'static,
) -> Result<T, EgressError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|died| {
        Err(EgressError::Io { path: path.to_owned(), source: std::io::Error::other(died) })
    })
}
