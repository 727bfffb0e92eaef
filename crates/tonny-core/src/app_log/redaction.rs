//! Makes records: takes out what looks like a secret, and spoken words where they do not belong.
//!
//! Secrets are found by the one sieve that workers' output passes too. Words cannot be told from other text, so they are
//! known by the names of the fields that carry them; a message never holds any, which reviews and the stories watch over.

use tonny_supervisor::Sieve;

use super::{LogLevel, Record};

/// Fields that carry what was said or answered. Above debug only their length is kept.
const SPOKEN: &[&str] = &[
    "text",
    "raw_text",
    "words",
    "word",
    "spoken",
    "speech",
    "transcript",
    "committed",
    "tentative",
    "utterance",
    "prompt",
    "answer",
    "response",
    "sentence",
    "clipboard",
];

/// Of one message or value, bytes: what a person still reads. A record is a message and a few fields.
const LONGEST: usize = 8 * 1_024;
/// Of all fields of a record.
const MOST_FIELDS: usize = 32;

/// The searches that every record passes; made once.
#[derive(Debug)]
pub struct Redaction {
    sieve: Sieve,
}

/// What somebody said, as it came.
#[derive(Debug, Default)]
pub struct Said {
    /// The message.
    pub message: String,
    /// Names are those in the source; values are what was said.
    pub fields: Vec<(&'static str, String)>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self { sieve: Sieve::new::<&str>(&[]) }
    }
}

impl Redaction {
    /// The record of what was said.
    pub fn record(&self, at_ms: i64, level: LogLevel, target: &str, said: Said) -> Record {
        let fields = said.fields.into_iter().take(MOST_FIELDS);
        let fields = fields.map(|(name, value)| (name, self.value(level, name, &value))).collect();
        Record { at_ms, level, target: target.to_owned(), message: self.text(&said.message), fields }
    }

    /// Any other text without secrets: a panic's message, say.
    pub fn text(&self, text: &str) -> String {
        shortened(self.sieve.text(text))
    }

    fn value(&self, level: LogLevel, name: &str, value: &str) -> String {
        if level <= LogLevel::Info && SPOKEN.contains(&name) {
            return format!("[{} characters]", value.chars().count());
        }
        shortened(self.sieve.field(name, value))
    }
}

/// A text without anything between its first and its last quotation mark: what the standard library and derived `Debug`
/// put between them is data, and data may be spoken words. Greedy, because the data may hold marks of its own.
pub fn without_quotes(text: &str) -> String {
    let is_mark = |char: char| matches!(char, '"' | '`' | '\'');
    match (text.find(is_mark), text.rfind(is_mark)) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &text[..first], &text[last + 1..]),
        // An apostrophe, or the only mark of a text that was cut off: what follows cannot be known.
        (Some(first), _) => format!("{}…", &text[..first]),
        (None, _) => text.to_owned(),
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str, fields: &[(&'static str, &str)]) -> Said {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Said { message: message.to_owned(), fields }
    }

    fn record(level: LogLevel, message: &str, fields: &[(&'static str, &str)]) -> Record {
        Redaction::default().record(0, level, "t", said(message, fields))
    }

    #[test]
    fn secrets_go_from_messages_and_fields_however_they_are_written() {
        let key = "canaryAbcdefgh0123456789";
        for (name, value) in [
            ("error", format!("refused: Authorization: Bearer {key}")),
            ("error", format!("outer: inner: api_key={key}")),
            ("error", format!("first\nsecond\nAuthorization: Bearer {key}\nthird")),
            ("error", format!("\"first\\nsk-{key}\\nthird\"")),
            ("error", format!("Wrong {{ password: \"{key} and {key}\" }}")),
            ("api_key", key.to_owned()),
            ("password", format!("three words {key}")),
            ("url", format!("amqp://guest:{key}@host/")),
            ("token", key.to_owned()),
        ] {
            let record = record(LogLevel::Info, &value, &[(name, &value)]);
            let fields = format!("{:?}", record.fields);
            assert!(!fields.contains(key), "{name}={value}: {fields}");
            if !matches!(name, "api_key" | "token" | "password") {
                assert!(!record.message.contains(key), "{}", record.message);
            }
        }
    }

    #[test]
    fn ordinary_fields_stay_as_they_are() {
        let record = record(
            LogLevel::Warn,
            "a part failed",
            &[("code", "TT-AUDIO-101"), ("ms", "12"), ("tokens", "512")],
        );
        let wanted = [("code", "TT-AUDIO-101"), ("ms", "12"), ("tokens", "512")];
        assert_eq!(record.fields, wanted.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(record.message, "a part failed");
    }

    #[test]
    fn spoken_words_stay_below_info() {
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info] {
            let fields = record(level, "heard", &[("text", "größe"), ("words", "")]).fields;
            assert_eq!(
                fields,
                [("text", "[5 characters]".to_owned()), ("words", "[0 characters]".to_owned())]
            );
        }
        assert_eq!(
            record(LogLevel::Debug, "heard", &[("text", "hello")]).fields,
            [("text", "hello".to_owned())]
        );
    }

    #[test]
    fn a_long_value_is_cut_at_a_letter() {
        let record = record(LogLevel::Info, &"ö".repeat(LONGEST), &[]);
        assert!(record.message.ends_with("ö…") && record.message.len() <= LONGEST + 3);
    }

    #[test]
    fn what_stands_between_quotation_marks_goes() {
        for (text, wanted) in [
            ("plain", "plain"),
            (
                "index out of bounds: the len is 3 but the index is 5",
                "index out of bounds: the len is 3 but the index is 5",
            ),
            (
                "byte index 1 is not a char boundary; it is inside 'ö' (bytes 0..2) of `he said `no` to me`",
                "byte index 1 is not a char boundary; it is inside …",
            ),
            ("called `Result::unwrap()` on an `Err` value: \"the words\"", "called …"),
            ("reason: Wrong { text: \"a \\\"b\\\" c\" } at 3", "reason: Wrong { text: … } at 3"),
            ("cut off: \"the wor", "cut off: …"),
        ] {
            assert_eq!(without_quotes(text), wanted);
        }
    }
}
