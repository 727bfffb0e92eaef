//! The machine's rules as tables, and what must hold for every order of events.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::{Duration, Instant};
use tonny_supervisor::{
    Breaker, Cause, Exit, Phase, Sign, Spec,
    machine::{Effect, End, Event, Machine, Policy, classify},
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
            bench.after(5 * SECOND, Event::Tick);
            assert_eq!(bench.machine.breaker(), Breaker::HalfOpen, "half of it proves nothing");
            assert_eq!(bench.wake(), (None, 5 * SECOND));
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
fn another_spec_starts_what_runs_anew_and_leaves_alone_what_was_stopped() {
    let mut bench = Bench::started();
    assert_eq!(bench.on(Event::Respec), Some(Effect::Terminate));
    assert_eq!(bench.on(died(0)), Some(Effect::Start { incarnation: 2 }));
    assert_eq!(bench.on(Event::Stop), Some(Effect::Terminate));
    assert_eq!(bench.on(Event::Respec), None, "on its way to a stop");
    assert_eq!(bench.on(died(0)), None);
    assert_eq!(bench.machine.phase().0, &Phase::Stopped);
    assert_eq!(bench.on(Event::Respec), None);
    assert_eq!(bench.on(Event::Start), Some(Effect::Start { incarnation: 3 }));
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

fn killed(signal: i32, out_of_memory: bool) -> End {
    End { exit: Exit { code: None, signal: Some(signal) }, last_words: None, out_of_memory }
}

fn ended(code: i32, words: &str) -> End {
    End {
        exit: Exit { code: Some(code), signal: None },
        last_words: Some(words.to_owned()),
        out_of_memory: false,
    }
}

#[test]
fn ends_have_causes() {
    let own = [
        Sign { code: Some(3), words: String::new(), means: Cause::BadModel },
        Sign { code: None, words: "No Voice".to_owned(), means: Cause::PortTaken },
    ];
    let table = [
        (ended(0, "done"), false, Cause::Clean),
        (ended(1, "it broke"), false, Cause::Crashed),
        (ended(2, "usage: w"), false, Cause::Configuration),
        (ended(3, "whatever"), false, Cause::BadModel),
        (ended(4, "there is no voice"), false, Cause::PortTaken),
        (ended(1, "bind: Address already in use (os error 98)"), false, Cause::PortTaken),
        (ended(1, "OSError: EADDRINUSE"), false, Cause::PortTaken),
        (ended(1, "error: failed to load model 'x.gguf'"), false, Cause::BadModel),
        (ended(127, "w: error while loading shared libraries: libgomp.so.1"), false, Cause::MissingLibrary),
        (ended(127, "w: symbol lookup error: undefined symbol: x"), false, Cause::MissingLibrary),
        (ended(0, "error while loading shared libraries"), false, Cause::Clean),
        (ended(127, "keeper: cannot start"), false, Cause::NotExecutable),
        (ended(126, ""), false, Cause::NotExecutable),
        (ended(-1_073_741_515, ""), false, Cause::MissingLibrary),
        (ended(-1_073_741_795, ""), false, Cause::WrongCpu),
        (ended(132, ""), false, Cause::WrongCpu),
        (ended(132, ""), true, Cause::Crashed),
        (killed(4, false), false, Cause::WrongCpu),
        (killed(4, false), true, Cause::Crashed),
        (killed(9, true), true, Cause::OutOfMemory),
        (killed(9, false), true, Cause::Crashed),
        (killed(11, true), false, Cause::Crashed),
        (End::default(), false, Cause::Crashed),
    ];
    for (end, has_served, cause) in table {
        assert_eq!(classify(&end, &[2, 3], &own, has_served), cause, "{end:?}");
    }
    assert_eq!(classify(&End { out_of_memory: true, ..ended(137, "") }, &[], &[], false), Cause::OutOfMemory);
    assert_eq!(classify(&ended(137, ""), &[], &[], false), Cause::Crashed);
    let library =
        End { exit: Exit { code: None, signal: Some(6) }, ..ended(0, "dyld: Library not loaded: x") };
    assert_eq!(classify(&library, &[], &[], false), Cause::MissingLibrary);
}

#[test]
fn what_cannot_go_better_is_failed_and_says_so() {
    let reason = |end: End| {
        let mut bench = Bench::started();
        bench.on(Event::Exited(end));
        match bench.machine.phase().0 {
            Phase::Failed { reason } => reason.clone(),
            other => other.as_str().to_owned(),
        }
    };
    assert_eq!(reason(killed(4, false)), "this build does not fit this CPU (signal 4)");
    assert_eq!(
        reason(ended(127, "not loadable: Error loading shared library x")),
        "a library it needs is missing: not loadable: Error loading shared library x"
    );
    assert_eq!(reason(ended(1, "unable to load model")), "unable to load model");
    assert_eq!(reason(End { last_words: None, ..ended(3, "") }), "exit code 3");
    assert_eq!(reason(ended(127, "no such file")), "no such file");
    assert_eq!(
        reason(End { last_words: None, ..ended(126, "") }),
        "its program cannot be executed (exit code 126)"
    );
    assert_eq!(reason(ended(1, "address already in use")), "backoff");
    assert_eq!(reason(killed(9, true)), "backoff");
    assert_eq!(reason(ended(0, "bye")), "backoff");
}

#[test]
fn what_takes_its_memory_or_port_is_still_there_and_so_it_waits() {
    for end in [killed(9, true), ended(1, "address already in use")] {
        let mut bench = Bench::started();
        bench.on(Event::Ready);
        assert_eq!(bench.after(60 * SECOND, Event::Exited(end)), None);
        assert_eq!(bench.phase(), "backoff");
        assert!(about(bench.wake().1, 1));
    }
}

#[test]
fn requests_make_it_busy_and_their_silence_ends_it() {
    let mut bench = Bench::started();
    bench.on(Event::InFlight(1));
    assert_eq!(bench.phase(), "starting");
    bench.on(Event::Ready);
    assert_eq!(bench.phase(), "busy");
    bench.on(Event::InFlight(0));
    assert_eq!((bench.phase(), bench.machine.wake()), ("ready", None));
    bench.after(1_000 * SECOND, Event::InFlight(2));
    for _ in 0..100 {
        assert_eq!(bench.after(9 * SECOND, Event::ProbeMissed), None);
        assert_eq!(bench.on(Event::Progress), None);
    }
    for _ in 0..100 {
        assert_eq!(bench.after(9 * SECOND, Event::CpuAdvanced), None);
    }
    assert_eq!(bench.wake(), (Some(Effect::Force), 120 * SECOND));
    bench.on(died(9));
    assert_eq!(bench.machine.last_exit().unwrap().cause, Cause::Hung);
}

#[test]
fn the_silence_before_a_request_is_not_held_against_it() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    for _ in 0..100 {
        bench.after(5 * SECOND, Event::ProbeOk);
    }
    bench.on(Event::InFlight(1));
    assert_eq!(bench.wake(), (Some(Effect::Force), 120 * SECOND));
}

#[test]
fn an_idle_worker_may_miss_two_probes_and_work_unasked_for_two_minutes() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    for _ in 0..10 {
        assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
        assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
        assert_eq!(bench.machine.missed_probes(), 2);
        assert_eq!(bench.after(SECOND, Event::ProbeOk), None);
        assert_eq!(bench.machine.missed_probes(), 0);
    }
    let mut silent_for = 0;
    while bench.on(Event::ProbeMissed).is_none() {
        bench.on(Event::CpuAdvanced);
        bench.now += SECOND;
        silent_for += 1;
    }
    assert_eq!((silent_for, bench.phase()), (120, "draining"));
    bench.on(died(9));
    bench.on(Event::Ready);
    bench.on(Event::CpuAdvanced);
    assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    assert_eq!(bench.after(SECOND / 2, Event::ProbeMissed), None, "it worked 2.5 s ago");
    assert_eq!(bench.after(SECOND / 2, Event::ProbeMissed), Some(Effect::Force));
}

#[test]
fn a_worker_that_was_too_busy_for_its_probes_gets_all_chances_when_idle() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    bench.on(Event::InFlight(1));
    for _ in 0..20 {
        assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    }
    bench.on(Event::InFlight(0));
    assert_eq!(bench.machine.missed_probes(), 0);
    assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    assert_eq!(bench.after(SECOND, Event::ProbeMissed), None);
    assert_eq!(bench.after(SECOND, Event::ProbeMissed), Some(Effect::Force));
}

#[test]
fn six_crashes_in_an_hour_flag_it_until_the_hour_is_over() {
    let mut bench = Bench::started();
    for crash in 1..=6 {
        assert!(!bench.machine.is_unstable(bench.now));
        bench.on(Event::Ready);
        assert!(matches!(bench.after(500 * SECOND, died(1)), Some(Effect::Start { .. })), "{crash}");
    }
    assert!(bench.machine.is_unstable(bench.now));
    bench.on(Event::Ready);
    // The first of the six falls out of the hour.
    assert_eq!(bench.machine.wake(), Some(bench.now + 1_100 * SECOND));
    bench.after(1_099 * SECOND, Event::Tick);
    assert!(bench.machine.is_unstable(bench.now));
    bench.after(SECOND, Event::Tick);
    assert!(!bench.machine.is_unstable(bench.now));
    assert_eq!(bench.machine.wake(), None);
}

#[test]
fn one_that_is_too_large_is_killed_and_started_again() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    bench.now += 30 * SECOND;
    assert_eq!(bench.on(Event::OverMemory), Some(Effect::Force));
    assert_eq!(bench.on(Event::OverMemory), None);
    assert_eq!(bench.on(died(9)), Some(Effect::Start { incarnation: 2 }));
    assert_eq!(bench.machine.last_exit().unwrap().cause, Cause::MemoryCeiling);
}

#[test]
fn orders_count_while_it_ends_and_discoveries_do_not() {
    let mut bench = Bench::started();
    bench.on(Event::Ready);
    bench.on(Event::OverMemory);
    assert_eq!(bench.on(Event::Stop), None);
    bench.on(died(9));
    assert_eq!((bench.phase(), bench.machine.last_exit().unwrap().cause), ("stopped", Cause::AskedFor));
    bench.on(Event::Start);
    bench.on(Event::Ready);
    bench.on(Event::Stop);
    assert_eq!(bench.on(Event::OverMemory), None);
    assert_eq!(bench.on(Event::ProbeMissed), None);
    bench.on(Event::InFlight(1));
    assert_eq!(bench.phase(), "draining");
    bench.on(died(0));
    assert_eq!(bench.phase(), "stopped");
}

#[test]
fn a_computer_that_slept_accuses_nobody() {
    for busy in [true, false] {
        let mut bench = Bench::started();
        if busy {
            bench.on(Event::Ready);
            bench.on(Event::InFlight(1));
        }
        let limit = if busy { 120 } else { 60 };
        for _ in 0..10 {
            assert_eq!(bench.after((limit - 10) * SECOND, Event::Tick), None);
            assert_eq!(bench.after(8 * 3600 * SECOND, Event::Tick), None);
        }
        assert_eq!(bench.wake(), (Some(Effect::Force), limit * SECOND), "silence while awake counts");
    }
}

#[test]
fn words_for_machines_and_people() {
    let causes = [
        Cause::AskedFor,
        Cause::Clean,
        Cause::Crashed,
        Cause::Configuration,
        Cause::WrongCpu,
        Cause::OutOfMemory,
        Cause::MemoryCeiling,
        Cause::PortTaken,
        Cause::MissingLibrary,
        Cause::NotExecutable,
        Cause::BadModel,
        Cause::Hung,
        Cause::StartTimeout,
        Cause::BadReadyLine,
        Cause::NotStarted,
    ];
    let mut words: Vec<&str> = causes.iter().map(|cause| cause.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), causes.len());
    assert!(
        words
            .iter()
            .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && word.len() > 3)
    );
    assert!(causes.iter().all(|cause| cause.to_string().contains(' ')));
    let phases = [Phase::Stopped, Phase::Starting, Phase::Ready, Phase::Busy, Phase::Draining];
    assert_eq!(
        phases.map(|phase| phase.as_str().to_owned()),
        ["stopped", "starting", "ready", "busy", "draining"]
    );
}

#[test]
fn a_reset_by_hand_closes_the_breaker_and_starts_what_waits() {
    let mut bench = Bench::started();
    // Nothing to do for a live copy, nor for one that is not wanted or cannot work.
    assert_eq!(bench.on(Event::ResetBreaker), None);
    for _ in 0..3 {
        bench.on(died(1));
        bench.wake();
    }
    bench.on(died(1));
    assert_eq!((bench.phase(), bench.machine.breaker()), ("crash_loop", Breaker::Open));
    assert_eq!(bench.on(Event::ResetBreaker), Some(Effect::Start { incarnation: 5 }));
    assert_eq!((bench.phase(), bench.machine.breaker()), ("starting", Breaker::Closed));
    // The budget is as new.
    bench.on(died(1));
    assert_eq!(bench.phase(), "backoff");
    assert!(about(bench.wake().1, 1));
    bench.on(died(2));
    assert_eq!((bench.phase(), bench.on(Event::ResetBreaker)), ("failed", None));
    bench.on(Event::Stop);
    assert_eq!((bench.phase(), bench.on(Event::ResetBreaker)), ("stopped", None));
}

#[test]
fn who_is_in_a_hurry_shortens_a_stop_that_is_under_way() {
    for ask_again in [None, Some(2 * SECOND)] {
        let mut bench = Bench::started();
        let policy = Policy { ask_again, ..policy() };
        bench.machine.set_policy(policy.clone());
        assert_eq!(bench.on(Event::Stop), Some(Effect::Terminate));
        bench.now += SECOND / 2;
        bench.machine.set_policy(Policy { stop_grace: SECOND, ..policy });
        let (mut effect, mut waited) = bench.wake();
        if ask_again.is_some() {
            assert_eq!(effect, Some(Effect::Terminate));
            (effect, waited) = (bench.wake().0, waited);
        }
        assert_eq!((effect, waited), (Some(Effect::Force), SECOND / 2), "{ask_again:?}");
    }
}
