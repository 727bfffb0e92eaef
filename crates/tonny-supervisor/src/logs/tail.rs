//! The newest output in memory: 64 KiB of each stream in the order it was read, and the first lines. Pure. Holds clean
//! lines only. A worker has one for its log's tail, each of its copies one for the incident it may end in.

use crate::LastOutput;
use std::collections::VecDeque;

/// Kept of each stream, in bytes.
pub(crate) const KEPT: usize = 64 * 1024;
/// Kept of the beginning, in bytes, both streams together.
const FIRST: usize = 8 * 1024;
/// Lines shown as the log's tail: a stack trace and what led to it.
const LINES: usize = 200;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Both ends and a beginning.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// By stream.
    ends: [VecDeque<u8>; 2],
    /// Which stream the kept bytes came from, oldest first.
    runs: VecDeque<(Stream, usize)>,
    first: Vec<u8>,
    first_is_full: bool,
}

impl Tail {
    /// Appends whole lines.
    pub(crate) fn append(&mut self, stream: Stream, lines: &[u8]) {
        self.keep_first(lines);
        // Of a block larger than what is kept, only its last whole lines.
        let kept = &lines[after_line_end(lines, lines.len().saturating_sub(KEPT))..];
        self.make_room(stream, kept.len());
        self.ends[stream as usize].extend(kept);
        match self.runs.back_mut() {
            Some((last, length)) if *last == stream => *length += kept.len(),
            _ => self.runs.push_back((stream, kept.len())),
        }
    }

    /// The last lines of both streams in the order they were read, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut at = [self.ends[0].len(), self.ends[1].len()];
        let mut pieces = Vec::new();
        let mut lines = 0;
        for &(stream, length) in self.runs.iter().rev() {
            let to = at[stream as usize];
            at[stream as usize] = to - length;
            let bytes: Vec<u8> = self.ends[stream as usize].range(to - length..to).copied().collect();
            lines += memchr::memchr_iter(b'\n', &bytes).count();
            pieces.push(bytes);
            if lines >= LINES {
                break;
            }
        }
        pieces.reverse();
        let text = pieces.concat();
        let all: Vec<String> = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
        all[all.len().saturating_sub(LINES)..].to_vec()
    }

    /// What was said first and last.
    pub(crate) fn last_output(&self) -> LastOutput {
        let tail = |stream: Stream| {
            let bytes: Vec<u8> = self.ends[stream as usize].iter().copied().collect();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        LastOutput {
            first_lines: String::from_utf8_lossy(&self.first).into_owned(),
            stdout_tail: tail(Stream::Output),
            stderr_tail: tail(Stream::Error),
        }
    }

    /// The newest line on standard error that says anything.
    pub(crate) fn last_words(&self) -> Option<String> {
        let bytes: Vec<u8> = self.ends[Stream::Error as usize].iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
    }

    fn keep_first(&mut self, lines: &[u8]) {
        if self.first_is_full {
            return;
        }
        let room = FIRST - self.first.len();
        let fits = if lines.len() <= room {
            lines.len()
        } else {
            self.first_is_full = true;
            memchr::memrchr(b'\n', &lines[..room]).map_or(0, |end| end + 1)
        };
        self.first.extend_from_slice(&lines[..fits]);
    }

    /// Drops the stream's oldest lines until `size` more bytes fit.
    fn make_room(&mut self, stream: Stream, size: usize) {
        let end = &mut self.ends[stream as usize];
        let over = (end.len() + size).saturating_sub(KEPT);
        if over == 0 {
            return;
        }
        // The first line end at or after the last byte that must go.
        let (front, back) = end.as_slices();
        let last = over - 1;
        let in_front = front.get(last..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|at| last + at);
        let gone = in_front.or_else(|| {
            let from = last.saturating_sub(front.len());
            Some(front.len() + from + memchr::memchr(b'\n', &back[from..])?)
        });
        let gone = gone.map_or(end.len(), |at| at + 1);
        end.drain(..gone);
        let mut left = gone;
        for (_, length) in self.runs.iter_mut().filter(|(from, _)| *from == stream) {
            let taken = left.min(*length);
            *length -= taken;
            left -= taken;
            if left == 0 {
                break;
            }
        }
        self.runs.retain(|(_, length)| *length > 0);
    }
}

/// The beginning of the first whole line at or after `from`.
fn after_line_end(bytes: &[u8], from: usize) -> usize {
    if from == 0 {
        return 0;
    }
    memchr::memchr(b'\n', &bytes[from - 1..]).map_or(bytes.len(), |at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_both_streams_keep_their_order() {
        let mut tail = Tail::default();
        tail.append(Stream::Error, b"one\n");
        tail.append(Stream::Output, b"two\nthree\n");
        tail.append(Stream::Error, b"four\n");
        assert_eq!(tail.lines(), ["one", "two", "three", "four"]);
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let mut tail = Tail::default();
        for number in 0..1_000 {
            tail.append(
                if number % 3 == 0 { Stream::Output } else { Stream::Error },
                format!("{number}\n").as_bytes(),
            );
        }
        let lines = tail.lines();
        assert_eq!((lines.len(), lines[0].as_str(), lines[199].as_str()), (LINES, "800", "999"));
    }

    #[test]
    fn an_incident_has_the_first_lines_and_both_ends() {
        let mut tail = Tail::default();
        assert_eq!(tail.last_output(), LastOutput::default());
        tail.append(Stream::Output, b"ready\n");
        tail.append(Stream::Error, b"oh\nno\n");
        let said = tail.last_output();
        assert_eq!(said.first_lines, "ready\noh\nno\n");
        assert_eq!((said.stdout_tail.as_str(), said.stderr_tail.as_str()), ("ready\n", "oh\nno\n"));
    }

    #[test]
    fn a_block_larger_than_the_tail_leaves_its_last_lines() {
        let mut tail = Tail::default();
        let block: String = (0..20_000).map(|number| format!("{number:05}\n")).collect();
        tail.append(Stream::Output, block.as_bytes());
        let said = tail.last_output();
        assert!(said.stdout_tail.len() <= KEPT && said.stdout_tail.len() > KEPT - 6);
        assert!(block.ends_with(&said.stdout_tail) && said.stdout_tail.starts_with("09"));
        assert!(block.starts_with(&said.first_lines) && said.first_lines.len() > FIRST - 6);
        assert!(said.first_lines.len() <= FIRST && said.first_lines.ends_with('\n'));
    }

    proptest! {
        #[test]
        fn the_tail_is_the_end_of_what_was_appended(
            blocks in prop::collection::vec((any::<bool>(), 1usize..400, 1usize..90), 1..60)
        ) {
            let (mut tail, mut said) = (Tail::default(), [String::new(), String::new()]);
            for (number, (error, lines, width)) in blocks.into_iter().enumerate() {
                let stream = if error { Stream::Error } else { Stream::Output };
                let block = format!("{number:width$}\n").repeat(lines);
                tail.append(stream, block.as_bytes());
                said[stream as usize].push_str(&block);
            }
            let last = tail.last_output();
            for (whole, kept) in said.iter().zip([&last.stdout_tail, &last.stderr_tail]) {
                prop_assert!(whole.ends_with(kept.as_str()) && kept.len() <= KEPT);
                let before = &whole[..whole.len() - kept.len()];
                prop_assert!(before.is_empty() || before.ends_with('\n'));
                // Not less than what fits, but for the line that would not.
                prop_assert!(before.is_empty() || kept.len() > KEPT - 100);
            }
            let runs = |stream| tail.runs.iter().filter(|(from, _)| *from == stream).map(|(_, length)| length).sum::<usize>();
            prop_assert_eq!(runs(Stream::Output), last.stdout_tail.len());
            prop_assert_eq!(runs(Stream::Error), last.stderr_tail.len());
        }
    }
}
