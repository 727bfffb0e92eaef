//! Where a continued answer meets what was shown before: nothing twice, nothing lost, however the bytes are cut.
//!
//! What was shown goes out without the white space at its end, so a continuation may say that again: as much of it as was
//! shown is dropped, and no more, because an empty line after a line's end is a new paragraph. Some servers begin by saying
//! again all that they were given. That is dropped if it is the whole of it; a model that happens to begin with the same
//! word is not.

/// The beginning of a continuation, held back until it is clear what it is.
#[derive(Debug)]
pub struct Seam {
    shown: String,
    held: String,
    at: At,
}

/// Where in a continuation the reader is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// It may be saying again what it was given.
    Echo,
    /// It may be saying again the white space that was shown, from this byte of `shown` on.
    Space(usize),
    /// It says another white space than the one that was shown; that one stays.
    OtherSpace,
    /// What comes is new, and goes through untouched.
    New,
}

impl Seam {
    /// After `shown`, all of the answer so far.
    pub fn after(shown: &str) -> Self {
        let at = if shown.is_empty() { At::New } else { At::Echo };
        Self { shown: shown.to_owned(), held: String::new(), at }
    }

    /// What of the continuation is new.
    pub fn push(&mut self, text: &str) -> String {
        if self.at == At::New {
            return text.to_owned();
        }
        self.held.push_str(text);
        if self.at == At::Echo {
            let echo = self.shown.trim_end();
            if self.held.len() < echo.len() && echo.starts_with(&*self.held) {
                return String::new();
            }
            if !echo.is_empty() && self.held.starts_with(echo) {
                self.held.drain(..echo.len());
            }
            self.at = At::Space(echo.len());
        }
        if let At::Space(from) = self.at {
            self.at = self.after_space(from);
        }
        if self.at == At::OtherSpace {
            let kept = self.held.trim_start().len();
            self.held.drain(..self.held.len() - kept);
            if kept > 0 {
                self.at = At::New;
            }
        }
        if self.at == At::New { std::mem::take(&mut self.held) } else { String::new() }
    }

    /// The continuation is complete. Who says again what it was given says all of it, so what is still held is new.
    pub fn end(&mut self) -> String {
        self.at = At::New;
        std::mem::take(&mut self.held)
    }

    /// Drops what of the shown white space is said again.
    fn after_space(&mut self, from: usize) -> At {
        let space = &self.shown[from..];
        let pairs = space.char_indices().zip(self.held.chars());
        let same: usize =
            pairs.take_while(|((_, one), other)| one == other).map(|((_, one), _)| one.len_utf8()).sum();
        self.held.drain(..same);
        match self.held.chars().next() {
            _ if same == space.len() => At::New,
            None => At::Space(from + same),
            Some(next) if next.is_whitespace() => At::OtherSpace,
            Some(_) => At::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(shown: &str, parts: &[&str]) -> String {
        let mut seam = Seam::after(shown);
        let mut all = shown.to_owned();
        for part in parts {
            all.push_str(&seam.push(part));
        }
        all.push_str(&seam.end());
        all
    }

    #[test]
    fn what_comes_after_is_neither_doubled_nor_lost() {
        let table: &[(&str, &[&str], &str, &str)] = &[
            ("Hello wor", &["ld."], "Hello world.", "inside of a word"),
            ("Hello", &[" world."], "Hello world.", "the space is the continuation's"),
            ("Hello ", &[" world."], "Hello world.", "the space was shown"),
            ("Hello ", &["world."], "Hello world.", "the space was shown, and is not said again"),
            ("Hello wor", &["Hello wor", "ld."], "Hello world.", "an echo"),
            ("Hello ", &["Hello", " world."], "Hello world.", "an echo of what was sent, trimmed"),
            ("Hello wor", &["Hel", "lo wor", "ld."], "Hello world.", "an echo in pieces"),
            ("Ha", &["Ho"], "HaHo", "the same first letter is no echo"),
            ("", &["Hello"], "Hello", "nothing was shown"),
            ("Hello", &[], "Hello", "nothing came"),
            ("a\n\n", &["\n", "b"], "a\n\nb", "lines"),
            ("  ", &["  x"], "  x", "only space was shown"),
            ("abc", &["ab"], "abcab", "the beginning of an echo alone is none"),
            ("abc", &["abc"], "abc", "an echo and nothing else"),
            ("a\n", &["\n\nb"], "a\n\nb", "a paragraph begins where the line was cut"),
            ("a\n", &["\n", "\n", "b"], "a\n\nb", "the same in pieces"),
            ("a ", &["a", "  b"], "a  b", "two spaces, cut between, behind an echo"),
            ("a\n", &[" b"], "a\nb", "another white space than the one that was shown"),
            ("a\n ", &["\n", "\t", "b"], "a\n b", "another one behind a part of it"),
            ("a \n", &[" "], "a \n", "nothing but a part of it"),
        ];
        for (shown, parts, wanted, why) in table {
            assert_eq!(joined(shown, parts), *wanted, "{why}");
        }
    }

    proptest! {
        #[test]
        fn every_cut_of_a_continuation_gives_the_same(
            shown in "[ab \\n]{0,6}", rest in "[abc \\n]{0,8}", echoes in any::<bool>(), cuts in prop::collection::vec(0usize..20, 0..4),
        ) {
            let continuation = if echoes { format!("{}{rest}", shown.trim_end()) } else { rest };
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut <= continuation.len()).collect();
            cuts.extend([0, continuation.len()]);
            cuts.sort_unstable();
            let parts: Vec<&str> = cuts.windows(2).map(|pair| &continuation[pair[0]..pair[1]]).collect();
            prop_assert_eq!(joined(&shown, &parts), joined(&shown, &[&continuation]));
        }
    }
}
