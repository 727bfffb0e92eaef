//! Lines on their way to the disk: bounded, and nobody who brings some ever waits.
//!
//! Workers' futures append under a lock that is held for one copy of at most 64 KiB; the writer's thread takes whole
//! buffers out and writes them with the lock free. Above [`BUDGET`] lines are counted instead of kept. What is counted
//! leaves with the next lines that are written, so that produced = stored + counted at every moment when the queue is
//! empty.

use super::{
    Stream,
    marks::{Place, count_lines},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// Bytes that may wait for the disk, those being written included: at 100 MB/s, 160 ms of a disk that does nothing. The
/// promise is that the app grows by 32 MiB at most.
pub(crate) const BUDGET: usize = 16 << 20;
/// A buffer takes no more above this; the writer is woken for one.
const BUFFER: usize = 256 << 10;
/// A buffer with one block of lines too many, each line at its longest and grown by redaction.
pub(crate) const LARGEST: usize = 1 << 20;
/// How long the first line of a trickle waits for more: one write for all of them. This much is lost if the app is killed
/// (docs/decisions/0026), and a hundred small writes a second are as often as the writer is woken.
const GATHER: Duration = Duration::from_millis(10);
/// How often an idle writer looks for segments that have become too old.
const SWEEP: Duration = Duration::from_secs(60 * 60);
/// Empty buffers kept for the next lines.
const SPARE: usize = 4;

/// Lines of one worker, in the form of a segment file.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// The time that the first mark's difference counts from.
    pub(crate) base: u64,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Work {
    Write {
        slot: u64,
        worker: Arc<str>,
        buffer: Buffer,
    },
    /// The worker is gone and all of its lines are written.
    Close {
        slot: u64,
        worker: Arc<str>,
        dropped: u64,
    },
    /// Everything brought before is written: to be answered.
    Flush(Vec<oneshot::Sender<()>>),
    Sweep,
    End,
}

/// One worker's lines.
#[derive(Debug)]
struct Slot {
    worker: Arc<str>,
    buffers: VecDeque<Buffer>,
    place: Place,
    dropped: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<u64, Slot>,
    next: u64,
    /// Waiting and being written.
    bytes: usize,
    spare: Vec<Vec<u8>>,
    flushes: Vec<oneshot::Sender<()>>,
    closed: bool,
}

/// All workers' lines.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    pub(crate) fn open(&self, worker: &str) -> u64 {
        let mut state = self.lock();
        let slot = state.next;
        state.next += 1;
        let new = Slot {
            worker: worker.into(),
            buffers: VecDeque::new(),
            place: Place::default(),
            dropped: 0,
            ended: false,
        };
        state.slots.insert(slot, new);
        slot
    }

    /// Whole lines that were read at `at`, in ms since 1970.
    pub(crate) fn push(&self, slot: u64, stream: Stream, at: u64, lines: &[u8]) {
        self.append(slot, lines, |place, out| place.lines(stream, at, out));
    }

    /// A copy of the worker starts.
    pub(crate) fn start(&self, slot: u64, incarnation: u64, at: u64) {
        self.append(slot, b"", |place, out| place.start(incarnation, at, out));
    }

    fn append(&self, slot: u64, lines: &[u8], mark: impl FnOnce(&mut Place, &mut Vec<u8>)) {
        let mut guard = self.lock();
        let State { slots, bytes, spare, .. } = &mut *guard;
        let Some(slot) = slots.get_mut(&slot) else { return };
        if *bytes + lines.len() > BUDGET {
            slot.dropped += count_lines(lines);
            return;
        }
        if slot.buffers.back().is_none_or(|last| last.bytes.len() >= BUFFER) {
            let bytes = spare.pop().unwrap_or_default();
            slot.buffers.push_back(Buffer { bytes, base: slot.place.at });
        }
        let Some(buffer) = slot.buffers.back_mut() else { return };
        let before = buffer.bytes.len();
        mark(&mut slot.place, &mut buffer.bytes);
        buffer.bytes.extend_from_slice(lines);
        let was = *bytes;
        *bytes += buffer.bytes.len() - before;
        let now = *bytes;
        drop(guard);
        if was == 0 || (was < BUFFER && now >= BUFFER) {
            self.wake.notify_one();
        }
    }

    /// No more lines of this worker.
    pub(crate) fn end(&self, slot: u64) {
        if let Some(slot) = self.lock().slots.get_mut(&slot) {
            slot.ended = true;
        }
        self.wake.notify_one();
    }

    /// Answered when everything brought before is written or counted.
    pub(crate) fn flush(&self, done: oneshot::Sender<()>) {
        self.lock().flushes.push(done);
        self.wake.notify_one();
    }

    /// Nobody will bring lines any more: the writer is to end once all are written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Waits for work.
    pub(crate) fn next(&self) -> Work {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.ready() {
                return work;
            }
            let (idle, patience) = (state.bytes == 0, if state.bytes == 0 { SWEEP } else { GATHER });
            let wait = self.wake.wait_timeout_while(state, patience, |state| {
                !state.is_urgent() && (state.bytes == 0) == idle
            });
            let (woken, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                return if idle { Work::Sweep } else { state.oldest().unwrap_or(Work::Sweep) };
            }
        }
    }

    /// A buffer is off the way. Gives how many lines of this worker found no room since the last call.
    pub(crate) fn done(&self, slot: u64, mut buffer: Vec<u8>) -> u64 {
        let mut state = self.lock();
        state.bytes -= buffer.len();
        if state.spare.len() < SPARE {
            buffer.clear();
            state.spare.push(buffer);
        }
        state.slots.get_mut(&slot).map_or(0, |slot| std::mem::take(&mut slot.dropped))
    }

    /// [`Queue::done`] for a buffer that a panic took along.
    pub(crate) fn lost(&self, slot: u64, bytes: usize) -> u64 {
        let mut state = self.lock();
        state.bytes -= bytes;
        state.slots.get_mut(&slot).map_or(0, |slot| std::mem::take(&mut slot.dropped))
    }

    /// A panic while the lock was held can only have been one of memory running out; the state is whole at every call.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_urgent(&self) -> bool {
        self.closed
            || !self.flushes.is_empty()
            || self.bytes >= BUFFER
            || self.slots.values().any(|slot| slot.ended)
    }

    /// What to do without waiting for more.
    fn ready(&mut self) -> Option<Work> {
        if !self.is_urgent() {
            return None;
        }
        if let Some(work) = self.oldest() {
            return Some(work);
        }
        if let Some(slot) = self.slots.iter().find(|(_, slot)| slot.ended).map(|(id, _)| *id) {
            let Slot { worker, dropped, .. } = self.slots.remove(&slot)?;
            return Some(Work::Close { slot, worker, dropped });
        }
        if !self.flushes.is_empty() {
            return Some(Work::Flush(std::mem::take(&mut self.flushes)));
        }
        self.closed.then_some(Work::End)
    }

    /// The next buffer, of the worker with most of them, so that none falls behind the others.
    fn oldest(&mut self) -> Option<Work> {
        let (id, slot) = self.slots.iter_mut().max_by_key(|(_, slot)| slot.buffers.len())?;
        let buffer = slot.buffers.pop_front()?;
        Some(Work::Write { slot: *id, worker: slot.worker.clone(), buffer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(work: Work) -> String {
        match work {
            Work::Write { buffer, .. } => String::from_utf8(buffer.bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_trickle_is_gathered_into_one_write() {
        let queue = Queue::default();
        let slot = queue.open("w");
        queue.push(slot, Stream::Error, 16, b"one\n");
        queue.push(slot, Stream::Error, 17, b"two\n");
        assert_eq!(text(queue.next()), "\x1eT10\n\x1ee0\none\ntwo\n");
    }

    #[test]
    fn what_finds_no_room_is_counted_exactly_and_room_comes_back() {
        let queue = Queue::default();
        let (slot, other) = (queue.open("w"), queue.open("other"));
        let block = b"0123456789abcde\n".repeat(4096);
        for _ in 0..BUDGET / block.len() + 5 {
            queue.push(slot, Stream::Output, 16, &block);
        }
        queue.push(other, Stream::Output, 16, &block);
        let (mut stored, mut dropped) = (0, 0);
        queue.end(slot);
        queue.end(other);
        queue.close();
        loop {
            match queue.next() {
                Work::Write { slot, buffer, .. } => {
                    stored += count_lines(&buffer.bytes);
                    dropped += queue.done(slot, buffer.bytes);
                }
                Work::Close { dropped: rest, .. } => dropped += rest,
                Work::End => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(stored + dropped, (BUDGET / block.len() + 6) as u64 * 4096);
        assert!((6 * 4096..=7 * 4096).contains(&dropped), "{dropped}");
        let state = queue.lock();
        assert_eq!((state.bytes, state.slots.len(), state.spare.len()), (0, 0, SPARE));
    }

    #[test]
    fn a_flush_comes_after_the_lines_and_the_end_after_the_flush() {
        let queue = Queue::default();
        let slot = queue.open("w");
        queue.push(slot, Stream::Output, 16, b"x\n");
        let (done, _answer) = oneshot::channel();
        queue.flush(done);
        queue.close();
        assert!(matches!(queue.next(), Work::Write { .. }));
        assert!(matches!(queue.next(), Work::Flush(waiting) if waiting.len() == 1));
        assert!(matches!(queue.next(), Work::End));
    }
}
