//! The log of one live copy of a worker: takes raw pieces of both streams, gives clean lines to the worker's log, keeps
//! what the copy said first and last.

use super::{Sieve, Splitter, Stream, WorkerLog, tail::Tail};
use crate::LastOutput;

/// One copy's output on its way.
#[derive(Debug)]
pub(crate) struct CopyLog {
    log: WorkerLog,
    incarnation: u64,
    sieve: Sieve,
    /// By stream.
    splitters: [Splitter; 2],
    scratch: Vec<u8>,
    tail: Tail,
}

impl CopyLog {
    /// A new copy starts. Its secrets never reach the log.
    pub(crate) fn new<S: AsRef<[u8]>>(log: WorkerLog, incarnation: u64, secrets: &[S]) -> Self {
        log.start(incarnation);
        let (splitters, scratch, tail) = (Default::default(), Vec::new(), Tail::default());
        Self { log, incarnation, sieve: Sieve::new(secrets), splitters, scratch, tail }
    }

    /// A piece of what it says, as it was read.
    pub(crate) fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let Self { log, incarnation, sieve, splitters, scratch, tail } = self;
        splitters[stream as usize]
            .feed(bytes, |block| pass(log, *incarnation, sieve, scratch, tail, stream, block));
    }

    /// The stream is at its end, or is not waited for any longer.
    pub(crate) fn end(&mut self, stream: Stream) {
        let Self { log, incarnation, sieve, splitters, scratch, tail } = self;
        splitters[stream as usize].rest(|block| pass(log, *incarnation, sieve, scratch, tail, stream, block));
        log.rest(*incarnation);
    }

    /// What it said first and last.
    pub(crate) fn last_output(&self) -> LastOutput {
        self.tail.last_output()
    }

    /// Its newest line on standard error that says anything.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.tail.last_words()
    }
}

fn pass(
    log: &WorkerLog,
    incarnation: u64,
    sieve: &Sieve,
    scratch: &mut Vec<u8>,
    tail: &mut Tail,
    stream: Stream,
    block: &[u8],
) {
    let clean = sieve.pass(block, scratch, |level, line| log.line(incarnation, level, line));
    tail.append(stream, clean);
    log.append(stream, clean);
}
