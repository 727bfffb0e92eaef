//! Amazon's binary event stream (`application/vnd.amazon.eventstream`), all numbers big-endian:
//!
//! ```text
//! total length 4 | headers' length 4 | CRC-32 of both 4 | headers | payload | CRC-32 of all before 4
//! ```
//!
//! A header is its name's length (1), its name, the type of its value (1), and the value. Both checksums are checked;
//! a length is believed only once the first of them fits.

use super::{Frame, FramingError, LARGEST, text};

/// Two lengths and their checksum.
const PRELUDE: usize = 12;
/// The second checksum.
const TRAILER: usize = 4;

/// A reader of binary event streams.
#[derive(Debug, Default)]
pub struct Aws {
    held: Vec<u8>,
}

impl Aws {
    pub(super) fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        // What is held is one unfinished message, and that is never longer than LARGEST.
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(total) = length(&self.held[at..])? {
            let Some(message) = self.held.get(at..at + total) else { break };
            frames.push(frame(message)?);
            at += total;
        }
        self.held.drain(..at);
        Ok(())
    }
}

/// The length of the message that begins here, once its prelude is whole.
fn length(bytes: &[u8]) -> Result<Option<usize>, FramingError> {
    let Some(prelude) = bytes.get(..PRELUDE) else { return Ok(None) };
    if crc32fast::hash(&prelude[..8]) != number(&prelude[8..]) {
        return Err(FramingError::Checksum);
    }
    let (total, headers) = (number(prelude) as usize, number(&prelude[4..]) as usize);
    if total > LARGEST {
        return Err(FramingError::TooLong);
    }
    if headers.saturating_add(PRELUDE + TRAILER) > total {
        return Err(FramingError::Malformed);
    }
    Ok(Some(total))
}

/// A whole message, its prelude already checked.
fn frame(message: &[u8]) -> Result<Frame, FramingError> {
    let (body, checksum) = message.split_at(message.len() - TRAILER);
    if crc32fast::hash(body) != number(checksum) {
        return Err(FramingError::Checksum);
    }
    let (headers, payload) = body[PRELUDE..].split_at(number(&body[4..]) as usize);
    let said = Said::read(headers)?;
    let data = text(payload)?.to_owned();
    Ok(match said.message.as_str() {
        "event" => Frame::Data { name: said.event, data },
        "exception" => Frame::Exception { name: said.exception, data },
        // Without a modelled shape: the type and the message are headers, and there is no payload.
        "error" => Frame::Exception { name: said.error, data: said.error_message },
        _ => return Err(FramingError::Malformed),
    })
}

/// The headers that say what a message is.
#[derive(Default)]
struct Said {
    message: String,
    event: String,
    exception: String,
    error: String,
    error_message: String,
}

impl Said {
    fn read(mut bytes: &[u8]) -> Result<Self, FramingError> {
        let mut said = Self::default();
        while !bytes.is_empty() {
            let name_length = usize::from(take(&mut bytes, 1)?[0]);
            let name = text(take(&mut bytes, name_length)?)?;
            let value = value(&mut bytes)?;
            let place = match name {
                ":message-type" => &mut said.message,
                ":event-type" => &mut said.event,
                ":exception-type" => &mut said.exception,
                ":error-code" => &mut said.error,
                ":error-message" => &mut said.error_message,
                _ => continue,
            };
            text(value)?.clone_into(place);
        }
        Ok(said)
    }
}

/// The bytes of a value of any of the ten types, without the length that some have in front.
fn value<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], FramingError> {
    let length = match take(bytes, 1)?[0] {
        // true and false
        0 | 1 => 0,
        // integers of 1, 2, 4 and 8 bytes
        2 => 1,
        3 => 2,
        4 => 4,
        5 => 8,
        // bytes and text, with a length in front
        6 | 7 => {
            let length = take(bytes, 2)?;
            usize::from(u16::from_be_bytes([length[0], length[1]]))
        }
        // a time, a UUID
        8 => 8,
        9 => 16,
        _ => return Err(FramingError::Malformed),
    };
    take(bytes, length)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], FramingError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(FramingError::Malformed)?;
    *bytes = rest;
    Ok(taken)
}

/// The first four bytes; every caller has them.
fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let total = (PRELUDE + headers.len() + payload.len() + TRAILER) as u32;
        let mut bytes = [total.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.extend(headers);
        bytes.extend(payload);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes
    }

    fn header(name: &str, value: &str) -> Vec<u8> {
        let lengths = (value.len() as u16).to_be_bytes();
        [&[name.len() as u8], name.as_bytes(), &[7], &lengths, value.as_bytes()].concat()
    }

    fn event(name: &str, payload: &str) -> Vec<u8> {
        let headers = [header(":message-type", "event"), header(":event-type", name)].concat();
        message(&headers, payload.as_bytes())
    }

    fn read(bytes: &[u8]) -> Result<Vec<Frame>, FramingError> {
        let mut frames = Vec::new();
        Aws::default().push(bytes, &mut frames).map(|()| frames)
    }

    #[test]
    fn every_type_of_header_is_stepped_over() {
        let mut headers = Vec::new();
        for (kind, length) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
            headers.extend([&[1, b'h', kind], vec![0xab; length].as_slice()].concat());
        }
        headers.extend([1, b'b', 6, 0, 2, 0xff, 0xfe]);
        headers.extend([header(":message-type", "event"), header(":event-type", "metadata")].concat());
        let expected = Frame::Data { name: "metadata".to_owned(), data: "{}".to_owned() };
        assert_eq!(read(&message(&headers, b"{}")), Ok(vec![expected]));
    }

    #[test]
    fn an_exception_and_an_error_say_their_type() {
        let headers =
            [header(":message-type", "exception"), header(":exception-type", "throttlingException")].concat();
        let thrown = Frame::Exception { name: "throttlingException".to_owned(), data: "{}".to_owned() };
        assert_eq!(read(&message(&headers, b"{}")), Ok(vec![thrown]));
        let headers = [
            header(":message-type", "error"),
            header(":error-code", "InternalFailure"),
            header(":error-message", "oops"),
        ];
        let thrown = Frame::Exception { name: "InternalFailure".to_owned(), data: "oops".to_owned() };
        assert_eq!(read(&message(&headers.concat(), b"")), Ok(vec![thrown]));
    }

    #[test]
    fn one_flipped_bit_anywhere_is_seen() {
        let good = event("contentBlockDelta", "{\"delta\":{\"text\":\"Hi\"}}");
        assert_eq!(read(&good).map(|frames| frames.len()), Ok(1));
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert_eq!(read(&bad), Err(FramingError::Checksum), "bit {at}");
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_an_error_before_its_bytes_come() {
        let mut prelude = [(LARGEST as u32 + 1).to_be_bytes(), 0_u32.to_be_bytes()].concat();
        prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
        assert_eq!(read(&prelude), Err(FramingError::TooLong));
    }

    #[test]
    fn lengths_that_contradict_each_other_are_an_error() {
        for (total, headers) in [(15_u32, 0_u32), (16, 1), (20, u32::MAX), (0, 0)] {
            let mut prelude = [total.to_be_bytes(), headers.to_be_bytes()].concat();
            prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
            assert_eq!(read(&prelude), Err(FramingError::Malformed), "{total} {headers}");
        }
        for headers in [&[9, b'a'][..], &[1, b'a', 77], &[1, b'a', 7, 0, 9, b'x']] {
            assert_eq!(read(&message(headers, b"")), Err(FramingError::Malformed), "{headers:?}");
        }
        assert_eq!(read(&message(&[], b"{}")), Err(FramingError::Malformed), "no message type");
    }
}
