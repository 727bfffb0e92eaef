//! The embedded speech worker, `tonny-speech`: ours, in every installation, with the chosen model.

use tonny_supervisor::{Cause, Sign, Spec};

use super::kinds::{Seat, Site, Wanted};
use super::{EMBEDDED, NAME, Programs, READY_DEADLINE, health};
use crate::model::{self, InstalledModel};
use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::worker_view::About;

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
    // Wrong usage: the same start would fail the same way.
    spec.do_not_retry = vec![2];
    spec.signs = vec![Sign { code: Some(3), words: String::new(), means: Cause::BadModel }];
    spec
}
