//! All finders over one text: in which order they read, and what becomes of finds that overlap.
//!
//! A text is walked once. At each start every finder reads; where one cannot tell yet, the walk stops and says how far it
//! is decided. Finds that overlap become one from the first's start to the last's end, named by the first, so that no byte
//! of any find is left over, and treated as strictly as the strictest of them. Digits inside a longer find (a telephone
//! number in an IBAN) are no find of their own.

use std::sync::Arc;

use regex_automata::hybrid::dfa::Cache;

use super::contract::OnHit;
use super::find::email::Sign;
use super::find::pattern::{GaveUp, Pattern};
use super::find::words::Words;
use super::find::{Reading, Stop, Text, card, email, iban, keys, phone, wide};
use super::placeholder::{self, TEXT_LABEL};
use super::starts::Starts;

/// One way of finding.
#[derive(Clone, Debug)]
pub(crate) enum Finder {
    ApiKey,
    Iban,
    CreditCard,
    Email,
    Phone,
    Words(Words),
    Pattern(Box<Pattern>),
    /// Text that looks like a placeholder before anything was masked.
    Placeholder,
}

/// A finder and what is done with its finds.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub name: String,
    /// What its placeholders are called.
    pub label: String,
    pub finder: Finder,
    pub on_hit: OnHit,
}

/// A stretch of text that does not go out as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub start: usize,
    pub end: usize,
    /// The rule that names it, by its place in the list.
    pub rule: usize,
    /// All rules that found something in it, a bit each.
    pub rules: u64,
    /// The strictest of theirs.
    pub on_hit: OnHit,
}

/// What a walk found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Walk {
    /// In order, none overlapping another.
    pub finds: Vec<Found>,
    /// Up to here nothing changes, whatever follows.
    pub decided: usize,
}

/// Walks texts with one list of rules. Where they begin is found out once: a clone shares it.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    rules: Arc<[Rule]>,
    /// One for each rule; only patterns need them, and only once one is read.
    caches: Vec<Option<Cache>>,
    starts: Arc<Starts>,
}

impl Scanner {
    pub fn new(rules: Arc<[Rule]>) -> Self {
        Self { caches: rules.iter().map(|_| None).collect(), starts: Arc::new(Starts::new(&rules)), rules }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Walks `text` from `from` on; what stands before it is only looked at.
    pub fn walk(&mut self, text: Text<'_>, from: usize) -> Result<Walk, GaveUp> {
        let mut walk = Walk { finds: Vec::new(), decided: from };
        let mut open: Option<Found> = None;
        let mut sign = Sign::default();
        let mut at = from;
        let mut in_word = text.before(at).is_some_and(char::is_alphanumeric);
        while let Some(byte) = text.bytes.get(at).copied() {
            if let Some(next) = self.starts.skip(text.bytes, at) {
                at = next;
                in_word = text.before(at).is_some_and(char::is_alphanumeric);
                continue;
            }
            let quiet = self.starts.quiet(text.bytes, at, &mut in_word);
            if quiet > at {
                at = quiet;
                continue;
            }
            let rules = self.starts.at(text, at, in_word, &mut sign);
            if rules != 0 {
                if let Some(done) = open.take_if(|open| open.end <= at) {
                    walk.finds.push(done);
                }
                if !self.read(text, at, in_word, rules, &mut open)? {
                    walk.decided = open.map_or(at, |open| open.start);
                    return Ok(walk);
                }
            }
            (in_word, at) = if byte.is_ascii() {
                (byte.is_ascii_alphanumeric(), at + 1)
            } else {
                let (found, length) = wide(&text.bytes[at..]);
                (found.is_alphanumeric(), at + length)
            };
        }
        walk.finds.extend(open);
        walk.decided = at;
        Ok(walk)
    }

    /// Every finder of `rules` at one start; `open` is grown by what they found. False while it depends on what follows.
    fn read(
        &mut self,
        text: Text<'_>,
        at: usize,
        in_word: bool,
        mut rules: u64,
        open: &mut Option<Found>,
    ) -> Result<bool, GaveUp> {
        let mut decided = true;
        while rules != 0 {
            let index = rules.trailing_zeros() as usize;
            rules &= rules - 1;
            let rule = &self.rules[index];
            // A key inside a key is the same key, and would be read again at each of its letters.
            let is_inside =
                matches!(rule.finder, Finder::ApiKey) && open.is_some_and(|open| open.rule == index);
            if is_inside {
                continue;
            }
            match read_one(rule, &mut self.caches[index], text, at, in_word)? {
                Ok(end) => *open = Some(self.join(*open, Found::new(at, end, index, rule))),
                Err(Stop::More) => decided = false,
                Err(Stop::No) => {}
            }
        }
        Ok(decided)
    }

    fn join(&self, open: Option<Found>, new: Found) -> Found {
        let Some(open) = open else { return new };
        let (longer, shorter) =
            if new.start == open.start && new.end > open.end { (new, open) } else { (open, new) };
        let digits = matches!(self.rules[shorter.rule].finder, Finder::Phone | Finder::CreditCard);
        if digits && shorter.end <= longer.end {
            return longer;
        }
        Found {
            end: longer.end.max(shorter.end),
            rules: longer.rules | shorter.rules,
            on_hit: longer.on_hit.max(shorter.on_hit),
            ..longer
        }
    }
}

impl Rule {
    /// What keeps text that looks like a placeholder apart from real ones.
    pub fn placeholders() -> Self {
        let label = TEXT_LABEL.to_owned();
        Self { name: "placeholder".to_owned(), label, finder: Finder::Placeholder, on_hit: OnHit::Mask }
    }
}

impl Found {
    fn new(start: usize, end: usize, index: usize, rule: &Rule) -> Self {
        Self { start, end, rule: index, rules: 1 << index, on_hit: rule.on_hit }
    }
}

fn read_one(
    rule: &Rule,
    cache: &mut Option<Cache>,
    text: Text<'_>,
    at: usize,
    in_word: bool,
) -> Result<Reading, GaveUp> {
    Ok(match &rule.finder {
        Finder::ApiKey => keys::read(text, at, in_word),
        Finder::Iban => iban::read(text, at),
        Finder::CreditCard => card::read(text, at),
        Finder::Email => email::read(text, at),
        Finder::Phone => phone::read(text, at),
        Finder::Placeholder => placeholder::shape(text, at),
        Finder::Words(words) => words.read(text, at, in_word),
        Finder::Pattern(pattern) => {
            let cache = cache.get_or_insert_with(|| pattern.cache());
            return pattern.read(cache, text, at);
        }
    })
}

#[cfg(test)]
#[path = "scan/tests.rs"]
pub(crate) mod tests;
