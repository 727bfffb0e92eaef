//! S1 to S18: what the supervisor promises about processes. Real processes under the real library; each theme has a file.

pub mod churn;
pub mod ends;
pub mod hangs;
pub mod jumps;
pub mod memory;
pub mod orphans;
pub mod ports;
pub mod relaunch;
pub mod stops;
pub mod storms;
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
    Row {
        id: "S3",
        promise: "Readiness is pushed",
        limit: "p99 <= 50 ms after the worker can serve",
        run: |size| Outcome::of_async(|| ends::pushed(size)),
    },
    Row {
        id: "S4",
        promise: "No orphan after kill -9 of the app",
        limit: "0 of 1,000 direct, 500 with grandchildren, 200 escaped; gone p99 <= 250 ms direct, <= 1 s tree",
        run: |size| Outcome::of(|| orphans::after_a_kill(size)),
    },
    Row {
        id: "S5",
        promise: "The same for every way to die",
        limit: "0 orphans, 50 of each cause; app and keeper killed together 0 of 200",
        run: |size| Outcome::of(|| orphans::after_every_death(size)),
    },
    Row {
        id: "S6",
        promise: "No false kill by our own guard",
        limit: "0 worker deaths in 10 min of thread churn",
        run: |size| Outcome::of(|| churn::spared(size)),
    },
    Row {
        id: "S7",
        promise: "Never two live copies of one worker",
        limit: "0 in 10,000 simulated sequences and 500 storms",
        run: |size| Outcome::of_async(|| storms::never_two(size)),
    },
    Row {
        id: "S8",
        promise: "A stop is bounded, whatever the worker does against it",
        limit: "<= 5.2 s in 200 of 200",
        run: |size| Outcome::of_async(|| stops::bounded(size)),
    },
    Row {
        id: "S9",
        promise: "An idle worker that hangs is found",
        limit: "<= 6 s, 100 of 100",
        run: |size| Outcome::of_async(|| hangs::found(size)),
    },
    Row {
        id: "S13",
        promise: "No port race and no wrong server",
        limit: "0 failed starts and 0 attachments to a foreign server in 1,000 starts beside a port thief",
        run: |size| Outcome::of_async(|| ports::none_stolen(size)),
    },
    Row {
        id: "S14",
        promise: "A leaking worker is stopped at its memory ceiling, and never takes the app along",
        limit: "ceiling + 10 % with 200 MB/s, app never the victim, 50 of 50",
        run: |size| Outcome::of_async(|| memory::held(size)),
    },
    Row {
        id: "S15w",
        promise: "The wall clock jumps by +8 h and -1 h under a real app (S15 has the rules and the sleeps)",
        limit: "0 false restarts, 0 bursts",
        run: |size| Outcome::of(|| jumps::by_the_wall(size)),
    },
    Row {
        id: "S16",
        promise: "Ready soon when started at once after kill -9, whatever lies around",
        limit: "cold start + 1 s, 200 of 200",
        run: |size| Outcome::of(|| relaunch::at_once(size)),
    },
];
