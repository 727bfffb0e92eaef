//! The last lines a worker wrote to standard error, for the incident report and the Workers page. Owns the ring only;
//! lines go to tracing at debug level too, where the app's own rules about levels and redaction apply.

use std::collections::VecDeque;
use tokio::sync::watch;

/// Enough for a stack trace and what led to it; one line is at most [`LINE`] bytes, so 3.2 MiB at the very worst.
const KEPT: usize = 200;

/// Longest log line kept, in bytes.
pub(crate) const LINE: usize = 16 * 1024;

/// Writing end of the ring.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    worker: String,
    tail: watch::Sender<VecDeque<String>>,
}

impl Log {
    pub(crate) fn new(worker: &str) -> (Self, watch::Receiver<VecDeque<String>>) {
        let (tail, reader) = watch::channel(VecDeque::new());
        (Self { worker: worker.to_owned(), tail }, reader)
    }

    /// Appends lines, dropping the oldest ones.
    pub(crate) fn append(&self, lines: Vec<String>) {
        for line in &lines {
            tracing::debug!(target: "worker", worker = %self.worker, "{line}");
        }
        self.tail.send_modify(|tail| {
            tail.extend(lines);
            tail.drain(..tail.len().saturating_sub(KEPT));
        });
    }
}
