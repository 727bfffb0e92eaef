//! The few primitives under [`crate::permit`]. They stand apart so that the loom test can put its own in their place
//! (`tests/interleavings.rs` compiles `permit.rs` against loom's).

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64};
use std::{sync::PoisonError, time::Instant};
use tokio::sync::Notify;

/// Takes the lock. Nothing that runs under it can panic half-way through a change, so poison says nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock of requests.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Wakes the one who watches the gate. A ring while nobody waits is kept.
#[derive(Debug, Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}
