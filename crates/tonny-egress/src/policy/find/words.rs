//! The user's own words: names of people, customers, projects. Whole words in any case; a phrase is one word with spaces.

use std::collections::HashMap;

use super::{Reading, Stop, Text};

/// One list of words.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// In small letters, by the first one; the longest first, so that a phrase wins over its beginning.
    by_first: HashMap<char, Vec<Vec<char>>>,
}

impl Words {
    /// Empty words are left out.
    pub fn new(words: &[String]) -> Self {
        let mut by_first: HashMap<char, Vec<Vec<char>>> = HashMap::new();
        for word in words {
            let folded: Vec<char> = word.trim().chars().flat_map(char::to_lowercase).collect();
            if let Some(first) = folded.first() {
                by_first.entry(*first).or_default().push(folded);
            }
        }
        by_first
            .values_mut()
            .for_each(|words| words.sort_by_key(|word| (std::cmp::Reverse(word.len()), word.clone())));
        Self { by_first }
    }

    /// The end of the longest word that begins at `at`. `in_word`: a letter or digit stands in front of it.
    pub fn read(&self, text: Text<'_>, at: usize, in_word: bool) -> Reading {
        let first =
            text.char(at)?.map(|(found, _)| found).filter(|found| !in_word || !found.is_alphanumeric());
        let first = first.and_then(|first| first.to_lowercase().next());
        let words = first.and_then(|first| self.by_first.get(&first)).ok_or(Stop::No)?;
        for word in words {
            if let Some(end) = stands(text, at, word)? {
                return Ok(end);
            }
        }
        Err(Stop::No)
    }
}

/// Where `word` ends, if it stands at `at` as a whole word.
fn stands(text: Text<'_>, mut at: usize, word: &[char]) -> Result<Option<usize>, Stop> {
    let mut wanted = word.iter().peekable();
    while wanted.peek().is_some() {
        let Some((found, length)) = text.char(at)? else { return Ok(None) };
        if !found.to_lowercase().all(|small| wanted.next() == Some(&small)) {
            return Ok(None);
        }
        at += length;
    }
    let ends_in_letter = word.last().is_some_and(|last| last.is_alphanumeric());
    Ok((!ends_in_letter || !text.word_at(at)?).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::*;

    fn found<'a>(words: &[&str], text: &'a str) -> Option<&'a str> {
        let words = Words::new(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        read_with(|text, at| words.read(text, at, false), text)
    }

    #[test]
    fn words_stand_alone_in_any_case() {
        let words = ["Bluebird", "Blue Bird Ltd", "Ödön", "C++", " "];
        for (text, wanted) in [
            ("bluebird.", Some("bluebird")),
            ("BLUEBIRD's plan", Some("BLUEBIRD")),
            ("Blue bird LTD is", Some("Blue bird LTD")),
            ("bluebirds", None),
            ("ÖDÖN!", Some("ÖDÖN")),
            ("c++17", Some("c++")),
            ("blue", None),
            (" ", None),
        ] {
            assert_eq!(found(&words, text), wanted, "{text}");
        }
    }

    #[test]
    fn a_word_may_go_on_while_the_text_does() {
        let words = Words::new(&["blue".to_owned()]);
        let open = |text: &'static str| Text { bytes: text.as_bytes(), complete: false };
        assert_eq!(words.read(open("bl"), 0, false), Err(Stop::More));
        assert_eq!(words.read(open("blue"), 0, false), Err(Stop::More));
        assert_eq!(words.read(open("blue "), 0, false), Ok(4));
        assert_eq!(words.read(open("blue "), 0, true), Err(Stop::No));
    }
}
