//! The request breaker against a reference model, and from any state back to Closed. Used by this crate's tests and by the
//! rows B1 and B2 of the reliability page.

use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tonny_supervisor::{
    CircuitLimits, Failure, Rejected, Rejection, Requests, Slow,
    breaker::{Circuit, Outcome, Ticket},
};

/// One thing that happens to a breaker.
#[derive(Debug, Clone)]
pub enum Step {
    Admit,
    /// The call at this place among those under way (modulo their number) ends.
    Finish(usize, Outcome),
    Progress(usize),
    Wait(Duration),
    Hold(bool),
    Reset,
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::Refused),
        Just(Failure::Reset),
        (400u16..600).prop_map(Failure::Status),
        Just(Failure::Deadline),
        Just(Failure::Exited),
        Just(Failure::Cancelled),
        Just(Failure::Loading),
        Just(Failure::ShuttingDown),
    ]
}

/// Sequences that reach every state: mostly calls and their ends, waits around the limits, rarely a hand on it.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => Just(Step::Admit),
        4 => (0usize..4).prop_map(|at| Step::Finish(at, Outcome::Succeeded)),
        5 => (0usize..4, failure()).prop_map(|(at, failure)| Step::Finish(at, Outcome::Failed(failure))),
        2 => (0usize..4).prop_map(Step::Progress),
        3 => (0u64..35_000).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        1 => Just(Step::Wait(Duration::from_secs(30))),
        1 => any::<bool>().prop_map(Step::Hold),
        1 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 1..=most)
}

/// Numbers that reach the slow-call rule as often as the others.
pub fn limits() -> CircuitLimits {
    let slow = Some(Slow { after: Duration::from_secs(5), calls: 3, of: 5 });
    CircuitLimits { probe_deadline: Duration::from_secs(12), slow, ..CircuitLimits::default() }
}

/// The breaker as one would tell it: a list of what happened since it last changed its mind, looked through anew for
/// every question.
struct Reference {
    limits: CircuitLimits,
    mode: Mode,
    cycle: u32,
    held: bool,
    answers: Vec<Answer>,
    calls: BTreeMap<u64, Call>,
    next: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Closed,
    Open(Instant),
    Half,
}

/// What a call of this cycle gave: a failure, or an answer that was slow or not.
enum Answer {
    Bad,
    Good { slow: bool },
}

struct Call {
    cycle: u32,
    began: Instant,
    sign: Option<Instant>,
    /// While half-open: when it counts as hung. Every answer starts it anew.
    deadline: Option<Instant>,
}

impl Reference {
    fn new(limits: CircuitLimits) -> Self {
        let (answers, calls) = (Vec::new(), BTreeMap::new());
        Self { limits, mode: Mode::Closed, cycle: 0, held: false, answers, calls, next: 0 }
    }

    fn turn(&mut self, mode: Mode) {
        self.mode = mode;
        self.cycle += 1;
        self.answers.clear();
    }

    fn probe(&self) -> Option<(&Call, Instant)> {
        let probe = self.calls.values().find(|call| call.cycle == self.cycle && call.deadline.is_some())?;
        Some((probe, probe.deadline?))
    }

    fn pass(&mut self, now: Instant) {
        let hung = self.probe().filter(|_| self.mode == Mode::Half).filter(|(_, deadline)| *deadline <= now);
        if let Some((call, deadline)) = hung {
            let until = deadline.max(call.began + self.limits.open);
            self.turn(Mode::Open(until));
        }
        if matches!(self.mode, Mode::Open(until) if until <= now) {
            self.turn(Mode::Half);
        }
    }

    fn admit(&mut self, now: Instant) -> Result<u64, Rejected> {
        self.pass(now);
        let no = |reason, at: Option<Instant>| Err(Rejected { reason, retry_after: at.map(|at| at - now) });
        match (self.held, self.mode, self.probe()) {
            (true, ..) => return no(Rejection::Held, None),
            (_, Mode::Open(until), _) => return no(Rejection::Open, Some(until)),
            (_, Mode::Half, Some((_, deadline))) => return no(Rejection::Probing, Some(deadline)),
            _ => {}
        }
        let deadline = (self.mode == Mode::Half).then_some(now + self.limits.probe_deadline);
        self.next += 1;
        self.calls.insert(self.next, Call { cycle: self.cycle, began: now, sign: None, deadline });
        Ok(self.next)
    }

    fn progress(&mut self, number: u64, now: Instant) {
        self.pass(now);
        let again = now + self.limits.probe_deadline;
        let call = self.calls.get_mut(&number).unwrap();
        call.sign = call.sign.or(Some(now));
        call.deadline = call.deadline.map(|_| again);
    }

    fn finish(&mut self, number: u64, outcome: Outcome, now: Instant) {
        self.pass(now);
        let call = self.calls.remove(&number).unwrap();
        if call.cycle != self.cycle {
            return;
        }
        match outcome {
            Outcome::Failed(failure) if !failure.counts() => return,
            Outcome::Failed(_) => self.answers.push(Answer::Bad),
            Outcome::Succeeded => {
                let after = self.limits.slow.as_ref().unwrap().after;
                let slow = call.sign.unwrap_or(now) - call.began >= after;
                self.answers.push(Answer::Good { slow });
            }
        }
        self.judge(now);
    }

    fn judge(&mut self, now: Instant) {
        let bad = |answer: &&Answer| matches!(answer, Answer::Bad);
        let good = self.answers.iter().filter(|answer| !bad(answer)).count();
        let in_a_row = self.answers.iter().rev().take_while(bad).count();
        let slow = self.limits.slow.as_ref().unwrap();
        let newest = self.answers.iter().rev().filter(|answer| !bad(answer)).take(slow.of);
        let slow_ones = newest.filter(|answer| matches!(answer, Answer::Good { slow: true })).count();
        let open = Mode::Open(now + self.limits.open);
        match self.mode {
            Mode::Closed if in_a_row >= self.limits.failures as usize => self.turn(open),
            Mode::Closed if in_a_row == 0 && slow_ones >= slow.calls => self.turn(open),
            Mode::Half if in_a_row > 0 => self.turn(open),
            Mode::Half if good >= self.limits.successes as usize => self.turn(Mode::Closed),
            _ => {}
        }
    }

    fn state(&mut self, now: Instant) -> Requests {
        self.pass(now);
        match (self.held, self.mode) {
            (true, _) => Requests::Held,
            (_, Mode::Closed) => Requests::Closed,
            (_, Mode::Open(retry_at)) => Requests::Open { retry_at },
            (_, Mode::Half) => Requests::HalfOpen,
        }
    }
}

/// A breaker with the calls under way.
struct Bench {
    circuit: Circuit,
    calls: Vec<(u64, Ticket)>,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { circuit: Circuit::new(limits()), calls: Vec::new(), now: Instant::now() }
    }

    fn place(&self, at: usize) -> Option<usize> {
        (!self.calls.is_empty()).then(|| at % self.calls.len())
    }
}

/// Whether the breaker and the reference agree after every step; counts the steps.
pub fn equals_reference(steps: &[Step]) -> Result<usize, String> {
    let (mut bench, mut reference) = (Bench::new(), Reference::new(limits()));
    for (number, step) in steps.iter().enumerate() {
        let now = bench.now;
        match step {
            Step::Admit => match (bench.circuit.admit(now), reference.admit(now)) {
                (Ok(ticket), Ok(call)) => bench.calls.push((call, ticket)),
                (Err(ours), Err(theirs)) if ours == theirs => {}
                (ours, theirs) => return Err(format!("step {number}: {ours:?}, reference {theirs:?}")),
            },
            Step::Finish(at, outcome) => {
                if let Some(place) = bench.place(*at) {
                    let (call, ticket) = bench.calls.remove(place);
                    bench.circuit.finish(ticket, *outcome, now);
                    reference.finish(call, *outcome, now);
                }
            }
            Step::Progress(at) => {
                if let Some(place) = bench.place(*at) {
                    let (call, ticket) = &bench.calls[place];
                    bench.circuit.progress(ticket, now);
                    reference.progress(*call, now);
                }
            }
            Step::Wait(time) => bench.now += *time,
            Step::Hold(held) => {
                bench.circuit.hold(*held);
                reference.held = *held;
            }
            Step::Reset => {
                bench.circuit.reset();
                reference.turn(Mode::Closed);
            }
        }
        let (ours, theirs) = (bench.circuit.state(bench.now), reference.state(bench.now));
        if ours != theirs {
            return Err(format!("after step {number}: {ours:?}, reference {theirs:?}"));
        }
    }
    Ok(steps.len())
}

/// Whether a breaker, whatever happened to it, is Closed again within 30 s and two answers of a backend that became well.
/// Calls that were under way stay so for ever: they hang.
pub fn comes_back(steps: &[Step]) -> Result<(), String> {
    let mut bench = Bench::new();
    for step in steps {
        let now = bench.now;
        match step {
            Step::Admit => bench.calls.extend(bench.circuit.admit(now).ok().map(|ticket| (0, ticket))),
            Step::Finish(at, outcome) => {
                if let Some(place) = bench.place(*at) {
                    let (_, ticket) = bench.calls.remove(place);
                    bench.circuit.finish(ticket, *outcome, now);
                }
            }
            Step::Progress(at) => {
                if let Some(place) = bench.place(*at) {
                    bench.circuit.progress(&bench.calls[place].1, now);
                }
            }
            Step::Wait(time) => bench.now += *time,
            Step::Hold(_) | Step::Reset => {}
        }
    }
    let well_since = bench.now;
    let mut answers = 0;
    while bench.circuit.state(bench.now) != Requests::Closed {
        match bench.circuit.admit(bench.now) {
            Ok(ticket) => {
                bench.circuit.finish(ticket, Outcome::Succeeded, bench.now);
                answers += 1;
            }
            Err(rejected) => bench.now += rejected.retry_after.ok_or("rejected without an end")?,
        }
        let waited = bench.now - well_since;
        if waited > limits().open || answers > limits().successes {
            return Err(format!("not closed after {waited:?} and {answers} answers"));
        }
    }
    Ok(())
}

/// The numbers of a breaker that took no effect, by name.
pub fn unreached() -> Vec<&'static str> {
    let (limits, start) = (CircuitLimits::default(), Instant::now());
    let mut circuit = Circuit::new(limits.clone());
    let mut call = |at: Instant, takes: Duration, outcome| {
        let ticket = circuit.admit(at).ok();
        let was_admitted = ticket.is_some();
        ticket.into_iter().for_each(|ticket| circuit.finish(ticket, outcome, at + takes));
        (was_admitted, circuit.state(at + takes))
    };
    let none = Duration::ZERO;
    let failures: Vec<_> =
        (0..limits.failures).map(|_| call(start, none, Outcome::Failed(Failure::Reset)).1).collect();
    let open = Requests::Open { retry_at: start + limits.open };
    let again = start + limits.open;
    let closed_by = (1..=9).find(|_| call(again, none, Outcome::Succeeded).1 == Requests::Closed);
    let slow = limits.slow.as_ref().unwrap();
    let opened_by = (1..=slow.of).find(|_| call(again, slow.after, Outcome::Succeeded).1 != Requests::Closed);
    let half = again + slow.after + limits.open;
    let hung = circuit.admit(half).ok();
    let probing = circuit.admit(half).map(|_| ()).map_err(|rejected| rejected.retry_after);
    let later = circuit.admit(half + limits.probe_deadline).is_ok();
    let reached = [
        (
            "breaker.failures",
            failures.iter().position(|state| *state == open) == Some(limits.failures as usize - 1),
        ),
        ("breaker.open", failures.last() == Some(&open) && closed_by.is_some()),
        ("breaker.successes", closed_by == Some(limits.successes)),
        ("breaker.slow", opened_by == Some(slow.calls)),
        ("breaker.probe_deadline", hung.is_some() && probing == Err(Some(limits.probe_deadline)) && later),
    ];
    reached.into_iter().filter(|(_, reached)| !reached).map(|(name, _)| name).collect()
}

/// Three callers in every order: each asks, lets one progress or none pass, and ends in one of five ways. Two probes are
/// never under way at once, and no late result is taken for a probe's. Counts the orders.
pub fn every_order_of_three() -> Result<u64, String> {
    let ends = [
        Some(Outcome::Succeeded),
        Some(Outcome::Failed(Failure::Reset)),
        Some(Outcome::Failed(Failure::Cancelled)),
        Some(Outcome::Failed(Failure::Loading)),
        // It hangs: its end never comes.
        None,
    ];
    let mut orders = 0;
    for ways in 0..ends.len().pow(3) {
        let ways = [ways % 5, ways / 5 % 5, ways / 25].map(|way| ends[way]);
        each_order(&mut Vec::new(), [3, 3, 3], &mut |order| {
            orders += 1;
            three(order, ways)
        })?;
    }
    Ok(orders)
}

fn each_order(
    order: &mut Vec<usize>,
    left: [u32; 3],
    check: &mut impl FnMut(&[usize]) -> Result<(), String>,
) -> Result<(), String> {
    if left == [0; 3] {
        return check(order);
    }
    for caller in (0..3).filter(|caller| left[*caller] > 0) {
        let mut rest = left;
        rest[caller] -= 1;
        order.push(caller);
        each_order(order, rest, check)?;
        order.pop();
    }
    Ok(())
}

/// Half-open, a late call from before still under way, and three callers with three steps each: ask, progress, end.
fn three(order: &[usize], ways: [Option<Outcome>; 3]) -> Result<(), String> {
    let mut now = Instant::now();
    let mut circuit = Circuit::new(CircuitLimits::default());
    let mut late = circuit.admit(now).ok();
    for _ in 0..3 {
        let ticket = circuit.admit(now).map_err(|rejected| rejected.to_string())?;
        circuit.finish(ticket, Outcome::Failed(Failure::Refused), now);
    }
    now += CircuitLimits::default().open;
    let (mut tickets, mut done, mut probing, mut good) = ([None, None, None], [0; 3], None, 0);
    for (number, caller) in order.iter().enumerate() {
        now += Duration::from_millis(1);
        if number == 4 {
            let before = circuit.state(now);
            circuit.finish(late.take().ok_or("late twice")?, Outcome::Failed(Failure::Reset), now);
            if circuit.state(now) != before {
                return Err(format!("{order:?}: a late result counted"));
            }
        }
        let was = circuit.state(now);
        match done[*caller] {
            0 => {
                tickets[*caller] = circuit.admit(now).ok();
                if was == Requests::HalfOpen
                    && tickets[*caller].is_some()
                    && let Some(other) = probing.replace(*caller)
                {
                    return Err(format!("{order:?}: {other} and {caller} probe at once"));
                }
            }
            1 => tickets[*caller].iter().for_each(|ticket| circuit.progress(ticket, now)),
            _ => {
                if let (Some(outcome), Some(ticket)) = (ways[*caller], tickets[*caller].take()) {
                    circuit.finish(ticket, outcome, now);
                    good += u32::from(outcome == Outcome::Succeeded);
                    probing = probing.filter(|other| other != caller);
                }
            }
        }
        done[*caller] += 1;
    }
    if circuit.state(now) == Requests::Closed && good < CircuitLimits::default().successes {
        return Err(format!("{order:?}: closed after {good} answers"));
    }
    Ok(())
}
