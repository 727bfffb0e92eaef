//! Reads what one live copy of a worker says, on both streams, at once and bounded: a worker never waits for us. Reports
//! the word of readiness and every sign of life; knows nothing of processes and their ends.

use crate::{
    child::Report,
    lines::{Line, LineCutter},
    log::{LINE, Log},
    ready::ReadyWatch,
};
use std::sync::{Mutex, PoisonError};
use tokio::{
    io::AsyncReadExt,
    process::{ChildStderr, ChildStdout},
    sync::mpsc,
};

/// One pipe's worth: the largest piece a single read can give on Linux.
const READ: usize = 64 * 1024;

/// Looks for the word of readiness; the rest is read and dropped, so that the worker can never fill the pipe.
pub(crate) async fn read_stdout(
    stdout: Option<ChildStdout>,
    reports: &mpsc::Sender<Report>,
    watch: &Mutex<ReadyWatch>,
) {
    let Some(mut stdout) = stdout else { return };
    let mut buffer = vec![0; READ];
    while let Ok(size @ 1..) = stdout.read(&mut buffer).await {
        let report = watch.lock().unwrap_or_else(PoisonError::into_inner).output(&buffer[..size]);
        if let Some(report) = report {
            reports.send(report).await.ok();
        }
    }
}

/// The newest line on standard error that says anything. Local to one copy; the lock only makes the future `Send`.
#[derive(Default)]
pub(crate) struct LastWords(Mutex<Option<String>>);

impl LastWords {
    fn set(&self, line: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.to_owned());
    }

    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(crate) async fn read_stderr(
    stderr: Option<ChildStderr>,
    reports: &mpsc::Sender<Report>,
    log: &Log,
    last_words: &LastWords,
    watch: &Mutex<ReadyWatch>,
) {
    let Some(mut stderr) = stderr else { return };
    let (mut cutter, mut buffer) = (LineCutter::new(LINE), vec![0; READ]);
    let keep = |lines: Vec<Line>| {
        let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        if let Some(line) = lines.iter().rev().find(|line| !line.trim().is_empty()) {
            last_words.set(line);
        }
        log.append(lines);
    };
    while let Ok(size @ 1..) = stderr.read(&mut buffer).await {
        let report = watch.lock().unwrap_or_else(PoisonError::into_inner).error(&buffer[..size]);
        if let Some(report) = report {
            reports.send(report).await.ok();
        }
        let mut lines = Vec::new();
        cutter.feed(&buffer[..size], |line| lines.push(line));
        if !lines.is_empty() {
            keep(lines);
            // Dropped when the runner has not looked at earlier ones yet: they all say the same.
            reports.try_send(Report::Progress).ok();
        }
    }
    keep(cutter.rest().into_iter().collect());
}
