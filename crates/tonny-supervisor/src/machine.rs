//! The rules of one worker as a pure machine: events in, at most one effect out, `now` a parameter.
//! It owns every decision (start, give up, wait, kill) and knows no process, clock, pipe or runtime. `machine/ladder.rs`
//! counts crashes, `machine/live.rs` watches over the live copy, `machine/exit.rs` says what its end means.
//!
//! ```text
//! Stopped -> Starting -> Ready <-> Busy ; Starting/Ready/Busy -> Draining -> Stopped
//! any -> exited -> asked for ................ Stopped (or started again where a restart was asked for)
//!                  cannot go better ......... Failed (do_not_retry codes, wrong CPU, missing library, bad model)
//!                  crash, ready >= 10 s ..... Starting at once, budget -1
//!                  crash, else .............. Backoff 1, 2, 4 s, budget -1
//!                  budget used up ........... CrashLoop: probe after 30 s, then each 60 s, then each 10 min
//! ```

mod exit;
mod ladder;
mod live;

pub use exit::{Cause, End, Sign, classify};

use crate::{Breaker, Exit, LastExit, Phase, spec::Restart};
use ladder::{Ladder, Verdict};
use live::{Drain, Live};
use std::time::{Duration, Instant};

/// From the first SIGKILL (through the keeper, which then clears away the descendants) to the one that goes past the
/// keeper. With 5 s of grace the whole stop stays within 5.2 s.
const FORCE_GRACE: Duration = Duration::from_millis(100);
/// While a clock runs against a live copy, the machine looks at it this often...
const PULSE: Duration = Duration::from_secs(5);
/// ...and where it was not woken for this long, the computer slept, not the worker.
const GAP: Duration = Duration::from_secs(10);

/// The limits that come from the spec.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Longest silence while starting.
    pub ready_deadline: Duration,
    /// From the request to end until it is forced.
    pub stop_grace: Duration,
    /// From the request to end until it is made once more.
    pub ask_again: Option<Duration>,
    /// Longest silence with a request in flight; for an idle worker, longest time it may be busy without answering.
    pub stall_limit: Duration,
    /// Missed health probes in a row after which an idle worker is hung.
    pub misses: u32,
    /// Exit codes after which the worker is not started again.
    pub do_not_retry: Vec<i32>,
    /// What this kind of worker says before it ends.
    pub signs: Vec<Sign>,
    /// Restart budget, delays, probes.
    pub restart: Restart,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The worker is wanted.
    Start,
    /// It is not wanted any more.
    Stop,
    /// The user wants a new copy; clears budget and breaker.
    Restart,
    /// The spec changed: as [`Event::Restart`], except that one the user stopped stays so.
    Respec,
    /// Do not wait for the timer.
    RetryNow,
    /// The user trusts it again: budget and breaker as new, and one that waits for its turn starts now.
    ResetBreaker,
    /// The live copy is ready.
    Ready,
    /// The live copy said something else instead.
    BadReady(String),
    /// The live copy showed a sign of life: a line, a token, a partial result, "still loading".
    Progress,
    /// The live copy used the processor.
    CpuAdvanced,
    /// So many requests are in flight.
    InFlight(u32),
    /// The live copy answered a real request.
    Served,
    /// It passed its health probes.
    ProbeOk,
    /// It did not.
    ProbeMissed,
    /// It uses more memory than it may.
    OverMemory,
    /// The start that was asked for did not give a process.
    NotStarted {
        /// Why.
        reason: String,
        /// Whether trying again could help.
        transient: bool,
    },
    /// The live copy ended and was reaped.
    Exited(End),
    /// The time given by [`Machine::wake`] has come.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Start a copy; none is alive.
    Start {
        /// Its number.
        incarnation: u64,
    },
    /// Ask the live copy to end: close its standard input, SIGTERM.
    Terminate,
    /// Kill the live copy and what belongs to it.
    Force,
    /// Kill it again, past the keeper.
    Kill,
}

/// What follows once the live copy has ended.
#[derive(Debug, Clone, PartialEq)]
enum After {
    Decide,
    Stopped,
    Start,
    Failed(String),
}

/// One worker's state and rules.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    phase: Phase,
    since: Instant,
    live: Option<Live>,
    incarnation: u64,
    ladder: Ladder,
    last_exit: Option<LastExit>,
    last_event: Instant,
}

impl Machine {
    /// A stopped worker. `seed` feeds the jitter only.
    pub fn new(policy: Policy, now: Instant, seed: u64) -> Self {
        Self {
            policy,
            phase: Phase::Stopped,
            since: now,
            live: None,
            incarnation: 0,
            ladder: Ladder::new(seed),
            last_exit: None,
            last_event: now,
        }
    }

    /// The phase and when it began.
    pub fn phase(&self) -> (&Phase, Instant) {
        (&self.phase, self.since)
    }

    /// The breaker.
    pub fn breaker(&self) -> Breaker {
        self.ladder.breaker
    }

    /// Starts after the first one.
    pub fn restarts(&self) -> u32 {
        u32::try_from(self.incarnation.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Number of the newest start, counted from 1.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// How the last copy ended.
    pub fn last_exit(&self) -> Option<&LastExit> {
        self.last_exit.as_ref()
    }

    /// Whether it crashed so often lately that it cannot be depended upon.
    pub fn is_unstable(&self, now: Instant) -> bool {
        self.ladder.unstable_until(&self.policy.restart).is_some_and(|until| now < until)
    }

    /// Whether a copy is alive (or being started) by what this machine was told.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Health probes the live copy missed in a row.
    pub fn missed_probes(&self) -> u32 {
        self.live.as_ref().map_or(0, |live| live.missed)
    }

    /// New limits, from the next decision on; a copy that is ending already gets no longer than the new grace.
    pub fn set_policy(&mut self, policy: Policy) {
        if let Some(drain) = self.live.as_mut().and_then(|live| live.drain.as_mut()) {
            let latest = drain.since + policy.stop_grace;
            drain.next = drain.next.map(|(effect, at)| (effect, at.min(latest)));
        }
        self.policy = policy;
    }

    /// When [`Event::Tick`] is due, if ever.
    pub fn wake(&self) -> Option<Instant> {
        let own = match (&self.live, &self.phase) {
            (Some(live), _) => self.live_wake(live),
            (None, Phase::Backoff { until } | Phase::CrashLoop { until }) => Some(*until),
            (None, _) => None,
        };
        let flag = self.ladder.unstable_until(&self.policy.restart).filter(|until| *until > self.last_event);
        own.into_iter().chain(flag).min()
    }

    fn live_wake(&self, live: &Live) -> Option<Instant> {
        if let Some(drain) = &live.drain {
            return drain.next.map(|(_, at)| at);
        }
        let deadline = live.deadline(&self.policy).map(|at| at.min(self.last_event + PULSE));
        let proven = live.ready_at.filter(|_| self.breaker() == Breaker::HalfOpen);
        deadline.into_iter().chain(proven.map(|at| at + self.policy.restart.proven)).min()
    }

    /// Takes one event. Events about a live copy are ignored when there is none.
    pub fn on(&mut self, event: Event, now: Instant) -> Option<Effect> {
        self.notice_sleep(now);
        match event {
            Event::Start if self.phase == Phase::Stopped => Some(self.begin(now)),
            Event::Stop => self.stop(now),
            Event::Restart => self.restart(now),
            Event::Respec => {
                if self.is_at_rest() {
                    None
                } else {
                    self.restart(now)
                }
            }
            Event::RetryNow if self.waits_or_failed() => Some(self.begin(now)),
            Event::ResetBreaker => self.reset_breaker(now),
            Event::Ready => self.became_ready(now),
            Event::BadReady(reason) => {
                self.drain(After::Failed(reason), Cause::BadReadyLine, Effect::Force, now)
            }
            Event::OverMemory => self.drain(After::Decide, Cause::MemoryCeiling, Effect::Force, now),
            Event::NotStarted { reason, transient } => self.not_started(reason, transient, now),
            Event::Exited(end) => self.exited(&end, now),
            Event::Tick => self.tick(now),
            Event::ProbeMissed => {
                self.live.as_mut()?.probe_missed(now);
                self.kill_if_hung(now)
            }
            Event::InFlight(count) => self.in_flight(count, now),
            Event::Served => self.served(now),
            Event::Progress => self.with_live(|live| live.progressed(now)),
            Event::CpuAdvanced => self.with_live(|live| live.cpu_advanced(now)),
            Event::ProbeOk => self.with_live(Live::probe_ok),
            Event::Start | Event::RetryNow => None,
        }
    }

    fn with_live(&mut self, change: impl FnOnce(&mut Live)) -> Option<Effect> {
        change(self.live.as_mut()?);
        None
    }

    /// After a sleep of the computer (or a stall of ours) the clocks that run against the copy start anew.
    fn notice_sleep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.last_event) > GAP
            && let Some(live) = &mut self.live
        {
            live.forgive(now);
        }
        self.last_event = self.last_event.max(now);
    }

    fn waits_or_failed(&self) -> bool {
        matches!(self.phase, Phase::Backoff { .. } | Phase::CrashLoop { .. } | Phase::Failed { .. })
            && self.live.is_none()
    }

    fn begin(&mut self, now: Instant) -> Effect {
        if self.ladder.breaker == Breaker::Open {
            self.ladder.breaker = Breaker::HalfOpen;
        }
        self.incarnation += 1;
        self.live = Some(Live::new(now));
        self.enter(Phase::Starting, now);
        Effect::Start { incarnation: self.incarnation }
    }

    fn stop(&mut self, now: Instant) -> Option<Effect> {
        if self.live.is_some() {
            return self.drain(After::Stopped, Cause::AskedFor, Effect::Terminate, now);
        }
        self.enter(Phase::Stopped, now)
    }

    fn restart(&mut self, now: Instant) -> Option<Effect> {
        self.ladder.forgive();
        self.ladder.breaker = Breaker::Closed;
        if self.live.is_some() {
            return self.drain(After::Start, Cause::AskedFor, Effect::Terminate, now);
        }
        Some(self.begin(now))
    }

    /// Stopped, or on the way to it.
    fn is_at_rest(&self) -> bool {
        let drain = self.live.as_ref().and_then(|live| live.drain.as_ref());
        self.phase == Phase::Stopped || drain.is_some_and(|drain| drain.after == After::Stopped)
    }

    fn reset_breaker(&mut self, now: Instant) -> Option<Effect> {
        self.ladder.forgive();
        self.ladder.breaker = Breaker::Closed;
        let waits = matches!(self.phase, Phase::Backoff { .. } | Phase::CrashLoop { .. });
        (waits && self.live.is_none()).then(|| self.begin(now))
    }

    fn became_ready(&mut self, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut().filter(|live| live.drain.is_none() && live.ready_at.is_none())?;
        live.progressed(now);
        live.ready_at = Some(now);
        let phase = if live.in_flight > 0 { Phase::Busy } else { Phase::Ready };
        self.enter(phase, now)
    }

    fn in_flight(&mut self, count: u32, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut()?;
        live.requests(count, now);
        match (&self.phase, count) {
            (Phase::Ready, 1..) => self.enter(Phase::Busy, now),
            (Phase::Busy, 0) => self.enter(Phase::Ready, now),
            _ => None,
        }
    }

    fn served(&mut self, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut().filter(|live| live.serves())?;
        live.has_served = true;
        live.progressed(now);
        self.ladder.breaker = Breaker::Closed;
        None
    }

    /// Begins to end the live copy, or changes what follows where that is under way already: the last order counts.
    fn drain(&mut self, after: After, why: Cause, first: Effect, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut()?;
        if let Some(drain) = &mut live.drain {
            // What we find out while it ends anyway is no order.
            if why == Cause::AskedFor {
                (drain.after, drain.why) = (after, why);
            }
            return None;
        }
        let next = match first {
            Effect::Force => (Effect::Kill, now + FORCE_GRACE),
            _ => asked(&self.policy, now, self.policy.ask_again),
        };
        live.drain = Some(Drain { after, why, since: now, next: Some(next) });
        self.enter(Phase::Draining, now);
        Some(first)
    }

    fn not_started(&mut self, reason: String, transient: bool, now: Instant) -> Option<Effect> {
        self.live.take()?;
        let cause = if transient { Cause::NotStarted } else { Cause::NotExecutable };
        self.last_exit = Some(LastExit { exit: Exit::default(), cause });
        if !transient {
            return self.enter(Phase::Failed { reason }, now);
        }
        self.crashed(cause, Duration::ZERO, now)
    }

    fn exited(&mut self, end: &End, now: Instant) -> Option<Effect> {
        let live = self.live.take()?;
        let served_for = live.served_for(now);
        let found = classify(end, &self.policy.do_not_retry, &self.policy.signs, live.has_served);
        let (after, cause) = live.drain.map_or((After::Decide, found), |drain| (drain.after, drain.why));
        self.last_exit = Some(LastExit { exit: end.exit, cause });
        match after {
            After::Stopped => self.enter(Phase::Stopped, now),
            After::Start => Some(self.begin(now)),
            After::Failed(reason) => self.enter(Phase::Failed { reason }, now),
            After::Decide if !cause.is_transient() => {
                let reason = reason(cause, end);
                self.enter(Phase::Failed { reason }, now)
            }
            After::Decide => self.crashed(cause, served_for, now),
        }
    }

    fn crashed(&mut self, cause: Cause, served_for: Duration, now: Instant) -> Option<Effect> {
        match self.ladder.crashed(&self.policy.restart, served_for, cause.is_eager(), now) {
            Verdict::Now => Some(self.begin(now)),
            Verdict::Backoff(until) => self.enter(Phase::Backoff { until }, now),
            Verdict::CrashLoop(until) => self.enter(Phase::CrashLoop { until }, now),
        }
    }

    fn tick(&mut self, now: Instant) -> Option<Effect> {
        let Some(live) = &mut self.live else {
            let due =
                matches!(self.phase, Phase::Backoff { until } | Phase::CrashLoop { until } if until <= now);
            return due.then(|| self.begin(now));
        };
        if let Some(drain) = &mut live.drain {
            let (effect, _) = drain.next.filter(|(_, at)| *at <= now)?;
            drain.next = match effect {
                Effect::Terminate => Some(asked(&self.policy, drain.since, None)),
                Effect::Force => Some((Effect::Kill, now + FORCE_GRACE)),
                Effect::Kill | Effect::Start { .. } => None,
            };
            return Some(effect);
        }
        if live.ready_at.is_some_and(|at| at + self.policy.restart.proven <= now) {
            self.ladder.breaker = Breaker::Closed;
        }
        self.kill_if_hung(now)
    }

    fn kill_if_hung(&mut self, now: Instant) -> Option<Effect> {
        let why = self.live.as_ref()?.is_hung(&self.policy, now)?;
        self.drain(After::Decide, why, Effect::Force, now)
    }

    fn enter(&mut self, phase: Phase, now: Instant) -> Option<Effect> {
        self.phase = phase;
        self.since = now;
        None
    }
}

/// What follows the request to end that was made at `since`: the same request again, or force.
fn asked(policy: &Policy, since: Instant, again: Option<Duration>) -> (Effect, Instant) {
    match again {
        Some(pause) => (Effect::Terminate, since + pause),
        None => (Effect::Force, since + policy.stop_grace),
    }
}

/// What the user reads: the worker's own words where it could explain, ours where the system killed it.
fn reason(cause: Cause, end: &End) -> String {
    match (&end.last_words, cause) {
        (Some(words), Cause::Configuration | Cause::NotExecutable | Cause::BadModel) => words.clone(),
        (Some(words), Cause::MissingLibrary) => format!("{cause}: {words}"),
        (None, Cause::Configuration) => end.exit.to_string(),
        _ => format!("{cause} ({})", end.exit),
    }
}
