//! `tonny settings`: read and change the settings, with or without a running app.

use serde_json::{Value, json};
use tonny_core::Store;
use tonny_core::problem::{Code, Problem};
use tonny_core::settings::{self, Settings, field, fields, from_toml, to_toml};

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

/// The settings in the store, or the defaults; what of them cannot be used is said.
pub async fn load(face: &Face, store: &Store) -> Settings {
    let (settings, problem) = settings::load(store).await;
    if let Some(problem) = problem {
        face.remark(problem);
    }
    settings
}

async fn change(
    face: &Face,
    store: &Store,
    patch: impl Fn(&Settings) -> Result<Settings, Problem>,
) -> Result<(), Problem> {
    settings::change(store, patch).await?;
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
