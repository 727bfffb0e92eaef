//! What the rest of the app may know about a worker: one value, published whole after every change.

use crate::{Cause, Health, Requests, Token, Why};
use std::{fmt, time::Instant};

/// A worker at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerState {
    /// Name from the spec.
    pub name: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// How well it is, and why not better.
    pub health: Health,
    /// The worker's own process (from its ready line where it says so; until then the process we started).
    pub pid: Option<u32>,
    /// Starts after the first one, by us or by the user, since the app started.
    pub restarts: u32,
    /// Whether starting it is still thought worthwhile.
    pub breaker: Breaker,
    /// Whether asking it is still thought worthwhile.
    pub requests: Requests,
    /// It crashed so often lately that coming back each time does not make it dependable.
    pub unstable: bool,
    /// Requests it is working on, as far as they took a [`crate::Permit`].
    pub in_flight: u32,
    /// When it entered this phase.
    pub since: Instant,
    /// When the live copy was started.
    pub started_at: Option<Instant>,
    /// How the last copy ended.
    pub last_exit: Option<LastExit>,
    /// Where and how to reach it; only while it serves ([`Phase::Ready`] or [`Phase::Busy`]).
    pub ready: Option<Ready>,
}

impl WorkerState {
    /// A worker that was never started.
    pub fn stopped(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            phase: Phase::Stopped,
            health: Health::Unhealthy(Why::Stopped),
            pid: None,
            restarts: 0,
            breaker: Breaker::Closed,
            requests: Requests::Closed,
            unstable: false,
            in_flight: 0,
            since: Instant::now(),
            started_at: None,
            last_exit: None,
            ready: None,
        }
    }
}

/// Where a worker is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Not running and not meant to.
    Stopped,
    /// Started, not ready yet.
    Starting,
    /// Serving, nothing asked of it at the moment.
    Ready,
    /// Serving, at least one request in flight.
    Busy,
    /// Crashed; starts again at `until`.
    Backoff {
        /// Moment of the next start.
        until: Instant,
    },
    /// Will not start again by itself: set up wrongly.
    Failed {
        /// The worker's last words, or what was wrong with it.
        reason: String,
    },
    /// Crashed too often; tried again at `until`, ever more rarely.
    CrashLoop {
        /// Moment of the next probe.
        until: Instant,
    },
    /// Asked to end (or being killed), not gone yet.
    Draining,
}

impl Phase {
    /// The phase as one snake_case word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Backoff { .. } => "backoff",
            Self::Failed { .. } => "failed",
            Self::CrashLoop { .. } => "crash_loop",
            Self::Draining => "draining",
        }
    }

    /// Whether it takes requests: Ready or Busy.
    pub fn serves(&self) -> bool {
        matches!(self, Self::Ready | Self::Busy)
    }
}

/// Whether starting the worker is still thought worthwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Yes.
    Closed,
    /// No, the budget of restarts is used up.
    Open,
    /// One start is being tried.
    HalfOpen,
}

impl Breaker {
    /// The breaker as one snake_case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a process ended. Neither field is set where the system would not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exit {
    /// Exit code, where it ended by itself.
    pub code: Option<i32>,
    /// Number of the signal that killed it (unix).
    pub signal: Option<i32>,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("unknown exit"),
        }
    }
}

/// How the last copy ended, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastExit {
    /// What the system said.
    pub exit: Exit,
    /// What it means.
    pub cause: Cause,
}

impl fmt::Display for LastExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.exit)
    }
}

/// A worker that can be talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The ready line as the worker printed it: one JSON object where the spec asks for that, empty where it says nothing.
    pub line: String,
    /// Where it takes requests, mostly `127.0.0.1:port`: in its own words, or the address of its probe.
    pub address: Option<String>,
    /// The launch token of this copy.
    pub token: Token,
    /// Number of this start; an answer of an older copy carries a smaller one.
    pub incarnation: u64,
}
