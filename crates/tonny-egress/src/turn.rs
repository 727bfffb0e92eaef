//! What comes after a failed attempt: wait, the same target again, the next one, go on from the partial answer, or the end.
//!
//! Pure: `now` and chance are parameters. Knows no provider and sends nothing. A turn is one question and its one answer,
//! made of at most [`MOST_ATTEMPTS`] attempts at one or more targets.
//!
//! ```text
//!             nothing shown yet                              something shown
//! failed ──▶ same target (after a pause) ──▶ next target     ──▶ go on by prefill, once a target can ──▶ offer
//!                        └── neither fits the patience or the table ──▶ end
//! ```

use std::time::{Duration, Instant};

use crate::fault::{Fault, NextTarget, RetrySame};

/// Attempts of one turn, whatever the targets.
pub const MOST_ATTEMPTS: u32 = 4;

/// Attempts at one target beyond the first.
const RETRIES: u32 = 2;

/// The first pause is between nothing and this; each further one up to twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// No pause is longer, unless the provider asks for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// One place that may answer, as the router found it before the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whether it can go on from the beginning of an answer.
    pub prefill: bool,
    /// Tokens it takes in.
    pub window: Option<u32>,
}

/// What to do after an attempt failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The same target again, not before this has passed.
    Again(Duration),
    /// This target, from the beginning, at once.
    Switch(usize),
    /// This target, from where the answer broke off, not before this has passed.
    Continue(usize, Duration),
    /// The partial answer is kept and marked; the person may go on.
    Offer,
    /// Nobody answers.
    End,
}

/// One question on its way to one answer.
#[derive(Debug)]
pub struct Turn {
    candidates: Vec<Candidate>,
    at: usize,
    attempts: u32,
    retries: u32,
    patience: Duration,
    give_up: Instant,
    has_shown: bool,
    has_reasoned: bool,
}

impl Turn {
    /// Begins with the first of `candidates`. `patience` is how long it may take until the first word, and once that is shown,
    /// until an answer that broke off goes on.
    pub fn new(candidates: Vec<Candidate>, patience: Duration, now: Instant) -> Self {
        Self {
            candidates,
            at: 0,
            attempts: 1,
            retries: 0,
            patience,
            give_up: now + patience,
            has_shown: false,
            has_reasoned: false,
        }
    }

    /// The target of the attempt that runs.
    pub fn target(&self) -> usize {
        self.at
    }

    /// Part of the answer was handed on; from now on nothing begins anew by itself.
    pub fn shown(&mut self) {
        self.has_shown = true;
    }

    /// The model thought aloud: another one cannot go on from there.
    pub fn reasoned(&mut self) {
        self.has_reasoned = true;
    }

    /// The attempt failed. `chance` is uniform in 0.0 to 1.0; `may_retry` is the budget of all turns together.
    pub fn failed(&mut self, fault: &Fault, now: Instant, chance: f64, may_retry: bool) -> Step {
        let step = self.decide(fault, now, chance, may_retry);
        match step {
            Step::Again(_) => self.retries += 1,
            Step::Switch(to) | Step::Continue(to, _) if to != self.at => (self.at, self.retries) = (to, 0),
            Step::Continue(..) => self.retries += 1,
            _ => {}
        }
        self.attempts += 1;
        step
    }

    fn decide(&self, fault: &Fault, now: Instant, chance: f64, may_retry: bool) -> Step {
        let next = self.next(fault);
        let again = self.pause_before_another(fault, now, chance);
        let again = again.filter(|_| may_retry && !self.is_better_elsewhere(fault, next));
        let is_last = self.attempts >= MOST_ATTEMPTS;
        if self.has_shown {
            let here = self.candidates[self.at];
            return match (again, next) {
                _ if is_last || self.has_reasoned => Step::Offer,
                (Some(pause), _) if here.prefill => Step::Continue(self.at, pause),
                (_, Some(next)) if self.candidates[next].prefill => Step::Continue(next, Duration::ZERO),
                _ => Step::Offer,
            };
        }
        match (again, next) {
            _ if is_last => Step::End,
            (Some(pause), _) => Step::Again(pause),
            (None, Some(next)) => Step::Switch(next),
            (None, None) => Step::End,
        }
    }

    /// A host that takes no connection is not waited for while another one can answer.
    fn is_better_elsewhere(&self, fault: &Fault, next: Option<usize>) -> bool {
        let never_reached = matches!(fault.code.rules().retry_same, RetrySame::Once | RetrySame::ConnectOnly);
        never_reached && next.is_some_and(|next| !self.has_shown || self.candidates[next].prefill)
    }

    /// How long to wait before the same target is asked again, if that is worth it and fits the patience.
    fn pause_before_another(&self, fault: &Fault, now: Instant, chance: f64) -> Option<Duration> {
        let most = match fault.code.rules().retry_same {
            RetrySame::No => 0,
            RetrySame::Once => 1,
            // Without a word on when, another one is asked.
            RetrySame::AfterDelay if fault.retry_after.is_none() => 0,
            _ => RETRIES,
        };
        if self.retries >= most {
            return None;
        }
        let widest = FIRST_PAUSE.saturating_mul(1 << self.retries).min(LONGEST_PAUSE);
        let pause = widest.mul_f64(chance.clamp(0.0, 1.0)).max(fault.retry_after.unwrap_or_default());
        // Whoever reads already waits for the next word, and not since the question.
        let give_up = if self.has_shown { now + self.patience } else { self.give_up };
        (now + pause <= give_up).then_some(pause)
    }

    fn next(&self, fault: &Fault) -> Option<usize> {
        let here = self.candidates.get(self.at)?;
        let mut later = self.at + 1..self.candidates.len();
        match fault.code.rules().next_target {
            // Policy: only a contract could allow it, and none does.
            NextTarget::No | NextTarget::Policy => None,
            // What cannot do what is asked was left out before the turn, as far as the registry knows.
            NextTarget::Yes | NextTarget::Capable => later.next(),
            NextTarget::LargerWindow => later.find(|&n| self.candidates[n].window > here.window),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fault::FaultCode;

    const PLAIN: Candidate = Candidate { prefill: false, window: Some(8_000) };
    const PREFILL: Candidate = Candidate { prefill: true, window: Some(8_000) };
    const LARGE: Candidate = Candidate { prefill: false, window: Some(100_000) };

    fn fault(code: FaultCode, delay_ms: Option<u64>) -> Fault {
        Fault { retry_after: delay_ms.map(Duration::from_millis), ..Fault::new(code, "p") }
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// The first failure of a turn with two seconds of patience.
    fn first(candidates: &[Candidate], shown: bool, fault: &Fault) -> Step {
        let now = Instant::now();
        let mut turn = Turn::new(candidates.to_vec(), ms(2_000), now);
        if shown {
            turn.shown();
        }
        turn.failed(fault, now, 1.0, true)
    }

    #[test]
    fn what_follows_a_first_failure() {
        use FaultCode as C;
        let two: &[Candidate] = &[PLAIN, LARGE];
        let table: &[(&[Candidate], bool, Fault, Step, &str)] = &[
            (two, false, fault(C::OVERLOADED, None), Step::Again(ms(250)), "the same, after a pause"),
            (two, false, fault(C::OVERLOADED, Some(900)), Step::Again(ms(900)), "a delay is a floor"),
            (two, false, fault(C::OVERLOADED, Some(2_001)), Step::Switch(1), "longer than the patience"),
            (two, false, fault(C::RATE_REQUESTS, None), Step::Switch(1), "a limit without a time"),
            (two, false, fault(C::RATE_REQUESTS, Some(500)), Step::Again(ms(500)), "a limit with one"),
            (two, false, fault(C::AUTH_INVALID, None), Step::Switch(1), "a wrong key does not get better"),
            (
                two,
                false,
                fault(C::CONNECT_FAILED, None),
                Step::Switch(1),
                "nobody is there, and another one is",
            ),
            (two, false, fault(C::TIMEOUT_CONNECT, None), Step::Switch(1), "the timer is paid once"),
            (&[PLAIN], false, fault(C::CONNECT_FAILED, None), Step::Again(ms(250)), "there is no other"),
            (
                &[PREFILL, PLAIN],
                true,
                fault(C::DNS, None),
                Step::Continue(0, ms(250)),
                "the other cannot go on",
            ),
            (&[PREFILL, PREFILL], true, fault(C::DNS, None), Step::Continue(1, ms(0)), "the other can go on"),
            (two, false, fault(C::CONTEXT_OVERFLOW, None), Step::Switch(1), "the next has a larger window"),
            (
                &[LARGE, PLAIN],
                false,
                fault(C::CONTEXT_OVERFLOW, None),
                Step::End,
                "a smaller one helps nobody",
            ),
            (two, false, fault(C::INVALID_REQUEST, None), Step::End, "our mistake is one everywhere"),
            (two, false, fault(C::CONTENT_FILTERED, None), Step::End, "a filter is not gone around"),
            (two, false, fault(C::CANCELLED_BY_USER, None), Step::End, "who cancels is not answered"),
            (&[PLAIN], false, fault(C::AUTH_INVALID, None), Step::End, "nobody is left"),
            (two, true, fault(C::STREAM_INTERRUPTED, None), Step::Offer, "nobody can go on from there"),
            (
                &[PREFILL, PLAIN],
                true,
                fault(C::STREAM_INTERRUPTED, None),
                Step::Continue(0, ms(250)),
                "it can",
            ),
            (
                &[PLAIN, PREFILL],
                true,
                fault(C::STREAM_INTERRUPTED, None),
                Step::Continue(1, ms(0)),
                "the next",
            ),
            (&[PLAIN, PREFILL], true, fault(C::CANCELLED_BY_USER, None), Step::Offer, "kept, and no further"),
        ];
        for (candidates, shown, fault, step, why) in table {
            assert_eq!(first(candidates, *shown, fault), *step, "{why}");
        }
    }

    #[test]
    fn what_was_thought_aloud_is_not_continued() {
        let now = Instant::now();
        let mut turn = Turn::new(vec![PREFILL], ms(2_000), now);
        turn.shown();
        turn.reasoned();
        assert_eq!(turn.failed(&fault(FaultCode::STREAM_INTERRUPTED, None), now, 0.0, true), Step::Offer);
    }

    #[test]
    fn an_answer_that_broke_off_goes_on_however_long_it_took_so_far() {
        let now = Instant::now();
        let mut turn = Turn::new(vec![PREFILL], ms(2_000), now);
        turn.shown();
        let (broken, late) = (fault(FaultCode::STREAM_INTERRUPTED, None), now + ms(60_000));
        assert_eq!(turn.failed(&broken, late, 1.0, true), Step::Continue(0, ms(250)));
        let mut silent = Turn::new(vec![PREFILL], ms(2_000), now);
        assert_eq!(silent.failed(&broken, late, 1.0, true), Step::End, "nothing was shown in time");
    }

    #[test]
    fn without_a_budget_for_retries_the_next_is_asked_at_once() {
        let now = Instant::now();
        let mut turn = Turn::new(vec![PLAIN, PLAIN], ms(2_000), now);
        assert_eq!(turn.failed(&fault(FaultCode::SERVER_ERROR, None), now, 0.0, false), Step::Switch(1));
    }

    proptest! {
        #[test]
        fn a_turn_ends_keeps_delays_and_goes_forward_only(
            codes in prop::collection::vec((0..FaultCode::ALL.len(), prop::option::of(0u64..20_000)), 1..12),
            prefills in prop::collection::vec(any::<bool>(), 1..5),
            shown_after in 0usize..12,
            chance in 0.0f64..1.0,
        ) {
            let mut now = Instant::now();
            let began = now;
            let candidates = prefills.iter().map(|&prefill| Candidate { prefill, window: None }).collect();
            let mut turn = Turn::new(candidates, ms(10_000), now);
            let (mut at, mut sent, mut shown) = (0, 1, false);
            for (n, (code, delay)) in codes.iter().enumerate() {
                if n >= shown_after {
                    turn.shown();
                    shown = true;
                }
                let fault = fault(FaultCode::ALL[*code], *delay);
                let (to, pause) = match turn.failed(&fault, now, chance, true) {
                    Step::Again(pause) => {
                        prop_assert!(!shown, "begun anew after something was shown");
                        (at, pause)
                    }
                    Step::Switch(to) => {
                        prop_assert!(!shown && to > at, "backwards, or after something was shown");
                        (to, Duration::ZERO)
                    }
                    Step::Continue(to, pause) => {
                        prop_assert!(shown && to >= at && prefills[to]);
                        (to, pause)
                    }
                    Step::Offer => {
                        prop_assert!(shown);
                        break;
                    }
                    Step::End => {
                        prop_assert!(!shown, "what was shown is offered, not dropped");
                        break;
                    }
                };
                if to == at {
                    prop_assert!(pause >= fault.retry_after.unwrap_or_default(), "sent before the time");
                    let since = if shown { now } else { began };
                    prop_assert!(now + pause <= since + ms(10_000), "past the patience");
                }
                now += pause;
                at = to;
                sent += 1;
                prop_assert!(sent <= MOST_ATTEMPTS);
            }
        }
    }
}
