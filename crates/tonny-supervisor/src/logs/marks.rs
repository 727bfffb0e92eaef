//! The form of a segment file: lines of text as they were said, and between them marks that say when and on which stream.
//! Writing and reading of marks; pure.
//!
//! ```text
//! RS T 19a2b3c4d5e      a time, in ms since 1970, hexadecimal; at the start of each file and after a loss
//! RS S 19a2b3c4d5e 7    the same, and the worker's start number 7 begins here
//! RS o 3f               standard output from here on, 0x3f ms after the mark before; RS e: standard error
//! RS D 1200             1,200 lines are missing here (decimal)
//! ```
//! without the spaces after RS, the record separator of ASCII, which no line can hold: all control characters are taken
//! out before. A mark is written when the stream changes or 250 ms passed, so that a flood costs no marks and a trickle
//! less than a tenth.

use super::Stream;

/// Begins a mark.
pub(crate) const RS: u8 = 0x1e;
/// Times of lines are known to this, in ms: what a person can tell apart in a log.
const GRAIN: u64 = 250;

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Time(u64),
    Start(u64, u64),
    Lines(Stream, u64),
    Dropped(u64),
}

/// Where in time and on which stream the end of the text is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    stream: Option<Stream>,
    pub(crate) at: u64,
}

impl Place {
    /// Writes what is needed before a line of this stream and time (ms since 1970).
    pub(crate) fn lines(&mut self, stream: Stream, at: u64, out: &mut Vec<u8>) {
        // A clock set back, or the first line of all: no difference can tell it.
        if at < self.at || self.at == 0 {
            time(at, out);
            *self = Self { stream: None, at };
        }
        if self.stream != Some(stream) || at - self.at >= GRAIN {
            let letter = match stream {
                Stream::Output => 'o',
                Stream::Error => 'e',
            };
            push(out, &format!("{letter}{:x}", at - self.at));
            *self = Self { stream: Some(stream), at };
        }
    }

    /// Writes that a copy of the worker starts here.
    pub(crate) fn start(&mut self, incarnation: u64, at: u64, out: &mut Vec<u8>) {
        push(out, &format!("S{at:x} {incarnation}"));
        *self = Self { stream: None, at };
    }
}

/// A time of its own.
pub(crate) fn time(at: u64, out: &mut Vec<u8>) {
    push(out, &format!("T{at:x}"));
}

/// Lines are missing here.
pub(crate) fn dropped(lines: u64, out: &mut Vec<u8>) {
    push(out, &format!("D{lines}"));
}

fn push(out: &mut Vec<u8>, mark: &str) {
    out.push(RS);
    out.extend_from_slice(mark.as_bytes());
    out.push(b'\n');
}

/// The mark in a line; `None` for a line of text and for a mark of a later program.
pub(crate) fn read(line: &str) -> Option<Mark> {
    let mark = line.strip_prefix(char::from(RS))?;
    let (letter, rest) = mark.split_at_checked(1)?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    Some(match letter {
        "T" => Mark::Time(hex(rest)?),
        "S" => {
            let (at, incarnation) = rest.split_once(' ')?;
            Mark::Start(hex(at)?, incarnation.parse().ok()?)
        }
        "o" => Mark::Lines(Stream::Output, hex(rest)?),
        "e" => Mark::Lines(Stream::Error, hex(rest)?),
        "D" => Mark::Dropped(rest.parse().ok()?),
        _ => return None,
    })
}

/// How many lines of text these bytes hold, marks not counted.
pub(crate) fn count_lines(bytes: &[u8]) -> u64 {
    let all = memchr::memchr_iter(b'\n', bytes).count();
    let marks =
        memchr::memmem::find_iter(bytes, &[b'\n', RS]).count() + usize::from(bytes.first() == Some(&RS));
    all.saturating_sub(marks) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_written_when_something_changed() {
        let (mut place, mut out) = (Place::default(), Vec::new());
        let mut say = |stream, at| {
            place.lines(stream, at, &mut out);
            out.extend_from_slice(b"x\n");
        };
        say(Stream::Error, 0x1000);
        say(Stream::Error, 0x1010);
        say(Stream::Output, 0x1020);
        say(Stream::Output, 0x1020 + GRAIN - 1);
        say(Stream::Output, 0x1020 + GRAIN);
        say(Stream::Output, 0x900);
        place.start(7, 0x2000, &mut out);
        let text = String::from_utf8(out.clone()).unwrap().replace(char::from(RS), "#");
        assert_eq!(text, "#T1000\n#e0\nx\nx\n#o20\nx\nx\n#ofa\nx\n#T900\n#o0\nx\n#S2000 7\n");
        assert_eq!(count_lines(&out), 6);
    }

    #[test]
    fn marks_are_read_as_they_were_written() {
        let mut out = Vec::new();
        time(5, &mut out);
        dropped(1_200, &mut out);
        let mut place = Place::default();
        place.start(7, 300, &mut out);
        place.lines(Stream::Output, 310, &mut out);
        let text = String::from_utf8(out).unwrap();
        let marks: Vec<_> = text.lines().map(read).collect();
        assert_eq!(
            marks,
            [Mark::Time(5), Mark::Dropped(1_200), Mark::Start(300, 7), Mark::Lines(Stream::Output, 10)]
                .map(Some)
        );
    }

    #[test]
    fn what_is_no_mark_is_none() {
        for line in ["", "T5", "\x1e", "\x1eX5", "\x1eTx", "\x1eS5", "\x1eD-1", "\x1eé"] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }
}
