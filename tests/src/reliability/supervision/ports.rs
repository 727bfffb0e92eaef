//! S13: no port race and no wrong server, beside a thief that takes ports all the time and answers 200 to everything.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tonny_supervisor::{At, Cause, How, Probe, ReadyBy, TokenBy, WorkerState};

use super::workers::{fake, incarnation, launch, line, ready, until};
use crate::process::Running;
use crate::programs::beside;
use crate::reliability::{Outcome, Size};

/// Ports the thief holds at a time.
const HELD: &str = "800";
/// What a fixed port's worker gets to become ready wrongly.
const TEMPTED: Duration = Duration::from_secs(2);

/// Starts with a port of the worker's choice, and with a fixed one that is the thief's.
pub async fn none_stolen(size: Size) -> Result<Outcome> {
    let mut thief = Command::new(beside("fake-worker")?);
    thief.args(["thief", "--ports", HELD]).stdin(Stdio::piped());
    let _thief = Running::start_with_pipes(&mut thief)?;
    let starts = size.pick(100, 1000);
    let (mut failed, mut foreign) = (0, 0);
    let handle = launch(fake("s13", &["--http"])?)?;
    let mut next = 1;
    for _ in 0..starts {
        let Ok(state) = ready(&handle, next).await else {
            failed += 1;
            handle.restart();
            continue;
        };
        foreign += u32::from(!is_ours(&state)?);
        failed += u32::from(state.last_exit.as_ref().is_some_and(|exit| exit.cause != Cause::AskedFor));
        next = incarnation(&state) + 1;
        handle.restart();
    }
    handle.close().await?;
    let fixed = size.pick(3, 20);
    for number in 0..fixed {
        foreign += u32::from(is_adopted(number).await?);
    }
    let text = format!(
        "{failed} failed starts and {foreign} attachments to a foreign server in {starts} starts, and in {fixed} with a fixed port that was taken"
    );
    Ok(Outcome::measured(failed == 0 && foreign == 0, text))
}

/// Whether the server at the told address does the work that only a holder of the token is given.
fn is_ours(state: &WorkerState) -> Result<bool> {
    let told = line(state)?;
    let address: SocketAddr = told["address"].as_str().context("an address")?.parse()?;
    let token = state.ready.as_ref().context("ready")?.token.expose();
    let right = ask(address, token)?;
    let wrong = ask(address, "0")?;
    Ok(right.contains(r#""done":true"#) && wrong.starts_with("HTTP/1.1 401"))
}

fn ask(address: SocketAddr, token: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "POST /work?ms=0 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A foreign program with a fixed port, which a server that likes everything has taken: the program ends at once, and
/// whoever only asks the port takes the other one for it.
async fn is_adopted(number: u32) -> Result<bool> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    // Two kinds: one ends because the port is taken, one lives on without it.
    let port = address.port().to_string();
    let ends: &[&str] =
        &["--http", "--port", &port, "--token", "env:FAKE_TOKEN", "--ready", "never", "--guard-health"];
    let lives: &[&str] = &["--token", "env:FAKE_TOKEN", "--ready", "never"];
    let mut spec = fake(&format!("s13-fixed-{number}"), if number.is_multiple_of(2) { ends } else { lives })?;
    spec.secret = TokenBy::Environment("FAKE_TOKEN".to_owned());
    spec.ready = ReadyBy::Probe;
    let how = How::Http { path: "/health".to_owned(), token: true };
    spec.health = vec![Probe { how, at: At::Tcp(address), timeout: Duration::from_secs(1) }];
    let handle = launch(spec)?;
    let adopted =
        tokio::time::timeout(TEMPTED, until(&handle, "readiness", |state| state.ready.is_some())).await;
    let tried = handle.state().borrow().clone();
    ensure!(tried.started_at.is_some() || tried.last_exit.is_some(), "it was not even started: {tried:?}");
    handle.close().await?;
    Ok(adopted.is_ok())
}
