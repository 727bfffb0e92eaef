//! S1 to S18: what the supervisor promises about processes. Real processes under the real library; each theme has a file.

pub mod ends;
pub mod workers;

use super::{Outcome, Row};

/// Every row of table 1 that takes real processes.
pub const ROWS: &[Row] = &[
    Row {
        id: "S1",
        promise: "A worker's exit is seen by event, never by poll",
        limit: "p99 <= 20 ms, max <= 100 ms",
        run: |size| Outcome::of_async(|| ends::seen(size)),
    },
    Row {
        id: "S2",
        promise: "From the crash of a proven worker to main() of the next, keeper included",
        limit: "p50 <= 8 ms, p99 <= 30 ms",
        run: |size| Outcome::of_async(|| ends::respawned(size)),
    },
];
