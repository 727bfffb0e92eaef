//! Settings files of set-ups before the database: `settings.toml` and `config.json`, read once at the first start.
//!
//! What has the name of a setting of today and a value that fits is taken over; everything else is left where it is.
//! Names are the dotted keys of today, as tables or written flat.

use serde_json::Value;

use super::{Settings, fields};

/// The defaults with what an old file says over them, and the keys that were taken. A file that cannot be read at all
/// gives the defaults.
pub fn from_old(text: &str) -> (Settings, Vec<&'static str>) {
    let mut settings = Settings::default();
    let mut taken = Vec::new();
    let json = serde_json::from_str::<Value>(text).ok();
    let toml = || text.parse::<toml::Table>().ok().and_then(|table| serde_json::to_value(table).ok());
    let Some(document) = json.or_else(toml) else { return (settings, taken) };
    for field in fields() {
        let nested = document.pointer(&super::pointer(field.key));
        let Some(value) = nested.or_else(|| document.get(field.key)).filter(|value| !value.is_null()) else {
            continue;
        };
        if let Ok(changed) = settings.with(field.key, value.clone()) {
            settings = changed;
            taken.push(field.key);
        }
    }
    (settings, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_taken_from_either_form_and_the_rest_is_left() {
        let toml = "[dictation]\ntail_ms = 120\ntap_ms = \"soon\"\n[other]\nx = 1\n";
        let json =
            r#"{"dictation.tail_ms": 120, "elevenlabs": {"api_key": "sk"}, "overlay": {"enabled": null}}"#;
        for text in [toml, json] {
            let (settings, taken) = from_old(text);
            assert_eq!((settings.dictation.tail_ms, taken), (120, vec!["dictation.tail_ms"]));
        }
        for text in ["", "{broken", "[dictation", "[1,2]", "\"text\""] {
            assert_eq!(from_old(text), (Settings::default(), vec![]), "{text}");
        }
    }
}
