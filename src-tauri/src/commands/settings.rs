//! The settings document: get, patch by field, reset.

use serde::{Deserialize, Serialize};
use specta::Type;
use tonny_core::app::SettingsChange;
use tonny_core::problem::Problem;
use tonny_core::settings::Settings;

use super::{Reach, checked};

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
    let value = match patch.value {
        SettingValue::Flag(flag) => flag.into(),
        SettingValue::Whole(number) => number.into(),
        SettingValue::Text(text) => checked(text)?.into(),
        SettingValue::Nothing(()) => serde_json::Value::Null,
    };
    face.app.change_settings(SettingsChange::Field(checked(patch.key)?, value)).await
}

/// Puts one field, or everything, back to its default.
#[tauri::command]
#[specta::specta]
pub async fn settings_reset(face: Reach<'_>, key: Option<String>) -> Result<Settings, Problem> {
    face.app.change_settings(SettingsChange::Reset(key.map(checked).transpose()?)).await
}
