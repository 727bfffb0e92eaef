//! Placeholders such as `[EMAIL_1]`: what goes out instead of a value, and the way back.
//!
//! In one conversation a value always has the same placeholder, so that a model can speak of it; a later message of the
//! same conversation brings the same ones. Text that looks like a placeholder before anything was masked becomes the value
//! of one itself: so what comes back is exact, whatever was sent. The values stay in memory and are not printed.

use std::collections::HashMap;
use std::fmt;

use super::find::{Reading, Stop, Text};

/// The label for text that only looks like a placeholder.
pub(super) const TEXT_LABEL: &str = "TEXT";

/// A label has 30 letters at most, a number nine digits.
const LONGEST: usize = 40;

/// The values of one conversation and what stands for them.
#[derive(Clone, Default)]
pub struct Placeholders {
    /// By label, then by value.
    by_value: HashMap<String, HashMap<String, String>>,
    by_token: HashMap<String, String>,
}

impl Placeholders {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands for `value`.
    pub(super) fn mask(&mut self, label: &str, value: &str) -> String {
        if let Some(token) = self.by_value.get(label).and_then(|tokens| tokens.get(value)) {
            return token.clone();
        }
        let tokens = self.by_value.entry(label.to_owned()).or_default();
        let token = format!("[{label}_{}]", tokens.len() + 1);
        self.by_token.insert(token.clone(), value.to_owned());
        tokens.insert(value.to_owned(), token.clone());
        token
    }

    /// How many values are masked.
    pub fn len(&self) -> usize {
        self.by_token.len()
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.by_token.is_empty()
    }

    /// `text` with every placeholder of this conversation turned back.
    pub fn restore(&self, text: &str) -> String {
        let mut restorer = Restorer::default();
        let mut whole = restorer.feed(self, text);
        whole.push_str(&restorer.finish());
        whole
    }
}

/// How many there are; the values are what must not be seen.
impl fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placeholders").field("masked", &self.len()).finish_non_exhaustive()
    }
}

/// Turns the placeholders of a streamed answer back. What comes out in all is the same for every split of the answer.
#[derive(Debug, Default)]
pub struct Restorer {
    /// From a bracket on that may become a placeholder.
    held: String,
}

impl Restorer {
    /// Takes the next piece; gives what is certain.
    pub fn feed(&mut self, values: &Placeholders, piece: &str) -> String {
        self.held.push_str(piece);
        let text = Text { bytes: self.held.as_bytes(), complete: false };
        let (mut out, mut at) = (String::with_capacity(self.held.len()), 0);
        while let Some(offset) = memchr::memchr(b'[', &text.bytes[at..]) {
            let start = at + offset;
            out.push_str(&self.held[at..start]);
            at = match shape(text, start) {
                Ok(end) => {
                    let token = &self.held[start..end];
                    out.push_str(values.by_token.get(token).map_or(token, String::as_str));
                    end
                }
                Err(Stop::No) => {
                    out.push('[');
                    start + 1
                }
                Err(Stop::More) => {
                    self.held.drain(..start);
                    return out;
                }
            };
        }
        out.push_str(&self.held[at..]);
        self.held.clear();
        out
    }

    /// What was held back when the answer ended.
    pub fn finish(self) -> String {
        self.held
    }
}

/// The end of what looks like a placeholder: a bracket, a label in capitals, an underscore, a number, a bracket.
pub(super) fn shape(text: Text<'_>, at: usize) -> Reading {
    let first = if text.byte(at)? == Some(b'[') { text.byte(at + 1)? } else { None };
    if !first.is_some_and(|first| first.is_ascii_uppercase()) {
        return Err(Stop::No);
    }
    let member = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let end = text.run(at + 1, LONGEST, member)?;
    let inside = &text.bytes[at + 1..end];
    let number = inside.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let is_numbered = number > 0 && number < inside.len() && inside[inside.len() - number - 1] == b'_';
    if is_numbered && text.byte(end)? == Some(b']') { Ok(end + 1) } else { Err(Stop::No) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> Placeholders {
        let mut values = Placeholders::new();
        values.mask("EMAIL", "ada@example.org");
        values.mask("EMAIL", "[EMAIL_1]");
        values.mask("KEY", "ключ");
        values
    }

    #[test]
    fn the_same_value_has_the_same_placeholder() {
        let mut values = Placeholders::new();
        for (label, value, wanted) in [
            ("EMAIL", "a@b.org", "[EMAIL_1]"),
            ("EMAIL", "c@d.org", "[EMAIL_2]"),
            ("EMAIL", "a@b.org", "[EMAIL_1]"),
            ("PHONE", "a@b.org", "[PHONE_1]"),
        ] {
            assert_eq!(values.mask(label, value), wanted);
        }
        assert_eq!(format!("{values:?}"), "Placeholders { masked: 3, .. }");
    }

    #[test]
    fn only_placeholders_of_the_conversation_are_turned_back() {
        for (text, wanted) in [
            ("to [EMAIL_1]!", "to ada@example.org!"),
            // Once only: a value may look like a placeholder.
            ("[EMAIL_2]", "[EMAIL_1]"),
            ("[[KEY_1]]", "[ключ]"),
            ("[EMAIL_3] [EMAIL_] [_1] [email_1] [EMAIL_1", "[EMAIL_3] [EMAIL_] [_1] [email_1] [EMAIL_1"),
            ("[EMAIL_01]", "[EMAIL_01]"),
            ("[EMAIL[EMAIL_1]", "[EMAILada@example.org"),
        ] {
            assert_eq!(values().restore(text), wanted);
        }
    }

    #[test]
    fn text_without_brackets_is_not_held() {
        let mut restorer = Restorer::default();
        assert_eq!(restorer.feed(&values(), "at once"), "at once");
        assert_eq!(restorer.feed(&values(), "[a"), "[a");
        assert_eq!(restorer.feed(&values(), "[EMA"), "");
        assert_eq!(restorer.feed(&values(), "IL_1]"), "ada@example.org");
        let long = format!("[{}", "A".repeat(LONGEST + 1));
        assert_eq!(restorer.feed(&values(), &long), long);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_split_gives_the_same(pieces in prop::collection::vec(
            prop::sample::select(vec!["[", "]", "EMAIL", "_", "1", "2", "[EMAIL_1]", "[KEY_1]", "é", " ", "[EM", "AIL_1]"]), 0..20,
        )) {
            let values = values();
            let mut restorer = Restorer::default();
            let mut out: String = pieces.iter().map(|piece| restorer.feed(&values, piece)).collect();
            out.push_str(&restorer.finish());
            prop_assert_eq!(out, values.restore(&pieces.concat()));
        }
    }
}
