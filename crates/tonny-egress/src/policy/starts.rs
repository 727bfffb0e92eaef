//! Where which rules have to read at all: most places of a text begin nothing, and are passed at the price of a look-up.

use super::find::email::Sign;
use super::find::{Text, iban, keys};
use super::scan::{Finder, Rule};

/// For every byte the rules that may begin with it, a bit each, in the list's order.
#[derive(Debug)]
pub(super) struct Starts {
    /// Where no letter and no digit stands in front.
    fresh: Box<[u64; 256]>,
    /// Where one does.
    in_word: Box<[u64; 256]>,
    /// Rules that need more than the byte.
    keys: u64,
    email: u64,
    iban: u64,
    only_keys: bool,
    /// What a byte is where nothing stands in front of it, and within a word.
    passed: Box<[[Passed; 256]; 2]>,
}

/// What becomes of a byte without a look at its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    /// It begins nothing, and a word may begin behind it.
    Mark,
    /// It begins nothing, and is part of a word.
    Letter,
    /// Something may begin.
    Stop,
}

impl Starts {
    pub fn new(rules: &[Rule]) -> Self {
        let mut starts = Self {
            fresh: Box::new([0; 256]),
            in_word: Box::new([0; 256]),
            keys: 0,
            email: 0,
            iban: 0,
            only_keys: false,
            passed: Box::new([[Passed::Stop; 256]; 2]),
        };
        for (index, rule) in rules.iter().enumerate() {
            starts.add(&rule.finder, 1 << index);
        }
        for (passed, tables) in starts.passed.iter_mut().zip([&starts.fresh, &starts.in_word]) {
            for (byte, (passed, rules)) in (0..=u8::MAX).zip(passed.iter_mut().zip(tables.iter())) {
                *passed = match byte {
                    _ if *rules != 0 || !byte.is_ascii() => Passed::Stop,
                    _ if byte.is_ascii_alphanumeric() => Passed::Letter,
                    _ => Passed::Mark,
                };
            }
        }
        starts.only_keys = rules.iter().all(|rule| matches!(rule.finder, Finder::ApiKey));
        starts
    }

    fn add(&mut self, finder: &Finder, bit: u64) {
        match finder {
            Finder::ApiKey => self.keys |= bit,
            Finder::Iban => self.iban |= bit,
            Finder::Email => self.email |= bit,
            _ => {}
        }
        for (byte, (fresh, in_word)) in (0..=u8::MAX).zip(self.fresh.iter_mut().zip(self.in_word.iter_mut()))
        {
            let (begins, also_in_word) = match finder {
                Finder::ApiKey => (false, false),
                Finder::Iban => (byte.is_ascii_alphabetic(), false),
                Finder::CreditCard => (matches!(byte, b'2'..=b'6'), false),
                Finder::Phone => (byte.is_ascii_digit() || matches!(byte, b'+' | b'('), false),
                Finder::Email => (byte.is_ascii_alphanumeric() || !byte.is_ascii(), false),
                Finder::Placeholder => (byte == b'[', true),
                Finder::Words(_) => (true, true),
                Finder::Pattern(pattern) => (pattern.may_begin(byte), true),
            };
            *fresh |= if begins { bit } else { 0 };
            *in_word |= if begins && also_in_word { bit } else { 0 };
        }
    }

    /// The next place where a rule has to read, where that is not `at` itself and only keys are looked for: then no
    /// letter in between has to be looked at for itself.
    pub fn skip(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if !self.only_keys || keys::may_begin(bytes, at) {
            return None;
        }
        Some((at + 1..bytes.len()).find(|next| keys::may_begin(bytes, *next)).unwrap_or(bytes.len()))
    }

    /// The next place from `at` on where something may begin: most letters of a text are passed here, one look-up each.
    pub fn quiet(&self, bytes: &[u8], mut at: usize, in_word: &mut bool) -> usize {
        while let Some(byte) = bytes.get(at) {
            match self.passed[usize::from(*in_word)][usize::from(*byte)] {
                Passed::Stop => break,
                _ if self.keys != 0 && keys::may_begin(bytes, at) => break,
                passed => *in_word = passed == Passed::Letter,
            }
            at += 1;
        }
        at
    }

    /// The rules that have to read at `at`.
    pub fn at(&self, text: Text<'_>, at: usize, in_word: bool, sign: &mut Sign) -> u64 {
        let byte = usize::from(text.bytes[at]);
        let mut rules = if in_word { self.in_word[byte] } else { self.fresh[byte] };
        if rules & self.email != 0 && !sign.is_near(text, at) {
            rules &= !self.email;
        }
        if rules & self.iban != 0 && !iban::may_begin(text.bytes, at) {
            rules &= !self.iban;
        }
        if self.keys != 0 && keys::may_begin(text.bytes, at) {
            rules |= self.keys;
        }
        rules
    }
}
