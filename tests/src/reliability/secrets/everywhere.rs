//! The app's part of K1: canaries in the keyring while the real app runs, its window is used and misused, its workers are
//! asked and killed, settings and history go out; and a process that panics with a secret in its hands. Then everything
//! that is anywhere is searched.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tonny_core::secrets::{Reader, Typed, check, kind};

use super::super::Size;
use super::flow::family;
use super::hunt::{Found, Hunt, canary};
use super::victims;
use super::window::Tour;
use crate::keyring::Bus;
use crate::process::finish;
use crate::{programs, wait_for};

/// What was searched, in words, and what was found.
pub struct Searched {
    pub found: Found,
    pub canaries: usize,
    pub text: String,
}

/// The app with its window, its workers and its terminal. Nothing where no web view can be driven.
pub fn app(size: Size) -> Result<Option<Searched>> {
    let Some(tour) = Tour::begin("everywhere")? else { return Ok(None) };
    let rounds = size.pick(2, 10);
    let all: Vec<String> =
        (0..rounds).flat_map(|round| super::hunt::one_of_each(round * 40)).map(|(_, value)| value).collect();
    let hunt = Arc::new(Hunt::new(all)?);
    let watch = Watch::start(hunt.clone());
    let mut found = Found::default();
    for round in 0..rounds {
        tour.keep(round * 40)?;
        let said = tour.call_all(2, 900 + round as u64)?;
        for answer in &said.answers {
            found.look(&hunt, &answer.command, answer.text.as_bytes());
        }
        found.look(&hunt, "the window's traffic", said.traffic.as_bytes());
        asked(&tour, &hunt, &mut found)?;
        trouble(&tour)?;
    }
    // While it runs: the database's log holds what the database does not hold yet.
    ensure!(tour.app.home.join("tonnytray.db-wal").exists(), "there is no log of the database to search");
    found.look_below(&hunt, &tour.app.home)?;
    // Its window is gone, its logs are written, its database is closed.
    let desktop = tour.desktop.path("");
    let home = tour.app.home.clone();
    let Tour { desktop: kept, app, window } = tour;
    window.close()?;
    app.tonny(&kept, &["ctl", "quit"])?;
    found.look_below(&hunt, &desktop)?;
    let (looks, hits) = watch.end()?;
    found.places.extend(hits);
    let reports =
        super::hunt::files(&home)?.iter().filter(|file| file.to_string_lossy().contains("crash")).count();
    let text = format!(
        "the app with its window for {rounds} rounds: its files and logs, IPC both ways, control socket, \
         {looks} looks at arguments and environments of all children, {reports} crash reports"
    );
    Ok(Some(Searched { found, canaries: hunt.len(), text }))
}

/// Everything that the terminal can be made to print.
fn asked(tour: &Tour, hunt: &Hunt, found: &mut Found) -> Result<()> {
    let questions: [&[&str]; 13] = [
        &["--json", "secrets", "list"],
        &["--json", "ctl", "status"],
        &["--json", "workers", "list"],
        &["workers", "logs", "speech"],
        &["--json", "doctor"],
        &["settings", "export"],
        &["history", "export"],
        &["--json", "db", "stats"],
        &["db", "backup"],
        &["secrets", "clear", "wrong name"],
        &["secrets", "store", "file"],
        &["ctl", "release", "--route", "nowhere"],
        &["workers", "restart", "nobody"],
    ];
    for question in questions {
        let output = tour.app.tonny(&tour.desktop, question)?;
        found.look(hunt, &question.join(" "), &output.stdout);
        found.look(hunt, &question.join(" "), &output.stderr);
    }
    Ok(())
}

/// A worker dies and comes back: what is written about that is searched too.
fn trouble(tour: &Tour) -> Result<()> {
    let first = ready_one(tour, 0)?;
    tour.app.tonny_ok(&tour.desktop, &["workers", "restart", "speech"])?;
    let second = ready_one(tour, first)?;
    crate::process::signal_pid(second, rustix::process::Signal::SEGV)?;
    ready_one(tour, second).map(|_| ())
}

/// The process of the worker that is ready and is not that one.
fn ready_one(tour: &Tour, old: u32) -> Result<u32> {
    wait_for("another worker", Duration::from_secs(30), || {
        let status = tour.app.status(&tour.desktop)?;
        let worker = &status["workers"][0];
        let pid = worker["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        Ok(pid.filter(|pid| worker["state"] == "ready" && *pid != old))
    })
}

/// Looks at the command lines and environments of all that this process started, until it is ended.
struct Watch {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<(u64, BTreeSet<String>)>,
}

impl Watch {
    fn start(hunt: Arc<Hunt>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let thread = std::thread::spawn(move || {
            let (mut looks, mut hits) = (0, BTreeSet::new());
            while !until.load(Ordering::Relaxed) {
                for pid in family(std::process::id()).into_iter().skip(1) {
                    for name in ["cmdline", "environ"] {
                        let Ok(bytes) = std::fs::read(format!("/proc/{pid}/{name}")) else { continue };
                        looks += 1;
                        if !hunt.hits(&bytes).is_empty() {
                            hits.insert(format!("{name} of a child"));
                        }
                    }
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            (looks, hits)
        });
        Self { over, thread }
    }

    fn end(self) -> Result<(u64, BTreeSet<String>)> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the watch panicked"))
    }
}

/// Processes that panic with a secret in their hands: what they print, and what they leave.
pub fn panics(size: Size, folder: &Path) -> Result<Searched> {
    let count = size.pick(4, 20);
    let bus = Bus::with_gnome_keyring(folder)?;
    let hunt = Hunt::new((0..count).map(|number| canary(5_000 + number)).collect())?;
    let mut found = Found::default();
    for number in 0..count {
        let mut command = Command::new(programs::beside("vault-writer")?);
        command.arg("panic").arg(folder.join("home")).arg((5_000 + number).to_string());
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address).env("RUST_BACKTRACE", "full");
        let output = finish(command.stdin(Stdio::null()))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains("Secret(openai)"), "it did not panic: {said}");
        found.look(&hunt, "a panic's text", &output.stderr);
        found.look(&hunt, "a panic's text", &output.stdout);
    }
    found.look_below(&hunt, folder)?;
    let text = format!("{count} panics with a secret in hand and all error chains around it");
    Ok(Searched { found, canaries: count, text })
}

/// Holds a secret in every form there is, prints every error that can be made of it, and panics with all of them.
pub fn panic(home: &Path, number: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(hold(home, number))
}

async fn hold(home: &Path, number: usize) -> Result<()> {
    let secrets = victims::vault(home)?;
    let openai = kind("openai")?;
    let typed = || Typed::new(canary(number));
    secrets.set("openai", typed(), false).await?;
    let secret = secrets.take("openai").await?;
    let mut errors = Vec::new();
    errors.extend(secret.open_for(Reader::WorkerStart).err());
    errors.extend(kind(&canary(number)).err());
    for other in tonny_core::secrets::all() {
        errors.extend(check(other, &typed()).err());
        errors.extend(secrets.set(other.id, Typed::new(format!("{}\n", canary(number))), false).await.err());
    }
    let chains: Vec<String> = errors
        .into_iter()
        .map(|error| format!("{error} {error:?} {:#}", anyhow::Error::from(error.clone()).context("around")))
        .collect();
    panic!("{secret:?} {:?} {openai:?} {chains:#?}", typed());
}
