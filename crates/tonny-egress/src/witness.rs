//! Requests without a word of the user's (downloads, trials of keys) as they begin and end, for whoever keeps the ledger.
//!
//! They are told over a channel, because none of them waits for the ledger and each may be dropped at any moment: that is
//! how a download is cancelled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::EgressError;
use crate::fault::FaultCode;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A request is about to leave.
    Began {
        /// Nobody else's.
        number: u64,
        /// What for: `download`, `trial`.
        purpose: &'static str,
        /// Where to.
        host: String,
    },
    /// It is over.
    Ended {
        /// As it began.
        number: u64,
        /// Bytes that came of the answer's body.
        bytes_in: u64,
        /// What went wrong.
        fault: Option<FaultCode>,
    },
}

/// Sees everything that leaves by one door. Cheap to clone: all copies are one.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    tell: Arc<OnceLock<UnboundedSender<Seen>>>,
    last: Arc<AtomicU64>,
}

impl Witness {
    /// All that is seen from now on; nothing where somebody listens already.
    pub fn listen(&self) -> Option<UnboundedReceiver<Seen>> {
        let (tell, seen) = unbounded_channel();
        self.tell.set(tell).is_ok().then_some(seen)
    }

    /// A request to `host` is about to leave.
    pub(crate) fn begin(&self, purpose: &'static str, host: String) -> Going {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        self.say(Seen::Began { number, purpose, host });
        Going { witness: self.clone(), number, bytes_in: 0, fault: Some(FaultCode::CANCELLED_BY_USER) }
    }

    fn say(&self, seen: Seen) {
        if let Some(tell) = self.tell.get() {
            // Whoever listened has ended, and with it the program.
            let _ = tell.send(seen);
        }
    }
}

/// A request that is under way. One that is dropped without a word was cancelled.
#[derive(Debug)]
pub(crate) struct Going {
    witness: Witness,
    number: u64,
    bytes_in: u64,
    fault: Option<FaultCode>,
}

impl Going {
    pub(crate) fn received(&mut self, bytes: usize) {
        self.bytes_in += bytes as u64;
    }

    pub(crate) fn ended(mut self, fault: Option<FaultCode>) {
        self.fault = fault;
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let Self { number, bytes_in, fault, .. } = *self;
        self.witness.say(Seen::Ended { number, bytes_in, fault });
    }
}

/// As the ledger says it.
pub(crate) fn fault_of(error: &EgressError) -> FaultCode {
    match error {
        EgressError::Offline { .. } => FaultCode::POLICY_DENIED,
        EgressError::Network { .. } => FaultCode::CONNECT_FAILED,
        EgressError::CutShort { .. } => FaultCode::STREAM_INTERRUPTED,
        EgressError::Stalled { .. } => FaultCode::TIMEOUT_IDLE,
        EgressError::Refused { status: 500.., .. } => FaultCode::SERVER_ERROR,
        EgressError::Refused { .. } | EgressError::Redirected { .. } => FaultCode::INVALID_REQUEST,
        _ => FaultCode::INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_ends_also_when_it_is_dropped() {
        let witness = Witness::default();
        drop(witness.begin("trial", "unheard.example".to_owned()));
        let mut seen = witness.listen().unwrap();
        assert!(witness.clone().listen().is_none(), "one ledger keeps it");
        let mut whole = witness.begin("download", "a.example".to_owned());
        whole.received(70);
        whole.received(7);
        let cancelled = witness.begin("download", "b.example".to_owned());
        whole.ended(None);
        drop(cancelled);
        let told: Vec<Seen> = std::iter::from_fn(|| seen.try_recv().ok()).collect();
        let began = |number, host: &str| Seen::Began { number, purpose: "download", host: host.to_owned() };
        let ended = |number, bytes_in, fault| Seen::Ended { number, bytes_in, fault };
        let cancelled = Some(FaultCode::CANCELLED_BY_USER);
        assert_eq!(
            told,
            [began(1, "a.example"), began(2, "b.example"), ended(1, 77, None), ended(2, 0, cancelled)]
        );
    }
}
