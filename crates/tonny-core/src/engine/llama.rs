//! llama.cpp's llama-server, the local language engine.
//!
//! It reports the port it got by itself, wants a key for everything but its health, and lets no web page in: the one origin
//! it allows does not exist.

use std::path::PathBuf;

use tonny_supervisor::{Cause, ReadyBy, Sign, Spec, TokenBy, free_memory};

use super::kinds::{Site, Wanted};
use super::{Programs, READY_DEADLINE, health};
use crate::model::InstalledModel;
use crate::ports::LanguageFiles;
use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::worker_view::About;

/// What it is called.
pub const NAME: &str = "llama";

/// Tokens of one conversation: what a small model was trained for, and 100 MB of memory at most.
pub const CONTEXT: u64 = 4_096;

/// Tokens of one answer. A model that does not end by itself would otherwise talk until the context is full.
const ANSWER: &str = "1024";

/// A top-level domain that can never exist (RFC 2606).
const NO_ORIGIN: &str = "https://nobody.invalid";

pub(super) fn wanted(site: &Site) -> Vec<Wanted> {
    let workers = &site.settings.workers;
    if !workers.llama && !site.language {
        return Vec::new();
    }
    let program = program(site.settings, site.programs);
    let model = model(site.settings, site.programs, site.languages);
    let spec = match (site.unfit, program, model) {
        (Some(problem), ..) => Err(problem.clone()),
        (None, Some(program), Some(model)) => Ok(spec(program, model)),
        (None, None, _) => {
            Err(Problem::with(Code::EngineSetUp, "llama-server is not installed: run `make engines-llama`"))
        }
        (None, Some(_), None) => Err(Problem::with(
            Code::EngineSetUp,
            "No language model is installed: choose one under Settings, Assistant",
        )),
    };
    vec![Wanted {
        about: About { name: NAME.to_owned(), kind: "language", title: "Language model".to_owned() },
        seat: None,
        memory: None,
        spec,
    }]
}

/// llama-server: where the user says that it is, else where `make engines-llama` puts it.
pub fn program(settings: &Settings, programs: &Programs) -> Option<PathBuf> {
    let chosen = settings.workers.llama_program.as_ref().map(PathBuf::from);
    chosen.or_else(|| Some(programs.engines.as_ref()?.join(NAME).join("bin/llama-server")))
}

/// The model that it loads: the one that is chosen, else the first that is installed, else the one that
/// `make engines-llama` brings along.
pub fn model(settings: &Settings, programs: &Programs, installed: &[InstalledModel]) -> Option<PathBuf> {
    let chosen = settings.workers.llama_model.as_ref().map(PathBuf::from);
    let first = || installed.first()?.files.first().map(|file| file.path.clone());
    let beside = || Some(programs.engines.as_ref()?.join(NAME).join("SmolLM2-135M-Instruct.gguf"));
    chosen.or_else(first).or_else(beside)
}

/// Why the model is not to be loaded: a file that is not whole or answers nothing, or too little free memory.
pub fn unfit(
    settings: &Settings,
    programs: &Programs,
    installed: &[InstalledModel],
    files: &dyn LanguageFiles,
) -> Option<Problem> {
    let needs = files.needs(&model(settings, programs, installed)?);
    needs.and_then(|needs| needs.fit(CONTEXT, free_memory())).err()
}

fn spec(program: PathBuf, model: PathBuf) -> Spec {
    let mut spec = Spec::new(NAME, program);
    let network = ["--host", "127.0.0.1", "--port", "0", "--offline", "--no-ui", "--cors-origins", NO_ORIGIN];
    // One person talks; /slots would show what they said.
    let limits = ["--parallel", "1", "--predict", ANSWER, "--no-slots"];
    spec.args = network.into_iter().chain(limits).map(Into::into).collect();
    spec.args.extend(["--ctx-size".into(), CONTEXT.to_string().into()]);
    spec.args.extend(["--model".into(), model.into()]);
    spec.secret = TokenBy::Environment("LLAMA_API_KEY".to_owned());
    spec.ready = ReadyBy::LogLine { marker: "listening on http://".to_owned() };
    spec.health = vec![health("/health")];
    spec.ready_deadline = READY_DEADLINE;
    spec.signs = signs();
    spec.heavy = true;
    spec.background = true;
    spec
}

/// Whatever goes wrong, it ends with 1; its last line tells what cannot go better by itself. Older builds begin that line
/// with `main:`, newer ones with their own name.
fn signs() -> Vec<Sign> {
    let sign = |words: &str, means| Sign { code: Some(1), words: words.to_owned(), means };
    vec![
        sign("exiting due to model loading error", Cause::BadModel),
        sign("error: invalid argument", Cause::Configuration),
    ]
}
