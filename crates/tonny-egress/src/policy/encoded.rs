//! The last look at a body: whether a key is still in it, plain or wrapped: JSON escapes, percent encoding, base64, and
//! each inside another.
//!
//! Masking works on the words of a conversation; this works on the bytes that leave. It only knows yes and no, because
//! what is wrapped cannot be masked without changing what it is wrapped in.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::contract::OnHit;
use super::find::Text;
use super::find::pattern::GaveUp;
use super::scan::{Finder, Rule, Scanner};

/// Layers that are opened, escapes and base64 in turn. The body's own escapes are one; more are not put on by accident.
const DEPTH: usize = 5;

/// Runs of base64 shorter than this hold no key, and neither does shorter text.
const SHORTEST: usize = 20;

/// Base64 that is wrapped into lines has lines of 60 letters and more (RFC 2045 and 7468 say 76 and 64).
const LINE: usize = 60;

/// Longer runs are not read from four places: they are files, and begin where they begin.
const SHORT_RUN: usize = 4096;

/// Finds keys; that it found one is all that counts.
static KEYS: LazyLock<Scanner> = LazyLock::new(|| {
    let (name, label) = (String::new(), String::new());
    Scanner::new(Arc::new([Rule { name, label, finder: Finder::ApiKey, on_hit: OnHit::Block }]))
});

/// Whether a key is in `bytes`, in any form.
pub(super) fn holds_key(bytes: &[u8]) -> Result<bool, GaveUp> {
    opened(&mut keys(), bytes, DEPTH)
}

/// Looks for keys alone.
pub(super) fn keys() -> Scanner {
    KEYS.clone()
}

fn opened(scanner: &mut Scanner, bytes: &[u8], depth: usize) -> Result<bool, GaveUp> {
    if !scanner.walk(Text { bytes, complete: true }, 0)?.finds.is_empty() {
        return Ok(true);
    }
    if depth == 0 {
        return Ok(false);
    }
    // Base64 has neither backslashes nor percent signs: what they wrap is opened first, and the runs once, behind them.
    let plain = unescaped(bytes);
    if let Some(plain) = unpercented(plain.as_deref().unwrap_or(bytes)).or(plain) {
        return opened(scanner, &plain, depth - 1);
    }
    let mut inside = Vec::new();
    for run in runs(bytes) {
        // A short one may begin in the middle of a word or a path, so it is read from four places.
        let places = if run.len() <= SHORT_RUN { 4 } else { 1 };
        for place in 0..places {
            decode(&run[place..], &mut inside);
            // What is no text holds no key: a picture, or a word that was never encoded.
            if next_run(&inside, 0, is_text).is_some() && opened(scanner, &inside, depth - 1)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// With JSON's escapes resolved; `None` without any.
fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut next) = (0, memchr::memchr(b'\\', bytes));
    next?;
    while let Some(offset) = next {
        out.extend_from_slice(&bytes[at..at + offset]);
        at += offset;
        at += match bytes.get(at + 1) {
            Some(b'u') => match number(bytes, at + 2, 4).and_then(char::from_u32) {
                Some(letter) => {
                    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    6
                }
                None => 2,
            },
            Some(b'n' | b'r' | b't' | b'b' | b'f') => {
                out.push(b'\n');
                2
            }
            Some(escaped) => {
                out.push(*escaped);
                2
            }
            None => 1,
        };
        next = memchr::memchr(b'\\', &bytes[at..]);
    }
    out.extend_from_slice(&bytes[at..]);
    Some(out)
}

/// With percent encoding resolved; `None` without any.
fn unpercented(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    for sign in memchr::memchr_iter(b'%', bytes) {
        if let Some(code) = number(bytes, sign + 1, 2).and_then(|code| u8::try_from(code).ok()) {
            out.extend_from_slice(&bytes[at..sign]);
            out.push(code);
            at = sign + 3;
        }
    }
    out.extend_from_slice(&bytes[at..]);
    (at > 0).then_some(out)
}

/// `length` hexadecimal digits.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..at + length)?;
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// Runs of base64 letters, those of several lines put together.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = next_run(bytes, at, is_letter)?;
        let (run, end) = lines(bytes, first);
        at = end;
        Some(run)
    })
}

/// The next run of at least `SHORTEST` bytes that are `member`.
///
/// Such a run has one at every `SHORTEST`th place, so that most others are not looked at.
fn next_run(bytes: &[u8], mut at: usize, member: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    loop {
        let probe = at + SHORTEST - 1;
        if !member(*bytes.get(probe)?) {
            at = probe + 1;
            continue;
        }
        let start = bytes[at..probe].iter().rposition(|byte| !member(*byte)).map_or(at, |last| at + last + 1);
        let end = bytes[probe..]
            .iter()
            .position(|byte| !member(*byte))
            .map_or(bytes.len(), |length| probe + length);
        if end - start >= SHORTEST {
            return Some(start..end);
        }
        at = end;
    }
}

/// The lines that go on from a first one, and where the last of them ends.
fn lines(bytes: &[u8], first: Range<usize>) -> (Cow<'_, [u8]>, usize) {
    let Range { start, mut end } = first;
    let mut run = Cow::Borrowed(&bytes[start..end]);
    let mut last = end - start;
    while last >= LINE {
        let feed = bytes[end..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        last = bytes[end + feed..].iter().take_while(|byte| is_letter(**byte)).count();
        if feed == 0 || last == 0 {
            break;
        }
        run.to_mut().extend_from_slice(&bytes[end + feed..end + feed + last]);
        end += feed + last;
    }
    (run, end)
}

fn decode(run: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let sextet = |byte: u8| u32::from(SEXTETS[usize::from(byte)]);
    let (fours, rest) = run.as_chunks::<4>();
    for [a, b, c, d] in fours {
        let bits = sextet(*a) << 18 | sextet(*b) << 12 | sextet(*c) << 6 | sextet(*d);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let bits = rest.iter().fold(0, |bits, byte| bits << 6 | sextet(*byte)) << (6 * (4 - rest.len()) % 32);
    out.extend_from_slice(&bits.to_be_bytes()[1..rest.len().max(1)]);
}

fn is_letter(byte: u8) -> bool {
    SEXTETS[usize::from(byte)] != NONE
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

/// What is no letter of base64.
const NONE: u8 = 255;

/// The six bits of each letter, in the plain and in the URL's alphabet (RFC 4648).
const SEXTETS: &[u8; 256] = &sextets();

const fn sextets() -> [u8; 256] {
    let mut all = [NONE; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < letters.len() {
        all[letters[at] as usize] = at as u8;
        at += 1;
    }
    all[b'-' as usize] = 62;
    all[b'_' as usize] = 63;
    all
}

#[cfg(test)]
#[path = "encoded/tests.rs"]
mod tests;
