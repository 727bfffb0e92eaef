//! An answer that is still coming, with its finds taken out: text is held back from where a find may begin until it is
//! certain.
//!
//! What comes out in all is the same for every split of the answer, and no byte of a find passes, because the same walk
//! reads a stream and a whole text, and gives only what it has decided. A word is held until the next space; what begins
//! like a key, until it ends.

use std::sync::Arc;

use super::Policy;
use super::decision::EvaluationError;
use super::evaluate::Target;
use super::find::{CONTEXT, Text};
use super::scan::{Rule, Scanner};

/// Takes finds out of one answer.
#[derive(Clone, Debug)]
pub struct HoldBack {
    scanner: Scanner,
    /// The last characters that were given, and everything after them.
    buffer: String,
    /// Where what was not given begins.
    from: usize,
    /// How much was held when it was last read.
    read: usize,
    finds: u32,
}

/// As much may be held and still be read again for every piece; a word is shorter. Beyond it something long is coming, and
/// reading all of it again for every few letters would take its square.
const SHORT: usize = 256;

impl Policy {
    /// What reads the answer of a target, by the rules that are for answers.
    pub fn hold_back(&self, profile: &str, purpose: &str, target: &Target) -> HoldBack {
        let contract = self.contract_for(profile, purpose).filter(|contract| contract.redacts(target));
        HoldBack::new(
            contract.map_or_else(|| Arc::new([]) as Arc<[Rule]>, |contract| contract.answer_rules.clone()),
        )
    }
}

impl HoldBack {
    pub(super) fn new(rules: Arc<[Rule]>) -> Self {
        Self { scanner: Scanner::new(rules), buffer: String::new(), from: 0, read: 0, finds: 0 }
    }

    /// Takes the next piece; gives what is certain, each find as its rule's name in brackets: `[KEY]`.
    ///
    /// # Errors
    /// A pattern could not be run. What is held then stays held: the answer is to be ended.
    pub fn feed(&mut self, piece: &str) -> Result<String, EvaluationError> {
        // Nothing to look for is nothing to wait for.
        if self.scanner.rules().is_empty() {
            return Ok(piece.to_owned());
        }
        self.buffer.push_str(piece);
        let held = self.buffer.len() - self.from;
        let is_worth_it =
            held <= SHORT || held >= self.read + self.read / 8 || piece.contains(char::is_whitespace);
        if is_worth_it { self.advance(false) } else { Ok(String::new()) }
    }

    /// The answer ended: gives the rest.
    ///
    /// # Errors
    /// As [`HoldBack::feed`].
    pub fn finish(mut self) -> Result<String, EvaluationError> {
        self.advance(true)
    }

    /// How many finds were taken out.
    pub fn finds(&self) -> u32 {
        self.finds
    }

    fn advance(&mut self, complete: bool) -> Result<String, EvaluationError> {
        let text = Text { bytes: self.buffer.as_bytes(), complete };
        let walk = self.scanner.walk(text, self.from).map_err(|_| EvaluationError::Pattern)?;
        let (mut out, mut at) = (String::new(), self.from);
        for found in &walk.finds {
            out.push_str(&self.buffer[at..found.start]);
            out.push('[');
            out.push_str(&self.scanner.rules()[found.rule].label);
            out.push(']');
            at = found.end;
        }
        out.push_str(&self.buffer[at..walk.decided]);
        self.finds = self.finds.saturating_add(u32::try_from(walk.finds.len()).unwrap_or(u32::MAX));
        let kept =
            self.buffer[..walk.decided].char_indices().rev().take(CONTEXT).last().map_or(0, |(at, _)| at);
        self.buffer.drain(..kept);
        self.from = walk.decided - kept;
        self.read = self.buffer.len() - self.from;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::tests::{pieces, rules};
    use super::*;

    fn all(rules: &Arc<[Rule]>, pieces: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut held = HoldBack::new(rules.clone());
        let mut out: String = pieces.into_iter().map(|piece| held.feed(piece.as_ref()).unwrap()).collect();
        out.push_str(&held.finish().unwrap());
        out
    }

    /// Every cut into `n` pieces would be too many; by letters and at each single place are the extremes.
    fn same_for_every_split(rules: &Arc<[Rule]>, text: &str) -> Result<(), TestCaseError> {
        let whole = all(rules, [text]);
        prop_assert_eq!(&all(rules, text.chars().map(String::from)), &whole);
        for (cut, _) in text.char_indices() {
            prop_assert_eq!(&all(rules, [&text[..cut], &text[cut..]]), &whole, "cut at {}", cut);
        }
        Ok(())
    }

    #[test]
    fn finds_are_taken_out() {
        for (text, wanted) in [
            ("your key is sk-ant-abcdefgh0123456789, ok?", "your key is [API_KEY], ok?"),
            ("to ada@example.org", "to [EMAIL]"),
            ("0.0171123456 and +49 30 901820.", "0.0171123456 and [PHONE]."),
            ("bluebird and bluebirds", "[PROJECT] and bluebirds"),
            ("x@y.deC-123!", "[EMAIL]!"),
            ("", ""),
        ] {
            assert_eq!(all(&rules(), [text]), wanted);
            same_for_every_split(&rules(), text).unwrap();
        }
    }

    #[test]
    fn words_pass_as_they_are_finished() {
        let mut held = HoldBack::new(rules());
        for (piece, wanted) in
            [("Hel", ""), ("lo", ""), (" wor", "Hello "), ("ld", ""), ("! ", "world! "), ("sk-", "")]
        {
            assert_eq!(held.feed(piece).unwrap(), wanted, "{piece}");
        }
        assert_eq!(held.finish().unwrap(), "sk-");
    }

    #[test]
    fn without_rules_nothing_waits() {
        let mut held = HoldBack::new(Arc::new([]));
        assert_eq!(held.feed("sk-ant").unwrap(), "sk-ant");
        assert_eq!(held.finish().unwrap(), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_split_gives_the_same(text in pieces()) {
            same_for_every_split(&rules(), &text)?;
        }

        #[test]
        fn random_splits_of_random_text_give_the_same(parts in prop::collection::vec("\\PC{0,12}", 0..8)) {
            let whole = parts.concat();
            prop_assert_eq!(all(&rules(), &parts), all(&rules(), [&whole]));
        }
    }
}
