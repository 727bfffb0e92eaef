//! Workers that the user describes in the settings. No shell is used: the arguments are passed on one by one.

use core::net::SocketAddr;
use std::time::Duration;

use tonny_supervisor::{At, How, Probe, ReadyBy, Spec, TokenBy};

use super::READY_DEADLINE;
use super::kinds::{Seat, Site, Wanted};
use crate::problem::{Code, Problem};
use crate::settings::{CommandReady, Settings, WorkerCommand};
use crate::worker_view::About;

pub(super) fn wanted(site: &Site) -> Vec<Wanted> {
    let engines = &site.settings.speech.engines;
    let commands = site.settings.workers.commands.iter();
    // A speech engine that no order names would only use memory.
    let used = commands.filter(|command| !command.speech || engines.contains(&command.name));
    used.map(|command| Wanted {
        about: About {
            name: command.name.clone(),
            kind: if command.speech { "speech" } else { "custom" },
            title: command.name.clone(),
        },
        seat: command.speech.then(|| Seat { engine: command.name.clone(), model: None, rest: false }),
        memory: own_ceiling(command),
        spec: spec(command),
    })
    .collect()
}

/// Refuses what `new` describes and `old` did not if it can never start, with the field: a program that is not there, say.
/// What was described before stays; its program may only be away.
pub(crate) fn check(new: &Settings, old: &Settings) -> Result<(), Problem> {
    for command in new.workers.commands.iter().filter(|command| !old.workers.commands.contains(command)) {
        spec(command)?.check().map_err(|error| {
            Problem::with(Code::SettingInvalid, format!("workers.commands: {:?}: {error}", command.name))
        })?;
    }
    Ok(())
}

/// In bytes.
fn own_ceiling(command: &WorkerCommand) -> Option<u64> {
    let megabytes = u64::from(command.memory_ceiling_mb);
    (megabytes > 0).then_some(megabytes << 20)
}

fn spec(command: &WorkerCommand) -> Result<Spec, Problem> {
    let mut spec = Spec::new(&command.name, &command.program);
    spec.args = command.args.iter().map(Into::into).collect();
    spec.env = command.variables().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // What its user wrote down is what it gets, and nothing of the app's own environment but the usual few names.
    spec.allowed_env = spec.env.iter().map(|(name, _)| name.clone()).collect();
    spec.memory_ceiling = own_ceiling(command);
    if command.stop_grace_s > 0 {
        spec.stop_grace = Duration::from_secs(u64::from(command.stop_grace_s));
    }
    if let Some(codes) = &command.do_not_retry {
        spec.do_not_retry = codes.iter().copied().map(i32::from).collect();
    }
    spec.ready_deadline = READY_DEADLINE;
    let at = match &command.ready {
        CommandReady::Probe(address) => {
            let address: SocketAddr = address.parse().map_err(|e| Problem::with(Code::EngineSetUp, e))?;
            At::Tcp(address)
        }
        CommandReady::JsonLine | CommandReady::LogLine(_) => At::Told,
    };
    spec.ready = match &command.ready {
        CommandReady::JsonLine => ReadyBy::JsonLine,
        CommandReady::LogLine(marker) => ReadyBy::LogLine { marker: marker.clone() },
        CommandReady::Probe(_) => ReadyBy::Probe,
    };
    let how = match (&command.health, &spec.ready) {
        (Some(path), _) => Some(How::Http { path: path.clone(), token: false }),
        (None, ReadyBy::Probe) => Some(How::Tcp),
        (None, _) => None,
    };
    spec.health = how.map(|how| Probe { how, at, timeout: Probe::TIMEOUT }).into_iter().collect();
    spec.secret = match (&command.token_env, &spec.ready) {
        (Some(name), _) => TokenBy::Environment(name.clone()),
        (None, ReadyBy::JsonLine) => TokenBy::StandardInput,
        (None, _) => TokenBy::None,
    };
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(program: &str, health: &str) -> Settings {
        let command =
            json!({"name": "mine", "program": program, "ready": {"log_line": "at "}, "health": health});
        Settings::default().with("workers.commands", json!([command])).expect("fits")
    }

    #[test]
    fn what_its_user_says_of_its_life_is_what_it_gets() {
        let all = json!([{
            "name": "mine", "program": "/opt/mine", "ready": "json_line", "env": ["A=1", "B_2=x = y"],
            "memory_ceiling_mb": 100, "stop_grace_s": 20, "do_not_retry": [7],
        }]);
        let settings = Settings::default().with("workers.commands", all).expect("fits");
        let spec = spec(&settings.workers.commands[0]).expect("a spec");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(spec.env, [pair("A", "1"), pair("B_2", "x = y")]);
        assert_eq!(spec.allowed_env, ["A", "B_2"]);
        assert_eq!((spec.memory_ceiling, spec.stop_grace.as_secs()), (Some(100 << 20), 20));
        assert_eq!(spec.do_not_retry, [7]);
    }

    #[test]
    fn what_can_never_start_is_refused_when_it_is_new() {
        let none = Settings::default();
        let program = std::env::current_exe().expect("a test is a program");
        let good = described(&program.to_string_lossy(), "/health");
        assert_eq!(check(&good, &none), Ok(()));
        let gone = described("/nowhere/mine", "/health");
        let problem = check(&gone, &none).expect_err("no such program");
        assert!(problem.is(Code::SettingInvalid));
        let said = "workers.commands: \"mine\": program: /nowhere/mine does not exist";
        assert!(problem.message.contains(said), "{problem}");
        assert_eq!(check(&gone, &gone), Ok(()), "it was there before");
        let problem = check(&described("/", "/health"), &good).expect_err("a folder");
        assert!(problem.message.contains("program: / is not a file"), "{problem}");
    }
}
