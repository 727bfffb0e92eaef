//! What the rows share: a supervisor with a log folder, a flooding worker, its report, and the counting of what is stored.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::sync::mpsc;
use tonny_supervisor::{Base, Handle, LogLimits, Record, RecordKind, Said, Spec, Stored, Stream, Supervisor};

use crate::programs::beside;

/// Far above what any of it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A supervisor, its records, a worker.
pub struct Bench {
    pub supervisor: Supervisor,
    pub records: mpsc::Receiver<Record>,
    pub limits: LogLimits,
}

impl Bench {
    pub fn new(limits: LogLimits) -> Result<Self> {
        let base =
            Base { keeper: Some(beside("tonny-keeper")?), logs: Some(limits.clone()), ..Base::default() };
        let (supervisor, records) = Supervisor::new(base);
        Ok(Self { supervisor, records, limits })
    }

    pub fn launch(&self, spec: Spec) -> Result<Handle> {
        let (handle, future) = self.supervisor.worker(spec)?;
        tokio::spawn(future);
        Ok(handle)
    }

    /// Lines counted as lost in the records that have come until now.
    pub fn dropped(&mut self) -> u64 {
        let mut lines = 0;
        while let Ok(record) = self.records.try_recv() {
            if let RecordKind::Dropped { lines: more } = record.kind {
                lines += more;
            }
        }
        lines
    }
}

/// Nothing is dropped for want of room.
pub fn roomy(folder: &Path) -> LogLimits {
    LogLimits { segment_bytes: 16 << 20, total_bytes: 16 << 30, ..LogLimits::new(folder) }
}

/// A worker that writes numbered lines of 100 bytes on both streams, `rate` a second on each (0: as quick as it can).
pub fn flooder(rate: u64, length: Duration, report: &Path) -> Result<Spec> {
    let mut spec = Spec::new("flood", beside("fake-worker")?);
    let (rate, length) = (rate.to_string(), length.as_millis().to_string());
    spec.args = ["--lines", &rate, "--lines-for", &length, "--line-bytes", "100"].map(Into::into).to_vec();
    spec.args.extend(["--lines-report".into(), report.into()]);
    Ok(spec)
}

/// What the flooding worker says of its writes.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub out: u64,
    pub err: u64,
    pub bytes: u64,
    pub worst_ms: f64,
    pub p99_ms: f64,
}

impl Report {
    pub fn lines(&self) -> u64 {
        self.out + self.err
    }
}

/// Waits for the report; calls `meanwhile` every few milliseconds.
pub async fn report(path: &Path, mut meanwhile: impl FnMut()) -> Result<Report> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let text = loop {
        ticks.tick().await;
        meanwhile();
        match std::fs::read_to_string(path) {
            Ok(text) => break text,
            Err(_) if began.elapsed() < PATIENCE => {}
            Err(error) => bail!("the flooding worker gave no report: {error}"),
        }
    };
    let json: Value = serde_json::from_str(&text)?;
    let of =
        |stream: &str, what: &str| json[stream][what].as_f64().with_context(|| format!("no {stream}.{what}"));
    Ok(Report {
        out: of("out", "lines")? as u64,
        err: of("err", "lines")? as u64,
        bytes: (of("out", "bytes")? + of("err", "bytes")?) as u64,
        worst_ms: of("out", "worst_us")?.max(of("err", "worst_us")?) / 1_000.0,
        p99_ms: of("out", "p99_us")?.max(of("err", "p99_us")?) / 1_000.0,
    })
}

/// What the segments hold of a flood.
#[derive(Debug, Default, Clone, Copy)]
pub struct Held {
    /// Numbered lines, each once and in order.
    pub lines: u64,
    /// Lines that came twice, out of order or changed.
    pub wrong: u64,
    /// Lost by the marks in the segments.
    pub dropped: u64,
}

/// Reads the segments back. Off the runtime: ten million lines take seconds.
pub async fn held(limits: &LogLimits) -> Result<Held> {
    let folder: PathBuf = limits.folder.clone();
    tokio::task::spawn_blocking(move || {
        let (mut held, mut newest) = (Held::default(), [None::<u64>; 2]);
        for entry in Stored::open(&folder, "flood")? {
            match entry?.said {
                Said::Line { stream, text } => {
                    let letter = if stream == Stream::Output { 'O' } else { 'E' };
                    // The ready line and its like.
                    let Some(rest) = text.strip_prefix(letter) else { continue };
                    let Some(number) = rest.get(..12).and_then(|digits| digits.parse().ok()) else {
                        continue;
                    };
                    let last = &mut newest[stream as usize];
                    let good = text.len() == 99 && last.is_none_or(|last| number > last);
                    *last = Some(number);
                    if good { held.lines += 1 } else { held.wrong += 1 }
                }
                Said::Dropped { lines } => held.dropped += lines,
                Said::Start { .. } => {}
            }
        }
        Ok(held)
    })
    .await?
}

/// Own memory now, in bytes.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default();
    pages * rustix::param::page_size() as u64
}

pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
