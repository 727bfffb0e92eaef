//! From what the user typed to an FTS5 query, and from FTS5's marked snippet to pieces a face can draw.
//!
//! Pure text work: the table and its statements are in `utterances.rs`. FTS5's query syntax is
//! <https://www.sqlite.org/fts5.html#full_text_query_syntax>; each typed word becomes a quoted string of it, so that
//! nothing typed is ever an operator.

use serde::{Deserialize, Serialize};

use crate::Utterance;

/// Each word costs one walk of the index; nobody types more, and a pasted page finds itself by its beginning.
const MOST_WORDS: usize = 32;

/// FTS5 keeps words up to 32 KiB; no word is that long, and a pasted page without spaces should not cost a second.
const LONGEST_WORD: usize = 256;

/// Where there is nothing to highlight, the text's beginning: about as long as FTS5's snippet of 24 words.
const OPENING_CHARS: usize = 160;

const MARK_OPEN: char = '\u{FDD0}';
const MARK_CLOSE: char = '\u{FDD1}';

/// An utterance that was found, with the part of its text to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The whole row.
    pub utterance: Utterance,
    /// A part of the text around the words found; joined, the pieces are what to show.
    pub snippet: Vec<Piece>,
}

/// A run of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The characters; never empty.
    pub text: String,
    /// A word that was searched.
    pub found: bool,
}

/// The query for what was typed; `None` when it is only white space. Text between two double quotes is a phrase: its
/// words one after the other, the last one whole; every other word may be the beginning of one.
pub(crate) fn fts_query(typed: &str) -> Option<String> {
    // A NUL would end the query for SQLite in the middle of a quoted string.
    let typed = typed.replace('\0', " ");
    if typed.trim().is_empty() {
        return None;
    }
    let parts: Vec<&str> = typed.split('"').collect();
    let mut terms = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        // Odd parts lie between quotes, unless the last quote has no partner.
        if n % 2 == 1 && n + 1 < parts.len() {
            let words: Vec<String> = words_of(part).collect();
            terms.push((words.len(), format!("\"{}\"", words.join(" "))));
        } else {
            terms.extend(words_of(part).map(|word| (1, format!("\"{word}\"*"))));
        }
    }
    let mut room = MOST_WORDS;
    terms.retain(|(words, _)| {
        let fits = *words <= room;
        room = room.saturating_sub(*words);
        fits
    });
    // Only quotes: a phrase without words, which finds nothing.
    let terms: Vec<String> = terms.into_iter().map(|(_, term)| term).collect();
    Some(if terms.is_empty() { "\"\"".to_owned() } else { terms.join(" ") })
}

fn words_of(part: &str) -> impl Iterator<Item = String> {
    let words = part.split_whitespace().take(MOST_WORDS);
    words.map(|word| word.chars().take(LONGEST_WORD).collect())
}

/// Takes FTS5's marks out of a snippet. A mark that the text itself holds is dropped, not trusted.
pub(crate) fn pieces(marked: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut found = false;
    let mut text = String::new();
    let mut end_run = |text: &mut String, found: bool| {
        if !text.is_empty() {
            pieces.push(Piece { text: std::mem::take(text), found });
        }
    };
    for c in marked.chars() {
        match c {
            MARK_OPEN | MARK_CLOSE => {
                end_run(&mut text, found);
                found = c == MARK_OPEN;
            }
            c => text.push(c),
        }
    }
    end_run(&mut text, found);
    pieces
}

/// The beginning of a text that was not searched but listed.
pub(crate) fn opening_piece(utterance: &Utterance) -> Vec<Piece> {
    let Some(text) = utterance.text.as_deref().filter(|text| !text.is_empty()) else {
        return Vec::new();
    };
    let text = match text.char_indices().nth(OPENING_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    };
    vec![Piece { text, found: false }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_word_is_a_quoted_beginning() {
        for (typed, query) in [
            ("naiv", Some("\"naiv\"*")),
            (" two  words\n", Some("\"two\"* \"words\"*")),
            ("say \"hi  there\" OR", Some("\"say\"* \"hi there\" \"OR\"*")),
            ("say \"hi there", Some("\"say\"* \"hi\"* \"there\"*")),
            ("a\"b c\"d", Some("\"a\"* \"b c\" \"d\"*")),
            ("\"\"", Some("\"\"")),
            ("\"", Some("\"\"")),
            ("a\0b", Some("\"a\"* \"b\"*")),
            ("", None),
            (" \t\0", None),
        ] {
            assert_eq!(fts_query(typed).as_deref(), query, "{typed:?}");
        }
    }

    #[test]
    fn marks_become_pieces_and_strays_vanish() {
        let piece = |text: &str, found| Piece { text: text.to_owned(), found };
        assert_eq!(
            pieces("a \u{FDD0}b\u{FDD1} c"),
            [piece("a ", false), piece("b", true), piece(" c", false)]
        );
        assert_eq!(pieces("\u{FDD1}x\u{FDD0}"), [piece("x", false)]);
        assert_eq!(pieces(""), []);
    }
}
