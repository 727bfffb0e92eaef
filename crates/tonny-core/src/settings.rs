//! Everything the user may set: one typed document, patched by field, checked against one table of fields.
//!
//! Adding a setting touches the document and the table in `fields.rs`; a test fails when they disagree. The document is
//! kept as JSON in the store; TOML is only for people (`tonny settings export`).

mod commands;
mod document;
mod fields;
mod old_files;
mod toml_form;

pub use commands::{CommandReady, WorkerCommand};
pub use document::{
    Appearance, Dictation, Hotkeys, Insertion, Language, MicrophoneChoice, Models, Overlay, Settings, Speech,
    Startup, Storage, Theme, Workers,
};
pub use fields::{Field, Range, field, fields};
pub use old_files::from_old;
pub use toml_form::{from_toml, to_toml};

use serde_json::Value;
use tonny_store::Store;

use crate::problem::{Code, Problem};

/// Version of the document's shape; stored beside it.
pub const VERSION: u32 = 1;

impl Settings {
    /// Reads a stored document. Missing fields get their defaults; a field that does not fit is an error that names it.
    pub fn from_json(text: &str) -> Result<Self, Problem> {
        let stored: Value = serde_json::from_str(text).map_err(|e| Problem::with(Code::SettingsBroken, e))?;
        let mut document = Self::default().to_value();
        lay_over(&mut document, stored);
        let settings: Settings =
            serde_json::from_value(document).map_err(|e| Problem::with(Code::SettingsBroken, e))?;
        settings.checked()
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The stored form over what is stored already: fields that this program does not know stay as they are, so that a
    /// newer one finds them again.
    pub fn to_json_over(&self, stored: Option<&str>) -> String {
        let stored = stored.and_then(|stored| serde_json::from_str(stored).ok());
        let mut document = stored.filter(Value::is_object).unwrap_or(Value::Null);
        lay_over(&mut document, self.to_value());
        document.to_string()
    }

    /// The value at a dotted key such as `dictation.tail_ms`.
    pub fn get(&self, key: &str) -> Result<Value, Problem> {
        field(key)?;
        self.to_value().pointer(&pointer(key)).cloned().ok_or_else(|| unknown(key))
    }

    /// The document with one field changed; `self` stays as it was when the value does not fit.
    pub fn with(&self, key: &str, value: Value) -> Result<Self, Problem> {
        self.patched(key, value)?.consistent()
    }

    /// As [`Settings::with`], for one of several changes that only fit together.
    fn patched(&self, key: &str, value: Value) -> Result<Self, Problem> {
        field(key)?.check(&value)?;
        let mut document = self.to_value();
        *document.pointer_mut(&pointer(key)).ok_or_else(|| unknown(key))? = value;
        serde_json::from_value(document)
            .map_err(|e| Problem::with(Code::SettingInvalid, format!("{key}: {e}")))
    }

    /// The document with one field, or everything, back at its default.
    pub fn reset(&self, key: Option<&str>) -> Result<Self, Problem> {
        match key {
            None => Ok(Self::default()),
            Some(key) => self.with(key, Self::default().get(key)?),
        }
    }

    fn checked(self) -> Result<Self, Problem> {
        for field in fields() {
            field.check(&self.get(field.key)?)?;
        }
        self.consistent()
    }

    /// What no field can check alone.
    fn consistent(self) -> Result<Self, Problem> {
        match commands::wrong_order(&self.speech.engines, &self.workers.commands) {
            None => Ok(self),
            Some(wrong) => Err(Problem::with(Code::SettingInvalid, format!("speech.engines: {wrong}"))),
        }
    }

    fn to_value(&self) -> Value {
        // A document of plain structs always serialises; Null would fail every later look-up by name.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

/// Puts what is stored over the defaults, field by field.
fn lay_over(document: &mut Value, stored: Value) {
    match (document, stored) {
        (Value::Object(document), Value::Object(stored)) => {
            for (name, value) in stored {
                lay_over(document.entry(name).or_insert(Value::Null), value);
            }
        }
        (document, stored) => *document = stored,
    }
}

/// Stores the document; synced to the disk when this returns.
pub async fn save(store: &Store, new: &Settings) -> Result<(), Problem> {
    let failed = |error| crate::store_problem(&error);
    let stored = store.settings().load().await.map_err(failed)?;
    let json = new.to_json_over(stored.as_ref().map(|row| row.json.as_str()));
    store.settings().save(&json, i64::from(VERSION)).await.map_err(failed)
}

/// Takes over what old settings files say, the first that says anything; only where nothing was ever saved. Says whether
/// it did.
pub async fn adopt_old(store: &Store, texts: &[String]) -> Result<bool, Problem> {
    if store.settings().load().await.map_err(|error| crate::store_problem(&error))?.is_some() {
        return Ok(false);
    }
    for text in texts {
        let (settings, taken) = from_old(text);
        if !taken.is_empty() {
            tracing::info!(?taken, "settings of an older set-up were taken over");
            save(store, &settings).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn pointer(key: &str) -> String {
    format!("/{}", key.replace('.', "/"))
}

fn unknown(key: &str) -> Problem {
    Problem::with(Code::SettingUnknown, format!("It was called {key:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_changes_one_field_and_keeps_the_rest() {
        let before = Settings::default();
        let after = before.with("dictation.tail_ms", json!(150)).expect("in range");
        assert_eq!(after.dictation.tail_ms, 150);
        assert_eq!(after.reset(Some("dictation.tail_ms")).expect("known"), before);
    }

    #[test]
    fn bad_values_are_named_and_change_nothing() {
        let settings = Settings::default();
        for (key, value) in [
            ("dictation.tail_ms", json!(99_999)),
            ("dictation.tail_ms", json!("soon")),
            ("insertion.method", json!("shout")),
            ("hotkeys.dictate", json!("")),
            ("speech.engines", json!(["moon"])),
        ] {
            let problem = settings.with(key, value).expect_err(key);
            assert_eq!(problem.code, "TT-SETTINGS-702");
            assert!(problem.message.contains(key), "{}", problem.message);
        }
        assert_eq!(settings.with("no.such", json!(1)).expect_err("unknown").code, "TT-SETTINGS-703");
    }

    #[test]
    fn what_a_newer_program_stored_survives_a_change() {
        let stored = r#"{"dictation":{"tail_ms":20,"whisper":true},"from_the_future":{"a":[1]}}"#;
        let settings = Settings::from_json(stored).expect("read");
        let changed = settings.with("dictation.tail_ms", json!(30)).expect("fits");
        let json: Value = serde_json::from_str(&changed.to_json_over(Some(stored))).expect("json");
        assert_eq!(json["dictation"]["whisper"], true);
        assert_eq!(json["from_the_future"]["a"][0], 1);
        assert_eq!(json["dictation"]["tail_ms"], 30);
        assert_eq!(changed.to_json_over(Some("{broken")), changed.to_json());
    }

    #[test]
    fn a_broken_document_is_an_error_and_a_partial_one_is_completed() {
        assert_eq!(Settings::from_json("{not json").expect_err("broken").code, "TT-SETTINGS-701");
        let partial =
            Settings::from_json(r#"{"dictation":{"tail_ms":20},"from_the_future":1}"#).expect("partial");
        assert_eq!(partial.dictation.tail_ms, 20);
        assert_eq!(partial.hotkeys, Settings::default().hotkeys);
    }
}
