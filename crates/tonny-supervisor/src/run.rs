//! Carries out what the machine decides: one loop per worker that waits for orders, reports, the exit and the timer,
//! asks the machine, acts, publishes. It decides nothing itself.

use crate::{
    Gate, Handle, Level, Phase, Ready, RecordKind, Spec, Token, WorkerState,
    child::{Process, Report, Signal, Wires},
    handle::Order,
    health,
    log::Log,
    machine::{Effect, End, Event, Machine},
    supervisor::Shared,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant as Wake, sleep_until},
};

/// Reports of one copy that may wait: one ready line and some signs of life. More of the latter say nothing new.
const REPORTS: usize = 16;

/// A live copy as the loop sees it.
struct Copy {
    end: Pin<Box<dyn Future<Output = End> + Send>>,
    reports: mpsc::Receiver<Report>,
    signals: mpsc::UnboundedSender<Signal>,
    pid: Option<u32>,
    token: Token,
    started_at: Instant,
    ready: Option<Ready>,
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
    log: Log,
    grace: watch::Sender<Duration>,
    state: watch::Sender<WorkerState>,
    copy: Option<Copy>,
    waiting: Vec<oneshot::Sender<()>>,
    closing: bool,
}

/// What the loop woke up for.
enum Wakeup {
    Order(Option<Order>),
    Report(Report),
    Ended(End),
    Requests,
    Timer,
}

impl Runner {
    pub(crate) fn new(spec: Spec, shared: Arc<Shared>) -> (Self, Handle) {
        let now = Instant::now();
        let machine = Machine::new(spec.policy(), now, seed());
        let gate = Gate::new(spec.breaker.clone());
        let (sender, orders) = mpsc::unbounded_channel();
        let (log, tail) = Log::new(&spec.name);
        let (grace, stop_grace) = watch::channel(spec.stop_grace);
        let (state, reader) = watch::channel(publish(&spec, &machine, &gate, None, now));
        let handle = Handle { orders: sender, state: reader, stop_grace, tail, gate: gate.clone() };
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
            copy: None,
            waiting: Vec::new(),
            closing: false,
        };
        (runner, handle)
    }

    pub(crate) async fn run(mut self) {
        self.event(Event::Start);
        while !(self.closing && self.copy.is_none()) {
            let wakeup = self.next().await;
            self.look_for_signs();
            match wakeup {
                Wakeup::Order(order) => self.order(order),
                Wakeup::Report(report) => self.report(report),
                Wakeup::Ended(end) => self.ended(end),
                Wakeup::Requests => self.event(Event::InFlight(self.gate.in_flight())),
                Wakeup::Timer => self.event(Event::Tick),
            }
        }
    }

    /// Tokens and partial results do not wake the loop one by one; what came since the last time counts now.
    fn look_for_signs(&mut self) {
        let signs = self.gate.signs();
        if std::mem::replace(&mut self.signs, signs) != signs {
            self.event(Event::Progress);
        }
    }

    async fn next(&mut self) -> Wakeup {
        let wake = self.machine.wake().into_iter().chain(self.gate.wake()).min();
        let timer = async {
            match wake {
                Some(at) => sleep_until(Wake::from_std(at)).await,
                None => std::future::pending().await,
            }
        };
        let copy = async {
            let Some(copy) = &mut self.copy else { return std::future::pending().await };
            // Reports first: a ready line printed just before the exit is still seen as one.
            tokio::select! {
                biased;
                Some(report) = copy.reports.recv() => Wakeup::Report(report),
                end = &mut copy.end => Wakeup::Ended(end),
            }
        };
        tokio::select! {
            order = self.orders.recv(), if !self.closing => Wakeup::Order(order),
            wakeup = copy => wakeup,
            () = self.gate.changed() => Wakeup::Requests,
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
            Report::ReadyLine(line) => {
                if let Some(copy) = &mut self.copy {
                    copy.pid = pid_in(&line).or(copy.pid);
                    let incarnation = self.machine.incarnation();
                    copy.ready = Some(Ready { line, token: copy.token.clone(), incarnation });
                }
                self.event(Event::Ready);
            }
        }
    }

    fn ended(&mut self, end: End) {
        self.copy = None;
        self.gate.replaced();
        tracing::info!(worker = %self.spec.name, exit = %end.exit, "worker ended");
        self.event(Event::Exited(end));
    }

    /// Asks the machine, acts, publishes. A start that fails is an event of its own.
    fn event(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let now = Instant::now();
            let effect = self.machine.on(event, now);
            if self.copy.is_none() {
                // Whoever waits for the end waits for that of a copy which is gone now, even where another one follows.
                for done in self.waiting.drain(..) {
                    // Fails when nobody waits any more.
                    done.send(()).ok();
                }
            }
            match effect {
                Some(Effect::Start { incarnation }) => next = self.start(incarnation).err(),
                Some(Effect::Terminate) => self.signal(Signal::Terminate),
                Some(Effect::Force) => self.signal(Signal::Force),
                Some(Effect::Kill) => self.signal(Signal::Kill),
                None => {}
            }
            self.publish(now);
        }
    }

    fn publish(&self, now: Instant) {
        let new = publish(&self.spec, &self.machine, &self.gate, self.copy.as_ref(), now);
        let mut entered = false;
        self.state.send_if_modified(|state| {
            entered = state.phase != new.phase;
            let changed = *state != new;
            *state = new.clone();
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

    fn start(&mut self, incarnation: u64) -> Result<(), Event> {
        tracing::info!(worker = %self.spec.name, incarnation, "starting worker");
        let shared = &self.shared;
        let started =
            Token::fresh().and_then(|token| Ok((Process::spawn(&self.spec, shared, &token)?, token)));
        let (process, token) = started.map_err(|error| {
            tracing::warn!(worker = %self.spec.name, %error, "worker did not start");
            Event::NotStarted { reason: error.to_string(), transient: error.is_transient() }
        })?;
        let (reporting, reports) = mpsc::channel(REPORTS);
        let (signals, signalled) = mpsc::unbounded_channel();
        let wires = Wires { signals: signalled, reports: reporting, log: self.log.clone() };
        let pid = process.pid();
        let end = Box::pin(process.live(wires));
        let started_at = Instant::now();
        self.copy = Some(Copy { end, reports, signals, pid, token, started_at, ready: None });
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(copy) = &self.copy {
            // Fails only when the copy has ended; its exit is on the way.
            copy.signals.send(signal).ok();
        }
    }
}

fn publish(spec: &Spec, machine: &Machine, gate: &Gate, copy: Option<&Copy>, now: Instant) -> WorkerState {
    let (phase, since) = machine.phase();
    let (breaker, requests, unstable) = (machine.breaker(), gate.state(), machine.is_unstable(now));
    let missed_probes = machine.missed_probes();
    let facts = health::Facts { phase, breaker, requests, missed_probes, unstable, memory: None };
    WorkerState {
        name: spec.name.clone(),
        phase: phase.clone(),
        health: health::judge(&facts),
        pid: copy.and_then(|copy| copy.pid),
        restarts: machine.restarts(),
        breaker,
        requests,
        unstable,
        in_flight: gate.in_flight(),
        since,
        started_at: copy.map(|copy| copy.started_at),
        last_exit: machine.last_exit().cloned(),
        ready: copy.and_then(|copy| copy.ready.clone()).filter(|_| phase.serves()),
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
