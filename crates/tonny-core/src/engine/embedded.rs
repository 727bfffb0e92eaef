//! The embedded speech worker, `tonny-speech`: ours, in every installation, with the chosen model.

use tonny_supervisor::{Cause, Sign, Spec};

use super::kinds::{self, Seat, Site, Wanted};
use super::{EMBEDDED, NAME, Programs, READY_DEADLINE, health};
use crate::model::{self, InstalledModel};
use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::worker_view::About;

/// What it uses beside its model's weights: the runtime, the audio of long utterances, the caches of their tokens.
const BESIDE_THE_MODEL: u64 = 512 << 20;

/// Its weights are in memory once as the file and once as the decoder wants them; as much again is for its work. With
/// tiny.en in two window lengths (157 MB of files) the worker's peak was 161 MB, of a ceiling of 1,007 MB.
const OF_THE_MODEL: u64 = 3;

pub(super) fn wanted(site: &Site) -> Vec<Wanted> {
    let settings = site.settings;
    if !settings.speech.engines.iter().any(|engine| engine == EMBEDDED) {
        return Vec::new();
    }
    let chosen = model::choose(&settings.speech.model, site.installed);
    let model = chosen.map_or_else(|| settings.speech.model.clone(), |model| model.id.clone());
    let spec = chosen.map(|model| spec(site.programs, model, settings));
    vec![Wanted {
        about: About { name: NAME.to_owned(), kind: "speech", title: "Speech engine".to_owned() },
        seat: Some(Seat { engine: EMBEDDED.to_owned(), model: Some(model), rest: false }),
        memory: None,
        spec: spec.ok_or_else(|| Problem::of(Code::ModelNone)),
    }]
}

pub(super) fn spec(programs: &Programs, model: &InstalledModel, settings: &Settings) -> Spec {
    let mut args: Vec<std::ffi::OsString> = vec!["--model-id".into(), model.id.clone().into()];
    for file in &model.files {
        let mut pair = std::ffi::OsString::from(format!("{}:", file.window_s));
        pair.push(&file.path);
        args.extend(["--model".into(), pair]);
    }
    if settings.speech.threads > 0 {
        args.extend(["--threads".into(), settings.speech.threads.to_string().into()]);
    }
    let mut spec = Spec::new(NAME, &programs.speech);
    spec.args = args;
    spec.ready_deadline = READY_DEADLINE;
    spec.health = vec![health("/health")];
    let weights: u64 = model.files.iter().map(|file| file.bytes).sum();
    let needs = weights.saturating_mul(OF_THE_MODEL).saturating_add(BESIDE_THE_MODEL);
    spec.memory_ceiling = Some(kinds::set_for_all(settings).unwrap_or(needs));
    // Wrong usage: the same start would fail the same way.
    spec.do_not_retry = vec![2];
    spec.signs = vec![Sign { code: Some(3), words: String::new(), means: Cause::BadModel }];
    spec
}
