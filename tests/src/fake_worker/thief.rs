//! The port thief: holds many loopback ports, moves on all the time, and answers 200 to everything. Whoever takes "a port
//! answers" for "my worker answers" talks to it sooner or later.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Where programs that ask for any port get theirs, on every system.
const FIRST: u16 = 32_768;
const LAST: u16 = 60_999;
/// Ports given up and taken anew in each round.
const MOVES: usize = 8;
const ROUND: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\nconnection: close\r\n\r\n{\"status\":\"ok\",\"ready\":true }";

/// Ends when standard input closes.
pub fn steal(ports: usize) -> ExitCode {
    let mut held = VecDeque::new();
    let mut seed = super::now_ns();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        held.drain(..held.len().min(MOVES));
        // Bounded: where most ports are taken, the next round goes on.
        for _ in 0..ports {
            if held.len() >= ports {
                break;
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let port = FIRST + u16::try_from((seed >> 33) % u64::from(LAST - FIRST + 1)).unwrap_or(0);
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
                held.push_back(listener);
            }
        }
        answer_all(&held);
    }
}

fn answer_all(held: &VecDeque<TcpListener>) {
    let mut files: Vec<PollFd<'_>> =
        held.iter().map(|listener| PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)).collect();
    if poll(&mut files, Some(&ROUND)).is_err() {
        return;
    }
    let called: Vec<bool> = files.iter().map(|file| !file.revents().is_empty()).collect();
    for (listener, _) in held.iter().zip(called).filter(|(_, called)| *called) {
        if let Ok((stream, _)) = listener.accept() {
            std::thread::spawn(move || answer(stream));
        }
    }
}

fn answer(mut stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(ANSWER);
}
