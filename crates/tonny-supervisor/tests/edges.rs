//! The machine at the edges of its rules: what a change of one sign would do, and nobody else would notice.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::{Duration, Instant};
use tonny_supervisor::{
    Breaker, Cause, Exit, Spec,
    machine::{Effect, End, Event, Machine},
};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

struct Bench {
    machine: Machine,
    now: Instant,
}

impl Bench {
    fn started(spec: &Spec) -> Self {
        let now = Instant::now();
        let mut bench = Self { machine: Machine::new(spec.policy(), now, 7), now };
        bench.on(Event::Start);
        bench
    }

    fn ready() -> Self {
        let mut bench = Self::started(&Spec::new("w", "w"));
        bench.on(Event::Ready);
        bench
    }

    fn on(&mut self, event: Event) -> Option<Effect> {
        self.machine.on(event, self.now)
    }

    fn after(&mut self, time: Duration, event: Event) -> Option<Effect> {
        self.now += time;
        self.on(event)
    }

    /// When the machine wants to be woken, from now on.
    fn wakes_in(&self) -> Option<Duration> {
        self.machine.wake().map(|at| at - self.now)
    }
}

fn died(code: i32) -> Event {
    let exit = Exit { code: Some(code), signal: None };
    Event::Exited(End { exit, last_words: None, out_of_memory: false })
}

#[test]
fn starts_are_counted_from_one() {
    let mut bench = Bench::ready();
    assert_eq!((bench.machine.incarnation(), bench.machine.restarts()), (1, 0));
    for start in 2..=3 {
        bench.on(Event::Ready);
        bench.after(20 * SECOND, died(1));
        assert_eq!((bench.machine.incarnation(), bench.machine.restarts()), (start, start as u32 - 1));
    }
}

#[test]
fn what_was_forced_is_killed_a_tenth_of_a_second_later_and_only_once() {
    let mut bench = Bench::ready();
    assert_eq!(bench.on(Event::OverMemory), Some(Effect::Force));
    assert_eq!(bench.wakes_in(), Some(100 * MS));
    assert_eq!(bench.after(99 * MS, Event::Tick), None);
    assert_eq!(bench.after(MS, Event::Tick), Some(Effect::Kill));
    assert_eq!(bench.wakes_in(), None);
    assert_eq!(bench.after(9 * SECOND, Event::Tick), None);
}

#[test]
fn one_that_is_asked_again_has_its_whole_grace_all_the_same() {
    let spec = Spec { ask_again: Some(SECOND), stop_grace: 3 * SECOND, ..Spec::new("w", "w") };
    let mut bench = Bench::started(&spec);
    bench.on(Event::Ready);
    assert_eq!(bench.on(Event::Stop), Some(Effect::Terminate));
    assert_eq!(bench.wakes_in(), Some(SECOND));
    assert_eq!(bench.after(999 * MS, Event::Tick), None);
    assert_eq!(bench.after(MS, Event::Tick), Some(Effect::Terminate));
    assert_eq!(bench.wakes_in(), Some(2 * SECOND));
    assert_eq!(bench.after(2 * SECOND, Event::Tick), Some(Effect::Force));
    assert_eq!(bench.after(100 * MS, Event::Tick), Some(Effect::Kill));
    bench.on(died(0));
    assert_eq!(bench.machine.last_exit().unwrap().cause, Cause::AskedFor);
}

#[test]
fn a_second_request_does_not_hide_that_the_first_stands_still() {
    let mut bench = Bench::ready();
    bench.on(Event::InFlight(1));
    for second in 0..119 {
        assert_eq!(bench.after(SECOND, Event::InFlight(2 + second % 2)), None);
    }
    assert_eq!(bench.after(SECOND, Event::Tick), Some(Effect::Force));
}

#[test]
fn an_idle_worker_that_is_told_so_again_keeps_its_missed_probes() {
    let mut bench = Bench::ready();
    bench.after(SECOND, Event::ProbeMissed);
    bench.on(Event::InFlight(0));
    assert_eq!(bench.machine.missed_probes(), 1);
}

#[test]
fn a_start_that_gave_no_process_says_why() {
    for (transient, cause) in [(true, Cause::NotStarted), (false, Cause::NotExecutable)] {
        let mut bench = Bench::started(&Spec::new("w", "w"));
        bench.on(Event::NotStarted { reason: "no".to_owned(), transient });
        assert_eq!(bench.machine.last_exit().unwrap().cause, cause);
        assert_eq!(bench.machine.breaker(), Breaker::Closed);
    }
}

#[test]
fn what_is_not_ready_serves_nobody_and_misses_nothing() {
    let mut bench = Bench::started(&Spec::new("w", "w"));
    for _ in 0..5 {
        assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    }
    // A probe start of the crash loop is trusted for an answer only once it is ready.
    for _ in 0..4 {
        bench.on(died(1));
        bench.now = bench.machine.wake().unwrap();
        bench.on(Event::Tick);
    }
    assert_eq!(bench.machine.breaker(), Breaker::HalfOpen);
    bench.on(Event::Served);
    assert_eq!(bench.machine.breaker(), Breaker::HalfOpen);
    bench.on(Event::Ready);
    bench.on(Event::Served);
    assert_eq!(bench.machine.breaker(), Breaker::Closed);
}

#[test]
fn requests_show_in_the_phase_of_a_ready_worker() {
    let mut bench = Bench::ready();
    for (count, phase) in [(0, "ready"), (2, "busy"), (1, "busy"), (0, "ready")] {
        assert_eq!(bench.on(Event::InFlight(count)), None);
        assert_eq!(bench.machine.phase().0.as_str(), phase, "{count} in flight");
    }
}

#[test]
fn ten_seconds_without_an_event_are_no_sleep() {
    let mut bench = Bench::started(&Spec::new("w", "w"));
    for _ in 0..5 {
        assert_eq!(bench.after(10 * SECOND, Event::Tick), None);
    }
    // Silent for 60 s, each look a sign of nothing.
    assert_eq!(bench.after(10 * SECOND, Event::Tick), Some(Effect::Force));
    let mut bench = Bench::started(&Spec::new("w", "w"));
    for _ in 0..20 {
        assert_eq!(bench.after(10 * SECOND + MS, Event::Tick), None, "the computer slept");
    }
}

#[test]
fn no_request_is_no_sign_of_life() {
    let mut bench = Bench::started(&Spec::new("w", "w"));
    for _ in 0..7 {
        bench.after(8 * SECOND, Event::InFlight(0));
    }
    assert_eq!(bench.after(4 * SECOND, Event::Tick), Some(Effect::Force));
}

#[test]
fn a_crash_is_forgotten_exactly_after_the_span() {
    for (early, phase) in [(Duration::ZERO, "backoff"), (MS, "crash_loop")] {
        let mut spec = Spec::new("w", "w");
        spec.restart.jitter = 0.0;
        let mut bench = Bench::started(&spec);
        // The three of the budget are spent at once, whatever the waits are.
        for _ in 0..3 {
            bench.on(died(1));
            bench.on(Event::RetryNow);
        }
        bench.after(spec.restart.span - early, died(1));
        assert_eq!(bench.machine.phase().0.as_str(), phase, "{early:?} before");
    }
}
