//! What a stream says is the same in every cut of its bytes, and a stream that was cut is never called complete.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "streams/checks.rs"]
mod checks;
#[path = "streams/fixtures.rs"]
mod fixtures;

use fixtures::{Stream, streams};
use proptest::prelude::*;
use tonny_egress::chat::{Event, Finish};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::wire::Format;

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
fn no_cut_is_called_complete_and_each_is_an_interruption() {
    none(checks::false_ends);
}

#[test]
fn every_split_in_two_says_the_same() {
    none(checks::splits_in_two);
}

#[test]
fn one_byte_at_a_time_says_the_same() {
    none(checks::single_bytes);
}

/// The same events in other clothes: line ends, a byte order mark, comments.
#[test]
fn line_ends_marks_and_comments_do_not_matter() {
    none(checks::other_clothes);
}

/// Nothing is wrong with any stream.
fn none(check: fn(&Stream) -> Vec<String>) {
    let wrong: Vec<String> = streams().iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_splits_say_the_same(pick in any::<prop::sample::Index>(), lengths in prop::collection::vec(1_usize..200, 1..60)) {
        let all = streams();
        let stream = &all[pick.index(all.len())];
        let pieces = checks::pieces(&stream.bytes, &lengths);
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
