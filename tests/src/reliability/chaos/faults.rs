//! What breaks: one fault at a time, drawn by the dice. Each is over, or undone, when its function returns or its process
//! ends; what it means for a dictation is not known here.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use super::world::World;
use crate::process::{Running, signal_pid};
use crate::programs::beside;

/// What the engine may be ended within the budget of its restarts.
const BUDGET: usize = 3;
const BUDGET_SPAN: Duration = Duration::from_secs(300);
/// The app stands still for this long: far longer than a busy machine does it.
const FROZEN: Duration = Duration::from_millis(400);
/// How long burners, writers and locks stay.
pub const STAYS: Duration = Duration::from_secs(2);
const JUNK: usize = 64 * 1024;

/// One way to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    EngineKilled,
    EngineCrashed,
    EngineStopped,
    EngineAsked,
    KeeperKilled,
    EngineRestarted,
    AppKilled,
    AppFrozen,
    SecondCopy,
    Junk,
    DatabaseLocked,
    CpuTaken,
    DiskTaken,
}

const ALL: [Fault; 13] = [
    Fault::EngineKilled,
    Fault::EngineCrashed,
    Fault::EngineStopped,
    Fault::EngineAsked,
    Fault::KeeperKilled,
    Fault::EngineRestarted,
    Fault::AppKilled,
    Fault::AppFrozen,
    Fault::SecondCopy,
    Fault::Junk,
    Fault::DatabaseLocked,
    Fault::CpuTaken,
    Fault::DiskTaken,
];

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::EngineKilled => "engine killed",
            Self::EngineCrashed => "engine crashed",
            Self::EngineStopped => "engine stopped",
            Self::EngineAsked => "engine asked to end",
            Self::KeeperKilled => "keeper killed",
            Self::EngineRestarted => "restart ordered",
            Self::AppKilled => "app killed",
            Self::AppFrozen => "app frozen",
            Self::SecondCopy => "second copy",
            Self::Junk => "junk on the socket",
            Self::DatabaseLocked => "database locked",
            Self::CpuTaken => "processor taken",
            Self::DiskTaken => "disk taken",
        }
    }

    fn ends_the_engine(self) -> bool {
        matches!(
            self,
            Self::EngineKilled
                | Self::EngineCrashed
                | Self::EngineStopped
                | Self::EngineAsked
                | Self::KeeperKilled
        )
    }
}

/// Breaks something.
pub fn strike(world: &mut World) -> Result<()> {
    let now = Instant::now();
    world.engine_ends.retain(|end| now.duration_since(*end) < BUDGET_SPAN);
    let fault = loop {
        let fault = *world.dice.pick(&ALL);
        if !fault.ends_the_engine() || world.engine_ends.len() < BUDGET {
            break fault;
        }
    };
    if fault.ends_the_engine() {
        world.engine_ends.push(now);
    }
    println!("S18: {:?} {}", world.began.elapsed(), fault.name());
    *world.faults.entry(fault.name()).or_default() += 1;
    world.guests.retain(|(until, _)| *until > now);
    fault.happen(world)
}

impl Fault {
    fn happen(self, world: &mut World) -> Result<()> {
        match self {
            Self::EngineKilled => signal_engine(world, Signal::KILL),
            Self::EngineCrashed => signal_engine(world, Signal::ABORT),
            Self::EngineStopped => signal_engine(world, Signal::STOP),
            Self::EngineAsked => signal_engine(world, Signal::TERM),
            Self::KeeperKilled => {
                // Gone with an engine that is gone just now.
                world
                    .processes("/tonny-keeper")
                    .first()
                    .map_or(Ok(()), |pid| signal_pid(*pid, Signal::KILL).or(Ok(())))
            }
            Self::EngineRestarted => {
                world.app.tonny(&world.desktop, &["workers", "restart", "speech"]).map(|_| ())
            }
            Self::AppKilled => world.relaunch(),
            Self::AppFrozen => freeze(world),
            Self::SecondCopy => second_copy(world),
            Self::Junk => junk(world),
            Self::DatabaseLocked => lock_database(world),
            Self::CpuTaken => {
                for _ in 0..2 {
                    let mut command = Command::new(beside("fake-worker")?);
                    guest(world, command.args(["--burn", "--ignore-stdin", "--token", "none"]))?;
                }
                Ok(())
            }
            Self::DiskTaken => {
                let file = world.desktop.path("filling").display().to_string();
                let mut command = Command::new("dd");
                guest(
                    world,
                    command.args(["if=/dev/zero", &format!("of={file}"), "bs=1M", "count=300", "conv=fsync"]),
                )
            }
        }
    }
}

/// Fails where the engine is away just now, which is as good.
fn signal_engine(world: &World, signal: Signal) -> Result<()> {
    for pid in world.processes("/tonny-speech") {
        let _ = signal_pid(pid, signal);
    }
    Ok(())
}

fn freeze(world: &mut World) -> Result<()> {
    let app = world.app.running()?;
    app.signal(Signal::STOP)?;
    std::thread::sleep(FROZEN);
    app.signal(Signal::CONT)
}

/// Waited for: where the app were killed meanwhile, the second would take its place, and we would hold the wrong one.
fn second_copy(world: &mut World) -> Result<()> {
    let mut command = world.app.command(&world.desktop, "tonnytray");
    let mut second = Running::start(command.arg("--hidden"), &world.desktop.path("logs/second.log"))?;
    if second.wait_end(5 * STAYS).is_err() {
        world.breaks.push("a second copy runs beside the first".to_owned());
    }
    Ok(())
}

/// Fails where the app is just starting.
fn junk(world: &World) -> Result<()> {
    if let Ok(mut socket) = UnixStream::connect(world.app.home.join("run/control.sock")) {
        let _ = socket.set_write_timeout(Some(STAYS));
        let _ = socket.write_all(&vec![b'\xff'; JUNK]);
    }
    Ok(())
}

fn lock_database(world: &mut World) -> Result<()> {
    let script = "import sqlite3, sys, time\n\
                  c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)\n\
                  c.execute('BEGIN IMMEDIATE')\ntime.sleep(1)\nc.execute('ROLLBACK')\n";
    let database = world.app.home.join("tonnytray.db").display().to_string();
    let mut command = Command::new("/usr/bin/python3");
    guest(world, command.args(["-c", script, &database]))
}

/// A process that stays for a while.
fn guest(world: &mut World, command: &mut Command) -> Result<()> {
    let log = world.desktop.path("logs/guests.log");
    let guest = Running::start(command, &log).context("a guest")?;
    world.guests.push((Instant::now() + STAYS, guest));
    Ok(())
}
