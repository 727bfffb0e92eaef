//! A worker as people see it: the supervisor's state in words and Unix times. Pure; knows no process.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tonny_supervisor::{Phase, Requests, WorkerState};

use crate::problem::Problem;

/// What does not change of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in every list, such as "speech".
    pub name: String,
    /// "speech", "language" or "custom".
    pub kind: &'static str,
    /// What the interface calls it.
    pub title: String,
}

/// One worker as people see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WorkerView {
    /// Its name in every list, such as "speech".
    pub name: String,
    /// "speech", "language" or "custom".
    pub kind: String,
    /// What the interface calls it.
    pub title: String,
    /// "ready", "busy", "starting", "backoff", "crash_loop", "failed", "draining", "stopped" or "no_model".
    pub state: String,
    /// Why it is so, in a sentence.
    pub detail: Option<String>,
    /// "healthy", "degraded", "unhealthy" or "unknown".
    pub health: String,
    /// Why it is not healthy, in a sentence.
    pub health_reason: Option<String>,
    /// Of the worker itself.
    pub pid: Option<u32>,
    /// Since the app started.
    pub restarts: u32,
    /// Of starts: "closed", "open" or "half_open".
    pub breaker: String,
    /// Of requests.
    pub requests: RequestsView,
    /// It crashed so often lately that it is not to be trusted.
    pub unstable: bool,
    /// Requests being worked on.
    pub in_flight: u32,
    /// When it entered this state, Unix ms.
    pub since_ms: f64,
    /// When this process was started, Unix ms.
    pub started_at_ms: Option<f64>,
    /// When it is tried again, Unix ms.
    pub next_try_ms: Option<f64>,
}

/// The breaker in front of a worker's requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RequestsView {
    /// "closed", "open", "half_open" or "held".
    pub state: String,
    /// When a request is let through to try, Unix ms.
    pub retry_at_ms: Option<f64>,
}

/// One moment on both clocks, to turn the supervisor's monotonic times into dates.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Monotonic.
    pub now: Instant,
    /// Unix ms.
    pub utc_ms: i64,
}

impl Moment {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit the 53 bits of a double")]
    fn unix_ms(self, at: Instant) -> f64 {
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let ahead = ms(at.saturating_duration_since(self.now));
        let behind = ms(self.now.saturating_duration_since(at));
        self.utc_ms.saturating_add(ahead).saturating_sub(behind) as f64
    }
}

impl WorkerView {
    /// The worker in the supervisor's state.
    pub fn of(state: &WorkerState, about: &About, at: Moment) -> Self {
        let detail = match &state.phase {
            Phase::Failed { reason } => Some(reason.clone()),
            _ => state.last_exit.as_ref().map(ToString::to_string),
        };
        let next_try = match state.phase {
            Phase::Backoff { until } | Phase::CrashLoop { until } => Some(at.unix_ms(until)),
            _ => None,
        };
        let retry_at_ms = match state.requests {
            Requests::Open { retry_at } => Some(at.unix_ms(retry_at)),
            _ => None,
        };
        Self {
            name: about.name.clone(),
            kind: about.kind.to_owned(),
            title: about.title.clone(),
            state: state.phase.as_str().to_owned(),
            detail,
            health: state.health.as_str().to_owned(),
            health_reason: state.health.why().map(|why| why.to_string()),
            pid: state.pid,
            restarts: state.restarts,
            breaker: state.breaker.as_str().to_owned(),
            requests: RequestsView { state: state.requests.as_str().to_owned(), retry_at_ms },
            unstable: state.unstable,
            in_flight: state.in_flight,
            since_ms: at.unix_ms(state.since),
            started_at_ms: state.started_at.map(|started| at.unix_ms(started)),
            next_try_ms: next_try,
        }
    }

    /// The place of a worker that starts once the last one of its name has ended.
    pub fn after_its_last(about: &About, at: Moment) -> Self {
        Self {
            detail: Some("the last one is still ending".to_owned()),
            ..Self::without_process(about, "starting", at)
        }
    }

    /// The place of a worker that was stopped before it could start.
    pub fn stopped(about: &About, at: Moment) -> Self {
        Self::without_process(about, "stopped", at)
    }

    /// The place of a worker that cannot even be started.
    pub fn absent(about: &About, state: &str, problem: &Problem, at: Moment) -> Self {
        Self { detail: Some(problem.message.clone()), ..Self::without_process(about, state, at) }
    }

    fn without_process(about: &About, state: &str, at: Moment) -> Self {
        Self {
            name: about.name.clone(),
            kind: about.kind.to_owned(),
            title: about.title.clone(),
            state: state.to_owned(),
            health: "unknown".to_owned(),
            breaker: "closed".to_owned(),
            requests: RequestsView { state: "closed".to_owned(), retry_at_ms: None },
            since_ms: at.unix_ms(at.now),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn monotonic_times_become_dates_on_both_sides_of_now() {
        let now = Instant::now() + Duration::from_secs(100);
        let at = Moment { now, utc_ms: 1_000_000 };
        assert_eq!(at.unix_ms(now - Duration::from_millis(250)), 999_750.0);
        assert_eq!(at.unix_ms(now + Duration::from_secs(30)), 1_030_000.0);
    }
}
