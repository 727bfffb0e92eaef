//! What a provider says when it refuses, of any bytes under any status: it is classified without a panic, and what is kept
//! of it is short.

#![no_main]

use std::time::UNIX_EPOCH;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tonny_egress::classify::{self, Refusal};

const PROVIDERS: [&str; 6] = ["openai", "anthropic", "gemini", "bedrock", "openrouter", "groq"];

/// Those that are read.
const HEADERS: [&str; 6] = [
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens",
    "content-type",
    "x-amzn-errortype",
];

/// Of a body of any length; the limit is the app's own, with room for what stands for a masked value.
const KEPT: usize = 16 * 1024;

fuzz_target!(|data: &[u8]| {
    let Some((rest, [provider, header, high, low])) = data.split_last_chunk::<4>() else { return };
    let provider = PROVIDERS[usize::from(*provider) % PROVIDERS.len()];
    let (value, body) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(HEADERS[usize::from(*header) % HEADERS.len()], value);
    }
    let status = 100 + u16::from_be_bytes([*high, *low]) % 500;
    let fault = classify::classify(&Refusal { provider, status, headers: &headers, body, now: UNIX_EPOCH });
    assert!(fault.body.len() <= KEPT, "{} bytes are kept", fault.body.len());
    let _ = classify::used_up(&headers, provider);
    if let Ok(text) = std::str::from_utf8(body) {
        let fault = classify::in_stream(provider, None, text);
        assert!(fault.body.len() <= KEPT, "{} bytes are kept", fault.body.len());
    }
});
