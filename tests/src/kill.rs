//! The kill harness: `kill-harness --tries N --by CAUSE -- FAKE WORKER FLAGS` prints one JSON object with what it found.
//! Meant to be the first process of a PID namespace, which inherits every orphan; outside of one it knows its own by the
//! folder of the try in their command lines.

pub mod remains;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::fake_worker::now_ns;
use crate::programs::beside;
use crate::reliability::dice::Dice;
use remains::Remains;

/// After this, what is left is an orphan.
const PATIENCE: Duration = Duration::from_secs(5);
/// For the app to come up; many times what it takes.
const READY: Duration = Duration::from_secs(20);
/// A start is over by then; kills before readiness are drawn from this span.
const START_MS: u64 = 60;
/// What the app may use where memory is to end it.
const MEMORY: u64 = 100 << 20;

#[derive(Parser, Clone)]
struct Arguments {
    #[arg(long)]
    tries: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How the app ends.
    #[arg(long, value_enum)]
    by: Cause,
    /// Every second try at a moment during the start instead of when the worker is ready.
    #[arg(long)]
    early: bool,
    /// The app runs its worker without a keeper.
    #[arg(long)]
    no_keeper: bool,
    /// Flags of the fake worker.
    #[arg(last = true)]
    worker: Vec<String>,
}

/// Every way an app ends.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Cause {
    Sigkill,
    Sigterm,
    Sigint,
    Sighup,
    Panic,
    Abort,
    Segfault,
    /// The kernel ends it because its memory group is full.
    Memory,
    /// A new process takes over, as an updater has it. Killed in turn.
    Restart,
    /// A new program in the same process. Killed in turn.
    Exec,
    /// App and keeper by one hand.
    WithKeeper,
}

impl Cause {
    fn signal(self) -> Option<Signal> {
        Some(match self {
            Self::Sigkill | Self::WithKeeper => Signal::KILL,
            Self::Sigterm => Signal::TERM,
            Self::Sigint => Signal::INT,
            Self::Sighup => Signal::HUP,
            _ => return None,
        })
    }

    /// What the app is told to do to itself.
    fn death(self) -> Option<&'static str> {
        Some(match self {
            Self::Panic => "panic",
            Self::Abort => "abort",
            Self::Segfault => "segfault",
            Self::Memory => "leak",
            Self::Restart => "restart",
            Self::Exec => "exec",
            _ => return None,
        })
    }

    /// Whether another app goes on.
    fn goes_on(self) -> bool {
        matches!(self, Self::Restart | Self::Exec)
    }
}

/// Runs all tries and prints the sum.
pub fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut dice = Dice::new(arguments.seed);
    let folder = tempfile::Builder::new().prefix("tonny-kill-").tempdir()?;
    let (mut times, mut orphans) = (Vec::new(), Vec::new());
    for number in 0..arguments.tries {
        let one = Try { arguments: &arguments, folder: folder.path().join(number.to_string()) };
        std::fs::create_dir(&one.folder)?;
        match one.run(number, &mut dice).with_context(|| format!("try {number}"))? {
            Ok(took) => times.push(took),
            Err(left) => orphans.push(json!({ "try": number, "left": left })),
        }
    }
    let found = json!({ "tries": arguments.tries, "times_ms": times, "orphans": orphans });
    println!("{found}");
    Ok(ExitCode::SUCCESS)
}

struct Try<'a> {
    arguments: &'a Arguments,
    folder: PathBuf,
}

impl Try<'_> {
    /// Milliseconds until nothing was left, or what was.
    fn run(&self, number: u32, dice: &mut Dice) -> Result<Result<f64, Vec<String>>> {
        let remains = Remains::new(&self.folder);
        let early = self.arguments.early && number % 2 == 1;
        let mut app = self.start()?;
        if early {
            std::thread::sleep(Duration::from_micros(dice.below(START_MS * 1000)));
        } else {
            self.wait_ready(1)?;
        }
        let ended = self.end(&app, &remains)?;
        let mut left = remains.wait_gone(PATIENCE);
        let took = (now_ns() - ended) as f64 / 1e6;
        // As the first process we have reaped it already; then this fails.
        let _ = app.kill();
        let _ = app.try_wait();
        let names: Vec<String> = left.drain(..).map(|process| process.command).collect();
        if !names.is_empty() {
            remains.kill_all();
        }
        Ok(if names.is_empty() { Ok(took) } else { Err(names) })
    }

    fn start(&self) -> Result<Child> {
        let mut command = Command::new(beside("fake-app")?);
        if let Some(death) = self.arguments.by.death() {
            command.args(["--die", death, "--die-after", "10"]);
        }
        if self.arguments.no_keeper {
            command.arg("--no-keeper");
        }
        let log = std::fs::File::create(self.folder.join("app.log"))?;
        command.arg("--").args(["--diary", &self.diary().display().to_string()]).args(&self.arguments.worker);
        command.env_remove("RUST_BACKTRACE");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let app = command.spawn()?;
        if self.arguments.by == Cause::Memory {
            join_memory_group(app.id())?;
        }
        Ok(app)
    }

    /// Ends the app, or waits until it has ended itself; gives the moment.
    fn end(&self, app: &Child, remains: &Remains) -> Result<u64> {
        if let Some(signal) = self.arguments.by.signal() {
            let keepers = if self.arguments.by == Cause::WithKeeper {
                remains.named("tonny-keeper")
            } else {
                Vec::new()
            };
            let now = now_ns();
            // Fails where an early kill comes before there is anything.
            let _ = kill_process(Pid::from_child(app), signal);
            for keeper in keepers {
                let _ = kill_process(keeper, Signal::KILL);
            }
            return Ok(now);
        }
        if self.arguments.by.goes_on() {
            self.wait_ready(2)?;
            let now = now_ns();
            for app in remains.named("fake-app") {
                let _ = kill_process(app, Signal::KILL);
            }
            return Ok(now);
        }
        remains.wait_end(app.id(), READY)?;
        Ok(now_ns())
    }

    /// Until so many workers have started since the start of the try and the log tells of as many that are ready.
    fn wait_ready(&self, wanted: usize) -> Result<()> {
        let began = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.folder.join("app.log")).unwrap_or_default();
            if log.lines().filter(|line| line.starts_with("ready ")).count() >= wanted {
                return Ok(());
            }
            if began.elapsed() > READY {
                bail!("the app did not come up: {log}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    fn diary(&self) -> PathBuf {
        self.folder.join("diary")
    }
}

/// A memory group with little in it; gone with the machine's next start at the latest, it costs nothing.
fn join_memory_group(pid: u32) -> Result<()> {
    let group = Path::new("/sys/fs/cgroup/memory/tonny-kill-harness");
    std::fs::create_dir_all(group).context("no memory group (cgroup v1) can be made")?;
    std::fs::write(group.join("memory.limit_in_bytes"), MEMORY.to_string())?;
    std::fs::write(group.join("cgroup.procs"), pid.to_string())?;
    Ok(())
}
