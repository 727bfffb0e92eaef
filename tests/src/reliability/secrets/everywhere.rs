//! The app's part of K1: canaries in the keyring while the real app runs, its window is used and misused, its workers are
//! asked and killed, settings and history go out. Then everything that is anywhere is searched. (`crashes.rs` panics with
//! a secret in hand, `providers.rs` has providers fail.)

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Size;
use super::flow::family;
use super::hunt::{Found, Hunt};
use super::window::Tour;

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
    // Not SEGV: the standard library takes the first one that no fault has caused for itself.
    crate::process::signal_pid(second, rustix::process::Signal::ABORT)?;
    ready_one(tour, second).map(|_| ())
}

/// The process of the worker that is ready and is not that one.
fn ready_one(tour: &Tour, old: u32) -> Result<u32> {
    let another = |status: &serde_json::Value| {
        let worker = &status["workers"][0];
        worker["state"] == "ready" && worker["pid"].as_u64().is_some_and(|pid| pid != u64::from(old))
    };
    let status = tour.app.wait_status(&tour.desktop, "another worker", Duration::from_secs(30), another)?;
    Ok(u32::try_from(status["workers"][0]["pid"].as_u64().unwrap_or_default())?)
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
