//! The local language model: when it is loaded, whether it fits, when it leaves the memory, and how the assistant finds it.

use std::time::{Duration, Instant};

use tonny_supervisor::Phase;

use super::App;
use super::workers::{AppWorker, Place, Running};
use crate::assistant::Local;
use crate::engine::{self, Engine};
use crate::problem::{Code, Problem};

/// Longer than the app runs.
const FOR_GOOD: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl App {
    /// Somebody asks the local language model, or is about to: it is loaded, and stays for a while.
    pub(super) fn want_language(&mut self) {
        let was_wanted = self.language_until.is_some();
        self.keep_language(self.parts.clock.now());
        // What kept it away, such as too little memory, may be over.
        let worker = self.workers.iter().find(|worker| worker.about.name == engine::LLAMA);
        if !was_wanted || worker.is_some_and(AppWorker::is_absent) {
            self.run_workers();
        }
    }

    /// Nobody asked it for a while: it leaves the memory. One that still answers stays.
    pub(super) fn unload_language(&mut self, now: Instant) {
        if self.language_until.is_none_or(|until| now < until) {
            return;
        }
        let worker = self.workers.iter().find(|worker| worker.about.name == engine::LLAMA);
        let answers = |running: &Running| running.handle.state().borrow().in_flight > 0;
        if worker.and_then(AppWorker::running).is_some_and(answers) {
            return self.keep_language(now);
        }
        self.language_until = None;
        self.run_workers();
    }

    fn keep_language(&mut self, now: Instant) {
        let minutes = self.settings.assistant.unload_min;
        let stays = if minutes == 0 { FOR_GOOD } else { Duration::from_secs(60 * u64::from(minutes)) };
        self.language_until = Some(now + stays);
    }

    /// The local language model as the assistant finds it.
    pub(super) fn publish_language(&self) {
        let worker = self.workers.iter().find(|worker| worker.about.name == engine::LLAMA);
        let now = worker.map_or_else(Local::default, |worker| match &worker.place {
            Place::Running(it) => {
                let state = it.handle.state().borrow().clone();
                // One that was stopped by hand does not come by itself, however long somebody waits.
                let is_off = state.phase == Phase::Stopped && state.last_exit.is_some();
                let off = || Engine::Absent(Problem::of(Code::WorkerAway));
                let engine = if is_off { off() } else { engine::engine(&state) };
                Local { engine, worker: Some(it.handle.clone()) }
            }
            Place::Absent(problem) => Local { engine: Engine::Absent(problem.clone()), worker: None },
            Place::Waiting | Place::Resting => Local::default(),
        });
        self.language.send_replace(now);
    }

    /// Why the model is not to be loaded now: a broken file, or too little memory. One that is in memory already is not asked.
    pub(super) fn unfit_language(&self) -> Option<Problem> {
        let is_wanted = self.language_until.is_some() || self.settings.workers.llama;
        let worker = self.workers.iter().find(|worker| worker.about.name == engine::LLAMA);
        let model = engine::language_model(&self.settings, &self.parts.programs, &self.languages)?;
        let has_it = |running: &Running| {
            let state = running.handle.state().borrow().phase.clone();
            running.spec.args.iter().any(|argument| model.as_os_str() == argument)
                && !matches!(state, Phase::Failed { .. } | Phase::Stopped)
        };
        if !is_wanted || worker.and_then(AppWorker::running).is_some_and(has_it) {
            return None;
        }
        let files = &*self.parts.language_models;
        engine::unfit_language(&self.settings, &self.parts.programs, &self.languages, files)
    }

    /// Reads the folder of language models again.
    pub(super) async fn refresh_languages(&mut self) {
        let files = self.parts.language_models.clone();
        match tokio::task::spawn_blocking(move || files.installed()).await {
            Ok(Ok(installed)) => self.languages = installed,
            Ok(Err(problem)) => self.problem = Some(problem),
            Err(error) => tracing::error!(%error, "reading the folder of language models panicked"),
        }
    }
}
