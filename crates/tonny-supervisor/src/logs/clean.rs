//! Makes one line of bytes safe to store and to show: valid UTF-8, no terminal sequences, no control characters but the
//! tab. Pure.
//!
//! NUL is left out, which also turns UTF-16 of Latin letters into readable text that redaction can see. Other control
//! characters and bytes that are no UTF-8 become U+FFFD, a run of them one.

use std::borrow::Cow;

const REPLACEMENT: &str = "\u{fffd}";

/// A terminal takes longer control strings for lost, and so do we: their text is shown.
const CONTROL_STRING: usize = 4096;

/// Whether these bytes are printable ASCII, tabs and line ends only: most are. Whole pieces are looked at without a
/// branch, which compilers turn into vector code.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    bytes.chunks(256).all(|piece| piece.iter().fold(true, |plain, &byte| plain & is_plain_byte(byte)))
}

fn is_plain_byte(byte: u8) -> bool {
    (byte.wrapping_sub(b' ') <= b'~' - b' ') | (byte == b'\n') | (byte == b'\t')
}

/// The line without what must not be stored. It holds no line end.
pub(crate) fn clean(line: &[u8]) -> Cow<'_, str> {
    if is_plain(line)
        && let Ok(text) = std::str::from_utf8(line)
    {
        return Cow::Borrowed(text);
    }
    let mut washed =
        Washed { text: String::with_capacity(line.len()), at: Place::Text, hidden: String::new() };
    for chunk in line.utf8_chunks() {
        chunk.valid().chars().for_each(|char| washed.take(char));
        if !chunk.invalid().is_empty() {
            washed.replace();
        }
    }
    washed.give_back();
    Cow::Owned(washed.text)
}

/// Where in a terminal sequence the next character is (ECMA-48, 5.4 and 5.6).
#[derive(PartialEq)]
enum Place {
    Text,
    /// After ESC and any intermediate characters.
    Escape,
    /// In a control sequence, before its final character.
    Sequence,
    /// In a control string (a window title, a hyperlink), before its end.
    String,
    /// In a control string, after an ESC.
    StringEscape,
}

struct Washed {
    text: String,
    at: Place,
    /// What a control string has swallowed so far.
    hidden: String,
}

impl Washed {
    fn take(&mut self, char: char) {
        self.at = match (&self.at, char) {
            (Place::Text | Place::Escape | Place::Sequence, '\x1b') => Place::Escape,
            (Place::Text | Place::Escape | Place::Sequence, '\u{9b}') | (Place::Escape, '[') => {
                Place::Sequence
            }
            (Place::Escape, ']' | 'P' | 'X' | '^' | '_') => Place::String,
            (Place::Escape, ' '..='/') => Place::Escape,
            (Place::Sequence, ' '..='?') => Place::Sequence,
            (Place::Escape, '0'..='~') | (Place::Sequence, '@'..='~') => Place::Text,
            (Place::String, '\x1b') => Place::StringEscape,
            (Place::String, '\x07' | '\u{9c}') | (Place::StringEscape, '\\') => {
                self.hidden.clear();
                Place::Text
            }
            (Place::String | Place::StringEscape, char) => {
                self.hidden.push(char);
                if self.hidden.len() > CONTROL_STRING {
                    self.give_back();
                    Place::Text
                } else {
                    Place::String
                }
            }
            (Place::Text | Place::Escape | Place::Sequence, char) => {
                self.show(char);
                Place::Text
            }
        };
    }

    fn show(&mut self, char: char) {
        match char {
            '\0' => {}
            '\t' => self.text.push(char),
            // What only looks like the end of a line would break one line into two on some screens.
            '\u{2028}' | '\u{2029}' => self.replace(),
            char if char.is_control() => self.replace(),
            char => self.text.push(char),
        }
    }

    fn replace(&mut self) {
        if !self.text.ends_with(REPLACEMENT) {
            self.text.push_str(REPLACEMENT);
        }
    }

    /// A control string that never ended: its text may be the message.
    fn give_back(&mut self) {
        let hidden = std::mem::take(&mut self.hidden);
        hidden.chars().for_each(|char| self.show(char));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_sequences_go_and_words_stay() {
        for (line, wanted) in [
            ("plain\ttext", "plain\ttext"),
            ("", ""),
            ("\x1b[1;31mred\x1b[0m done", "red done"),
            ("\x1b]0;title\x07shown", "shown"),
            ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\ end", "link end"),
            ("\x1b(Bcharset \x1b7saved", "charset saved"),
            ("\u{9b}2Kerased", "erased"),
            ("\x1b[31", ""),
            ("\x1b[3\x1b[1mtwo", "two"),
            ("\x1b[3é", "é"),
            ("\x1b]never ends", "never ends"),
            ("\x1b]an\x1bx end", "anx end"),
            ("h\0e\0l\0l\0o\0", "hello"),
            ("bell\x07\x08\x08 tail", "bell\u{fffd} tail"),
            ("zwei\u{2028}Zeilen", "zwei\u{fffd}Zeilen"),
            ("größer 音", "größer 音"),
            ("del\x7f", "del\u{fffd}"),
        ] {
            assert_eq!(clean(line.as_bytes()), wanted, "{line:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_once() {
        assert_eq!(clean(b"a\xff\xfe\xfdb\xc3"), "a\u{fffd}b\u{fffd}");
        assert_eq!(clean(b"\xe2\x28\xa1"), "\u{fffd}(\u{fffd}");
    }

    #[test]
    fn a_control_string_without_an_end_hides_nothing() {
        let long = format!("\x1b]{}", "x".repeat(3 * CONTROL_STRING));
        assert_eq!(clean(long.as_bytes()).len(), 3 * CONTROL_STRING);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_printable_and_bounded(line in prop::collection::vec(any::<u8>(), 0..600)) {
            let text = clean(&line);
            prop_assert!(!text.chars().any(|char| char.is_control() && char != '\t' && char != '\n'));
            prop_assert!(text.len() <= 2 * line.len() + 1);
            prop_assert_eq!(clean(text.as_bytes()), text.clone());
        }

        #[test]
        fn plain_is_what_needs_no_cleaning(line in prop::collection::vec(any::<u8>(), 0..600)) {
            let wanted = line.iter().all(|&byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n'));
            prop_assert_eq!(is_plain(&line), wanted);
        }
    }
}
