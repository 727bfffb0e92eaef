//! Which engine an utterance goes to next: a pure decision over the order of engines, `now` a parameter.
//!
//! The first engine that is ready is taken. One that failed this utterance comes after those that did not, and after three
//! failures of one launch it is not asked again. A better one that is only just starting is waited for, shortly.

use std::time::{Duration, Instant};

use crate::engine::Engine;

/// Times the same launch of an engine may fail one utterance.
pub(super) const TRIES: u32 = 3;

/// How long a better engine that is on its way is waited for while another one is ready. A small model is back in less
/// than a second; more is noticed by who waits for their words.
const BETTER_WAIT: Duration = Duration::from_secs(2);

/// How an engine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Takes requests, in this launch.
    Ready(u64),
    /// On its way.
    Away,
    /// Will not come without the user.
    Absent,
}

impl Standing {
    pub(super) fn of(engine: &Engine) -> Self {
        match engine {
            Engine::Ready(door) => Self::Ready(door.incarnation),
            Engine::Away => Self::Away,
            Engine::Absent(_) => Self::Absent,
        }
    }
}

/// What an engine did with this utterance so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// Of which launch.
    pub incarnation: u64,
    /// How often that launch failed.
    pub failures: u32,
    /// The last time it did not even answer: its supervisor is about to find out, and to start another launch.
    pub silent: bool,
    /// It refused what it would refuse again, or heard nothing and would hear nothing again.
    pub done: bool,
    /// The breaker lets nothing through to this launch before.
    pub shut_until: Option<(u64, Instant)>,
}

impl Past {
    /// Failures of the launch that is ready now.
    fn failures_of(&self, incarnation: u64) -> u32 {
        if incarnation == self.incarnation { self.failures } else { 0 }
    }

    pub(super) fn failed(&mut self, incarnation: u64, silent: bool) {
        self.failures = self.failures_of(incarnation) + 1;
        (self.incarnation, self.silent) = (incarnation, silent);
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Ask this one.
    Take(usize),
    /// Nobody can be asked yet; at the latest then, look again.
    Wait(Option<Instant>),
    /// Nobody will come by itself.
    GiveUp,
}

/// The next step, for engines in their order; `since` is when the utterance began to need one.
pub(super) fn choose(engines: &[(Standing, Past)], since: Instant, now: Instant) -> Choice {
    let shut = |(standing, past): &(Standing, Past)| {
        let (launch, until) = past.shut_until?;
        (*standing == Standing::Ready(launch) && until > now).then_some(until)
    };
    let open = |engine: &(Standing, Past)| match engine {
        (Standing::Ready(incarnation), past) if !past.done && shut(engine).is_none() => {
            Some(past.failures_of(*incarnation)).filter(|failures| *failures < TRIES)
        }
        _ => None,
    };
    let ready = engines.iter().enumerate().filter_map(|(index, engine)| Some((open(engine)?, index)));
    if let Some((_, index)) = ready.min() {
        let better =
            |(standing, past): &(Standing, Past)| *standing == Standing::Away && *past == Past::default();
        let patient = since + BETTER_WAIT;
        if now < patient && engines[..index].iter().any(better) {
            return Choice::Wait(Some(patient));
        }
        return Choice::Take(index);
    }
    let comes = |engine: &(Standing, Past)| {
        let (standing, past) = engine;
        let is_coming = match standing {
            Standing::Away => true,
            Standing::Ready(_) => past.silent || shut(engine).is_some(),
            Standing::Absent => false,
        };
        is_coming && !past.done
    };
    if engines.iter().any(comes) {
        Choice::Wait(engines.iter().filter_map(shut).min())
    } else {
        Choice::GiveUp
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Standing::{Absent, Away, Ready};

    fn fresh() -> Past {
        Past::default()
    }

    fn failed(incarnation: u64, failures: u32) -> Past {
        Past { incarnation, failures, ..Past::default() }
    }

    fn done() -> Past {
        Past { done: true, ..Past::default() }
    }

    #[test]
    fn the_order_decides_and_failures_move_on() {
        let since = Instant::now();
        let later = since + Duration::from_secs(30);
        let shut = || Past { shut_until: Some((1, later)), ..Past::default() };
        let silent = || Past { silent: true, ..failed(1, 3) };
        let soon = Choice::Wait(Some(since + BETTER_WAIT));
        let table = [
            ("the first one", vec![(Ready(1), fresh()), (Ready(1), fresh())], Choice::Take(0)),
            ("the first failed", vec![(Ready(1), failed(1, 1)), (Ready(1), fresh())], Choice::Take(1)),
            ("both failed", vec![(Ready(1), failed(1, 1)), (Ready(1), failed(1, 1))], Choice::Take(0)),
            ("one failed more", vec![(Ready(1), failed(1, 2)), (Ready(1), failed(1, 1))], Choice::Take(1)),
            ("alone and failed", vec![(Ready(1), failed(1, 2))], Choice::Take(0)),
            ("alone and used up", vec![(Ready(1), failed(1, 3))], Choice::GiveUp),
            ("back again", vec![(Ready(2), failed(1, 3)), (Away, fresh())], Choice::Take(0)),
            ("a better one starts", vec![(Away, fresh()), (Ready(1), fresh())], soon),
            ("it crashed just now", vec![(Away, failed(1, 1)), (Ready(1), fresh())], Choice::Take(1)),
            ("a worse one starts", vec![(Ready(1), fresh()), (Away, fresh())], Choice::Take(0)),
            ("the first is absent", vec![(Absent, fresh()), (Ready(1), fresh())], Choice::Take(1)),
            ("the first is shut", vec![(Ready(1), shut()), (Ready(1), fresh())], Choice::Take(1)),
            ("only a shut one", vec![(Ready(1), shut())], Choice::Wait(Some(later))),
            ("shut, and started anew", vec![(Ready(2), shut())], Choice::Take(0)),
            ("alone and silent", vec![(Ready(1), silent())], Choice::Wait(None)),
            ("silent, and started anew", vec![(Ready(2), silent())], Choice::Take(0)),
            ("silent beside a fresh one", vec![(Ready(1), silent()), (Ready(1), fresh())], Choice::Take(1)),
            ("silent, and never again", vec![(Absent, silent())], Choice::GiveUp),
            ("nobody yet", vec![(Away, fresh()), (Absent, fresh())], Choice::Wait(None)),
            ("nobody ever", vec![(Absent, fresh()), (Ready(1), done())], Choice::GiveUp),
            ("no engines", vec![], Choice::GiveUp),
        ];
        for (what, engines, expected) in table {
            assert_eq!(choose(&engines, since, since), expected, "{what}");
        }
    }

    #[test]
    fn a_better_engine_is_not_waited_for_long() {
        let since = Instant::now();
        let engines = [(Away, fresh()), (Ready(1), fresh())];
        assert_eq!(choose(&engines, since, since + BETTER_WAIT), Choice::Take(1));
    }

    fn engines() -> impl Strategy<Value = Vec<(Standing, Past)>> {
        let standing = prop_oneof![(1u64..3).prop_map(Ready), Just(Away), Just(Absent)];
        let past = (1u64..3, 0u32..5, any::<bool>()).prop_map(|(incarnation, failures, done)| Past {
            incarnation,
            failures,
            silent: false,
            done,
            shut_until: None,
        });
        prop::collection::vec((standing, past), 0..5)
    }

    proptest! {
        #[test]
        fn who_is_taken_can_be_asked_and_somebody_is_if_anybody_can(engines in engines(), ms in 0u64..4_000) {
            let since = Instant::now();
            let can = |(standing, past): &(Standing, Past)| {
                matches!(standing, Ready(launch) if !past.done && past.failures_of(*launch) < TRIES)
            };
            let choice = choose(&engines, since, since + Duration::from_millis(ms));
            match choice {
                Choice::Take(index) => prop_assert!(can(&engines[index])),
                Choice::Wait(Some(until)) => prop_assert!(until > since + Duration::from_millis(ms)),
                Choice::Wait(None) | Choice::GiveUp => prop_assert!(!engines.iter().any(can)),
            }
        }
    }
}
