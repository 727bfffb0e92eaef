//! Who is asked, in which order, and why the others are not: the user's order, less everything that cannot answer now.
//!
//! Pure: what is known of each target is a parameter, gathered by the caller at the beginning of a turn. Every skip keeps its
//! reason, because the person sees it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::day::Day;
use crate::fault::FaultCode;

/// A model at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Target {
    /// The provider's id.
    pub provider: String,
    /// The model's id there.
    pub model: String,
}

/// What the question asks of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Tokens of the question, estimated, with the room for its answer.
    pub tokens: u64,
    /// It has pictures.
    pub vision: bool,
}

/// What is known of a target now. `None` is "not known", and never a reason to leave it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It wants a key and there is none.
    pub lacks_key: bool,
    /// It is on another machine.
    pub leaves_machine: bool,
    /// It has retired.
    pub retired: Option<Retired>,
    /// Tokens it can read and write together.
    pub window: Option<u64>,
    /// Whether it sees pictures.
    pub vision: Option<bool>,
    /// Its breaker is open for so long.
    pub open_for: Option<Duration>,
    /// A limit of the provider is used up for so long.
    pub limited_for: Option<Duration>,
    /// The policy's rule that forbids it.
    pub forbidden_by: Option<String>,
    /// The budget that has no room for the dearest answer.
    pub over_budget: Option<String>,
    /// The engine on this machine cannot serve, and why.
    pub worker: Option<Trouble>,
}

/// That a model does not answer any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// Since when.
    pub since: Day,
    /// The model's id that its provider names in its place.
    pub successor: Option<String>,
}

/// What keeps the engine on this machine from serving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Its code, and with it what to do.
    pub code: FaultCode,
    /// In the words of whoever found it.
    pub why: String,
}

/// Why a target was not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Skip {
    /// There is no key.
    NoKey,
    /// The offline switch is on.
    Offline,
    /// It does not answer any more.
    Retired(Retired),
    /// It cannot see pictures.
    NoVision,
    /// The conversation does not fit.
    TooLong {
        /// What it would take.
        tokens: u64,
        /// What there is.
        window: u64,
    },
    /// A policy forbids it.
    Policy {
        /// The rule's name.
        rule: String,
    },
    /// It failed too often lately.
    Failing {
        /// Milliseconds until it is tried again.
        for_ms: u64,
    },
    /// Its limit is used up.
    Limited {
        /// Milliseconds until it is free.
        for_ms: u64,
    },
    /// No budget is left for it.
    Budget {
        /// Which one.
        name: String,
    },
    /// The engine on this machine cannot serve.
    Worker(Trouble),
}

/// Places in the user's list, in the order in which they are asked, and the reasons of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who is asked.
    pub asked: Vec<usize>,
    /// Who is not.
    pub skipped: Vec<(usize, Skip)>,
}

/// Decides for all targets at once.
pub fn plan(standings: &[Standing], needs: Needs, offline: bool) -> Plan {
    let mut plan = Plan::default();
    for (n, standing) in standings.iter().enumerate() {
        match standing.skip(needs, offline) {
            Some(skip) => plan.skipped.push((n, skip)),
            None => plan.asked.push(n),
        }
    }
    plan
}

impl Standing {
    /// The reason that the person can do most about comes first.
    fn skip(&self, needs: Needs, offline: bool) -> Option<Skip> {
        let too_long = self.window.filter(|window| *window < needs.tokens);
        if offline && self.leaves_machine {
            return Some(Skip::Offline);
        }
        if let Some(rule) = &self.forbidden_by {
            return Some(Skip::Policy { rule: rule.clone() });
        }
        if self.lacks_key {
            return Some(Skip::NoKey);
        }
        if let Some(retired) = &self.retired {
            return Some(Skip::Retired(retired.clone()));
        }
        if needs.vision && self.vision == Some(false) {
            return Some(Skip::NoVision);
        }
        if let Some(window) = too_long {
            return Some(Skip::TooLong { tokens: needs.tokens, window });
        }
        if let Some(name) = &self.over_budget {
            return Some(Skip::Budget { name: name.clone() });
        }
        if let Some(trouble) = &self.worker {
            return Some(Skip::Worker(trouble.clone()));
        }
        if let Some(left) = self.open_for {
            return Some(Skip::Failing { for_ms: ms(left) });
        }
        self.limited_for.map(|left| Skip::Limited { for_ms: ms(left) })
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How far back requests count for [`Retries`].
const RECENT: Duration = Duration::from_secs(60);

/// Requests of the last minute that may be retries however few there were in all.
const ALWAYS: usize = 3;

/// Keeps retries under a tenth of what is sent, so that a provider that is down is not hammered by all turns together. All
/// turns hold copies of the same one; its lock is never held across a wait.
#[derive(Clone, Debug, Default)]
pub struct Retries {
    sent: Arc<Mutex<VecDeque<(Instant, bool)>>>,
}

impl Retries {
    /// Whether one more may be sent now.
    pub fn may(&self, now: Instant) -> bool {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.front().is_some_and(|(at, _)| now.duration_since(*at) > RECENT) {
            sent.pop_front();
        }
        let retries = sent.iter().filter(|(_, is_retry)| *is_retry).count();
        retries < ALWAYS || (retries + 1) * 10 <= sent.len()
    }

    /// A request was sent.
    pub fn sent(&self, is_retry: bool, now: Instant) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push_back((now, is_retry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_users_and_every_skip_has_its_reason() {
        let good = Standing { window: Some(8_000), ..Standing::default() };
        let away = Standing { leaves_machine: true, ..good.clone() };
        let s = Duration::from_secs;
        let retired = Retired { since: "2026-07-24".parse().unwrap(), successor: Some("next".into()) };
        let trouble = Trouble { code: FaultCode::WORKER_BAD_MODEL, why: "it is no model".into() };
        let table = [
            (good.clone(), None),
            (away.clone(), Some(Skip::Offline)),
            (Standing { lacks_key: true, ..good.clone() }, Some(Skip::NoKey)),
            (
                Standing { retired: Some(retired.clone()), vision: Some(false), ..good.clone() },
                Some(Skip::Retired(retired)),
            ),
            (Standing { vision: Some(false), ..good.clone() }, Some(Skip::NoVision)),
            (
                Standing { window: Some(10), ..good.clone() },
                Some(Skip::TooLong { tokens: 5_000, window: 10 }),
            ),
            (Standing { window: None, ..good.clone() }, None),
            (
                Standing { forbidden_by: Some("models".into()), lacks_key: true, ..good.clone() },
                Some(Skip::Policy { rule: "models".into() }),
            ),
            (Standing { open_for: Some(s(4)), ..good.clone() }, Some(Skip::Failing { for_ms: 4_000 })),
            (Standing { limited_for: Some(s(9)), ..good.clone() }, Some(Skip::Limited { for_ms: 9_000 })),
            (
                Standing { over_budget: Some("day".into()), ..good.clone() },
                Some(Skip::Budget { name: "day".into() }),
            ),
            (Standing { worker: Some(trouble.clone()), ..good }, Some(Skip::Worker(trouble))),
        ];
        let standings: Vec<_> = table.iter().map(|(standing, _)| standing.clone()).collect();
        let plan = plan(&standings, Needs { tokens: 5_000, vision: true }, true);
        let wanted = table.iter().enumerate().filter_map(|(n, (_, skip))| Some((n, skip.clone()?)));
        assert_eq!(plan.skipped, wanted.collect::<Vec<_>>());
        assert_eq!(plan.asked, [0, 6]);
        assert!(super::plan(&[away], Needs::default(), false).skipped.is_empty());
    }

    #[test]
    fn retries_stay_under_a_tenth_of_what_is_sent() {
        let now = Instant::now();
        let retries = Retries::default();
        let mut sent = 0;
        for _ in 0..1_000 {
            retries.sent(false, now);
            if retries.may(now) {
                retries.sent(true, now);
                sent += 1;
            }
        }
        assert!((100..=114).contains(&sent), "{sent}");
        assert!(!retries.may(now));
        assert!(retries.may(now + RECENT + Duration::from_millis(1)), "an old flood is forgotten");
    }
}
