//! The user's own regular expressions, run byte by byte on an automaton: no pattern can make a text slow.
//!
//! The crate's ready-made search cannot stop at the end of a piece and go on with the next, and would find something else
//! in a text that is cut; so the automaton is stepped here, anchored at each start. `\b` means ASCII letters and digits,
//! because an automaton does not know the Unicode kind.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::{Reading, Stop, Text};

/// A find of an own pattern is no longer; it bounds the time per start and what a stream holds back.
pub(crate) const LONGEST: usize = 1024;

/// Room for a pattern's automaton; one that needs more is refused when the contract is loaded.
const ROOM: usize = 1 << 20;

/// What may stand in front of a start, as far as an automaton tells it apart.
const BEFORE: [Option<u8>; 5] = [None, Some(b'a'), Some(b' '), Some(b'\n'), Some(b'\r')];

/// One pattern, ready to be read with.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    automaton: DFA,
    /// Bytes that a find may begin with.
    first: [bool; 256],
}

/// Why a pattern is refused: the crate's own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadPattern(Box<dyn std::error::Error + Send + Sync>);

/// The automaton gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern's automaton gave up")]
pub(crate) struct GaveUp;

impl Pattern {
    /// Refuses what is no pattern, what finds nothing at all places, and what is too big.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        let parsed = regex_syntax::ParserBuilder::new().nest_limit(64).build().parse(pattern);
        let tree = parsed.map_err(|error| BadPattern(error.into()))?;
        if tree.properties().minimum_len().is_none_or(|least| least == 0) {
            return Err(BadPattern("it would find nothing, everywhere".into()));
        }
        let config = NFA::config().which_captures(WhichCaptures::None).nfa_size_limit(Some(ROOM));
        let states = NFA::compiler().configure(config).build_from_hir(&in_ascii(tree));
        let config = DFA::config().match_kind(MatchKind::LeftmostFirst).cache_capacity(2 * ROOM);
        let states = states.map_err(|error| BadPattern(error.into()))?;
        let automaton = DFA::builder().configure(config).build_from_nfa(states);
        let automaton = automaton.map_err(|error| BadPattern(error.into()))?;
        let first = firsts(&automaton).map_err(|error| BadPattern(error.into()))?;
        Ok(Self { automaton, first })
    }

    /// What [`Pattern::read`] keeps from one start to the next.
    pub fn cache(&self) -> Cache {
        self.automaton.create_cache()
    }

    /// Whether a find may begin with `byte`.
    pub fn may_begin(&self, byte: u8) -> bool {
        self.first[usize::from(byte)]
    }

    /// The end of the find that begins at `at`, the one that the pattern itself prefers within [`LONGEST`] bytes.
    pub fn read(&self, cache: &mut Cache, text: Text<'_>, at: usize) -> Result<Reading, GaveUp> {
        let before = at.checked_sub(1).and_then(|before| text.bytes.get(before)).copied();
        let mut state = begin(&self.automaton, cache, before)?;
        let mut end = None;
        for next in at..=at + LONGEST {
            let byte = match text.byte(next) {
                Ok(byte) => byte,
                Err(stop) => return Ok(Err(stop)),
            };
            state = match byte {
                Some(byte) => self.automaton.next_state(cache, state, byte),
                None => self.automaton.next_eoi_state(cache, state),
            }
            .map_err(|_| GaveUp)?;
            // The automaton tells a match one byte late.
            if state.is_match() {
                end = Some(next);
            }
            if state.is_quit() {
                return Err(GaveUp);
            }
            if state.is_dead() || byte.is_none() {
                break;
            }
        }
        Ok(end.filter(|end| *end > at).ok_or(Stop::No))
    }
}

fn begin(
    automaton: &DFA,
    cache: &mut Cache,
    before: Option<u8>,
) -> Result<regex_automata::hybrid::LazyStateID, GaveUp> {
    let config = start::Config::new().anchored(Anchored::Yes).look_behind(before);
    automaton.start_state(cache, &config).map_err(|_| GaveUp)
}

/// The bytes that do not end every find at once.
fn firsts(automaton: &DFA) -> Result<[bool; 256], GaveUp> {
    let mut cache = automaton.create_cache();
    let mut first = [false; 256];
    for before in BEFORE {
        for byte in 0..=u8::MAX {
            let state = begin(automaton, &mut cache, before)?;
            let next = automaton.next_state(&mut cache, state, byte).map_err(|_| GaveUp)?;
            first[usize::from(byte)] |= !next.is_dead();
        }
    }
    Ok(first)
}

/// The same tree with the borders of words in ASCII.
fn in_ascii(tree: Hir) -> Hir {
    match tree.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            look => look,
        }),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(in_ascii(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => in_ascii(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(in_ascii).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(in_ascii).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(pattern: &str, text: &'a str, at: usize) -> Option<&'a str> {
        let pattern = Pattern::new(pattern).unwrap();
        let text_ = Text { bytes: text.as_bytes(), complete: true };
        pattern.may_begin(text.as_bytes()[at]).then_some(())?;
        let end = pattern.read(&mut pattern.cache(), text_, at).unwrap().ok()?;
        Some(&text[at..end])
    }

    #[test]
    fn patterns_are_read_as_everywhere() {
        for (pattern, text, at, wanted) in [
            (r"\bC-\d{6}\b", "C-123456.", 0, Some("C-123456")),
            (r"\bC-\d{6}\b", "xC-123456", 1, None),
            (r"\bC-\d{6}\b", "C-1234567", 0, None),
            (r"a+", "aaab", 0, Some("aaa")),
            (r"a+?", "aaab", 0, Some("a")),
            (r"(?i)straße", "STRASSE Straße", 8, Some("Straße")),
            (r"foo|foobar", "foobar", 0, Some("foo")),
            (r"^x", "x", 0, Some("x")),
            (r"^x", "yx", 1, None),
            (r"x$", "x", 0, Some("x")),
            (r"[^ ]+", "é€ ", 0, Some("é€")),
        ] {
            assert_eq!(found(pattern, text, at), wanted, "{pattern} in {text}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        for bad in ["(", "a*", "(?:)", "x{0,3}", r"\b", r"(\w{100}){100}"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_find_is_bounded_and_open_at_the_end_of_a_piece() {
        let pattern = Pattern::new("a+").unwrap();
        let long = "a".repeat(3 * LONGEST);
        let read = |text: &str, complete| {
            pattern.read(&mut pattern.cache(), Text { bytes: text.as_bytes(), complete }, 0).unwrap()
        };
        assert_eq!(read(&long, true), Ok(LONGEST));
        assert_eq!(read(&long, false), Ok(LONGEST));
        assert_eq!(read("aa", false), Err(Stop::More));
        assert_eq!(read("aabc", false), Ok(2));
    }
}
