//! Bytes of a stream to frames: the lowest of the two steps from a socket to [`crate::chat::Event`]s.
//!
//! A framing knows where one message ends and the next begins, and nothing of what they say; the formats in
//! [`crate::wire`] know that. Bytes may come in any pieces: the frames are the same. What a framing holds back is
//! bounded by [`LARGEST`].

mod aws;
mod lines;
mod sse;

use aws::Aws;
use lines::Lines;
use sse::Sse;

/// Bytes that one frame may have. The longest honest one is a message of a few hundred kilobytes; beyond this, a peer
/// that never ends a line would take all memory.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// One message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A sign of life that says nothing: a comment.
    Comment,
    /// A message with content.
    Data {
        /// The name of its kind, empty where the framing has none.
        name: String,
        /// Its content, JSON in all formats we know.
        data: String,
    },
    /// A message that the framing itself marks as an error.
    Exception {
        /// The error's type.
        name: String,
        /// What is said about it.
        data: String,
    },
}

/// Why bytes are not frames. Nothing after it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A frame longer than [`LARGEST`].
    #[error("a message is longer than 8 MiB")]
    TooLong,
    /// Text that is not UTF-8.
    #[error("a message is not UTF-8")]
    NotUtf8,
    /// A checksum that does not fit.
    #[error("a message's checksum is wrong")]
    Checksum,
    /// Lengths or headers that contradict each other.
    #[error("a message's lengths contradict each other")]
    Malformed,
}

/// How frames lie in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON document a line.
    Lines,
    /// Amazon's binary event stream.
    Aws,
}

/// Takes bytes as they come and gives frames as they are complete.
#[derive(Debug)]
pub enum Framer {
    /// For [`Framing::Sse`].
    Sse(Sse),
    /// For [`Framing::Lines`].
    Lines(Lines),
    /// For [`Framing::Aws`].
    Aws(Aws),
}

impl Framing {
    /// A framer at the beginning of a stream.
    pub fn framer(self) -> Framer {
        match self {
            Self::Sse => Framer::Sse(Sse::default()),
            Self::Lines => Framer::Lines(Lines::default()),
            Self::Aws => Framer::Aws(Aws::default()),
        }
    }

    /// Whether an answer with this content type can be such a stream.
    ///
    /// A page for people, or one JSON document where a stream was asked for, is an error under 200, and belongs to
    /// [`crate::classify::classify`]. Any other type is let in: servers of one's own often name a wrong one.
    pub fn may_be(self, content_type: &str) -> bool {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        !matches!(
            kind.as_str(),
            "text/html" | "application/xhtml+xml" | "application/json" | "application/problem+json"
        )
    }
}

impl Framer {
    /// Appends the frames that are complete with `bytes` to `frames`, those before an error included.
    pub fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        match self {
            Self::Sse(framer) => framer.push(bytes, frames),
            Self::Lines(framer) => framer.push(bytes, frames),
            Self::Aws(framer) => framer.push(bytes, frames),
        }
    }

    /// The stream ended: what lacks only its last line break.
    ///
    /// Servers exist that close right behind their last message. Whether it is whole is seen by its content, which a
    /// cut leaves as broken JSON.
    pub fn rest(&mut self) -> Option<Frame> {
        match self {
            Self::Sse(framer) => framer.rest(),
            Self::Lines(framer) => framer.rest(),
            Self::Aws(_) => None,
        }
    }
}

/// A line's text.
fn text(line: &[u8]) -> Result<&str, FramingError> {
    std::str::from_utf8(line).map_err(|_| FramingError::NotUtf8)
}

/// Keeps `bytes` for later, within bounds; `besides` is what the framer holds elsewhere.
fn hold(line: &mut Vec<u8>, bytes: &[u8], besides: usize) -> Result<(), FramingError> {
    if line.len() + bytes.len() + besides > LARGEST {
        return Err(FramingError::TooLong);
    }
    line.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_and_a_single_document_are_no_stream() {
        for (kind, may_be) in [
            ("text/event-stream; charset=utf-8", true),
            ("application/x-ndjson", true),
            ("application/vnd.amazon.eventstream", true),
            ("text/plain", true),
            ("", true),
            ("text/html; charset=UTF-8", false),
            ("Application/JSON", false),
        ] {
            assert_eq!(Framing::Sse.may_be(kind), may_be, "{kind}");
        }
    }
}
