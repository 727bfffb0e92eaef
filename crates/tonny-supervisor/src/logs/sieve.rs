//! One look at each block of lines: takes secrets out and notices the lines that matter. Pure.
//!
//! A single search for the beginnings of secrets and for level words runs over the block; only lines where it finds one
//! are looked at closely. Nothing is stored or shown that did not pass here.

use super::{
    clean::clean,
    levels,
    secrets::{self, Trigger},
};
use crate::Level;
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::fmt;

/// What stands in a line where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// The search, made once per start of a worker: its launch token is one of the secrets.
pub struct Sieve {
    finder: AhoCorasick,
    /// By number of the pattern; a level word has none.
    triggers: Vec<Option<Trigger>>,
}

impl fmt::Debug for Sieve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The search is made of secrets.
        f.write_str("Sieve")
    }
}

impl Sieve {
    /// A sieve for the usual forms of secrets, and for these in the encodings they are met in.
    pub fn new<S: AsRef<[u8]>>(values: &[S]) -> Self {
        let values = values.iter().flat_map(|value| secrets::forms_of(value.as_ref()));
        let patterns = values.map(|value| (value, Some(Trigger::Value)));
        let patterns = patterns.chain(
            secrets::TRIGGERS.iter().map(|(text, trigger)| (text.as_bytes().to_vec(), Some(*trigger))),
        );
        let patterns = patterns.chain(levels::WORDS.iter().map(|text| (text.as_bytes().to_vec(), None)));
        let (patterns, triggers): (Vec<_>, Vec<_>) = patterns.unzip();
        let mut builder = AhoCorasick::builder();
        let finder = builder.match_kind(MatchKind::LeftmostLongest).build(&patterns);
        // Only more states than a u32 numbers are refused; that many secrets are a mistake of the caller.
        let finder = finder.expect("the secrets of one worker are a few kilobytes");
        Self { finder, triggers }
    }

    /// Gives the block without secrets, whole lines as it came, and tells of the lines that matter. `scratch` holds the
    /// result where it differs.
    pub fn pass<'a>(
        &self,
        block: &'a [u8],
        scratch: &'a mut Vec<u8>,
        mut notice: impl FnMut(Level, &str),
    ) -> &'a [u8] {
        let Some(mut hit) = self.finder.find(block) else { return block };
        scratch.clear();
        let mut done = 0;
        loop {
            let start = memchr::memrchr(b'\n', &block[done..hit.start()]).map_or(done, |at| done + at + 1);
            let end = memchr::memchr(b'\n', &block[hit.end()..]).map_or(block.len(), |at| hit.end() + at);
            scratch.extend_from_slice(&block[done..start]);
            let line = scratch.len();
            self.redact(&block[start..end], scratch);
            if let Ok(text) = std::str::from_utf8(&scratch[line..])
                && let Some((level, text)) = levels::of(text)
            {
                notice(level, &text);
            }
            done = end;
            match self.finder.find(Input::new(block).span(done..block.len())) {
                Some(next) => hit = next,
                None => break,
            }
        }
        scratch.extend_from_slice(&block[done..]);
        scratch
    }

    /// A text, line by line: safe to store and to show, and without secrets.
    pub fn text(&self, text: &str) -> String {
        let lines: Vec<_> = text.lines().map(|line| clean(line.as_bytes())).collect();
        let (block, mut scratch) = (lines.join("\n"), Vec::new());
        String::from_utf8_lossy(self.pass(block.as_bytes(), &mut scratch, |_, _| ())).into_owned()
    }

    /// The value of a named field, as [`Sieve::text`]. A name that stands before secrets hides all of the value, also
    /// where it is several words.
    pub fn field(&self, name: &str, value: &str) -> String {
        let hides = |(start, trigger): &(&str, Trigger)| matches!(trigger, Trigger::Name(least) if value.len() >= *least && name.contains(start));
        if secrets::TRIGGERS.iter().any(hides) {
            return REDACTED.to_owned();
        }
        let line = self.text(&format!("{name}={value}"));
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        // A name that itself looks like a secret: nothing of such a field is kept.
        value.unwrap_or(REDACTED).to_owned()
    }

    /// Appends the line to `out` without its secrets.
    fn redact(&self, line: &[u8], out: &mut Vec<u8>) {
        let (mut from, mut done) = (0, 0);
        while let Some(hit) = self.finder.find(Input::new(line).span(from..line.len())) {
            let secret = match self.triggers[hit.pattern().as_usize()] {
                Some(trigger) => secrets::extent(line, hit.range(), trigger),
                None => None,
            };
            match secret {
                Some(secret) => {
                    out.extend_from_slice(&line[done..secret.start]);
                    out.extend_from_slice(REDACTED.as_bytes());
                    (from, done) = (secret.end, secret.end);
                }
                // A secret may begin inside of what turned out to be none.
                None => from = hit.start() + 1,
            }
        }
        out.extend_from_slice(&line[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pass(values: &[&str], block: &str) -> (String, Vec<(Level, String)>) {
        let (mut scratch, mut seen) = (Vec::new(), Vec::new());
        let sieve = Sieve::new(values);
        let clean =
            sieve.pass(block.as_bytes(), &mut scratch, |level, line| seen.push((level, line.to_owned())));
        (String::from_utf8(clean.to_vec()).unwrap(), seen)
    }

    fn line(values: &[&str], line: &str) -> String {
        pass(values, line).0
    }

    #[test]
    fn usual_forms_are_redacted_and_the_rest_of_the_line_stays() {
        for (text, wanted) in [
            ("Authorization: Bearer abc123XYZ.def, next", "Authorization: [redacted], next"),
            ("sent bearer 0123456789abcdef!", "sent bearer [redacted]!"),
            ("key sk-proj-Abc123Abc123Abc123 used", "key [redacted] used"),
            ("ELEVEN sk_0123456789abcdef0123456789", "ELEVEN [redacted]"),
            ("hf_AbcdEfghIjklMnopQrst", "[redacted]"),
            ("jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt=[redacted] end"),
            ("aws AKIAIOSFODNN7EXAMPLE.", "aws [redacted]."),
            ("amqp://guest:pa55@host:5672/v", "amqp://guest:[redacted]@host:5672/v"),
            ("\"xi-api-key\": \"abcdefgh\", \"n\": 1", "\"xi-api-key\": \"[redacted]\", \"n\": 1"),
            ("run --api-key abcdefgh --port 1", "run --api-key [redacted] --port 1"),
            ("OPENAI_API_KEY=abcdefgh next", "OPENAI_API_KEY=[redacted] next"),
            ("password = x", "password = [redacted]"),
            ("api_key: Some(\"abcdefgh\")", "api_key: Some(\"[redacted]\")"),
            ("{\\\"token\\\":\\\"0123456789abcdefA\\\"}", "{\\\"token\\\":\\\"[redacted]\\\"}"),
            ("two ghp_0123456789abcdefghij gsk_0123456789abcdefghij", "two [redacted] [redacted]"),
            ("\"first\\nsk-0123456789abcdefghij\\tlast\"", "\"first\\n[redacted]\\tlast\""),
            ("password: \"four words, all secret\", n", "password: \"[redacted]\", n"),
        ] {
            assert_eq!(line(&[], text), wanted);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "task-0123456789abcdef0123 on disk-0123456789abcdef0123",
            "import sk-learn-contrib-something-long",
            "hf_hub_download_with_progress_bar",
            "Basic authentication, bearer tokens",
            "tokens: 1234567890123456, token = 512, n_token_max=9",
            "see http://127.0.0.1:8080/health?a=b@c",
            "the secret is out, the password too",
            "secret: short",
        ] {
            assert_eq!(line(&[], text), text);
        }
    }

    #[test]
    fn given_values_are_redacted_in_every_encoding() {
        let secret = "hunter2/ \"wörd\"+S3cret";
        for form in secrets::forms_of(secret.as_bytes()) {
            let form = String::from_utf8(form).unwrap();
            assert_eq!(line(&[secret], &format!("a {form} b")), "a [redacted] b", "{form}");
        }
        // Inside of something longer the base64 form depends on where the secret begins.
        for before in ["", "u", "us", "use", "user:"] {
            let text = secrets::base64(format!("{before}{secret}tail").as_bytes());
            assert!(line(&[secret], &text).contains(REDACTED), "{before}");
        }
    }

    #[test]
    fn texts_keep_their_lines_and_a_field_is_judged_by_its_name_too() {
        let sieve = Sieve::new::<&str>(&[]);
        assert_eq!(sieve.text("a\x1b[1mb\nBearer 0123456789abcdef\nc"), "ab\nBearer [redacted]\nc");
        for (name, value, wanted) in [
            ("error", "no key sk-0123456789abcdef0123", "no key [redacted]"),
            ("password", "several words of it", "[redacted]"),
            ("ELEVEN_API_KEY", "01234567", "[redacted]"),
            ("token", "0123456789abcdefA", "[redacted]"),
            ("tokens", "512", "512"),
            ("secret", "none", "none"),
            ("", "plain", "plain"),
        ] {
            assert_eq!(sieve.field(name, value), wanted, "{name}");
        }
    }

    #[test]
    fn a_short_value_is_no_secret() {
        assert_eq!(line(&["", "abc"], "abc"), "abc");
    }

    #[test]
    fn only_the_line_with_a_find_changes() {
        let block = "first\nERROR no key sk-0123456789abcdef0123\nthird\nWARN fourth\nlast\n";
        let (text, seen) = pass(&[], block);
        assert_eq!(text, "first\nERROR no key [redacted]\nthird\nWARN fourth\nlast\n");
        let seen: Vec<_> = seen.iter().map(|(level, text)| (*level, text.as_str())).collect();
        assert_eq!(seen, [(Level::Error, "ERROR no key [redacted]"), (Level::Warn, "WARN fourth")]);
    }

    #[test]
    fn every_line_that_matters_is_found() {
        for (text, _) in levels::EXAMPLES {
            assert_eq!(pass(&[], &format!("x\n{text}\n")).1.len(), 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn lines_keep_their_number_and_given_secrets_never_pass(
            pieces in prop::collection::vec(prop_oneof![
                Just("\n"), Just("S3cretValue"), Just("Bearer "), Just("token="), Just("://"), Just("@"), Just("sk-"),
                Just("ERROR"), Just(" "), Just("\""), Just("x9Y"), Just("é"), Just("{\"level\":"), Just("S3cret"),
            ], 0..60)
        ) {
            let block = format!("{}\n", pieces.concat());
            let (text, _) = pass(&["S3cretValue"], &block);
            prop_assert_eq!(text.matches('\n').count(), block.matches('\n').count());
            prop_assert!(!text.contains("S3cretValue"), "{}", text);
        }
    }
}
