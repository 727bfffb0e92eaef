//! The ready line, right and in every wrong form.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use super::flags::{Flags, ReadyLine};
use super::now_ns;

const HUGE: usize = 10 * 1024 * 1024;

/// Says that the worker is ready, as the flags want it.
pub fn say(flags: &Flags, address: Option<SocketAddr>, main_ns: u64) {
    let good = move || good(address, main_ns);
    match flags.ready {
        ReadyLine::Good => print(good().as_bytes()),
        ReadyLine::Double => print(format!("{}{}", good(), good()).as_bytes()),
        ReadyLine::Words => print(b"Hello, I am ready now.\n"),
        ReadyLine::List => print(b"[1, 2, 3]\n"),
        ReadyLine::Huge => print(&vec![b'x'; HUGE]),
        ReadyLine::Empty => print(format!("\n{}", good()).as_bytes()),
        ReadyLine::Never => {}
        ReadyLine::Log => {
            let address = address.map(|address| address.to_string()).unwrap_or_default();
            eprintln!("fake-worker: listening on http://{address}");
        }
    }
    if let Some(after) = flags.ready_again_after {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after));
            print(good().as_bytes());
        });
    }
}

/// Fields of the speech worker's ready line, and two moments of CLOCK_MONOTONIC.
fn good(address: Option<SocketAddr>, main_ns: u64) -> String {
    let line = serde_json::json!({
        "address": address.map(|address| address.to_string()),
        "protocol": 1,
        "model": "fake",
        "pid": std::process::id(),
        "main_ns": main_ns,
        "ready_ns": now_ns(),
    });
    format!("{line}\n")
}

fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: then the supervisor is gone and standard input says so.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
