//! What the fake engine says: states made of its words, as each behaviour makes them.

use serde_json::{Value, json};

use super::Behaviour;

/// Samples per word: an engine that shows a word each quarter of a second.
pub(super) const PER_WORD: usize = 4_000;

/// Updates of one minute, 20 per second.
const CHATTER: usize = 1_200;

/// The first state of every session.
pub(super) fn nothing() -> Value {
    state("no_audio_detected", &[], "")
}

/// What is shown after so many samples, while audio still comes; `None` when that is nothing new.
pub(super) fn live(behaviour: Behaviour, words: &[&str], samples: usize, shown: &mut usize) -> Option<Value> {
    let count = (samples / PER_WORD).min(words.len());
    if count <= *shown || behaviour == Behaviour::Silent {
        return None;
    }
    *shown = count;
    let (committed, tail) = words[..count].split_at(count.saturating_sub(2));
    if behaviour == Behaviour::Fails && count == words.len() {
        let mut failed = state("error", &[], "");
        failed["error"] = json!("the backend is out of memory");
        return Some(failed);
    }
    let lines = if committed.is_empty() { Vec::new() } else { vec![line(1, 0, count, &committed.join(" "))] };
    Some(state("active_transcription", &lines, &tail.join(" ")))
}

/// What is sent after the end of audio, before `ready_to_stop`.
pub(super) fn last(behaviour: Behaviour, words: &[&str]) -> Vec<Value> {
    let (half, count) = (words.len() / 2, words.len());
    let (first, second) = (words[..half].join(" "), words[half..].join(" "));
    let all = words.join(" ");
    let lines = |lines: &[Value]| state("active_transcription", lines, "");
    match behaviour {
        Behaviour::Silent => vec![nothing()],
        Behaviour::EditedLine => vec![
            lines(&[line(1, 0, half, &first), line(1, half, half + 1, words[half])]),
            lines(&[line(1, 0, half, &first), line(1, half, count, &second)]),
        ],
        Behaviour::Pruned => vec![
            lines(&[line(1, 0, half, &first), line(1, half, half + 1, words[half])]),
            lines(&[line(1, half, count, &second)]),
        ],
        Behaviour::TailInBuffer => vec![state("active_transcription", &[line(1, 0, half, &first)], &second)],
        Behaviour::SilenceLines => {
            let mut null = line(-2, half, half + 1, "");
            null["text"] = Value::Null;
            vec![lines(&[
                line(1, 0, half, &first),
                null,
                line(-2, half, half, ""),
                line(1, half, count, &second),
            ])]
        }
        Behaviour::Strange => {
            let mut odd = line(1, 0, count, &all);
            odd["end"] = json!("0:00:04.25");
            odd["colour"] = json!({"of": "voice"});
            let mut state = lines(&[odd]);
            state["weather"] = json!([1, 2, null]);
            vec![json!({"type": "news", "text": "of the world"}), state]
        }
        Behaviour::Diarized => {
            let mut late = lines(&[line(1, 0, half, &first)]);
            late["buffer_diarization"] = json!(second);
            vec![late, lines(&[line(1, 0, half, &first), line(2, half, count, &second)])]
        }
        Behaviour::Chatter => (0..CHATTER).map(|n| with_lag(lines(&[line(1, 0, count, &all)]), n)).collect(),
        _ => vec![lines(&[line(1, 0, count, &all)])],
    }
}

/// A state of an engine that falls behind.
pub(super) fn lagging(words: &[&str], tenths: usize) -> Value {
    with_lag(state("active_transcription", &[], words[0]), tenths)
}

fn with_lag(mut state: Value, tenths: usize) -> Value {
    state["remaining_time_transcription"] = json!(tenths as f64 / 10.0);
    state
}

fn state(status: &str, lines: &[Value], buffer: &str) -> Value {
    json!({
        "status": status, "lines": lines, "buffer_transcription": buffer, "buffer_diarization": "",
        "buffer_translation": "", "remaining_time_transcription": 0.2, "remaining_time_diarization": 0,
    })
}

/// A line from one word to another; words are a quarter of a second.
fn line(speaker: i32, from: usize, to: usize, text: &str) -> Value {
    let time = |word: usize| format!("0:00:{:02}.{:02}", word / 4, word % 4 * 25);
    json!({"speaker": speaker, "text": text, "start": time(from), "end": time(to)})
}
