//! One JSON document a line, as Ollama sends them.
//!
//! Empty lines are none. A carriage return before the line feed is white space to JSON and stays.

use super::{Frame, FramingError, hold, text};

/// A reader of lines.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            hold(&mut self.line, &bytes[..end], 0)?;
            bytes = &bytes[end + 1..];
            frames.extend(frame(text(&self.line)?));
            self.line.clear();
        }
        hold(&mut self.line, bytes, 0)
    }

    pub(super) fn rest(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        text(&line).ok().and_then(frame)
    }
}

fn frame(line: &str) -> Option<Frame> {
    let line = line.trim();
    (!line.is_empty()).then(|| Frame::Data { name: String::new(), data: line.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(data: &str) -> Frame {
        Frame::Data { name: String::new(), data: data.to_owned() }
    }

    #[test]
    fn lines_are_the_same_in_every_piece() {
        let stream = "{\"a\":\"\u{1f980}\"}\r\n\n{}\n{\"last\":1}".as_bytes();
        for cut in 0..=stream.len() {
            let mut lines = Lines::default();
            let mut frames = Vec::new();
            lines.push(&stream[..cut], &mut frames).unwrap();
            lines.push(&stream[cut..], &mut frames).unwrap();
            frames.extend(lines.rest());
            assert_eq!(frames, [data("{\"a\":\"\u{1f980}\"}"), data("{}"), data("{\"last\":1}")], "{cut}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_an_error() {
        let mut frames = Vec::new();
        assert_eq!(Lines::default().push(b"ok\n\xff\n", &mut frames), Err(FramingError::NotUtf8));
        assert_eq!(frames, [data("ok")]);
        let mut lines = Lines::default();
        let error = (0..200).find_map(|_| lines.push(&[b' '; 64 * 1024], &mut frames).err());
        assert_eq!(error, Some(FramingError::TooLong));
    }
}
