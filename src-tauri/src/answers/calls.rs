//! Calls for the tests that drive every command: input that a page could send, input that no page sends, and which
//! commands have to answer well.
//!
//! Two tests use it: the one beside it, through Tauri's mock runtime, and row K2 of tonny-tests, from the real window. No
//! crate can depend on this program, so tonny-tests takes this very file in by its path: it names nothing of its crate.

use serde_json::{Value, json};

/// The id of the utterance that both tests put into the history.
pub const SAID: &str = "01890000-0000-7000-8000-000000000000";

/// What one command has to do at least once; the reason where it cannot be had there.
pub struct Expected {
    pub command: &'static str,
    /// Why not through the mock runtime, where there is no engine, no model and no keyring; why not in the real window
    /// of a test.
    pub not: [Option<&'static str>; 2],
}

const NO_MODEL: &str = "there is no model file on the machine that tests";
const FETCHES: &str = "it would fetch from another machine";
const NO_ENGINE: &str = "no engine runs under the mock runtime";
const NOT_CANCELLED: &str = "nobody cancelled an utterance";
const NO_PROVIDER: &str = "no provider answers on the machine that tests";
const NO_FILE: &str = "secrets are not in the encrypted file, which alone has a password";

/// A conversation as it is saved for people.
const TALK: &str = "# A talk\n\n<!-- tonnytray: user -->\n## You\n\nHello.\n";

/// The shortest contract with an example.
const CONTRACT: &str = "name = \"own\"\nversion = 1\nlocal_only = true\n[[example]]\nname = \"nothing leaves\"\n\
    text = \"Hello\"\nexpect = \"deny\"\nrule = \"local_only\"\n";

/// Every command, in the order of the manifest.
pub const EXPECTED: [Expected; 78] = [
    both("app_snapshot"),
    both("app_facts"),
    both("app_dismiss"),
    both("dictation_press"),
    both("dictation_release"),
    both("dictation_toggle"),
    both("dictation_cancel"),
    both("settings_get"),
    both("settings_patch"),
    both("settings_reset"),
    both("models_list"),
    neither("models_install", FETCHES),
    both("models_cancel_install"),
    neither("models_remove", NO_MODEL),
    neither("models_import", NO_MODEL),
    both("language_list"),
    neither("language_remove", NO_MODEL),
    neither("language_import", NO_MODEL),
    both("language_found"),
    both("microphone_list"),
    both("microphone_test"),
    both("history_list"),
    both("history_get"),
    both("history_delete"),
    both("history_restore"),
    window("history_retry", NO_ENGINE),
    window("history_audio", "the mock's utterance has no recording"),
    neither("history_bring_back", NOT_CANCELLED),
    window("history_copy", "there is no clipboard under the mock runtime"),
    both("history_export"),
    mock("history_show_exports", "no file manager is installed on a test's desktop"),
    both("history_activity"),
    both("history_statistics"),
    both("storage_view"),
    both("storage_check"),
    both("storage_back_up"),
    both("storage_restore"),
    both("storage_clean_up"),
    both("storage_vacuum"),
    window("worker_start", NO_ENGINE),
    window("worker_stop", NO_ENGINE),
    window("worker_restart", NO_ENGINE),
    window("worker_reset_breaker", NO_ENGINE),
    both("secrets_list"),
    both("secrets_set"),
    both("secrets_clear"),
    both("secrets_forget"),
    both("vault_choose"),
    both("vault_unlock"),
    both("vault_lock"),
    neither("vault_password", NO_FILE),
    window("worker_usage", NO_ENGINE),
    both("worker_log"),
    both("worker_output"),
    both("log_list"),
    both("assistant_models"),
    talk("assistant_ask"),
    talk("assistant_stop"),
    talk("assistant_continue"),
    talk("assistant_regenerate"),
    neither("assistant_agree", "the usual contract asks nothing"),
    talk("assistant_listen"),
    talk("conversation_list"),
    talk("conversation_get"),
    talk("conversation_rename"),
    talk("conversation_show"),
    talk("conversation_delete"),
    talk("conversation_restore"),
    talk("conversation_export"),
    talk("conversation_import"),
    talk("conversation_opened"),
    both("provider_list"),
    neither("provider_test", NO_PROVIDER),
    both("contract_get"),
    both("contract_check"),
    both("contract_try"),
    both("ledger_list"),
    both("ledger_days"),
];

/// Of the assistant's window, which the test in the real window does not open.
const fn talk(command: &'static str) -> Expected {
    mock(command, "only the assistant's window may call it")
}

const fn both(command: &'static str) -> Expected {
    Expected { command, not: [None, None] }
}

const fn window(command: &'static str, why: &'static str) -> Expected {
    Expected { command, not: [Some(why), None] }
}

const fn mock(command: &'static str, why: &'static str) -> Expected {
    Expected { command, not: [None, Some(why)] }
}

const fn neither(command: &'static str, why: &'static str) -> Expected {
    Expected { command, not: [Some(why), Some(why)] }
}

/// Commands that one of the lists lacks, answers that were never good, and reasons that are none any more: nothing of
/// it where all is as it should be. `place` is that of [`Expected::not`].
pub fn amiss(commands: &[&str], good: impl Fn(&str) -> bool, place: usize) -> Vec<String> {
    let mut amiss = Vec::new();
    for command in commands {
        let Some(expected) = EXPECTED.iter().find(|expected| expected.command == *command) else {
            amiss.push(format!("{command} is in neither list"));
            continue;
        };
        match (good(command), expected.not[place]) {
            (false, None) => amiss.push(format!("{command} never answered well")),
            (true, Some(why)) => amiss.push(format!("{command} answered well, though {why:?}")),
            _ => {}
        }
    }
    let gone = EXPECTED.iter().filter(|expected| !commands.contains(&expected.command));
    amiss.extend(gone.map(|expected| format!("{} is no command", expected.command)));
    amiss
}

/// Input that a page could send. Every argument's name is there for every command, each takes its own, so that a new
/// command is called without a line here. `backup` is the name of one.
pub fn sensible(command: &str, backup: &str) -> Value {
    let id = match command {
        "worker_output" => json!(1),
        _ if command.starts_with("secrets") => json!("ollama"),
        _ => json!(SAID),
    };
    let query = json!({
        "text": "", "before": null, "limit": 100, "filter": {}, "worker": null, "level": null, "since": null,
        "after": null, "action": null, "days": 30, "offset_min": 60
    });
    json!({
        "id": id,
        "name": if command.starts_with("storage") { backup } else { "speech" },
        "query": query,
        "patch": { "key": "appearance.theme", "value": "dark" },
        "key": "appearance.theme",
        "path": "/nowhere/at/all.gguf",
        "on": false,
        "wish": { "form": "srt", "text": "", "filter": {} },
        "value": "a-token-of-no-account",
        "tryIt": false,
        "password": null,
        "old": "the old password",
        "next": "the next password",
        "question": {
            "conversation": null, "parent": null, "text": "Hello?", "attachments": [], "model": null, "system": null
        },
        "answer": SAID,
        "model": if command == "contract_try" { json!("openai/gpt-4o") } else { Value::Null },
        "text": if command.starts_with("contract") { CONTRACT } else { TALK },
        "words": "Hello",
        "title": "A talk",
        "leaf": SAID,
        "form": "json",
        "before": null,
        "limit": 10,
        "days": 7,
        "choice": { "place": "session", "password": null, "understood": true, "auto_lock_min": 5 },
    })
}

/// Input that no page sends, by numbers below a limit. Nothing in it makes the app try a key on its provider.
pub fn nonsense(below: &mut dyn FnMut(u64) -> u64) -> Value {
    const NAMES: [&str; 24] = [
        "id", "name", "query", "patch", "key", "path", "on", "value", "choice", "password", "old", "next",
        "wish", "question", "answer", "model", "text", "words", "title", "leaf", "form", "before", "limit",
        "days",
    ];
    let mut input = json!({});
    for name in NAMES {
        input[name] = absurd(below);
    }
    input["tryIt"] = if below(2) == 0 { json!(false) } else { json!("yes") };
    input
}

fn absurd(below: &mut dyn FnMut(u64) -> u64) -> Value {
    const TEXTS: [&str; 12] = [
        "",
        "\0",
        "\n\r\t",
        "../../etc/passwd",
        "openai",
        "speech",
        "%s%n%x",
        "'; DROP TABLE utterances; --",
        "🗝️🧨",
        "{\"openai\":1}",
        "\u{202e}gnp",
        "storage.keep_text",
    ];
    let text = usize::try_from(below(12)).map_or("", |number| TEXTS[number]);
    match below(9) {
        0 => Value::Null,
        1 => json!(below(2) == 0),
        2 => json!(u64::MAX),
        3 => json!(-1.5e300),
        4 => json!("x".repeat(100_000)),
        5 => json!([[[]], {}, null]),
        6 => json!({ "key": text, "value": null, "text": "*", "limit": 0, "place": "file" }),
        _ => json!(text),
    }
}
