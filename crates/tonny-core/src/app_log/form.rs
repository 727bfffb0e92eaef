//! Records as lines: text for people, JSON for programs, and both read back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{LogFormat, LogLevel, Record};

/// A line of a log file, read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, in UTC as RFC 3339.
    pub time: String,
    /// How much it matters.
    pub level: LogLevel,
    /// Which part of the app said it.
    pub target: String,
    /// Message; in lines written as text the fields follow in it.
    pub message: String,
    /// Fields; empty for lines written as text.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

impl Line {
    /// When, seconds since 1970.
    pub fn at(&self) -> Option<i64> {
        OffsetDateTime::parse(&self.time, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    }
}

impl Record {
    /// Message and fields, as people read them.
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            let separator = if text.is_empty() { "" } else { " " };
            // Told from the next field by quotation marks, unless it brings its own.
            let bare = !value.is_empty() && (value.starts_with('"') || !value.contains(char::is_whitespace));
            let value = if bare { value.clone() } else { format!("{value:?}") };
            text.push_str(&format!("{separator}{name}={value}"));
        }
        text
    }

    /// One line with its end, as files have it.
    pub fn line(&self, format: LogFormat) -> String {
        let time = time_text(self.at_ms);
        if format == LogFormat::Text {
            let level = self.level.as_str().to_uppercase();
            return format!("{time} {level:>5} {}: {}\n", self.target, escaped(&self.text()));
        }
        let fields =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
        let (level, target, message) = (self.level, self.target.clone(), self.message.clone());
        let line = Line { time, level, target, message, fields: fields.collect() };
        // Texts and a map of texts always serialise.
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    }
}

/// A line of a file as it was written, in either form; `None` for a line that another program wrote or that is torn.
pub fn line_of(text: &str) -> Option<Line> {
    if text.starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let (time, rest) = text.split_once(' ')?;
    let (level, rest) = rest.trim_start().split_once(' ')?;
    let (target, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    OffsetDateTime::parse(time, &Rfc3339).ok()?;
    Some(Line {
        time: time.to_owned(),
        level: LogLevel::of(level)?,
        target: target.to_owned(),
        message: message.to_owned(),
        fields: Map::new(),
    })
}

/// A record is a line, whatever is in it.
fn escaped(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r")
}

/// To the millisecond, always as many digits: lines sort as they were said.
fn time_text(at_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second, ms) = (at.hour(), at.minute(), at.second(), at.millisecond());
    format!("{}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z", at.date())
}

#[cfg(test)]
mod tests {
    use super::super::{Redaction, Said};
    use super::*;

    fn record(message: &str, fields: &[(&'static str, &str)]) -> Record {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let said = Said { message: message.to_owned(), fields };
        Redaction::default().record(1_800_000_000_007, LogLevel::Warn, "tonny_core::app", said)
    }

    #[test]
    fn a_line_says_when_how_bad_who_and_what() {
        let record = record("it failed", &[("debug", "\"a b\""), ("error", "no such\nfile"), ("id", "7")]);
        assert_eq!(
            record.line(LogFormat::Text),
            "2027-01-15T08:00:00.007Z  WARN tonny_core::app: it failed debug=\"a b\" error=\"no such\\nfile\" id=7\n"
        );
        assert_eq!(
            record.line(LogFormat::Json),
            "{\"time\":\"2027-01-15T08:00:00.007Z\",\"level\":\"warn\",\"target\":\"tonny_core::app\",\
             \"message\":\"it failed\",\"fields\":{\"debug\":\"\\\"a b\\\"\",\"error\":\"no such\\nfile\",\"id\":\"7\"}}\n"
        );
    }

    #[test]
    fn both_forms_are_one_line_and_read_back() {
        for message in ["plain", "two\nlines\r\n", "", "a: b: c"] {
            for format in [LogFormat::Text, LogFormat::Json] {
                let text = record(message, &[("n", "1")]).line(format);
                let (line, rest) = text.split_once('\n').expect("an end");
                assert_eq!(rest, "");
                let read = line_of(line).expect(line);
                assert_eq!((read.level, read.target.as_str()), (LogLevel::Warn, "tonny_core::app"));
                assert_eq!(
                    (read.time.as_str(), read.at()),
                    ("2027-01-15T08:00:00.007Z", Some(1_800_000_000))
                );
            }
        }
        for other in ["", "rubbish", "2027-01-15T08:00:00.007Z", "{\"time\":1}", "x WARN a: b"] {
            assert_eq!(line_of(other), None, "{other}");
        }
    }
}
