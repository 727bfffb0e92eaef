//! Limits and broken hosts, remembered over restarts: a time that a provider gave is not shortened by starting the program
//! anew, and `tonny ask` is a new start each time.
//!
//! Kept by the wall clock, which is all that two starts share; one that was set back meanwhile counts as nothing known.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tonny_store::{Store, Wait, WaitKind};

use super::lanes::{About, Lanes};
use crate::ports::Clock;

/// The end of the year 9999, the last moment that the store takes.
const LAST_MS: i64 = 253_402_300_799_999;

/// What was noted, and the way to the store for what is new.
pub struct Notes {
    clock: Arc<dyn Clock>,
    noted: HashMap<About, Instant>,
    to_write: mpsc::UnboundedSender<Wait>,
}

/// The notes, and their writing, which ends with them.
pub fn start(clock: Arc<dyn Clock>, store: Store) -> (Notes, impl Future<Output = ()> + Send + use<>) {
    let (to_write, mut new) = mpsc::unbounded_channel();
    let write = async move {
        while let Some(wait) = new.recv().await {
            // The program goes on knowing it; only the next start would ask too early.
            if let Err(error) = store.waits().note(&wait).await {
                tracing::warn!(%error, name = wait.name, "who is not to be asked could not be noted");
            }
        }
    };
    (Notes { clock, noted: HashMap::new(), to_write }, write)
}

impl Notes {
    /// Gives `lanes` what the starts before this one knew.
    pub async fn recall(&mut self, store: &Store, lanes: &mut Lanes) {
        let (now, now_ms) = (self.clock.now(), crate::utc_ms(self.clock.utc()));
        let known = store.waits().active(now_ms).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "who is not to be asked could not be read");
            Vec::new()
        });
        for Wait { kind, name, model, until_ms, .. } in known {
            let about = match kind {
                WaitKind::Host => About::Host(name),
                WaitKind::Limit => About::Limit(name, model),
            };
            let left = Duration::from_millis(until_ms.saturating_sub(now_ms).unsigned_abs());
            // Beyond what this clock can count nobody waits anyway.
            let Some(until) = now.checked_add(left) else { continue };
            self.noted.insert(about.clone(), until);
            lanes.remember(about, until);
        }
    }

    /// Notes what is new in `lanes`, or takes longer than it did.
    pub fn keep(&mut self, lanes: &Lanes) {
        let new: Vec<(About, Instant)> = lanes
            .waits()
            .filter(|(about, until)| self.noted.get(about).is_none_or(|at| at < until))
            .collect();
        if new.is_empty() {
            return;
        }
        let (now, noted_ms) = (self.clock.now(), crate::utc_ms(self.clock.utc()));
        self.noted.retain(|_, until| *until > now);
        for (about, until) in new {
            let left = i64::try_from(until.saturating_duration_since(now).as_millis()).unwrap_or(i64::MAX);
            let (kind, name, model) = match about.clone() {
                About::Host(host) => (WaitKind::Host, host, String::new()),
                About::Limit(provider, model) => (WaitKind::Limit, provider, model),
            };
            self.noted.insert(about, until);
            let until_ms = noted_ms.saturating_add(left).min(LAST_MS);
            // The writer ends after this.
            let _ = self.to_write.send(Wait { kind, name, model, noted_ms, until_ms });
        }
    }
}
