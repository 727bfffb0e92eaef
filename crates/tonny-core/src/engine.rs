//! The engines as the product sees them: workers that are ready behind an address, away, or impossible.
//!
//! Owns: what the supervisor's state of a worker means for an utterance and for people, and the kinds of workers ([`kinds`],
//! a file each): from the settings to a spec. Must not know: utterances. Start reading at [`kinds::wanted`].

mod described;
mod embedded;
pub mod kinds;
mod llama;
mod whisperlivekit;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use described::check as check_described;
pub use llama::{
    CONTEXT as LLAMA_CONTEXT, NAME as LLAMA, model as language_model, program as language_program,
    unfit as unfit_language,
};
use tokio::sync::watch;
pub use tonny_supervisor::Handle as Worker;
use tonny_supervisor::{At, Base, Cause, How, Phase, Probe, Spec, SpecError, Supervisor, Token, WorkerState};

use crate::model::InstalledModel;
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// The embedded speech worker's name, everywhere but in the order of engines.
pub const NAME: &str = "speech";

/// What the worker is called that hears one recording again with another model.
pub const AGAIN: &str = "speech-retry";

/// What the order of engines calls it.
pub const EMBEDDED: &str = "embedded";

/// Loading a large model from a cold disk may take a minute; more without a sign of readiness is a hang.
pub const READY_DEADLINE: Duration = Duration::from_secs(120);

/// Where the programs of this installation lie.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `tonny-speech`.
    pub speech: PathBuf,
    /// `tonny-keeper`, where the platform has one.
    pub keeper: Option<PathBuf>,
    /// What `make engines-wlk` and `make engines-llama` installed, if they were ever run.
    pub engines: Option<PathBuf>,
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

/// The speech engines in the order an utterance is offered to them.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// The first one that can is taken.
    pub links: Vec<Link>,
}

/// One engine of the order.
#[derive(Clone, Debug)]
pub struct Link {
    /// As the order names it; the utterance's row says so too.
    pub name: String,
    /// The model it runs, if it is known.
    pub model: Option<String>,
    /// Whether it takes whole recordings by HTTP.
    pub rest: bool,
    /// Which start of the App's this is: news of an older worker of the same name is no news.
    pub run: u64,
    /// As it is now.
    pub engine: Engine,
    /// Its requests pass the worker's breaker, where there is a worker.
    pub worker: Option<Worker>,
}

impl Chain {
    /// Notes how the engine of that start is now; false when it is not in the order any more.
    pub fn note(&mut self, run: u64, engine: Engine) -> bool {
        let link = self.links.iter_mut().find(|link| link.run == run);
        link.map(|link| link.engine = engine).is_some()
    }
}

/// Prepares the embedded worker alone; the caller spawns the future. A refusal (a program that is missing, say) needs the
/// user.
pub fn start(
    programs: &Programs,
    spec: Spec,
) -> Result<(Worker, impl Future<Output = ()> + Send + use<>), Problem> {
    let (supervisor, _records) = Supervisor::new(Base { keeper: programs.keeper.clone(), ..Base::default() });
    supervisor.worker(spec).map_err(|error| refused(NAME, error))
}

/// What a refused spec means for people.
pub fn refused(name: &str, error: SpecError) -> Problem {
    let code = match error {
        SpecError::Missing(_) | SpecError::NoFile(_) | SpecError::NotExecutable(_) => missing(name),
        _ => Code::EngineSetUp,
    };
    Problem::with(code, error)
}

/// What the embedded worker is started with.
pub fn spec(programs: &Programs, model: &InstalledModel, settings: &Settings) -> Spec {
    embedded::spec(programs, model, settings)
}

/// The engine in the supervisor's state.
pub fn engine(state: &WorkerState) -> Engine {
    match (&state.phase, &state.ready) {
        (Phase::Ready | Phase::Busy, Some(ready)) => match &ready.address {
            Some(address) => Engine::Ready(Door {
                address: address.clone(),
                token: ready.token.clone(),
                incarnation: ready.incarnation,
            }),
            None => Engine::Away,
        },
        (Phase::Failed { reason }, _) => Engine::Absent(failed(state, reason)),
        _ => Engine::Away,
    }
}

/// Why it cannot go on, by what the supervisor found out about its end.
fn failed(state: &WorkerState, reason: &str) -> Problem {
    let code = match state.last_exit.as_ref().map(|last| last.cause) {
        Some(Cause::NotExecutable) => missing(&state.name),
        Some(Cause::WrongCpu | Cause::MissingLibrary) => Code::EngineUnfit,
        // What runs in the others is their user's choice, so only of ours it is known which model is meant.
        Some(Cause::BadModel) if is_ours(&state.name) => Code::ModelBroken,
        Some(Cause::BadModel) if state.name == LLAMA => Code::ModelFileUnfit,
        _ => Code::EngineSetUp,
    };
    Problem::with(code, reason)
}

/// The embedded worker comes with the app, the others are installed by their users.
fn missing(name: &str) -> Code {
    if is_ours(name) { Code::EngineMissing } else { Code::EngineProgram }
}

/// Whether a worker of this name runs our own program.
fn is_ours(name: &str) -> bool {
    name == NAME || name == AGAIN
}

/// A GET of `path` where the worker said it is.
fn health(path: &str) -> Probe {
    let how = How::Http { path: path.to_owned(), token: false };
    Probe { how, at: At::Told, timeout: Probe::TIMEOUT }
}

/// Follows a worker's states and publishes the engine they mean, until the worker's handle is gone.
pub async fn follow(
    mut states: watch::Receiver<WorkerState>,
    publish: impl Fn(Engine),
    changed: impl AsyncFn(WorkerState),
) {
    // Only the watch is kept: a handle held here would keep the worker's future from ending.
    loop {
        let state = states.borrow_and_update().clone();
        publish(engine(&state));
        changed(state).await;
        if states.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use tonny_supervisor::{Exit, LastExit};

    use super::*;

    fn failed_by(name: &str, cause: Cause) -> Problem {
        let last_exit = Some(LastExit { exit: Exit::default(), cause });
        let phase = Phase::Failed { reason: "the worker's own words".to_owned() };
        let state = WorkerState { phase, last_exit, since: Instant::now(), ..WorkerState::stopped(name) };
        match engine(&state) {
            Engine::Absent(problem) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_cause_of_a_failure_has_its_own_code_and_keeps_the_words() {
        for (name, cause, code) in [
            (NAME, Cause::BadModel, Code::ModelBroken),
            (AGAIN, Cause::BadModel, Code::ModelBroken),
            (NAME, Cause::NotExecutable, Code::EngineMissing),
            ("llama", Cause::NotExecutable, Code::EngineProgram),
            ("llama", Cause::BadModel, Code::ModelFileUnfit),
            (NAME, Cause::WrongCpu, Code::EngineUnfit),
            ("llama", Cause::MissingLibrary, Code::EngineUnfit),
            (NAME, Cause::Configuration, Code::EngineSetUp),
            (NAME, Cause::BadReadyLine, Code::EngineSetUp),
        ] {
            let problem = failed_by(name, cause);
            assert!(problem.is(code), "{name}, {cause}: {problem}");
            assert!(problem.message.contains("own words"), "{problem}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_no_broken_model() {
        for (name, code) in [(NAME, Code::EngineMissing), ("mine", Code::EngineProgram)] {
            let programs = Programs { speech: "/nowhere/tonny-speech".into(), keeper: None, engines: None };
            let spec = Spec::new(name, &programs.speech);
            let error = start(&programs, spec).map(drop).expect_err("nothing there");
            assert!(error.message.contains("/nowhere/tonny-speech"), "{error}");
            assert!(refused(name, SpecError::Missing(Path::new("/nowhere").to_owned())).is(code));
            assert!(refused(name, SpecError::NotExecutable(Path::new("/nowhere").to_owned())).is(code));
            assert!(refused(name, SpecError::Zero("name")).is(Code::EngineSetUp));
        }
    }
}
