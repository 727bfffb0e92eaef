//! D13, D14, D15: damaged files, backups beside writers, and words that have to be gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_core::app::storage::{Places, upkeep};
use tonny_core::settings::Storage;
use tonny_platform::audio::RecordingsOnDisk;
use tonny_store::{Page, Store};

use super::rows::{fill, percentile, speak, texts};
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

const PAGE: usize = 4_096;

/// Ids of rows written beside a backup; no other begins so.
const BESIDE: char = 'w';

/// Rows of the kind used here on one page, at most.
const ROWS_ON_A_PAGE: usize = 24;

pub async fn corrupted(size: Size) -> Result<Outcome> {
    let tries = size.pick(60, 1_000);
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir()?;
    let (sound, path) = (folder.path().join("sound"), folder.path().join("tried"));
    // Half of the rows are in the backup, half came after it.
    fs::create_dir(&sound)?;
    let store = Store::open(sound.join("tonny.db")).await?;
    fill(&store, 0, 1_000, &mut dice).await?;
    store.make_backups_folder()?;
    store.back_up(&store.backups_folder().join("auto-1.db")).await?;
    fill(&store, 1_000, 2_000, &mut dice).await?;
    let before = texts(&store).await?;
    store.close().await?;
    let (mut slowest, mut least, mut replaced, mut unfit) = (Duration::ZERO, before.len(), 0, 0);
    for attempt in 0..tries {
        copy_folder(&sound, &path)?;
        let database = path.join("tonny.db");
        damage(&database, &mut dice)?;
        let begun = Instant::now();
        let store =
            Store::open_or_recover(&database).await.with_context(|| format!("seed {seed}, try {attempt}"))?;
        speak(&store, "new", "usable again").await?;
        slowest = slowest.max(begun.elapsed());
        if store.recovery().is_some() {
            replaced += 1;
            store.salvage().await?;
        }
        // As `tonny db check` and the window's check do it.
        store.check_and_mend().await?;
        let after = texts(&store).await?;
        let kept = before.iter().filter(|(id, text)| after.get(*id) == Some(text)).count();
        least = least.min(kept);
        unfit += usize::from(!store.check().await?.is_clean());
        store.close().await?;
    }
    let intact = before.len() - ROWS_ON_A_PAGE;
    let whole = unfit == 0 && least * 100 >= intact * 99;
    let text = format!(
        "{tries} pages made noise: usable after at most {:.2} s, {replaced} files replaced, at least {least} of {} rows \
         there (half of them newer than the backup), {unfit} not clean (seed {seed})",
        slowest.as_secs_f64(),
        before.len()
    );
    Ok(Outcome::timed(whole, slowest <= Duration::from_secs(5), text))
}

fn damage(database: &Path, dice: &mut Dice) -> Result<()> {
    let mut bytes = fs::read(database)?;
    let page = usize::try_from(dice.below((bytes.len() / PAGE) as u64))? * PAGE;
    bytes[page..page + PAGE].iter_mut().for_each(|byte| *byte = dice.draw() as u8);
    Ok(fs::write(database, bytes)?)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

pub async fn backed_up(size: Size) -> Result<Outcome> {
    let (rows, backups) = size.pick((20_000, 5), (300_000, 30));
    let mut dice = Dice::new(14);
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("tonny.db")).await?;
    fill(&store, 0, rows, &mut dice).await?;
    let before = sum(&store).await?;
    store.make_backups_folder()?;
    // As in the app: the log is moved beside the writes, and not by one of them.
    let upkeep = tokio::spawn(store.upkeep());
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, over) = (store.clone(), over.clone());
        async move {
            let mut times = Vec::new();
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                let begun = Instant::now();
                let new = tonny_store::NewUtterance {
                    id: format!("{BESIDE}{}", times.len()),
                    route: "type".to_owned(),
                    ..Default::default()
                };
                store.utterances().begin(&new).await?;
                times.push(begun.elapsed());
                // A hundred times the pace of the quickest speaker.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            anyhow::Ok(times)
        }
    });
    for n in 0..backups {
        store.back_up(&store.backups_folder().join(format!("auto-{n}.db"))).await?;
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut times = writer.await??;
    upkeep.abort();
    let mut unequal = 0;
    for n in 0..backups {
        let copy = Store::open(store.backups_folder().join(format!("auto-{n}.db"))).await?;
        unequal += u32::from(sum(&copy).await? != before);
        copy.close().await?;
    }
    let newest = store.backups_folder().join(format!("auto-{}.db", backups - 1));
    store.restore(&newest, &folder.path().join("before.db")).await?;
    ensure!(before.0 == rows, "{} of {rows} rows were there", before.0);
    ensure!(sum(&store).await? == before, "the restored rows are others");
    ensure!(store.check().await?.is_clean(), "the restored database is not clean");
    store.close().await?;
    let (p99, worst) = (percentile(&mut times, 99), percentile(&mut times, 100));
    let text = format!(
        "{backups} backups of {rows} rows, {unequal} with another count or sum of them, the last restored; {} writes beside them: p99 {p99:.1} ms, at most {worst:.1} ms",
        times.len()
    );
    Ok(Outcome::timed(unequal == 0, worst <= 50.0, text))
}

/// How many rows there are, and a sum over all that is in them; what is written beside the backups is not counted.
async fn sum(store: &Store) -> Result<(u64, u64)> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let (mut rows, mut sum) = (0, 0_u64);
    let mut page = Page { limit: 1_000, ..Page::default() };
    loop {
        let found = store.utterances().list(&page).await?;
        let Some(last) = found.last() else { return Ok((rows, sum)) };
        page.before = Some((last.started_at_ms, last.id.clone()));
        for row in found.iter().filter(|row| !row.id.starts_with(BESIDE)) {
            let mut hasher = DefaultHasher::new();
            serde_json::to_string(row)?.hash(&mut hasher);
            // In no order: each row counts for itself.
            (rows, sum) = (rows + 1, sum.wrapping_add(hasher.finish()));
        }
    }
}

pub async fn deleted() -> Result<Outcome> {
    const CANARY: &str = "xylocanary";
    let folder = tempfile::tempdir()?;
    let audio = folder.path().join("audio");
    fs::create_dir(&audio)?;
    let store = Store::open(folder.path().join("tonny.db")).await?;
    fill(&store, 0, 2_000, &mut Dice::new(15)).await?;
    for n in 0..500 {
        let id = format!("canary{n}");
        speak(&store, &id, &format!("{CANARY}{n} and a few more words")).await?;
        fs::write(audio.join(format!("{id}.wav")), CANARY)?;
    }
    store.make_backups_folder()?;
    store.back_up(&store.backups_folder().join("auto-1.db")).await?;
    let before = holding(folder.path(), CANARY.as_bytes())?.len();
    let places = Places { store: store.clone(), audio: Arc::new(RecordingsOnDisk), folder: audio };
    let ids: Vec<String> = (0..500).map(|n| format!("canary{n}")).collect();
    ensure!(tonny_core::app::storage::delete_for_good(&places, &ids).await?, "the log could not be emptied");
    let left = holding(folder.path(), CANARY.as_bytes())?;
    ensure!(left == [store.backups_folder().join("auto-1.db")], "after the deletion: {left:?}");
    // A month later the backup is over; one that somebody made is theirs.
    let later = store.changed_ms() + 40 * 24 * 3_600_000;
    fs::rename(store.backups_folder().join("auto-1.db"), store.backups_folder().join("before-restore-1.db"))?;
    upkeep(&places, &Storage { audio_mb: 0, ..Storage::default() }, later, true).await?;
    let hits = holding(folder.path(), CANARY.as_bytes())?;
    store.close().await?;
    let text = format!("canaries in {before} files before, in {} after", hits.len());
    Ok(Outcome::measured(hits.is_empty() && before > 500, text))
}

/// Every file below `folder` that holds these bytes.
fn holding(folder: &Path, needle: &[u8]) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path)?.windows(needle.len()).any(|part| part == needle) {
                found.push(path);
            }
        }
    }
    Ok(found)
}
