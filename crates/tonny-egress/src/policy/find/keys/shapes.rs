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

/// What keys begin with.
static STARTS: Starts = Starts::of_all();

struct Starts {
    /// The first two bytes, a bit each.
    pairs: [u64; 1024],
    /// The first three, a bit for all that spread to the same place.
    threes: [u64; 64],
}

impl Starts {
    const fn of_all() -> Self {
        let mut starts = Self { pairs: [0; 1024], threes: [0; 64] };
        let mut at = 0;
        while at < SHAPES.len() {
            starts = starts.with(SHAPES[at].start);
            at += 1;
        }
        at = 0;
        while at < LABELS.len() {
            starts = starts.with(LABELS[at]);
            at += 1;
        }
        starts.with(OTHERS[0]).with(OTHERS[1])
    }

    const fn with(mut self, start: &[u8]) -> Self {
        let pair = pair(start[0], start[1]);
        let three = spread([start[0], start[1], start[2]]);
        self.pairs[pair / 64] |= 1 << (pair % 64);
        self.threes[three / 64] |= 1 << (three % 64);
        self
    }
}

const fn pair(first: u8, second: u8) -> usize {
    (first as usize) << 8 | second as usize
}

/// One of 4,096 places, for every three bytes another one as far as that goes (Knuth's multiplicative hashing).
const fn spread(three: [u8; 3]) -> usize {
    (u32::from_be_bytes([0, three[0], three[1], three[2]]).wrapping_mul(0x9e37_79b1) >> 20) as usize
}

/// Whether a key may begin at `at`. Asked at every byte of a text, so it must say no at once; where the text ends too
/// early to tell, the answer is yes.
pub(crate) fn may_begin(bytes: &[u8], at: usize) -> bool {
    let Some(second) = bytes.get(at + 1) else { return true };
    let pair = pair(bytes[at], *second);
    if STARTS.pairs[pair / 64] & 1 << (pair % 64) == 0 {
        return false;
    }
    // Pairs such as `se` are in many words; three letters are in few.
    let Some(three) = bytes[at..].first_chunk::<3>() else { return true };
    let three = spread(*three);
    STARTS.threes[three / 64] & 1 << (three % 64) != 0
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
