//! Cuts a stream of bytes into lines of bounded length. Pure; whatever a worker prints, memory stays bounded.

/// Collects bytes into lines of at most `limit` bytes; what a line has beyond that is dropped up to its end.
#[derive(Debug)]
pub(crate) struct LineCutter {
    limit: usize,
    line: Vec<u8>,
    cut: bool,
}

impl LineCutter {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), cut: false }
    }

    /// Takes a piece of the stream and gives every line that it completes to `take`.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(Line)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            take(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// Whether the line being collected is already longer than the limit.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.limit - self.line.len();
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self) -> Line {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
        Line { text, cut: std::mem::take(&mut self.cut) }
    }
}

/// One line, without its end. Bytes that are no UTF-8 are replaced.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(limit: usize, pieces: &[&[u8]]) -> Vec<Line> {
        let (mut cutter, mut lines) = (LineCutter::new(limit), Vec::new());
        for piece in pieces {
            cutter.feed(piece, |line| lines.push(line));
        }
        if pieces.concat().last().is_some_and(|last| *last != b'\n') {
            cutter.feed(b"\n", |line| lines.push(line));
        }
        lines
    }

    fn line(text: &str, cut: bool) -> Line {
        Line { text: text.to_owned(), cut }
    }

    #[test]
    fn lines_across_pieces_are_joined() {
        assert_eq!(
            cut(9, &[b"a", b"b\r\nc", b"\n\nd"]),
            [line("ab", false), line("c", false), line("", false), line("d", false)]
        );
    }

    #[test]
    fn long_lines_are_cut_and_bad_bytes_replaced() {
        assert_eq!(cut(3, &[b"abcdef", b"gh\nok\xff\n"]), [line("abc", true), line("ok\u{fffd}", false)]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_memory_is_bounded(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400),
            limit in 1usize..20,
            size in 1usize..50,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            let lines = cut(limit, &pieces);
            prop_assert!(lines.iter().all(|line| line.text.chars().count() <= limit));
            prop_assert_eq!(lines, cut(limit, &[&bytes]));
        }
    }
}
