//! D3, D5: a program that writes is killed, or is told by the system that it cannot write.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use tonny_store::Store;

use super::rows::{sound, texts};
use crate::process::{Running, is_installed};
use crate::programs::beside;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Tries on one file: what is checked each time grows with it.
const TRIES_PER_FILE: u32 = 50;

/// What a writer that meets faults is to say.
const UTTERANCES: usize = 4;

/// What a writer said before it ended.
#[derive(Default)]
struct Said {
    begun: Vec<String>,
    finals: Vec<String>,
    errors: Vec<String>,
}

impl Said {
    fn of(lines: impl Iterator<Item = String>) -> Self {
        let mut said = Self::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("begun", id)) => said.begun.push(id.to_owned()),
                Some(("final", id)) => said.finals.push(id.to_owned()),
                Some(("error", what)) => said.errors.push(what.to_owned()),
                _ => {}
            }
        }
        said
    }
}

pub async fn killed(size: Size) -> Result<Outcome> {
    let tries = size.pick(200, 2_000);
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let writer = beside("store-writer")?;
    let (mut acknowledged, mut missing) = (0, 0);
    let mut folder = tempfile::tempdir()?;
    let (mut begun, mut finals) = (HashSet::new(), HashSet::new());
    for attempt in 0..tries {
        if attempt % TRIES_PER_FILE == 0 {
            folder = tempfile::tempdir()?;
            (begun, finals) = (HashSet::new(), HashSet::new());
        }
        let path = folder.path().join("tonny.db");
        let said = write_and_kill(&writer, &path, attempt, Duration::from_micros(dice.below(40_000)))?;
        begun.extend(said.begun);
        finals.extend(said.finals);
        let store = sound(&path).await.with_context(|| format!("seed {seed}, try {attempt}"))?;
        let there = texts(&store).await?;
        missing += begun.iter().filter(|id| !there.contains_key(*id)).count();
        missing +=
            finals.iter().filter(|id| there.get(*id).is_none_or(|text| !text.contains(id.as_str()))).count();
        store.close().await?;
        if (attempt + 1) % TRIES_PER_FILE == 0 || attempt + 1 == tries {
            acknowledged += begun.len() + finals.len();
        }
    }
    let text = format!("{tries} kills, {acknowledged} acknowledged writes, {missing} missing (seed {seed})");
    Ok(Outcome::measured(missing == 0 && acknowledged > 0, text))
}

fn write_and_kill(writer: &Path, path: &Path, attempt: u32, after: Duration) -> Result<Said> {
    let mut command = Command::new(writer);
    command.arg(path).arg(format!("t{attempt}")).arg("100000");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running::start_with_pipes(&mut command)?;
    let mut lines = BufReader::new(running.child().stdout.take().context("a pipe")?).lines();
    let first = lines.next().context("the writer said nothing")??;
    std::thread::sleep(after);
    running.signal(Signal::KILL)?;
    running.wait_end(Duration::from_secs(5))?;
    Ok(Said::of(std::iter::once(first).chain(lines.map_while(Result::ok))))
}

/// The k-th call of a kind fails, for k from 1 until none does.
pub async fn io_errors(size: Size) -> Result<Outcome> {
    if !is_installed("strace") {
        return Ok(Outcome::Impossible(
            "strace is not installed, and the store has no file system of its own".to_owned(),
        ));
    }
    let most = size.pick(6, 200);
    let calls = [
        ("fdatasync", "EIO"),
        ("pwrite64", "ENOSPC"),
        ("pwrite64", "EIO"),
        ("ftruncate", "EIO"),
        ("pread64", "EIO"),
    ];
    let (mut tries, mut told, mut harmless, mut unfit) = (0, 0, 0, Vec::new());
    for (call, error) in calls {
        for k in 1..=most {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("tonny.db");
            // Half of the tries begin with a file that is there.
            if k % 2 == 0 {
                Store::open(&path).await?.close().await?;
            }
            let Some((said, failed)) = write_with_fault(&path, call, error, k)? else { break };
            tries += 1;
            told += usize::from(!said.errors.is_empty());
            // A fault that kept nothing from being written has nobody to be told to.
            harmless += usize::from(said.errors.is_empty() && said.finals.len() == UTTERANCES);
            if said.errors.is_empty() && said.finals.len() < UTTERANCES {
                unfit.push(format!(
                    "{call} {error} {k}: only {} texts, and nobody was told",
                    said.finals.len()
                ));
            }
            if let Some(what) = failed {
                unfit.push(format!("{call} {k}: {what}"));
            }
            if let Err(error) = all_there(&path, &said).await {
                unfit.push(format!("{call} {error} {k}: {error:#}"));
            }
        }
    }
    let first = unfit.first().map(|what| format!("; {what}")).unwrap_or_default();
    let text = format!(
        "{tries} faults, {told} told, {harmless} without any effect, {} not survived{first}",
        unfit.len()
    );
    Ok(Outcome::measured(unfit.is_empty() && told > 0, text))
}

async fn all_there(path: &Path, said: &Said) -> Result<()> {
    let store = sound(path).await?;
    let there = texts(&store).await?;
    let lost = said.finals.iter().find(|id| there.get(*id).is_none_or(|text| !text.contains(id.as_str())));
    ensure!(lost.is_none(), "{lost:?} was acknowledged and is gone");
    Ok(store.close().await?)
}

/// `None` when the program made fewer such calls. The second value is what is unfit in how it ended.
fn write_with_fault(path: &Path, call: &str, error: &str, k: u32) -> Result<Option<(Said, Option<String>)>> {
    let trace = path.with_extension("trace");
    let output = Command::new("strace")
        .args(["-f", "-o"])
        .arg(&trace)
        // Calls on these files only: the loader's own are no concern of the store.
        .arg("-P")
        .arg(path)
        .arg("-P")
        .arg(format!("{}-wal", path.display()))
        .args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:error={error}:when={k}")])
        .arg(beside("store-writer")?)
        .arg(path)
        .args(["w", &UTTERANCES.to_string()])
        .output()?;
    if !fs::read_to_string(&trace)?.contains("(INJECTED)") {
        return Ok(None);
    }
    let said = Said::of(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
    // 0 and 1 are ends of its own; a panic is 101, a signal has no code.
    let unfit = match output.status.code() {
        Some(0 | 1) => None,
        _ => Some(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))),
    };
    Ok(Some((said, unfit)))
}
