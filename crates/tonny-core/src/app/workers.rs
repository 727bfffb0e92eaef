//! The workers the settings ask for: started, swapped when the settings change, ended when no longer wanted. What is to
//! run, [`kinds`] says; which engine an utterance goes to, the transcription decides along the published [`Chain`].

use tonny_supervisor::{Phase, Spec, WorkerState};

use super::ask::{Message, SettingsChange, WorkerCommand};
use super::{App, DesktopWish};
use crate::engine::kinds::{self, Seat, Site, Wanted};
use crate::engine::{self, Chain, Engine, Link};
use crate::problem::{Code, Problem};
use crate::settings::{self, Settings};
use crate::worker_view::{About, WorkerView};

/// One wanted worker, running or impossible.
pub(super) struct AppWorker {
    about: About,
    seat: Option<Seat>,
    /// Counts our starts of workers; 0 for one that was never started.
    run: u64,
    handle: Option<engine::Worker>,
    /// What it was started with.
    spec: Option<Spec>,
    /// Why there is none.
    absent: Option<Problem>,
    /// As people see it.
    pub(super) view: WorkerView,
}

impl AppWorker {
    /// Its place in the chain, if it is a speech engine.
    fn link(&self) -> Option<Link> {
        let Seat { engine, model, rest } = self.seat.clone()?;
        let now = match (&self.handle, &self.absent) {
            (Some(handle), _) => engine::engine(&handle.state().borrow()),
            (None, Some(problem)) => Engine::Absent(problem.clone()),
            (None, None) => Engine::Away,
        };
        Some(Link { name: engine, model, rest, run: self.run, engine: now, worker: self.handle.clone() })
    }
}

impl App {
    /// What has to happen once, before the first message.
    pub(super) async fn prepare(&mut self) {
        self.tasks.spawn(self.parts.store.upkeep());
        self.next_clean_up = Some(self.parts.clock.now() + super::storage::FIRST_CLEAN_UP);
        self.begin_salvage();
        self.set_room_aside();
        self.refresh_models().await;
        self.last = self.newest().await;
        self.recover().await;
        self.migrate_secrets();
        self.watch_vault();
        self.ensure_recordings_key();
        self.show_at_start();
        self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
    }

    /// Starts what the settings ask for, swaps what changed, ends what is no longer wanted.
    pub(super) fn run_workers(&mut self) {
        let (settings, programs) = (self.settings.clone(), self.parts.programs.clone());
        let site = Site { settings: &settings, programs: &programs, installed: &self.installed };
        let mut before = std::mem::take(&mut self.workers);
        let wanted = kinds::wanted(&site);
        for Wanted { about, seat, spec } in wanted {
            let old = before.iter().position(|worker| worker.about == about).map(|at| before.remove(at));
            let started = spec.and_then(|spec| Ok((self.run_worker(&about.name, spec.clone(), old)?, spec)));
            let worker = match started {
                Ok(((run, handle), spec)) => {
                    let view = WorkerView::of(&handle.state().borrow(), &about, self.moment());
                    AppWorker { about, seat, run, handle: Some(handle), spec: Some(spec), absent: None, view }
                }
                Err(problem) => {
                    let state = if problem.is(Code::ModelNone) { "no_model" } else { "failed" };
                    let view = WorkerView::absent(&about, state, &problem, self.moment());
                    AppWorker { about, seat, run: 0, handle: None, spec: None, absent: Some(problem), view }
                }
            };
            self.workers.push(worker);
        }
        for worker in before.into_iter().filter_map(|worker| worker.handle) {
            self.tasks.spawn(async move { _ = worker.close().await });
        }
        self.chain.send_replace(Chain { links: self.workers.iter().filter_map(AppWorker::link).collect() });
    }

    /// Runs a worker by this spec: the old one with another spec if there is one, else a new one.
    fn run_worker(
        &mut self,
        name: &str,
        spec: Spec,
        old: Option<AppWorker>,
    ) -> Result<(u64, engine::Worker), Problem> {
        if let Some((run, worker, before)) = old.and_then(|old| Some((old.run, old.handle?, old.spec))) {
            if before.as_ref() == Some(&spec) {
                // What made it fail may have been repaired: a model installed anew, say.
                if matches!(worker.state().borrow().phase, Phase::Failed { .. }) {
                    worker.retry_now();
                }
                return Ok((run, worker));
            }
            return match worker.respec(spec) {
                Ok(()) => Ok((run, worker)),
                Err(error) => {
                    self.tasks.spawn(async move { _ = worker.close().await });
                    Err(engine::refused(name, error))
                }
            };
        }
        let (worker, future) = self.supervisor.worker(spec).map_err(|error| engine::refused(name, error))?;
        self.runs += 1;
        let run = self.runs;
        self.tasks.spawn(future);
        self.tasks.spawn(super::usage::follow(name.to_owned(), worker.usage(), self.handle.clone()));
        let (handle, chain, states) = (self.handle.clone(), self.chain.clone(), worker.state());
        let publish = move |engine| _ = chain.send_if_modified(|chain| chain.note(run, engine));
        self.tasks.spawn(engine::follow(states, publish, async move |state| {
            handle.send(Message::Worker(run, Box::new(state))).await;
        }));
        Ok((run, worker))
    }

    /// A worker's state changed. News of a worker that was replaced meanwhile is none.
    pub(super) fn worker_changed(&mut self, run: u64, state: &WorkerState) {
        let moment = self.moment();
        let worker = self.workers.iter_mut().find(|worker| worker.run == run && worker.handle.is_some());
        let Some(worker) = worker else { return };
        worker.view = WorkerView::of(state, &worker.about, moment);
        if let Some(alert) = self.alerts.worker(&worker.view) {
            self.alert(alert);
        }
    }

    /// Ends all workers, at the same time.
    pub(super) async fn close_workers(&mut self, deadline: tokio::time::Instant) {
        let extra = self.retries.take_extra();
        let handles = self.workers.drain(..).filter_map(|worker| worker.handle).chain(extra);
        let closing: Vec<_> =
            handles.map(|worker| self.tasks.spawn(async move { _ = worker.close().await })).collect();
        for closed in closing {
            let _ = tokio::time::timeout_at(deadline, closed).await;
        }
    }

    /// Starts, stops or frees a worker by hand.
    pub(super) fn command_worker(&mut self, name: &str, command: WorkerCommand) -> Result<(), Problem> {
        let worker = self.worker_named(name)?;
        match command {
            WorkerCommand::Start => worker.start(),
            WorkerCommand::Restart => worker.restart(),
            WorkerCommand::ResetBreaker => worker.reset_breaker(),
            WorkerCommand::Stop => {
                let worker = worker.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = worker.stop().await {
                        tracing::error!(%error, "a worker did not stop");
                    }
                });
            }
        }
        Ok(())
    }

    pub(super) fn worker_logs(&self, name: &str) -> Result<Vec<String>, Problem> {
        Ok(self.worker_named(name)?.log_tail())
    }

    pub(super) fn worker_named(&self, name: &str) -> Result<&engine::Worker, Problem> {
        let worker = self.workers.iter().find(|worker| worker.about.name == name).ok_or_else(|| {
            Problem::with(Code::WorkerUnknown, format!("It was called {}", crate::problem::quoted(name)))
        })?;
        let absent = || worker.absent.clone().unwrap_or_else(|| Problem::of(Code::WorkerUnknown));
        worker.handle.as_ref().ok_or_else(absent)
    }

    /// The engine an utterance is offered to first, for its row; the one that hears it is written with the text.
    pub(super) fn first_engine(&self) -> (Option<String>, Option<String>) {
        let first = self.workers.iter().find_map(|worker| worker.seat.clone());
        first.map_or((None, None), |seat| (Some(seat.engine), seat.model))
    }

    pub(super) async fn change_settings(&mut self, change: SettingsChange) -> Result<Settings, Problem> {
        let new = match change {
            SettingsChange::Field(key, value) => {
                let new = self.settings.with(&key, value)?;
                engine::check_described(&new, &self.settings)?;
                new
            }
            SettingsChange::Reset(None) => settings::start_over(&self.parts.store).await?,
            SettingsChange::Reset(Some(key)) => self.settings.reset(Some(&key))?,
            SettingsChange::All(settings) => *settings,
        };
        settings::save(&self.parts.store, &new).await?;
        self.apply(new);
        Ok(self.settings.clone())
    }

    /// Settings and models may have been changed by the terminal.
    pub(super) async fn reload(&mut self) {
        let (settings, problem) = settings::load(&self.parts.store).await;
        if let Some(problem) = problem {
            self.problem = Some(problem);
        }
        self.apply(settings);
        self.history_version += 1;
        self.secrets_changed();
        self.refresh_models().await;
    }

    fn apply(&mut self, new: Settings) {
        let old = std::mem::replace(&mut self.settings, new);
        // WhisperLiveKit is started for a language.
        let language = old.dictation.language != self.settings.dictation.language;
        if old.speech != self.settings.speech || old.workers != self.settings.workers || language {
            self.run_workers();
        }
        if old.storage.encrypt_audio != self.settings.storage.encrypt_audio {
            self.ensure_recordings_key();
        }
        if old != self.settings {
            self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
        }
    }
}
