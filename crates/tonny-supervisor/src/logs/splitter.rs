//! Splits a stream of bytes into clean lines. Pure; whatever a worker prints, memory stays below [`Splitter::MEMORY`] and
//! nothing panics.
//!
//! Lines leave in blocks: a slice of whole lines, each ended by `\n`, of printable UTF-8. The usual piece of output is
//! plain ASCII and leaves as the slice it came in, so that a million lines a second cost little more than looking for
//! the last line end.
//!
//! A carriage return takes the line back to its start, as on a terminal: what follows replaces it, and of a progress bar
//! the last state is the line. A line above [`LINE`] keeps its first [`LINE`] and its last [`END`] bytes.

use super::clean::{clean, is_plain};

/// Bytes that a line keeps from its start. A stack trace in one JSON record fits, and the tail has room for the whole of it.
pub const LINE: usize = 48 * 1024;
/// Bytes that an overlong line keeps from its end.
pub const END: usize = 4 * 1024;
/// Longest secret that a cut must not lay bare half of: what touches the cut goes, up to this.
const SECRET: usize = 512;

/// Collects bytes into lines.
#[derive(Debug, Default)]
pub struct Splitter {
    line: Vec<u8>,
    /// What came after the first [`LINE`] bytes: at least its last [`END`] bytes, at most twice as many.
    end: Vec<u8>,
    /// How many bytes came after the first [`LINE`].
    beyond: u64,
    /// A carriage return came: the next byte of the line replaces what it has.
    restart: bool,
    block: Vec<u8>,
}

impl Splitter {
    /// What one splitter holds at most, in bytes: the line with its end (64 KiB), and a block with both once more as
    /// cleaned text, where every second byte may have become a replacement character of three (168 KiB); capacities double.
    pub const MEMORY: usize = 464 * 1024;

    /// Takes a piece of the stream and gives the lines that it completes to `take`, block by block.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        for piece in bytes.chunks(LINE) {
            if is_plain(piece) { self.plain(piece, &mut take) } else { self.mixed(piece, &mut take) }
        }
    }

    /// The unfinished line at the end of the stream, if there is one.
    pub fn rest(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.is_empty() {
            self.finish();
            self.give(&mut take);
        }
    }

    /// Bytes held now, in capacity.
    pub fn memory(&self) -> usize {
        self.line.capacity() + self.end.capacity() + self.block.capacity()
    }

    fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    fn plain(&mut self, mut bytes: &[u8], take: &mut impl FnMut(&[u8])) {
        if !self.is_empty() || self.restart {
            let Some(end) = memchr::memchr(b'\n', bytes) else { return self.keep(bytes) };
            self.keep(&bytes[..end]);
            self.finish();
            self.give(take);
            bytes = &bytes[end + 1..];
        }
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
        if whole > 0 {
            take(&bytes[..whole]);
        }
        self.keep(&bytes[whole..]);
    }

    fn mixed(&mut self, mut bytes: &[u8], take: &mut impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            self.keep(&bytes[..end]);
            if bytes[end] == b'\r' {
                self.restart = true;
            } else {
                self.finish();
                if self.block.len() >= BLOCK {
                    self.give(take);
                }
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        self.give(take);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.restart) {
            self.clear();
        }
        let (fits, beyond) = bytes.split_at(bytes.len().min(LINE - self.line.len()));
        self.line.extend_from_slice(fits);
        self.beyond += beyond.len() as u64;
        self.end.extend_from_slice(&beyond[beyond.len().saturating_sub(END)..]);
        if self.end.len() > 2 * END {
            self.end.drain(..self.end.len() - END);
        }
    }

    /// Moves the line into the block.
    fn finish(&mut self) {
        if self.beyond > END as u64 {
            self.cut();
        } else {
            self.line.append(&mut self.end);
        }
        let text = clean(&self.line);
        self.block.extend_from_slice(text.as_bytes());
        self.block.push(b'\n');
        self.clear();
    }

    /// Joins both ends of a line whose middle was dropped, and says so in between.
    fn cut(&mut self) {
        let end = &self.end[self.end.len().saturating_sub(END)..];
        let head =
            self.line.len() - self.line.iter().rev().take(SECRET).take_while(|byte| in_word(**byte)).count();
        let tail = end.iter().take(SECRET).take_while(|byte| in_word(**byte)).count();
        let gone = (self.line.len() - head) as u64 + self.beyond - (end.len() - tail) as u64;
        let end = end[tail..].to_vec();
        self.line.truncate(head);
        self.line.extend_from_slice(format!(" [{gone} bytes cut out] ").as_bytes());
        self.line.extend_from_slice(&end);
    }

    fn clear(&mut self) {
        self.line.clear();
        self.end.clear();
        (self.beyond, self.restart) = (0, false);
    }

    fn give(&mut self, take: &mut impl FnMut(&[u8])) {
        if !self.block.is_empty() {
            take(&self.block);
            self.block.clear();
        }
    }
}

/// A block of lines that had to be cleaned one by one leaves at this size.
const BLOCK: usize = 64 * 1024;

/// Whether the byte can be inside a secret: what stands between words cannot.
fn in_word(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b',' | b';' | b'&' | b'\r' | b'\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut text) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.feed(piece, |block| text.extend_from_slice(block));
            assert!(splitter.memory() <= Splitter::MEMORY);
        }
        splitter.rest(|block| text.extend_from_slice(block));
        let text = String::from_utf8(text).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_across_pieces_are_joined() {
        assert_eq!(lines(&[b"a", b"b\r\nc", b"\n\nd"]), ["ab", "c", "", "d"]);
        assert_eq!(lines(&[b"one\ntwo\nth", b"ree\nfour"]), ["one", "two", "three", "four"]);
    }

    #[test]
    fn of_a_progress_bar_the_last_state_is_the_line() {
        assert_eq!(lines(&[b" 1%\r 50%\r100%\r\nnext\n"]), ["100%", "next"]);
        assert_eq!(lines(&[b" 1%\r", b" 50%\r", b"100%", b"\r"]), ["100%"]);
        assert_eq!(lines(&[b"\r\r\rx\r\r\n"]), ["x"]);
        assert_eq!(lines(&[b"\xe2\x96\x88 9%\r", b"done\n"]), ["done"]);
        assert_eq!(lines(&[b"a\r", b"plain\nb\r", b"\nc\n"]), ["plain", "b", "c"]);
    }

    #[test]
    fn a_line_up_to_the_limit_is_whole() {
        let long = "x".repeat(LINE + END);
        assert_eq!(lines(&[long.as_bytes(), b"\nshort\n"]), [long.as_str(), "short"]);
    }

    #[test]
    fn a_longer_line_keeps_both_ends_and_counts_the_rest() {
        let long = format!("start {}{}", "y ".repeat(LINE), "the end");
        let [line] = &lines(&[long.as_bytes(), b"\n"])[..] else { panic!() };
        assert!(line.starts_with("start y") && line.ends_with(" the end"), "{}", line.len());
        let (head, rest) = line.split_once(" [").unwrap();
        let (gone, tail) = rest.split_once(" bytes cut out] ").unwrap();
        assert_eq!(head.len() + tail.len() + gone.parse::<usize>().unwrap(), long.len());
        assert_eq!(tail.len(), END);
    }

    #[test]
    fn the_end_of_an_overlong_line_is_trimmed_when_it_has_twice_its_size() {
        assert_eq!((LINE, END), (49_152, 4_096), "the numbers of the log's description");
        let mut splitter = Splitter::default();
        for piece in [vec![b'x'; LINE], vec![b'y'; END], vec![b'y'; END]] {
            splitter.feed(&piece, |_| panic!("there is no line"));
        }
        assert_eq!((splitter.line.len(), splitter.end.len()), (LINE, 2 * END));
        splitter.feed(b"z", |_| panic!("there is no line"));
        assert_eq!((splitter.end.len(), splitter.end.last()), (END, Some(&b'z')));
    }

    #[test]
    fn a_cut_lays_no_half_of_a_word_bare() {
        let secret = "S".repeat(300);
        let head = format!("{} {secret}{} ", "a".repeat(LINE - 150), "b ".repeat(3 * LINE));
        let [line] = &lines(&[head.as_bytes()])[..] else { panic!() };
        assert!(!line.contains('S'), "{line}");
        let tail = format!("{} {secret}{}", "a ".repeat(2 * LINE), " c".repeat((END - 100) / 2));
        let [line] = &lines(&[tail.as_bytes()])[..] else { panic!() };
        assert!(!line.contains('S') && line.ends_with(" c c"), "{line}");
        let (kept, rest) = line.split_once(" [").unwrap();
        let (gone, end) = rest.split_once(" bytes cut out] ").unwrap();
        assert_eq!(kept.len() + end.len() + gone.parse::<usize>().unwrap(), tail.len());
    }

    #[test]
    fn lines_that_grow_by_cleaning_leave_in_blocks_of_a_bounded_size() {
        let line = b"a\xff".repeat(500);
        let piece = [line.as_slice(), b"\n"].concat().repeat(40);
        let mut blocks = Vec::new();
        Splitter::default().feed(&piece, |block| blocks.push(block.len()));
        assert_eq!(blocks, [33 * 2001, 7 * 2001], "64 KiB and the line that fills it, then the rest");
    }

    #[test]
    fn without_a_line_end_memory_stays_bounded() {
        for byte in [b'x', b'\0', b'\xff', b'\r', 0x1b, b'['] {
            let (mut splitter, piece) = (Splitter::default(), vec![byte; LINE]);
            for _ in 0..64 {
                splitter.feed(&piece, |_| panic!("there is no line"));
            }
            assert!(splitter.memory() >= if byte == b'\r' { 0 } else { LINE + END }, "what it holds counts");
            splitter.rest(|block| assert!(block.len() <= 2 * (LINE + END) + 64));
            assert!(splitter.memory() <= Splitter::MEMORY, "{byte}: {}", splitter.memory());
        }
    }

    /// What the splitter must do, one byte at a time and without any limit.
    fn model(bytes: &[u8]) -> Vec<String> {
        let (mut lines, mut line, mut restart) = (Vec::new(), Vec::new(), false);
        for &byte in bytes {
            match byte {
                b'\n' => {
                    lines.push(clean(&line).into_owned());
                    (line, restart) = (Vec::new(), false);
                }
                b'\r' => restart = true,
                byte => {
                    if std::mem::take(&mut restart) {
                        line.clear();
                    }
                    line.push(byte);
                }
            }
        }
        if !line.is_empty() {
            lines.push(clean(&line).into_owned());
        }
        lines
    }

    fn output() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![3 => Just(b'\n'), 2 => Just(b'\r'), 1 => Just(0x1b), 9 => b' '..b'~', 3 => any::<u8>()];
        prop_oneof![prop::collection::vec(byte, 0..400), prop::collection::vec(b'\t'..b'~', 0..400)]
    }

    proptest! {
        #[test]
        fn it_equals_its_model_however_it_is_cut_into_pieces(bytes in output(), size in 1usize..60) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(lines(&pieces), model(&bytes));
        }
    }
}
