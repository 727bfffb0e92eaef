//! How eagerly a worker that keeps ending is started again: at once, after a growing delay, or as a rare probe.
//! Counts crashes in their windows; decides nothing else.

use crate::{Breaker, spec::Restart};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What a crash leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Start now.
    Now,
    /// Start then.
    Backoff(Instant),
    /// The budget is used up; find out then whether it works again.
    CrashLoop(Instant),
}

#[derive(Debug)]
pub(super) struct Ladder {
    pub(super) breaker: Breaker,
    spent: VecDeque<Instant>,
    probes: u32,
    crashes: VecDeque<Instant>,
    seed: u64,
}

impl Ladder {
    pub(super) fn new(seed: u64) -> Self {
        Self { breaker: Breaker::Closed, spent: VecDeque::new(), probes: 0, crashes: VecDeque::new(), seed }
    }

    pub(super) fn crashed(
        &mut self,
        limits: &Restart,
        served_for: Duration,
        eager: bool,
        now: Instant,
    ) -> Verdict {
        self.crashes.push_back(now);
        // Older ones than these change nothing about the flag.
        self.crashes.drain(..self.crashes.len().saturating_sub(limits.unstable_after as usize));
        if served_for >= limits.forgiven {
            self.forgive();
        }
        if served_for >= limits.proven {
            self.breaker = Breaker::Closed;
        }
        self.spent.retain(|at| now.saturating_duration_since(*at) < limits.span);
        let spent = u32::try_from(self.spent.len()).unwrap_or(u32::MAX);
        if self.breaker != Breaker::Closed || spent >= limits.budget {
            return self.give_up(limits, now);
        }
        self.spent.push_back(now);
        if eager && served_for >= limits.proven {
            return Verdict::Now;
        }
        Verdict::Backoff(now + self.jittered(limits.delay(spent), limits))
    }

    fn give_up(&mut self, limits: &Restart, now: Instant) -> Verdict {
        self.breaker = Breaker::Open;
        let delay = limits.probe_delay(self.probes);
        self.probes = self.probes.saturating_add(1);
        Verdict::CrashLoop(now + self.jittered(delay, limits))
    }

    /// Forgets what was spent; what happened stays in the record of the Unstable flag.
    pub(super) fn forgive(&mut self) {
        self.spent.clear();
        self.probes = 0;
    }

    /// Until when the worker counts as unstable.
    pub(super) fn unstable_until(&self, limits: &Restart) -> Option<Instant> {
        let decisive = self.crashes.len().checked_sub(limits.unstable_after as usize)?;
        self.crashes.get(decisive).map(|at| *at + limits.unstable_span)
    }

    /// Steele and Vigna's splitmix64: one multiplication chain, no state beyond the seed, good enough to spread timers.
    fn jittered(&mut self, delay: Duration, limits: &Restart) -> Duration {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.seed;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = f64::from((bits >> 32) as u32) / f64::from(u32::MAX);
        delay.mul_f64(1.0 + limits.jitter * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two numbers of the published generator from seed 0. Its last step changes the lowest bit of what is taken
    /// here at most, and is left out.
    const KNOWN: [u64; 2] = [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4];

    #[test]
    fn timers_are_spread_by_the_published_generator() {
        let (mut ladder, limits) = (Ladder::new(0), Restart { jitter: 0.5, ..Restart::default() });
        for number in KNOWN {
            let share = f64::from((number >> 32) as u32) / f64::from(u32::MAX);
            let waited = ladder.jittered(Duration::from_secs(10), &limits);
            let published = Duration::from_secs(10).mul_f64(1.0 + 0.5 * share);
            assert!(waited.abs_diff(published) < Duration::from_nanos(10), "{waited:?}, not {published:?}");
        }
    }
}
