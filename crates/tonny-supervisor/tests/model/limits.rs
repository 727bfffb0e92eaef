//! Every number a spec can hold, and a day of a worker in which it takes effect. A number no day reaches would be dead
//! configuration, like a backoff of 60 s behind a budget that is used up after 7 s.

use super::world::{HOUR, MINUTE, Profile, SECOND, World};
use std::time::Duration;
use tonny_supervisor::{Cause, Exit, Phase, Spec, machine::Event};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The limits that took no effect in any of the days, by name.
pub fn unreached() -> Vec<&'static str> {
    let days = Days::new();
    let reached = days.of_restarts().into_iter().chain(days.of_silence());
    reached.filter(|(_, reached)| !reached).map(|(name, _)| name).collect()
}

/// A day for each kind of worker.
struct Days {
    spec: Spec,
    /// Ends at once, always.
    ends: World,
    /// Serves 20 s and ends.
    short: World,
    /// Serves 11 minutes and ends, three times in a row after having used up the budget.
    long: World,
    /// Crashed too often to be depended upon, never often enough for the budget, and then was well for the rest of the day.
    healed: World,
}

fn between(time: Duration, from: Duration, jitter: f64) -> bool {
    (from..=from.mul_f64(1.0 + jitter)).contains(&time)
}

impl Days {
    fn new() -> Self {
        let ends = World::run(Profile::ends_at_once(1), 1, DAY);
        let short = World::run(Profile::serves_for(20 * SECOND), 2, DAY);
        let mut long = World::new(Profile::serves_for(20 * SECOND), 3);
        long.tell(Event::Start);
        long.pass(50 * SECOND);
        // Two of three restarts are spent, and the next copy serves for long.
        long.behaves(|profile| profile.lives = Some(11 * MINUTE));
        long.pass(HOUR);
        let mut healed = World::run(Profile::serves_for(110 * SECOND), 4, 15 * MINUTE);
        healed.behaves(|profile| profile.lives = None);
        healed.pass(DAY);
        Self { spec: Profile::good().spec, ends, short, long, healed }
    }

    fn of_restarts(&self) -> Vec<(&'static str, bool)> {
        let limits = &self.spec.restart;
        let jitter = limits.jitter;
        let quick: Vec<_> =
            self.ends.story.waits.iter().filter(|(.., probe)| !probe).map(|wait| wait.1).collect();
        let probes: Vec<_> =
            self.ends.story.waits.iter().filter(|(.., probe)| *probe).map(|wait| wait.1).collect();
        let patience = limits.patience as usize;
        let starts = &self.short.story.starts;
        let spread = |time: &Duration| *time != limits.backoff_max;
        vec![
            ("restart.budget", quick.len() == limits.budget as usize && !probes.is_empty()),
            (
                "restart.backoff",
                between(quick[0], limits.backoff, jitter) && between(quick[2], 4 * limits.backoff, jitter),
            ),
            ("restart.backoff_max", between(probes[1], limits.backoff_max, jitter)),
            ("restart.first_probe", between(probes[0], limits.first_probe, jitter)),
            ("restart.patience", between(probes[patience - 1], limits.backoff_max, jitter)),
            ("restart.rare_probe", between(probes[patience], limits.rare_probe, jitter)),
            ("restart.jitter", probes[1..patience].iter().any(spread)),
            // Without a pause: the next start comes with the end.
            ("restart.proven", starts[1] - starts[0] == 20 * SECOND),
            ("restart.span", self.long.story.starts.len() > limits.budget as usize + 2),
            ("restart.forgiven", self.long.story.waits.is_empty() && self.long.story.ends.len() >= 6),
            ("restart.unstable_after", self.healed.story.unstable && self.healed.story.waits.is_empty()),
            ("restart.unstable_span", self.healed.story.became_stable),
        ]
    }

    fn of_silence(&self) -> Vec<(&'static str, bool)> {
        let day = |profile| World::run(profile, 5, HOUR).story;
        let good = Profile::good;
        let stuck = day(Profile { loads: None, ..good() });
        let idle = day(Profile { hangs: Some(MINUTE), ..good() });
        let asked = Profile { asked_after: Some(SECOND), answers_in: HOUR, ..good() };
        let silent = day(Profile { computes: false, ..asked });
        let exit = |code| Exit { code: Some(code), signal: None };
        let refusing = day(Profile { lives: Some(SECOND), loads: None, exit: exit(3), ..good() });
        let mut deaf = World::run(Profile { stops: None, ..good() }, 6, MINUTE);
        let asked_at = deaf.now;
        deaf.tell(Event::Stop);
        deaf.pass(MINUTE);
        let forced = deaf.story.forced.first().map(|at| *at - asked_at);
        let mut full = World::run(good(), 7, MINUTE);
        full.tell(Event::OverMemory);
        full.pass(MINUTE);
        vec![
            ("ready_deadline", stuck.ends[0].1 == Cause::StartTimeout),
            ("misses", idle.ends[0].1 == Cause::Hung),
            ("stall_limit", silent.ends[0].1 == Cause::Hung),
            ("stop_grace", forced == Some(self.spec.stop_grace) && *deaf.phase() == Phase::Stopped),
            ("do_not_retry", refusing.starts.len() == 1),
            ("memory_ceiling", full.story.ends[0].1 == Cause::MemoryCeiling && full.story.starts.len() == 2),
        ]
    }
}
