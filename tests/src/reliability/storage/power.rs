//! D4: the power goes while the real writer writes, at any moment of what it asked of the system.
//!
//! The writer runs once under strace; its calls are played onto a simulated disk ([`disk`]) up to a random moment, the disk
//! forgets what it may forget, and the real store opens what is left. What the writer had said was safe has to be there.

mod disk;
mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use self::disk::Disk;
use self::trace::{Call, Event};
use super::rows::{sound, texts};
use crate::process::is_installed;
use crate::programs::beside;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Cuts in one recording: making one costs as much as some cuts.
const CUTS_PER_RECORDING: usize = 50;

/// Runs of the writer in one recording: the second one finds what the first left.
const RUNS: [&str; 2] = ["first", "second"];

/// Utterances of a run, and after how many of them the log is emptied into the database file.
const UTTERANCES: [&str; 2] = ["12", "5"];

pub async fn power_cut(size: Size) -> Result<Outcome> {
    if !is_installed("strace") {
        return Ok(Outcome::Impossible("strace is not installed".to_owned()));
    }
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let (mut cuts, mut finals, mut missing, mut lost) = (0, 0, 0, 0);
    while cuts < size.pick(50, 1_000) {
        let folder = tempfile::tempdir()?;
        let live = fs::canonicalize(folder.path())?.join("live");
        fs::create_dir(&live)?;
        let events = record(&live)?;
        let mut moments: Vec<usize> =
            (0..CUTS_PER_RECORDING).map(|_| dice.below(events.len() as u64 + 1) as usize).collect();
        moments.sort_unstable();
        let (mut disk, mut at, mut said) = (Disk::default(), 0, Said::default());
        for moment in moments {
            for event in &events[at..moment] {
                said.hear(&event.call);
                disk.take(at, event);
                at += 1;
            }
            let image = folder.path().join(format!("image-{cuts}"));
            let left = after(&disk, &live, &image, &said, &mut dice).await;
            let left = left.with_context(|| format!("seed {seed}, cut {cuts} before call {moment}"))?;
            finals += said.finals.len();
            missing += left.missing;
            lost += left.lost;
            cuts += 1;
        }
    }
    let text = format!(
        "{cuts} cuts in everything the writer wrote: {missing} of {finals} final utterances missing, \
         {lost} rows without their final text lost (seed {seed})"
    );
    Ok(Outcome::measured(missing == 0 && finals > 0, text))
}

/// What the writer had said so far.
#[derive(Default)]
struct Said {
    begun: Vec<String>,
    finals: Vec<String>,
}

impl Said {
    fn hear(&mut self, call: &Call) {
        let Call::Say(text) = call else { return };
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("begun", id)) => self.begun.push(id.to_owned()),
                Some(("final", id)) => self.finals.push(id.to_owned()),
                _ => {}
            }
        }
    }
}

/// Every call of the writer's runs that changes something in `folder`.
fn record(folder: &Path) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for run in RUNS {
        let log = folder.with_file_name("trace");
        let output = Command::new("strace")
            // All threads, descriptors with their paths, and every byte.
            .args(["-f", "-y", "-xx", "-s", "1000000", "-o"])
            .arg(&log)
            .arg("-e")
            .arg(format!("trace={}", trace::CALLS))
            .arg(beside("store-writer")?)
            .arg(folder.join("tonny.db"))
            .arg(run)
            .args(UTTERANCES)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && !said.contains("error"), "the writer ended so: {said}");
        trace::read(&fs::read_to_string(&log)?, folder, &mut events)?;
    }
    Ok(events)
}

/// What the store finds after the cut.
struct Left {
    missing: usize,
    lost: usize,
}

async fn after(disk: &Disk, live: &Path, image: &Path, said: &Said, dice: &mut Dice) -> Result<Left> {
    fs::create_dir(image)?;
    for (path, bytes) in disk.after_a_cut(dice) {
        let path: PathBuf = image.join(path.strip_prefix(live)?);
        fs::create_dir_all(path.parent().context("a file in a folder")?)?;
        fs::write(path, bytes)?;
    }
    let store = sound(&image.join("tonny.db")).await?;
    let there = texts(&store).await?;
    store.close().await?;
    for (id, text) in &there {
        ensure!(text.is_empty() || *text == format!("the words of {id} are safe"), "{id} holds {text:?}");
    }
    let has_text = |id: &&String| there.get(*id).is_some_and(|text| !text.is_empty());
    let missing = said.finals.iter().filter(|id| !has_text(id)).count();
    let lost = said.begun.iter().filter(|id| !there.contains_key(*id)).count();
    fs::remove_dir_all(image)?;
    Ok(Left { missing, lost })
}
