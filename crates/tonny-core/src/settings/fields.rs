//! The table of settings: key, range and meaning of every field, used to check values and to explain them.

use serde_json::Value;

use super::assistant::{
    wrong_addresses, wrong_contract, wrong_edits, wrong_models, wrong_prompts, wrong_providers,
};
use super::commands::{wrong_commands, wrong_engines};
use crate::hotkey::Hotkey;
use crate::problem::{Code, Problem};

/// One field of the document.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Dotted path, such as `dictation.tail_ms`.
    pub key: &'static str,
    /// What it may hold.
    pub range: Range,
    /// What it does, in a sentence.
    pub help: &'static str,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub enum Range {
    /// true or false.
    Flag,
    /// A whole number, both ends included, with its unit.
    Whole(u32, u32, &'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Text of 1 to this many characters.
    Text(usize),
    /// Text of 1 to this many characters, or null.
    OptionalText(usize),
    /// Modifiers and a key.
    Hotkey,
    /// Names of speech engines, in order.
    Engines,
    /// Descriptions of worker processes.
    Commands,
    /// Modifiers and a key, or null.
    OptionalHotkey,
    /// Models as `provider/model`, in order.
    Models,
    /// Ids of providers.
    Providers,
    /// Addresses of providers.
    Addresses,
    /// What the user says of models.
    ModelEdits,
    /// Instructions under names.
    Prompts,
    /// A contract as TOML, or null.
    Contract,
}

const FIELDS: &[Field] = &[
    Field {
        key: "hotkeys.dictate",
        range: Range::Hotkey,
        help: "Held to dictate; a short tap starts hands-free.",
    },
    Field { key: "hotkeys.assistant", range: Range::OptionalHotkey, help: "Held to ask the assistant." },
    Field {
        key: "dictation.tap_ms",
        range: Range::Whole(100, 1_000, "ms"),
        help: "A press shorter than this is a tap.",
    },
    Field {
        key: "dictation.tail_ms",
        range: Range::Whole(0, 2_000, "ms"),
        help: "Recorded beyond the release.",
    },
    Field {
        key: "dictation.keep_audio",
        range: Range::Flag,
        help: "Keep recordings after their text is delivered.",
    },
    Field {
        key: "dictation.language",
        range: Range::Text(8),
        help: "Spoken language as ISO 639-1, or auto.",
    },
    Field {
        key: "dictation.engine_wait_s",
        range: Range::Whole(5, 600, "s"),
        help: "How long a recording waits for an engine that died.",
    },
    Field {
        key: "dictation.longest_recording_min",
        range: Range::Whole(1, 480, "min"),
        help: "A recording that lasts so long ends as if the key were let go.",
    },
    Field {
        key: "dictation.type_recovered",
        range: Range::Flag,
        help: "Type words that were found again after a crash by themselves.",
    },
    Field {
        key: "microphone.device",
        range: Range::OptionalText(512),
        help: "An input's id; null is the default input.",
    },
    Field { key: "speech.model", range: Range::Text(100), help: "The speech model's id." },
    Field {
        key: "speech.threads",
        range: Range::Whole(0, 64, "threads"),
        help: "Threads of the engine; 0 lets it choose.",
    },
    Field {
        key: "speech.engines",
        range: Range::Engines,
        help: "Engines in order; the next one takes over when one fails.",
    },
    Field {
        key: "speech.whisperlivekit_program",
        range: Range::OptionalText(4_096),
        help: "Path of whisperlivekit-server; null finds the one of make engines-wlk.",
    },
    Field {
        key: "speech.whisperlivekit_model",
        range: Range::OptionalText(4_096),
        help: "Folder of its model; null finds the one of make engines-wlk.",
    },
    Field {
        key: "insertion.method",
        range: Range::OneOf(&["auto", "paste", "type"]),
        help: "How text gets into a window; auto takes what fits.",
    },
    Field {
        key: "insertion.receipt_wait_ms",
        range: Range::Whole(200, 10_000, "ms"),
        help: "How long a window may take to fetch a paste.",
    },
    Field {
        key: "insertion.modifier_wait_ms",
        range: Range::Whole(0, 10_000, "ms"),
        help: "How long to wait for the hotkey's keys to come up.",
    },
    Field { key: "overlay.enabled", range: Range::Flag, help: "Show the pill while listening." },
    Field {
        key: "notifications.enabled",
        range: Range::Flag,
        help: "Tell trouble that needs you by a notification of the desktop.",
    },
    Field {
        key: "appearance.theme",
        range: Range::OneOf(&["system", "light", "dark"]),
        help: "Colours of the window.",
    },
    Field {
        key: "appearance.language",
        range: Range::OneOf(&["system", "en", "de", "es"]),
        help: "Language of the window's texts.",
    },
    Field { key: "startup.autostart", range: Range::Flag, help: "Start with the session." },
    Field { key: "startup.show_window", range: Range::Flag, help: "Open the window at start." },
    Field {
        key: "models.package_index",
        range: Range::OptionalText(300),
        help: "Another package index for models published as wheels.",
    },
    Field { key: "workers.llama", range: Range::Flag, help: "Run the local language engine." },
    Field {
        key: "workers.llama_program",
        range: Range::OptionalText(4_096),
        help: "Path of llama-server; null finds the one of make engines-llama.",
    },
    Field {
        key: "workers.llama_model",
        range: Range::OptionalText(4_096),
        help: "Its model, a GGUF file; null finds the one of make engines-llama.",
    },
    Field {
        key: "workers.memory_ceiling_mb",
        range: Range::Whole(0, 1_048_576, "MB"),
        help: "Memory of one worker, beyond which it is started anew; 0 by its kind, else from 64 on.",
    },
    Field { key: "workers.commands", range: Range::Commands, help: "Worker processes of your own." },
    Field {
        key: "assistant.models",
        range: Range::Models,
        help: "Models in the order in which they are asked; the first that can answers.",
    },
    Field {
        key: "assistant.providers",
        range: Range::Providers,
        help: "Providers on other machines that may be asked.",
    },
    Field {
        key: "assistant.addresses",
        range: Range::Addresses,
        help: "Servers of your own, or other regions of a provider.",
    },
    Field {
        key: "assistant.model_edits",
        range: Range::ModelEdits,
        help: "Prices (dollars for a million tokens) and windows that count before what is known here.",
    },
    Field {
        key: "assistant.refresh_models",
        range: Range::Flag,
        help: "Ask the providers that are switched on once a day which models they have.",
    },
    Field {
        key: "assistant.models_address",
        range: Range::OptionalText(300),
        help: "Where a newer list of models and prices is fetched at the same time (https); null where there is none.",
    },
    Field {
        key: "assistant.system",
        range: Range::OptionalText(20_000),
        help: "Instructions of new conversations.",
    },
    Field { key: "assistant.prompts", range: Range::Prompts, help: "Instructions to choose from." },
    Field {
        key: "assistant.longest_answer",
        range: Range::Whole(16, 200_000, "tokens"),
        help: "The longest answer.",
    },
    Field {
        key: "assistant.patience_s",
        range: Range::Whole(1, 600, "s"),
        help: "Without a first word by then, another model is asked.",
    },
    Field {
        key: "assistant.voice_patience_s",
        range: Range::Whole(1, 600, "s"),
        help: "The same of a spoken question.",
    },
    Field {
        key: "assistant.day_cents",
        range: Range::Whole(0, 1_000_000, "US cents"),
        help: "What answers of one day may cost; 0 is without a limit.",
    },
    Field {
        key: "assistant.month_cents",
        range: Range::Whole(0, 10_000_000, "US cents"),
        help: "What answers of one month may cost; 0 is without a limit.",
    },
    Field {
        key: "assistant.unload_min",
        range: Range::Whole(0, 1_440, "min"),
        help: "Minutes without a question after which the local model leaves the memory; 0 keeps it.",
    },
    Field {
        key: "clean_up.enabled",
        range: Range::Flag,
        help: "Let a language model clean up dictated words before they are delivered.",
    },
    Field { key: "clean_up.typed", range: Range::Flag, help: "Clean up what goes into the focused window." },
    Field { key: "clean_up.copied", range: Range::Flag, help: "Clean up what goes onto the clipboard." },
    Field {
        key: "clean_up.deadline_ms",
        range: Range::Whole(200, 30_000, "ms"),
        help: "After this the words are delivered as they were spoken.",
    },
    Field {
        key: "clean_up.model",
        range: Range::OptionalText(256),
        help: "The model for it, as provider/model; null takes the assistant's order.",
    },
    Field {
        key: "clean_up.tone",
        range: Range::OneOf(&["as_spoken", "casual", "formal"]),
        help: "How cleaned-up words sound; your own words go before it.",
    },
    Field {
        key: "clean_up.prompt",
        range: Range::OptionalText(20_000),
        help: "Your own words on how to clean up; null takes the usual ones.",
    },
    Field {
        key: "privacy.offline",
        range: Range::Flag,
        help: "Nothing leaves this machine while this is on.",
    },
    Field {
        key: "privacy.ledger_days",
        range: Range::Whole(0, 3_650, "days"),
        help: "How long the list of what left this machine is kept; 0 is for good. What cost money stays for a month, for the budgets.",
    },
    Field {
        key: "privacy.contract",
        range: Range::Contract,
        help: "Your own contract on what may leave this machine; null takes the usual one.",
    },
    Field {
        key: "storage.keep_text",
        range: Range::Flag,
        help: "Keep utterances once they are delivered; without it nothing of them stays.",
    },
    Field {
        key: "storage.text_days",
        range: Range::Whole(0, 36_500, "days"),
        help: "How long utterances are kept; 0 is for ever.",
    },
    Field {
        key: "storage.text_count",
        range: Range::Whole(0, 100_000_000, "utterances"),
        help: "How many utterances are kept; 0 is all.",
    },
    Field {
        key: "storage.text_mb",
        range: Range::Whole(0, 1_000_000, "MB"),
        help: "How much text is kept; 0 is all.",
    },
    Field {
        key: "storage.audio_days",
        range: Range::Whole(0, 36_500, "days"),
        help: "How long recordings are kept; 0 is for ever.",
    },
    Field {
        key: "storage.audio_count",
        range: Range::Whole(0, 100_000_000, "recordings"),
        help: "How many recordings are kept; 0 is all.",
    },
    Field {
        key: "storage.audio_mb",
        range: Range::Whole(0, 10_000_000, "MB"),
        help: "How much sound is kept; 0 is all.",
    },
    Field {
        key: "storage.activity_days",
        range: Range::Whole(0, 36_500, "days"),
        help: "How long the activity is kept; 0 is for ever.",
    },
    Field {
        key: "storage.activity_count",
        range: Range::Whole(0, 100_000_000, "entries"),
        help: "How many entries of the activity are kept; 0 is all.",
    },
    Field {
        key: "storage.activity_mb",
        range: Range::Whole(0, 1_000_000, "MB"),
        help: "How much of the activity is kept; 0 is all.",
    },
    Field {
        key: "storage.cancelled_hours",
        range: Range::Whole(0, 8_760, "hours"),
        help: "How long a cancelled utterance can be brought back.",
    },
    Field {
        key: "storage.backups",
        range: Range::Flag,
        help: "Back the database up each hour that it changed.",
    },
    Field {
        key: "storage.encrypt_audio",
        range: Range::Flag,
        help: "Encrypt recordings with a key from the place of the secrets.",
    },
    Field {
        key: "logging.level",
        range: Range::OneOf(&["error", "warn", "info", "debug", "trace"]),
        help: "How much the app writes down about itself; at once.",
    },
    Field {
        key: "logging.format",
        range: Range::OneOf(&["text", "json"]),
        help: "Form of the log files' lines; from the next line on.",
    },
    Field {
        key: "logging.files",
        range: Range::Whole(1, 1_000, "files"),
        help: "How many files of the app's own log are kept; from the next file on.",
    },
    Field {
        key: "logging.file_mb",
        range: Range::Whole(1, 1_000, "MB"),
        help: "How large each of them may be; from the next line on.",
    },
    Field {
        key: "logging.days",
        range: Range::Whole(1, 3_650, "days"),
        help: "How long they are kept; from the next file on, which is one a day at least.",
    },
    Field {
        key: "logging.worker_mb",
        range: Range::Whole(8, 100_000, "MB"),
        help: "How much of what engines say is kept; from the next start on.",
    },
    Field {
        key: "logging.worker_days",
        range: Range::Whole(1, 3_650, "days"),
        help: "How long what engines say is kept; from the next start on.",
    },
    Field {
        key: "logging.incident_days",
        range: Range::Whole(1, 3_650, "days"),
        help: "How long engines' incidents are kept; from the next start on.",
    },
];

/// Every field, in the order of the document.
pub fn fields() -> &'static [Field] {
    FIELDS
}

/// The field of that key.
pub fn field(key: &str) -> Result<&'static Field, Problem> {
    FIELDS.iter().find(|field| field.key == key).ok_or_else(|| {
        Problem::with(Code::SettingUnknown, format!("It was called {}", crate::problem::quoted(key)))
    })
}

impl Field {
    /// Whether `value` is in range; the error names the field and what it may hold.
    pub fn check(&self, value: &Value) -> Result<(), Problem> {
        let fits = match self.range {
            Range::Flag => value.is_boolean(),
            Range::Whole(low, high, _) => {
                value.as_u64().is_some_and(|n| (u64::from(low)..=u64::from(high)).contains(&n))
            }
            Range::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Range::Text(most) => text_fits(value, most),
            Range::OptionalText(most) => value.is_null() || text_fits(value, most),
            Range::Hotkey => return self.fits(wrong_hotkey(value)),
            Range::Engines => return self.fits(wrong_engines(value)),
            Range::Commands => return self.fits(wrong_commands(value)),
            Range::OptionalHotkey if value.is_null() => true,
            Range::OptionalHotkey => return self.fits(wrong_hotkey(value)),
            Range::Models => return self.fits(wrong_models(value)),
            Range::Providers => return self.fits(wrong_providers(value)),
            Range::Addresses => return self.fits(wrong_addresses(value)),
            Range::ModelEdits => return self.fits(wrong_edits(value)),
            Range::Prompts => return self.fits(wrong_prompts(value)),
            Range::Contract => return self.fits(wrong_contract(value)),
        };
        if fits {
            return Ok(());
        }
        Err(Problem::with(Code::SettingInvalid, format!("{} takes {}, not {value}", self.key, self.range)))
    }

    fn fits(&self, wrong: Option<String>) -> Result<(), Problem> {
        match wrong {
            None => Ok(()),
            Some(wrong) => Err(Problem::with(Code::SettingInvalid, format!("{}: {wrong}", self.key))),
        }
    }

    /// Reads a value from a command line: JSON where the range wants more than text (engines also as `a,b`), else text.
    pub fn parse(&self, text: &str) -> Result<Value, Problem> {
        let value = match self.range {
            Range::Engines | Range::Models | Range::Providers if !text.starts_with('[') => {
                text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Value::from).collect()
            }
            Range::Flag
            | Range::Whole(..)
            | Range::Engines
            | Range::Commands
            | Range::Models
            | Range::Providers
            | Range::Addresses
            | Range::ModelEdits
            | Range::Prompts => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
            Range::OptionalText(_) | Range::OptionalHotkey | Range::Contract
                if text.is_empty() || text == "null" =>
            {
                Value::Null
            }
            _ => Value::from(text),
        };
        self.check(&value).map(|()| value)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Range::Flag => write!(f, "true or false"),
            Range::Whole(low, high, unit) => write!(f, "a whole number from {low} to {high} ({unit})"),
            Range::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Range::Text(most) => write!(f, "text of 1 to {most} characters"),
            Range::OptionalText(most) => write!(f, "text of 1 to {most} characters, or null"),
            Range::Hotkey => write!(f, "modifiers and a key, such as Ctrl+Shift+Space"),
            Range::OptionalHotkey => write!(f, "modifiers and a key, such as Ctrl+Shift+Alt+Space, or null"),
            Range::Models => write!(f, "names like openai/gpt-4o, separated by commas"),
            Range::Providers => write!(f, "ids of providers, separated by commas"),
            Range::Addresses => write!(f, "a list of {{provider, base}}"),
            Range::ModelEdits => write!(f, "a list of {{model, input, output, window}}"),
            Range::Prompts => write!(f, "a list of {{name, text}}"),
            Range::Contract => write!(f, "a contract as TOML whose examples come out, or null"),
            Range::Engines => write!(f, "embedded, whisperlivekit, or names from workers.commands"),
            Range::Commands => {
                let life = "env, memory_ceiling_mb, stop_grace_s, do_not_retry";
                write!(f, "a list of {{name, program, args, ready, health, speech, token_env, {life}}}")
            }
        }
    }
}

fn wrong_hotkey(value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some(format!("takes {}, not {value}", Range::Hotkey));
    };
    let wrong = text.parse::<Hotkey>().err()?;
    Some(format!("{} is no hotkey: {wrong}. Write it like Ctrl+Shift+Space", crate::problem::quoted(text)))
}

fn text_fits(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn the_table_lists_every_field_of_the_document_and_its_default_fits() {
        let document: Value = serde_json::from_str(&Settings::default().to_json()).expect("JSON");
        let mut keys = Vec::new();
        for (section, fields) in document.as_object().expect("sections") {
            keys.extend(fields.as_object().expect("fields").keys().map(|name| format!("{section}.{name}")));
        }
        keys.sort();
        let mut listed: Vec<String> = FIELDS.iter().map(|field| field.key.to_owned()).collect();
        listed.sort();
        assert_eq!(keys, listed);
        for field in FIELDS {
            field.check(&Settings::default().get(field.key).expect("known")).expect(field.key);
        }
    }
}
