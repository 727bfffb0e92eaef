//! What went wrong lately, and with whom: breakers of hosts and models, limits that are used up, keys and money that need
//! the user. Limits and broken hosts are remembered over restarts ([`super::waits`]); about a key or money a new start asks
//! once, for that is what people start anew for.
//!
//! Owned by the assistant's task; `now` is a parameter. Refusals, limits and content never count as a broken host.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use tonny_egress::fault::{Breaker, Fault};
use tonny_supervisor::{CircuitLimits, Failure, Gate, Permit, Requests};

/// Without money or a model, the next try is not before this, unless the user changes something.
const UNTIL_USER: Duration = Duration::from_secs(60 * 60);

/// A model that is refused may be allowed a little later.
const PER_MODEL: Duration = Duration::from_secs(10 * 60);

/// A limit without a time is tried again so soon.
const LIMITED: Duration = Duration::from_secs(10);

/// Five seconds are what a restarted server needs; three failures in a row are no accident.
const OPEN: Duration = Duration::from_secs(5);

/// Where a request goes: what may break by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The provider's id.
    pub provider: String,
    /// The host and its port.
    pub host: String,
    /// The model's id there.
    pub model: String,
}

/// What is waited for, whatever the lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// The host and its port: nobody there answers.
    Host(String),
    /// The provider and the model whose limit is used up.
    Limit(String, String),
}

/// What stands in a lane's way now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// It failed too often; tried again after this.
    pub failing_for: Option<Duration>,
    /// A limit is used up for so long.
    pub limited_for: Option<Duration>,
}

/// All lanes.
#[derive(Debug, Default)]
pub struct Lanes {
    hosts: HashMap<String, Gate>,
    /// Broken when the program ended: their breakers begin anew after that.
    away: HashMap<String, Instant>,
    /// By provider, and the model where it is about one.
    blocked: HashMap<(String, Option<String>), Instant>,
    limited: HashMap<(String, String), Instant>,
}

impl Lanes {
    /// What stands in its way.
    pub fn blocks(&mut self, lane: &Lane, now: Instant) -> Blocks {
        self.forget(now);
        let open = match self.hosts.get(&lane.host).map(Gate::state) {
            Some(Requests::Open { retry_at }) => Some(retry_at.saturating_duration_since(now)),
            _ => None,
        };
        let left = |at: &Instant| at.saturating_duration_since(now);
        let all = self.blocked.get(&(lane.provider.clone(), None)).map(left);
        let one = self.blocked.get(&(lane.provider.clone(), Some(lane.model.clone()))).map(left);
        let limited = self.limited.get(&(lane.provider.clone(), lane.model.clone())).map(left);
        let away = self.away.get(&lane.host).map(left);
        Blocks { failing_for: open.max(all).max(one).max(away), limited_for: limited }
    }

    /// What the next start of the program has to know, with the moments when it is over.
    pub fn waits(&self) -> impl Iterator<Item = (About, Instant)> {
        let limits = self
            .limited
            .iter()
            .map(|((provider, model), until)| (About::Limit(provider.clone(), model.clone()), *until));
        let open = self.hosts.iter().filter_map(|(host, gate)| match gate.state() {
            Requests::Open { retry_at } => Some((About::Host(host.clone()), retry_at)),
            _ => None,
        });
        limits.chain(open)
    }

    /// What a start before this one knew.
    pub fn remember(&mut self, about: About, until: Instant) {
        match about {
            About::Host(host) => later(&mut self.away, host, until),
            About::Limit(provider, model) => later(&mut self.limited, (provider, model), until),
        }
    }

    /// Leave to send one request; `None` while the host's breaker says no.
    pub fn permit(&mut self, lane: &Lane, now: Instant) -> Option<Permit> {
        self.forget(now);
        if self.away.contains_key(&lane.host) {
            return None;
        }
        let gate = self.hosts.entry(lane.host.clone());
        gate.or_insert_with(|| Gate::new(limits())).permit().ok()
    }

    /// A request failed. Says what its permit is to be ended with.
    pub fn failed(&mut self, lane: &Lane, fault: &Fault, now: Instant) -> Option<Failure> {
        let Lane { provider, model, .. } = lane.clone();
        let floor = fault.retry_after.filter(|wait| !wait.is_zero());
        match fault.code.rules().breaker {
            Breaker::UntilKey | Breaker::UntilUser => {
                later(&mut self.blocked, (provider, None), now + UNTIL_USER.max(floor.unwrap_or_default()));
                None
            }
            Breaker::PerModel => {
                let until = now + PER_MODEL.max(floor.unwrap_or_default());
                later(&mut self.blocked, (provider, Some(model)), until);
                None
            }
            other => {
                // Whatever else is wrong: before the time that the other side gave, nobody asks there again.
                if let Some(wait) = floor.or((other == Breaker::Limiter).then_some(LIMITED)) {
                    later(&mut self.limited, (provider, model), now + wait);
                }
                (other == Breaker::Counts).then_some(Failure::Reset)
            }
        }
    }

    /// The last request took the last of a limit: the next one waits or goes elsewhere, before it is sent.
    pub fn used_up(&mut self, lane: &Lane, free_in: Duration, now: Instant) {
        later(&mut self.limited, (lane.provider.clone(), lane.model.clone()), now + free_in);
    }

    /// The user changed keys or settings: everybody who waited for that is asked again.
    pub fn user_acted(&mut self) {
        self.blocked.clear();
    }

    fn forget(&mut self, now: Instant) {
        self.blocked.retain(|_, until| *until > now);
        self.limited.retain(|_, until| *until > now);
        self.away.retain(|_, until| *until > now);
    }
}

/// An answer that names a shorter time, or none, does not take back a longer one.
fn later<K: Eq + Hash>(times: &mut HashMap<K, Instant>, key: K, until: Instant) {
    let at = times.entry(key).or_insert(until);
    *at = until.max(*at);
}

fn limits() -> CircuitLimits {
    CircuitLimits { open: OPEN, probe_deadline: OPEN, successes: 1, slow: None, ..CircuitLimits::default() }
}

#[cfg(test)]
mod tests {
    use tonny_egress::fault::FaultCode;

    use super::*;

    fn lane(model: &str) -> Lane {
        Lane { provider: "openai".to_owned(), host: "api.example:443".to_owned(), model: model.to_owned() }
    }

    fn fault(code: FaultCode, wait: Option<u64>) -> Fault {
        Fault { retry_after: wait.map(Duration::from_secs), ..Fault::new(code, "openai") }
    }

    #[test]
    fn a_wrong_key_keeps_the_whole_provider_away_until_the_user_acts() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.failed(&lane("a"), &fault(FaultCode::AUTH_INVALID, None), now);
        assert!(lanes.blocks(&lane("b"), now).failing_for.is_some());
        lanes.user_acted();
        assert_eq!(lanes.blocks(&lane("b"), now), Blocks::default());
    }

    #[test]
    fn a_limit_is_one_models_and_its_delay_is_never_shortened() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.failed(&lane("a"), &fault(FaultCode::RATE_REQUESTS, Some(90)), now);
        assert_eq!(lanes.blocks(&lane("b"), now), Blocks::default());
        let almost = now + Duration::from_secs(89);
        assert_eq!(lanes.blocks(&lane("a"), almost).limited_for, Some(Duration::from_secs(1)));
        assert_eq!(lanes.blocks(&lane("a"), now + Duration::from_secs(91)), Blocks::default());
    }

    #[test]
    fn a_delay_counts_whatever_it_came_with_and_the_longest_of_them() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.failed(&lane("a"), &fault(FaultCode::OVERLOADED, Some(60)), now);
        lanes.failed(&lane("a"), &fault(FaultCode::RATE_REQUESTS, None), now);
        lanes.failed(&lane("a"), &fault(FaultCode::RATE_REQUESTS, Some(5)), now);
        assert_eq!(lanes.blocks(&lane("a"), now).limited_for, Some(Duration::from_secs(60)));
    }

    #[test]
    fn three_broken_answers_open_the_hosts_breaker_and_a_refusal_does_not() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for code in [
            FaultCode::CONTENT_FILTERED,
            FaultCode::SERVER_ERROR,
            FaultCode::SERVER_ERROR,
            FaultCode::SERVER_ERROR,
        ] {
            let permit = lanes.permit(&lane("a"), now).expect("closed");
            assert_eq!(lanes.blocks(&lane("a"), now).failing_for, None, "{code:?}");
            if let Some(failure) = lanes.failed(&lane("a"), &fault(code, None), now) {
                permit.failed(failure);
            }
        }
        assert!(lanes.blocks(&lane("other model"), now).failing_for.is_some());
        assert!(lanes.permit(&lane("a"), now).is_none());
        assert!(matches!(lanes.waits().next(), Some((About::Host(host), _)) if host == "api.example:443"));
    }

    #[test]
    fn what_a_start_before_knew_stands_in_the_way_until_it_is_over() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        let minute = Duration::from_secs(60);
        lanes.remember(About::Host("api.example:443".to_owned()), now + minute);
        lanes.remember(About::Limit("openai".to_owned(), "a".to_owned()), now + minute * 2);
        let both = Blocks { failing_for: Some(minute), limited_for: Some(minute * 2) };
        assert_eq!(lanes.blocks(&lane("a"), now), both);
        assert!(lanes.permit(&lane("b"), now).is_none(), "the host stands for all its models");
        let after = now + minute;
        assert_eq!(lanes.blocks(&lane("b"), after), Blocks::default());
        assert!(lanes.permit(&lane("b"), after).is_some());
        assert_eq!(lanes.blocks(&lane("a"), after).limited_for, Some(minute));
    }
}
