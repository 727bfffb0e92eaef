//! Worker processes that the user describes: the shape in the settings, and what is wrong with one, in a sentence.
//!
//! Owns: the rules a description has to fit, because a wrong one could only fail later. Must not know: how it is run.

use core::net::SocketAddr;
use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names that are ours: a description may not take them. The first two are one engine under two names: what the order of
/// engines calls `embedded` is the worker `speech`.
pub const OURS: [&str; 4] = ["embedded", "speech", "whisperlivekit", "llama"];

/// Workers one person may describe; each is a process that lives as long as the app.
const MOST_COMMANDS: usize = 8;

/// Engines in one order.
const MOST_ENGINES: usize = 8;

/// Of a name, so that it fits a column of every list.
const LONGEST_NAME: usize = 32;

/// Of a program, an argument or a marker: the limit of a path on most systems.
const LONGEST_TEXT: usize = 4_096;

/// What the names of secrets hold. The environment of a process is readable for every program of the same user, and the
/// settings are no place for secrets.
const SECRET_WORDS: [&str; 5] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

/// No program that serves anything lives in less.
const SMALLEST_CEILING_MB: u32 = 64;

/// Longer than anybody waits for a stop. A quit waits 4 s, whatever is set here.
const LONGEST_GRACE_S: u32 = 60;

/// One worker as its user describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct WorkerCommand {
    /// Its name in every list: lower-case letters, digits and hyphens.
    pub name: String,
    /// Absolute path of the program. No shell is ever used.
    pub program: String,
    /// Its arguments, one by one. Visible to every program of the machine.
    #[serde(default)]
    pub args: Vec<String>,
    /// How it tells that it is ready, and where.
    pub ready: CommandReady,
    /// Path asked by HTTP to see that it lives, such as `/health`.
    #[serde(default)]
    pub health: Option<String>,
    /// It speaks `/asr`, so the order of engines may name it.
    #[serde(default)]
    pub speech: bool,
    /// Environment variable in which it expects its access token; without one its launch token comes on standard input
    /// when `ready` is `json_line`, and there is none otherwise.
    #[serde(default)]
    pub token_env: Option<String>,
    /// Its environment beside the usual few names, each as `NAME=value`; nothing else of the app's is passed on.
    #[serde(default)]
    pub env: Vec<String>,
    /// MB of memory it may use before it is started anew; 0 takes what holds for all.
    #[serde(default)]
    pub memory_ceiling_mb: u32,
    /// Seconds from the request to end until it is killed; 0 takes the usual 5.
    #[serde(default)]
    pub stop_grace_s: u32,
    /// Exit codes after which it is not started again; null takes the usual 2 and 3.
    #[serde(default)]
    pub do_not_retry: Option<Vec<u8>>,
}

impl WorkerCommand {
    /// Its environment as names and values.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env.iter().filter_map(|line| line.split_once('='))
    }
}

/// How a described worker tells that it is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CommandReady {
    /// Its first line of standard output is a JSON object with an `address`.
    JsonLine,
    /// A line of its output holds this text, followed by its address.
    LogLine(String),
    /// It answers at this address of this machine, `127.0.0.1:PORT`.
    Probe(String),
}

/// What is wrong with a list of descriptions; nothing when all fit.
pub(super) fn wrong_commands(value: &Value) -> Option<String> {
    let commands: Vec<WorkerCommand> = match serde_json::from_value(value.clone()) {
        Ok(commands) => commands,
        Err(error) => return Some(error.to_string()),
    };
    if commands.len() > MOST_COMMANDS {
        return Some(format!("there are {} workers, at most {MOST_COMMANDS} are run", commands.len()));
    }
    let mut names = BTreeSet::new();
    for command in &commands {
        if let Some(wrong) = wrong_command(command) {
            return Some(format!("{:?}: {wrong}", command.name));
        }
        if !names.insert(&command.name) {
            return Some(format!("{:?}: name: two workers are called so", command.name));
        }
    }
    None
}

/// Begins with the field, so that a form can show it there.
fn wrong_command(command: &WorkerCommand) -> Option<String> {
    let WorkerCommand { name, program, args, ready, health, token_env, .. } = command;
    if !is_name(name) {
        return Some(format!(
            "name: it has 1 to {LONGEST_NAME} lower-case letters, digits and hyphens, and begins with a letter"
        ));
    }
    if OURS.contains(&name.as_str()) {
        return Some("name: TonnyTray has a worker of that name itself".to_owned());
    }
    if !Path::new(program).is_absolute() {
        return Some(format!("program: {program:?} has to be an absolute path; no shell looks it up"));
    }
    let too_much = |text: &String| text.len() > LONGEST_TEXT || text.contains('\0');
    if too_much(program) {
        return Some(format!("program: it has at most {LONGEST_TEXT} bytes and no NUL"));
    }
    if args.iter().any(too_much) {
        return Some(format!("args: each has at most {LONGEST_TEXT} bytes and no NUL"));
    }
    if health.as_ref().is_some_and(|path| !path.starts_with('/') || path.chars().any(char::is_whitespace)) {
        return Some("health: it is a path such as /health".to_owned());
    }
    if token_env.as_ref().is_some_and(|name| !is_variable(name)) {
        return Some("token_env: it is the name of an environment variable, such as MY_TOKEN".to_owned());
    }
    wrong_ready(ready).or_else(|| wrong_env(command)).or_else(|| wrong_life(command))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn wrong_env(command: &WorkerCommand) -> Option<String> {
    let mut names = BTreeSet::new();
    for line in &command.env {
        let name = line.split_once('=').map_or("", |(name, _)| name);
        if !is_variable(name) || line.len() > LONGEST_TEXT || line.contains(['\0', '\n']) {
            return Some(format!("env: {name:?} has to be NAME=value, such as OMP_NUM_THREADS=2"));
        }
        if SECRET_WORDS.iter().any(|word| name.contains(word)) {
            return Some(format!("env: {name} sounds like a secret, which has no place in the settings"));
        }
        if !names.insert(name) || command.token_env.as_deref() == Some(name) {
            return Some(format!("env: {name} is given twice"));
        }
    }
    None
}

fn wrong_life(command: &WorkerCommand) -> Option<String> {
    if command.memory_ceiling_mb > 0 && command.memory_ceiling_mb < SMALLEST_CEILING_MB {
        return Some(format!("memory_ceiling_mb: it is 0, or at least {SMALLEST_CEILING_MB}"));
    }
    if command.stop_grace_s > LONGEST_GRACE_S {
        return Some(format!("stop_grace_s: it is {LONGEST_GRACE_S} at most"));
    }
    None
}

fn wrong_ready(ready: &CommandReady) -> Option<String> {
    match ready {
        CommandReady::JsonLine => None,
        CommandReady::LogLine(marker) if marker.trim().is_empty() || marker.len() > 200 => {
            Some("ready: log_line is the text before the address, 1 to 200 characters".to_owned())
        }
        CommandReady::LogLine(_) => None,
        CommandReady::Probe(address) => match address.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() && address.port() > 0 => None,
            _ => Some("ready: probe is an address of this machine, such as 127.0.0.1:8000".to_owned()),
        },
    }
}

/// What is wrong with an order of engines, as far as it can be told without the rest of the document.
pub(super) fn wrong_engines(value: &Value) -> Option<String> {
    let engines: Vec<String> = match serde_json::from_value(value.clone()) {
        Ok(engines) => engines,
        Err(error) => return Some(error.to_string()),
    };
    if engines.is_empty() || engines.len() > MOST_ENGINES {
        return Some(format!("an order names 1 to {MOST_ENGINES} engines"));
    }
    if let Some(name) = engines.iter().find(|name| !is_name(name)) {
        return Some(format!("{name:?} is no engine's name"));
    }
    let distinct: BTreeSet<&String> = engines.iter().collect();
    (distinct.len() < engines.len()).then(|| "an engine is named twice".to_owned())
}

/// What is wrong with an order of engines beside these descriptions.
pub(super) fn wrong_order(engines: &[String], commands: &[WorkerCommand]) -> Option<String> {
    let speech =
        |name: &str| commands.iter().find(|command| command.name == name).map(|command| command.speech);
    engines.iter().find_map(|name| match (name.as_str(), speech(name)) {
        ("embedded" | "whisperlivekit", _) | (_, Some(true)) => None,
        (_, Some(false)) => Some(format!("{name:?} is described in workers.commands, but not as speech = true")),
        (_, None) => Some(format!(
            "there is no engine {name:?}: it is embedded, whisperlivekit, or a worker in workers.commands with speech = true"
        )),
    })
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn command(change: Value) -> Value {
        let mut command = json!({"name": "mine", "program": "/opt/mine", "ready": "json_line"});
        for (key, value) in change.as_object().expect("an object") {
            command[key] = value.clone();
        }
        json!([command])
    }

    #[test]
    fn a_description_that_cannot_work_is_told_in_a_sentence() {
        let table = [
            (json!({}), None),
            (json!({"ready": {"log_line": "Listening on "}, "health": "/health", "speech": true}), None),
            (json!({"ready": {"probe": "127.0.0.1:9000"}, "token_env": "MY_TOKEN"}), None),
            (json!({"name": "Mine"}), Some("\"Mine\": name: it has")),
            (json!({"name": "llama"}), Some("itself")),
            (json!({"program": "mine"}), Some(": program: \"mine\" has to be an absolute path")),
            (json!({"program": "/a\u{0}b"}), Some(": program: it has at most 4096 bytes and no NUL")),
            (json!({"args": ["a\u{0}b"]}), Some(": args: each")),
            (json!({"ready": {"log_line": " "}}), Some(": ready: log_line is the text before the address")),
            (json!({"ready": {"probe": "10.0.0.1:9000"}}), Some("of this machine")),
            (json!({"ready": {"probe": "127.0.0.1:0"}}), Some("of this machine")),
            (json!({"ready": "soon"}), Some("soon")),
            (json!({"health": "health"}), Some(": health: it is a path such as /health")),
            (
                json!({"token_env": "my token"}),
                Some(": token_env: it is the name of an environment variable"),
            ),
            (json!({"shell": true}), Some("shell")),
            (json!({"env": ["OMP_NUM_THREADS=2", "EMPTY="]}), None),
            (json!({"env": ["OMP_NUM_THREADS"]}), Some(": env: \"\" has to be NAME=value")),
            (json!({"env": ["no=1"]}), Some(": env: \"no\" has to be")),
            (json!({"env": ["MY_API_KEY=1"]}), Some(": env: MY_API_KEY sounds like a secret")),
            (json!({"env": ["A=1", "A=2"]}), Some(": env: A is given twice")),
            (json!({"env": ["A=1"], "token_env": "A"}), Some(": env: A is given twice")),
            (json!({"memory_ceiling_mb": 63}), Some(": memory_ceiling_mb: it is 0, or at least 64")),
            (json!({"memory_ceiling_mb": 64, "stop_grace_s": 60, "do_not_retry": [0, 255]}), None),
            (json!({"stop_grace_s": 61}), Some(": stop_grace_s: it is 60 at most")),
            (json!({"do_not_retry": [256]}), Some("256")),
        ];
        for (change, expected) in table {
            let wrong = wrong_commands(&command(change.clone()));
            match expected {
                None => assert_eq!(wrong, None, "{change}"),
                Some(part) => assert!(wrong.expect("wrong").contains(part), "{change}"),
            }
        }
        let twice = json!([command(json!({}))[0], command(json!({}))[0]]);
        assert!(wrong_commands(&twice).expect("twice").contains("two workers"));
    }

    #[test]
    fn an_order_names_engines_that_exist_once() {
        for bad in [json!([]), json!(["a", "a"]), json!(["A b"]), json!("embedded"), json!([1])] {
            assert!(wrong_engines(&bad).is_some(), "{bad}");
        }
        let mut mine: Vec<WorkerCommand> =
            serde_json::from_value(command(json!({"speech": true}))).expect("fits");
        let order = ["mine".to_owned(), "embedded".to_owned(), "whisperlivekit".to_owned()];
        assert_eq!(wrong_order(&order, &mine), None);
        assert!(wrong_order(&order, &[]).expect("unknown").contains("no engine \"mine\""));
        mine[0].speech = false;
        assert!(wrong_order(&order, &mine).expect("no speech").contains("speech = true"));
    }
}
