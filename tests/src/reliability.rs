//! What TonnyTray promises when things break, each promise with a number: the rows, their two sizes, and how one is run.
//!
//! Short forms run in `make test` (tests/tests/reliability.rs), full forms in `make bench-reliability`, which writes
//! docs/reliability.md ([`page`]). A new row is an entry in the `ROWS` of its area; a new area is a line in [`rows`].
//! A limit is never softened: what misses it says so with its number, what cannot be measured says why. Times and rates
//! decide in the full form, on a machine that does nothing else; a test fails only for what no machine may excuse.

pub mod assistant;
pub mod breaker;
pub mod chaos;
pub mod dice;
pub mod logs;
pub mod machine;
pub mod page;
pub mod secrets;
pub mod storage;
pub mod supervision;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// One promise and the way to measure it.
pub struct Row {
    /// As in the specification: `S1`, `L3`, `B2`.
    pub id: &'static str,
    /// In one sentence.
    pub promise: &'static str,
    /// The number, as the page shows it.
    pub limit: &'static str,
    /// Measures.
    pub run: fn(Size) -> Outcome,
}

/// How many tries a measurement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// About a tenth of the tries: part of `make test`.
    Short,
    /// What the promise says.
    Full,
}

impl Size {
    /// One of two values.
    pub fn pick<T>(self, short: T, full: T) -> T {
        match self {
            Self::Short => short,
            Self::Full => full,
        }
    }

    /// The size as the page shows it.
    pub fn as_str(self) -> &'static str {
        self.pick("short", "full")
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The numbers, and whether they keep the promise.
    Measured {
        /// The numbers as the page shows them.
        text: String,
        /// Whether what must be so on any machine is so: nothing lost, nothing left behind, nothing leaked.
        holds: bool,
        /// Whether every time and rate is within its limit, which a machine busy with something else can break.
        in_time: bool,
    },
    /// This machine cannot measure it, and why.
    Impossible(String),
}

impl Outcome {
    /// A promise without a clock in it.
    pub fn measured(holds: bool, text: impl Into<String>) -> Self {
        Self::timed(holds, true, text)
    }

    /// A promise with times or rates in it.
    pub fn timed(holds: bool, in_time: bool, text: impl Into<String>) -> Self {
        Self::Measured { text: text.into(), holds, in_time }
    }

    /// Says which parts of it this machine could not measure, and why; of the rest alone it is the outcome.
    #[must_use]
    pub fn without(self, parts: &[String]) -> Self {
        if parts.is_empty() {
            return self;
        }
        let parts =
            parts.iter().map(|part| format!("Impossible part: {part}")).collect::<Vec<_>>().join("; ");
        match self {
            Self::Measured { text, holds, in_time } => {
                let text = if text.is_empty() { parts } else { format!("{text}; {parts}") };
                Self::Measured { text, holds, in_time }
            }
            Self::Impossible(why) => Self::Impossible(format!("{why}; {parts}")),
        }
    }

    /// Whether a part of it could not be measured here.
    fn is_partial(&self) -> bool {
        matches!(self, Self::Measured { text, .. } if text.contains("Impossible part: "))
    }

    /// Runs a measurement; one that could not be finished does not pass, and says where it stopped.
    pub fn of(measure: impl FnOnce() -> Result<Self>) -> Self {
        measure().unwrap_or_else(|error| Self::measured(false, format!("not finished: {error:#}")))
    }

    /// As [`Outcome::of`], on a runtime of its own with two worker threads, as the app has.
    pub fn of_async<F: Future<Output = Result<Self>>>(measure: impl FnOnce() -> F) -> Self {
        Self::of(|| {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let outcome = runtime.block_on(measure());
            // A row that failed may have left something behind that blocks.
            runtime.shutdown_timeout(Duration::from_secs(2));
            outcome
        })
    }

    /// Whether the promise is not known to be broken.
    pub fn is_kept(&self) -> bool {
        !matches!(self, Self::Measured { holds: false, .. } | Self::Measured { in_time: false, .. })
    }

    /// Whether what must be so on any machine is not known to be broken.
    pub fn holds(&self) -> bool {
        !matches!(self, Self::Measured { holds: false, .. })
    }

    /// `yes`, `no`, or `not measured`.
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Measured { holds: true, in_time: true, .. } if self.is_partial() => "yes, in part",
            Self::Measured { holds: true, in_time: true, .. } => "yes",
            Self::Measured { .. } => "**no**",
            Self::Impossible(_) => "not measured",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured { text, .. } => f.write_str(text),
            Self::Impossible(why) => write!(f, "cannot be measured here: {why}"),
        }
    }
}

/// Rows that are a target of their own: chaos draws its faults, and a minute of it proves neither good nor bad.
pub const BY_NAME_ONLY: [&str; 1] = ["S18"];

/// Every row, in the order of the page.
pub fn rows() -> Vec<&'static Row> {
    let areas = [
        supervision::ROWS,
        machine::ROWS,
        chaos::ROWS,
        logs::ROWS,
        breaker::ROWS,
        storage::ROWS,
        secrets::ROWS,
        assistant::ROWS,
    ];
    let mut rows: Vec<&Row> = areas.into_iter().flatten().collect();
    rows.sort_by_key(|row| place(row.id));
    rows
}

/// The tables of the specification one after the other, each by number.
fn place(id: &str) -> (usize, u32, &str) {
    const TABLES: &str = "SLBDKRP";
    let table = id.chars().next().and_then(|letter| TABLES.find(letter)).unwrap_or(TABLES.len());
    let number = id.trim_start_matches(char::is_alphabetic).trim_end_matches(char::is_alphabetic);
    (table, number.parse().unwrap_or(0), id)
}

/// Measures one row and prints its line.
pub fn run(row: &Row, size: Size) -> Outcome {
    let began = Instant::now();
    let outcome = (row.run)(size);
    println!("{}", line(row, size, &outcome, began.elapsed()));
    outcome
}

fn line(row: &Row, size: Size, outcome: &Outcome, took: Duration) -> String {
    let verdict = outcome.verdict().trim_matches('*');
    let (id, limit, size) = (row.id, row.limit, size.as_str());
    format!("{id} | {outcome} | limit: {limit} | pass: {verdict} | {size}, {:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = rows().iter().map(|row| row.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn rows_stand_in_the_order_of_their_tables_and_numbers() {
        let mut ids = ["K1", "L1", "S10", "S7v", "S7", "B2"];
        ids.sort_by_key(|id| place(id));
        assert_eq!(ids, ["S7", "S7v", "S10", "L1", "B2", "K1"]);
    }

    #[test]
    fn a_measurement_that_breaks_off_does_not_pass() {
        let outcome = Outcome::of(|| anyhow::bail!("no such worker"));
        assert!(!outcome.is_kept());
        assert_eq!(outcome.to_string(), "not finished: no such worker");
        assert!(Outcome::Impossible("no cgroup".to_owned()).is_kept());
    }

    #[test]
    fn a_part_that_cannot_be_measured_is_no_silent_yes() {
        let all = Outcome::measured(true, "3 of 3");
        assert_eq!(all.clone().without(&[]).verdict(), "yes");
        let part = all.without(&["the app's own memory: no cgroup".to_owned()]);
        assert_eq!(part.verdict(), "yes, in part");
        assert_eq!(part.to_string(), "3 of 3; Impossible part: the app's own memory: no cgroup");
        let broken = Outcome::measured(false, "2 of 3").without(&["x".to_owned()]);
        assert!(!broken.holds() && broken.verdict() == "**no**");
    }

    #[test]
    fn a_slow_machine_breaks_the_promise_but_not_the_test() {
        let slow = Outcome::timed(true, false, "7 s");
        assert!(!slow.is_kept() && slow.holds());
        assert_eq!(slow.verdict(), "**no**");
        assert!(!Outcome::timed(false, true, "1 lost").holds());
    }

    #[test]
    fn a_line_has_number_limit_and_verdict() {
        let row = Row { id: "X1", promise: "", limit: "<= 3 ms", run: |_| Outcome::measured(false, "4 ms") };
        let line = line(&row, Size::Short, &(row.run)(Size::Short), Duration::from_millis(1500));
        assert_eq!(line, "X1 | 4 ms | limit: <= 3 ms | pass: no | short, 1.5 s");
    }
}
