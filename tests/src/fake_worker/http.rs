//! The fake worker's server: `/health`, `/work?ms=N`, `/crash?signal=N`, and a WebSocket that never says a word. One thread
//! for each connection, or one for all (`--one-loop`), which is how health comes to wait behind work.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite;

use super::faults;
use super::flags::Flags;

/// More than any request that is sent here.
const REQUEST: usize = 16 * 1024;

struct House {
    flags: Flags,
    token: String,
    began: Instant,
}

/// Serves on threads of its own.
pub fn begin(server: TcpListener, flags: &Flags, token: String) {
    let house = Arc::new(House { flags: flags.clone(), token, began: Instant::now() });
    std::thread::spawn(move || {
        for stream in server.incoming().flatten() {
            let house = Arc::clone(&house);
            if house.flags.one_loop {
                house.answer(stream);
            } else {
                std::thread::spawn(move || house.answer(stream));
            }
        }
    });
}

impl House {
    fn answer(&self, mut stream: TcpStream) {
        if self.flags.stall && self.began.elapsed() >= Duration::from_millis(self.flags.stall_after) {
            return never(stream);
        }
        let mut peeked = [0; REQUEST];
        let size = stream.peek(&mut peeked).unwrap_or(0);
        let text = String::from_utf8_lossy(&peeked[..size]).to_ascii_lowercase();
        if text.contains("upgrade: websocket") {
            return half_open(stream);
        }
        let Some(head) = head(&mut stream) else { return };
        std::thread::sleep(Duration::from_millis(self.flags.late));
        let (status, body) = self.respond(&head);
        let _ = stream.write_all(
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
    }

    fn respond(&self, head: &str) -> (&'static str, String) {
        let target = head.split_whitespace().nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let allowed = head.lines().any(|line| {
            let Some((name, value)) = line.split_once(':') else { return false };
            name.eq_ignore_ascii_case("authorization") && value.trim() == format!("Bearer {}", self.token)
        });
        match path {
            "/health" if self.flags.guard_health && !allowed => ("401 Unauthorized", "{}".to_owned()),
            "/health" if self.flags.unwell => ("503 Service Unavailable", r#"{"ready":false}"#.to_owned()),
            "/health" => ("200 OK", r#"{"status":"ok","ready":true}"#.to_owned()),
            _ if !allowed => ("401 Unauthorized", "{}".to_owned()),
            "/work" => {
                self.work(number(query, "ms"));
                ("200 OK", r#"{"done":true}"#.to_owned())
            }
            "/crash" => {
                faults::raise(i32::try_from(number(query, "signal")).unwrap_or(libc::SIGKILL));
                ("200 OK", "{}".to_owned())
            }
            _ => ("404 Not Found", "{}".to_owned()),
        }
    }

    fn work(&self, ms: u64) {
        let all = Duration::from_millis(ms);
        let step = self.flags.heartbeat.map_or(all, Duration::from_millis);
        let began = Instant::now();
        while self.flags.lie || began.elapsed() < all {
            std::thread::sleep(step.min(all.saturating_sub(began.elapsed())).max(Duration::from_millis(1)));
            if self.flags.heartbeat.is_some() {
                eprintln!("working");
            }
        }
    }
}

fn number(query: &str, name: &str) -> u64 {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).filter_map(|(_, value)| value.parse().ok()).next().unwrap_or(0)
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let size = stream.read(&mut buffer).ok().filter(|size| *size > 0)?;
        head.extend_from_slice(&buffer[..size]);
        if head.len() > REQUEST {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Shakes hands and never speaks again.
fn half_open(stream: TcpStream) {
    if let Ok(socket) = tungstenite::accept(stream) {
        std::mem::forget(socket);
    }
}

fn never(stream: TcpStream) {
    std::mem::forget(stream);
}
