//! What a session's handshake asks for, and what refusals mean.

use tokio_tungstenite::tungstenite::Error as WireError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::error::SpeechError;

/// The close code for a session that asks for something unsupported.
const UNSUPPORTED: u16 = 4400;

/// The close code for a wrong token, where a server closes instead of refusing the handshake.
const UNAUTHORISED: u16 = 4401;

/// The request: token only in a header, no Origin.
pub(super) fn request(
    address: &str,
    token: Option<&str>,
    language: Option<&str>,
) -> Result<Request, SpeechError> {
    if !is_address(address) {
        return Err(SpeechError::Request { part: "address" });
    }
    let mut uri = format!("ws://{address}/asr?mode=full");
    if let Some(language) = language {
        check_language(language)?;
        uri.push_str("&language=");
        uri.push_str(language);
    }
    let mut request = uri.into_client_request().map_err(|_| SpeechError::Request { part: "address" })?;
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| SpeechError::Request { part: "token" })?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Codes are letters and hyphens; anything else would need escaping and cannot be a language.
pub(super) fn check_language(language: &str) -> Result<(), SpeechError> {
    let fits =
        !language.is_empty() && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(()) } else { Err(SpeechError::Request { part: "language" }) }
}

/// `HOST:PORT` and nothing that would end the header it stands in, or name a path.
pub(super) fn is_address(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        && address.bytes().all(plain)
}

pub(super) fn wire(error: WireError) -> SpeechError {
    match error {
        WireError::Http(response) => SpeechError::Refused { status: response.status().as_u16() },
        WireError::ConnectionClosed | WireError::AlreadyClosed => SpeechError::Closed,
        error => SpeechError::Wire(Box::new(error)),
    }
}

/// Why a server closed a session that was not over.
pub(super) fn closed(frame: Option<CloseFrame>) -> SpeechError {
    match frame {
        Some(frame) if u16::from(frame.code) == UNSUPPORTED => {
            SpeechError::Rejected { reason: frame.reason.as_str().to_owned() }
        }
        Some(frame) if u16::from(frame.code) == UNAUTHORISED => SpeechError::Refused { status: 401 },
        _ => SpeechError::Closed,
    }
}
