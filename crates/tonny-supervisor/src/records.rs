//! The way of records to the app. Their receiver may be slow or absent; a worker never waits for it, and what could not
//! be handed over is counted.

use crate::{Level, Record, RecordKind};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};
use tokio::sync::mpsc;

/// Records that may wait for the app. A burst of state changes of all workers fits many times over.
const QUEUE: usize = 1024;

/// Sending end, shared by all workers.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    sender: mpsc::Sender<Record>,
    dropped: Arc<AtomicU64>,
}

impl Records {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Record>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender, dropped: Arc::default() }, receiver)
    }

    /// Hands over a record, or counts it as dropped.
    pub(crate) fn send(&self, worker: &str, incarnation: u64, level: Level, kind: RecordKind, text: String) {
        let at = wall_clock();
        let record = Record { at, worker: worker.to_owned(), incarnation, level, kind, text };
        let missing = self.dropped.swap(0, Relaxed);
        if missing > 0 {
            let text = format!("{missing} records are missing here, nobody took them in time");
            let kind = RecordKind::Missed { records: missing };
            if self.sender.try_send(Record { level: Level::Warn, kind, text, ..record.clone() }).is_err() {
                self.dropped.fetch_add(missing, Relaxed);
            }
        }
        if self.sender.try_send(record).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "rows carry wall-clock time; nothing is decided by it")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_counted_and_told() {
        let (records, mut receiver) = Records::new();
        let send = |text: usize| records.send("w", 1, Level::Info, RecordKind::State, text.to_string());
        (0..QUEUE + 5).for_each(send);
        for _ in 0..2 {
            assert!(receiver.try_recv().is_ok());
        }
        send(7);
        let rest: Vec<Record> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        assert_eq!(rest.len(), QUEUE);
        assert_eq!(rest[QUEUE - 2].kind, RecordKind::Missed { records: 5 });
        assert_eq!(rest[QUEUE - 1].text, "7");
    }
}
