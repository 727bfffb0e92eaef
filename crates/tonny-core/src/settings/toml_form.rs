//! The settings as TOML for people: every field with a comment that explains it.

use std::fmt::Write as _;

use serde_json::Value;

use super::versions::brought_up;
use super::{Settings, VERSION, fields, is_newer, newer};
use crate::problem::{Code, Problem};

/// The whole document as TOML, each field under a comment with its meaning and range.
pub fn to_toml(settings: &Settings) -> Result<String, Problem> {
    let mut out = format!("# TonnyTray settings\n# The shape of this file.\nversion = {VERSION}\n");
    let mut section = "";
    for field in fields() {
        let (head, name) = field.key.split_once('.').unwrap_or((field.key, ""));
        if head != section {
            let _ = write!(out, "\n[{head}]\n");
            section = head;
        }
        let _ = writeln!(out, "# {} Takes {}.", field.help, field.range);
        match settings.get(field.key)? {
            Value::Null => _ = writeln!(out, "# {name} ="),
            value => {
                let value = toml::Value::try_from(without_nulls(value))
                    .map_err(|e| Problem::with(Code::SettingsBroken, e))?;
                let _ = writeln!(out, "{name} = {value}");
            }
        }
    }
    Ok(out)
}

/// TOML has no null; a field that is missing means the same.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        value => value,
    }
}

/// Reads what [`to_toml`] wrote, or any part of it; fields not mentioned keep `base`'s values.
pub fn from_toml(text: &str, base: &Settings) -> Result<Settings, Problem> {
    let mut table: toml::Table = text.parse().map_err(|e| Problem::with(Code::SettingsBroken, e))?;
    let version = match table.remove("version") {
        None => i64::from(VERSION),
        Some(toml::Value::Integer(version @ 1..)) if is_newer(version) => return Err(newer(version)),
        Some(toml::Value::Integer(version @ 1..)) => version,
        Some(other) => {
            return Err(Problem::with(Code::SettingInvalid, format!("version: {other} is none")));
        }
    };
    let document = serde_json::to_value(table).map_err(|e| Problem::with(Code::SettingInvalid, e))?;
    let document = brought_up(document, version);
    let mut settings = base.clone();
    for (section, fields) in document.as_object().into_iter().flatten() {
        let Some(fields) = fields.as_object() else {
            return Err(Problem::with(
                Code::SettingUnknown,
                format!("It was called {}", crate::problem::quoted(section)),
            ));
        };
        for (name, value) in fields {
            settings = settings.patched(&format!("{section}.{name}"), value.clone())?;
        }
    }
    settings.consistent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_goes_out_and_comes_back_the_same() {
        let commands = serde_json::json!([{
            "name": "mine", "program": "/opt/my engine", "args": ["--say", "a \"b\""], "speech": true,
            "ready": {"log_line": "Listening on "}, "health": "/health"
        }]);
        let settings = Settings::default()
            .with("microphone.device", "a \"quoted\" name".into())
            .and_then(|settings| settings.with("workers.commands", commands))
            .and_then(|settings| settings.with("speech.engines", serde_json::json!(["mine", "embedded"])))
            .expect("fits");
        let text = to_toml(&settings).expect("toml");
        assert_eq!(from_toml(&text, &Settings::default()).expect("read"), settings);
        assert!(text.contains("# Recorded beyond the release."));
    }

    #[test]
    fn broken_toml_names_the_line_and_a_typo_names_the_key() {
        assert!(
            from_toml("[dictation\n", &Settings::default()).expect_err("broken").message.contains("line 1")
        );
        let problem = from_toml("[dictation]\ntail = 5\n", &Settings::default()).expect_err("typo");
        assert!(problem.message.contains("dictation.tail"));
    }

    #[test]
    fn a_file_of_a_newer_program_or_of_no_version_is_refused_whole() {
        let base = Settings::default();
        let read = |text: &str| from_toml(text, &base);
        for text in ["", "version = 1\n", "[dictation]\ntail_ms = 0\n"] {
            assert_eq!(read(text), Ok(base.clone()), "{text}");
        }
        for (text, code, names) in [
            ("version = 2\n[dictation]\ntail_ms = 7\n", "TT-SETTINGS-704", "version 2"),
            ("version = 9223372036854775807\n", "TT-SETTINGS-704", "version 9"),
            ("version = 0\n", "TT-SETTINGS-702", "version"),
            ("version = \"1\"\n", "TT-SETTINGS-702", "version"),
            ("dictation = 5\n", "TT-SETTINGS-703", "dictation"),
            ("[dictation]\ntail_ms = 1979-05-27\n", "TT-SETTINGS-702", "dictation.tail_ms"),
            ("[dictation]\ntail_ms = nan\n", "TT-SETTINGS-702", "dictation.tail_ms"),
            ("[dictation]\ntail_ms = [1]\n", "TT-SETTINGS-702", "dictation.tail_ms"),
            ("[dictation.tail_ms]\na = 1\n", "TT-SETTINGS-702", "dictation.tail_ms"),
            ("[[dictation]]\ntail_ms = 1\n", "TT-SETTINGS-703", "dictation"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.code == code && problem.message.contains(names), "{text}: {problem}");
        }
    }
}
