//! A connection that was not made, or broke: which of the reasons, told from the HTTP client's error.

use std::error::Error;

use crate::fault::{Fault, FaultCode};

/// Nothing was answered.
pub(crate) fn fault(provider: &str, error: &reqwest::Error) -> Fault {
    let said = said(error);
    let has = |pieces: &[&str]| pieces.iter().any(|piece| said.contains(piece));
    let code = match () {
        () if error.is_connect() && (error.is_timeout() || has(&["timed out"])) => FaultCode::TIMEOUT_CONNECT,
        () if has(&["dns error", "failed to lookup"]) => FaultCode::DNS,
        () if has(&["certificate", "tls", "handshake"]) => FaultCode::TLS,
        () if has(&["proxy", "tunnel"]) => FaultCode::PROXY,
        () if error.is_connect() => FaultCode::CONNECT_FAILED,
        // It took the request and closed without a word.
        () => FaultCode::STREAM_INTERRUPTED,
    };
    told(code, provider, said)
}

/// The answer broke off.
pub(crate) fn broken_off(provider: &str, error: &reqwest::Error) -> Fault {
    told(FaultCode::STREAM_INTERRUPTED, provider, said(error))
}

fn told(code: FaultCode, provider: &str, said: String) -> Fault {
    Fault { body: said, ..Fault::new(code, provider) }
}

/// The whole chain in small letters, without the address: that may hold a key.
fn said(error: &reqwest::Error) -> String {
    let mut said = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&cause.to_string().to_lowercase());
        source = cause.source();
    }
    said
}
