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
    /// Bytes of memory of this machine, where it is known.
    pub memory: Option<u64>,
    /// Whether somebody asked for the local language model lately.
    pub language: bool,
    /// The language models on this machine.
    pub languages: &'a [InstalledModel],
    /// Why the local language model is not loaded now, if there is a reason.
    pub unfit: Option<&'a Problem>,
}

/// One worker that is to run.
#[derive(Debug)]
pub struct Wanted {
    /// What people know it by.
    pub about: About,
    /// Its place among the speech engines, if it is one.
    pub seat: Option<Seat>,
    /// The ceiling its user gave to this one worker, in bytes.
    pub memory: Option<u64>,
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

/// What the ceiling of a worker is where nobody measured how much its kind needs: a share of the machine's memory that
/// leaves the other half to the desktop.
const HALF: u64 = 2;

/// No worker may have more than three of four parts, whatever its model would need: beyond that the machine swaps, and
/// everything on it stands still.
const MOST_OF_FOUR: u64 = 3;

/// No engine lives in less; a smaller number would only end each one at its start.
const SMALLEST_MB: u64 = 64;

/// What a worker may use: what the user set for all, else what its kind needs as it was measured, else half of the machine.
fn ceiling(site: &Site, own: Option<u64>) -> Option<u64> {
    if let Some(set) = set_for_all(site.settings) {
        return Some(set);
    }
    let Some(memory) = site.memory else { return own };
    Some(own.unwrap_or(memory / HALF).min(memory / 4 * MOST_OF_FOUR))
}

/// What the user set for all workers, in bytes.
pub(super) fn set_for_all(settings: &Settings) -> Option<u64> {
    let megabytes = u64::from(settings.workers.memory_ceiling_mb);
    (megabytes > 0).then_some(megabytes.max(SMALLEST_MB) << 20)
}

/// What the settings ask for: the speech engines in their order, then the others.
pub fn wanted(site: &Site) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = KINDS.iter().flat_map(|kind| kind(site)).collect();
    let place = |wanted: &Wanted| {
        let seat = wanted.seat.as_ref();
        let mut order = site.settings.speech.engines.iter();
        seat.and_then(|seat| order.position(|engine| *engine == seat.engine)).unwrap_or(usize::MAX)
    };
    wanted.sort_by_key(place);
    for wanted in &mut wanted {
        if let Wanted { spec: Ok(spec), memory: None, .. } = wanted {
            spec.memory_ceiling = ceiling(site, spec.memory_ceiling);
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use serde_json::json;
    use tonny_supervisor::{ReadyBy, TokenBy};

    use crate::model::ModelFile;

    use super::*;

    /// Row S9 of docs/reliability.md; measured there with these specs.
    const HANG_FOUND: Duration = Duration::from_secs(6);

    fn names(settings: &Settings) -> Vec<(String, bool)> {
        let wanted = wanted(&Site {
            settings,
            programs: &programs(),
            installed: &[],
            memory: Some(8 << 30),
            language: false,
            languages: &[],
            unfit: None,
        });
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
        let wanted = wanted(&Site {
            settings: &settings,
            programs: &programs(),
            installed: &[],
            memory: Some(8 << 30),
            language: false,
            languages: &[],
            unfit: None,
        });
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
        let site = Site {
            settings: &settings,
            programs: &programs,
            installed: &[],
            memory: Some(8 << 30),
            language: false,
            languages: &[],
            unfit: None,
        };
        for Wanted { about: About { name, .. }, spec, .. } in wanted(&site) {
            let problem = spec.expect_err("nothing is installed");
            assert!(problem.message.contains("make engines-"), "{name}: {}", problem.message);
        }
    }

    /// Ceilings by name, in MiB.
    fn ceilings(changes: &[(&str, serde_json::Value)], memory: Option<u64>) -> Vec<(String, Option<u64>)> {
        let file = |window_s, bytes| ModelFile { path: "/m".into(), window_s, bytes, sha256: String::new() };
        let model = InstalledModel {
            id: "whisper-tiny.en".to_owned(),
            family: "whisper".to_owned(),
            languages: Vec::new(),
            files: vec![file(15, 80 << 20), file(30, 80 << 20)],
        };
        let (settings, programs) = (settings(changes), programs());
        let site = Site {
            settings: &settings,
            programs: &programs,
            installed: &[model],
            memory,
            language: false,
            languages: &[],
            unfit: None,
        };
        let mib = |spec: Spec| spec.memory_ceiling.map(|bytes| bytes >> 20);
        wanted(&site).into_iter().map(|it| (it.about.name, mib(it.spec.expect("all is there")))).collect()
    }

    #[test]
    fn every_worker_has_a_memory_ceiling() {
        let own = json!([
            {"name": "mine", "program": "/opt/mine", "ready": "json_line"},
            {"name": "small", "program": "/opt/small", "ready": "json_line", "memory_ceiling_mb": 64},
        ]);
        let all = [
            ("workers.commands", own),
            ("workers.llama", json!(true)),
            ("speech.engines", json!(["embedded", "whisperlivekit"])),
        ];
        let named = |values: [Option<u64>; 5]| {
            let names = ["speech", "whisperlivekit", "llama", "mine", "small"];
            names.map(str::to_owned).into_iter().zip(values).collect::<Vec<_>>()
        };
        let (half, small) = (Some(4_096), Some(64));
        // Three times 160 MiB of model, and 512 MiB.
        assert_eq!(ceilings(&all, Some(8 << 30)), named([Some(992), half, half, half, small]));
        let tight = Some(512);
        assert_eq!(ceilings(&all, Some(1 << 30)), named([Some(768), tight, tight, tight, small]));
        assert_eq!(ceilings(&all, None), named([Some(992), None, None, None, small]));
        let mut set = all.to_vec();
        set.push(("workers.memory_ceiling_mb", json!(2_000)));
        let two = Some(2_000);
        assert_eq!(ceilings(&set, Some(8 << 30)), named([two, two, two, two, small]));
    }
}
