//! Which lines of a worker matter: structured records by their level, other lines by a level word where loggers put one.
//! Pure. Lines of everyday talk about errors ("0 errors") do not count.

use crate::Level;
use std::borrow::Cow;

/// Every line that matters has one of these in it; only such lines are looked at.
pub(crate) const WORDS: &[&str] = &[
    "ERROR",
    "WARN",
    "FATAL",
    "CRITICAL",
    "PANIC",
    "Error",
    "Warning",
    "error",
    "warn",
    "fatal",
    "Fatal",
    "critical",
    "panicked",
    "Traceback",
    "\"level\"",
    "\"severity\"",
    "\"levelname\"",
    "terminate called",
    "Segmentation fault",
    "out of memory",
    "Out of memory",
    "Exception",
];

/// Loggers put the level before the message; a word further on is part of the message.
const HEAD: usize = 120;
/// A structured record above this is data, not a message.
const RECORD: usize = 16 * 1024;
/// Longest text of a record, in bytes: what one looks at in a list.
const TEXT: usize = 2_000;

/// How much a line matters and what to say of it; `None` where it does not.
pub(crate) fn of(line: &str) -> Option<(Level, Cow<'_, str>)> {
    let line = line.trim();
    if line.starts_with('{') && line.len() <= RECORD {
        return structured(line);
    }
    let head = shortened(line, HEAD);
    let level = spoken(head).or_else(|| words(head)).flatten()?;
    Some((level, Cow::Borrowed(shortened(line, TEXT))))
}

/// A line that is one JSON object, as tracing, zap, pino, bunyan, structlog and python-json-logger write them.
fn structured(line: &str) -> Option<(Level, Cow<'_, str>)> {
    let record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let level = ["level", "severity", "levelname"].iter().find_map(|name| record.get(*name))?;
    let level = match level {
        serde_json::Value::String(name) => named(name)??,
        serde_json::Value::Number(number) => match number.as_u64()? {
            50.. => Level::Error,
            40..50 => Level::Warn,
            _ => return None,
        },
        _ => return None,
    };
    let texts = ["message", "msg", "event", "error"].iter().map(|name| record.get(*name));
    let mut texts = texts.chain([record.get("fields").and_then(|fields| fields.get("message"))]);
    let text = texts.find_map(|text| text.and_then(|text| text.as_str()));
    let text = text
        .map_or(Cow::Borrowed(shortened(line, TEXT)), |text| Cow::Owned(shortened(text, TEXT).to_owned()));
    Some((level, text))
}

/// What runtimes say when a program dies: no level word, the worst level.
fn spoken(head: &str) -> Option<Option<Level>> {
    let begins =
        ["Traceback (most recent call last)", "Segmentation fault", "terminate called", "fatal error"];
    let holds = ["panicked at", "out of memory", "Out of memory"];
    let exception = head.split_once(": ").is_some_and(|(name, _)| {
        (name.ends_with("Error") || name.ends_with("Exception"))
            && name.chars().all(|char| char.is_alphanumeric() || char == '.' || char == '_')
    });
    let fatal = exception
        || begins.iter().any(|words| head.starts_with(words))
        || holds.iter().any(|words| head.contains(words));
    fatal.then_some(Some(Level::Error))
}

/// The first level word of the line: in capitals, or in small letters where the punctuation says that it is one.
fn words(head: &str) -> Option<Option<Level>> {
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let mut from = 0;
    while let Some(start) = head[from..].find(is_word).map(|at| from + at) {
        let end = head[start..].find(|char| !is_word(char)).map_or(head.len(), |length| start + length);
        let word = &head[start..end];
        let (before, after) = (&head[..start], &head[end..]);
        let capitals = !word.bytes().any(|byte| byte.is_ascii_lowercase());
        let marked = after.starts_with(':')
            || after.starts_with(']') && before.ends_with('[')
            || before.ends_with("level=")
            || before.ends_with("level=\"");
        if (capitals || marked)
            && let Some(level) = named(word)
        {
            return Some(level);
        }
        from = end;
    }
    None
}

/// The level that a word names: `Some(None)` for one that does not matter, `None` for a word that names no level.
fn named(word: &str) -> Option<Option<Level>> {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["error", "fatal", "critical", "panic", "alert", "emergency"]) {
        Some(Some(Level::Error))
    } else if is(&["warn", "warning"]) {
        Some(Some(Level::Warn))
    } else {
        is(&["info", "debug", "trace", "notice", "verbose"]).then_some(None)
    }
}

/// At most `bytes` of the text, cut between two characters.
fn shortened(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// One of each kind that matters.
#[cfg(test)]
pub(crate) const EXAMPLES: &[(&str, Level)] = &[
    ("2026-11-21T08:00:00Z ERROR tonny_speech: no model", Level::Error),
    ("  WARN server: slow", Level::Warn),
    ("WARNING:root:deprecated", Level::Warn),
    ("[error] cannot bind", Level::Error),
    ("ts=1 level=warn msg=\"x\"", Level::Warn),
    ("error: unexpected argument", Level::Error),
    ("main: Warning: low memory", Level::Warn),
    ("thread 'main' panicked at src/main.rs:1:1:", Level::Error),
    ("Traceback (most recent call last):", Level::Error),
    ("ValueError: bad", Level::Error),
    ("torch.cuda.OutOfMemoryError: CUDA", Level::Error),
    ("terminate called after throwing an instance of 'x'", Level::Error),
    ("ggml: CUDA out of memory", Level::Error),
    ("Segmentation fault (core dumped)", Level::Error),
    ("{\"level\":\"ERROR\",\"fields\":{\"message\":\"m\"}}", Level::Error),
    ("{\"severity\":\"warning\",\"msg\":\"m\"}", Level::Warn),
    ("{\"level\":50,\"msg\":\"m\"}", Level::Error),
    ("{\"levelname\": \"CRITICAL\", \"message\": \"m\"}", Level::Error),
    ("FATAL no", Level::Error),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_matter_have_their_level() {
        for (line, wanted) in EXAMPLES {
            assert_eq!(of(line).map(|(level, _)| level), Some(*wanted), "{line}");
        }
    }

    #[test]
    fn everyday_lines_do_not() {
        for line in [
            "",
            "0 errors, 0 warnings",
            "INFO request done, ERROR count 0",
            "2026-11-21 DEBUG error: of a test",
            "no error occurred",
            "the word error-prone",
            "{\"level\":\"info\",\"msg\":\"ERROR inside\"}",
            "{\"level\":30,\"msg\":\"x\"}",
            "{\"level\":true}",
            "{\"msg\":\"error\"}",
            "{not json ERROR",
            "ERRORS",
            "n_error = 0.1",
            "An Exception was thrown: x",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
        let far = format!("{} ERROR", "x ".repeat(100));
        assert_eq!(of(&far), None);
    }

    #[test]
    fn a_structured_record_is_told_by_its_message() {
        for line in [
            "{\"level\":\"ERROR\",\"fields\":{\"message\":\"no model\"}}",
            "{\"level\":\"warn\",\"msg\":\"no model\"}",
        ] {
            assert_eq!(of(line).unwrap().1, "no model");
        }
        assert_eq!(of("{\"level\":\"warn\",\"n\":1}").unwrap().1, "{\"level\":\"warn\",\"n\":1}");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let line = format!("ERROR {}", "ä".repeat(TEXT));
        let text = of(&line).unwrap().1;
        assert!(text.len() <= TEXT && text.len() > TEXT - 3);
    }
}
