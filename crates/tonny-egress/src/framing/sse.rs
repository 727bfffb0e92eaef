//! Server-sent events, as the WHATWG's standard reads them (html.spec.whatwg.org, 9.2.6).
//!
//! Three deviations, each with its reason: a comment is told, because it is a sign of life; text that is not UTF-8 is
//! an error and not a replacement character, because a damaged answer must not pass for a whole one; and `id` and
//! `retry` are ignored, because nobody reconnects in the middle of an answer.

use super::{Frame, FramingError, hold, text};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader of server-sent events.
#[derive(Debug, Default)]
pub struct Sse {
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    begun: bool,
    after_carriage_return: bool,
}

impl Sse {
    pub(super) fn push(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        while !bytes.is_empty() {
            // The second half of CR LF may come in a later chunk.
            if std::mem::take(&mut self.after_carriage_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return hold(&mut self.line, bytes, self.data.len());
            };
            hold(&mut self.line, &bytes[..end], self.data.len())?;
            self.after_carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            frames.extend(self.take_line(&line)?);
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }

    pub(super) fn rest(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        // A cut through a character ends here too: what is no text is no message.
        let of_line = if line.is_empty() { None } else { self.take_line(&line).ok()? };
        of_line.filter(|frame| *frame != Frame::Comment).or_else(|| self.dispatch())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Option<Frame>, FramingError> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let line = text(line)?;
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => return Ok(Some(Frame::Comment)),
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            _ => {}
        }
        Ok(None)
    }

    /// An event without data is none; its name does not go over to the next.
    fn dispatch(&mut self) -> Option<Frame> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then_some(Frame::Data { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::LARGEST;

    fn data(name: &str, data: &str) -> Frame {
        Frame::Data { name: name.to_owned(), data: data.to_owned() }
    }

    fn read(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut sse = Sse::default();
        let mut frames = Vec::new();
        for piece in pieces {
            sse.push(piece, &mut frames).unwrap();
        }
        frames
    }

    #[test]
    fn the_examples_of_the_standard() {
        assert_eq!(
            read(&[b"data: YHOO\ndata: +2\ndata: 10\n\n"]),
            [data("", "YHOO\n+2\n10")],
            "lines are joined"
        );
        assert_eq!(
            read(&[b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"]),
            [Frame::Comment, data("", "first event"), data("", "second event"), data("", " third event")]
        );
        assert_eq!(read(&[b"data\n\ndata\ndata\n\ndata:"]), [data("", ""), data("", "\n")]);
        assert_eq!(read(&[b"data:test\n\ndata: test\n\n"]), [data("", "test"), data("", "test")]);
    }

    #[test]
    fn a_name_belongs_to_one_event() {
        assert_eq!(
            read(&[b"event: ping\ndata: 1\n\ndata: 2\n\nevent: lost\n\ndata: 3\n\n"]),
            [data("ping", "1"), data("", "2"), data("", "3")]
        );
    }

    #[test]
    fn every_line_end_is_one_also_when_it_is_cut() {
        let expected = [data("n", "a\nb"), data("", "c")];
        for line_end in ["\n", "\r", "\r\n"] {
            let stream = "event: n\ndata: a\ndata: b\n\ndata: c\n\n".replace('\n', line_end);
            let stream = stream.as_bytes();
            for cut in 0..=stream.len() {
                assert_eq!(read(&[&stream[..cut], &stream[cut..]]), expected, "{cut}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once_and_only_in_front() {
        let stream = b"\xef\xbb\xbfdata: a\n\n";
        for cut in 0..stream.len() {
            assert_eq!(read(&[&stream[..cut], &stream[cut..]]), [data("", "a")], "{cut}");
        }
        assert_eq!(read(&[b"data: a\n\n\xef\xbb\xbfdata: b\n\n"]), [data("", "a")]);
    }

    #[test]
    fn half_characters_wait_for_their_other_half() {
        let stream = "data: \u{1f980}\u{e4}\n\n".as_bytes();
        for cut in 0..stream.len() {
            assert_eq!(read(&[&stream[..cut], &stream[cut..]]), [data("", "\u{1f980}\u{e4}")], "{cut}");
        }
        let mut frames = Vec::new();
        assert_eq!(Sse::default().push(b"data: \xf0\x9f\n", &mut frames), Err(FramingError::NotUtf8));
    }

    #[test]
    fn an_endless_line_is_an_error_and_not_memory() {
        let piece = vec![b'x'; 64 * 1024];
        let mut sse = Sse::default();
        let mut frames = Vec::new();
        let pushed = (0..).position(|_| sse.push(&piece, &mut frames).is_err()).unwrap();
        assert_eq!(pushed, LARGEST / piece.len());
        assert!(sse.line.capacity() <= 2 * LARGEST);
    }

    #[test]
    fn endless_data_without_a_blank_line_is_an_error_too() {
        let line = [b"data: ".as_slice(), &[b'x'; 64 * 1024], b"\n"].concat();
        let mut sse = Sse::default();
        let mut frames = Vec::new();
        let error = (0..200).find_map(|_| sse.push(&line, &mut frames).err());
        assert_eq!(error, Some(FramingError::TooLong));
    }

    #[test]
    fn the_last_message_may_lack_its_blank_line() {
        for stream in [&b"data: [DONE]"[..], b"data: [DONE]\n", b"data: [DONE]\r"] {
            let mut sse = Sse::default();
            let mut frames = Vec::new();
            sse.push(stream, &mut frames).unwrap();
            assert_eq!((frames.len(), sse.rest()), (0, Some(data("", "[DONE]"))));
            assert_eq!(sse.rest(), None);
        }
        let mut sse = Sse::default();
        sse.push("data: \u{e4}".as_bytes().split_last().unwrap().1, &mut Vec::new()).unwrap();
        assert_eq!(sse.rest(), None, "half a character");
    }
}
