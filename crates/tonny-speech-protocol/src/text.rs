//! From a state to text: the rule for the final text, and for what is shown meanwhile.
//!
//! Owns: joining (a space, or none beside Chinese and Japanese), and that no buffer is ever dropped: servers before
//! WhisperLiveKit 0.2.26 may leave the last words in one. Must not know: where the state came from.

use crate::message::{Line, State};

/// The whole text of the last state before the end: all spoken lines, then the buffers.
#[must_use]
pub fn final_text(state: &State) -> String {
    let (committed, tentative) = live_text(state);
    join([committed.as_str(), tentative.as_str()].into_iter())
}

/// The text so far as (what is in lines, what is still volatile). The last line may still grow.
#[must_use]
pub fn live_text(state: &State) -> (String, String) {
    let lines = state.lines.iter().filter(|line| line.is_spoken()).map(|line: &Line| line.text.as_str());
    let buffers = [state.buffer_diarization.as_str(), state.buffer_transcription.as_str()];
    (join(lines), join(buffers.into_iter()))
}

/// Joins trimmed, non-empty pieces.
fn join<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
        let needs_space = match (text.chars().next_back(), piece.chars().next()) {
            (Some(left), Some(right)) => !(is_unspaced(left) || is_unspaced(right)),
            _ => false,
        };
        if needs_space {
            text.push(' ');
        }
        text.push_str(piece);
    }
    text
}

/// Characters of scripts written without spaces between words (Han, kana, their punctuation and full-width forms).
/// Hangul is not among them: Korean separates words.
#[must_use]
pub fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3000}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::SILENCE_SPEAKER;

    fn state(lines: &[&str], diarization: &str, transcription: &str) -> State {
        State {
            lines: lines
                .iter()
                .map(|text| Line { speaker: 1, text: (*text).into(), ..Line::default() })
                .collect(),
            buffer_diarization: diarization.into(),
            buffer_transcription: transcription.into(),
            ..State::default()
        }
    }

    #[test]
    fn lines_then_buffers_make_the_text() {
        let table: [(State, &str); 7] = [
            (state(&[], "", ""), ""),
            (state(&[" And so ", "my fellow"], "", ""), "And so my fellow"),
            (state(&["And so"], "", " ask not"), "And so ask not"),
            (state(&[], "", "only the tail"), "only the tail"),
            (state(&["a"], "b", "c"), "a b c"),
            (state(&["今日は", "天気が"], "", "いい。"), "今日は天気がいい。"),
            (state(&["안녕", "하세요"], "", ""), "안녕 하세요"),
        ];
        for (state, expected) in table {
            assert_eq!(final_text(&state), expected);
        }
    }

    #[test]
    fn silence_lines_say_nothing_even_with_text() {
        let mut state = state(&["one", "(pause)", "two"], "", "");
        state.lines[1].speaker = SILENCE_SPEAKER;
        assert_eq!(final_text(&state), "one two");
    }

    #[test]
    fn live_text_separates_what_may_still_change() {
        assert_eq!(live_text(&state(&["one", "two"], "", "three")), ("one two".into(), "three".into()));
    }

    proptest! {
        #[test]
        fn no_word_is_lost(lines in prop::collection::vec("[a-z]{1,5}( [a-z]{1,5}){0,3}", 0..5), tail in "[a-z ]{0,9}") {
            let pieces: Vec<&str> = lines.iter().map(String::as_str).collect();
            let text = final_text(&state(&pieces, "", &tail));
            let expected: Vec<&str> = pieces.iter().copied().chain([tail.as_str()]).flat_map(str::split_whitespace).collect();
            prop_assert_eq!(text.split_whitespace().collect::<Vec<_>>(), expected);
        }
    }
}
