//! The short form of every row of docs/reliability.md, each a test of its own: `s4`, `l1`, `b2`.
//!
//! A harness of its own, so that a new row needs no line here. Rows measure time: one at a time (see nextest.toml). A
//! number over its limit is printed with `pass: no`, and is decided by `make bench-reliability`.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use libtest_mimic::{Arguments, Failed, Trial};
use tonny_tests::reliability::{BY_NAME_ONLY, Row, Size, rows, run};

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    // `make bench-chaos` runs what is left out here.
    let rows = rows().into_iter().filter(|row| !BY_NAME_ONLY.contains(&row.id));
    let trials = rows.map(|row| Trial::test(row.id.to_lowercase(), || short(row)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn short(row: &'static Row) -> Result<(), Failed> {
    let outcome = run(row, Size::Short);
    if outcome.holds() { Ok(()) } else { Err(format!("{}: {outcome}, limit {}", row.id, row.limit).into()) }
}
