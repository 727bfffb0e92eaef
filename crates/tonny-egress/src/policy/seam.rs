//! Keys that are cut by the end of a message: each half is harmless to the rules, and both together are the key.
//!
//! The messages are read as they were before masking, one behind the other, once all of them and once the user's alone,
//! because an answer in between is no hindrance for whoever puts the halves together.

use super::encoded;
use super::find::pattern::GaveUp;
use super::find::{Text, keys};
use crate::chat::{ChatRequest, Part, Role};

/// As many letters with a digit among them are the rest of a key, and not the next message's first word.
const REST: usize = 8;

/// Whether a key lies across the end of a message.
pub(super) fn holds_key(request: &ChatRequest) -> Result<bool, GaveUp> {
    Ok(across(&Joined::new(request, |_| true))? || across(&Joined::new(request, |role| role == Role::User))?)
}

/// Texts without anything between them.
struct Joined {
    text: String,
    /// Where one ends and the next begins.
    seams: Vec<usize>,
}

impl Joined {
    fn new(request: &ChatRequest, of: impl Fn(Role) -> bool) -> Self {
        let mut joined = Self { text: request.system.clone().unwrap_or_default(), seams: Vec::new() };
        let messages = request.messages.iter().filter(|message| of(message.role));
        for part in messages.flat_map(|message| &message.parts) {
            if let Part::Text(text) = part {
                // A voice's or a form's white space at the ends is no part of what was said.
                joined.text.truncate(joined.text.trim_end().len());
                joined.seams.push(joined.text.len());
                joined.text.push_str(text.trim_start());
            }
        }
        joined
    }
}

fn across(joined: &Joined) -> Result<bool, GaveUp> {
    let bytes = joined.text.as_bytes();
    // One message has no seam, and is the most there mostly is.
    if joined.seams.iter().all(|seam| *seam == 0 || *seam == bytes.len()) {
        return Ok(false);
    }
    let walk = encoded::keys().walk(Text { bytes, complete: true }, 0)?;
    Ok(walk.finds.iter().any(|found| {
        let seam = joined.seams.iter().find(|seam| (found.start + 1..found.end).contains(seam));
        seam.is_some_and(|seam| is_cut(bytes, found.start, *seam, found.end))
    }))
}

/// Whether what stands before the seam would have been let through, or is only a block's beginning.
///
/// A key that ends with its message is masked there, and the next message's first word is not the rest of it, unless it
/// looks like more of a key.
fn is_cut(bytes: &[u8], start: usize, seam: usize, end: usize) -> bool {
    let head = Text { bytes: &bytes[..seam], complete: true };
    let is_block = memchr::memmem::find(&bytes[start..end], b"-----END ").is_some();
    let in_word = head.before(start).is_some_and(char::is_alphanumeric);
    let tail = &bytes[seam..end];
    let is_rest = tail.len() >= REST && tail.iter().any(u8::is_ascii_digit);
    is_block || is_rest || keys::read(head, start, in_word).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Message;

    fn holds(texts: &[(Role, &str)]) -> bool {
        let messages = texts.iter().map(|(role, text)| Message::text(*role, *text)).collect();
        holds_key(&ChatRequest { messages, ..ChatRequest::default() }).unwrap()
    }

    #[test]
    fn halves_are_seen_together() {
        use Role::{Assistant, User};
        let begin = concat!("-----BEGIN ", "PRIVATE KEY-----\nMII");
        let end = concat!("abc\n-----END ", "PRIVATE KEY-----");
        for (texts, wanted) in [
            (&[(User, "it is sk-ant-abc"), (User, "def0123456789abcdef ok")][..], true),
            (&[(User, "it is sk-ant-abc \n"), (User, "  def0123456789abcdef ok")], true),
            (&[(User, "it is sk-ant-abc"), (Assistant, "yes?"), (User, "def0123456789abcdef ok")], true),
            (&[(User, "AKIACANARY"), (User, "0123456789")], true),
            (&[(User, begin), (User, end)], true),
            // Whole ones are masked where they stand.
            (&[(User, "it is sk-ant-abcdef0123456789abc"), (User, "then")], false),
            (&[(User, "AKIACANARY0123456789"), (User, "then")], false),
            (&[(User, "it is sk-ant-abcdef0123456789abc"), (User, "def0123 ok")], false),
            (&[(User, "it is sk-ant-abcdef0123456789abc"), (User, "def01234 ok")], true),
            (&[(User, begin), (User, "what is it?")], false),
            (&[(User, begin), (User, "and?"), (User, "x")], false),
            (&[(User, "sk-learn"), (User, "is a library")], false),
            (&[(User, "sk-ant-abc"), (User, "- def0123456789abcdef")], false),
        ] {
            assert_eq!(holds(texts), wanted, "{texts:?}");
        }
    }
}
