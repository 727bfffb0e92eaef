//! llama.cpp's llama-server, the local language engine.
//!
//! It reports the port it got by itself, wants a key for everything but its health, and lets no web page in: the one origin
//! it allows does not exist.

use std::path::PathBuf;

use tonny_supervisor::{Cause, ReadyBy, Sign, Spec, TokenBy};

use super::kinds::{Site, Wanted};
use super::{READY_DEADLINE, health};
use crate::problem::{Code, Problem};
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
    let installed = |path: &str| site.programs.engines.as_ref().map(|folder| folder.join(NAME).join(path));
    let chosen = |setting: &Option<String>, path: &str| {
        setting.as_ref().map(PathBuf::from).or_else(|| installed(path))
    };
    let program = chosen(&workers.llama_program, "bin/llama-server");
    let model = chosen(&workers.llama_model, "SmolLM2-135M-Instruct.gguf");
    let spec = match (program, model) {
        (Some(program), Some(model)) => Ok(spec(program, model)),
        _ => Err(Problem::with(Code::EngineSetUp, "llama-server is not installed: run `make engines-llama`")),
    };
    vec![Wanted {
        about: About { name: NAME.to_owned(), kind: "language", title: "Language model".to_owned() },
        seat: None,
        memory: None,
        spec,
    }]
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
