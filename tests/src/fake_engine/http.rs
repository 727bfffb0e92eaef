//! The fake engine's plain HTTP side: `/health`, which needs no token, and the transcription of a whole file.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Script;

/// Answers one request and closes.
pub(super) async fn serve(mut stream: TcpStream, script: &Script) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, body) = answer(&request, script);
    let answer = format!(
        "HTTP/1.1 {status} Fake\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn answer(request: &str, script: &Script) -> (u16, String) {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let allowed = script.token.as_ref().is_none_or(|token| head.contains(&format!("Bearer {token}\r\n")));
    match head.split(' ').nth(1).unwrap_or_default() {
        "/health" => (200, json!({"status": "ok", "backend": "fake", "ready": true}).to_string()),
        "/v1/audio/transcriptions" if !allowed => (401, json!({"detail": "bad token"}).to_string()),
        "/v1/audio/transcriptions" if script.rest_status != 200 => {
            (script.rest_status, json!({"detail": "as scripted"}).to_string())
        }
        "/v1/audio/transcriptions" if request.contains("RIFF") => {
            (200, json!({"text": format!(" {} ", script.words)}).to_string())
        }
        "/v1/audio/transcriptions" => (400, json!({"detail": "no audio"}).to_string()),
        _ => (404, json!({"detail": "not here"}).to_string()),
    }
}

/// The whole request, its body with what is no text replaced.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
