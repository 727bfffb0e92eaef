//! How long an attempt waits for what. Pure: the moment is a parameter.
//!
//! A comment or a ping shows that the other side lives, and lets the idle timer begin anew; only content is progress.

use std::time::Duration;

use tokio::time::Instant;

use crate::chat::Event;
use crate::fault::FaultCode;

/// The limits of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Until the first word, or the first thought.
    pub first: Duration,
    /// Between two signs of life.
    pub idle: Duration,
    /// Between two pieces of content.
    pub progress: Duration,
    /// Altogether.
    pub total: Option<Duration>,
}

/// The running limits.
pub(super) struct Clock {
    timers: Timers,
    began: Instant,
    alive: Instant,
    progressed: Option<Instant>,
}

impl Timers {
    /// For a model at a provider.
    pub const CLOUD: Self = Self {
        first: Duration::from_secs(20),
        idle: Duration::from_secs(30),
        progress: Duration::from_secs(90),
        total: None,
    };

    /// For a model on this machine, which may have to be read from the disk first.
    pub const LOCAL: Self = Self { first: Duration::from_secs(120), ..Self::CLOUD };

    pub(super) fn start(self, now: Instant) -> Clock {
        Clock { timers: self, began: now, alive: now, progressed: None }
    }
}

impl Clock {
    /// Something came.
    pub(super) fn heard(&mut self, events: &[Event], now: Instant) {
        self.alive = now;
        if events.iter().any(|event| matches!(event, Event::Text(_) | Event::Reasoning(_))) {
            self.progressed = Some(now);
        }
    }

    /// The next moment that is too late, and what it is called.
    pub(super) fn due(&self) -> (Instant, FaultCode) {
        let Timers { first, idle, progress, total } = self.timers;
        let content = match self.progressed {
            None => (self.began + first, FaultCode::TIMEOUT_FIRST_TOKEN),
            Some(at) => (at + progress, FaultCode::TIMEOUT_IDLE),
        };
        // Before the first word the time for that is the limit, however quiet the other side is.
        let idle = self.progressed.map(|_| (self.alive + idle, FaultCode::TIMEOUT_IDLE));
        let total = total.map(|total| (self.began + total, FaultCode::TIMEOUT_TOTAL));
        [Some(content), idle, total].into_iter().flatten().min_by_key(|(at, _)| *at).unwrap_or(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// What is heard, and after how many seconds.
    type Heard<'a> = &'a [(u64, Event)];

    #[test]
    fn each_limit_comes_at_its_time() {
        let began = Instant::now();
        let total = Timers { total: Some(s(100)), ..Timers::CLOUD };
        let text = || Event::Text("a".to_owned());
        let table: [(Timers, Heard<'_>, u64, FaultCode, &str); 6] = [
            (Timers::CLOUD, &[], 20, FaultCode::TIMEOUT_FIRST_TOKEN, "nothing came"),
            (Timers::LOCAL, &[], 120, FaultCode::TIMEOUT_FIRST_TOKEN, "a model is read from the disk"),
            (
                Timers::CLOUD,
                &[(19, Event::Heartbeat)],
                20,
                FaultCode::TIMEOUT_FIRST_TOKEN,
                "a ping is no word",
            ),
            (Timers::CLOUD, &[(5, text())], 35, FaultCode::TIMEOUT_IDLE, "silence after a word"),
            (
                Timers::CLOUD,
                &[(5, text()), (30, Event::Heartbeat), (59, Event::Heartbeat), (88, Event::Heartbeat)],
                95,
                FaultCode::TIMEOUT_IDLE,
                "pings alone are no progress",
            ),
            (
                total,
                &[(5, text()), (30, text()), (59, text()), (85, text())],
                100,
                FaultCode::TIMEOUT_TOTAL,
                "all",
            ),
        ];
        for (timers, came, due, code, why) in table {
            let mut clock = timers.start(began);
            for (at, event) in came {
                clock.heard(std::slice::from_ref(event), began + s(*at));
            }
            assert_eq!(clock.due(), (began + s(due), code), "{why}");
        }
    }
}
