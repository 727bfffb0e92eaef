//! How well a worker is, in one word and the reason. Pure: facts in, verdict out.

use crate::{Breaker, Phase, Requests};
use std::fmt;

/// How well a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It serves, and nothing speaks against it.
    Healthy,
    /// It serves or will soon, with a reservation.
    Degraded(Why),
    /// It does not serve, or should not be asked.
    Unhealthy(Why),
}

impl Health {
    /// The verdict as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded(_) => "degraded",
            Self::Unhealthy(_) => "unhealthy",
        }
    }

    /// The reason, where there is something to say.
    pub fn why(self) -> Option<Why> {
        match self {
            Self::Healthy => None,
            Self::Degraded(why) | Self::Unhealthy(why) => Some(why),
        }
    }
}

/// Why a worker is not simply healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Not running and not meant to.
    Stopped,
    /// On its way.
    Starting,
    /// On its way out.
    Ending,
    /// Crashed, comes back soon.
    Crashed,
    /// Crashed too often, tried again rarely.
    CrashLoop,
    /// Cannot work as it is set up.
    Failed,
    /// Requests fail; none is sent for now.
    RequestsFail,
    /// Requests are held back by hand.
    Held,
    /// Back after failures, not proven yet.
    OnProbation,
    /// It does not answer its health probes at the moment.
    Silent,
    /// It crashed often within the last hour.
    Unstable,
    /// It comes close to its memory ceiling.
    MemoryHigh,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "it is stopped",
            Self::Starting => "it is starting",
            Self::Ending => "it is ending",
            Self::Crashed => "it crashed and comes back soon",
            Self::CrashLoop => "it crashed too often and is tried again from time to time",
            Self::Failed => "it cannot work as it is set up",
            Self::RequestsFail => "requests to it fail, so none is sent for now",
            Self::Held => "requests to it are held back by hand",
            Self::OnProbation => "it is back after failures and has not proven itself yet",
            Self::Silent => "it does not answer its health probes at the moment",
            Self::Unstable => "it crashed often within the last hour",
            Self::MemoryHigh => "it comes close to its memory ceiling",
        })
    }
}

/// All that the verdict rests on.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Where it is in its life.
    pub phase: &'a Phase,
    /// Whether starting it is worthwhile.
    pub breaker: Breaker,
    /// Whether asking it is worthwhile.
    pub requests: Requests,
    /// Health probes missed in a row.
    pub missed_probes: u32,
    /// Whether it crashed often lately.
    pub unstable: bool,
    /// Bytes in use, and the ceiling.
    pub memory: Option<(u64, u64)>,
}

/// The worst that can be said, most urgent first.
pub fn judge(facts: &Facts<'_>) -> Health {
    match facts.phase {
        Phase::Stopped => return Health::Unhealthy(Why::Stopped),
        Phase::Failed { .. } => return Health::Unhealthy(Why::Failed),
        Phase::CrashLoop { .. } => return Health::Unhealthy(Why::CrashLoop),
        Phase::Backoff { .. } => return Health::Unhealthy(Why::Crashed),
        Phase::Draining => return Health::Unhealthy(Why::Ending),
        Phase::Starting => return Health::Degraded(Why::Starting),
        Phase::Ready | Phase::Busy => {}
    }
    // So close to the ceiling that a large request may cross it.
    let memory_high = facts.memory.is_some_and(|(used, ceiling)| used / 9 >= ceiling / 10);
    match facts.requests {
        Requests::Open { .. } => Health::Unhealthy(Why::RequestsFail),
        Requests::Held => Health::Unhealthy(Why::Held),
        _ if facts.missed_probes > 0 => Health::Degraded(Why::Silent),
        Requests::HalfOpen => Health::Degraded(Why::OnProbation),
        Requests::Closed if facts.breaker != Breaker::Closed => Health::Degraded(Why::OnProbation),
        Requests::Closed if memory_high => Health::Degraded(Why::MemoryHigh),
        Requests::Closed if facts.unstable => Health::Degraded(Why::Unstable),
        Requests::Closed => Health::Healthy,
    }
}
