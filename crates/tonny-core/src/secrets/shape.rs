//! What a good value of a kind looks like. An error says why and never repeats the value.

use super::address::{self, Scheme};
use super::{Kind, Typed, all};
use crate::problem::{Code, Problem};

/// No secret of any kind is longer, bytes.
const LONGEST: usize = 8_192;

/// What a value has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Printable ASCII without spaces.
    Key {
        /// Any of these; none means that the provider uses none.
        prefixes: &'static [&'static str],
        /// Bytes.
        shortest: usize,
        /// Bytes.
        longest: usize,
    },
    /// A web address: https, or http on this machine.
    Web,
    /// A broker's address: amqps, or amqp on this machine.
    Amqp,
    /// The value of an HTTP header.
    Header,
    /// user:password.
    UserAndPassword,
    /// Nobody types it: TonnyTray makes it itself.
    Made,
}

/// Something worth knowing about a value that is good.
pub type Note = Option<String>;

/// Checks a value against its kind. The note is for the person who typed it.
pub fn check(kind: &Kind, typed: &Typed) -> Result<Note, Problem> {
    let text = typed.open_for_the_vault();
    look(kind, text).map_err(|why| Problem::with(Code::SecretInvalid, format!("{}: {why}", kind.label)))
}

fn look(kind: &Kind, text: &str) -> Result<Note, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("it is {} bytes long, {LONGEST} at most", text.len()));
    }
    if let Some(what) = text.chars().find_map(forbidden) {
        return Err(format!("it contains {what}"));
    }
    match kind.shape {
        Shape::Key { prefixes, shortest, longest } => key(kind, text, prefixes, shortest, longest),
        Shape::Web => address::check(text, &[Scheme::secure("https"), Scheme::local("http")], false),
        Shape::Amqp => address::check(text, &[Scheme::secure("amqps"), Scheme::local("amqp")], true),
        Shape::Header => header(text),
        Shape::UserAndPassword => user_and_password(text),
        Shape::Made => Err("TonnyTray makes it itself".to_owned()),
    }
}

/// What no secret contains: it would end a header, a line or a C string.
fn forbidden(c: char) -> Option<&'static str> {
    match c {
        '\0' => Some("a NUL"),
        '\n' | '\r' => Some("a line break"),
        '\u{2028}' | '\u{2029}' => Some("a line break"),
        c if c.is_control() => Some("a control character"),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' => Some("an invisible character"),
        _ => None,
    }
}

fn key(kind: &Kind, text: &str, prefixes: &[&str], shortest: usize, longest: usize) -> Result<Note, String> {
    if text.contains(char::is_whitespace) {
        return Err("it contains a space".to_owned());
    }
    if !text.is_ascii() {
        return Err("it contains a character that no key has".to_owned());
    }
    if !(shortest..=longest).contains(&text.len()) {
        let range =
            if shortest == longest { shortest.to_string() } else { format!("{shortest} to {longest}") };
        return Err(format!("it is {} characters long, {range} are right", text.len()));
    }
    if let Some(other) = belongs_to(text, kind) {
        return Err(format!("it looks like the {}", other.label));
    }
    if prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix)) {
        return Ok(None);
    }
    Err(format!("it does not begin with {}", prefixes.join(" or ")))
}

/// The kind whose prefix fits better than this kind's own: a key pasted into the wrong field.
fn belongs_to(text: &str, kind: &Kind) -> Option<&'static Kind> {
    let fit = |shape: &Shape| match shape {
        Shape::Key { prefixes, .. } => {
            prefixes.iter().filter(|prefix| text.starts_with(**prefix)).map(|prefix| prefix.len()).max()
        }
        _ => None,
    };
    // Servers of one's own may take any token, also one that looks like a provider's.
    let own = match kind.shape {
        Shape::Key { prefixes: [], .. } => return None,
        ref shape => fit(shape),
    };
    all().iter().filter(|other| fit(&other.shape) > own).max_by_key(|other| fit(&other.shape))
}

fn header(text: &str) -> Result<Note, String> {
    if text != text.trim() {
        return Err("it begins or ends with a space".to_owned());
    }
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err("it contains a character that no header can carry".to_owned());
    }
    if text.len() < 8 {
        return Err("it is shorter than 8 characters".to_owned());
    }
    Ok(None)
}

fn user_and_password(text: &str) -> Result<Note, String> {
    match text.split_once(':') {
        Some((user, password)) if !user.trim().is_empty() && !password.is_empty() => Ok(None),
        _ => Err("it is not user:password".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::kind;

    fn outcome(name: &str, value: &str) -> Result<Note, Problem> {
        check(kind(name).expect(name), &Typed::new(value.to_owned()))
    }

    fn refusal(name: &str, value: &str) -> String {
        let problem = outcome(name, value).expect_err(value);
        assert!(problem.is(Code::SecretInvalid));
        assert!(value.trim().len() < 6 || !problem.message.contains(value), "the value is repeated");
        problem.message
    }

    #[test]
    fn what_no_secret_contains_is_refused_for_every_kind() {
        let long = "x".repeat(1 << 20);
        for kind in all() {
            for (bad, why) in [
                ("", "empty"),
                ("   ", "empty"),
                (long.as_str(), "bytes long"),
                ("sk-abcdefghijklmnop\0qrstu", "NUL"),
                ("sk-abcdefghijklmnop\nqrstu", "line break"),
                ("sk-abcdefghijklmnop\r\nqrstu", "line break"),
                ("sk-abcdefghij\u{1b}klmnopqrstu", "control"),
                ("sk-abcdefghij\u{200b}klmnopqrstu", "invisible"),
            ] {
                assert!(refusal(kind.id, bad).contains(why), "{}: {why}", kind.id);
            }
        }
    }

    #[test]
    fn keys_have_their_length_prefix_and_letters() {
        let tail = "a1b2c3d4e5f6g7h8i9j0";
        assert_eq!(outcome("openai", &format!("sk-proj-{tail}")), Ok(None));
        assert_eq!(outcome("anthropic", &format!("sk-ant-{tail}")), Ok(None));
        assert!(refusal("openai", &format!("sk-ant-{tail}")).contains("Anthropic"));
        assert!(refusal("openai", &format!("pk-{tail}")).contains("does not begin with sk-"));
        assert!(refusal("groq", &format!("sk-or-{tail}")).contains("OpenRouter"));
        assert!(refusal("openai", "sk-short").contains("characters long"));
        assert!(refusal("openai", &format!("sk-{tail} {tail}")).contains("space"));
        assert!(refusal("elevenlabs", "🔑🔑🔑🔑🔑🔑🔑🔑").contains("no key has"));
        assert!(refusal("bedrock-access-key", "AKIA1234").contains("20 are right"));
        assert_eq!(outcome("openai-compatible", &format!("sk-ant-{tail}")), Ok(None));
    }

    #[test]
    fn headers_and_credentials_have_their_form() {
        assert_eq!(outcome("n8n-auth", "Basic dXNlcjpwYXNz"), Ok(None));
        assert!(refusal("n8n-auth", " Bearer abcdef").contains("space"));
        assert!(refusal("n8n-auth", "Bearer schlüssel").contains("no header"));
        assert_eq!(outcome("rabbitmq-credentials", "tonny:pässwört 🔑"), Ok(None));
        for bad in ["tonny", ":secret", "tonny:", " : "] {
            refusal("rabbitmq-credentials", bad);
        }
    }
}
