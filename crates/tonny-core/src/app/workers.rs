//! The speech worker: started with the chosen model, swapped when the choice changes, restarted when asked.

use tonny_supervisor as supervisor;

use super::ask::{Message, SettingsChange, WorkerCommand};
use super::{App, DesktopWish};
use crate::engine::{self, Engine};
use crate::model;
use crate::problem::{Code, Problem};
use crate::settings::{self, Settings};
use crate::worker_view::WorkerView;

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
        self.show_at_start();
        self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
    }

    /// Starts the engine with the chosen model, or swaps its model.
    pub(super) fn run_engine(&mut self) {
        let Some(chosen) = model::choose(&self.settings.speech.model, &self.installed) else {
            let problem = Problem::of(Code::ModelNone);
            return self.no_engine(problem);
        };
        let spec = engine::spec(&self.parts.programs, chosen, &self.settings);
        let started = match &self.worker {
            Some(worker) => worker.respec(spec).map_err(engine::refused).map(|()| None),
            None => self.supervisor.worker(spec).map_err(engine::refused).map(Some),
        };
        match started {
            Err(problem) => self.no_engine(problem),
            Ok(None) => {}
            Ok(Some((worker, run))) => {
                self.tasks.spawn(run);
                self.worker = Some(worker.clone());
                let usage =
                    super::usage::follow(engine::NAME.to_owned(), worker.usage(), self.handle.clone());
                self.tasks.spawn(usage);
                let (handle, engine_out) = (self.handle.clone(), self.engine.clone());
                self.tasks.spawn(engine::follow(worker, engine_out, async move |state| {
                    handle.send(Message::Worker(Box::new(state))).await;
                }));
            }
        }
    }

    fn no_engine(&mut self, problem: Problem) {
        let moment = self.moment();
        self.worker_view = Some(WorkerView::absent(&engine::about(), "no_model", &problem, moment));
        self.engine.send_replace(Engine::Absent(problem));
        if let Some(worker) = self.worker.take() {
            self.tasks.spawn(async move { _ = worker.close().await });
        }
    }

    /// A real request was answered: an engine on probation is trusted again.
    pub(super) fn trust_engine(&self) {
        if let (Some(worker), Engine::Ready(door)) = (&self.worker, &*self.engine.borrow()) {
            worker.served(door.incarnation);
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

    pub(super) fn worker_named(&self, name: &str) -> Result<&supervisor::Handle, Problem> {
        if name != engine::NAME {
            return Err(Problem::with(Code::WorkerUnknown, format!("It was called {name:?}")));
        }
        self.worker.as_ref().ok_or_else(|| Problem::of(Code::ModelNone))
    }

    pub(super) async fn change_settings(&mut self, change: SettingsChange) -> Result<Settings, Problem> {
        let new = match change {
            SettingsChange::Field(key, value) => self.settings.with(&key, value)?,
            SettingsChange::Reset(key) => self.settings.reset(key.as_deref())?,
            SettingsChange::All(settings) => *settings,
        };
        settings::save(&self.parts.store, &new).await?;
        self.apply(new);
        Ok(self.settings.clone())
    }

    /// Settings and models may have been changed by the terminal.
    pub(super) async fn reload(&mut self) {
        let (settings, problem) = super::load_settings(&self.parts.store).await;
        match problem {
            None => self.apply(settings),
            Some(problem) => self.problem = Some(problem),
        }
        self.history_version += 1;
        self.secrets_version += 1;
        self.refresh_models().await;
    }

    fn apply(&mut self, new: Settings) {
        let old = std::mem::replace(&mut self.settings, new);
        if old.speech != self.settings.speech {
            self.run_engine();
        }
        if old != self.settings {
            self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
        }
    }
}
