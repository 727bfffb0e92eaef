//! S1 to S3: how soon the end of a worker is known, how soon the next one runs, how soon it is known to serve.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use tonny_supervisor::{At, How, Phase, Probe, ReadyBy, TokenBy};

use super::workers::{fake, incarnation, kill, launch, moment, ms_between, ready, until};
use crate::bench::percentile;
use crate::fake_worker::now_ns;
use crate::process::Running;
use crate::programs;
use crate::reliability::{Outcome, Size};

/// A worker that served this long is started again at once.
const PROVEN: Duration = Duration::from_secs(10);
/// Between two kills of different workers: longer than a respawn takes.
const BETWEEN: Duration = Duration::from_millis(60);

/// From the kill to the state event, with both cores loaded.
pub async fn seen(size: Size) -> Result<Outcome> {
    let _load = [burner()?, burner()?];
    let handle = launch(fake("s1", &[])?)?;
    let mut state = ready(&handle, 1).await?;
    let mut times = Vec::new();
    for _ in 0..size.pick(100, 1000) {
        let killed = now_ns();
        kill(&state, Signal::KILL)?;
        until(&handle, "the exit", |state| state.phase != Phase::Ready).await?;
        times.push(ms_between(killed, now_ns()));
        // Clears the budget, so that the next kill is like the first.
        handle.restart();
        state = ready(&handle, incarnation(&state) + 1).await?;
    }
    handle.close().await?;
    let (p50, p99, max) =
        (percentile(&mut times, 50), percentile(&mut times, 99), percentile(&mut times, 100));
    let text = format!("p50 {p50:.2}, p99 {p99:.2}, max {max:.2} ms over {} kills", times.len());
    Ok(Outcome::timed(true, p99 <= 20.0 && max <= 100.0, text))
}

/// From the kill of a worker that had served 10 s to main() of its successor.
pub async fn respawned(size: Size) -> Result<Outcome> {
    let mut times = Vec::new();
    for _ in 0..size.pick(1, 10) {
        let mut workers = Vec::new();
        for number in 0..20 {
            let handle = launch(fake(&format!("s2-{number}"), &[])?)?;
            let state = ready(&handle, 1).await?;
            workers.push((handle, state));
        }
        tokio::time::sleep(PROVEN + Duration::from_millis(200)).await;
        for (handle, state) in &workers {
            let killed = now_ns();
            // Not SEGV: the handler that every Rust program has lets one sent from outside pass once.
            kill(state, Signal::ABORT)?;
            let next = ready(handle, 2).await?;
            times.push(ms_between(killed, moment(&next, "main_ns")?));
            tokio::time::sleep(BETWEEN).await;
        }
        for (handle, _) in workers {
            handle.close().await?;
        }
    }
    let (p50, p99, max) =
        (percentile(&mut times, 50), percentile(&mut times, 99), percentile(&mut times, 100));
    let text = format!("p50 {p50:.1}, p99 {p99:.1}, max {max:.1} ms over {} crashes", times.len());
    Ok(Outcome::timed(true, p50 <= 8.0 && p99 <= 30.0, text))
}

/// From the moment the worker can serve to the state event.
pub async fn pushed(size: Size) -> Result<Outcome> {
    let handle = launch(fake("s3", &["--http"])?)?;
    let mut times = Vec::new();
    let mut start = 1;
    for _ in 0..size.pick(50, 500) {
        let state = ready(&handle, start).await?;
        times.push(ms_between(moment(&state, "ready_ns")?, now_ns()));
        start = incarnation(&state) + 1;
        handle.restart();
    }
    handle.close().await?;
    let mut asked = Vec::new();
    for number in 0..size.pick(5, 50) {
        asked.push(found_by_asking(number).await?);
    }
    let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    let text = format!(
        "p50 {p50:.2}, p99 {p99:.2} ms over {} starts; a worker that never says so is asked every 50 to 500 ms: p50 {:.0}, max \
         {:.0} ms over {} starts",
        times.len(),
        percentile(&mut asked, 50),
        percentile(&mut asked, 100),
        asked.len()
    );
    Ok(Outcome::timed(true, p99 <= 50.0, text))
}

/// From the moment a silent worker accepts connections, half a second after its start, to the state event; in ms.
async fn found_by_asking(number: u32) -> Result<f64> {
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let port = address.port().to_string();
    let flags = [
        "--http",
        "--port",
        &port,
        "--token",
        "env:FAKE_TOKEN",
        "--ready",
        "never",
        "--load",
        "500",
        "--guard-health",
    ];
    let mut spec = fake(&format!("s3-asked-{number}"), &flags)?;
    spec.secret = TokenBy::Environment("FAKE_TOKEN".to_owned());
    spec.ready = ReadyBy::Probe;
    let how = How::Http { path: "/health".to_owned(), token: true };
    spec.health = vec![Probe { how, at: At::Tcp(address), timeout: Probe::TIMEOUT }];
    let handle = launch(spec)?;
    let serves = std::thread::spawn(move || {
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Some(now_ns())
    });
    until(&handle, "readiness", |state| state.ready.is_some()).await?;
    let known = now_ns();
    let serves = serves.join().ok().flatten().context("it never served")?;
    handle.close().await?;
    Ok(ms_between(serves, known))
}

fn burner() -> Result<Running> {
    let mut command = std::process::Command::new(programs::beside("fake-worker")?);
    command.args(["--burn", "--ignore-stdin", "--token", "none"]);
    Running::start(&mut command, std::path::Path::new("/dev/null"))
}
