//! The engine's plain HTTP side: is it well, and a whole recording in one request.
//!
//! Owns: the few lines of HTTP/1.1 that need no library: one request, one answer, closed. Must not know: sessions.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::handshake::{check_language, is_address};
use crate::error::SpeechError;
use crate::half;
use crate::ready::Health;

/// More answer than a day of speech has text; whatever sends more is no speech engine.
const LARGEST_ANSWER: u64 = 8 * 1024 * 1024;

/// A healthy engine answers at once; one that decodes on the same core within this.
const HEALTH_SECONDS: u64 = 5;

/// Separates the parts of the upload. Fixed: WAV audio of 16-bit samples would have to say exactly this.
const BOUNDARY: &str = "tonnytray-4c7e9b1f0d2a";

/// Asks whether the engine at `address` is well. Needs no token.
///
/// # Errors
/// Any [`SpeechError`] of a connection; `Refused` for any status but 200, `Answer` when it is not the known shape.
pub async fn health(address: &str) -> Result<Health, SpeechError> {
    check_address(address)?;
    let head = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let body = ask(address, head.as_bytes(), &[], Duration::from_secs(HEALTH_SECONDS)).await?;
    serde_json::from_slice(&body).map_err(SpeechError::Message)
}

/// Sends a whole recording (16 kHz mono) to an engine with the REST side, and gives the text.
///
/// # Errors
/// As [`health`]; statuses 408, 429 and 5xx are worth another try.
pub async fn transcribe(
    address: &str,
    token: Option<&str>,
    language: Option<&str>,
    samples: &[i16],
    patience: Duration,
) -> Result<String, SpeechError> {
    check_address(address)?;
    let mut body = Vec::with_capacity(samples.len() * 2 + 1_024);
    for (name, value) in [("response_format", Some("json")), ("language", language)] {
        let Some(value) = value else { continue };
        check_language(value)?;
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let file =
        "Content-Disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\nContent-Type: audio/wav";
    body.extend_from_slice(format!("--{BOUNDARY}\r\n{file}\r\n\r\n").as_bytes());
    body.extend_from_slice(&wav_header(samples.len()));
    body.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let head = head(address, token, body.len())?;
    let answer = ask(address, head.as_bytes(), &body, patience).await?;
    let answer: serde_json::Value =
        half::read(&String::from_utf8_lossy(&answer)).map_err(SpeechError::Message)?;
    let text = answer.get("text").and_then(serde_json::Value::as_str).ok_or(SpeechError::Answer)?;
    Ok(text.trim().to_owned())
}

fn head(address: &str, token: Option<&str>, length: usize) -> Result<String, SpeechError> {
    let token = match token {
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            format!("Authorization: Bearer {token}\r\n")
        }
        Some(_) => return Err(SpeechError::Request { part: "token" }),
        None => String::new(),
    };
    Ok(format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    ))
}

/// Samples as a WAV file: PCM, mono, 16 kHz, 16 bits.
pub fn wav_file(samples: &[i16]) -> Vec<u8> {
    let mut file = wav_header(samples.len());
    file.reserve_exact(samples.len() * 2);
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

fn wav_header(samples: usize) -> Vec<u8> {
    let bytes = u32::try_from(samples * 2).unwrap_or(u32::MAX - 36);
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(bytes + 36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16u32.to_le_bytes());
    for half in [1u16, 1] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    for word in [16_000u32, 32_000] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    for half in [2u16, 16] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}

fn check_address(address: &str) -> Result<(), SpeechError> {
    if is_address(address) { Ok(()) } else { Err(SpeechError::Request { part: "address" }) }
}

/// One request, its answer's body. Any status but 200 is an error.
async fn ask(address: &str, head: &[u8], body: &[u8], patience: Duration) -> Result<Vec<u8>, SpeechError> {
    let timeout = || SpeechError::Timeout { address: address.into(), seconds: patience.as_secs() };
    tokio::time::timeout(patience, exchange(address, head, body)).await.map_err(|_| timeout())?
}

#[allow(clippy::disallowed_methods, reason = "the client of the wire; the worker is on 127.0.0.1")]
async fn exchange(address: &str, head: &[u8], body: &[u8]) -> Result<Vec<u8>, SpeechError> {
    let connect = |source| SpeechError::Connect { address: address.into(), source };
    let stream = TcpStream::connect(address).await.map_err(connect)?;
    let (mut reader, mut writer) = stream.into_split();
    // Read while writing: a server that refuses the upload answers before it has taken it in.
    let send = async {
        writer.write_all(head).await?;
        writer.write_all(body).await?;
        writer.flush().await
    };
    let mut answer = Vec::new();
    let receive = async {
        match (&mut reader).take(LARGEST_ANSWER).read_to_end(&mut answer).await {
            // Refused in the middle of an upload, the connection may be reset behind the answer.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset && !answer.is_empty() => Ok(0),
            read => read,
        }
    };
    let (sent, received) = tokio::join!(send, receive);
    if answer.is_empty() {
        sent.map_err(connect)?;
    }
    received.map_err(connect)?;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Result<Vec<u8>, SpeechError> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or(SpeechError::Answer)?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| SpeechError::Answer)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
    let status = status.and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or(SpeechError::Answer)?;
    if status != 200 {
        return Err(SpeechError::Refused { status });
    }
    let header = |wanted: &str| {
        head.split("\r\n").skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    // Never sent to a client that asked for the connection to be closed, by the servers this speaks to.
    if header("transfer-encoding").is_some() {
        return Err(SpeechError::Answer);
    }
    let body = &answer[end + 4..];
    match header("content-length").map(|length| length.parse::<usize>()) {
        None => Ok(body.to_vec()),
        Some(Ok(length)) if length <= body.len() => Ok(body[..length].to_vec()),
        Some(_) => Err(SpeechError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_come() {
        let ok = |text: &str| parse(text.as_bytes()).expect("a body");
        assert_eq!(ok("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}junk"), b"{}");
        assert_eq!(ok("HTTP/1.0 200 OK\r\n\r\n{}"), b"{}");
        let status = |text: &str| match parse(text.as_bytes()) {
            Err(SpeechError::Refused { status }) => Some(status),
            _ => None,
        };
        assert_eq!(status("HTTP/1.1 408 Too slow\r\n\r\n"), Some(408));
        for broken in [
            "",
            "HTTP/1.1 200",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0",
        ] {
            assert!(matches!(parse(broken.as_bytes()), Err(SpeechError::Answer)), "{broken}");
        }
        let cut = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}");
        assert!(matches!(cut, Err(SpeechError::Closed)));
    }

    #[test]
    fn the_wav_header_says_what_the_samples_are() {
        let header = wav_header(16_000);
        assert_eq!(header.len(), 44);
        assert_eq!(header[40..44], 32_000u32.to_le_bytes());
        assert_eq!(header[24..28], 16_000u32.to_le_bytes());
    }

    #[test]
    fn a_token_cannot_smuggle_a_header_in() {
        assert!(matches!(
            head("127.0.0.1:1", Some("a\r\nX: y"), 0),
            Err(SpeechError::Request { part: "token" })
        ));
    }
}
