//! What counts as a secret or as personal, each kind a reading of text that begins at one place.
//!
//! A finder says at a start whether a find begins there and where it ends, or that the text so far does not tell. That one
//! form serves a whole request and a stream alike: whatever does not look past the end of the text decides the same however
//! the text was cut. Every reading is bounded, so that all of them together stay linear. Nothing here knows what is done
//! with a find. Start reading at [`Text`]; the order of finders and overlaps are `scan`'s.

pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod keys;
pub(crate) mod pattern;
pub(crate) mod phone;
pub(crate) mod words;

/// The end of a find, or why there is none.
pub(crate) type Reading = Result<usize, Stop>;

/// Why a reading ended without a find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing begins here, whatever follows.
    No,
    /// It depends on what follows.
    More,
}

/// Text as far as it is known.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub bytes: &'a [u8],
    /// Whether nothing follows.
    pub complete: bool,
}

impl Text<'_> {
    /// The byte at `at`, or `None` behind the end.
    pub fn byte(&self, at: usize) -> Result<Option<u8>, Stop> {
        match self.bytes.get(at) {
            Some(byte) => Ok(Some(*byte)),
            None if self.complete => Ok(None),
            None => Err(Stop::More),
        }
    }

    /// The character at `at` and its length in bytes; what is no UTF-8 reads as U+FFFD, a byte at a time.
    pub fn char(&self, at: usize) -> Result<Option<(char, usize)>, Stop> {
        Ok(self.byte(at)?.map(|first| match first {
            0..=0x7f => (char::from(first), 1),
            _ => wide(&self.bytes[at..]),
        }))
    }

    /// The character that ends at `at`.
    pub fn before(&self, at: usize) -> Option<char> {
        let last = *self.bytes.get(at.checked_sub(1)?)?;
        if last.is_ascii() {
            return Some(char::from(last));
        }
        (2..=4.min(at)).find_map(|length| {
            let (found, wide) = wide(&self.bytes[at - length..at]);
            (wide == length).then_some(found)
        })
    }

    /// Whether `start` stands at `at`; `Err(More)` while it still may.
    pub fn begins(&self, at: usize, start: &[u8]) -> Result<bool, Stop> {
        for (offset, wanted) in start.iter().enumerate() {
            if self.byte(at + offset)? != Some(*wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The end of the run of bytes that are `member`, at most `most` of them.
    pub fn run(&self, from: usize, most: usize, member: impl Fn(u8) -> bool) -> Result<usize, Stop> {
        let mut at = from;
        while at - from < most {
            match self.byte(at)? {
                Some(byte) if member(byte) => at += 1,
                _ => break,
            }
        }
        Ok(at)
    }

    /// Whether a letter or a digit stands at `at`.
    pub fn word_at(&self, at: usize) -> Result<bool, Stop> {
        Ok(self.char(at)?.is_some_and(|(found, _)| found.is_alphanumeric()))
    }

    /// Whether digits at `at` would be the rest of a decimal number: `3.0123`.
    pub fn in_decimal(&self, at: usize) -> bool {
        self.before(at).is_some_and(|mark| matches!(mark, '.' | ','))
            && self.before(at - 1).is_some_and(|digit| digit.is_ascii_digit())
    }
}

/// How many characters before a start a finder may look at; a stream keeps them.
pub(crate) const CONTEXT: usize = 2;

/// The character at the start of `bytes`, and its length; what is no UTF-8 is U+FFFD, a byte at a time.
pub(crate) fn wide(bytes: &[u8]) -> (char, usize) {
    // Most letters outside of ASCII that are read here have two bytes, or three.
    let tail =
        |at: usize| bytes.get(at).filter(|byte| **byte & 0xc0 == 0x80).map(|byte| u32::from(byte & 0x3f));
    if let (first @ 0xc2..=0xdf, Some(second)) = (bytes[0], tail(1)) {
        let found = char::from_u32(u32::from(first & 0x1f) << 6 | second);
        return (found.unwrap_or(char::REPLACEMENT_CHARACTER), 2);
    }
    let length = match bytes[0] {
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let whole = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    whole
        .and_then(|text| text.chars().next())
        .map_or((char::REPLACEMENT_CHARACTER, 1), |found| (found, length))
}

/// No number that is looked for has more digits.
const DIGITS: usize = 20;

/// Numbers in groups, as cards and telephone numbers are written. Read at every number of a text: it takes no memory.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    digits: [u8; DIGITS],
    /// How many digits up to a group's end, and how many bytes from the start.
    ends: [(u8, u8); DIGITS],
    start: usize,
    gaps: [Gap; DIGITS],
    count: usize,
}

/// What stands between two groups: up to three marks, with all spaces as one and all hyphens as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gap {
    marks: [u8; 3],
    length: u8,
}

impl Gap {
    pub fn as_bytes(&self) -> &[u8] {
        &self.marks[..usize::from(self.length)]
    }
}

impl Groups {
    /// Reads groups from `at` on, while `gap` takes what stands between them, up to `most` digits, fewer than [`DIGITS`].
    ///
    /// A group that letters follow, or that goes on behind `most`, is none: it is part of something else.
    pub fn read(
        text: Text<'_>,
        mut at: usize,
        most: usize,
        gap: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, Stop> {
        let mut groups = Self { start: at, ..Self::default() };
        let mut total = 0;
        loop {
            let end = text.run(at, most + 1 - total, |byte| byte.is_ascii_digit())?;
            total += end - at;
            if end == at || total > most || text.word_at(end)? {
                return Ok(groups);
            }
            let digits = &mut groups.digits[total - (end - at)..total];
            digits.copy_from_slice(&text.bytes[at..end]);
            digits.iter_mut().for_each(|digit| *digit -= b'0');
            // Twenty digits with three marks of three bytes between any two are fewer than 255 bytes.
            groups.ends[groups.count] = (total as u8, (end - groups.start) as u8);
            groups.count += 1;
            let Some((between, next)) = Self::gap(text, end)? else { return Ok(groups) };
            if !gap(between.as_bytes()) {
                return Ok(groups);
            }
            groups.gaps[groups.count - 1] = between;
            at = next;
        }
    }

    /// How many groups there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where in the text the first `count` groups end; one at least.
    pub fn end(&self, count: usize) -> usize {
        self.start + usize::from(self.ends[count - 1].1)
    }

    /// The digits of the first `count` groups, as numbers.
    pub fn digits(&self, count: usize) -> &[u8] {
        &self.digits[..self.total(count)]
    }

    /// What stands between the groups.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps[..self.count.saturating_sub(1)]
    }

    /// How many digits a group has.
    pub fn length(&self, group: usize) -> usize {
        self.total(group + 1) - self.total(group)
    }

    /// How many digits the first `count` groups have.
    fn total(&self, count: usize) -> usize {
        count.checked_sub(1).map_or(0, |last| usize::from(self.ends[last].0))
    }

    /// At most three characters that are neither digits nor letters, then a digit.
    fn gap(text: Text<'_>, from: usize) -> Result<Option<(Gap, usize)>, Stop> {
        let (mut between, mut at) = (Gap::default(), from);
        loop {
            let Some((found, length)) = text.char(at)? else { return Ok(None) };
            let mark = match found {
                '0'..='9' => return Ok(Some((between, at))),
                ' ' | '\u{a0}' => b' ',
                '-' | '\u{2011}' | '\u{2013}' => b'-',
                '.' => b'.',
                '/' => b'/',
                '(' => b'(',
                ')' => b')',
                _ => return Ok(None),
            };
            let Some(place) = between.marks.get_mut(usize::from(between.length)) else { return Ok(None) };
            *place = mark;
            between.length += 1;
            at += length;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What `finder` reads at the start of whole text.
    pub fn read(finder: impl Fn(Text<'_>, usize) -> Reading, text: &str) -> Option<&str> {
        finder(Text { bytes: text.as_bytes(), complete: true }, 0).ok().map(|end| &text[..end])
    }

    #[test]
    fn a_character_is_read_from_both_sides() {
        let text = Text { bytes: "aß€😀".as_bytes(), complete: true };
        let mut at = 0;
        for wanted in "aß€😀".chars() {
            let (found, length) = text.char(at).unwrap().unwrap();
            assert_eq!((found, length), (wanted, wanted.len_utf8()));
            at += length;
            assert_eq!(text.before(at), Some(wanted));
        }
        assert_eq!(text.char(at), Ok(None));
        assert_eq!(text.before(0), None);
        let cut = Text { bytes: &[b'a', 0xe2, 0x82], complete: true };
        assert_eq!(cut.char(1), Ok(Some((char::REPLACEMENT_CHARACTER, 1))));
    }

    #[test]
    fn the_end_of_a_stream_is_not_the_end_of_the_text() {
        let open = Text { bytes: b"12", complete: false };
        assert_eq!(open.byte(2), Err(Stop::More));
        assert_eq!(open.begins(0, b"123"), Err(Stop::More));
        assert_eq!(open.begins(0, b"13"), Ok(false));
        assert_eq!(open.run(0, 9, |byte| byte.is_ascii_digit()), Err(Stop::More));
        assert_eq!(open.run(0, 2, |byte| byte.is_ascii_digit()), Ok(2));
    }

    #[test]
    fn groups_end_where_something_else_begins() {
        let read = |text: &str, most| {
            let text = Text { bytes: text.as_bytes(), complete: true };
            let groups = Groups::read(text, 0, most, |gap| gap == b" ").unwrap();
            let lengths: Vec<usize> = (0..groups.count()).map(|group| groups.length(group)).collect();
            let digits =
                groups.digits(lengths.len()).iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
            assert!(text.bytes.starts_with(digits.as_bytes()) || digits.len() > 3);
            (lengths, groups.gaps().len())
        };
        assert_eq!(read("123 45 6", 9), (vec![3, 2, 1], 2));
        assert_eq!(read("123 45 6a", 9), (vec![3, 2], 1));
        assert_eq!(read("123-45", 9), (vec![3], 0));
        assert_eq!(read("123 4567", 6), (vec![3], 0));
        assert_eq!(read("1234567", 6), (vec![], 0));
    }
}
