//! `tonny settings`: read and change the settings, with or without a running app.

use serde_json::{Value, json};
use tonny_core::Store;
use tonny_core::activity::{Did, changes};
use tonny_core::problem::{Code, Problem};
use tonny_core::settings::{self, Settings, field, fields, from_toml, to_toml};
use tonny_platform::old_settings;

use crate::arguments::Settings as Verb;
use crate::face::{Face, read_at_most};

/// A hundred times what all settings with their comments take.
const LARGEST_FILE: u64 = 1_000_000;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    face.block_on(async {
        let store = face.store().await?;
        let now = load(face, &store).await;
        match verb {
            Verb::List => list(face, &now),
            Verb::Get { key } => {
                let value = now.get(&key)?;
                face.show(&value, || plain(&value))
            }
            Verb::Set { key, value } => {
                let value = field(&key)?.parse(&value)?;
                change(face, &store, |now| now.with(&key, value.clone())).await
            }
            Verb::Reset { key: None } => {
                settings::start_over(&store).await?;
                face.note_in(&store, Did::SettingsReset).await;
                face.tell_app();
                Ok(())
            }
            Verb::Reset { key } => change(face, &store, |now| now.reset(key.as_deref())).await,
            Verb::Export => face.line(to_toml(&now)?.trim_end()),
            Verb::Import { file } => {
                let text = read_at_most(&file, LARGEST_FILE, Code::SettingsBroken)?;
                change(face, &store, |now| from_toml(&text, now)).await
            }
        }
    })
}

/// The settings in the store, those of an older set-up where nothing was ever saved, or the defaults; what of them cannot be used is said.
pub async fn load(face: &Face, store: &Store) -> Settings {
    if let Err(problem) = adopt(face, store).await {
        face.remark(problem);
    }
    let (settings, problem) = settings::load(store).await;
    if let Some(problem) = problem {
        face.remark(problem);
    }
    settings
}

/// As the app does at its start: whoever comes first takes them over, and later changes go on top of them.
async fn adopt(face: &Face, store: &Store) -> Result<bool, Problem> {
    let folder = old_settings::folder(&face.folders()?);
    settings::adopt_old(store, &old_settings::read(&folder)).await
}

async fn change(
    face: &Face,
    store: &Store,
    patch: impl Fn(&Settings) -> Result<Settings, Problem>,
) -> Result<(), Problem> {
    let (old, _) = settings::load(store).await;
    let new = settings::change(store, patch).await?;
    for did in changes(&old, &new) {
        face.note_in(store, did).await;
    }
    face.tell_app();
    Ok(())
}

fn list(face: &Face, now: &Settings) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for field in fields() {
        rows.push((field, now.get(field.key)?));
    }
    let data: Vec<Value> = rows
        .iter()
        .map(|(field, value)| json!({ "key": field.key, "value": value, "range": field.range.to_string(), "help": field.help }))
        .collect();
    face.show(&data, || {
        let lines = rows.iter().map(|(field, value)| {
            format!("{:<28} {:<22} {} Takes {}.", field.key, plain(value), field.help, field.range)
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
