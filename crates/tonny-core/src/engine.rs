//! The speech engine as the product sees it: a worker that is ready behind an address, away, or impossible.
//!
//! Turns an installed model and the settings into a worker's spec, and the supervisor's state into what people read.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tonny_speech_protocol::ReadyLine;
pub use tonny_supervisor::Handle as Worker;
use tonny_supervisor::{Base, Handle, Phase, Spec, SpecError, Supervisor, Token, WorkerState};

use crate::model::InstalledModel;
use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::worker_view::About;

/// The speech worker's name, everywhere.
pub const NAME: &str = "speech";

/// Loading a large model from a cold disk may take a minute; more without a ready line is a hang.
const READY_DEADLINE: Duration = Duration::from_secs(120);

/// Where the programs of this installation lie.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `tonny-speech`.
    pub speech: PathBuf,
    /// `tonny-keeper`, where the platform has one.
    pub keeper: Option<PathBuf>,
}

/// The engine at one moment.
#[derive(Clone, Debug, Default)]
pub enum Engine {
    /// On its way, or coming back.
    #[default]
    Away,
    /// Takes connections.
    Ready(Door),
    /// Will not come without the user.
    Absent(Problem),
}

/// How to reach a ready engine.
#[derive(Clone, Debug)]
pub struct Door {
    /// `127.0.0.1:port`.
    pub address: String,
    /// This launch's token.
    pub token: Token,
    /// Counts launches, so that a caller sees that the engine is a new one.
    pub incarnation: u64,
}

/// Prepares the worker; the caller spawns the future. A refusal (a program that is missing, say) needs the user.
pub fn start(
    programs: &Programs,
    spec: Spec,
) -> Result<(Worker, impl Future<Output = ()> + Send + use<>), Problem> {
    let (supervisor, _records) = Supervisor::new(Base { keeper: programs.keeper.clone(), ..Base::default() });
    supervisor.worker(spec).map_err(refused)
}

/// What a refused spec means for people.
pub fn refused(error: SpecError) -> Problem {
    Problem::with(Code::ModelBroken, error)
}

/// What the worker is started with.
pub fn spec(programs: &Programs, model: &InstalledModel, settings: &Settings) -> Spec {
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
    // 2 is wrong usage and 3 a model that is none: the same start would fail the same way.
    spec.do_not_retry = vec![2, 3];
    spec
}

/// The engine in the supervisor's state.
pub fn engine(state: &WorkerState) -> Engine {
    match &state.phase {
        Phase::Ready | Phase::Busy => match &state.ready {
            Some(ready) => match serde_json::from_str::<ReadyLine>(&ready.line) {
                Ok(line) => Engine::Ready(Door {
                    address: line.address,
                    token: ready.token.clone(),
                    incarnation: ready.incarnation,
                }),
                Err(_) => Engine::Away,
            },
            None => Engine::Away,
        },
        Phase::Failed { reason } => Engine::Absent(Problem::with(Code::ModelBroken, reason)),
        Phase::Starting
        | Phase::Backoff { .. }
        | Phase::CrashLoop { .. }
        | Phase::Stopped
        | Phase::Draining => Engine::Away,
    }
}

/// What people know the embedded engine by.
pub fn about() -> About {
    About { name: NAME.to_owned(), kind: "speech", title: "Speech engine".to_owned() }
}

/// Follows a worker's states and publishes the engine they mean, until the worker's handle is gone.
pub async fn follow(worker: Handle, engine_out: watch::Sender<Engine>, changed: impl AsyncFn(WorkerState)) {
    let mut states = worker.state();
    // Only the watch is kept: a handle held here would keep the worker's future from ending.
    drop(worker);
    loop {
        let state = states.borrow_and_update().clone();
        engine_out.send_replace(engine(&state));
        changed(state).await;
        if states.changed().await.is_err() {
            return;
        }
    }
}
