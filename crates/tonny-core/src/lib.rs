//! The product without a face: what an utterance lives through, where its words go, what the user may set.
//!
//! One App task owns all changing state; everything else sends it messages and reads snapshots. This room knows no
//! window system, no audio interface, no operating system: those fill the [`ports`]. Start reading at [`app`].

pub mod activity;
pub mod app;
pub mod app_log;
pub mod assistant;
pub mod control;
pub mod engine;
pub mod file_transcription;
pub mod history_files;
pub mod hotkey;
pub mod model;
pub mod outgoing;
pub mod overlay;
pub mod ports;
pub mod problem;
pub mod push_to_talk;
pub mod retention;
pub mod secrets;
pub mod settings;
pub mod snapshot;
pub mod statistics;
pub mod transcription;
pub mod tray;
pub mod worker_log;
pub mod worker_view;

use problem::{Code, Problem};
use tonny_store::StoreError;

pub use app::StorageView;
pub use tonny_egress::{Downloads, Trials};
pub use tonny_store::{Page, Store};

/// A store's error as the user should hear it.
pub fn store_problem(error: &StoreError) -> Problem {
    let code = match error {
        StoreError::Newer { .. } => Code::DatabaseNewer,
        StoreError::BackupBroken { .. } => Code::BackupBroken,
        error if error.is_damaged() => Code::DatabaseDamaged,
        error if error.is_disk_full() => Code::DiskFull,
        error if error.is_read_only() => Code::HomeUnwritable,
        _ => Code::DatabaseFailed,
    };
    Problem::with(code, error)
}

/// The door that downloads go through; fails where the system's certificates cannot be read.
pub fn downloads() -> Result<Downloads, Problem> {
    Downloads::new().map_err(|error| Problem::with(Code::NetworkDown, error))
}

/// The door that trials of keys go through.
pub fn trials() -> Result<Trials, Problem> {
    Trials::new().map_err(|error| Problem::with(Code::NetworkDown, error))
}

/// Milliseconds since 1970 in UTC, as the store keeps times.
fn utc_ms(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
