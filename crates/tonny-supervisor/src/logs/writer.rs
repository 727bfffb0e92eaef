//! The thread that writes: takes lines out of the queue, puts them into segments, tells what was lost. It is the only one
//! that waits for the disk. It ends by itself when the last log is gone and everything is written. A panic of ours costs the
//! lines in hand, which are counted as lost, and nothing else.

use super::{
    marks,
    queue::{Buffer, Queue, Work},
    segment::{Segment, Shelf},
    wall_clock,
};
use crate::{Level, RecordKind, child::BREATH, records::Records};
use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// One record per second tells of a loss that goes on.
const TELL: Duration = Duration::from_secs(1);

/// What one worker has on the disk.
#[derive(Debug)]
struct Place {
    worker: Arc<str>,
    segment: Option<Segment>,
    /// Text is missing before what comes next: it needs a time of its own.
    torn: bool,
    /// Lost since the last mark in a segment.
    unmarked: u64,
    /// Lost since the last record, and why at last.
    untold: u64,
    why: Option<io::Error>,
    told: Option<Instant>,
}

/// The thread's own.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    shelf: Shelf,
    places: BTreeMap<u64, Place>,
    records: Records,
    /// What is being written, and for whom.
    in_hand: Option<InHand>,
    is_new: bool,
}

#[derive(Debug)]
struct InHand {
    slot: u64,
    worker: Arc<str>,
    bytes: usize,
    lines: u64,
}

impl Writer {
    pub(crate) fn new(queue: Arc<Queue>, shelf: Shelf, records: Records) -> Self {
        Self { queue, shelf, places: BTreeMap::new(), records, in_hand: None, is_new: true }
    }

    pub(crate) fn run(mut self) {
        // Whoever waits for a flush when one of these panics hears that nobody answers, and does not wait for ever.
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            // A panic that comes back at once must not keep a core busy.
            std::thread::park_timeout(BREATH);
            self.take_up_again();
        }
    }

    fn take_up_again(&mut self) {
        tracing::error!("the thread that writes the workers' output panicked and goes on");
        let Some(InHand { slot, worker, bytes, lines }) = self.in_hand.take() else { return };
        let dropped = self.queue.lost(slot, bytes);
        self.lost(slot, &worker, lines + dropped);
        if let Some(place) = self.places.get_mut(&slot) {
            // How much of it is in the segment nobody knows: what comes next has a segment of its own.
            place.segment = None;
            place.why = Some(io::Error::other("the thread that writes it panicked"));
        }
    }

    fn work(&mut self) {
        if std::mem::take(&mut self.is_new) {
            self.sweep();
        }
        loop {
            match self.queue.next() {
                Work::Write { slot, worker, buffer } => {
                    let (bytes, lines) = (buffer.bytes.len(), marks::count_lines(&buffer.bytes));
                    self.in_hand = Some(InHand { slot, worker: worker.clone(), bytes, lines });
                    tracing::trace!(worker = %worker, "writing lines");
                    self.write(slot, &worker, &buffer);
                    self.in_hand = None;
                    let dropped = self.queue.done(slot, buffer.bytes);
                    self.lost(slot, &worker, dropped);
                    self.tell(slot, false);
                }
                Work::Close { slot, worker, dropped } => {
                    self.lost(slot, &worker, dropped);
                    self.tell(slot, true);
                    self.places.remove(&slot);
                }
                Work::Flush(waiting) => {
                    self.tell_all();
                    // Fails where nobody waits any more.
                    waiting.into_iter().for_each(|done| done.send(()).unwrap_or_default());
                }
                Work::Sweep => self.sweep(),
                Work::End => break,
            }
        }
    }

    fn write(&mut self, slot: u64, worker: &Arc<str>, buffer: &Buffer) {
        // Its own segment is not among them: when that is full it may be dropped like any other.
        let others = self.places.iter().filter(|(other, _)| **other != slot);
        let open: Vec<PathBuf> = paths(others.map(|(_, place)| place));
        let place = self.places.entry(slot).or_insert_with(|| Place::new(worker));
        if let Err((kept, error)) = place.write(&self.shelf, buffer, &open) {
            let stored = marks::count_lines(&buffer.bytes[..kept]);
            place.lost(marks::count_lines(&buffer.bytes) - stored);
            place.why = Some(error);
            place.torn = true;
        }
    }

    fn lost(&mut self, slot: u64, worker: &Arc<str>, lines: u64) {
        if lines > 0 {
            self.places.entry(slot).or_insert_with(|| Place::new(worker)).lost(lines);
        }
    }

    /// Tells of lost lines, in the segment and as a record.
    fn tell(&mut self, slot: u64, last: bool) {
        let Some(place) = self.places.get_mut(&slot) else { return };
        if place.unmarked > 0 && (!place.torn || last) {
            place.mark_lost();
        }
        if let Some((lines, text)) = place.loss(Instant::now(), last) {
            self.records.send(&place.worker, 0, Level::Warn, RecordKind::Dropped { lines }, text);
        }
    }

    fn tell_all(&mut self) {
        let slots: Vec<u64> = self.places.keys().copied().collect();
        slots.into_iter().for_each(|slot| self.tell(slot, true));
    }

    fn sweep(&mut self) {
        self.tell_all();
        self.shelf.drop_old(wall_clock(), 0, &self.open());
    }

    fn open(&self) -> Vec<PathBuf> {
        paths(self.places.values())
    }
}

fn paths<'a>(places: impl Iterator<Item = &'a Place>) -> Vec<PathBuf> {
    places.filter_map(|place| place.segment.as_ref()).map(|segment| segment.path().to_owned()).collect()
}

impl Place {
    fn new(worker: &Arc<str>) -> Self {
        Self {
            worker: worker.clone(),
            segment: None,
            torn: true,
            unmarked: 0,
            untold: 0,
            why: None,
            told: None,
        }
    }

    /// Where it fails, so many bytes of the buffer are in the segment: whole lines.
    fn write(&mut self, shelf: &Shelf, buffer: &Buffer, open: &[PathBuf]) -> Result<(), (usize, io::Error)> {
        if self.segment.as_ref().is_some_and(|segment| shelf.is_full(segment, buffer.bytes.len())) {
            self.segment = None;
        }
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => {
                self.torn = true;
                let new = shelf.begin(&self.worker, wall_clock(), open).map_err(|error| (0, error))?;
                self.segment.insert(new)
            }
        };
        if self.torn {
            let mut head = Vec::new();
            // Without a base the buffer begins with a time itself.
            if buffer.base > 0 {
                marks::time(buffer.base, &mut head);
            }
            if self.unmarked > 0 {
                marks::dropped(self.unmarked, &mut head);
            }
            segment.append(&head).map_err(|torn| (0, torn.source))?;
            (self.torn, self.unmarked) = (false, 0);
        }
        segment.append(&buffer.bytes).map_err(|torn| (torn.kept, torn.source))
    }

    fn lost(&mut self, lines: u64) {
        self.unmarked += lines;
        self.untold += lines;
    }

    fn mark_lost(&mut self) {
        let mut mark = Vec::new();
        marks::dropped(self.unmarked, &mut mark);
        let Some(segment) = &mut self.segment else { return };
        match segment.append(&mark) {
            Ok(()) => self.unmarked = 0,
            Err(torn) => {
                self.why = Some(torn.source);
                self.torn = true;
            }
        }
    }

    /// How many lines are to be told of now, and how.
    fn loss(&mut self, now: Instant, last: bool) -> Option<(u64, String)> {
        let due = last || self.told.is_none_or(|told| now.saturating_duration_since(told) >= TELL);
        if self.untold == 0 || !due {
            return None;
        }
        self.told = Some(now);
        let lines = std::mem::take(&mut self.untold);
        let why =
            self.why.take().map_or("they came faster than the disk takes them".to_owned(), |e| e.to_string());
        Some((lines, format!("{lines} lines of output are not in the log: {why}")))
    }
}
