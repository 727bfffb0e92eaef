//! Workers that the user describes in the settings. No shell is used: the arguments are passed on one by one.

use core::net::SocketAddr;

use tonny_supervisor::{At, How, Probe, ReadyBy, Spec, TokenBy};

use super::kinds::{Seat, Site, Wanted};
use super::{HEALTH_EVERY, HEALTH_TIMEOUT, READY_DEADLINE};
use crate::problem::{Code, Problem};
use crate::settings::{CommandReady, WorkerCommand};
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
    spec.health = how.map(|how| Probe { how, at, timeout: HEALTH_TIMEOUT }).into_iter().collect();
    spec.probe_every = HEALTH_EVERY;
    spec.secret = match (&command.token_env, &spec.ready) {
        (Some(name), _) => TokenBy::Environment(name.clone()),
        (None, ReadyBy::JsonLine) => TokenBy::StandardInput,
        (None, _) => TokenBy::None,
    };
    Ok(spec)
}
