//! The offline switch: while it is on, only this machine is spoken to, and what runs to another one ends at once.
//!
//! Downloads and trials of keys each carry one. Questions to language models have the same rule in `attempt.rs`, because
//! their end is told by events.

use std::sync::Arc;

use tokio::sync::watch;

/// Cheap to clone: all copies are one switch.
#[derive(Clone, Debug)]
pub struct Switch(Arc<watch::Sender<bool>>);

impl Default for Switch {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Switch {
    /// Nothing leaves this machine from now on, or may again.
    pub fn set(&self, offline: bool) {
        self.0.send_replace(offline);
    }

    /// Whether a host may not be spoken to now.
    pub(crate) fn bars(&self, host: Option<&str>) -> bool {
        *self.0.borrow() && !is_here(host)
    }

    /// What `work` comes to, which speaks to `host`; nothing if the switch is on, or is put on meanwhile.
    pub(crate) async fn pass<T>(&self, host: Option<&str>, work: impl Future<Output = T>) -> Option<T> {
        if is_here(host) {
            return Some(work.await);
        }
        let mut offline = self.0.subscribe();
        tokio::select! {
            biased;
            // This switch is one of its senders, so it cannot be gone.
            _ = offline.wait_for(|offline| *offline) => None,
            done = work => Some(done),
        }
    }
}

/// Whether that is this machine, as far as a name can say it.
pub(crate) fn is_here(host: Option<&str>) -> bool {
    matches!(host, Some("127.0.0.1" | "[::1]" | "::1" | "localhost"))
}
