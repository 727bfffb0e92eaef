//! Reads what one live copy of a worker says, on both streams, at once and bounded: a worker never waits for us. Judges
//! the ready line, reports it and every sign of life; knows nothing of processes and their ends.

use crate::{
    child::Report,
    lines::{Line, LineCutter},
    log::{LINE, Log},
};
use std::sync::{Mutex, PoisonError};
use tokio::{
    io::AsyncReadExt,
    process::{ChildStderr, ChildStdout},
    sync::mpsc,
};

/// A ready line names an address and a model; more than this is not a ready line.
const READY_LINE: usize = 64 * 1024;
/// One pipe's worth: the largest piece a single read can give on Linux.
const READ: usize = 64 * 1024;

/// The first line is the ready line; what follows is read and dropped, so that the worker can never fill the pipe.
pub(crate) async fn read_stdout(stdout: Option<ChildStdout>, reports: &mpsc::Sender<Report>) {
    let Some(mut stdout) = stdout else { return };
    let (mut cutter, mut buffer) = (Some(LineCutter::new(READY_LINE)), vec![0; READ]);
    while let Ok(size @ 1..) = stdout.read(&mut buffer).await {
        let Some(reading) = &mut cutter else { continue };
        let mut first = None;
        reading.feed(&buffer[..size], |line| {
            first.get_or_insert(line);
        });
        if let Some(report) = judge(first, reading.is_cut()) {
            cutter = None;
            reports.send(report).await.ok();
        }
    }
}

fn judge(line: Option<Line>, too_long: bool) -> Option<Report> {
    let Some(line) = line else {
        return too_long.then_some(Report::BadReadyLine("the worker's ready line is longer than 64 KiB"));
    };
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line.text).is_ok();
    Some(match (line.cut, is_object) {
        (true, _) => Report::BadReadyLine("the worker's ready line is longer than 64 KiB"),
        (false, false) => Report::BadReadyLine("the worker's first line of output is not a JSON object"),
        (false, true) => Report::ReadyLine(line.text),
    })
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
