//! What must be so of every stream, whichever way its bytes come: each check gives what is wrong. Run by this crate's tests
//! and, in the size of the promise, by the rows R5 and R6 of the reliability page.

use tonny_egress::chat::Event;
use tonny_egress::fault::FaultCode;
use tonny_egress::framing::Framing;
use tonny_egress::wire::Format;

use super::fixtures::Stream;

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

/// Cut behind each byte: one terminal event, the last one; never complete before the mark of the end, and nothing else said
/// than by the whole. A cut is an interruption and no mistake of the provider.
pub fn false_ends(stream: &Stream) -> Vec<String> {
    let (whole, mark) = (stream.whole(), end_of_mark(stream));
    let is_error = stream.end.starts_with("TT-");
    let wrong = (0..stream.bytes.len()).filter_map(|cut| {
        let events = stream.read(&[&stream.bytes[..cut]]);
        let why = match events.last() {
            _ if events.iter().filter(|event| event.is_terminal()).count() != 1 => Some("ends not once"),
            Some(Event::Done(_)) if mark.is_none_or(|mark| cut < mark) => Some("is called complete"),
            Some(Event::Done(_)) if events.last() != whole.last() || loses_more(stream, &whole, &events) => {
                Some("is complete and says something else")
            }
            Some(Event::Done(_)) => None,
            Some(Event::Interrupted(fault)) if !is_error && fault.code != FaultCode::STREAM_INTERRUPTED => {
                Some("is called a mistake")
            }
            Some(Event::Interrupted(_)) => None,
            _ => Some("goes on behind its end"),
        };
        let begins_alike = || without_end(&whole).starts_with(without_end(&events)) || events == whole;
        let why = why.or_else(|| (!begins_alike()).then_some("says something else"));
        why.map(|why| format!("{} cut at {cut} {why}: {:?}", stream.file, events.last()))
    });
    wrong.collect()
}

/// Of Amazon's streams the usage comes behind the end, and may be lost with the connection.
fn loses_more(stream: &Stream, whole: &[Event], events: &[Event]) -> bool {
    let lost = whole.len().saturating_sub(events.len());
    let usage_only =
        stream.format == Format::Bedrock && lost == 1 && matches!(whole[whole.len() - 2], Event::Usage(_));
    lost > 0 && !usage_only
}

/// Split at each byte.
pub fn splits_in_two(stream: &Stream) -> Vec<String> {
    let whole = stream.whole();
    let differs = |at: &usize| {
        let (first, second) = stream.bytes.split_at(*at);
        stream.read(&[first, second]) != whole
    };
    (0..=stream.bytes.len()).filter(differs).map(|at| format!("{} split at {at}", stream.file)).collect()
}

/// Byte by byte, and with reads that give nothing.
pub fn single_bytes(stream: &Stream) -> Vec<String> {
    let whole = stream.whole();
    let bytes: Vec<&[u8]> = stream.bytes.chunks(1).collect();
    let with_empty: Vec<&[u8]> = bytes.iter().flat_map(|byte| [*byte, &[]]).collect();
    let ways = [("byte by byte", bytes), ("with empty reads", with_empty)];
    let wrong = ways.into_iter().filter(|(_, pieces)| stream.read(pieces) != whole);
    wrong.map(|(way, _)| format!("{} {way}", stream.file)).collect()
}

/// Cut into pieces of these lengths, over and over.
pub fn pieces<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Other line ends, a byte order mark, comments. Of bytes that are no text only the line ends are not known.
pub fn other_clothes(stream: &Stream) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(&stream.bytes) else { return Vec::new() };
    if stream.format.wire().framing() != Framing::Sse {
        return Vec::new();
    }
    let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let (whole, mut wrong) = (stream.whole(), Vec::new());
    for (line_end, mark) in [("\n", ""), ("\r", ""), ("\r\n", ""), ("\n", "\u{feff}"), ("\r\n", "\u{feff}")] {
        let dressed = stream.with(format!("{mark}{}", plain.replace('\n', line_end)));
        let bytes: Vec<&[u8]> = dressed.bytes.chunks(1).collect();
        if dressed.whole() != whole || dressed.read(&bytes) != whole {
            wrong.push(format!("{} with {line_end:?} and {mark:?}", stream.file));
        }
    }
    let quiet = |events: Vec<Event>| -> Vec<Event> {
        events.into_iter().filter(|event| *event != Event::Heartbeat).collect()
    };
    let commented = stream.with(format!(": hello\n{}", plain.replace('\n', "\n: still here\n")));
    if quiet(commented.whole()) != quiet(whole) {
        wrong.push(format!("{} with comments", stream.file));
    }
    wrong
}
