//! Workers that the user describes in the settings. No shell is used: the arguments are passed on one by one.

use core::net::SocketAddr;

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

fn spec(command: &WorkerCommand) -> Result<Spec, Problem> {
    let mut spec = Spec::new(&command.name, &command.program);
    spec.args = command.args.iter().map(Into::into).collect();
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
