//! Reads what one live copy of a worker says, on both streams, at once: a worker never waits for us. Every piece goes to
//! the copy's log; the word of readiness and signs of life are reported. Knows nothing of processes and their ends.

use crate::{LastOutput, Stream, child::Report, logs::CopyLog, ready::ReadyWatch};
use std::{future::pending, io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{ChildStderr, ChildStdout},
    sync::mpsc,
    time::timeout,
};

/// The largest piece of one read: as much as a pipe holds unless it was raised.
const READ: usize = 64 * 1024;
/// What a pipe is raised to: the most that Linux gives to anybody. At a million lines a second, 10 ms of our absence.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;
/// What is read at once after the exit: all that two raised pipes hold. More comes from somebody else.
#[cfg(unix)]
const LEFT: usize = 2 << 20;

/// Both streams of one copy. Dropping it closes them.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// By stream.
    buffers: [Vec<u8>; 2],
    ready: ReadyWatch,
    /// The word of readiness, until there is room for it.
    verdict: Option<Report>,
    reports: mpsc::Sender<Report>,
    log: CopyLog,
}

impl Output {
    pub(crate) fn new(
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        ready: ReadyWatch,
        reports: mpsc::Sender<Report>,
        log: CopyLog,
    ) -> Self {
        #[cfg(target_os = "linux")]
        {
            stdout.as_ref().map(raise);
            stderr.as_ref().map(raise);
        }
        let buffers = [vec![0; READ], vec![0; READ]];
        Self { stdout, stderr, buffers, ready, verdict: None, reports, log }
    }

    /// Whether both streams are at their end.
    pub(crate) fn is_ended(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none() && self.verdict.is_none()
    }

    /// Reads until both streams are at their end. May be dropped at any moment and called again: nothing is lost.
    pub(crate) async fn read(&mut self) {
        while !self.is_ended() {
            if self.verdict.is_some() {
                // Not a try: the ready line must not be lost. Fails only when nobody waits for it.
                let room = self.reports.reserve().await;
                if let (Ok(room), Some(verdict)) = (room, self.verdict.take()) {
                    room.send(verdict);
                }
                continue;
            }
            let [out, err] = &mut self.buffers;
            let (stream, size) = tokio::select! {
                size = read(&mut self.stdout, out) => (Stream::Output, size),
                size = read(&mut self.stderr, err) => (Stream::Error, size),
            };
            self.took(stream, size);
        }
    }

    /// After the exit: takes what the pipes hold, without waiting for more. The worker's own last words are among it;
    /// what a descendant may say later is not.
    pub(crate) fn read_what_is_there(&mut self) {
        #[cfg(unix)]
        for stream in [Stream::Output, Stream::Error] {
            let mut left = LEFT;
            while left > 0 {
                let buffer = &mut self.buffers[stream as usize];
                let size = match stream {
                    Stream::Output => self.stdout.as_ref().map(|pipe| rustix::io::read(pipe, &mut *buffer)),
                    Stream::Error => self.stderr.as_ref().map(|pipe| rustix::io::read(pipe, &mut *buffer)),
                };
                match size {
                    None | Some(Err(rustix::io::Errno::AGAIN)) => break,
                    Some(Err(rustix::io::Errno::INTR)) => {}
                    Some(size) => {
                        left = left.saturating_sub(size.unwrap_or_default());
                        self.took(stream, size.map_err(io::Error::from));
                    }
                }
            }
        }
    }

    /// The newest line on standard error that says anything.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.log.last_words()
    }

    /// What was said first and last, once both streams are at their end, or `patience` is. It runs out where a descendant
    /// holds the pipes.
    pub(crate) async fn end(mut self, patience: Duration) -> LastOutput {
        timeout(patience, self.read_to_end()).await.ok();
        for stream in [Stream::Output, Stream::Error] {
            self.log.end(stream);
        }
        self.log.last_output()
    }

    async fn read_to_end(&mut self) {
        while !self.is_ended() {
            self.read().await;
        }
    }

    fn took(&mut self, stream: Stream, size: io::Result<usize>) {
        let Ok(size @ 1..) = size else {
            self.log.end(stream);
            match stream {
                Stream::Output => self.stdout = None,
                Stream::Error => self.stderr = None,
            }
            return;
        };
        let bytes = &self.buffers[stream as usize][..size];
        self.log.take(stream, bytes);
        let word = match stream {
            Stream::Output => self.ready.output(bytes),
            Stream::Error => self.ready.error(bytes),
        };
        // There is one at most in a copy's life.
        self.verdict = word.or(self.verdict.take());
        if stream == Stream::Error {
            // Dropped when the runner has not looked at earlier ones yet: they all say the same.
            self.reports.try_send(Report::Progress).ok();
        }
    }
}

/// A stream that has ended never has anything more.
async fn read(stream: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    match stream {
        Some(stream) => stream.read(buffer).await,
        None => pending().await,
    }
}

/// Refused where the user's pipes hold too much already; the usual size then has to do.
#[cfg(target_os = "linux")]
fn raise(pipe: &impl std::os::fd::AsFd) {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE) {
        tracing::debug!(%error, "the worker's pipe keeps its size");
    }
}
