//! R6: an answer in any format, of any bytes. However they are cut into pieces, they say the same and end once.
//!
//! The last three bytes choose the format and the lengths of the pieces; a recorded stream with three bytes behind it is a
//! seed. That a part of an answer says nothing else than the whole is R5's, of recorded streams: of any bytes it is not so, for
//! a line that makes sense alone may make none with the next one.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tonny_egress::chat::Event;
use tonny_egress::wire::{Answer, Format};

const FORMATS: [Format; 5] =
    [Format::OpenAi, Format::Anthropic, Format::Gemini, Format::Bedrock, Format::Ollama];

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((bytes, [format, short, long])) = data.split_last_chunk::<3>() else {
        return Corpus::Reject;
    };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let whole = read(format, &[bytes]);
    assert_eq!(whole.iter().filter(|event| event.is_terminal()).count(), 1, "ends not once");
    assert!(whole.last().is_some_and(Event::is_terminal), "goes on behind its end");
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(format, &single), whole, "byte by byte");
    assert_eq!(read(format, &pieces(bytes, usize::from(*short), usize::from(*long))), whole, "in pieces");
    Corpus::Keep
});

fn read(format: Format, pieces: &[&[u8]]) -> Vec<Event> {
    let mut answer = Answer::new("fuzz", format);
    let mut events = Vec::new();
    for piece in pieces {
        answer.push(piece, &mut events);
    }
    answer.end(&mut events);
    events
}

/// Of these two lengths by turns.
fn pieces(bytes: &[u8], short: usize, long: usize) -> Vec<&[u8]> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for length in [short + 1, long + 1].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
