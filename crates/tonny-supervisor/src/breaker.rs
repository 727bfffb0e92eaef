//! The request breaker: whether asking a worker or a remote provider is still thought worthwhile. Pure, `now` a
//! parameter; it knows no worker, lock, clock or network. [`crate::Gate`] shares one among callers.
//!
//! ```text
//! Closed -- 3 counted failures in a row, or 8 of 10 calls slow --> Open -- 30 s --> HalfOpen
//! HalfOpen: one call at a time -- 2 successes --> Closed ; counted failure or deadline --> Open
//! ```
//!
//! Every change of state begins a new generation; a result that was asked for in an older one says nothing about the
//! present and is ignored. So is the late result of a probe that ran out of time.

use std::{
    collections::VecDeque,
    fmt,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// The numbers of one breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitLimits {
    /// Counted failures in a row that open it.
    pub failures: u32,
    /// How long it stays open before the first probe.
    pub open: Duration,
    /// Probes that must succeed to close it.
    pub successes: u32,
    /// How long a probe may go without progress. Not longer than `open`, or a hung probe would outlast the breaker's
    /// own promise to try again.
    pub probe_deadline: Duration,
    /// When slow answers open it too.
    pub slow: Option<Slow>,
}

/// Slow answers: `calls` of the last `of` calls gave no sign of life for `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// From the start of the call to its first progress or its end.
    pub after: Duration,
    /// So many slow ones...
    pub calls: usize,
    /// ...of so many calls in a row.
    pub of: usize,
}

impl Default for CircuitLimits {
    fn default() -> Self {
        Self {
            failures: 3,
            open: Duration::from_secs(30),
            successes: 2,
            probe_deadline: Duration::from_secs(30),
            // A first word later than this is of no use to a person who waits for it.
            slow: Some(Slow { after: Duration::from_secs(20), calls: 8, of: 10 }),
        }
    }
}

/// Why a call did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens.
    Refused,
    /// The connection broke.
    Reset,
    /// An HTTP status that is no success.
    Status(u16),
    /// The caller's deadline passed without progress.
    Deadline,
    /// The worker ended during the call.
    Exited,
    /// The user does not want the answer any more.
    Cancelled,
    /// It says that it is still loading.
    Loading,
    /// It or we are shutting down.
    ShuttingDown,
}

impl Failure {
    /// Whether it says that the other side is broken.
    pub fn counts(self) -> bool {
        match self {
            Self::Refused | Self::Reset | Self::Deadline | Self::Exited => true,
            Self::Status(code) => code >= 500,
            Self::Cancelled | Self::Loading | Self::ShuttingDown => false,
        }
    }
}

/// What the breaker says when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// Calls pass.
    Closed,
    /// No call passes before `retry_at`.
    Open {
        /// When the first probe may pass.
        retry_at: Instant,
    },
    /// One call at a time passes.
    HalfOpen,
    /// Somebody keeps it shut by hand.
    Held,
}

impl Requests {
    /// The state as one snake_case word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half_open",
            Self::Held => "held",
        }
    }
}

/// A call that was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Rejected {
    /// Why.
    pub reason: Rejection,
    /// After this time asking again makes sense; `None` where no timer runs.
    pub retry_after: Option<Duration>,
}

/// Why a call was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// It failed too often lately.
    Open,
    /// Another call is finding out whether it works again.
    Probing,
    /// Held by hand.
    Held,
    /// The worker does not serve at the moment (starting, waiting to start, stopped, failed).
    NotReady,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "it failed too often lately",
            Self::Probing => "another request is finding out whether it works again",
            Self::Held => "it is held back by hand",
            Self::NotReady => "it does not take requests at the moment",
        })
    }
}

/// One call that was let through. Give it back with [`Circuit::finish`].
#[derive(Debug)]
pub struct Ticket {
    generation: u64,
    admitted: Instant,
    first_sign: OnceLock<Instant>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Succeeded,
    /// Without one.
    Failed(Failure),
}

#[derive(Debug)]
enum State {
    Closed { failures: u32, slow: VecDeque<bool> },
    Open { until: Instant },
    HalfOpen { successes: u32, probe: Option<Probe> },
}

#[derive(Debug)]
struct Probe {
    started: Instant,
    deadline: Instant,
}

/// One breaker.
#[derive(Debug)]
pub struct Circuit {
    limits: CircuitLimits,
    state: State,
    generation: u64,
    held: bool,
}

impl Circuit {
    /// A closed breaker.
    pub fn new(limits: CircuitLimits) -> Self {
        Self { limits, state: closed(), generation: 0, held: false }
    }

    /// Asks for one call. Takes no time, whatever the answer.
    ///
    /// # Errors
    /// [`Rejected`] with the reason and, where a timer runs, the time after which asking again makes sense.
    pub fn admit(&mut self, now: Instant) -> Result<Ticket, Rejected> {
        self.settle(now);
        if self.held {
            return Err(Rejected { reason: Rejection::Held, retry_after: None });
        }
        match &mut self.state {
            State::Closed { .. } => {}
            State::Open { until } => return Err(rejected(Rejection::Open, *until, now)),
            State::HalfOpen { probe: Some(probe), .. } => {
                return Err(rejected(Rejection::Probing, probe.deadline, now));
            }
            State::HalfOpen { probe, .. } => {
                let deadline = now + self.limits.probe_deadline;
                *probe = Some(Probe { started: now, deadline });
            }
        }
        Ok(Ticket { generation: self.generation, admitted: now, first_sign: OnceLock::new() })
    }

    /// The call moves on: a token, a partial result. A probe's deadline starts anew.
    pub fn progress(&mut self, ticket: &Ticket, now: Instant) {
        self.settle(now);
        ticket.first_sign.get_or_init(|| now);
        let deadline = now + self.limits.probe_deadline;
        if let Some(probe) = self.probe_of(ticket) {
            probe.deadline = deadline;
        }
    }

    /// The call is over.
    pub fn finish(&mut self, ticket: Ticket, outcome: Outcome, now: Instant) {
        self.settle(now);
        if ticket.generation != self.generation {
            return;
        }
        if self.probe_of(&ticket).is_some() {
            return self.probe_ended(outcome, now);
        }
        match outcome {
            Outcome::Succeeded => self.answered(&ticket, now),
            Outcome::Failed(failure) if failure.counts() => self.failed(now),
            Outcome::Failed(_) => {}
        }
    }

    /// What it says at this moment.
    pub fn state(&mut self, now: Instant) -> Requests {
        self.settle(now);
        match &self.state {
            _ if self.held => Requests::Held,
            State::Closed { .. } => Requests::Closed,
            State::Open { until } => Requests::Open { retry_at: *until },
            State::HalfOpen { .. } => Requests::HalfOpen,
        }
    }

    /// When it changes by itself, if ever.
    pub fn wake(&self) -> Option<Instant> {
        match &self.state {
            State::Open { until } => Some(*until),
            State::HalfOpen { probe: Some(probe), .. } => Some(probe.deadline),
            State::HalfOpen { probe: None, .. } | State::Closed { .. } => None,
        }
    }

    /// Keeps it shut by hand, or lets go. Calls under way go on and still count.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Forgets everything and closes. A hold stays.
    pub fn reset(&mut self) {
        self.enter(closed());
    }

    /// The other side is another one now: what the old one did says nothing of it, so one call may find out at once. A call
    /// that still is on its way to the old one decides nothing.
    pub fn replaced(&mut self) {
        if !matches!(self.state, State::Closed { .. }) {
            self.enter(State::HalfOpen { successes: 0, probe: None });
        }
    }

    /// Other numbers, from now on; forgets what was counted by the old ones.
    pub fn set_limits(&mut self, limits: CircuitLimits) {
        self.limits = limits;
        self.reset();
    }

    /// Carries out what time alone has decided.
    fn settle(&mut self, now: Instant) {
        if let State::HalfOpen { probe: Some(probe), .. } = &self.state
            && probe.deadline <= now
        {
            // Waiting for a probe that hung was waiting already.
            let until = (probe.started + self.limits.open).max(probe.deadline);
            self.enter(State::Open { until });
        }
        if let State::Open { until } = self.state
            && until <= now
        {
            self.enter(State::HalfOpen { successes: 0, probe: None });
        }
    }

    /// The probe, where this call is it: a half-open generation has one call at a time.
    fn probe_of(&mut self, ticket: &Ticket) -> Option<&mut Probe> {
        match &mut self.state {
            State::HalfOpen { probe, .. } if ticket.generation == self.generation => probe.as_mut(),
            _ => None,
        }
    }

    fn probe_ended(&mut self, outcome: Outcome, now: Instant) {
        let State::HalfOpen { successes, probe } = &mut self.state else { return };
        *probe = None;
        match outcome {
            Outcome::Succeeded => {
                *successes += 1;
                if *successes >= self.limits.successes {
                    self.enter(closed());
                }
            }
            Outcome::Failed(failure) if failure.counts() => self.open(now),
            Outcome::Failed(_) => {}
        }
    }

    fn answered(&mut self, ticket: &Ticket, now: Instant) {
        let State::Closed { failures, slow } = &mut self.state else { return };
        *failures = 0;
        let Some(limit) = &self.limits.slow else { return };
        let first_sign = ticket.first_sign.get().copied().unwrap_or(now);
        slow.push_back(first_sign.saturating_duration_since(ticket.admitted) >= limit.after);
        if slow.len() > limit.of {
            slow.pop_front();
        }
        if slow.iter().filter(|slow| **slow).count() >= limit.calls {
            self.open(now);
        }
    }

    fn failed(&mut self, now: Instant) {
        let State::Closed { failures, .. } = &mut self.state else { return };
        *failures += 1;
        if *failures >= self.limits.failures {
            self.open(now);
        }
    }

    fn open(&mut self, now: Instant) {
        self.enter(State::Open { until: now + self.limits.open });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

fn closed() -> State {
    State::Closed { failures: 0, slow: VecDeque::new() }
}

fn rejected(reason: Rejection, until: Instant, now: Instant) -> Rejected {
    Rejected { reason, retry_after: Some(until.saturating_duration_since(now)) }
}
