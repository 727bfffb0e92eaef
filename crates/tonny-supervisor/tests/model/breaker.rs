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
