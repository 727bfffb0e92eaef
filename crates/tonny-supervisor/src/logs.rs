//! What becomes of a worker's output: lines, redacted, in segment files; the last of them in memory; what matters as
//! records.
//!
//! ```text
//! pipe ─▶ Splitter ─▶ Sieve ─┬▶ Tail (64 KiB a stream, first lines)
//!  (the worker's future)     ├▶ Queue ─▶ thread: segment files, retention
//!                            └▶ Record, where a line matters
//! ```
//! [`Logs`] is what all workers share, [`WorkerLog`] one worker's part, [`CopyLog`] that of one live copy. The way from
//! the pipe to the queue never waits, whatever disk and database do: a worker's write() is as quick as this future is
//! polled. Nothing that could be a secret leaves the sieve; nothing but the sieve is given raw output, save for the ready
//! line.

mod bucket;
mod clean;
mod copy;
mod levels;
mod marks;
mod queue;
mod secrets;
mod segment;
mod sieve;
mod splitter;
mod stored;
mod tail;
mod writer;

pub(crate) use copy::CopyLog;
pub use sieve::Sieve;
pub use splitter::Splitter;
pub use stored::{Entry, Said, Stored};
pub use tail::Stream;

use crate::{Level, RecordKind, records::Records};
use bucket::Bucket;
use queue::Queue;
use segment::Shelf;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
pub(crate) use tail::Tail;
use tokio::sync::{oneshot, watch};
use writer::Writer;

/// Where segment files lie and how much of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLimits {
    /// The folder; every worker has one of its own in it.
    pub folder: PathBuf,
    /// A segment is closed at this size, in bytes. Retention drops whole segments, so this is its grain.
    pub segment_bytes: u64,
    /// All segments of all workers together, in bytes.
    pub total_bytes: u64,
    /// Segments whose last line is older are dropped.
    pub max_age: Duration,
}

impl LogLimits {
    /// The usual limits: segments of 4 MiB, 64 MiB in all, two weeks.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            segment_bytes: 4 << 20,
            total_bytes: 64 << 20,
            max_age: Duration::from_secs(14 * 24 * 60 * 60),
        }
    }
}

/// What the logs of all workers share: one queue, one thread that writes. A clone shares them too.
#[derive(Debug, Clone)]
pub(crate) struct Logs {
    front: Option<Arc<Front>>,
    records: Records,
}

/// The side of the queue where lines come in; with its last clone the thread ends.
#[derive(Debug)]
struct Front(Arc<Queue>);

impl Drop for Front {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Logs {
    /// Without limits there are no segment files: the tail and the records remain.
    pub(crate) fn new(limits: Option<LogLimits>, records: Records) -> Self {
        let front = limits.and_then(|limits| {
            let queue = Arc::new(Queue::default());
            let writer = Writer::new(queue.clone(), Shelf::new(limits), records.clone());
            let thread = std::thread::Builder::new().name("worker-logs".to_owned());
            // What the thread says goes where its maker's words go.
            let told = tracing::dispatcher::get_default(Clone::clone);
            let run = move || tracing::dispatcher::with_default(&told, || writer.run());
            match thread.spawn(run) {
                Ok(_) => Some(Arc::new(Front(queue))),
                Err(error) => {
                    tracing::error!(%error, "workers' output is not kept: there is no thread to write it");
                    None
                }
            }
        });
        Self { front, records }
    }

    /// The log of one worker.
    pub(crate) fn worker(&self, name: &str) -> (WorkerLog, watch::Receiver<Tail>) {
        let (tail, newest) = watch::channel(Tail::default());
        let front = self.front.clone();
        let lines = front.map(|front| Lines { slot: front.0.open(name), front });
        let bucket = Mutex::new(Bucket::new(Instant::now()));
        let inner = Inner { name: name.to_owned(), tail, lines, bucket, records: self.records.clone() };
        (WorkerLog(Arc::new(inner)), newest)
    }

    /// Waits until everything said so far is in segment files, or counted as lost.
    pub(crate) async fn flush(&self) {
        if let Some(front) = &self.front {
            let (done, written) = oneshot::channel();
            front.0.flush(done);
            // Fails only when the thread is gone, or panicked with this in hand.
            written.await.ok();
        }
    }
}

/// One worker's log. A clone is the same log; the last one ends it.
#[derive(Debug, Clone)]
pub(crate) struct WorkerLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    tail: watch::Sender<Tail>,
    lines: Option<Lines>,
    bucket: Mutex<Bucket>,
    records: Records,
}

/// The worker's place in the queue.
#[derive(Debug)]
struct Lines {
    slot: u64,
    front: Arc<Front>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.front.0.end(self.slot);
    }
}

impl WorkerLog {
    /// Something that matters, told by the supervisor itself.
    pub(crate) fn record(&self, incarnation: u64, level: Level, kind: RecordKind, text: String) {
        self.0.records.send(&self.0.name, incarnation, level, kind, text);
    }

    /// A line that matters, if it is not one of too many.
    fn line(&self, incarnation: u64, level: Level, text: &str) {
        let mut bucket = self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, before) = (Instant::now(), bucket.refused(Instant::now()));
        let passes = bucket.take(now);
        drop(bucket);
        self.surplus(incarnation, before);
        if passes {
            self.record(incarnation, level, RecordKind::Line, text.to_owned());
        }
    }

    /// Tells of lines that were too many.
    fn surplus(&self, incarnation: u64, lines: Option<u64>) {
        if let Some(lines) = lines {
            let text = format!("{lines} more warnings and errors are in the log files only");
            self.record(incarnation, Level::Info, RecordKind::Surplus { lines }, text);
        }
    }

    fn start(&self, incarnation: u64) {
        if let Some(lines) = &self.0.lines {
            lines.front.0.start(lines.slot, incarnation, millis(wall_clock()));
        }
    }

    /// Clean lines.
    fn append(&self, stream: Stream, block: &[u8]) {
        if tracing::enabled!(target: "worker", tracing::Level::TRACE) {
            for line in String::from_utf8_lossy(block).lines() {
                tracing::trace!(target: "worker", worker = %self.0.name, "{line}");
            }
        }
        self.0.tail.send_modify(|tail| tail.append(stream, block));
        if let Some(lines) = &self.0.lines {
            lines.front.0.push(lines.slot, stream, millis(wall_clock()), block);
        }
    }

    fn rest(&self, incarnation: u64) {
        let rest = self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner).rest();
        self.surplus(incarnation, rest);
    }
}

/// Rows and files carry the time of day; nothing here decides by it but the age of files.
#[allow(clippy::disallowed_methods, reason = "stamps what is stored; deadlines use Instant")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
