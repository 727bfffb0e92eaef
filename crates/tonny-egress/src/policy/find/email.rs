//! E-mail addresses, also with letters outside of ASCII (RFC 6531).

use super::{Reading, Stop, Text};

/// RFC 5321: a local part has 64 bytes at most, a label 63, a domain 255.
const LOCAL: usize = 64;
const LABEL: usize = 63;
const DOMAIN: usize = 255;

/// Where the next `@` stands and the local part in front of it begins: any other word is no address, which is known before
/// it is read.
#[derive(Debug, Default)]
pub(crate) struct Sign {
    /// The first place that can be the local part's, and the `@`; `usize::MAX` where there is none, so far.
    next: Option<(usize, usize)>,
}

impl Sign {
    /// Whether one is, or may still come, where a local part from `at` on would end.
    pub fn is_near(&mut self, text: Text<'_>, at: usize) -> bool {
        let (from, next) = match self.next {
            Some((from, next)) if next >= at => (from, next),
            _ => Self::find(text.bytes, at),
        };
        self.next = Some((from, next));
        let may_come = next == usize::MAX && !text.complete && text.bytes.len() - at <= LOCAL;
        from <= at || may_come
    }

    fn find(bytes: &[u8], at: usize) -> (usize, usize) {
        let Some(offset) = memchr::memchr(b'@', &bytes[at..]) else { return (usize::MAX, usize::MAX) };
        let next = at + offset;
        let before = &bytes[next.saturating_sub(LOCAL)..next];
        let local = before.iter().rev().take_while(|byte| !byte.is_ascii() || is_local(char::from(**byte)));
        (next - local.count(), next)
    }
}

/// The end of the address that begins at `at`, in front of which stands no letter and no digit.
pub(crate) fn read(text: Text<'_>, at: usize) -> Reading {
    let domain = local(text, at)? + 1;
    let (mut label, mut end) = (domain, None);
    loop {
        let (label_end, letters) = self::label(text, label)?;
        // The last label is letters only; what follows them (org-based, org2) is not the address's.
        if label > domain && text.bytes[label..letters].len() >= 2 {
            end = Some(letters);
        }
        let goes_on = label_end > label && label_end - domain < DOMAIN && text.byte(label_end)? == Some(b'.');
        if !goes_on {
            return end.ok_or(Stop::No);
        }
        label = label_end + 1;
    }
}

/// Where the `@` stands.
fn local(text: Text<'_>, from: usize) -> Reading {
    if !text.word_at(from)? {
        return Err(Stop::No);
    }
    let mut at = from;
    loop {
        match text.char(at)? {
            Some(('@', _)) if at > from => return Ok(at),
            Some((found, length)) if is_local(found) && at + length - from <= LOCAL => at += length,
            _ => return Err(Stop::No),
        }
    }
}

/// The end of a label, and of the letters it begins with.
fn label(text: Text<'_>, from: usize) -> Result<(usize, usize), Stop> {
    let (mut at, mut letters) = (from, None);
    // Punycode, the ASCII form of other letters, has digits and hyphens.
    let is_ascii_form = text.begins(from, b"xn--")?;
    while at - from < LABEL {
        match text.char(at)? {
            Some((found, length)) if found.is_alphabetic() || is_ascii_form && is_label(found) => {
                at += length
            }
            Some((found, length)) if is_label(found) => {
                letters.get_or_insert(at);
                at += length;
            }
            _ => break,
        }
    }
    Ok((at, letters.unwrap_or(at)))
}

fn is_local(found: char) -> bool {
    found.is_ascii_alphanumeric()
        || matches!(found, '.' | '_' | '%' | '+' | '-' | '\'')
        || !found.is_ascii() && found.is_alphanumeric()
}

fn is_label(found: char) -> bool {
    found == '-' || found.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::*;

    #[test]
    fn addresses_end_where_they_end() {
        for (text, wanted) in [
            ("ada@example.org", Some("ada@example.org")),
            ("ada.l+x@mail.example.co.uk, hello", Some("ada.l+x@mail.example.co.uk")),
            ("ada@example.org.", Some("ada@example.org")),
            ("ada@example.org-based", Some("ada@example.org")),
            ("ada@ex-ample.org2", Some("ada@ex-ample.org")),
            ("o'neil_1%x@a.de>", Some("o'neil_1%x@a.de")),
            ("müller@bücher.example", Some("müller@bücher.example")),
            ("a@b.xn--p1ai ", Some("a@b.xn--p1ai")),
            ("ada@localhost", None),
            ("ada@example.x", None),
            ("ada@", None),
            ("@example.org", None),
            ("ada example.org", None),
            ("a@@b.org", None),
            ("-ada@b.org", None),
        ] {
            assert_eq!(read_with(read, text), wanted, "{text}");
        }
    }

    #[test]
    fn a_local_part_is_bounded() {
        let (fits, long) = ("x".repeat(LOCAL), "x".repeat(LOCAL + 1));
        assert!(read_with(read, &format!("{fits}@a.org")).is_some());
        assert!(read_with(read, &format!("{long}@a.org")).is_none());
    }

    #[test]
    fn an_address_may_go_on_while_the_text_does() {
        for text in ["ada", "ada@", "ada@a", "ada@a.", "ada@a.org", "ada@a.org."] {
            let open = Text { bytes: text.as_bytes(), complete: false };
            assert_eq!(read(open, 0), Err(Stop::More), "{text}");
        }
        let open = Text { bytes: b"ada@a.org ", complete: false };
        assert_eq!(read(open, 0), Ok(9));
    }
}
