//! What is made of a decoder's text: markers of non-speech, loops, and the words two decodes agree on.
//!
//! Must not know: audio, sockets, the decoder. All functions are pure.

use tonny_speech_protocol::text::is_unspaced;

/// A run of words is a loop when it comes this often in a row...
const LOOP_TIMES: usize = 4;

/// ... and makes up at least this many words, so that "no, no, no, no" stays.
const LOOP_WORDS: usize = 12;

/// The longest phrase looked at, words; longer ones repeat only in poems.
const LOOP_PHRASE: usize = 12;

/// The text, trimmed, or nothing when it only describes sounds: `[BLANK_AUDIO]`, `(music)`, `♪`.
#[must_use]
pub fn spoken(text: &str) -> &str {
    let (mut depth, mut speech) = (0usize, false);
    for character in text.chars() {
        match character {
            '[' | '(' | '*' if depth == 0 => depth += 1,
            '[' | '(' => depth += 1,
            ']' | ')' | '*' => depth = depth.saturating_sub(1),
            _ => speech |= depth == 0 && character.is_alphanumeric(),
        }
    }
    // A bracket that never closes hides nothing.
    if speech || (depth > 0 && text.chars().any(char::is_alphanumeric)) { text.trim() } else { "" }
}

/// The text with a loop at or before its end reduced to one copy; `None` when there is no loop.
#[must_use]
pub fn without_loop(text: &str) -> Option<String> {
    let words = units(text);
    let plain: Vec<String> = words.iter().map(|word| plain(word)).collect();
    for start in 0..words.len() {
        for phrase in 1..=LOOP_PHRASE.min((words.len() - start) / LOOP_TIMES) {
            let first = &plain[start..start + phrase];
            let times = plain[start..].chunks_exact(phrase).take_while(|chunk| *chunk == first).count();
            if times >= LOOP_TIMES && times * phrase >= LOOP_WORDS {
                let kept = words[..start + phrase].iter().chain(&words[start + times * phrase..]);
                return Some(kept.copied().collect::<String>().trim().to_owned());
            }
        }
    }
    None
}

/// The decodes of one growing tail.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Agreement {
    text: String,
    /// Bytes of the text that are agreed.
    agreed: usize,
}

impl Agreement {
    /// Takes the newest decode: what it shares with the one before is agreed, and never becomes less in words.
    pub fn update(&mut self, text: &str) {
        let (before, now) = (units(&self.text), units(text));
        let same = before.iter().zip(&now).take_while(|(a, b)| plain(a) == plain(b)).count();
        let already = units(&self.text[..self.agreed]).len();
        let agreed = same.max(already).min(now.len());
        self.agreed = now[..agreed].iter().map(|unit| unit.len()).sum();
        self.text = text.to_owned();
    }

    /// The agreed beginning.
    #[must_use]
    pub fn agreed(&self) -> &str {
        self.text[..self.agreed].trim()
    }

    /// What may still change.
    #[must_use]
    pub fn tentative(&self) -> &str {
        self.text[self.agreed..].trim()
    }
}

/// The words with the space before them; together they are the text. Characters of unspaced scripts are units.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let (mut start, mut in_word) = (0, false);
    for (at, character) in text.char_indices() {
        if in_word && (character.is_whitespace() || is_unspaced(character)) {
            units.push(&text[start..at]);
            (start, in_word) = (at, false);
        }
        in_word |= !character.is_whitespace();
        if is_unspaced(character) && !character.is_whitespace() {
            let end = at + character.len_utf8();
            units.push(&text[start..end]);
            (start, in_word) = (end, false);
        }
    }
    match units.last() {
        _ if in_word => units.push(&text[start..]),
        Some(last) => {
            let from = start - last.len();
            units.pop();
            units.push(&text[from..]);
        }
        None if !text.is_empty() => units.push(text),
        None => {}
    }
    units
}

/// A word without what decodes disagree on lightly: case and punctuation.
fn plain(word: &str) -> String {
    word.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn descriptions_of_sounds_are_no_speech() {
        let table = [
            ("[BLANK_AUDIO]", ""),
            (" (music) ♪ ", ""),
            ("*sighs*", ""),
            ("...", ""),
            (" Hello. ", "Hello."),
            ("[laughs] Right.", "[laughs] Right."),
            ("(unclosed words", "(unclosed words"),
            ("今日", "今日"),
        ];
        for (text, expected) in table {
            assert_eq!(spoken(text), expected, "{text}");
        }
    }

    #[test]
    fn loops_are_seen_and_emphasis_is_not() {
        let looping = format!("So we {}", "go on and ".repeat(9));
        assert_eq!(without_loop(&looping).as_deref(), Some("So we go on and"));
        assert_eq!(without_loop(&"very ".repeat(30)).as_deref(), Some("very"));
        for text in ["no, no, no, no", "ask not what your country can do for you, ask what you can do", ""] {
            assert_eq!(without_loop(text), None, "{text}");
        }
    }

    #[test]
    fn what_two_decodes_share_is_agreed() {
        let mut agreement = Agreement::default();
        agreement.update("And so my fell");
        assert_eq!((agreement.agreed(), agreement.tentative()), ("", "And so my fell"));
        agreement.update("And so, my fellow Americans");
        assert_eq!((agreement.agreed(), agreement.tentative()), ("And so, my", "fellow Americans"));
        agreement.update("Ant so my fellow");
        assert_eq!(agreement.agreed(), "Ant so my", "the number of agreed words never falls");
        agreement.update("今日");
        assert_eq!(agreement.agreed(), "今日");
    }

    proptest! {
        #[test]
        fn units_make_up_the_text(text in "[a-c \\n日本。]{0,24}") {
            prop_assert_eq!(units(&text).concat(), text);
        }

        #[test]
        fn agreed_and_tentative_make_up_the_newest_text(texts in prop::collection::vec("[a-c]{1,2}( [a-c]{1,2}){0,6}", 1..5)) {
            let mut agreement = Agreement::default();
            for text in &texts {
                agreement.update(text);
                let whole = format!("{} {}", agreement.agreed(), agreement.tentative());
                prop_assert_eq!(whole.trim(), text.as_str());
            }
        }
    }
}
