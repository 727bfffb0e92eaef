//! The request breaker's rules as tables, against its reference model, and behind its shared handle.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "model/breaker.rs"]
mod model;

use proptest::prelude::*;
use std::time::{Duration, Instant};
use tonny_supervisor::{
    CircuitLimits, Failure, Gate, Rejected, Rejection, Requests, Slow,
    breaker::{Circuit, Outcome},
};

const SECOND: Duration = Duration::from_secs(1);

fn fail(circuit: &mut Circuit, failure: Failure, now: Instant) {
    let ticket = circuit.admit(now).unwrap();
    circuit.finish(ticket, Outcome::Failed(failure), now);
}

fn answer(circuit: &mut Circuit, now: Instant) {
    let ticket = circuit.admit(now).unwrap();
    circuit.finish(ticket, Outcome::Succeeded, now);
}

/// Open since `now`.
fn open(now: Instant) -> Circuit {
    let mut circuit = Circuit::new(CircuitLimits::default());
    (0..3).for_each(|_| fail(&mut circuit, Failure::Refused, now));
    assert_eq!(circuit.state(now), Requests::Open { retry_at: now + 30 * SECOND });
    circuit
}

#[test]
fn three_counted_failures_in_a_row_open_it_for_thirty_seconds() {
    let now = Instant::now();
    let mut circuit = Circuit::new(CircuitLimits::default());
    fail(&mut circuit, Failure::Refused, now);
    fail(&mut circuit, Failure::Reset, now);
    answer(&mut circuit, now);
    fail(&mut circuit, Failure::Status(500), now);
    fail(&mut circuit, Failure::Deadline, now);
    fail(&mut circuit, Failure::Cancelled, now);
    assert_eq!((circuit.state(now), circuit.wake()), (Requests::Closed, None));
    fail(&mut circuit, Failure::Exited, now);
    assert_eq!(circuit.wake(), Some(now + 30 * SECOND));
    let rejected = circuit.admit(now + 10 * SECOND).unwrap_err();
    assert_eq!(rejected, Rejected { reason: Rejection::Open, retry_after: Some(20 * SECOND) });
    assert_eq!(circuit.state(now + 30 * SECOND), Requests::HalfOpen);
    assert_eq!(circuit.wake(), None);
}

#[test]
fn a_late_call_does_not_lengthen_the_probe() {
    let now = Instant::now();
    let mut circuit = Circuit::new(CircuitLimits::default());
    let late = circuit.admit(now).unwrap();
    (0..3).for_each(|_| fail(&mut circuit, Failure::Refused, now));
    let at = now + 30 * SECOND;
    let _probe = circuit.admit(at).unwrap();
    circuit.progress(&late, at + 29 * SECOND);
    assert_eq!(circuit.wake(), Some(at + 30 * SECOND));
}

#[test]
fn only_what_says_that_the_other_side_is_broken_counts() {
    let counted = [
        Failure::Refused,
        Failure::Reset,
        Failure::Deadline,
        Failure::Exited,
        Failure::Status(500),
        Failure::Status(503),
    ];
    let not = [
        Failure::Cancelled,
        Failure::Loading,
        Failure::ShuttingDown,
        Failure::Status(499),
        Failure::Status(404),
    ];
    assert!(counted.iter().all(|failure| failure.counts()));
    assert!(!not.iter().any(|failure| failure.counts()));
}

#[test]
fn half_open_lets_one_call_at_a_time_through_and_two_answers_close_it() {
    let now = Instant::now();
    let mut circuit = open(now);
    let now = now + 30 * SECOND;
    let probe = circuit.admit(now).unwrap();
    assert_eq!(circuit.wake(), Some(now + 30 * SECOND));
    let rejected = circuit.admit(now + SECOND).unwrap_err();
    assert_eq!(rejected, Rejected { reason: Rejection::Probing, retry_after: Some(29 * SECOND) });
    circuit.finish(probe, Outcome::Succeeded, now + SECOND);
    assert_eq!(circuit.state(now + SECOND), Requests::HalfOpen);
    answer(&mut circuit, now + SECOND);
    assert_eq!(circuit.state(now + SECOND), Requests::Closed);
}

#[test]
fn a_probe_that_fails_opens_it_again_and_one_that_is_cancelled_does_not() {
    let now = Instant::now();
    let mut circuit = open(now);
    let now = now + 30 * SECOND;
    fail(&mut circuit, Failure::Cancelled, now);
    assert_eq!(circuit.state(now), Requests::HalfOpen);
    fail(&mut circuit, Failure::Status(502), now);
    assert_eq!(circuit.state(now), Requests::Open { retry_at: now + 30 * SECOND });
}

#[test]
fn a_probe_that_hangs_is_given_up_and_its_late_answer_says_nothing() {
    let now = Instant::now();
    let mut circuit = open(now);
    let now = now + 30 * SECOND;
    let hung = circuit.admit(now).unwrap();
    circuit.progress(&hung, now + 20 * SECOND);
    assert_eq!(circuit.admit(now + 40 * SECOND).unwrap_err().retry_after, Some(10 * SECOND));
    // It had its 30 s of rest while we waited for it.
    let later = now + 50 * SECOND;
    let second = circuit.admit(later).unwrap();
    circuit.finish(hung, Outcome::Failed(Failure::Reset), later);
    assert_eq!(circuit.state(later), Requests::HalfOpen);
    circuit.finish(second, Outcome::Succeeded, later);
    answer(&mut circuit, later);
    assert_eq!(circuit.state(later), Requests::Closed);
}

#[test]
fn a_short_deadline_of_the_probe_does_not_shorten_the_rest() {
    let now = Instant::now();
    let limits = CircuitLimits { probe_deadline: 5 * SECOND, ..CircuitLimits::default() };
    let mut circuit = Circuit::new(limits);
    (0..3).for_each(|_| fail(&mut circuit, Failure::Refused, now));
    let began = now + 31 * SECOND;
    let _hung = circuit.admit(began).unwrap();
    assert_eq!(circuit.state(began + 5 * SECOND), Requests::Open { retry_at: began + 30 * SECOND });
}

#[test]
fn a_side_that_was_replaced_is_tried_at_once_and_its_forerunner_says_nothing() {
    let now = Instant::now();
    let mut circuit = open(now);
    assert!(circuit.admit(now).is_err());
    circuit.replaced();
    let old = circuit.admit(now).expect("one call finds out");
    assert!(circuit.admit(now).is_err(), "and only one");
    circuit.replaced();
    let new = circuit.admit(now).expect("the next one too");
    circuit.finish(old, Outcome::Failed(Failure::Reset), now);
    assert_eq!(circuit.state(now), Requests::HalfOpen);
    circuit.finish(new, Outcome::Failed(Failure::Reset), now);
    assert!(matches!(circuit.state(now), Requests::Open { .. }), "a probe that fails opens it as ever");
    let mut closed = Circuit::new(CircuitLimits::default());
    fail(&mut closed, Failure::Reset, now);
    closed.replaced();
    fail(&mut closed, Failure::Reset, now);
    fail(&mut closed, Failure::Reset, now);
    assert!(matches!(closed.state(now), Requests::Open { .. }), "what was counted stays counted");
}

#[test]
fn results_from_before_it_opened_are_ignored() {
    let now = Instant::now();
    let mut circuit = Circuit::new(CircuitLimits::default());
    let late: Vec<_> = (0..4).map(|_| circuit.admit(now).unwrap()).collect();
    (0..3).for_each(|_| fail(&mut circuit, Failure::Refused, now));
    let now = now + 30 * SECOND;
    for (number, ticket) in late.into_iter().enumerate() {
        let outcome = if number % 2 == 0 { Outcome::Succeeded } else { Outcome::Failed(Failure::Reset) };
        circuit.finish(ticket, outcome, now);
        assert_eq!(circuit.state(now), Requests::HalfOpen);
    }
}

#[test]
fn answers_that_are_mostly_slow_open_it_and_a_first_word_in_time_is_not_slow() {
    let now = Instant::now();
    let limits = CircuitLimits {
        slow: Some(Slow { after: 20 * SECOND, calls: 2, of: 3 }),
        ..CircuitLimits::default()
    };
    let mut circuit = Circuit::new(limits);
    let mut call = |sign: Option<u32>, end: u32| {
        let ticket = circuit.admit(now).unwrap();
        sign.into_iter().for_each(|at| circuit.progress(&ticket, now + at * SECOND));
        circuit.finish(ticket, Outcome::Succeeded, now + end * SECOND);
        circuit.state(now + end * SECOND)
    };
    assert_eq!(call(Some(19), 300), Requests::Closed);
    assert_eq!(call(None, 20), Requests::Closed);
    assert_eq!(call(None, 19), Requests::Closed);
    assert_eq!(call(None, 1), Requests::Closed, "the slow one is the third last now");
    assert_eq!(call(Some(20), 21), Requests::Closed);
    assert!(matches!(call(None, 20), Requests::Open { .. }));
}

#[test]
fn a_hand_holds_it_shut_and_a_reset_closes_it() {
    let now = Instant::now();
    let mut circuit = open(now);
    circuit.hold(true);
    let rejected = circuit.admit(now).unwrap_err();
    assert_eq!(rejected, Rejected { reason: Rejection::Held, retry_after: None });
    circuit.reset();
    assert_eq!(circuit.state(now), Requests::Held);
    circuit.hold(false);
    assert_eq!(circuit.state(now), Requests::Closed);
    (0..2).for_each(|_| fail(&mut circuit, Failure::Refused, now));
    circuit.set_limits(CircuitLimits { failures: 2, ..CircuitLimits::default() });
    fail(&mut circuit, Failure::Refused, now);
    assert_eq!(circuit.state(now), Requests::Closed, "counted anew");
    fail(&mut circuit, Failure::Refused, now);
    assert_ne!(circuit.state(now), Requests::Closed);
}

#[test]
fn a_permit_dropped_by_a_panic_counts_as_cancelled_and_lets_the_next_one_through() {
    let gate = Gate::new(CircuitLimits { open: Duration::from_millis(1), ..CircuitLimits::default() });
    (0..3).for_each(|_| gate.permit().unwrap().failed(Failure::Refused));
    let rejected = gate.permit();
    assert!(rejected.is_err() || gate.state() == Requests::HalfOpen);
    let deadline = Instant::now() + 10 * SECOND;
    while gate.state() != Requests::HalfOpen {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let inside = gate.clone();
    let panicked = std::thread::spawn(move || {
        let _permit = inside.permit().unwrap();
        panic!("in the middle of a request");
    });
    assert!(panicked.join().is_err());
    assert_eq!((gate.in_flight(), gate.state(), gate.has_answered()), (0, Requests::HalfOpen, false));
    (0..2).for_each(|_| gate.permit().unwrap().succeeded());
    assert_eq!((gate.state(), gate.has_answered()), (Requests::Closed, true));
}

#[test]
fn what_was_asked_of_a_replaced_side_is_not_in_flight_any_more() {
    let gate = Gate::new(CircuitLimits::default());
    let (old, signs) = (gate.permit().unwrap(), gate.signs());
    old.progress();
    assert_eq!((gate.in_flight(), gate.signs()), (1, signs + 1));
    gate.replaced();
    assert_eq!(gate.in_flight(), 0);
    let new = gate.permit().unwrap();
    old.succeeded();
    assert_eq!((gate.in_flight(), gate.has_answered()), (1, false));
    new.succeeded();
    assert_eq!((gate.in_flight(), gate.has_answered(), gate.signs()), (0, true, signs + 3));
    gate.replaced();
    assert!(!gate.has_answered());
}

#[test]
fn a_gate_takes_other_numbers_a_hand_and_a_reset() {
    let gate = Gate::new(CircuitLimits::default());
    assert_eq!(gate.wake(), None);
    gate.set_limits(CircuitLimits { failures: 1, ..CircuitLimits::default() });
    gate.permit().unwrap().failed(Failure::Refused);
    let Requests::Open { retry_at } = gate.state() else { panic!("{:?}", gate.state()) };
    assert_eq!(gate.wake(), Some(retry_at));
    gate.reset();
    assert_eq!(gate.state(), Requests::Closed);
    gate.hold(true);
    assert_eq!(gate.state(), Requests::Held);
    gate.hold(false);
    drop(gate.permit().unwrap());
    assert_eq!((gate.state(), gate.in_flight(), gate.has_answered()), (Requests::Closed, 0, false));
}

#[tokio::test]
async fn whoever_watches_a_gate_is_woken_by_requests_and_hands() {
    let gate = Gate::new(CircuitLimits::default());
    let within = |gate: Gate| async move { tokio::time::timeout(10 * SECOND, gate.changed()).await };
    let permit = gate.permit().unwrap();
    within(gate.clone()).await.unwrap();
    drop(permit);
    within(gate.clone()).await.unwrap();
    gate.hold(true);
    within(gate.clone()).await.unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(20), gate.changed()).await;
    assert!(silent.is_err(), "nothing happened since");
}

#[test]
fn words_for_people_and_machines() {
    let now = Instant::now();
    let words = [Requests::Closed, Requests::Open { retry_at: now }, Requests::HalfOpen, Requests::Held];
    assert_eq!(words.map(|state| state.as_str().to_owned()), ["closed", "open", "half_open", "held"]);
    let reasons = [Rejection::Open, Rejection::Probing, Rejection::Held, Rejection::NotReady];
    assert!(reasons.iter().all(|reason| reason.to_string().starts_with(|c: char| c.is_lowercase())));
    let rejected = Rejected { reason: Rejection::Held, retry_after: None };
    assert_eq!(rejected.to_string(), Rejection::Held.to_string());
}

#[test]
fn three_callers_in_any_order_probe_one_at_a_time() {
    // Nine steps in every order, each caller ending in every way.
    assert_eq!(model::every_order_of_three(), Ok(1_680 * 125));
}

#[test]
fn every_number_takes_effect() {
    assert_eq!(model::unreached(), Vec::<&str>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn it_equals_its_reference(steps in model::steps(200)) {
        prop_assert_eq!(model::equals_reference(&steps), Ok(steps.len()));
    }

    #[test]
    fn it_is_never_stuck(steps in model::steps(60)) {
        prop_assert_eq!(model::comes_back(&steps), Ok(()));
    }
}
