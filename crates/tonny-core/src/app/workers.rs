//! The workers the settings ask for: started, swapped when the settings change, ended when no longer wanted. What is to
//! run, [`kinds`] says; which engine an utterance goes to, the transcription decides along the published [`Chain`].

use tonny_supervisor::{Phase, Spec, WorkerState, memory_of_this_computer};

use super::ask::{Message, SettingsChange, WorkerCommand};
use super::{App, DesktopWish};
use crate::activity::{Did, changes};
use crate::engine::kinds::{self, Seat, Site, Wanted};
use crate::engine::{self, Chain, Engine, Link};
use crate::problem::{Code, Problem};
use crate::settings::{self, Settings};
use crate::worker_view::{About, WorkerView};

/// One wanted worker.
pub(super) struct AppWorker {
    pub(super) about: About,
    seat: Option<Seat>,
    pub(super) place: Place,
    /// As people see it.
    pub(super) view: WorkerView,
}

/// Whether a wanted worker runs, and if not, why not.
pub(super) enum Place {
    /// Handed to the supervisor.
    Running(Box<Running>),
    /// It starts as soon as the last one of its name is gone.
    Waiting,
    /// It was stopped by hand while it waited, and starts by hand alone.
    Resting,
    /// It can never start as things are.
    Absent(Problem),
}

pub(super) struct Running {
    /// Counts our starts of workers.
    run: u64,
    pub(super) handle: engine::Worker,
    /// What it was started with.
    pub(super) spec: Spec,
}

/// A worker that is not wanted any more and has not ended yet. Two of one name must never run at once.
pub(super) struct Leaving {
    name: String,
    run: u64,
    handle: engine::Worker,
}

impl AppWorker {
    /// Its place in the chain, if it is a speech engine.
    fn link(&self) -> Option<Link> {
        let Seat { engine, model, rest } = self.seat.clone()?;
        let now = match &self.place {
            Place::Running(it) => engine::engine(&it.handle.state().borrow()),
            Place::Absent(problem) => Engine::Absent(problem.clone()),
            Place::Waiting | Place::Resting => Engine::Away,
        };
        let (run, worker) = self.running().map_or((0, None), |it| (it.run, Some(it.handle.clone())));
        Some(Link { name: engine, model, rest, run, engine: now, worker })
    }

    /// Whether it can never start as things are.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.place, Place::Absent(_))
    }

    pub(super) fn running(&self) -> Option<&Running> {
        match &self.place {
            Place::Running(it) => Some(it),
            _ => None,
        }
    }

    fn into_handle(self) -> Option<engine::Worker> {
        match self.place {
            Place::Running(it) => Some(it.handle),
            _ => None,
        }
    }
}

impl App {
    /// What has to happen once, before the first message.
    pub(super) async fn prepare(&mut self) {
        self.tasks.spawn(self.parts.store.upkeep());
        self.next_clean_up = Some(self.parts.clock.now() + super::storage::FIRST_CLEAN_UP);
        self.begin_repair();
        self.set_room_aside();
        self.refresh_models().await;
        self.last = self.newest().await;
        self.recover().await;
        self.migrate_secrets();
        self.watch_vault();
        self.ensure_recordings_key();
        self.show_at_start();
        self.look_for_microphones();
        self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
    }

    /// Starts what the settings ask for, swaps what changed, ends what is no longer wanted.
    pub(super) fn run_workers(&mut self) {
        let (settings, programs) = (self.settings.clone(), self.parts.programs.clone());
        let unfit = self.unfit_language();
        let site = Site {
            settings: &settings,
            programs: &programs,
            installed: &self.installed,
            memory: memory_of_this_computer(),
            language: self.language_until.is_some(),
            languages: &self.languages,
            unfit: unfit.as_ref(),
        };
        let wanted = kinds::wanted(&site);
        let mut before = std::mem::take(&mut self.workers);
        for Wanted { about, seat, spec, .. } in wanted {
            let old = before.iter().position(|worker| worker.about.name == about.name);
            let worker = self.place_worker(about, seat, spec, old.map(|at| before.remove(at)));
            self.workers.push(worker);
        }
        for worker in before {
            self.retire(worker);
        }
        self.chain.send_replace(Chain { links: self.workers.iter().filter_map(AppWorker::link).collect() });
        self.publish_language();
    }

    fn place_worker(
        &mut self,
        about: About,
        seat: Option<Seat>,
        spec: Result<Spec, Problem>,
        old: Option<AppWorker>,
    ) -> AppWorker {
        let rests = old.as_ref().is_some_and(|old| matches!(old.place, Place::Resting));
        let place = match spec {
            _ if rests => Place::Resting,
            Ok(spec) => self.run_worker(&about.name, spec, old).unwrap_or_else(Place::Absent),
            Err(problem) => {
                old.into_iter().for_each(|old| self.retire(old));
                Place::Absent(problem)
            }
        };
        let moment = self.moment();
        let view = match &place {
            Place::Running(it) => WorkerView::of(&it.handle.state().borrow(), &about, moment),
            Place::Waiting => WorkerView::after_its_last(&about, moment),
            Place::Resting => WorkerView::stopped(&about, moment),
            Place::Absent(problem) => {
                let state = if problem.is(Code::ModelNone) { "no_model" } else { "failed" };
                let view = WorkerView::absent(&about, state, problem, moment);
                if let Some(alert) = self.alerts.absent(&view) {
                    self.alert(alert);
                }
                view
            }
        };
        AppWorker { about, seat, place, view }
    }

    /// Ends a worker that is not wanted any more; [`Message::WorkerGone`] tells when it is gone.
    fn retire(&mut self, worker: AppWorker) {
        let Place::Running(running) = worker.place else { return };
        let Running { run, handle, .. } = *running;
        let app = self.handle.clone();
        self.leaving.push(Leaving { name: worker.about.name, run, handle: handle.clone() });
        self.tasks.spawn(async move {
            while let Err(error) = handle.close().await {
                tracing::error!(%error, "a worker that is not wanted does not end");
            }
            app.send(Message::WorkerGone(run)).await;
        });
    }

    /// One that was not wanted is gone; one of its name may have waited for that.
    pub(super) fn worker_gone(&mut self, run: u64) {
        self.leaving.retain(|worker| worker.run != run);
        if self.workers.iter().any(|worker| matches!(worker.place, Place::Waiting)) {
            self.run_workers();
        }
    }

    /// Runs a worker by this spec: the old one with another spec if there is one, else a new one, which waits as long as
    /// the last one of that name has not ended.
    fn run_worker(&mut self, name: &str, spec: Spec, old: Option<AppWorker>) -> Result<Place, Problem> {
        if let Some(old) = old
            && let Some(Running { run, handle, spec: before }) = old.running()
        {
            let (run, handle) = (*run, handle.clone());
            if *before == spec {
                // What made it fail may have been repaired: a model installed anew, say.
                if matches!(handle.state().borrow().phase, Phase::Failed { .. }) {
                    handle.retry_now();
                }
            } else if let Err(error) = handle.respec(spec.clone()) {
                self.retire(old);
                return Err(engine::refused(name, error));
            }
            return Ok(Place::Running(Box::new(Running { run, handle, spec })));
        }
        if self.leaving.iter().any(|worker| worker.name == name) {
            return Ok(Place::Waiting);
        }
        let (worker, future) =
            self.supervisor.worker(spec.clone()).map_err(|error| engine::refused(name, error))?;
        self.runs += 1;
        let run = self.runs;
        self.tasks.spawn(future);
        self.tasks.spawn(super::usage::follow(name.to_owned(), worker.usage(), self.handle.clone()));
        let (handle, chain, states) = (self.handle.clone(), self.chain.clone(), worker.state());
        let publish = move |engine| _ = chain.send_if_modified(|chain| chain.note(run, engine));
        self.tasks.spawn(engine::follow(states, publish, async move |state| {
            handle.send(Message::Worker(run, Box::new(state))).await;
        }));
        Ok(Place::Running(Box::new(Running { run, handle: worker, spec })))
    }

    /// A worker's state changed. News of a worker that was replaced meanwhile is none.
    pub(super) fn worker_changed(&mut self, run: u64, state: &WorkerState) {
        let moment = self.moment();
        let is_it = |worker: &&mut AppWorker| worker.running().is_some_and(|it| it.run == run);
        let Some(worker) = self.workers.iter_mut().find(is_it) else { return };
        worker.view = WorkerView::of(state, &worker.about, moment);
        if let Some(turn) = self.alerts.turn(&worker.view) {
            self.activity.done(turn);
        }
        let is_language = worker.about.name == engine::LLAMA;
        if let Some(alert) = self.alerts.worker(&worker.view) {
            self.alert(alert);
        }
        if is_language {
            self.publish_language();
        }
    }

    /// Ends all workers, at the same time, and waits for that until the deadline. One that ignores the request is killed
    /// in time for its end to be seen.
    pub(super) async fn close_workers(&mut self, deadline: tokio::time::Instant) {
        let grace = deadline
            .saturating_duration_since(tokio::time::Instant::now())
            .saturating_sub(engine::Worker::STOP_MARGIN);
        let wanted = self.workers.drain(..).filter_map(AppWorker::into_handle);
        let handles =
            wanted.chain(self.leaving.drain(..).map(|worker| worker.handle)).chain(self.retries.take_extra());
        let closing: Vec<_> = handles
            .map(|worker| self.tasks.spawn(async move { _ = worker.close_within(grace).await }))
            .collect();
        for closed in closing {
            let _ = tokio::time::timeout_at(deadline, closed).await;
        }
    }

    /// Starts, stops or frees a worker by hand.
    pub(super) fn command_worker(&mut self, name: &str, command: WorkerCommand) -> Result<(), Problem> {
        let moment = self.moment();
        if let Some(worker) = self.workers.iter_mut().find(|worker| worker.about.name == name)
            && worker.running().is_none()
        {
            match command {
                WorkerCommand::Stop if matches!(worker.place, Place::Waiting) => {
                    worker.place = Place::Resting;
                    worker.view = WorkerView::stopped(&worker.about, moment);
                    return Ok(());
                }
                WorkerCommand::Start | WorkerCommand::Restart => {
                    // What was missing may be there by now; one that waits for its last one starts by itself.
                    worker.place = Place::Waiting;
                    self.run_workers();
                    return self.could_start(name);
                }
                _ => {}
            }
        }
        let worker = self.worker_named(name)?;
        match command {
            WorkerCommand::Start => start(worker),
            WorkerCommand::Restart => worker.restart(),
            // Who wants it tried again does not want it held.
            WorkerCommand::ResetBreaker => {
                worker.hold(false);
                worker.reset_breaker();
            }
            WorkerCommand::Hold => worker.hold(true),
            WorkerCommand::Release => worker.hold(false),
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
        match &worker.place {
            Place::Running(it) => Ok(&it.handle),
            Place::Absent(problem) => Err(problem.clone()),
            Place::Waiting | Place::Resting => Err(Problem::of(Code::WorkerAway)),
        }
    }

    fn could_start(&self, name: &str) -> Result<(), Problem> {
        match self.workers.iter().find(|worker| worker.about.name == name).map(|worker| &worker.place) {
            Some(Place::Absent(problem)) => Err(problem.clone()),
            _ => Ok(()),
        }
    }

    /// The engine an utterance is offered to first, for its row; the one that hears it is written with the text.
    pub(super) fn first_engine(&self) -> (Option<String>, Option<String>) {
        let first = self.workers.iter().find_map(|worker| worker.seat.clone());
        first.map_or((None, None), |seat| (Some(seat.engine), seat.model))
    }

    pub(super) async fn change_settings(&mut self, change: SettingsChange) -> Result<Settings, Problem> {
        let store = &self.parts.store;
        let is_reset = matches!(change, SettingsChange::Reset(None));
        let new = match change {
            SettingsChange::Field(key, value) => {
                let patch = |now: &Settings| {
                    let new = now.with(&key, value.clone())?;
                    engine::check_described(&new, now)?;
                    Ok(new)
                };
                settings::change(store, patch).await?
            }
            SettingsChange::Reset(None) => settings::start_over(store).await?,
            SettingsChange::Reset(Some(key)) => settings::change(store, |now| now.reset(Some(&key))).await?,
            SettingsChange::All(settings) => settings::change(store, |_| Ok((*settings).clone())).await?,
        };
        let changed = if is_reset { vec![Did::SettingsReset] } else { changes(&self.settings, &new) };
        changed.into_iter().for_each(|did| self.activity.done(did));
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
            self.settings_out.send_replace(self.settings.clone());
            super::close_doors(&self.parts, &self.settings);
            self.wish(DesktopWish::Apply(Box::new(self.settings.clone())));
        }
    }
}

/// Whatever it rests for, it starts now; one that runs goes on. Each order acts in its own phases alone, so that a phase
/// which changes meanwhile does no harm.
fn start(worker: &engine::Worker) {
    worker.start();
    worker.retry_now();
    if worker.state().borrow().phase == Phase::Draining {
        // The last order counts: a stop under way is followed by a start.
        worker.restart();
    }
}
