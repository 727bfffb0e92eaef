//! A provider's answer that is no answer, to a [`Fault`].
//!
//! Never by the status alone: a 400 may be a wrong key, a 429 may be about money, a 402 may pass by itself, and a 200
//! may carry an error. What the provider says ([`said`]) is held against the rules ([`rules`]) in their order; what no
//! rule knows goes by its status ([`status`]), and is never taken for something that may be tried again but by its class.

mod delay;
mod rates;
mod redact;
mod rules;
mod said;
mod status;

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

pub use redact::redacted;

use crate::fault::{Fault, FaultCode};
use said::Said;

/// Bytes of an error's body that are looked at. The longest honest ones, with a whole stack trace, are shorter.
const LOOKED_AT: usize = 64 * 1024;

/// Headers in which providers name a request, those of the provider itself before those of a network in front of it.
const REQUEST_IDS: &[&str] = &[
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "x-generation-id",
    "mistral-correlation-id",
    "x-kong-request-id",
    "cf-ray",
];

/// What a provider answered instead of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The provider's id.
    pub provider: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, unpacked; of a long one the beginning is enough.
    pub body: &'a [u8],
    /// The time now, for delays that are given as a date.
    pub now: SystemTime,
}

/// What the rules look at.
struct Case<'a> {
    provider: &'a str,
    /// `None` inside of a stream, unless the error names one.
    status: Option<u16>,
    said: &'a Said,
    headers: Option<&'a HeaderMap>,
    retry_after: Option<Duration>,
}

/// How long nothing more is free at this provider, where the head of an answer says that it was the last of a limit and when
/// that begins anew.
pub fn used_up(headers: &HeaderMap, provider: &str) -> Option<Duration> {
    delay::of_reset(headers, rates::exhausted(headers, provider)?)
}

/// What an answer with this status, these headers and this body means.
pub fn classify(refusal: &Refusal<'_>) -> Fault {
    let body = String::from_utf8_lossy(&refusal.body[..refusal.body.len().min(LOOKED_AT)]);
    let mut said = Said::read(&body);
    let header = |name: &str| refusal.headers.get(name).and_then(|value| value.to_str().ok());
    // Bedrock says its type in a header, with an address behind a colon.
    said.kinds.extend(header("x-amzn-errortype").and_then(|kind| kind.split(':').next()).map(str::to_owned));
    said.html |= header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    // An error under 200 is what its body says.
    let status = if refusal.status < 300 { said.status } else { Some(refusal.status) };
    let mut retry_after = delay::of_headers(refusal.headers, refusal.now).max(said.retry_after);
    let case =
        Case { provider: refusal.provider, status, said: &said, headers: Some(refusal.headers), retry_after };
    let code = match code(&case) {
        // No error in it at all: whatever this is, it is not what was asked for.
        FaultCode::STREAM_ERROR_FRAME => FaultCode::STREAM_PROTOCOL,
        code => code,
    };
    if retry_after.is_none() && rates::exhausted(refusal.headers, refusal.provider) == Some(code) {
        retry_after = delay::of_reset(refusal.headers, code);
    }
    Fault {
        code,
        provider: refusal.provider.to_owned(),
        status: Some(refusal.status),
        request_id: REQUEST_IDS
            .iter()
            .find_map(|name| header(name))
            .map(str::to_owned)
            .or(said.request_id.clone()),
        kind: said.kinds.first().cloned(),
        body: redacted(&body),
        retry_after,
    }
}

/// What an error inside of a stream means that began with 200; `kind` is its type where the framing says it.
pub fn in_stream(provider: &str, kind: Option<&str>, body: &str) -> Fault {
    let mut said = Said::read(body);
    said.kinds.extend(kind.map(str::to_owned));
    let retry_after = said.retry_after;
    let code = code(&Case { provider, status: said.status, said: &said, headers: None, retry_after });
    Fault {
        code,
        provider: provider.to_owned(),
        status: None,
        kind: said.kinds.first().cloned(),
        body: redacted(body),
        request_id: said.request_id,
        retry_after,
    }
}

fn code(case: &Case<'_>) -> FaultCode {
    let code = rules::code(case).unwrap_or_else(|| status::code(case));
    if code == FaultCode::RATE_REQUESTS { rates::code(case) } else { code }
}
