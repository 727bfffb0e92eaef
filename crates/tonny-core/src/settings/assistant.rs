//! What the user may set about language models: who is asked, in which order, for how much, and with which words before.
//!
//! Owns: the shape and the rules of these fields. Keys are no settings: they are in the vault.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tonny_egress::policy::Contract;

/// Names in one list.
const MOST: usize = 64;

/// Of one name: the limit of a model's id in the store.
pub(crate) const LONGEST_NAME: usize = 256;

/// US dollars for a million tokens: a hundred times what the dearest model ever took.
const DEAREST: f64 = 100_000.0;

/// Of an instruction: what a small model can still read beside a question.
const LONGEST_PROMPT: usize = 20_000;

/// How language models are asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Assistant {
    /// Models as `provider/model`, in the order in which they are asked.
    pub models: Vec<String>,
    /// Providers on other machines that may be asked.
    pub providers: Vec<String>,
    /// Servers of the user's own, or other regions.
    pub addresses: Vec<Address>,
    /// Prices and windows that the user knows better.
    pub model_edits: Vec<ModelEdit>,
    /// Whether providers that may be asked are asked once a day which models they have.
    pub refresh_models: bool,
    /// Where a newer list of models is, for the same time; null where there is none.
    pub models_address: Option<String>,
    /// The instructions of new conversations.
    pub system: Option<String>,
    /// Instructions to choose from.
    pub prompts: Vec<Prompt>,
    /// Tokens of one answer at most.
    pub longest_answer: u32,
    /// Seconds until the first word after which another model is asked, by keyboard.
    pub patience_s: u32,
    /// The same of a spoken question.
    pub voice_patience_s: u32,
    /// US cents that may be spent in a day; 0 is without a limit.
    pub day_cents: u32,
    /// The same in a month.
    pub month_cents: u32,
    /// Minutes without a question after which the local model leaves the memory; 0 keeps it.
    pub unload_min: u32,
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The provider's id.
    pub provider: String,
    /// Up to where the provider's own paths begin, such as `http://127.0.0.1:11434`.
    pub base: String,
}

/// What the user says of a model; it counts before what the program or the provider knows. Absent is left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct ModelEdit {
    /// As `provider/model`.
    pub model: String,
    /// US dollars for a million tokens read.
    #[serde(default)]
    pub input: Option<f64>,
    /// US dollars for a million tokens written.
    #[serde(default)]
    pub output: Option<f64>,
    /// Tokens of a conversation and its answer.
    #[serde(default)]
    pub window: Option<u32>,
}

/// Instructions under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// What people call it.
    pub name: String,
    /// The instructions.
    pub text: String,
}

/// Whether dictated words are cleaned up before they are delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CleanUp {
    /// Whether it is done at all.
    pub enabled: bool,
    /// Whether it is a step of the way into the focused window.
    pub typed: bool,
    /// Whether it is a step of the way onto the clipboard.
    pub copied: bool,
    /// After so many milliseconds the words are delivered as they were spoken.
    pub deadline_ms: u32,
    /// The model, as `provider/model`; null takes the assistant's order.
    pub model: Option<String>,
    /// How it sounds.
    pub tone: Tone,
    /// The user's own words on how, instead of the usual ones and of a tone.
    pub prompt: Option<String>,
}

/// How cleaned-up words sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As they were spoken.
    AsSpoken,
    /// As among friends.
    Casual,
    /// As in a letter.
    Formal,
}

/// What may leave this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Privacy {
    /// Nothing leaves this machine while it is on.
    pub offline: bool,
    /// Days that the list of what left this machine is kept; 0 is for good.
    pub ledger_days: u32,
    /// The user's own contract on what may leave, as TOML; null takes the one that comes with the program.
    pub contract: Option<String>,
}

impl Default for Assistant {
    fn default() -> Self {
        Self {
            models: vec![crate::assistant::LOCAL_MODEL.to_owned()],
            providers: Vec::new(),
            addresses: Vec::new(),
            model_edits: Vec::new(),
            refresh_models: false,
            models_address: None,
            system: None,
            prompts: Vec::new(),
            longest_answer: 2_048,
            patience_s: 10,
            voice_patience_s: 2,
            day_cents: 0,
            month_cents: 0,
            // A small model is loaded again in a second; a large one holds what other programs want.
            unload_min: 10,
        }
    }
}

impl Default for CleanUp {
    fn default() -> Self {
        Self {
            enabled: false,
            typed: true,
            copied: true,
            deadline_ms: 1_500,
            model: None,
            tone: Tone::AsSpoken,
            prompt: None,
        }
    }
}

/// What is wrong with a list of models.
pub(super) fn wrong_models(value: &Value) -> Option<String> {
    let names = match names(value) {
        Ok(names) => names,
        Err(wrong) => return Some(wrong),
    };
    let wrong = names
        .iter()
        .find(|name| !name.split_once('/').is_some_and(|(of, model)| !of.is_empty() && !model.is_empty()));
    wrong.map(|name| format!("{} is not written as provider/model", crate::problem::quoted(name)))
}

/// What is wrong with a list of providers.
pub(super) fn wrong_providers(value: &Value) -> Option<String> {
    names(value).err()
}

/// What is wrong with a list of addresses.
pub(super) fn wrong_addresses(value: &Value) -> Option<String> {
    let addresses: Vec<Address> = match serde_json::from_value(value.clone()) {
        Ok(addresses) => addresses,
        Err(error) => return Some(error.to_string()),
    };
    let providers: BTreeSet<&String> = addresses.iter().map(|address| &address.provider).collect();
    if addresses.len() > MOST || providers.len() < addresses.len() {
        return Some(format!("there is at most one address of a provider, and {MOST} in all"));
    }
    addresses.iter().find_map(|address| match crate::secrets::check_address(&address.base) {
        Ok(()) => None,
        Err(wrong) => Some(format!("{}: {wrong}", address.provider)),
    })
}

/// What is wrong with what the user says of models.
pub(super) fn wrong_edits(value: &Value) -> Option<String> {
    let edits: Vec<ModelEdit> = match serde_json::from_value(value.clone()) {
        Ok(edits) => edits,
        Err(error) => return Some(error.to_string()),
    };
    let names = edits.iter().map(|edit| Value::from(edit.model.as_str())).collect();
    wrong_models(&Value::Array(names)).or_else(|| {
        let wrong = |edit: &ModelEdit| {
            let prices = [edit.input, edit.output];
            if prices.iter().flatten().any(|price| !(0.0..=DEAREST).contains(price)) {
                Some(format!("a price is 0 to {DEAREST} dollars for a million tokens"))
            } else if edit.input.is_some() != edit.output.is_some() {
                Some("reading and writing have a price, or neither".to_owned())
            } else if edit.window == Some(0) || edit.window.or(edit.input.map(|_| 1)).is_none() {
                Some("it says a price, or a window of at least one token".to_owned())
            } else {
                None
            }
        };
        edits.iter().find_map(|edit| wrong(edit).map(|wrong| format!("{}: {wrong}", edit.model)))
    })
}

/// What is wrong with the instructions to choose from.
pub(super) fn wrong_prompts(value: &Value) -> Option<String> {
    let prompts: Vec<Prompt> = match serde_json::from_value(value.clone()) {
        Ok(prompts) => prompts,
        Err(error) => return Some(error.to_string()),
    };
    let fits = |text: &str, most| !text.trim().is_empty() && text.chars().count() <= most;
    if prompts.len() > MOST {
        return Some(format!("there are at most {MOST}"));
    }
    let wrong = prompts
        .iter()
        .find(|prompt| !fits(&prompt.name, LONGEST_NAME) || !fits(&prompt.text, LONGEST_PROMPT));
    wrong.map(|prompt| {
        let name = crate::problem::quoted(&prompt.name);
        format!("{name}: a name has 1 to {LONGEST_NAME} characters, its text 1 to {LONGEST_PROMPT}")
    })
}

/// What is wrong with a contract. One with an example that does not come out is wrong, too.
pub(super) fn wrong_contract(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Contract::load(text).err().map(|error| error.to_string()),
        _ => Some("it is a text, or null".to_owned()),
    }
}

fn names(value: &Value) -> Result<Vec<String>, String> {
    let names: Vec<String> = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    if names.len() > MOST || distinct.len() < names.len() {
        return Err(format!("a list names nobody twice, and {MOST} in all"));
    }
    match names.iter().find(|name| name.trim().is_empty() || name.chars().count() > LONGEST_NAME) {
        Some(_) => Err(format!("a name has 1 to {LONGEST_NAME} characters")),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_with_a_mistake_say_which() {
        assert_eq!(wrong_models(&json!(["openai/gpt-4o", "openrouter/a/b"])), None);
        for (wrong, word) in [
            (json!(["gpt-4o"]), "provider/model"),
            (json!(["a/b", "a/b"]), "twice"),
            (json!("a/b"), "sequence"),
        ] {
            assert!(wrong_models(&wrong).is_some_and(|said| said.contains(word)), "{wrong}");
        }
        assert_eq!(wrong_addresses(&json!([{"provider": "ollama", "base": "http://127.0.0.1:11434"}])), None);
        let remote = json!([{"provider": "openai-compatible", "base": "http://example.org/v1"}]);
        assert!(wrong_addresses(&remote).is_some_and(|said| said.contains("openai-compatible")));
        let edits = json!([{"model": "openai/gpt-4o", "input": 2.5, "output": 10}, {"model": "a/b", "window": 8_192}]);
        assert_eq!(wrong_edits(&edits), None);
        for (wrong, word) in [
            (json!([{"model": "gpt-4o", "window": 1}]), "provider/model"),
            (json!([{"model": "a/b", "window": 1}, {"model": "a/b", "window": 2}]), "twice"),
            (json!([{"model": "a/b", "input": 1}]), "neither"),
            (json!([{"model": "a/b", "input": -1, "output": 1}]), "dollars"),
            (json!([{"model": "a/b"}]), "window"),
        ] {
            assert!(wrong_edits(&wrong).is_some_and(|said| said.contains(word)), "{wrong}");
        }
        assert_eq!(wrong_prompts(&json!([{"name": "Short", "text": "Be brief."}])), None);
        assert!(wrong_prompts(&json!([{"name": "", "text": "x"}])).is_some());
    }
}
