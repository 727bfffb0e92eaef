//! The settings document: get, patch by field, reset.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use specta::Type;
use tonny_core::app::SettingsChange;
use tonny_core::problem::{Code, Problem};
use tonny_core::settings::{Address, ModelEdit, Prompt, Settings, WorkerCommand};

use super::{Reach, checked};

/// Bytes of the longest text that a field takes.
const TEXT_MAX: usize = 200_000;

/// What the assistant's window may change: its library of instructions.
const OF_ASSISTANT: [&str; 2] = ["assistant.system", "assistant.prompts"];

/// One field's new value.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct SettingPatch {
    /// Dotted path, such as `dictation.tail_ms`.
    key: String,
    /// What it shall hold.
    value: SettingValue,
}

/// What a field can hold.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(untagged)]
pub enum SettingValue {
    /// true or false.
    Flag(bool),
    /// A whole number.
    Whole(u32),
    /// Text.
    Text(String),
    /// Nothing.
    Nothing(()),
    /// Names, in an order.
    Names(Vec<String>),
    /// Workers of the user's own; what is wrong with one, the settings say.
    Workers(Vec<WorkerCommand>),
    /// Instructions under names.
    Prompts(Vec<Prompt>),
    /// Addresses of providers.
    Addresses(Vec<Address>),
    /// What the user says of models.
    ModelEdits(Vec<ModelEdit>),
}

impl SettingValue {
    fn into_json(self) -> Result<Value, Problem> {
        Ok(match self {
            Self::Flag(flag) => flag.into(),
            Self::Whole(number) => number.into(),
            // A contract is a text, too; how long each field's may be, its row in the table says.
            Self::Text(text) if text.len() > TEXT_MAX => {
                return Err(Problem::with(
                    Code::SettingInvalid,
                    format!("A text of {} bytes is too long", text.len()),
                ));
            }
            Self::Text(text) => text.into(),
            Self::Nothing(()) => Value::Null,
            Self::Names(names) => names.into_iter().map(checked).collect::<Result<Vec<_>, _>>()?.into(),
            Self::Workers(workers) => json(&workers)?,
            Self::Prompts(prompts) => json(&prompts)?,
            Self::Addresses(addresses) => json(&addresses)?,
            Self::ModelEdits(edits) => json(&edits)?,
        })
    }
}

fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::with(Code::SettingInvalid, error))
}

/// The settings now.
#[tauri::command]
#[specta::specta]
pub async fn settings_get(face: Reach<'_>) -> Result<Settings, Problem> {
    face.app.settings().await
}

/// Changes one field.
#[tauri::command]
#[specta::specta]
pub async fn settings_patch(face: Reach<'_>, patch: SettingPatch) -> Result<Settings, Problem> {
    let (key, value) = (checked(patch.key)?, patch.value.into_json()?);
    may_change(face.window(), &key)?;
    face.app.change_settings(SettingsChange::Field(key, value)).await
}

/// A page that answers of models are drawn in changes what belongs to it, and neither programs nor contracts.
fn may_change(window: &str, key: &str) -> Result<(), Problem> {
    if window != crate::windows::ASSISTANT || OF_ASSISTANT.contains(&key) {
        return Ok(());
    }
    let only = OF_ASSISTANT.join(" and ");
    Err(Problem::with(Code::SettingInvalid, format!("The assistant's window may change only {only}")))
}

/// Puts one field, or everything, back to its default.
#[tauri::command]
#[specta::specta]
pub async fn settings_reset(face: Reach<'_>, key: Option<String>) -> Result<Settings, Problem> {
    face.app.change_settings(SettingsChange::Reset(key.map(checked).transpose()?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assistants_window_changes_its_instructions_and_nothing_else() {
        for key in OF_ASSISTANT {
            assert!(may_change("assistant", key).is_ok(), "{key}");
        }
        for key in ["workers.commands", "privacy.contract", "privacy.offline", "assistant.models", ""] {
            assert_eq!(may_change("assistant", key).unwrap_err().code, "TT-SETTINGS-702", "{key}");
            assert!(may_change("settings", key).is_ok(), "{key}");
        }
    }
}
