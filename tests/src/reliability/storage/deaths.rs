//! D3: a program that writes is killed.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use super::rows::{sound, texts};
use crate::process::Running;
use crate::programs::beside;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Tries on one file: what is checked each time grows with it.
const TRIES_PER_FILE: u32 = 50;

/// What a writer said before it ended.
#[derive(Default)]
struct Said {
    begun: Vec<String>,
    finals: Vec<String>,
}

impl Said {
    fn of(lines: impl Iterator<Item = String>) -> Self {
        let mut said = Self::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("begun", id)) => said.begun.push(id.to_owned()),
                Some(("final", id)) => said.finals.push(id.to_owned()),
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
