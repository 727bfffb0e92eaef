//! JSON with half characters in it: a server in Python writes a lone surrogate as `\ud83d`, which no text can hold.
//!
//! One broken character must not cost the words around it: it is read as U+FFFD, as a broken byte would be.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Reads JSON, half characters included.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(json).or_else(|error| match mended(json) {
        Cow::Owned(json) => serde_json::from_str(&json),
        Cow::Borrowed(_) => Err(error),
    })
}

/// The same JSON with U+FFFD for every surrogate that has no other half.
fn mended(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        match (escaped(json, at), escaped(json, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str(&json[done..at]);
                mended.push_str("\\ufffd");
                at += 6;
                done = at;
            }
            // Past the escaped character too: it may be another backslash.
            _ => at += 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if done == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[done..]);
    Cow::Owned(mended)
}

/// The number of a `\uXXXX` that begins there.
fn escaped(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_character_costs_only_itself() {
        for (json, text) in [
            (r#""a\ud83db""#, "a\u{fffd}b"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00x\uD83D\uD83D\uDE00""#, "\u{fffd}x\u{fffd}😀"),
            (r#""\\ud83d and \\\ud83d é\ude00""#, "\\ud83d and \\\u{fffd} é\u{fffd}"),
            (r#""😀 plain \n""#, "😀 plain \n"),
        ] {
            assert_eq!(read::<String>(json).expect(json), text);
        }
        for broken in [r#""\ud8""#, r#""\"#, r#""\ud83d"#, "", "\\", "\\é", r#"\ud83d"#] {
            assert!(read::<String>(broken).is_err(), "{broken}");
        }
    }
}
