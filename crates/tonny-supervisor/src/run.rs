//! Carries out what the machine decides: one loop per worker that waits for orders, reports, the exit and the timer,
//! asks the machine, acts, publishes. It decides nothing itself.

mod copy;

use crate::{
    Gate, Handle, Level, Phase, Ready, ReadyBy, RecordKind, Spec, Token, Usage, WorkerState,
    child::{Ended, Process, Report, Signal, Wires},
    handle::Order,
    health,
    logs::{CopyLog, WorkerLog},
    machine::{Cause, Effect, End, Event, Machine},
    probe::{Answer, At},
    remains::Remains,
    supervisor::Shared,
    usage::{Look, Meter, offer_to_the_oom_killer, oom_kills},
};
use copy::{Copy, News, Prober};
use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot, watch},
    time::sleep_until,
};

/// Reports of one copy that may wait: one ready line and some signs of life. More of the latter say nothing new.
const REPORTS: usize = 16;

/// A start that waits until other heavy ones are through.
struct Queued {
    incarnation: u64,
    turn: Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>,
}

/// Everything one worker's future owns.
pub(crate) struct Runner {
    spec: Spec,
    shared: Arc<Shared>,
    machine: Machine,
    gate: Gate,
    /// What the gate had counted when we last looked.
    signs: u64,
    orders: mpsc::UnboundedReceiver<Order>,
    log: WorkerLog,
    grace: watch::Sender<Duration>,
    state: watch::Sender<WorkerState>,
    usage: watch::Sender<Usage>,
    queued: Option<Queued>,
    copy: Option<Copy>,
    /// Last output of copies that have ended, where somebody else still holds their pipes.
    remains: Remains,
    waiting: Vec<oneshot::Sender<()>>,
    closing: bool,
}

/// What the loop woke up for.
enum Wakeup {
    Order(Option<Order>),
    News(News),
    Turn(u64, Option<OwnedSemaphorePermit>),
    Requests,
    Remains,
    Timer,
}

impl Runner {
    pub(crate) fn new(spec: Spec, shared: Arc<Shared>) -> (Self, Handle) {
        let machine = Machine::new(spec.policy(), Instant::now(), seed());
        let gate = Gate::new(spec.breaker.clone());
        let (sender, orders) = mpsc::unbounded_channel();
        let (log, tail) = shared.logs.worker(&spec.name);
        let (grace, stop_grace) = watch::channel(spec.stop_grace);
        let (state, state_out) = watch::channel(WorkerState::stopped(&spec.name));
        let (usage, usage_out) = watch::channel(Usage::default());
        let handle = Handle {
            orders: sender,
            state: state_out,
            usage: usage_out,
            stop_grace,
            tail,
            gate: gate.clone(),
        };
        let runner = Self {
            spec,
            shared,
            machine,
            gate,
            signs: 0,
            orders,
            log,
            grace,
            state,
            usage,
            queued: None,
            copy: None,
            remains: Remains::default(),
            waiting: Vec::new(),
            closing: false,
        };
        (runner, handle)
    }

    pub(crate) async fn run(mut self) {
        self.event(Event::Start);
        while !(self.closing && !self.machine.is_live() && self.remains.is_empty()) {
            let wakeup = self.next().await;
            self.look_for_signs();
            match wakeup {
                Wakeup::Order(order) => self.order(order),
                Wakeup::News(News::Report(report)) => self.report(report),
                Wakeup::News(News::Ended(end)) => self.ended(end),
                Wakeup::News(News::Probed(answer)) => self.probed(answer),
                Wakeup::News(News::Looked(look)) => self.looked(look),
                Wakeup::Turn(incarnation, turn) => {
                    self.queued = None;
                    if let Err(event) = self.spawn(incarnation, turn) {
                        self.event(event);
                    }
                    self.publish();
                }
                Wakeup::Requests => self.event(Event::InFlight(self.gate.in_flight())),
                Wakeup::Remains => {}
                Wakeup::Timer => self.event(Event::Tick),
            }
        }
    }

    /// Tokens and partial results do not wake the loop one by one; what came since the last time counts now. Waiting
    /// for other workers' starts is nobody's stall.
    fn look_for_signs(&mut self) {
        let signs = self.gate.signs();
        if std::mem::replace(&mut self.signs, signs) != signs || self.queued.is_some() {
            self.event(Event::Progress);
        }
    }

    async fn next(&mut self) -> Wakeup {
        let wake = self.machine.wake().into_iter().chain(self.gate.wake()).min();
        let timer = async {
            match wake {
                Some(at) => sleep_until(at.into()).await,
                None => pending().await,
            }
        };
        let news = async {
            match &mut self.copy {
                Some(copy) => copy.next().await,
                None => pending().await,
            }
        };
        let turn = async {
            match &mut self.queued {
                Some(queued) => (queued.incarnation, queued.turn.as_mut().await),
                None => pending().await,
            }
        };
        tokio::select! {
            order = self.orders.recv(), if !self.closing => Wakeup::Order(order),
            news = news => Wakeup::News(news),
            (incarnation, turn) = turn => Wakeup::Turn(incarnation, turn),
            () = self.gate.changed() => Wakeup::Requests,
            () = self.remains.next() => Wakeup::Remains,
            () = timer => Wakeup::Timer,
        }
    }

    fn order(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Start) => self.event(Event::Start),
            Some(Order::Restart) => {
                self.gate.reset();
                self.event(Event::Restart);
            }
            Some(Order::RetryNow) => self.event(Event::RetryNow),
            Some(Order::Served { incarnation }) => {
                let current = self.copy.as_ref().and_then(|copy| copy.ready.as_ref());
                if current.is_some_and(|ready| ready.incarnation == incarnation) {
                    self.event(Event::Served);
                }
            }
            Some(Order::Respec(spec)) => {
                self.spec = *spec;
                self.grace.send_replace(self.spec.stop_grace);
                self.machine.set_policy(self.spec.policy());
                self.gate.set_limits(self.spec.breaker.clone());
                self.event(Event::Restart);
            }
            Some(Order::Stop(done)) => {
                self.waiting.push(done);
                self.event(Event::Stop);
            }
            Some(Order::Close(done)) => {
                self.waiting.push(done);
                self.closing = true;
                self.event(Event::Stop);
            }
            None => {
                self.closing = true;
                self.event(Event::Stop);
            }
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Progress => self.event(Event::Progress),
            Report::BadReadyLine(reason) => self.event(Event::BadReady(reason.to_owned())),
            Report::ReadyLine { line, address } => self.ready(line, address),
        }
    }

    fn ready(&mut self, line: String, address: Option<String>) {
        if let Some(copy) = &mut self.copy {
            copy.pid = pid_in(&line).or(copy.pid);
            let incarnation = self.machine.incarnation();
            let ready = Ready { line, address, token: copy.token.clone(), incarnation };
            copy.prober = Prober::for_health(&self.spec, &ready, Instant::now());
            copy.ready = Some(ready);
            copy.turn = None;
        }
        self.event(Event::Ready);
    }

    fn probed(&mut self, answer: Answer) {
        let Some(copy) = &mut self.copy else { return };
        match (answer, copy.ready.is_some()) {
            (Answer::Well, false) if copy.answers_itself(&self.spec.health) => {
                let first = self.spec.health.first().map(|probe| &probe.at);
                let address = first.and_then(|at| match at {
                    At::Tcp(address) => Some(address.to_string()),
                    At::Unix(_) | At::Told => None,
                });
                self.ready(String::new(), address);
            }
            (Answer::Loading, false) => self.event(Event::Progress),
            (Answer::Well | Answer::Silent, false) => {}
            // A worker that says it is loading speaks, and so it is not hung.
            (Answer::Well | Answer::Loading, true) => self.event(Event::ProbeOk),
            (Answer::Silent, true) => self.event(Event::ProbeMissed),
        }
    }

    fn looked(&mut self, look: Look) {
        self.usage.send_replace(look.usage);
        if look.worked {
            self.event(Event::CpuAdvanced);
        }
        if look.over_ceiling {
            tracing::warn!(worker = %self.spec.name, bytes = look.usage.memory, "over its memory ceiling");
            self.event(Event::OverMemory);
        }
        self.publish();
    }

    fn ended(&mut self, Ended { end, output }: Ended) {
        self.copy = None;
        self.gate.replaced();
        self.usage.send_replace(Usage::default());
        tracing::info!(worker = %self.spec.name, exit = %end.exit, "worker ended");
        let incarnation = self.machine.incarnation();
        self.event(Event::Exited(end));
        // After the decision: the next copy has started already, and does not wait for what the last one has to say.
        let incident = self.machine.last_exit().filter(|last| last.cause != Cause::AskedFor).cloned();
        self.remains.add(output, self.log.clone(), incarnation, incident);
    }

    /// Asks the machine, acts, publishes. A start that fails is an event of its own.
    fn event(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let effect = self.machine.on(event, Instant::now());
            if self.copy.is_none() {
                // Whoever waits for the end waits for that of a copy which is gone now, even where another one follows.
                for done in self.waiting.drain(..) {
                    // Fails when nobody waits any more.
                    done.send(()).ok();
                }
            }
            match effect {
                Some(Effect::Start { incarnation }) => next = self.start(incarnation).err(),
                Some(Effect::Terminate) => next = self.signal(Signal::Terminate),
                Some(Effect::Force) => next = self.signal(Signal::Force),
                Some(Effect::Kill) => next = self.signal(Signal::Kill),
                None => {}
            }
            self.publish();
        }
    }

    fn start(&mut self, incarnation: u64) -> Result<(), Event> {
        if !self.spec.heavy {
            return self.spawn(incarnation, None);
        }
        let gate = Arc::clone(&self.shared.heavy_starts);
        match Arc::clone(&gate).try_acquire_owned() {
            Ok(turn) => self.spawn(incarnation, Some(turn)),
            Err(_) => {
                // Fails only when the gate is closed, which nobody does.
                let turn = Box::pin(async move { gate.acquire_owned().await.ok() });
                self.queued = Some(Queued { incarnation, turn });
                Ok(())
            }
        }
    }

    fn spawn(&mut self, incarnation: u64, turn: Option<OwnedSemaphorePermit>) -> Result<(), Event> {
        tracing::info!(worker = %self.spec.name, incarnation, "starting worker");
        let (shared, oom_kills) = (&self.shared, oom_kills());
        let started =
            Token::fresh().and_then(|token| Ok((Process::spawn(&self.spec, shared, &token)?, token)));
        let (process, token) = started.map_err(|error| {
            tracing::warn!(worker = %self.spec.name, %error, "worker did not start");
            Event::NotStarted { reason: error.to_string(), transient: error.is_transient() }
        })?;
        let (reporting, reports) = mpsc::channel(REPORTS);
        let (signals, signalled) = mpsc::unbounded_channel();
        let log = CopyLog::new(self.log.clone(), incarnation, &self.spec.secrets(&token));
        let wires = Wires { signals: signalled, reports: reporting, log, ready: self.spec.ready.clone() };
        let (pid, now) = (process.pid(), Instant::now());
        // The keeper does this for its worker and must not be offered itself.
        if let (Some(pid), None) = (pid, &shared.base.keeper) {
            offer_to_the_oom_killer(pid);
        }
        let asks = self.spec.ready == ReadyBy::Probe;
        self.copy = Some(Copy {
            end: Box::pin(process.live(wires)),
            reports,
            signals,
            pid,
            prober: asks.then(|| Prober::for_readiness(&self.spec, token.clone(), now)),
            token,
            started_at: now,
            ready: None,
            meter: Meter::new(pid.unwrap_or(u32::MAX), self.spec.memory_ceiling, now),
            oom_kills,
            turn,
        });
        Ok(())
    }

    /// Tells the live copy. One that still waits for its turn has ended by that.
    fn signal(&mut self, signal: Signal) -> Option<Event> {
        if self.queued.take().is_some() {
            return Some(Event::Exited(End::default()));
        }
        if let Some(copy) = &self.copy {
            // Fails only when the copy has ended; its exit is on the way.
            copy.signals.send(signal).ok();
        }
        None
    }

    fn publish(&self) {
        let new = self.snapshot(Instant::now());
        let mut entered = false;
        self.state.send_if_modified(|state| {
            entered = state.phase != new.phase;
            let changed = *state != new;
            if changed {
                state.clone_from(&new);
            }
            changed
        });
        // Ready and Busy follow each other with every request; only what leads out of serving is news.
        if entered && new.phase != Phase::Busy {
            self.record(&new);
        }
    }

    fn record(&self, state: &WorkerState) {
        let (level, text) = match &state.phase {
            Phase::Failed { reason } => (Level::Error, format!("failed: {reason}")),
            Phase::CrashLoop { .. } | Phase::Backoff { .. } => {
                let why = state.last_exit.as_ref().map(ToString::to_string).unwrap_or_default();
                (Level::Warn, format!("{}: {why}", state.phase.as_str()))
            }
            phase => (Level::Info, phase.as_str().to_owned()),
        };
        let incarnation = self.machine.incarnation();
        self.shared.records.send(&self.spec.name, incarnation, level, RecordKind::State, text);
    }

    fn snapshot(&self, now: Instant) -> WorkerState {
        let (machine, copy) = (&self.machine, self.copy.as_ref());
        let (phase, since) = machine.phase();
        let (breaker, requests, unstable) = (machine.breaker(), self.gate.state(), machine.is_unstable(now));
        let memory = self.spec.memory_ceiling.map(|ceiling| (self.usage.borrow().memory, ceiling));
        let missed_probes = machine.missed_probes();
        let facts = health::Facts { phase, breaker, requests, missed_probes, unstable, memory };
        WorkerState {
            name: self.spec.name.clone(),
            phase: phase.clone(),
            health: health::judge(&facts),
            pid: copy.and_then(|copy| copy.pid),
            restarts: machine.restarts(),
            breaker,
            requests,
            unstable,
            in_flight: self.gate.in_flight(),
            since,
            started_at: copy.map(|copy| copy.started_at),
            last_exit: machine.last_exit().cloned(),
            ready: copy.and_then(|copy| copy.ready.clone()).filter(|_| phase.serves()),
        }
    }
}

fn pid_in(line: &str) -> Option<u32> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("pid")?.as_u64().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0)
}

/// Only spreads timers; where the system has no random bytes, all workers share one spread.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}
