//! The shared handle of a request breaker: callers take a [`Permit`] for each request and say how it went. Owns the
//! breaker and the count of requests in flight behind one short lock that is never held across a wait; knows nothing
//! of what is asked, nor of whom.

use crate::{
    breaker::{Circuit, CircuitLimits, Failure, Outcome, Rejected, Requests, Ticket},
    sync::{Arc, AtomicU64, Bell, Mutex, lock, now},
};
use std::{sync::atomic::Ordering::Relaxed, time::Instant};

/// A request breaker that many callers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    count: Mutex<Count>,
    signs: AtomicU64,
    bell: Bell,
}

#[derive(Debug)]
struct Count {
    circuit: Circuit,
    /// Grows when the other side was replaced: requests to the old one are not in flight at the new one.
    epoch: u64,
    in_flight: u32,
    /// Whether this side has answered anything.
    has_answered: bool,
}

impl Gate {
    /// A closed gate.
    pub fn new(limits: CircuitLimits) -> Self {
        let count = Count { circuit: Circuit::new(limits), epoch: 0, in_flight: 0, has_answered: false };
        let shared = Shared { count: Mutex::new(count), signs: AtomicU64::new(0), bell: Bell::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Asks to send one request. Never waits.
    ///
    /// # Errors
    /// [`Rejected`] with the reason and the time after which asking again makes sense.
    pub fn permit(&self) -> Result<Permit, Rejected> {
        let mut count = lock(&self.shared.count);
        let ticket = count.circuit.admit(now())?;
        count.in_flight += 1;
        let epoch = count.epoch;
        drop(count);
        self.shared.bell.ring();
        Ok(Permit { gate: self.clone(), ticket: Some(ticket), epoch })
    }

    /// What the breaker says.
    pub fn state(&self) -> Requests {
        lock(&self.shared.count).circuit.state(now())
    }

    /// Forgets everything and closes; a hold stays.
    pub fn reset(&self) {
        self.change(|count| count.circuit.reset());
    }

    /// Keeps it shut by hand, or lets go.
    pub fn hold(&self, held: bool) {
        self.change(|count| count.circuit.hold(held));
    }

    /// Other numbers, from now on.
    pub fn set_limits(&self, limits: CircuitLimits) {
        self.change(|count| count.circuit.set_limits(limits));
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        lock(&self.shared.count).in_flight
    }

    /// Whether the other side has answered a request since it was last replaced.
    pub fn has_answered(&self) -> bool {
        lock(&self.shared.count).has_answered
    }

    /// The other side ended: what was in flight there is so no more. Its permits still say how it went.
    pub fn replaced(&self) {
        self.change(|count| {
            count.epoch += 1;
            count.in_flight = 0;
            count.has_answered = false;
            count.circuit.replaced();
        });
    }

    /// When the breaker changes by itself, if ever.
    pub fn wake(&self) -> Option<Instant> {
        lock(&self.shared.count).circuit.wake()
    }

    /// Grows with every progress and every answer.
    pub fn signs(&self) -> u64 {
        self.shared.signs.load(Relaxed)
    }

    /// Waits until a request began or ended, or the breaker was changed by hand. For one watcher.
    pub async fn changed(&self) {
        self.shared.bell.rung().await;
    }

    fn change(&self, change: impl FnOnce(&mut Count)) {
        change(&mut lock(&self.shared.count));
        self.shared.bell.ring();
    }

    fn finish(&self, ticket: Ticket, epoch: u64, outcome: Outcome) {
        self.change(|count| {
            if epoch == count.epoch {
                count.in_flight -= 1;
                count.has_answered |= outcome == Outcome::Succeeded;
            }
            count.circuit.finish(ticket, outcome, now());
        });
    }
}

/// Leave to send one request; while it lives, the request counts as in flight. A worker with a request in flight is
/// taken for hung when nothing moves for the stall limit of its spec, so hold it from sending to the last byte of the
/// answer and not while a person thinks. Dropped without a word (also by a panic), the request counts as cancelled.
#[derive(Debug)]
#[must_use = "dropping it at once says that the request was cancelled"]
pub struct Permit {
    gate: Gate,
    ticket: Option<Ticket>,
    epoch: u64,
}

impl Permit {
    /// The answer moves on: a token, a partial result, a heartbeat.
    pub fn progress(&self) {
        self.gate.shared.signs.fetch_add(1, Relaxed);
        if let Some(ticket) = &self.ticket {
            lock(&self.gate.shared.count).circuit.progress(ticket, now());
        }
    }

    /// The request was answered.
    pub fn succeeded(mut self) {
        self.gate.shared.signs.fetch_add(1, Relaxed);
        self.end(Outcome::Succeeded);
    }

    /// The request was not answered.
    pub fn failed(mut self, failure: Failure) {
        self.end(Outcome::Failed(failure));
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.finish(ticket, self.epoch, outcome);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(Outcome::Failed(Failure::Cancelled));
    }
}
