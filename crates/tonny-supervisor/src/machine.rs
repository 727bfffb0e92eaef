//! The rules of one worker as a pure machine: events in, at most one effect out, `now` a parameter.
//! It owns every decision (start, give up, wait, kill) and knows no process, clock, pipe or runtime.
//!
//! ```text
//! Stopped -> Starting -> Ready ; Starting/Ready -> Draining -> Stopped
//! any -> exited -> asked for ................ Stopped (or started again where a restart was asked for)
//!                  code in do_not_retry ..... Failed
//!                  crash, ready >= 10 s ..... Starting at once, budget -1
//!                  crash, else .............. Backoff 1, 2, 4 s, budget -1
//!                  budget used up ........... CrashLoop: probe after 30 s, then each 60 s, then each 10 min
//! ```

use crate::{Breaker, Exit, Phase};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A worker that served this long has proven that it can: it starts again without delay, and a probe has succeeded.
const PROVEN: Duration = Duration::from_secs(10);
/// Serving this long forgives everything before.
const FORGIVEN: Duration = Duration::from_secs(10 * 60);
/// Restarts allowed within [`BUDGET_SPAN`]; one delay for each of them.
const DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
const BUDGET_SPAN: Duration = Duration::from_secs(5 * 60);
/// The first probe comes soon (a driver reloading, memory coming back), later ones cost less, and a worker that
/// failed [`PATIENCE`] of them is hardly looked after any more.
const FIRST_PROBE: Duration = Duration::from_secs(30);
const NEXT_PROBE: Duration = Duration::from_secs(60);
const RARE_PROBE: Duration = Duration::from_secs(10 * 60);
const PATIENCE: u32 = 10;
/// Timers are lengthened by up to a fifth, so that workers killed by the same cause do not come back in step.
const JITTER: f64 = 0.2;
/// From the first SIGKILL (through the keeper, which then clears away the descendants) to the one that goes past the
/// keeper. With 5 s of grace the whole stop stays within 5.2 s.
const FORCE_GRACE: Duration = Duration::from_millis(100);

/// The limits that come from the spec.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Longest silence while starting.
    pub ready_deadline: Duration,
    /// From the request to end until it is forced.
    pub stop_grace: Duration,
    /// Exit codes after which the worker is not started again.
    pub do_not_retry: Vec<i32>,
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
    /// Do not wait for the timer.
    RetryNow,
    /// The live copy printed its ready line.
    Ready,
    /// The live copy printed something else.
    BadReady(String),
    /// The live copy showed a sign of life.
    Progress,
    /// The live copy answered a real request.
    Served,
    /// The start that was asked for did not give a process.
    NotStarted {
        /// Why.
        reason: String,
        /// Whether trying again could help.
        transient: bool,
    },
    /// The live copy ended and was reaped.
    Exited {
        /// How.
        exit: Exit,
        /// Its last line on standard error.
        last_words: Option<String>,
    },
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

#[derive(Debug)]
struct Live {
    ready_at: Option<Instant>,
    stalls_at: Instant,
    drain: Option<Drain>,
}

#[derive(Debug)]
struct Drain {
    after: After,
    /// The next step of the ladder and when it is due; `None` once all is done that can be done.
    next: Option<(Effect, Instant)>,
}

/// One worker's state and rules.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    phase: Phase,
    since: Instant,
    breaker: Breaker,
    live: Option<Live>,
    incarnation: u64,
    spent: VecDeque<Instant>,
    probes: u32,
    last_exit: Option<Exit>,
    seed: u64,
}

impl Machine {
    /// A stopped worker. `seed` feeds the jitter only.
    pub fn new(policy: Policy, now: Instant, seed: u64) -> Self {
        Self {
            policy,
            phase: Phase::Stopped,
            since: now,
            breaker: Breaker::Closed,
            live: None,
            incarnation: 0,
            spent: VecDeque::new(),
            probes: 0,
            last_exit: None,
            seed,
        }
    }

    /// The phase and when it began.
    pub fn phase(&self) -> (&Phase, Instant) {
        (&self.phase, self.since)
    }

    /// The breaker.
    pub fn breaker(&self) -> Breaker {
        self.breaker
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
    pub fn last_exit(&self) -> Option<Exit> {
        self.last_exit
    }

    /// Whether a copy is alive (or being started) by what this machine was told.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// New limits, from the next decision on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// When [`Event::Tick`] is due, if ever.
    pub fn wake(&self) -> Option<Instant> {
        match (&self.live, &self.phase) {
            (Some(Live { drain: Some(drain), .. }), _) => drain.next.map(|(_, at)| at),
            (Some(Live { ready_at: Some(at), .. }), _) => {
                (self.breaker == Breaker::HalfOpen).then_some(*at + PROVEN)
            }
            (Some(live), _) => Some(live.stalls_at),
            (None, Phase::Backoff { until } | Phase::CrashLoop { until }) => Some(*until),
            (None, _) => None,
        }
    }

    /// Takes one event. Events about a live copy are ignored when there is none.
    pub fn on(&mut self, event: Event, now: Instant) -> Option<Effect> {
        match event {
            Event::Start if self.phase == Phase::Stopped => Some(self.begin(now)),
            Event::Stop => self.stop(now),
            Event::Restart => self.restart(now),
            Event::RetryNow if self.waits_or_failed() => Some(self.begin(now)),
            Event::Ready => self.became_ready(now),
            Event::BadReady(reason) => self.drain(After::Failed(reason), Effect::Force, now),
            Event::Progress => self.progress(now),
            Event::Served => self.served(),
            Event::NotStarted { reason, transient } => {
                self.live.take()?;
                if !transient {
                    return self.enter(Phase::Failed { reason }, now);
                }
                self.crashed(Duration::ZERO, now)
            }
            Event::Exited { exit, last_words } => self.exited(exit, last_words, now),
            Event::Tick => self.tick(now),
            Event::Start | Event::RetryNow => None,
        }
    }

    fn waits_or_failed(&self) -> bool {
        matches!(self.phase, Phase::Backoff { .. } | Phase::CrashLoop { .. } | Phase::Failed { .. })
            && self.live.is_none()
    }

    fn begin(&mut self, now: Instant) -> Effect {
        if self.breaker == Breaker::Open {
            self.breaker = Breaker::HalfOpen;
        }
        self.incarnation += 1;
        self.live = Some(Live { ready_at: None, stalls_at: now + self.policy.ready_deadline, drain: None });
        self.enter(Phase::Starting, now);
        Effect::Start { incarnation: self.incarnation }
    }

    fn stop(&mut self, now: Instant) -> Option<Effect> {
        if self.live.is_some() {
            return self.drain(After::Stopped, Effect::Terminate, now);
        }
        self.enter(Phase::Stopped, now)
    }

    fn restart(&mut self, now: Instant) -> Option<Effect> {
        self.forgive();
        self.breaker = Breaker::Closed;
        if self.live.is_some() {
            return self.drain(After::Start, Effect::Terminate, now);
        }
        Some(self.begin(now))
    }

    fn became_ready(&mut self, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut().filter(|live| live.drain.is_none() && live.ready_at.is_none())?;
        live.ready_at = Some(now);
        self.enter(Phase::Ready, now)
    }

    fn progress(&mut self, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut()?;
        live.stalls_at = now + self.policy.ready_deadline;
        None
    }

    fn served(&mut self) -> Option<Effect> {
        if self.phase == Phase::Ready && self.breaker == Breaker::HalfOpen {
            self.breaker = Breaker::Closed;
        }
        None
    }

    /// Begins to end the live copy, or changes what follows where that is under way already: the last order counts.
    fn drain(&mut self, after: After, first: Effect, now: Instant) -> Option<Effect> {
        let live = self.live.as_mut()?;
        if let Some(drain) = &mut live.drain {
            drain.after = after;
            return None;
        }
        let next = match first {
            Effect::Force => (Effect::Kill, now + FORCE_GRACE),
            _ => (Effect::Force, now + self.policy.stop_grace),
        };
        live.drain = Some(Drain { after, next: Some(next) });
        self.enter(Phase::Draining, now);
        Some(first)
    }

    fn exited(&mut self, exit: Exit, last_words: Option<String>, now: Instant) -> Option<Effect> {
        let live = self.live.take()?;
        self.last_exit = Some(exit);
        match live.drain.map_or(After::Decide, |drain| drain.after) {
            After::Stopped => return self.enter(Phase::Stopped, now),
            After::Start => return Some(self.begin(now)),
            After::Failed(reason) => return self.enter(Phase::Failed { reason }, now),
            After::Decide => {}
        }
        if exit.code.is_some_and(|code| self.policy.do_not_retry.contains(&code)) {
            let reason = last_words.unwrap_or_else(|| exit.to_string());
            return self.enter(Phase::Failed { reason }, now);
        }
        self.crashed(live.ready_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at)), now)
    }

    fn crashed(&mut self, served_for: Duration, now: Instant) -> Option<Effect> {
        if served_for >= FORGIVEN {
            self.forgive();
        }
        if served_for >= PROVEN {
            self.breaker = Breaker::Closed;
        }
        while self.spent.front().is_some_and(|at| now.saturating_duration_since(*at) >= BUDGET_SPAN) {
            self.spent.pop_front();
        }
        let delay = DELAYS.get(self.spent.len()).copied();
        let Some(delay) = delay.filter(|_| self.breaker == Breaker::Closed) else {
            return self.give_up(now);
        };
        self.spent.push_back(now);
        if served_for >= PROVEN {
            return Some(self.begin(now));
        }
        let until = now + self.jittered(delay);
        self.enter(Phase::Backoff { until }, now)
    }

    fn give_up(&mut self, now: Instant) -> Option<Effect> {
        self.breaker = Breaker::Open;
        let delay = match self.probes {
            0 => FIRST_PROBE,
            probes if probes < PATIENCE => NEXT_PROBE,
            _ => RARE_PROBE,
        };
        self.probes += 1;
        let until = now + self.jittered(delay);
        self.enter(Phase::CrashLoop { until }, now)
    }

    fn tick(&mut self, now: Instant) -> Option<Effect> {
        if self.wake().is_none_or(|at| at > now) {
            return None;
        }
        let Some(live) = &mut self.live else {
            return Some(self.begin(now));
        };
        if let Some(drain) = &mut live.drain {
            let (effect, _) = drain.next?;
            drain.next = (effect == Effect::Force).then_some((Effect::Kill, now + FORCE_GRACE));
            return Some(effect);
        }
        if live.ready_at.is_some() {
            self.breaker = Breaker::Closed;
            return None;
        }
        self.drain(After::Decide, Effect::Force, now)
    }

    fn forgive(&mut self) {
        self.spent.clear();
        self.probes = 0;
    }

    fn enter(&mut self, phase: Phase, now: Instant) -> Option<Effect> {
        self.phase = phase;
        self.since = now;
        None
    }

    /// Steele and Vigna's splitmix64: one multiplication chain, no state beyond the seed, good enough to spread timers.
    fn jittered(&mut self, delay: Duration) -> Duration {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.seed;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = f64::from((bits >> 32) as u32) / f64::from(u32::MAX);
        delay.mul_f64(1.0 + JITTER * share)
    }
}
