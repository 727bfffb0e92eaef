//! L4: what is written to the disk, by the system's own accounting of this process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tonny_store::{LogLevel, LogStore, NewLog};
use tonny_supervisor::{LogLimits, Spec};

use super::bench::{Bench, flooder, mib, report, roomy};
use crate::reliability::{Outcome, Size};

pub fn spares_the_disk(size: Size) -> Outcome {
    Outcome::of_async(|| measure(size))
}

async fn measure(size: Size) -> Result<Outcome> {
    let (segments, reached) = segments().await?;
    // Counted when it goes to the storage layer: where that keeps it (a disk in memory, say) there is nothing to count.
    if segments < LEAST {
        let why =
            format!("of {:.1} MiB only {segments:.3} x reached what counts as a disk here", mib(reached));
        return Ok(Outcome::Impossible(why));
    }
    let rows = rows().await?;
    let idle = idle(Duration::from_secs(size.pick(5, 120))).await?;
    let most = bounded(Duration::from_secs(size.pick(2, 5))).await?;
    let pass = segments <= 1.1 && rows <= 4.0 && idle <= 100.0 && most <= 64 << 20;
    let text = format!(
        "segments {segments:.3} x, rows {rows:.2} x (500 a batch), idle {idle:.1} KB/h, segments under a flood at most {:.1} MiB \
         of 64 (rows: a test of tonny-store)",
        mib(most)
    );
    Ok(Outcome::measured(pass, text))
}

/// Less than this of what was logged cannot have been all of it.
const LEAST: f64 = 0.9;

/// Bytes written for each byte of lines, in a flood, and how many bytes of lines that were.
async fn segments() -> Result<(f64, u64)> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(roomy(&folder.path().join("logs")))?;
    let (path, before) = (folder.path().join("report"), written()?);
    let handle = bench.launch(flooder(150_000, Duration::from_secs(2), &path)?)?;
    let said = report(&path, || {}).await?;
    handle.close().await?;
    bench.supervisor.flush_logs().await;
    // The system writes back when it likes; what is counted must be what was logged.
    rustix::fs::sync();
    Ok(((written()? - before) as f64 / said.bytes as f64, said.bytes))
}

/// Bytes written for each byte of rows, the closing of the database included.
async fn rows() -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let store = LogStore::open(folder.path().join("logs.db")).await?;
    let (mut bytes, before) = (0, written()?);
    for batch in 0..60 {
        let rows: Vec<NewLog> = (0..500).map(|row| line(batch * 500 + row)).collect();
        bytes +=
            rows.iter().map(|row| row.text.len() + row.worker.len() + row.kind.len() + 24).sum::<usize>();
        store.append(&rows).await.map_err(|(_, error)| error)?;
    }
    store.close().await;
    Ok((written()? - before) as f64 / bytes as f64)
}

fn line(at_ms: i64) -> NewLog {
    NewLog {
        at_ms,
        worker: "speech".to_owned(),
        incarnation: 1,
        level: if at_ms % 10 == 0 { LogLevel::Error } else { LogLevel::Warn },
        kind: "line".to_owned(),
        text: format!("WARN number {at_ms}: {}", "what a worker has to say about it ".repeat(5)),
        ..NewLog::default()
    }
}

/// Kilobytes an hour of a worker that says nothing, everything open.
async fn idle(length: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(LogLimits::new(folder.path().join("logs")))?;
    let store = LogStore::open(folder.path().join("logs.db")).await?;
    store.append(&[line(1)]).await.map_err(|(_, error)| error)?;
    let quiet =
        Spec { args: vec!["-c".into(), "echo '{}'; exec cat".into()], ..Spec::new("quiet", "/bin/sh") };
    let handle = bench.launch(quiet)?;
    handle.state().wait_for(|state| state.ready.is_some()).await?;
    bench.supervisor.flush_logs().await;
    let before = written()?;
    tokio::time::sleep(length).await;
    let bytes = written()? - before;
    handle.close().await?;
    store.close().await;
    Ok(bytes as f64 / 1_000.0 * 3_600.0 / length.as_secs_f64())
}

/// The most that the segments took while much more than the limit was logged.
async fn bounded(length: Duration) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(LogLimits::new(folder.path().join("logs")))?;
    let (path, mut most) = (folder.path().join("report"), 0);
    let handle = bench.launch(flooder(500_000, length, &path)?)?;
    report(&path, || most = most.max(total(&bench.limits.folder))).await?;
    handle.close().await?;
    bench.supervisor.flush_logs().await;
    Ok(most.max(total(&bench.limits.folder)))
}

fn total(folder: &Path) -> u64 {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries(folder).flat_map(|worker| entries(&worker.path()).collect::<Vec<_>>());
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

/// Bytes that this process caused to be sent to the storage layer.
fn written() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/io").context("no accounting of input and output")?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.parse().ok()).context("no write_bytes")
}
