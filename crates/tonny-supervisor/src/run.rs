//! Carries out what the machine decides: one loop per worker that waits for orders, reports, the exit and the timer,
//! asks the machine, acts, publishes. It decides nothing itself.

mod act;
mod copy;
mod tell;

use crate::{
    Gate, Handle, Phase, Ready, Spec, Usage, WorkerState,
    child::{BREATH, Ended, Report, Signal},
    handle::Order,
    logs::WorkerLog,
    machine::{Cause, Effect, End, Event, Machine},
    probe::{Answer, At},
    remains::Remains,
    supervisor::Shared,
    usage::Look,
};
use copy::{Copy, News, Prober};
use futures_util::FutureExt;
use std::{
    future::{Future, pending},
    ops::ControlFlow,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot, watch},
    time::{sleep, sleep_until},
};

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
    /// Whether somebody can still give orders; when closing, the only one heard is to end sooner.
    listening: bool,
    is_new: bool,
    /// Panics of ours in a row.
    panics: u32,
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
            listening: true,
            is_new: true,
            panics: 0,
        };
        (runner, handle)
    }

    /// One worker's whole life. A panic of ours ends neither the worker nor its supervision.
    pub(crate) async fn run(mut self) {
        loop {
            match AssertUnwindSafe(self.turn()).catch_unwind().await {
                Ok(ControlFlow::Break(())) => return,
                Ok(ControlFlow::Continue(())) => self.panics = 0,
                Err(_) => {
                    self.panics += 1;
                    sleep(BREATH).await;
                }
            }
        }
    }

    async fn turn(&mut self) -> ControlFlow<()> {
        if self.panics > 0 {
            self.take_up_again();
        }
        if std::mem::take(&mut self.is_new) {
            self.event(Event::Start);
        }
        if self.closing && !self.machine.is_live() && self.remains.is_empty() {
            return ControlFlow::Break(());
        }
        let wakeup = self.next().await;
        tracing::trace!(worker = %self.spec.name, "woke");
        self.look_for_signs();
        match wakeup {
            Wakeup::Order(order) => self.order(order),
            Wakeup::News(News::Report(report)) => self.report(report),
            Wakeup::News(News::Ended(end)) => self.ended(*end),
            Wakeup::News(News::Probed(answer)) => self.probed(answer),
            Wakeup::News(News::Looked(look)) => self.looked(look),
            Wakeup::Turn(incarnation, turn) => {
                self.queued = None;
                if let Err(event) = self.spawn(incarnation, turn) {
                    self.event(event);
                }
                self.publish();
            }
            Wakeup::Requests => self.requests(),
            Wakeup::Remains => {}
            Wakeup::Timer => self.event(Event::Tick),
        }
        ControlFlow::Continue(())
    }

    /// What the machine had decided may not have been done when we panicked, and what was done may not have been told.
    fn take_up_again(&mut self) {
        tracing::error!(worker = %self.spec.name, "the supervisor panicked and goes on");
        self.give_up_what_panics();
        let is_lost = self.machine.is_live() && self.copy.is_none() && self.queued.is_none();
        match self.machine.phase().0 {
            Phase::Starting if is_lost => {
                if let Err(event) = self.start(self.machine.incarnation()) {
                    self.event(event);
                }
            }
            _ if is_lost => self.event(Event::Exited(End::default())),
            // Asked twice it ends once.
            Phase::Draining => drop(self.signal(Signal::Terminate)),
            _ => {}
        }
        self.requests();
    }

    /// A future that panicked does so each time it is looked at. First the least is given up, in the end the copy: it
    /// ends with its future.
    fn give_up_what_panics(&mut self) {
        if self.panics >= 3 {
            self.remains = Remains::default();
            let now = Instant::now();
            if let Some(copy) = &mut self.copy {
                copy.prober =
                    copy.ready.as_ref().and_then(|ready| Prober::for_health(&self.spec, ready, now));
            }
        }
        if self.panics >= 10 {
            self.copy = None;
            self.gate.replaced();
        }
    }

    fn requests(&mut self) {
        if self.gate.has_answered() {
            self.event(Event::Served);
        }
        self.event(Event::InFlight(self.gate.in_flight()));
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
            order = self.orders.recv(), if self.listening => Wakeup::Order(order),
            news = news => Wakeup::News(news),
            (incarnation, turn) = turn => Wakeup::Turn(incarnation, turn),
            () = self.gate.changed() => Wakeup::Requests,
            () = self.remains.next() => Wakeup::Remains,
            () = timer => Wakeup::Timer,
        }
    }

    fn order(&mut self, order: Option<Order>) {
        match order {
            None => {
                (self.closing, self.listening) = (true, false);
                self.event(Event::Stop);
            }
            Some(Order::Close(done, grace)) => {
                self.waiting.push(done);
                self.closing = true;
                self.hurry(grace);
                self.event(Event::Stop);
            }
            Some(Order::Stop(done)) => {
                self.waiting.push(done);
                self.event(Event::Stop);
            }
            // Too late to want anything else.
            Some(_) if self.closing => {}
            Some(Order::Start) => self.event(Event::Start),
            Some(Order::RetryNow) => self.event(Event::RetryNow),
            Some(Order::ResetBreaker) => self.event(Event::ResetBreaker),
            Some(Order::Restart) => {
                self.gate.reset();
                self.event(Event::Restart);
            }
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
                self.event(Event::Respec);
            }
        }
    }

    fn hurry(&mut self, grace: Option<Duration>) {
        if let Some(grace) = grace.filter(|grace| *grace < self.spec.stop_grace) {
            self.spec.stop_grace = grace;
            self.grace.send_replace(grace);
            self.machine.set_policy(self.spec.policy());
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
            tracing::trace!(worker = %self.spec.name, ?effect, "decided");
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
}

fn pid_in(line: &str) -> Option<u32> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("pid")?.as_u64().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0)
}

/// Only spreads timers; where the system has no random bytes, all workers share one spread.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}
