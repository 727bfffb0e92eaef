//! Every kind of worker, and which of them the settings ask for.
//!
//! A kind is a function from the settings to what is to run; the App starts, swaps and ends what comes out and knows no
//! kind by name. docs/how-to/add-a-worker.md says what a new one needs.

use tonny_supervisor::Spec;

use super::{Programs, described, embedded, llama, whisperlivekit};
use crate::model::InstalledModel;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::worker_view::About;

/// What kinds are made from.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// What the user set.
    pub settings: &'a Settings,
    /// What is installed of ours.
    pub programs: &'a Programs,
    /// The speech models on this machine.
    pub installed: &'a [InstalledModel],
}

/// One worker that is to run.
#[derive(Debug)]
pub struct Wanted {
    /// What people know it by.
    pub about: About,
    /// Its place among the speech engines, if it is one.
    pub seat: Option<Seat>,
    /// How to start it, or why it cannot be tried.
    pub spec: Result<Spec, Problem>,
}

/// A place in the order of speech engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// As the order names it.
    pub engine: String,
    /// The model it runs, if it is known.
    pub model: Option<String>,
    /// Whether it takes whole recordings by HTTP.
    pub rest: bool,
}

/// The kinds, in the order they are listed.
const KINDS: &[fn(&Site) -> Vec<Wanted>] =
    &[embedded::wanted, whisperlivekit::wanted, llama::wanted, described::wanted];

/// What the settings ask for: the speech engines in their order, then the others.
pub fn wanted(site: &Site) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = KINDS.iter().flat_map(|kind| kind(site)).collect();
    let place = |wanted: &Wanted| {
        let seat = wanted.seat.as_ref();
        let mut order = site.settings.speech.engines.iter();
        seat.and_then(|seat| order.position(|engine| *engine == seat.engine)).unwrap_or(usize::MAX)
    };
    wanted.sort_by_key(place);
    wanted
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use serde_json::json;
    use tonny_supervisor::{ReadyBy, TokenBy};

    use super::*;

    /// Row S9 of docs/reliability.md; measured there with these specs.
    const HANG_FOUND: Duration = Duration::from_secs(6);

    fn names(settings: &Settings) -> Vec<(String, bool)> {
        let wanted = wanted(&Site { settings, programs: &programs(), installed: &[] });
        wanted.into_iter().map(|wanted| (wanted.about.name, wanted.spec.is_ok())).collect()
    }

    fn programs() -> Programs {
        let path = |path: &str| Some(PathBuf::from(path));
        Programs { speech: PathBuf::from("/opt/tonny-speech"), keeper: None, engines: path("/opt/engines") }
    }

    fn settings(changes: &[(&str, serde_json::Value)]) -> Settings {
        let change = |settings: Settings, (key, value): &(&str, serde_json::Value)| {
            settings.with(key, value.clone()).expect("fits")
        };
        changes.iter().fold(Settings::default(), change)
    }

    #[test]
    fn what_runs_is_what_the_settings_name_in_their_order() {
        assert_eq!(names(&Settings::default()), [("speech".to_owned(), false)]);
        let mine = json!([
            {"name": "mine", "program": "/opt/mine", "ready": "json_line", "speech": true},
            {"name": "other", "program": "/opt/other", "ready": {"probe": "127.0.0.1:9000"}},
        ]);
        let many = settings(&[
            ("workers.commands", mine),
            ("workers.llama", json!(true)),
            ("speech.engines", json!(["mine", "whisperlivekit", "embedded"])),
        ]);
        let order: Vec<String> = names(&many).into_iter().map(|(name, _)| name).collect();
        assert_eq!(order, ["mine", "whisperlivekit", "speech", "llama", "other"]);
    }

    #[test]
    fn no_argument_carries_a_secret_and_every_worker_is_asked_how_it_is() {
        let commands = json!([{
            "name": "mine", "program": "/opt/mine", "ready": {"log_line": "at "}, "health": "/health", "token_env": "MINE"
        }]);
        let settings = settings(&[
            ("workers.commands", commands),
            ("workers.llama", json!(true)),
            ("speech.engines", json!(["whisperlivekit"])),
        ]);
        let wanted = wanted(&Site { settings: &settings, programs: &programs(), installed: &[] });
        assert_eq!(wanted.len(), 3);
        for Wanted { about: About { name, .. }, spec, .. } in wanted {
            let spec = spec.expect("its program is somewhere");
            assert!(matches!(&spec.secret, TokenBy::Environment(_)), "{name}");
            assert!(matches!(&spec.ready, ReadyBy::LogLine { .. }), "{name}");
            assert_eq!(spec.health.len(), 1, "{name}");
            let within = spec.finds_idle_hang_within().expect("asked");
            assert!(within <= HANG_FOUND, "{name}: {within:?}");
            assert!(spec.env.iter().all(|(variable, _)| spec.allowed_env.contains(variable)), "{name}");
        }
    }

    #[test]
    fn what_was_never_installed_says_how_to() {
        let settings =
            settings(&[("speech.engines", json!(["whisperlivekit"])), ("workers.llama", json!(true))]);
        let programs = Programs { engines: None, ..programs() };
        let site = Site { settings: &settings, programs: &programs, installed: &[] };
        for Wanted { about: About { name, .. }, spec, .. } in wanted(&site) {
            let problem = spec.expect_err("nothing is installed");
            assert!(problem.message.contains("make engines-"), "{name}: {}", problem.message);
        }
    }
}
