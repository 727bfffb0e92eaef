//! The machine's rules as tables, and what must hold for every order of events.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use proptest::prelude::*;
use std::time::{Duration, Instant};
use tonny_supervisor::{
    Breaker, Exit, Phase, Spec,
    machine::{Effect, End, Event, Machine, Policy},
};

const SECOND: Duration = Duration::from_secs(1);

fn policy() -> Policy {
    Spec::new("w", "w").policy()
}

fn died(code: i32) -> Event {
    let exit = Exit { code: Some(code), signal: None };
    Event::Exited(End { exit, last_words: Some("no voice".to_owned()), out_of_memory: false })
}

/// A machine with a clock of its own.
struct Bench {
    machine: Machine,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { machine: Machine::new(policy(), now, 7), now }
    }

    fn started() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.on(Event::Start), Some(Effect::Start { incarnation: 1 }));
        bench
    }

    fn on(&mut self, event: Event) -> Option<Effect> {
        self.machine.on(event, self.now)
    }

    fn after(&mut self, time: Duration, event: Event) -> Option<Effect> {
        self.now += time;
        self.on(event)
    }

    /// Lets the time pass as the machine wants to be woken, until something comes of it; gives the effect and how long
    /// that took.
    fn wake(&mut self) -> (Option<Effect>, Duration) {
        let (from, before) = (self.now, (self.machine.phase().0.clone(), self.machine.breaker()));
        loop {
            let at = self.machine.wake().unwrap();
            self.now = at;
            let effect = self.on(Event::Tick);
            let after = (self.machine.phase().0.clone(), self.machine.breaker());
            if effect.is_some() || after != before || self.machine.wake().is_none() {
                return (effect, self.now - from);
            }
        }
    }

    fn phase(&self) -> &'static str {
        self.machine.phase().0.as_str()
    }
}

fn about(waited: Duration, seconds: u32) -> bool {
    let least = seconds * SECOND;
    (least..=least.mul_f64(1.2)).contains(&waited)
}

#[test]
fn early_crashes_back_off_then_give_up_then_probe() {
    let mut bench = Bench::started();
    for (restart, seconds) in [(2, 1), (3, 2), (4, 4)] {
        assert_eq!(bench.on(died(1)), None);
        assert_eq!((bench.phase(), bench.machine.breaker()), ("backoff", Breaker::Closed));
        let (effect, waited) = bench.wake();
        assert_eq!(effect, Some(Effect::Start { incarnation: restart }));
        assert!(about(waited, seconds), "{waited:?} for {seconds}");
    }
    for probe in 0..14 {
        assert_eq!(bench.on(died(1)), None);
        assert_eq!((bench.phase(), bench.machine.breaker()), ("crash_loop", Breaker::Open));
        let (effect, waited) = bench.wake();
        assert!(matches!(effect, Some(Effect::Start { .. })));
        assert_eq!(bench.machine.breaker(), Breaker::HalfOpen);
        let seconds = [30, 60, 600][usize::from(probe > 0) + usize::from(probe >= 10)];
        assert!(about(waited, seconds), "probe {probe}: {waited:?}");
    }
}

#[test]
fn a_worker_that_had_served_starts_again_at_once_three_times() {
    let mut bench = Bench::started();
    for incarnation in 2..=4 {
        bench.on(Event::Ready);
        assert_eq!(bench.after(10 * SECOND, died(0)), Some(Effect::Start { incarnation }));
    }
    bench.on(Event::Ready);
    assert_eq!(bench.after(10 * SECOND, died(0)), None);
    assert_eq!(bench.phase(), "crash_loop");
}

#[test]
fn the_budget_comes_back_with_time_and_with_long_service() {
    let mut bench = Bench::started();
    for incarnation in 2..=40 {
        bench.on(Event::Ready);
        assert_eq!(
            bench.after(101 * SECOND, died(1)),
            Some(Effect::Start { incarnation }),
            "3 in 5 min are allowed"
        );
    }
    for _ in 0..3 {
        bench.on(Event::Ready);
        bench.after(20 * SECOND, died(1));
    }
    assert_eq!(bench.phase(), "crash_loop");
    bench.wake();
    bench.on(Event::Ready);
    assert!(matches!(bench.after(600 * SECOND, died(1)), Some(Effect::Start { .. })));
    assert_eq!(bench.machine.breaker(), Breaker::Closed);
}

#[test]
fn a_probe_succeeds_by_a_real_request_or_by_serving_ten_seconds() {
    for by_request in [true, false] {
        let mut bench = Bench::started();
        while bench.phase() != "crash_loop" {
            bench.on(died(1));
            bench.wake();
            if bench.machine.breaker() == Breaker::HalfOpen {
                break;
            }
        }
        bench.on(Event::Ready);
        assert_eq!((bench.phase(), bench.machine.breaker()), ("ready", Breaker::HalfOpen));
        if by_request {
            bench.on(Event::Served);
        } else {
            assert_eq!(bench.wake(), (None, 10 * SECOND));
        }
        assert_eq!((bench.phase(), bench.machine.breaker()), ("ready", Breaker::Closed));
        assert_eq!(bench.machine.wake(), None, "an idle worker wakes nobody");
    }
}

#[test]
fn configuration_errors_are_not_tried_again_until_asked() {
    let mut bench = Bench::started();
    assert_eq!(bench.on(died(3)), None);
    assert_eq!(bench.machine.phase().0, &Phase::Failed { reason: "no voice".to_owned() });
    assert_eq!(bench.machine.wake(), None);
    assert_eq!(bench.on(Event::Start), None);
    assert_eq!(bench.on(Event::RetryNow), Some(Effect::Start { incarnation: 2 }));
    assert_eq!(bench.on(Event::NotStarted { reason: "no file".to_owned(), transient: false }), None);
    assert_eq!(bench.machine.phase().0, &Phase::Failed { reason: "no file".to_owned() });
    bench.on(Event::Restart);
    assert_eq!(bench.on(Event::NotStarted { reason: "no memory".to_owned(), transient: true }), None);
    assert_eq!(bench.phase(), "backoff");
}

#[test]
fn silence_while_starting_is_killed_progress_is_not() {
    let mut bench = Bench::started();
    for _ in 0..40 {
        assert_eq!(bench.after(30 * SECOND, Event::Progress), None);
        assert_eq!(bench.on(Event::Tick), None);
    }
    assert_eq!(bench.wake(), (Some(Effect::Force), 60 * SECOND));
    assert_eq!(bench.phase(), "draining");
    bench.on(died(9));
    assert_eq!(bench.phase(), "backoff");
}

#[test]
fn a_stop_climbs_the_ladder_and_is_the_last_word() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    assert_eq!(bench.on(Event::Stop), Some(Effect::Terminate));
    assert_eq!(bench.on(Event::Stop), None, "asked once");
    assert_eq!(bench.wake(), (Some(Effect::Force), 5 * SECOND));
    assert_eq!(bench.wake(), (Some(Effect::Kill), SECOND / 10));
    assert_eq!(bench.machine.wake(), None);
    assert_eq!(bench.on(died(3)), None);
    assert_eq!((bench.phase(), bench.machine.restarts()), ("stopped", 0));
    assert_eq!(bench.on(Event::RetryNow), None);
}

#[test]
fn a_bad_ready_line_is_killed_and_failed() {
    let mut bench = Bench::started();
    assert_eq!(bench.on(Event::BadReady("not JSON".to_owned())), Some(Effect::Force));
    assert_eq!(bench.on(Event::Ready), None);
    bench.on(died(0));
    assert_eq!(bench.machine.phase().0, &Phase::Failed { reason: "not JSON".to_owned() });
}

#[test]
fn a_restart_by_the_user_clears_budget_and_breaker() {
    let mut bench = Bench::started();
    for _ in 0..3 {
        bench.on(died(1));
        bench.wake();
    }
    bench.on(died(1));
    assert_eq!(bench.machine.breaker(), Breaker::Open);
    assert!(matches!(bench.on(Event::Restart), Some(Effect::Start { .. })));
    assert_eq!(bench.machine.breaker(), Breaker::Closed);
    assert_eq!(bench.on(Event::Restart), Some(Effect::Terminate), "a live copy ends first");
    assert_eq!(bench.on(died(0)), Some(Effect::Start { incarnation: 6 }));
    bench.on(died(1));
    assert!(about(bench.wake().1, 1), "the budget is full again");
}

#[derive(Debug, Clone)]
enum Step {
    Event(Event),
    Die(i32),
    Wait(u64),
    Wake,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Event(Event::Start)),
        Just(Step::Event(Event::Stop)),
        Just(Step::Event(Event::Restart)),
        Just(Step::Event(Event::RetryNow)),
        Just(Step::Event(Event::Ready)),
        Just(Step::Event(Event::Progress)),
        Just(Step::Event(Event::Served)),
        Just(Step::Event(Event::CpuAdvanced)),
        Just(Step::Event(Event::ProbeOk)),
        Just(Step::Event(Event::ProbeMissed)),
        Just(Step::Event(Event::OverMemory)),
        (0u32..3).prop_map(|count| Step::Event(Event::InFlight(count))),
        Just(Step::Event(Event::BadReady("bad".to_owned()))),
        any::<bool>()
            .prop_map(|transient| Step::Event(Event::NotStarted { reason: "no".to_owned(), transient })),
        (0..5).prop_map(Step::Die),
        (0u64..700_000).prop_map(Step::Wait),
        Just(Step::Wake),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_happens_one_copy_at_most_and_stop_stops(steps in prop::collection::vec(step(), 0..120)) {
        let mut bench = Bench::new();
        let mut alive = false;
        for step in steps {
            let effect = match step {
                // The loop reports a failed start only right after having been told to start.
                Step::Event(Event::NotStarted { .. }) if !alive || bench.phase() != "starting" => None,
                Step::Event(event) => {
                    alive &= !matches!(event, Event::NotStarted { .. });
                    bench.on(event)
                }
                Step::Die(code) => {
                    alive = false;
                    bench.on(died(code))
                }
                Step::Wait(ms) => bench.after(Duration::from_millis(ms), Event::Tick),
                Step::Wake if bench.machine.wake().is_some_and(|at| at >= bench.now) => bench.wake().0,
                Step::Wake => None,
            };
            match effect {
                Some(Effect::Start { .. }) => {
                    prop_assert!(!alive, "started while a copy lives");
                    alive = true;
                }
                Some(_) => prop_assert!(alive, "signal without a copy"),
                None => {}
            }
            prop_assert_eq!(bench.machine.is_live(), alive);
            let live_phase = matches!(bench.phase(), "starting" | "ready" | "busy" | "draining");
            prop_assert_eq!(live_phase, alive);
            // Nothing hangs: every phase that is not an end has a timer, or is Ready, or is killed for good.
            if matches!(bench.phase(), "starting" | "backoff" | "crash_loop") {
                prop_assert!(bench.machine.wake().is_some());
            }
        }
        let asked = bench.now;
        bench.on(Event::Stop);
        // Gone at the first request, at the first kill, or only at the second one.
        for _ in 0..2 {
            if bench.machine.is_live() && bench.machine.wake().is_some_and(|at| at <= asked + 6 * SECOND) {
                prop_assert!(matches!(bench.wake().0, Some(Effect::Force | Effect::Kill)));
            }
        }
        prop_assert!(bench.now - asked <= Duration::from_millis(5_100));
        bench.on(died(1));
        prop_assert_eq!(bench.phase(), "stopped");
        prop_assert_eq!(bench.after(10_000 * SECOND, Event::Tick), None);
    }
}
