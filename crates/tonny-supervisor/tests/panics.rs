//! The supervisor survives its own panics, and its worker does not notice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "a test spawns tasks")]

#[path = "model/panics.rs"]
mod model;

use model::{POINTS, Trap, recovers, talker};
use tonny_supervisor::{Base, Supervisor};

#[test]
fn a_panic_anywhere_is_over_at_once() {
    let trap = Trap::default();
    let _listening = tracing::subscriber::set_default(trap.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let keeper = Some(env!("CARGO_BIN_EXE_tonny-keeper").into());
        let (supervisor, _records) = Supervisor::new(Base { keeper, ..Base::default() });
        let (handle, future) = supervisor.worker(talker()).unwrap();
        tokio::spawn(future);
        for point in POINTS {
            // Far above the 100 ms of the promise: other tests run beside this one. The row S17 measures.
            let took = recovers(&trap, &handle, point).await.unwrap();
            assert!(took.as_secs() < 5, "{point}: {took:?}");
        }
        handle.close().await.unwrap();
    });
}
