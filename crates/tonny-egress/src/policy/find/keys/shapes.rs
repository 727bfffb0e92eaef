//! How keys begin, and the quick no for every place where none does.

/// One kind of key.
pub(super) struct Shape {
    pub start: &'static [u8],
    /// How many letters follow at least. Fewer than the provider hands out: half a key is a secret as well.
    pub least: usize,
    pub letters: fn(u8) -> bool,
    /// Whether it may also begin in the middle of a word; no word contains such a start.
    pub anywhere: bool,
}

const fn shape(start: &'static [u8], least: usize, letters: fn(u8) -> bool, anywhere: bool) -> Shape {
    Shape { start, least, letters, anywhere }
}

pub(super) const SHAPES: &[Shape] = &[
    shape(b"sk-ant-", 16, token, true),
    shape(b"sk-proj-", 16, token, true),
    shape(b"sk-or-", 16, token, true),
    shape(b"sk-svcacct-", 16, token, true),
    shape(b"sk-admin-", 16, token, true),
    shape(b"sk-", 20, token, false),
    shape(b"sk_", 20, token, false),
    shape(b"rk_", 20, token, false),
    shape(b"xai-", 20, token, true),
    shape(b"xoxa-", 16, token, true),
    shape(b"xoxb-", 16, token, true),
    shape(b"xoxe-", 16, token, true),
    shape(b"xoxe.xoxp-", 16, token, true),
    shape(b"xoxp-", 16, token, true),
    shape(b"xoxr-", 16, token, true),
    shape(b"xoxs-", 16, token, true),
    shape(b"xapp-", 16, token, true),
    shape(b"hooks.slack.com/services/", 16, path, true),
    shape(b"gsk_", 20, token, true),
    shape(b"ghp_", 20, token, true),
    shape(b"gho_", 20, token, true),
    shape(b"ghu_", 20, token, true),
    shape(b"ghs_", 20, token, true),
    shape(b"ghr_", 20, token, true),
    shape(b"github_pat_", 20, token, true),
    shape(b"glpat-", 16, token, true),
    shape(b"hf_", 24, token, false),
    shape(b"npm_", 24, token, false),
    shape(b"nvapi-", 24, token, true),
    shape(b"pplx-", 24, token, true),
    shape(b"ya29.", 20, token, false),
    shape(b"AIza", 30, token, true),
    shape(b"AKIA", 16, capital, true),
    shape(b"ASIA", 16, capital, true),
    shape(b"AGE-SECRET-KEY-1", 40, capital, true),
];

/// An AWS secret has no beginning of its own, only the name in front of it.
pub(super) const LABELS: &[&[u8]] = &[
    b"aws_secret_access_key",
    b"AWS_SECRET_ACCESS_KEY",
    b"secret_access_key",
    b"SecretAccessKey",
    b"secretAccessKey",
];

/// What has no letters of its own to count: web tokens and blocks.
const OTHERS: &[&[u8]] = &[b"eyJ", b"-----BEGIN "];

/// Pairs of bytes that a key begins with, a bit each.
const PAIRS: &[u64; 1024] = &pairs();

const fn pairs() -> [u64; 1024] {
    let mut pairs = [0; 1024];
    let mut at = 0;
    while at < SHAPES.len() {
        pairs = with(pairs, SHAPES[at].start);
        at += 1;
    }
    at = 0;
    while at < LABELS.len() {
        pairs = with(pairs, LABELS[at]);
        at += 1;
    }
    with(with(pairs, OTHERS[0]), OTHERS[1])
}

const fn with(mut pairs: [u64; 1024], start: &[u8]) -> [u64; 1024] {
    let pair = (start[0] as usize) << 8 | start[1] as usize;
    pairs[pair / 64] |= 1 << (pair % 64);
    pairs
}

/// Whether a key may begin at `at`. Asked at every byte of a text, so it must say no at once; where the text ends too
/// early to tell, the answer is yes.
pub(crate) fn may_begin(bytes: &[u8], at: usize) -> bool {
    let Some(second) = bytes.get(at + 1) else { return true };
    let pair = usize::from(bytes[at]) << 8 | usize::from(*second);
    PAIRS[pair / 64] & 1 << (pair % 64) != 0 && begins_with_three(&bytes[at..])
}

/// Pairs such as `se` are in many words; three letters are in few.
fn begins_with_three(bytes: &[u8]) -> bool {
    let Some(three) = bytes.get(..3) else { return true };
    let labels = LABELS.iter().chain(OTHERS).copied();
    of(Some(three[0])).map(|shape| shape.start).chain(labels).any(|start| start[..3] == *three)
}

/// The shapes that begin with `first`.
pub(super) fn of(first: Option<u8>) -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(move |shape| Some(shape.start[0]) == first)
}

pub(super) fn token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

fn capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_looked_at_and_little_else() {
        for start in SHAPES.iter().map(|shape| shape.start).chain(LABELS.iter().chain(OTHERS).copied()) {
            for length in 1..start.len() {
                assert!(may_begin(&start[..length], 0), "{}", String::from_utf8_lossy(start));
            }
        }
        for word in ["see", "apple", "though", "eye", "work", "a-b", "\u{fc}ber", "--- "] {
            let looked_at = may_begin(word.as_bytes(), 0);
            assert_eq!(looked_at, word == "--- ", "{word}");
        }
    }
}
