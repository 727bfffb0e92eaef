//! Keys, tokens and private keys, known by how they begin.
//!
//! The beginnings are those that the providers document or that their keys show; a key without one (Mistral's, an AWS
//! secret without its label) cannot be told from other random letters, and belongs into the user's own patterns.

mod shapes;

use memchr::memmem;

use super::{Reading, Stop, Text};
use shapes::{LABELS, token};

pub(crate) use shapes::may_begin;

/// No key is longer; a run of letters that is may not hold a stream for ever.
const LONGEST: usize = 16 * 1024;

/// An AWS secret: 40 letters of base64.
const LABELLED: usize = 40;

/// The end of the key that begins at `at`. `in_word`: a letter or digit stands in front of it.
pub(crate) fn read(text: Text<'_>, at: usize, in_word: bool) -> Reading {
    match text.byte(at)? {
        Some(b'-') => return block(text, at),
        Some(b'e') => return web_token(text, at),
        _ => {}
    }
    match known(text, at, in_word) {
        Err(Stop::No) => labelled(text, at, in_word),
        found => found,
    }
}

fn known(text: Text<'_>, at: usize, in_word: bool) -> Reading {
    for shape in shapes::of(text.byte(at)?).filter(|shape| shape.anywhere || !in_word) {
        if !text.begins(at, shape.start)? {
            continue;
        }
        let body = at + shape.start.len();
        let least = text.run(body, shape.least, shape.letters)?;
        // Words with hyphens have no digit: sk-learn-based-pipelines-and-more.
        if least - body == shape.least && text.bytes[body..least].iter().any(u8::is_ascii_digit) {
            return text.run(body, LONGEST, shape.letters);
        }
    }
    Err(Stop::No)
}

fn labelled(text: Text<'_>, at: usize, in_word: bool) -> Reading {
    for label in LABELS.iter().filter(|_| !in_word) {
        if !text.begins(at, label)? {
            continue;
        }
        let quoted = |byte| matches!(byte, b' ' | b'"' | b'\'' | b'=' | b':' | b'\\' | b'>');
        let value = text.run(at + label.len(), 8, quoted)?;
        let end = text.run(value, LABELLED, |byte| token(byte) || matches!(byte, b'+' | b'/'))?;
        if value > at + label.len() && end - value == LABELLED {
            return Ok(end);
        }
    }
    Err(Stop::No)
}

/// A JSON web token (RFC 7519): base64url of `{"`, a dot, another part, and mostly a third.
fn web_token(text: Text<'_>, at: usize) -> Reading {
    let is_inside = text.before(at).is_some_and(|before| before.is_ascii() && token(before as u8));
    if is_inside || !text.begins(at, b"eyJ")? {
        return Err(Stop::No);
    }
    let head = text.run(at, LONGEST, token)?;
    if head - at < 12 || text.byte(head)? != Some(b'.') {
        return Err(Stop::No);
    }
    let claims = text.run(head + 1, LONGEST, token)?;
    if claims - head < 9 {
        return Err(Stop::No);
    }
    let end = text.run(claims, LONGEST, |byte| token(byte) || byte == b'.')?;
    // The full stop of a sentence is not the token's.
    Ok(end - text.bytes[claims..end].iter().rev().take_while(|byte| **byte == b'.').count())
}

/// A private key in PEM form (RFC 7468), whatever its type. One without its last line ends with the text.
fn block(text: Text<'_>, at: usize) -> Reading {
    if !text.begins(at, b"-----BEGIN ")? {
        return Err(Stop::No);
    }
    let label = at + b"-----BEGIN ".len();
    let named =
        text.run(label, 60, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')?;
    if memmem::find(&text.bytes[label..named], b"PRIVATE KEY").is_none() {
        return Err(Stop::No);
    }
    let limit = text.bytes.len().min(at + LONGEST);
    match memmem::find(&text.bytes[named..limit], b"-----END ") {
        Some(last) => {
            let end =
                text.run(named + last + b"-----END ".len(), 60, |byte| byte != b'-' && byte != b'\n')?;
            text.run(end, 5, |byte| byte == b'-')
        }
        None if limit == at + LONGEST || text.complete => Ok(limit),
        None => Err(Stop::More),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::shapes::SHAPES;
    use super::*;

    fn found(text: &str) -> Option<&str> {
        read_with(|text, at| read(text, at, false), text)
    }

    #[test]
    fn every_shape_is_found_and_ends_with_its_letters() {
        for shape in SHAPES {
            let letters = if (shape.letters)(b'a') { "abcdefgh01" } else { "ABCDEFGH01" };
            let body: String = letters.chars().cycle().take(shape.least + 8).collect();
            let key = format!("{}{body}", String::from_utf8_lossy(shape.start));
            assert_eq!(found(&format!("{key}, and")), Some(&*key));
            // A short one of OpenAI's kinds is still a long enough one of the oldest kind.
            let least = if shape.start.starts_with(b"sk-") { 8 } else { shape.least };
            let short: String = body.chars().take(least - 1).collect();
            assert_eq!(found(&format!("{}{short}", String::from_utf8_lossy(shape.start))), None);
        }
    }

    #[test]
    fn words_are_no_keys() {
        for word in
            ["sk-learn-based-pipelines-and-more", "sk-", "xai-", "AKIAxyz0123456789abcdef", "eyJust", "-----"]
        {
            assert_eq!(found(word), None, "{word}");
        }
    }

    #[test]
    fn an_aws_secret_is_known_by_its_label() {
        let secret = "abcdefgh/0123456789+abcdefghABCDEFGH0123";
        assert_eq!(secret.len(), 40);
        let text = format!("aws_secret_access_key = \"{secret}");
        assert_eq!(found(&format!("{text}\" and")), Some(&*text));
        assert_eq!(found("aws_secret_access_key is not set"), None);
    }

    #[test]
    fn a_web_token_ends_before_the_full_stop() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwIn0.c2lnbmF0dXJl";
        assert_eq!(found(&format!("{token}. Then")), Some(token));
        assert_eq!(found(&format!("{token}.aGVsbG8.d29ybGQ ")), Some(&*format!("{token}.aGVsbG8.d29ybGQ")));
        assert_eq!(found("eyJhbGciOiJIUzI1NiJ9 alone"), None);
    }

    #[test]
    fn a_private_key_is_its_whole_block() {
        let begin = concat!("-----BEGIN RSA ", "PRIVATE KEY-----");
        let block = format!("{begin}\nMIIabc\n-----END RSA {}", "PRIVATE KEY-----");
        assert_eq!(found(&format!("{block}\nafter")), Some(&*block));
        let cut = format!("{begin}\nMIIabc");
        assert_eq!(found(&cut), Some(&*cut));
        assert_eq!(found("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"), None);
        let open = Text { bytes: cut.as_bytes(), complete: false };
        assert_eq!(read(open, 0, false), Err(Stop::More));
    }
}
