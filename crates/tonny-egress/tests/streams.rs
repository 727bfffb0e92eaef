//! What a stream says is the same in every cut of its bytes, and a stream that was cut is never called complete.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "streams/fixtures.rs"]
mod fixtures;

use fixtures::{Stream, streams};
use proptest::prelude::*;
use tonny_egress::chat::{Event, Finish};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::framing::Framing;
use tonny_egress::wire::Format;

/// The byte behind the mark of each format's end, found without the decoder.
fn end_of_mark(stream: &Stream) -> Option<usize> {
    let mark: &[&[u8]] = match stream.format {
        Format::OpenAi => &[b"[DONE]"],
        Format::Anthropic => &[b"{\"type\":\"message_stop\""],
        Format::Gemini => &[b"\"finishReason\":\"", b"\"blockReason\":\""],
        Format::Bedrock => &[b"\"stopReason\":\""],
        Format::Ollama => &[b"\"done\":true"],
    };
    let find = |mark: &[u8]| stream.bytes.windows(mark.len()).position(|window| window == mark);
    mark.iter().filter_map(|mark| Some(find(mark)? + mark.len())).min()
}

fn without_end(events: &[Event]) -> &[Event] {
    &events[..events.len() - 1]
}

#[test]
fn there_are_streams_of_every_format() {
    let all = streams();
    assert!(all.len() >= 40, "only {} streams", all.len());
    for format in [Format::OpenAi, Format::Anthropic, Format::Gemini, Format::Bedrock, Format::Ollama] {
        let ends: Vec<&str> =
            all.iter().filter(|stream| stream.format == format).map(|stream| stream.end.as_str()).collect();
        for end in ["stop", "length", "TT-LLM-160"] {
            assert!(ends.contains(&end), "{format:?} has no stream that ends with {end}");
        }
    }
}

#[test]
fn every_stream_says_what_is_expected_of_it() {
    let wrong: Vec<String> = streams().iter().filter_map(Stream::difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_cut_is_called_complete() {
    for stream in streams() {
        let whole = stream.whole();
        for cut in 0..stream.bytes.len() {
            let events = stream.read(&[&stream.bytes[..cut]]);
            let terminal = events.iter().filter(|event| event.is_terminal()).count();
            assert_eq!(
                (terminal, events.last().unwrap().is_terminal()),
                (1, true),
                "{} cut at {cut}",
                stream.file
            );
            if matches!(events.last(), Some(Event::Done(_))) {
                assert!(end_of_mark(&stream).is_some_and(|mark| cut >= mark), "{} cut at {cut}", stream.file);
                // Of Amazon's streams the usage comes behind the end, and may be lost with the connection.
                let lost = whole.len() - events.len();
                let usage_only = stream.format == Format::Bedrock
                    && lost == 1
                    && matches!(whole[whole.len() - 2], Event::Usage(_));
                assert!(lost == 0 || usage_only, "{} cut at {cut} lost {lost} events", stream.file);
                assert_eq!(events.last(), whole.last(), "{} cut at {cut}", stream.file);
            }
            assert!(
                without_end(&whole).starts_with(without_end(&events)) || events == whole,
                "{} cut at {cut} says something else: {events:?}",
                stream.file
            );
        }
    }
}

#[test]
fn a_cut_is_an_interruption_and_no_mistake_of_the_provider() {
    for stream in streams().iter().filter(|stream| !stream.end.starts_with("TT-")) {
        for cut in 0..stream.bytes.len() {
            match stream.read(&[&stream.bytes[..cut]]).pop() {
                Some(Event::Interrupted(fault)) => {
                    assert_eq!(fault.code, FaultCode::STREAM_INTERRUPTED, "{} cut at {cut}", stream.file);
                }
                Some(Event::Done(_)) => {}
                other => panic!("{} cut at {cut} ends with {other:?}", stream.file),
            }
        }
    }
}

#[test]
fn every_split_in_two_says_the_same() {
    for stream in streams() {
        let whole = stream.whole();
        for at in 0..=stream.bytes.len() {
            let (first, second) = stream.bytes.split_at(at);
            assert_eq!(stream.read(&[first, second]), whole, "{} split at {at}", stream.file);
        }
    }
}

#[test]
fn one_byte_at_a_time_says_the_same() {
    for stream in streams() {
        let bytes: Vec<&[u8]> = stream.bytes.chunks(1).collect();
        assert_eq!(stream.read(&bytes), stream.whole(), "{}", stream.file);
        let with_empty: Vec<&[u8]> = bytes.iter().flat_map(|byte| [*byte, &[]]).collect();
        assert_eq!(stream.read(&with_empty), stream.whole(), "{} with empty reads", stream.file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_splits_say_the_same(pick in any::<prop::sample::Index>(), lengths in prop::collection::vec(1_usize..200, 1..60)) {
        let all = streams();
        let stream = &all[pick.index(all.len())];
        let mut rest = stream.bytes.as_slice();
        let mut pieces = Vec::new();
        for length in lengths.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(stream.read(&pieces), stream.whole());
    }

    /// Whatever comes: one terminal event, the last one, and no panic.
    #[test]
    fn any_bytes_end_once(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let all = streams();
        let mut stream = all[pick.index(all.len())].clone();
        let at = at.index(stream.bytes.len() + 1);
        stream.bytes.splice(at.., bytes);
        let events = stream.whole();
        prop_assert_eq!(events.iter().filter(|event| event.is_terminal()).count(), 1);
        prop_assert!(events.last().unwrap().is_terminal());
    }
}

/// The same events in other clothes: line ends, a byte order mark, comments.
#[test]
fn line_ends_marks_and_comments_do_not_matter() {
    let sse = |stream: &Stream| stream.format.wire().framing() == Framing::Sse;
    for stream in streams().iter().filter(|stream| sse(stream)) {
        // Of bytes that are no text only the line ends are not known.
        let Ok(text) = std::str::from_utf8(&stream.bytes) else { continue };
        let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let whole = stream.whole();
        for (line_end, mark) in
            [("\n", ""), ("\r", ""), ("\r\n", ""), ("\n", "\u{feff}"), ("\r\n", "\u{feff}")]
        {
            let dressed = stream.with(format!("{mark}{}", plain.replace('\n', line_end)));
            assert_eq!(dressed.whole(), whole, "{} with {line_end:?} and {mark:?}", stream.file);
            let bytes: Vec<&[u8]> = dressed.bytes.chunks(1).collect();
            assert_eq!(dressed.read(&bytes), whole, "{} with {line_end:?}, byte by byte", stream.file);
        }
        let quiet = |events: Vec<Event>| events.into_iter().filter(|event| *event != Event::Heartbeat);
        let commented = stream.with(format!(": hello\n{}", plain.replace('\n', "\n: still here\n")));
        let expected: Vec<Event> = quiet(whole).collect();
        assert_eq!(quiet(commented.whole()).collect::<Vec<_>>(), expected, "{} with comments", stream.file);
    }
}

#[test]
fn nothing_follows_the_end() {
    for stream in streams() {
        let mut answer = stream.answer();
        let mut events = Vec::new();
        answer.push(&stream.bytes, &mut events);
        answer.end(&mut events);
        assert!(answer.is_over());
        let before = events.len();
        answer.push(&stream.bytes, &mut events);
        answer.interrupt(Fault::new(FaultCode::TIMEOUT_IDLE, "x"), &mut events);
        answer.end(&mut events);
        assert_eq!(events.len(), before, "{}", stream.file);
    }
}

#[test]
fn a_reset_takes_nothing_from_an_answer_that_is_complete() {
    for (file, complete) in [("bedrock-bedrock-no-metadata.bin", true), ("bedrock-bedrock-cut.bin", false)] {
        let stream = streams().into_iter().find(|stream| stream.file == file).unwrap();
        let mut answer = stream.answer();
        let mut events = Vec::new();
        answer.push(&stream.bytes, &mut events);
        answer.interrupt(Fault::new(FaultCode::STREAM_INTERRUPTED, "bedrock"), &mut events);
        assert_eq!(matches!(events.last(), Some(Event::Done(_))), complete, "{file}");
    }
}

#[test]
fn usage_is_told_when_it_changes() {
    for (file, told) in [("gemini-gemini-safety.sse", 1), ("gemini-gemini-hello.sse", 3)] {
        let stream = streams().into_iter().find(|stream| stream.file == file).unwrap();
        let counted = stream.whole().iter().filter(|event| matches!(event, Event::Usage(_))).count();
        assert_eq!(counted, told, "{file}");
    }
}

#[test]
fn an_endless_line_is_told_before_it_fills_the_memory() {
    let piece = vec![b'x'; 1 << 20];
    for file in ["openai-openai-hello.sse", "ollama-ollama-hello.ndjson"] {
        let stream = streams().into_iter().find(|stream| stream.file == file).unwrap();
        let mut answer = stream.answer();
        let mut events = Vec::new();
        let pushed = (0..64).take_while(|_| {
            answer.push(&piece, &mut events);
            !answer.is_over()
        });
        assert_eq!(pushed.count(), 8);
        assert!(
            matches!(&events[..], [Event::Interrupted(fault)] if fault.code == FaultCode::STREAM_PROTOCOL)
        );
    }
}

#[test]
fn a_complete_answer_without_a_word_is_complete() {
    let empty = streams().into_iter().find(|stream| stream.file == "gemini-gemini-empty.sse").unwrap();
    assert_eq!(empty.whole().last(), Some(&Event::Done(Finish::Stop)));
}
