//! Where a continued answer meets what was shown before: nothing twice, nothing lost, however the bytes are cut.
//!
//! Some servers begin a continuation by saying again what they were given. That is dropped if it is the whole of it; a model
//! that happens to begin with the same word is not. White space is not doubled where the partial answer ended with some.

/// The beginning of a continuation, held back until it is clear what it is.
#[derive(Debug)]
pub struct Seam {
    shown: String,
    held: String,
    /// Only after the seam is passed does text go through untouched.
    is_passed: bool,
    drops_space: bool,
}

impl Seam {
    /// After `shown`, all of the answer so far.
    pub fn after(shown: &str) -> Self {
        Self { shown: shown.to_owned(), held: String::new(), is_passed: shown.is_empty(), drops_space: false }
    }

    /// What of the continuation is new.
    pub fn push(&mut self, text: &str) -> String {
        if self.is_passed {
            return text.to_owned();
        }
        self.held.push_str(text);
        if self.drops_space {
            return self.without_space();
        }
        // What was sent as the beginning has no white space at its end; an echo may end there, or with it.
        let echo = self.shown.trim_end();
        if self.held.len() < echo.len() && echo.starts_with(&*self.held) {
            return String::new();
        }
        if !echo.is_empty() && self.held.starts_with(echo) {
            self.held.drain(..echo.len());
        }
        self.drops_space = self.shown.ends_with(char::is_whitespace);
        if self.drops_space { self.without_space() } else { self.pass() }
    }

    /// The continuation ended: what was held back was no echo, or an echo of a part that says nothing new.
    pub fn end(&mut self) -> String {
        let is_echo = self.shown.starts_with(&*self.held);
        if is_echo { String::new() } else { self.pass() }
    }

    fn without_space(&mut self) -> String {
        let kept = self.held.trim_start().len();
        self.held.drain(..self.held.len() - kept);
        if self.held.is_empty() { String::new() } else { self.pass() }
    }

    fn pass(&mut self) -> String {
        self.is_passed = true;
        std::mem::take(&mut self.held)
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
