//! The supervisor survives its own panics, and its worker does not notice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "a test spawns tasks")]

#[path = "model/panics.rs"]
mod model;

use model::{POINTS, Trap, recovers, talker, writer_recovers};
use tonny_supervisor::{Base, LogLimits, RecordKind, Supervisor};

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

#[test]
fn a_panic_of_the_writing_thread_costs_the_lines_in_hand_and_no_more() {
    let trap = Trap::default();
    let _listening = tracing::subscriber::set_default(trap.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let logs = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let base = Base { logs: Some(LogLimits::new(logs.path())), ..Base::default() };
        let (supervisor, mut records) = Supervisor::new(base);
        let (handle, future) = supervisor.worker(talker()).unwrap();
        tokio::spawn(future);
        for _ in 0..5 {
            let took = writer_recovers(&trap, &supervisor, &logs.path().join("talker")).await.unwrap();
            assert!(took.as_secs() < 5, "{took:?}");
        }
        handle.close().await.unwrap();
        supervisor.flush_logs().await;
        let mut lost = 0;
        while let Ok(record) = records.try_recv() {
            if let RecordKind::Dropped { lines } = record.kind {
                assert!(record.text.contains("panicked"), "{}", record.text);
                lost += lines;
            }
        }
        assert!((5..100).contains(&lost), "{lost} lines of 5 panics");
    });
}
