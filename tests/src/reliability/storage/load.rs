//! D10, D11, D12, D16: many at once, futures dropped half-way, a million rows, and readers that never end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_store::{Filter, Page, Search, Store, UtteranceState};
use tonny_supervisor::LogLimits;

use super::rows::{fill, percentile, speak};
use crate::reliability::dice::Dice;
use crate::reliability::logs::bench::{Bench, flooder, report};
use crate::reliability::logs::flood::LINES_PER_SECOND;
use crate::reliability::{Outcome, Size};

pub async fn busy(size: Size) -> Result<Outcome> {
    let lasting = Duration::from_secs(size.pick(15, 600));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tonny.db");
    let until = Instant::now() + lasting;
    let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let keeper = Store::open(&path).await?;
    keeper.make_backups_folder()?;
    let upkeep = tokio::spawn(keeper.upkeep());
    let mut tasks = Vec::new();
    for task in 0..8_u64 {
        // Each has connections of its own, as another program would.
        let store = Store::open(&path).await?;
        let (done, failed) = (done.clone(), failed.clone());
        tasks.push(tokio::spawn(async move {
            let mut n = 0_u64;
            while Instant::now() < until {
                let outcome = if task < 4 {
                    speak(&store, &format!("{task}-{n}"), "words of many").await
                } else {
                    look(&store, n).await
                };
                n += 1;
                done.fetch_add(1, Ordering::Relaxed);
                failed.fetch_add(u64::from(outcome.is_err()), Ordering::Relaxed);
            }
            store.close().await
        }));
    }
    let mut backups = 0;
    while Instant::now() < until {
        keeper.back_up(&keeper.backups_folder().join("auto.db")).await?;
        keeper.empty_log().await?;
        backups += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for task in tasks {
        task.await??;
    }
    let clean = keeper.check().await?.is_clean();
    keeper.close().await?;
    upkeep.await?;
    let (done, failed) = (done.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    let text = format!("{failed} errors in {done} calls and {backups} backups over {} s", lasting.as_secs());
    Ok(Outcome::measured(failed == 0 && clean, text))
}

async fn look(store: &Store, n: u64) -> Result<(), tonny_store::StoreError> {
    store.utterances().list(&Page { limit: 50, ..Page::default() }).await?;
    if n.is_multiple_of(5) {
        let search = Search { text: "words".to_owned(), limit: 20, ..Search::default() };
        store.utterances().search(&search).await?;
    }
    Ok(())
}

pub async fn dropped(size: Size) -> Result<Outcome> {
    let drops = size.pick(10_000, 100_000_u64);
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("tonny.db")).await?;
    let (mut refused, mut cut) = (0, 0);
    for n in 0..drops {
        let id = format!("u{n}");
        let work = async {
            match n % 3 {
                0 => speak(&store, &id, "maybe").await,
                1 => store.profiles().activate("nobody").await,
                _ => look(&store, n).await,
            }
        };
        let after = Duration::from_micros(dice.below(1_500));
        cut += u64::from(tokio::time::timeout(after, work).await.is_err());
        if n % 100 == 99 {
            let id = format!("sure{n}");
            let sure = speak(&store, &id, "kept");
            let sure = tokio::time::timeout(Duration::from_secs(5), sure).await;
            refused += u64::from(!matches!(sure, Ok(Ok(()))));
        }
    }
    let clean = store.check().await?.is_clean();
    store.close().await?;
    let text =
        format!("{drops} futures, {cut} dropped half-way, {refused} writes refused after (seed {seed})");
    Ok(Outcome::measured(refused == 0 && clean && cut > drops / 20, text))
}

pub async fn at_size(size: Size) -> Result<Outcome> {
    let rows = size.pick(100_000, 1_000_000);
    let mut dice = Dice::new(12);
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("tonny.db")).await?;
    let upkeep = tokio::spawn(store.upkeep());
    fill(&store, 0, rows, &mut dice).await?;
    store.empty_log().await?;
    let flood = Flood::start(size.pick(Duration::from_secs(15), Duration::from_secs(60)))?;
    let mut commits = commits(&store, &mut dice).await?;
    let mut lists = lists(&store, rows, &mut dice).await?;
    let mut searches = searches(&store, rows, &mut dice).await?;
    let beside = flood.end().await?;
    let bytes = store.statistics().size().await?.bytes;
    store.close().await?;
    upkeep.await?;
    let (commit, list, search) =
        (percentile(&mut commits, 99), percentile(&mut lists, 99), percentile(&mut searches, 99));
    let text = format!(
        "{rows} utterances ({} MB) and a worker that logs {beside}: p99 commit {commit:.1} ms, list {list:.1} ms, search \
         {search:.1} ms",
        bytes / 1_000_000
    );
    Ok(Outcome::timed(true, commit <= 10.0 && list <= 20.0 && search <= 50.0, text))
}

/// A worker that writes as many lines as L1 does, into segments on the same disk, for as long as all the rest takes.
struct Flood {
    bench: Bench,
    handle: tonny_supervisor::Handle,
    folder: tempfile::TempDir,
    began: Instant,
    length: Duration,
}

impl Flood {
    fn start(length: Duration) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let bench = Bench::new(LogLimits::new(folder.path().join("logs")))?;
        let spec = flooder(LINES_PER_SECOND / 2, length, &folder.path().join("report"))?;
        let handle = bench.launch(spec)?;
        Ok(Self { bench, handle, folder, began: Instant::now(), length })
    }

    /// What it wrote; a flood that was over before the measurement is none.
    async fn end(self) -> Result<String> {
        let over = self.began.elapsed() > self.length;
        ensure!(!over, "the flood of {:?} was over after {:?}", self.length, self.began.elapsed());
        let said = report(&self.folder.path().join("report"), || {}).await?;
        self.handle.close().await?;
        self.bench.supervisor.flush_logs().await;
        let rate = said.lines() as f64 / self.length.as_secs_f64();
        Ok(format!("{:.2} M lines/s beside", rate / 1e6))
    }
}

/// Every write of an utterance's life, one utterance after the other without a pause.
async fn commits(store: &Store, dice: &mut Dice) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for n in 0..500_u64 {
        let id = format!("new{n}");
        let text = super::rows::sentence(n, dice);
        let rows = store.utterances();
        let new = tonny_store::NewUtterance {
            id: id.clone(),
            started_at_ms: 1_800_000_000_000,
            route: "type".to_owned(),
            ..Default::default()
        };
        let begun = Instant::now();
        rows.begin(&new).await?;
        times.push(begun.elapsed());
        let begun = Instant::now();
        rows.commit_text(&id, &tonny_store::FinalText { text, ..Default::default() }).await?;
        times.push(begun.elapsed());
        let begun = Instant::now();
        rows.finish(&id, &tonny_store::Outcome::of(UtteranceState::Delivered)).await?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

async fn lists(store: &Store, rows: u64, dice: &mut Dice) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let text = |text: &str| Some(text.to_owned());
    let filters = [
        Filter::default(),
        Filter { route: text("clipboard"), ..Filter::default() },
        Filter { engine: text("speech"), ..Filter::default() },
        Filter { state: Some(UtteranceState::Failed), ..Filter::default() },
        Filter { state: Some(UtteranceState::Kept), route: text("type"), ..Filter::default() },
        Filter { speaker: text("Zoe"), ..Filter::default() },
    ];
    for n in 0..500 {
        let at = 1_700_000_000_000 + dice.below(rows).cast_signed() * 1_000;
        let before = (n % 3 != 0).then(|| (at, String::new()));
        let page = Page { before, limit: 50, filter: dice.pick(&filters).clone() };
        let begun = Instant::now();
        store.utterances().list(&page).await?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Rare words, common words, beginnings of two letters, phrases, several words, filters by state, day and speaker: what is
/// typed into the box and chosen beside it.
async fn searches(store: &Store, rows: u64, dice: &mut Dice) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let words = [
        "bread",
        "br",
        "q",
        "river window",
        "\"silver bridge\"",
        "garden winter market",
        "zebra anchor",
        "nothinglikeit",
    ];
    for n in 0..500_u64 {
        let text = match n % 3 {
            0 => format!("number{}", dice.below(rows)),
            _ => (*dice.pick(&words)).to_owned(),
        };
        let day = 1_700_000_000_000 + dice.below(rows).cast_signed() * 1_000;
        let filter = match n % 5 {
            0 => Filter { state: Some(UtteranceState::Kept), ..Filter::default() },
            1 => Filter { since_ms: Some(day), until_ms: Some(day + 86_400_000), ..Filter::default() },
            2 => Filter { speaker: Some("Zoe".to_owned()), ..Filter::default() },
            _ => Filter::default(),
        };
        let search = Search { text, before: None, limit: 50, filter };
        let begun = Instant::now();
        store.utterances().search(&search).await.with_context(|| search.text.clone())?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

pub async fn bounded_log(size: Size) -> Result<Outcome> {
    let lasting = Duration::from_secs(size.pick(15, 60));
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("tonny.db")).await?;
    fill(&store, 0, 2_000, &mut Dice::new(16)).await?;
    store.empty_log().await?;
    let upkeep = tokio::spawn(store.upkeep());
    let over = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (store, over) = (store.clone(), over.clone());
        async move {
            let mut cut = 0;
            while !over.load(Ordering::Relaxed) {
                cut += u64::from(store.read_without_end().await.is_err_and(|error| error.is_too_slow()));
            }
            cut
        }
    });
    let (until, mut largest, mut n) = (Instant::now() + lasting, 0, 0_u64);
    let long = "a long text that fills the log quickly ".repeat(200);
    while Instant::now() < until {
        speak(&store, &format!("w{n}"), &long).await?;
        n += 1;
        largest = largest.max(store.log_bytes());
    }
    over.store(true, Ordering::Relaxed);
    let cut = reader.await?;
    store.close().await?;
    upkeep.await?;
    let mib = largest as f64 / 1_048_576.0;
    let text = format!(
        "at most {mib:.1} MiB in {} s of {n} utterances, beside a reader without an end that was cut {cut} times",
        lasting.as_secs()
    );
    Ok(Outcome::measured(mib <= 16.0 && cut > 0, text))
}
