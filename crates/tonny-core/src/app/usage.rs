//! What the workers used over the last hour, for the charts. Points in, points out; older ones fall off the end.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tonny_supervisor::Usage;

use super::App;
use super::ask::{AppHandle, Message};
use crate::problem::Problem;

/// Between two points: fine enough to see a leak begin, coarse enough that an idle app sleeps.
const EVERY: Duration = Duration::from_secs(5);

/// Points of one hour.
const KEPT: usize = 720;

/// CPU and memory of a worker's whole tree at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UsagePoint {
    /// When, Unix ms.
    pub at_ms: f64,
    /// Of one core; 250 is two and a half cores.
    pub cpu_percent: f64,
    /// Resident.
    pub memory_bytes: f64,
}

/// The points of every worker.
#[derive(Debug, Default)]
pub(super) struct Usages(HashMap<String, VecDeque<UsagePoint>>);

impl Usages {
    fn push(&mut self, worker: &str, point: UsagePoint) {
        let points = self.0.entry(worker.to_owned()).or_default();
        points.push_back(point);
        if points.len() > KEPT {
            points.pop_front();
        }
    }
}

impl App {
    #[expect(clippy::cast_precision_loss, reason = "bytes and milliseconds fit the 53 bits of a double")]
    pub(super) fn note_usage(&mut self, worker: &str, usage: Usage) {
        let at_ms = crate::utc_ms(self.parts.clock.utc()) as f64;
        let point = UsagePoint { at_ms, cpu_percent: usage.cores * 100.0, memory_bytes: usage.memory as f64 };
        self.usages.push(worker, point);
    }

    /// Oldest first; empty for a worker that has not run for long enough.
    pub(super) fn worker_usage(&self, name: &str) -> Result<Vec<UsagePoint>, Problem> {
        self.worker_named(name)?;
        Ok(self.usages.0.get(name).into_iter().flatten().copied().collect())
    }
}

/// Tells the App a worker's usage again and again, until the worker's future has ended.
pub(super) async fn follow(name: String, usage: watch::Receiver<Usage>, app: AppHandle) {
    let mut ticks = tokio::time::interval(EVERY);
    // After a suspend one point is enough.
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // An error means that the sender, and with it the worker, is gone.
        if usage.has_changed().is_err() {
            return;
        }
        let now = *usage.borrow();
        if now.processes > 0 && !app.send(Message::Usage(name.clone(), now)).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_workers_do_not_mix() {
        let mut usages = Usages::default();
        for n in 0..1_000 {
            usages.push("speech", UsagePoint { at_ms: f64::from(n), cpu_percent: 1.0, memory_bytes: 2.0 });
        }
        usages.push("llama", UsagePoint { at_ms: 7.0, cpu_percent: 0.0, memory_bytes: 0.0 });
        assert_eq!(usages.0["speech"].len(), KEPT);
        assert_eq!(usages.0["speech"][0].at_ms, 280.0);
        assert_eq!(usages.0["llama"].len(), 1);
    }
}
