//! D7, D8, D9: older files, newer files, and the engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use tonny_store::{NEWEST_SCHEMA, Store, StoreError};

use super::rows::{copy, sound, texts};
use crate::process::Running;
use crate::programs::beside;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Offset of the schema's number in the header of a database file.
const USER_VERSION: usize = 60;

/// A database as the first release left it, with 300 utterances; made by that release.
fn first_release() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema-1.db")
}

pub async fn migrated(size: Size) -> Result<Outcome> {
    let tries = size.pick(50, 500);
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tonny.db");
    copy(&first_release(), &path)?;
    let store = sound(&path).await?;
    let all = texts(&store).await?;
    store.close().await?;
    ensure!(all.len() == 300, "{} rows", all.len());
    // Down is the copy that the migration kept; up again must be the same.
    let kept = folder.path().join("backups/schema-1.db");
    let down = folder.path().join("down.db");
    copy(&kept, &down)?;
    let again = sound(&down).await?;
    ensure!(texts(&again).await? == all, "up, down and up again differs");
    again.close().await?;
    let mut killed_early = 0;
    for attempt in 0..tries {
        let path = folder.path().join(format!("killed{attempt}.db"));
        copy(&first_release(), &path)?;
        let mut command = Command::new(beside("store-writer")?);
        command.arg(&path).arg("open").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Running::start_with_pipes(&mut command)?;
        std::thread::sleep(Duration::from_micros(dice.below(60_000)));
        killed_early += u32::from(!running.has_ended()?);
        running.signal(Signal::KILL).ok();
        running.wait_end(Duration::from_secs(5))?;
        let store = sound(&path).await?;
        ensure!(texts(&store).await? == all, "rows differ after kill {attempt}, seed {seed}");
        store.close().await?;
    }
    let text = format!(
        "300 of 300 rows, again from the copy kept, and after {killed_early} kills in {tries} tries (seed {seed})"
    );
    Ok(Outcome::measured(killed_early > 0, text))
}

pub async fn newer(size: Size) -> Result<Outcome> {
    let tries = size.pick(20, 100);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tonny.db");
    copy(&first_release(), &path)?;
    let store = sound(&path).await?;
    let rows = texts(&store).await?;
    store.close().await?;
    let sound_bytes = fs::read(&path)?;
    let mut unfit = 0;
    for ahead in 1..=tries {
        let mut bytes = sound_bytes.clone();
        let version = i32::try_from(NEWEST_SCHEMA)? + ahead;
        bytes[USER_VERSION..USER_VERSION + 4].copy_from_slice(&version.to_be_bytes());
        fs::write(&path, &bytes)?;
        let refused = match Store::open_or_recover(&path).await {
            Err(StoreError::Newer { found, needs, .. }) => found == i64::from(version) && needs.is_some(),
            _ => false,
        };
        let beside =
            ["-wal", "-journal"].iter().any(|end| folder.path().join(format!("tonny.db{end}")).exists());
        unfit += u32::from(!refused || beside || fs::read(&path)? != bytes);
    }
    // As TT-STORE-603 says it.
    let aside = Store::replace(&path, &folder.path().join("backups/schema-1.db")).await?;
    ensure!(aside.exists(), "the newer file is gone");
    let store = sound(&path).await?;
    ensure!(rows.len() == 300 && texts(&store).await? == rows, "rows differ after the way back");
    store.close().await?;
    Ok(Outcome::measured(
        unfit == 0,
        format!(
            "{tries} newer files, {unfit} touched, opened, or without the version they take; {} of 300 rows from the copy \
             that the migration kept",
            rows.len()
        ),
    ))
}

pub async fn engine() -> Result<Outcome> {
    let version = Store::in_memory().await?.engine_version().await?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let enough = (next(), next(), next()) >= (3, 51, 3);
    Ok(Outcome::measured(enough, format!("SQLite {version}, refused at every start when older")))
}
