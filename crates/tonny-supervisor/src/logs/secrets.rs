//! What a secret looks like in a line of text: the beginnings that keys of the usual providers have, the names that
//! stand before a value, and every form of a value that is known. Pure.

use super::clean::clean;
use std::ops::Range;

/// How a find is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A secret itself.
    Value,
    /// The beginning of a key that has at least this many more characters.
    Beginning(usize),
    /// An authentication scheme; the secret is the next word.
    Scheme,
    /// A name that stands before a value of at least this many characters.
    Name(usize),
    /// As [`Trigger::Name`], and the name is also an everyday word: the name must end here, the value look random.
    Word(usize),
    /// An address, which may hold a password.
    Address,
}

use Trigger::{Address, Beginning, Name, Scheme, Word};

/// Every beginning, with what it begins.
pub(crate) const TRIGGERS: &[(&str, Trigger)] = &[
    // OpenAI, Anthropic, ElevenLabs, Stripe.
    ("sk-", Beginning(16)),
    ("sk_", Beginning(16)),
    ("rk_live_", Beginning(16)),
    // GitHub, GitLab.
    ("ghp_", Beginning(16)),
    ("gho_", Beginning(16)),
    ("ghu_", Beginning(16)),
    ("ghs_", Beginning(16)),
    ("ghr_", Beginning(16)),
    ("github_pat_", Beginning(16)),
    ("glpat-", Beginning(16)),
    // Slack.
    ("xoxb-", Beginning(16)),
    ("xoxp-", Beginning(16)),
    ("xapp-", Beginning(16)),
    // AWS, Google, Hugging Face, Groq, xAI, Perplexity, NVIDIA, Replicate, npm.
    ("AKIA", Beginning(16)),
    ("ASIA", Beginning(16)),
    ("AIza", Beginning(30)),
    ("hf_", Beginning(16)),
    ("gsk_", Beginning(16)),
    ("xai-", Beginning(16)),
    ("pplx-", Beginning(16)),
    ("nvapi-", Beginning(16)),
    ("r8_", Beginning(16)),
    ("npm_", Beginning(30)),
    // The first bytes of every JSON web token: {" in base64.
    ("eyJ", Beginning(16)),
    ("Bearer ", Scheme),
    ("bearer ", Scheme),
    ("Basic ", Scheme),
    ("basic ", Scheme),
    ("api_key", Name(8)),
    ("API_KEY", Name(8)),
    ("api-key", Name(8)),
    ("Api-Key", Name(8)),
    ("API-KEY", Name(8)),
    ("apikey", Name(8)),
    ("apiKey", Name(8)),
    ("ApiKey", Name(8)),
    ("password", Name(1)),
    ("Password", Name(1)),
    ("PASSWORD", Name(1)),
    ("passwd", Name(1)),
    ("passphrase", Name(1)),
    ("secret", Name(8)),
    ("Secret", Name(8)),
    ("SECRET", Name(8)),
    ("authorization", Name(8)),
    ("Authorization", Name(8)),
    ("AUTHORIZATION", Name(8)),
    ("token", Word(16)),
    ("Token", Word(16)),
    ("TOKEN", Word(16)),
    ("://", Address),
];

/// Shorter values are met by chance; a line full of holes tells nobody anything.
const SHORTEST: usize = 6;

/// The part of the line that is a secret, where the find at `hit` belongs to one.
pub(crate) fn extent(line: &[u8], hit: Range<usize>, trigger: Trigger) -> Option<Range<usize>> {
    match trigger {
        Trigger::Value => Some(hit),
        Beginning(least) => {
            let inside_a_word = is_letter_before(line, hit.start);
            let end = end_of_key(line, hit.end);
            let found = !inside_a_word && end - hit.end >= least && looks_random(&line[hit.end..end]);
            found.then_some(hit.start..end)
        }
        Scheme => {
            let end = end_of_key(line, hit.end);
            (end - hit.end >= 8 && looks_random(&line[hit.end..end])).then_some(hit.end..end)
        }
        Name(least) => value_after(line, hit, least, true),
        Word(least) => {
            let bounded = line.get(hit.end).is_none_or(|&byte| !in_name(byte));
            let value = bounded.then(|| value_after(line, hit, least, false))??;
            looks_random(&line[value.clone()]).then_some(value)
        }
        Address => {
            let end = run(line, hit.end, |byte| !byte.is_ascii_whitespace() && !b"/?#\"'<>".contains(&byte));
            let at = hit.end + memchr::memrchr(b'@', &line[hit.end..end])?;
            let colon = hit.end + memchr::memchr(b':', &line[hit.end..at])?;
            Some(colon + 1..at)
        }
    }
}

/// Whether a word goes on across `at`. The letter of an escape (`\n` as JSON and `Debug` write a line end) is none.
fn is_letter_before(line: &[u8], at: usize) -> bool {
    let before = &line[..at];
    before.last().is_some_and(u8::is_ascii_alphanumeric) && !matches!(before, [.., b'\\', b'n' | b't' | b'r'])
}

/// The value of `name=value`, `"name": "value"`, `name: Some("value")`, `--name value`; with `spaces`, one between
/// quotation marks may have several words.
fn value_after(line: &[u8], name: Range<usize>, least: usize, spaces: bool) -> Option<Range<usize>> {
    let quoting = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b'`');
    let name_end = run(line, name.end, in_name);
    let mut at = run(line, name_end, |byte| quoting(byte) || byte == b' ');
    if line.get(at).is_some_and(|byte| matches!(byte, b':' | b'=')) {
        at += 1;
    } else {
        let name_start =
            name.start - line[..name.start].iter().rev().take_while(|byte| in_name(**byte)).count();
        if !line[name_start..].starts_with(b"--") || at != name_end + 1 {
            return None;
        }
    }
    let skip = |at| run(line, at, |byte| quoting(byte) || byte == b' ');
    at = skip(at);
    if line[at..].starts_with(b"Some(") {
        at = skip(at + 5);
    }
    let quoted = spaces && at > 0 && quoting(line[at - 1]);
    let ends = |byte: u8| byte.is_ascii_whitespace() || b",;&)}]".contains(&byte);
    let in_value = |byte: u8| !quoting(byte) && (quoted || !ends(byte));
    let mut end = run(line, at, in_value);
    if is_scheme(&line[at..end]) && line.get(end) == Some(&b' ') {
        end = run(line, end + 1, in_value);
    }
    (end - at >= least && !line[at..end].starts_with(super::sieve::REDACTED.as_bytes())).then_some(at..end)
}

fn is_scheme(word: &[u8]) -> bool {
    ["bearer", "basic", "token", "bot"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// Where the bytes from `from` on stop being such.
fn run(line: &[u8], from: usize, such: impl Fn(u8) -> bool) -> usize {
    line[from..].iter().position(|&byte| !such(byte)).map_or(line.len(), |length| from + length)
}

/// Where a key ends; a full stop behind it is the sentence's.
fn end_of_key(line: &[u8], from: usize) -> usize {
    let end = run(line, from, in_key);
    end - line[from..end].iter().rev().take_while(|byte| **byte == b'.').count()
}

fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.+/=~".contains(&byte)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Letters and digits, or capitals among small letters: what a key has and a word has not.
fn looks_random(text: &[u8]) -> bool {
    let any = |such: fn(&u8) -> bool| text.iter().any(such);
    let (digits, small, capital) =
        (any(u8::is_ascii_digit), any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase));
    (digits && (small || capital)) || (small && capital)
}

/// The forms in which a value may appear: as it is, reversed, in hex, in base64, in an address, in JSON. None for a
/// value too short to be told from other text.
pub(crate) fn forms_of(value: &[u8]) -> Vec<Vec<u8>> {
    if value.len() < SHORTEST {
        return Vec::new();
    }
    // Lines end at a line end, so the lines of a value are its parts.
    if value.contains(&b'\n') {
        return value.split(|byte| *byte == b'\n').flat_map(forms_of).collect();
    }
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![value.to_vec()];
    forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    for (capital, space) in [(true, "%20"), (false, "%20"), (true, "+")] {
        forms.push(in_address(value, capital, space));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let json = serde_json::Value::from(text).to_string();
        let json = &json[1..json.len() - 1];
        forms.extend([json.as_bytes().to_vec(), in_ascii(json).into_bytes()]);
        forms.extend([u16::to_le_bytes, u16::to_be_bytes].map(|bytes| wide(text, bytes)));
        forms.push(text.chars().rev().collect::<String>().into_bytes());
    }
    for shift in 0..3 {
        let standard = base64_inside(value, shift);
        let url: String = standard
            .chars()
            .map(|char| match char {
                '+' => '-',
                '/' => '_',
                other => other,
            })
            .collect();
        forms.extend([standard.into_bytes(), url.into_bytes()]);
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort();
    forms.dedup();
    forms
}

/// JSON as many programs write it: only ASCII.
fn in_ascii(json: &str) -> String {
    let mut text = String::new();
    for char in json.chars() {
        if char.is_ascii() {
            text.push(char);
        } else {
            char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    text
}

/// What is left of UTF-16 after cleaning.
fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let wide: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
    clean(&wide).into_owned().into_bytes()
}

fn in_address(value: &[u8], capital: bool, space: &str) -> Vec<u8> {
    let escaped = value.iter().map(|&byte| match byte {
        b' ' => space.to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).to_string(),
        byte if capital => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    });
    escaped.collect::<String>().into_bytes()
}

/// The part of the base64 of `value` that is the same whatever surrounds it, where it begins `shift` bytes into a group
/// of three.
fn base64_inside(value: &[u8], shift: usize) -> String {
    let mut bytes = vec![0; shift];
    bytes.extend_from_slice(value);
    let text = base64(&bytes);
    // Six bits a letter: the first whole one of ours, and the last.
    let (first, last) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    text[first..last].to_owned()
}

/// RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for letter in 0..4 {
            let filled = letter <= group.len();
            let index = bits >> (18 - 6 * letter) & 63;
            text.push(if filled { char::from(LETTERS[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
    }

    #[test]
    fn the_inside_of_base64_does_not_depend_on_the_outside() {
        for (shift, before) in ["", "x", "xy"].iter().enumerate() {
            let whole = base64(format!("{before}secret value!{before}z").as_bytes());
            assert!(whole.contains(&base64_inside(b"secret value!", shift)), "{whole}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_met_as_escapes_and_as_half_of_utf_16() {
        let forms = forms_of("clé secrète 😀".as_bytes());
        for wanted in ["cl\\u00e9 secr\\u00e8te \\ud83d\\ude00", "cl\u{fffd} secr\u{fffd}te =\u{fffd}"] {
            assert!(forms.iter().any(|form| form.starts_with(wanted.as_bytes())), "{wanted}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_its_lines() {
        let forms = forms_of(b"first line\nsecond line\nx");
        assert!(forms.contains(&b"first line".to_vec()) && forms.contains(&b"second line".to_vec()));
        assert!(forms.iter().all(|form| !form.contains(&b'\n')));
    }
}
