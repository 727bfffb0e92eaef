//! D1 to D16: what the store promises about every spoken word. Real files, real deaths; each theme has a file.

pub mod app;
pub mod damage;
pub mod deaths;
pub mod faults;
pub mod load;
pub mod power;
pub mod rows;
pub mod schema;

use super::{Outcome, Row};

/// Every row of table 4.
pub const ROWS: &[Row] = &[
    Row {
        id: "D1",
        promise: "No utterance is lost when the app dies between key-down and text out",
        limit: "all present, with the words of their sound; audio lost <= 100 ms; each typed at most once",
        run: |size| Outcome::of(|| app::died(size)),
    },
    Row {
        id: "D2",
        promise: "No utterance is lost when a worker dies",
        limit: "all transcribed again, equal to the reference text",
        run: |size| Outcome::of(|| app::worker_died(size)),
    },
    Row {
        id: "D3",
        promise: "What was acknowledged survives the death of the process",
        limit: "0 rows missing; every check clean",
        run: |size| Outcome::of_async(|| deaths::killed(size)),
    },
    Row {
        id: "D4",
        promise: "And final text a power cut",
        limit: "0 final utterances missing, never corrupt",
        run: |size| Outcome::of_async(|| power::power_cut(size)),
    },
    Row {
        id: "D5",
        promise: "Every I/O error is survived, whatever kind of call the system refuses",
        limit: "no panic, no corruption, nothing set aside, the error is told",
        run: |size| Outcome::of_async(|| faults::io_errors(size)),
    },
    Row {
        id: "D6",
        promise: "A recording in progress survives a full disk",
        limit: "kept and going on, told <= 1 s, recovers without a restart, all tries",
        run: |size| Outcome::of(|| app::disk_full(size)),
    },
    Row {
        id: "D7",
        promise: "The first release's schema comes to the newest, killed at any moment, and again from the copy kept",
        limit: "all rows, every check clean, every try",
        run: |size| Outcome::of_async(|| schema::migrated(size)),
    },
    Row {
        id: "D8",
        promise: "A newer file is refused as it lies",
        limit: "100 %, with the version it takes, not a byte changed; the copy that the migration kept has every row",
        run: |size| Outcome::of_async(|| schema::newer(size)),
    },
    Row {
        id: "D9",
        promise: "The engine is new enough for a WAL with several connections",
        limit: "SQLite >= 3.51.3",
        run: |_| Outcome::of_async(schema::engine),
    },
    Row {
        id: "D10",
        promise: "No busy error reaches a user",
        limit: "0 with 4 writers, 4 readers, backups and checkpoints",
        run: |size| Outcome::of_async(|| load::busy(size)),
    },
    Row {
        id: "D11",
        promise: "Dropped futures poison no connection",
        limit: "0 writes refused afterwards, check clean",
        run: |size| Outcome::of_async(|| load::dropped(size)),
    },
    Row {
        id: "D12",
        promise: "Fast at size",
        limit: "p99 beside 1 M log lines/s: commit <= 10 ms, list <= 20 ms, search <= 50 ms",
        run: |size| Outcome::of_async(|| load::at_size(size)),
    },
    Row {
        id: "D13",
        promise: "A damaged file is replaced by the newest backup and all that can still be read",
        limit: "usable <= 5 s; >= 99 % of the rows on intact pages",
        run: |size| Outcome::of_async(|| damage::corrupted(size)),
    },
    Row {
        id: "D14",
        promise: "Backups are verified, can be restored, and keep no writer waiting",
        limit: "writers blocked <= 50 ms; in every backup all rows that were there before it, equal",
        run: |size| Outcome::of_async(|| damage::backed_up(size)),
    },
    Row {
        id: "D15",
        promise: "Deletion is real",
        limit: "0 canaries of 500 utterances in any file",
        run: |_| Outcome::of_async(damage::deleted),
    },
    Row {
        id: "D16",
        promise: "The write-ahead log is bounded, whoever reads",
        limit: "<= 16 MiB at all times",
        run: |size| Outcome::of_async(|| load::bounded_log(size)),
    },
];
