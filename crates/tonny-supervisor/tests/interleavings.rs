//! B3: three callers at once on the shared handle of the breaker, every order in which their locks and counters can be
//! taken. `permit.rs` and `breaker.rs` are compiled here against loom's primitives in place of the real ones.
#![allow(dead_code, unused_imports, reason = "the library's own files, of which the test takes a part")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../src/breaker.rs"]
mod breaker;
#[path = "../src/permit.rs"]
mod permit;

pub use breaker::{CircuitLimits, Failure, Rejected, Requests};
pub use permit::Gate;

use breaker::{Outcome, Rejection};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Loom's primitives behind the names of `src/sync.rs`.
mod sync {
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64};
    use std::{
        cell::Cell,
        time::{Duration, Instant},
    };

    thread_local! {
        static CLOCK: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }

    /// Stands still until it is moved, so that every run sees the same. Loom runs all threads of a model on one.
    pub(crate) fn now() -> Instant {
        CLOCK.get().unwrap_or_else(|| {
            let now = Instant::now();
            CLOCK.set(Some(now));
            now
        })
    }

    pub(crate) fn advance(time: Duration) {
        CLOCK.set(Some(now() + time));
    }

    #[derive(Debug, Default)]
    pub(crate) struct Bell {}

    impl Bell {
        pub(crate) fn ring(&self) {}

        #[allow(clippy::unused_async, reason = "as the real one")]
        pub(crate) async fn rung(&self) {}
    }
}

fn half_open() -> Gate {
    let gate = Gate::new(CircuitLimits::default());
    (0..3).for_each(|_| gate.permit().unwrap().failed(Failure::Refused));
    sync::advance(CircuitLimits::default().open);
    gate
}

#[test]
fn one_of_three_callers_probes() {
    loom::model(|| {
        let gate = half_open();
        // Not one of loom's: it only watches, and adds no orders of its own.
        let admitted = std::sync::Arc::new(AtomicUsize::new(0));
        let call = {
            let (gate, admitted) = (gate.clone(), admitted.clone());
            move || match gate.permit() {
                Ok(permit) => {
                    let others = admitted.fetch_add(1, SeqCst);
                    assert_eq!(others, 0, "two probes at once");
                    permit.progress();
                    admitted.fetch_sub(1, SeqCst);
                    permit.succeeded();
                    1
                }
                Err(rejected) => {
                    assert_eq!(rejected.reason, Rejection::Probing);
                    0
                }
            }
        };
        let threads = [call.clone(), call.clone()].map(loom::thread::spawn);
        let mut answers = call();
        answers += threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>();
        assert!(answers >= 1, "somebody came through");
        assert_eq!(gate.state() == Requests::Closed, answers >= 2);
        assert_eq!(gate.in_flight(), 0);
    });
}

#[test]
fn a_late_failure_says_nothing_whenever_it_comes() {
    loom::model(|| {
        let gate = Gate::new(CircuitLimits::default());
        let late = gate.permit().unwrap();
        (0..3).for_each(|_| gate.permit().unwrap().failed(Failure::Refused));
        sync::advance(CircuitLimits::default().open);
        let slow = loom::thread::spawn(move || late.failed(Failure::Reset));
        let inside = gate.clone();
        let probing = loom::thread::spawn(move || {
            for _ in 0..2 {
                inside.permit().unwrap().succeeded();
            }
        });
        slow.join().unwrap();
        probing.join().unwrap();
        assert_eq!((gate.state(), gate.in_flight()), (Requests::Closed, 0));
    });
}

#[test]
fn a_replaced_side_and_its_last_request_end_in_any_order() {
    loom::model(|| {
        let gate = Gate::new(CircuitLimits::default());
        let old = gate.permit().unwrap();
        let inside = gate.clone();
        let ending = loom::thread::spawn(move || drop(old));
        let replacing = loom::thread::spawn(move || {
            inside.replaced();
            let new = inside.permit().unwrap();
            assert_eq!(inside.in_flight(), 1);
            drop(new);
        });
        ending.join().unwrap();
        replacing.join().unwrap();
        assert_eq!(gate.in_flight(), 0);
    });
}
