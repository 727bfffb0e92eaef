//! The live copy of a worker as the rules see it: what it owes us, and since when.
//!
//! It is hung only if (a) nothing is asked of it and it missed its health probes, or (b) a request is in flight and
//! nothing moved for the stall limit. A worker whose CPU time advances is busy and not dead, however silent; an idle one
//! may be so for the stall limit and no longer, since it is busy with nothing we asked for.

use super::{After, Cause, Effect, Policy};
use std::time::{Duration, Instant};

/// Using the CPU counts this long: a little more than the time between two looks at it.
const CPU_COUNTS: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Live {
    pub(super) ready_at: Option<Instant>,
    pub(super) has_served: bool,
    pub(super) in_flight: u32,
    pub(super) missed: u32,
    pub(super) drain: Option<Drain>,
    first_missed: Option<Instant>,
    progress: Instant,
    cpu: Option<Instant>,
}

/// The way out of a copy that is to end.
#[derive(Debug)]
pub(super) struct Drain {
    pub(super) after: After,
    pub(super) why: Cause,
    pub(super) since: Instant,
    /// The next step of the ladder and when it is due; `None` once all is done that can be done.
    pub(super) next: Option<(Effect, Instant)>,
}

impl Live {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            ready_at: None,
            has_served: false,
            in_flight: 0,
            missed: 0,
            drain: None,
            first_missed: None,
            progress: now,
            cpu: None,
        }
    }

    pub(super) fn serves(&self) -> bool {
        self.ready_at.is_some() && self.drain.is_none()
    }

    pub(super) fn served_for(&self, now: Instant) -> Duration {
        self.ready_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at))
    }

    pub(super) fn progressed(&mut self, now: Instant) {
        self.progress = now;
    }

    pub(super) fn cpu_advanced(&mut self, now: Instant) {
        self.progress = now;
        self.cpu = Some(now);
    }

    pub(super) fn requests(&mut self, count: u32, now: Instant) {
        // The clock of the stall limit runs from the request, not from whatever was before it.
        if self.in_flight == 0 && count > 0 {
            self.progress = now;
        }
        // A worker that was too busy to answer probes gets all of its chances when it is done.
        if count == 0 && self.in_flight > 0 {
            self.probe_ok();
        }
        self.in_flight = count;
    }

    pub(super) fn probe_ok(&mut self) {
        (self.missed, self.first_missed) = (0, None);
    }

    pub(super) fn probe_missed(&mut self, now: Instant) {
        self.missed += 1;
        self.first_missed.get_or_insert(now);
    }

    /// All that runs against it starts anew.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.progress = now;
        self.probe_ok();
    }

    /// When silence will have lasted too long. An idle worker is judged by its probes, not by a timer.
    pub(super) fn deadline(&self, policy: &Policy) -> Option<Instant> {
        match self.ready_at {
            None => Some(self.progress + policy.ready_deadline),
            Some(_) if self.in_flight > 0 => Some(self.progress + policy.stall_limit),
            Some(_) => None,
        }
    }

    pub(super) fn is_hung(&self, policy: &Policy, now: Instant) -> Option<Cause> {
        if self.deadline(policy).is_some_and(|at| at <= now) {
            return Some(if self.ready_at.is_some() { Cause::Hung } else { Cause::StartTimeout });
        }
        if !self.serves() || self.in_flight > 0 || self.missed < policy.misses {
            return None;
        }
        let works = self.cpu.is_some_and(|at| now.saturating_duration_since(at) < CPU_COUNTS);
        let long =
            self.first_missed.is_some_and(|at| now.saturating_duration_since(at) >= policy.stall_limit);
        (!works || long).then_some(Cause::Hung)
    }
}
