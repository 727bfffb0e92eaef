//! WhisperLiveKit, a speech engine in Python that others wrote: the same wire, its own manners.
//!
//! It binds its port only once its model is loaded and takes port 0, so the real port is in its log line and no other
//! program can be taken for it. It knows its token from the environment alone; as an argument everybody could read it.

use std::path::PathBuf;
use std::time::Duration;

use tonny_supervisor::{How, Probe, ReadyBy, Spec, TokenBy};

use super::kinds::{Seat, Site, Wanted};
use super::{READY_DEADLINE, health};
use crate::problem::{Code, Problem};
use crate::worker_view::About;

const NAME: &str = "whisperlivekit";

/// Sessions are closed before it is asked to end; it then ends within half a second, and after this it is killed.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// A version that waits for open connections ends when it is asked twice. This one (0.2.26) closes them itself, and asking
/// again does it no harm.
const ASK_AGAIN: Duration = Duration::from_millis(1500);

pub(super) fn wanted(site: &Site) -> Vec<Wanted> {
    let speech = &site.settings.speech;
    if !speech.engines.iter().any(|engine| engine == NAME) {
        return Vec::new();
    }
    let installed = |path: &str| site.programs.engines.as_ref().map(|folder| folder.join(NAME).join(path));
    let chosen = |setting: &Option<String>, path: &str| {
        setting.as_ref().map(PathBuf::from).or_else(|| installed(path))
    };
    let program = chosen(&speech.whisperlivekit_program, "venv/bin/whisperlivekit-server");
    let folder = chosen(&speech.whisperlivekit_model, "tiny.en");
    let model = folder.as_ref().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let language =
        language(model.as_deref().unwrap_or_default(), &site.settings.dictation.language).to_owned();
    let spec = match (program, folder) {
        (Some(program), Some(folder)) => Ok(spec(program, folder, &language)),
        _ => Err(Problem::with(Code::EngineSetUp, "WhisperLiveKit is not installed: run `make engines-wlk`")),
    };
    vec![Wanted {
        about: About { name: NAME.to_owned(), kind: "speech", title: "WhisperLiveKit".to_owned() },
        seat: Some(Seat { engine: NAME.to_owned(), model, rest: true }),
        memory: None,
        spec,
    }]
}

/// Whisper's English models refuse to guess.
fn language<'a>(model: &str, chosen: &'a str) -> &'a str {
    if model.ends_with(".en") { "en" } else { chosen }
}

fn spec(program: PathBuf, folder: PathBuf, language: &str) -> Spec {
    let mut spec = Spec::new(NAME, program);
    let fixed = [
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--backend",
        "faster-whisper",
        "--backend-policy",
        "localagreement",
    ];
    spec.args = fixed.iter().map(Into::into).collect();
    // Nothing is fetched for warming up: a start must not need a network.
    spec.args.extend(["--pcm-input", "--warmup-file", "", "--lan", language, "--model_dir"].map(Into::into));
    spec.args.push(folder.into());
    spec.env = vec![("HF_HUB_OFFLINE".to_owned(), "1".to_owned())];
    spec.allowed_env = vec!["HF_HUB_OFFLINE".to_owned()];
    spec.secret = TokenBy::Environment("WLK_API_TOKEN".to_owned());
    spec.ready = ReadyBy::LogLine { marker: "Uvicorn running on http://".to_owned() };
    // It answers while its model loads in the background, and says in the body whether it can transcribe.
    spec.health = vec![Probe { how: How::HttpReady { path: "/health".to_owned() }, ..health("/health") }];
    spec.ready_deadline = READY_DEADLINE;
    spec.stop_grace = STOP_GRACE;
    spec.ask_again = Some(ASK_AGAIN);
    // 2 is wrong usage, 3 a model that cannot be loaded or warmed up; a busy port or a failed import is 1.
    spec.do_not_retry = vec![2, 3];
    spec.heavy = true;
    spec
}
