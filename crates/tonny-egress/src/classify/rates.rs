//! Which limit was hit: requests, tokens, a day's, or those at the same time.

use reqwest::header::HeaderMap;

use super::Case;
use crate::fault::FaultCode;

const DAILY: &[&str] =
    &["per day", "(rpd)", "(tpd)", "perday", "daily", "per month", "monthly", "per-day", "requests per 24"];
const CONCURRENT: &[&str] =
    &["concurren", "in parallel", "simultaneous", "at the same time", "capacity exceeded"];
const TOKENS: &[&str] =
    &["tokens per", "(tpm)", "input tokens", "output tokens", "too many tokens", "token limit"];

/// The limit of this case, by its words, then by the headers; of requests if nothing says more.
pub fn code(case: &Case<'_>) -> FaultCode {
    let said = case.said;
    let named = |pieces: &[&str]| {
        said.says(pieces)
            || said.kinds.iter().any(|kind| pieces.iter().any(|piece| kind.to_lowercase().contains(piece)))
    };
    // A day's limit is of tokens or of requests too, so it is asked first.
    if named(DAILY) {
        FaultCode::RATE_DAILY
    } else if named(CONCURRENT) || said.is(&["capacity_exceeded", "service_tier_capacity_exceeded"]) {
        FaultCode::RATE_CONCURRENT
    } else if named(TOKENS) || said.is(&["tokens"]) || named(&["input_token_count", "inputtokens"]) {
        FaultCode::RATE_TOKENS
    } else if said.is(&["requests"]) || said.says(&["requests per"]) {
        FaultCode::RATE_REQUESTS
    } else {
        case.headers.and_then(|headers| exhausted(headers, case.provider)).unwrap_or(FaultCode::RATE_REQUESTS)
    }
}

/// The limit of which the headers say that nothing is left.
pub fn exhausted(headers: &HeaderMap, provider: &str) -> Option<FaultCode> {
    let none_left =
        |names: &[&str]| names.iter().any(|name| headers.get(*name).is_some_and(|left| left == "0"));
    let tokens = [
        "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-output-tokens-remaining",
    ];
    if none_left(&["x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"]) {
        // What Groq's headers call requests is of a day.
        return Some(if provider == "groq" { FaultCode::RATE_DAILY } else { FaultCode::RATE_REQUESTS });
    }
    none_left(&tokens).then_some(FaultCode::RATE_TOKENS)
}
