//! One attempt: an approved request goes out, the events of its answer come in, under timers and until somebody stops it.
//!
//! Owns the connection and nothing else: dropping the future closes the socket, in every phase. Exactly one terminal event
//! is the last thing the receiver gets. A receiver that stands still holds the socket up, not memory. Who is asked, and what
//! comes after a failure, is not known here (`turn.rs`).

mod timers;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, DATE, HeaderMap, HeaderValue};
use reqwest::{Body, Method, Request, Response, Url};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use timers::Timers;

use crate::chat::{ChatRequest, Event};
use crate::classify::{Refusal, classify, used_up};
use crate::client::{ChatClient, headers};
use crate::fault::{Fault, FaultCode};
use crate::policy::Approved;
use crate::provider::Provider;
use crate::unreachable;
use crate::wire::Answer;

/// Bytes of an error's body that are waited for.
const ERROR_BODY: usize = 64 * 1024;

/// Bytes of one answer, text and frames; the longest of today's models are under 8 MiB.
const LONGEST_ANSWER: u64 = 64 << 20;

/// What ends an attempt from outside.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The person, or the program that ends.
    pub cancel: CancellationToken,
    /// Whether nothing may leave this machine.
    pub offline: watch::Receiver<bool>,
}

/// One request and whom it goes to.
pub struct Attempt<'a> {
    /// Who answers.
    pub provider: &'a Provider,
    /// What was judged.
    pub approved: Approved<ChatRequest>,
    /// The provider's key, where it has one.
    pub key: Option<&'a str>,
    /// How long to wait for what.
    pub timers: Timers,
}

/// Counts the bytes of an answer, also of one that is given up, and keeps what its head says of the limits.
#[derive(Debug, Default)]
pub struct Received {
    bytes: AtomicU64,
    used_up: OnceLock<Duration>,
}

impl Received {
    /// How many came so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How long nothing more is free after this one, where the provider said that this one was the last.
    pub fn used_up(&self) -> Option<Duration> {
        self.used_up.get().copied()
    }

    fn more(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Attempt<'_> {
    /// Runs until the terminal event was handed over, or until nobody receives any more.
    pub async fn run(
        self,
        client: &ChatClient,
        stop: &mut Stop,
        events: &mpsc::Sender<Event>,
        received: &Received,
    ) {
        let mut answer = self.provider.answer();
        let mut rest = Vec::new();
        let ended = tokio::select! {
            biased;
            fault = stop.stopped(&self) => Err(fault),
            ended = self.stream(client, &mut answer, events, received) => ended,
        };
        if let Err(fault) = ended {
            answer.interrupt(fault, &mut rest);
        }
        for event in rest {
            // Whoever does not listen any more does not need the end either.
            let _ = events.send(event).await;
        }
    }

    async fn stream(
        &self,
        client: &ChatClient,
        answer: &mut Answer,
        events: &mpsc::Sender<Event>,
        received: &Received,
    ) -> Result<(), Fault> {
        let mut clock = self.timers.start(Instant::now());
        let request = self.request()?;
        let (until, late) = clock.due();
        let sent =
            timeout_at(until, client.http(self.approved.target().is_loopback()).execute(request)).await;
        let answered = sent.map_err(|_| self.fault(late))?;
        let mut response = answered.map_err(|error| unreachable::fault(&self.provider.id, &error))?;
        if !response.status().is_success() {
            return Err(self.refused(response, until, received).await);
        }
        if is_packed(response.headers()) {
            return Err(self.fault(FaultCode::STREAM_PROTOCOL));
        }
        if let Some(free_in) = used_up(response.headers(), &self.provider.id) {
            _ = received.used_up.set(free_in);
        }
        let mut out = Vec::new();
        while !answer.is_over() {
            let (until, late) = clock.due();
            match timeout_at(until, response.chunk()).await {
                Err(_) => return Err(self.fault(late)),
                Ok(Err(error)) => return Err(unreachable::broken_off(&self.provider.id, &error)),
                Ok(Ok(None)) => answer.end(&mut out),
                Ok(Ok(Some(chunk))) => {
                    received.more(chunk.len());
                    answer.push(&chunk, &mut out);
                    clock.heard(&out, Instant::now());
                }
            }
            for event in out.drain(..) {
                events.send(event).await.map_err(|_| self.fault(FaultCode::CANCELLED_BY_USER))?;
            }
            if received.bytes() > LONGEST_ANSWER && !answer.is_over() {
                return Err(self.fault(FaultCode::STREAM_PROTOCOL));
            }
        }
        Ok(())
    }

    /// The request, and the proof that its bytes and its host are those that were judged.
    fn request(&self) -> Result<Request, Fault> {
        let call = self.provider.chat(&self.approved.request().model);
        let url: Url = call.url.parse().map_err(|_| self.fault(FaultCode::INVALID_REQUEST))?;
        let host_is_judged = url.host_str().is_some_and(|host| self.approved.is_for(host));
        let auth = self.key.and_then(|key| self.provider.auth(key));
        let headers = headers(&call.headers, auth.as_ref());
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers.ok_or_else(|| self.fault(FaultCode::AUTH_INVALID))?;
        // What is packed could unpack to any size.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *request.body_mut() = Some(self.approved.body().to_vec().into());
        let goes_out = request.body().and_then(Body::as_bytes).unwrap_or_default();
        if host_is_judged && self.approved.body_matches(goes_out) {
            Ok(request)
        } else {
            Err(self.fault(FaultCode::INTERNAL))
        }
    }

    /// What an answer with another status says.
    async fn refused(&self, mut response: Response, until: Instant, received: &Received) -> Fault {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < ERROR_BODY {
            match timeout_at(until, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    received.more(chunk.len());
                    body.extend_from_slice(&chunk);
                }
                // What came so far is said; a status is a status.
                _ => break,
            }
        }
        // The provider's own clock: a delay that is given as a date is meant by it.
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let now = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(UNIX_EPOCH);
        classify(&Refusal { provider: &self.provider.id, status, headers: &headers, body: &body, now })
    }

    fn fault(&self, code: FaultCode) -> Fault {
        Fault::new(code, &*self.provider.id)
    }
}

/// Whether an answer is compressed although nobody asked for that: it is never unpacked.
fn is_packed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity")
}

impl Stop {
    /// Waits until this attempt must end.
    async fn stopped(&mut self, attempt: &Attempt<'_>) -> Fault {
        let Self { cancel, offline } = self;
        let leaves_the_machine = !attempt.approved.target().is_loopback();
        let gone_offline = async {
            if !leaves_the_machine || offline.wait_for(|offline| *offline).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let code = tokio::select! {
            () = cancel.cancelled() => FaultCode::CANCELLED_BY_USER,
            () = gone_offline => FaultCode::POLICY_DENIED,
        };
        attempt.fault(code)
    }
}
