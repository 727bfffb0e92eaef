//! Everything the user may set: one typed document, patched by field, checked against one table of fields.
//!
//! Adding a setting touches the document and the table in `fields.rs`; a test fails when they disagree. The document is
//! kept as JSON in the store; TOML is only for people (`tonny settings export`).

mod assistant;
mod commands;
mod document;
mod fields;
mod old_files;
mod toml_form;
mod versions;

pub(crate) use assistant::LONGEST_NAME;
pub use assistant::{Address, Assistant, CleanUp, ModelEdit, Privacy, Prompt, Tone};
pub use commands::{CommandReady, WorkerCommand};
pub use document::{
    Appearance, Dictation, Hotkeys, Insertion, Language, Logging, MicrophoneChoice, Models, Overlay,
    Settings, Speech, Startup, Storage, Theme, Workers,
};
pub use fields::{Field, Range, field, fields};
pub use old_files::from_old;
pub use toml_form::{from_toml, to_toml};
pub use versions::VERSION;

use serde_json::Value;
use tonny_store::Store;

use self::versions::{brought_up, is_newer};
use crate::problem::{Code, Problem};

/// Each lost try means that another program saved meanwhile; nobody's hand does that more than once.
const CHANGE_TRIES: u32 = 20;

impl Settings {
    /// Reads a stored document of that version, field by field: what is missing or does not fit has its default, and the
    /// problem says what did not fit.
    pub fn from_json(text: &str, version: i64) -> (Self, Option<Problem>) {
        let stored = match serde_json::from_str(text) {
            Ok(Value::Object(stored)) => brought_up(Value::Object(stored), version),
            Ok(_) => {
                return (Self::default(), Some(Problem::with(Code::SettingsBroken, "They are no object")));
            }
            Err(error) => return (Self::default(), Some(Problem::with(Code::SettingsBroken, error))),
        };
        let (settings, unfit) = Self::of_what_fits(&stored);
        let problem = match unfit.is_empty() {
            _ if is_newer(version) => Some(newer(version)),
            true => None,
            false => Some(Problem::with(
                Code::SettingsPartly,
                format!("Their defaults are in use: {}", unfit.join(", ")),
            )),
        };
        (settings, problem)
    }

    fn of_what_fits(stored: &Value) -> (Self, Vec<&str>) {
        let (mut settings, mut unfit) = (Self::default(), Vec::new());
        for field in fields() {
            let (section, name) = field.key.split_once('.').unwrap_or((field.key, ""));
            match stored.get(section) {
                None => {}
                Some(Value::Object(values)) => {
                    match values.get(name).map(|value| settings.patched(field.key, value.clone())) {
                        None => {}
                        Some(Ok(changed)) => settings = changed,
                        Some(Err(_)) => unfit.push(field.key),
                    }
                }
                Some(_) if unfit.contains(&section) => {}
                Some(_) => unfit.push(section),
            }
        }
        if commands::wrong_order(&settings.speech.engines, &settings.workers.commands).is_some() {
            settings.speech.engines = Self::default().speech.engines;
            unfit.push("speech.engines");
        }
        (settings, unfit)
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The stored form over what is stored already, with its version: fields that this program does not know stay as they
    /// are, so that a newer one finds them again.
    pub fn to_json_over(&self, stored: Option<(&str, i64)>) -> String {
        let stored =
            stored.and_then(|(text, version)| Some(brought_up(serde_json::from_str(text).ok()?, version)));
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

    /// What no field can check alone.
    fn consistent(self) -> Result<Self, Problem> {
        let order = commands::wrong_order(&self.speech.engines, &self.workers.commands);
        let wrong =
            order.map(|wrong| format!("speech.engines: {wrong}")).or_else(|| self.hotkeys.wrong_pair());
        match wrong {
            None => Ok(self),
            Some(wrong) => Err(Problem::with(Code::SettingInvalid, wrong)),
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

/// Reads what is stored; the problem says what of it cannot be used, and then defaults are in its place.
pub async fn load(store: &Store) -> (Settings, Option<Problem>) {
    match store.settings().load().await {
        Ok(None) => (Settings::default(), None),
        Ok(Some(row)) => Settings::from_json(&row.json, row.version),
        Err(error) => (Settings::default(), Some(crate::store_problem(&error))),
    }
}

/// Changes what is stored; synced to the disk when this returns. Another program that saves meanwhile loses nothing: then
/// `patch` is applied again, to what that one saved. What a newer program stored is not touched.
pub async fn change(
    store: &Store,
    patch: impl Fn(&Settings) -> Result<Settings, Problem>,
) -> Result<Settings, Problem> {
    let failed = |error| crate::store_problem(&error);
    for _ in 0..CHANGE_TRIES {
        let stored = store.settings().load().await.map_err(failed)?;
        if let Some(row) = stored.as_ref().filter(|row| is_newer(row.version)) {
            return Err(newer(row.version));
        }
        let stored = stored.as_ref();
        let before =
            stored.map_or_else(Settings::default, |row| Settings::from_json(&row.json, row.version).0);
        let new = patch(&before)?;
        let json = new.to_json_over(stored.map(|row| (row.json.as_str(), row.version)));
        let revision = stored.map_or(0, |row| row.revision);
        if store.settings().replace(&json, i64::from(VERSION), revision).await.map_err(failed)? {
            return Ok(new);
        }
    }
    Err(Problem::with(Code::DatabaseFailed, "Another program keeps changing the settings"))
}

/// Stores a whole document, as [`change`] does.
pub async fn save(store: &Store, new: &Settings) -> Result<(), Problem> {
    change(store, |_| Ok(new.clone())).await.map(drop)
}

/// Back to the defaults, whatever is stored: the way out of what a newer program stored, for somebody who asks for it.
pub async fn start_over(store: &Store) -> Result<Settings, Problem> {
    let new = Settings::default();
    let failed = |error| crate::store_problem(&error);
    store.settings().save(&new.to_json(), i64::from(VERSION)).await.map_err(failed)?;
    Ok(new)
}

fn newer(version: i64) -> Problem {
    Problem::with(Code::SettingsNewer, format!("They have version {version}, this program knows {VERSION}"))
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
    Problem::with(Code::SettingUnknown, format!("It was called {}", crate::problem::quoted(key)))
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
            // The same keys in other words.
            ("hotkeys.assistant", json!(settings.hotkeys.dictate.to_lowercase())),
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
        let (settings, problem) = Settings::from_json(stored, 1);
        assert_eq!(problem, None);
        let changed = settings.with("dictation.tail_ms", json!(30)).expect("fits");
        let json: Value = serde_json::from_str(&changed.to_json_over(Some((stored, 1)))).expect("json");
        assert_eq!(json["dictation"]["whisper"], true);
        assert_eq!(json["from_the_future"]["a"][0], 1);
        assert_eq!(json["dictation"]["tail_ms"], 30);
        assert_eq!(changed.to_json_over(Some(("{broken", 1))), changed.to_json());
    }

    #[test]
    fn what_does_not_fit_is_named_and_the_rest_is_used() {
        for text in ["{not json", "[1]", "null", "\"text\"", &"[".repeat(100_000)] {
            let (settings, problem) = Settings::from_json(text, 1);
            assert_eq!(
                (settings, problem.expect("told").code.as_str()),
                (Settings::default(), "TT-SETTINGS-701")
            );
        }
        let stored = json!({
            "dictation": {"tail_ms": 20, "tap_ms": "soon", "engine_wait_s": -1, "keep_audio": 1, "language": null},
            "hotkeys": [1], "overlay": "on", "startup": null,
            "speech": {"model": "mine", "engines": ["no such engine"], "threads": 1e300},
            "workers": {"commands": [{"name": "x"}]}, "storage": {"text_days": 7}, "unknown": 1,
        });
        let (settings, problem) = Settings::from_json(&stored.to_string(), 1);
        let problem = problem.expect("told");
        assert_eq!(problem.code, "TT-SETTINGS-705");
        for key in [
            "dictation.tap_ms",
            "dictation.engine_wait_s",
            "dictation.keep_audio",
            "dictation.language",
            "hotkeys",
            "overlay",
            "startup",
            "speech.engines",
            "speech.threads",
            "workers.commands",
        ] {
            assert!(problem.message.contains(key), "{key}: {}", problem.message);
        }
        assert_eq!(
            (settings.dictation.tail_ms, settings.speech.model.as_str(), settings.storage.text_days),
            (20, "mine", 7)
        );
        assert_eq!(settings.hotkeys, Settings::default().hotkeys);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_programs_that_change_a_field_each_keep_both() {
        let store = Store::in_memory().await.expect("store");
        let other = Settings::default().with("dictation.tap_ms", json!(400)).expect("fits");
        for stored in [None, Some(Settings::default())] {
            if let Some(stored) = stored {
                save(&store, &stored).await.expect("saved");
            }
            // The other program saves between the look at the document and the save of the change.
            let late = std::cell::Cell::new(true);
            let patch = |now: &Settings| {
                if late.take() {
                    let (store, json) = (store.clone(), other.to_json());
                    now_and_here(async move { store.settings().save(&json, 1).await }).expect("saved");
                }
                now.with("dictation.tail_ms", json!(70))
            };
            let new = change(&store, patch).await.expect("changed");
            assert_eq!((new.dictation.tap_ms, new.dictation.tail_ms), (400, 70));
            assert_eq!(load(&store).await, (new, None));
        }
    }

    /// Carries a future out where nobody can wait: in the patch.
    fn now_and_here<T>(future: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
    }

    #[tokio::test]
    async fn what_a_newer_program_stored_is_used_as_far_as_it_goes_and_left_alone() {
        let store = Store::in_memory().await.expect("store");
        let stored = r#"{"dictation":{"tail_ms":20,"tap_ms":{"short":1}},"later":{}}"#;
        store.settings().save(stored, 9).await.expect("saved");
        let (settings, problem) = load(&store).await;
        let problem = problem.expect("told");
        assert!(problem.code == "TT-SETTINGS-704" && problem.message.contains("version 9"), "{problem}");
        assert_eq!((settings.dictation.tail_ms, settings.dictation.tap_ms), (20, 300));
        assert_eq!(save(&store, &settings).await.expect_err("refused").code, "TT-SETTINGS-704");
        let row = store.settings().load().await.expect("read").expect("there");
        assert_eq!((row.json.as_str(), row.version, row.revision), (stored, 9, 1), "not touched");
        assert_eq!(start_over(&store).await.expect("asked for"), Settings::default());
        save(&store, &settings).await.expect("from here on");
        assert_eq!(load(&store).await, (settings, None));
    }
}
