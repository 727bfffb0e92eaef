//! `tonny settings`: read and change the settings, with or without a running app.

use serde_json::{Value, json};
use tonny_core::problem::{Code, Problem};
use tonny_core::settings::{self, Settings, field, fields, from_toml, to_toml};
use tonny_core::{Store, store_problem};

use crate::arguments::Settings as Verb;
use crate::face::Face;

/// A hundred times what all settings with their comments take.
const LARGEST_FILE: u64 = 1_000_000;

pub fn run(face: &Face, verb: Verb) -> Result<(), Problem> {
    face.block_on(async {
        let store = face.store().await?;
        let now = match (load(&store).await, &verb) {
            // The way out of settings that cannot be read: start from the defaults.
            (Err(_), Verb::Reset { key: None } | Verb::Import { .. }) => Settings::default(),
            (loaded, _) => loaded?,
        };
        match verb {
            Verb::List => list(face, &now),
            Verb::Get { key } => {
                let value = now.get(&key)?;
                face.show(&value, || plain(&value))
            }
            Verb::Set { key, value } => {
                save(face, &store, now.with(&key, field(&key)?.parse(&value)?)?).await
            }
            Verb::Reset { key } => save(face, &store, now.reset(key.as_deref())?).await,
            Verb::Export => face.line(to_toml(&now)?.trim_end()),
            Verb::Import { file } => {
                let unreadable = |e: std::io::Error| {
                    Problem::with(Code::SettingsBroken, format!("{}: {e}", file.display()))
                };
                if std::fs::metadata(&file).map_err(unreadable)?.len() > LARGEST_FILE {
                    return Err(Problem::with(Code::SettingsBroken, "The file is larger than 1 MB"));
                }
                let text = std::fs::read_to_string(&file).map_err(unreadable)?;
                save(face, &store, from_toml(&text, &now)?).await
            }
        }
    })
}

/// The settings in the store, or the defaults.
pub async fn load(store: &Store) -> Result<Settings, Problem> {
    match store.settings().load().await.map_err(|error| store_problem(&error))? {
        Some(row) => settings::Settings::from_json(&row.json),
        None => Ok(Settings::default()),
    }
}

async fn save(face: &Face, store: &Store, new: Settings) -> Result<(), Problem> {
    settings::save(store, &new).await?;
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
