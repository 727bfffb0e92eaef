//! An app without a face: one worker under tonny-supervisor, as the real one has it, and every way to die. For tries by
//! the thousand, where a desktop and a model would only add time.
//!
//! `fake-app [--die CAUSE --die-after MS] -- FAKE WORKER FLAGS`. Prints a line with the worker's pid when it is ready.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use tokio::sync::watch;
use tonny_supervisor::{At, Base, How, Probe, Supervisor, WorkerState};
use tonny_tests::fake_worker::faults;
use tonny_tests::programs::beside;
use tonny_tests::reliability::supervision::workers::fake;

#[derive(Parser, Clone)]
struct Arguments {
    /// How to die.
    #[arg(long, value_enum)]
    die: Option<Death>,
    /// Milliseconds after the worker is ready.
    #[arg(long, default_value_t = 0)]
    die_after: u64,
    /// Nothing stands between app and worker: the control, which must leave orphans.
    #[arg(long)]
    no_keeper: bool,
    /// The worker serves HTTP and is asked how it is, as the app asks its engines.
    #[arg(long)]
    watched: bool,
    /// Where it is written down which workers run.
    #[arg(long)]
    run_folder: Option<PathBuf>,
    /// The worker's flags.
    #[arg(last = true)]
    worker: Vec<String>,
}

/// Ways to die by one's own hand; signals come from outside.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Death {
    Panic,
    Abort,
    Segfault,
    /// Memory until somebody ends it.
    Leak,
    /// A new process takes over, this one exits.
    Restart,
    /// A new program in the same process.
    Exec,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // In the main thread, as the real app's desktop is.
    runtime.block_on(live(&arguments))?;
    Ok(ExitCode::SUCCESS)
}

async fn live(arguments: &Arguments) -> Result<()> {
    let flags: Vec<&str> = arguments.worker.iter().map(String::as_str).collect();
    let keeper = if arguments.no_keeper { None } else { Some(beside("tonny-keeper")?) };
    let run_folder = arguments.run_folder.clone();
    let (supervisor, _records) = Supervisor::new(Base { keeper, run_folder, ..Base::default() });
    for leftover in supervisor.sweep_leftovers().await {
        println!("swept {}", leftover.pid);
    }
    let mut spec = fake("worker", &flags)?;
    if arguments.watched {
        let how = How::Http { path: "/health".to_owned(), token: false };
        spec.health = vec![Probe { how, at: At::Told, timeout: Probe::TIMEOUT }];
    }
    let (handle, future) = supervisor.worker(spec)?;
    tokio::spawn(future);
    let mut states = handle.state();
    let pid = states.wait_for(|state| state.ready.is_some()).await.context("the worker's future")?.pid;
    println!("ready {}", pid.unwrap_or_default());
    let Some(death) = arguments.die else { return watch(states).await };
    tokio::time::sleep(Duration::from_millis(arguments.die_after)).await;
    die(death, arguments)
}

/// Prints how each copy of the worker ended.
async fn watch(mut states: watch::Receiver<WorkerState>) -> Result<()> {
    let mut restarts = 0;
    loop {
        let state = states.wait_for(|state| state.last_exit.is_some() && state.restarts >= restarts).await?;
        println!("ended {}", state.last_exit.as_ref().map_or("", |exit| exit.cause.as_str()));
        restarts = state.restarts + 1;
    }
}

fn die(death: Death, arguments: &Arguments) -> Result<()> {
    let next = || -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--").args(&arguments.worker);
        Ok(command)
    };
    match death {
        Death::Panic => panic!("as it was asked to"),
        Death::Abort => std::process::abort(),
        Death::Segfault => faults::segfault(),
        Death::Leak => faults::leak(400),
        Death::Restart => {
            next()?.spawn()?;
            std::process::exit(0);
        }
        Death::Exec => return Err(next()?.exec().into()),
    }
    Ok(())
}
