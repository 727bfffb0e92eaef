//! docs/reliability.md: one line for each row, with machine and date. A run of some rows keeps what the page says of the
//! others, so the page itself is read first.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Outcome, Row, Size};
use crate::process::run;

const HEAD: &str = "# What is promised when things break, and what was measured\n\n\
     Written by `make bench-reliability` (`ONLY=S1,S4` for some rows, `SHORT=1` for a tenth of the tries); a run of some rows \
     keeps the others' last values. Where a limit is not met, or cannot be measured, the line says so. The rows are in \
     `tests/src/reliability/`, their short forms part of `make test`.\n\n\
     | id | promise | measured | limit | pass | size | date | machine |\n\
     | --- | --- | --- | --- | --- | --- | --- | --- |\n";
const UNKNOWN: [&str; 5] = ["not yet", "", "", "", ""];

/// Columns of a line that are measured: value, pass, size, date, machine.
type Cells = [String; 5];

/// What the page says, by row.
pub struct Page {
    lines: Vec<(String, Cells)>,
    date: String,
    machine: String,
}

impl Page {
    /// What the file says; a missing one says nothing.
    pub fn read(file: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        let date = run(std::process::Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned();
        Ok(Self { lines: parse(&text), date, machine: machine()? })
    }

    /// Takes a new value.
    pub fn set(&mut self, row: &Row, size: Size, outcome: &Outcome) {
        let cells = [
            cell(&outcome.to_string()),
            outcome.verdict().to_owned(),
            size.as_str().to_owned(),
            self.date.clone(),
            self.machine.clone(),
        ];
        self.lines.retain(|(id, _)| id != row.id);
        self.lines.push((row.id.to_owned(), cells));
    }

    /// Writes every row; what the page said of rows that no longer exist goes.
    pub fn write(&self, file: &Path, rows: &[&Row]) -> Result<()> {
        std::fs::write(file, self.render(rows)).with_context(|| file.display().to_string())
    }

    fn render(&self, rows: &[&Row]) -> String {
        let mut text = HEAD.to_owned();
        for row in rows {
            let known = self.lines.iter().find(|(id, _)| id == row.id).map(|(_, cells)| cells.clone());
            let [value, pass, size, date, machine] = known.unwrap_or_else(|| UNKNOWN.map(str::to_owned));
            let (id, promise, limit) = (row.id, cell(row.promise), cell(row.limit));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {id} | {promise} | {value} | {limit} | {pass} | {size} | {date} | {machine} |"
            );
        }
        text
    }
}

fn parse(text: &str) -> Vec<(String, Cells)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let [id, _, value, _, pass, size, date, machine] = cells[..] else { return None };
            // The table's own head, and rows that were never measured.
            if id == "id" || id == "---" || date.trim().is_empty() {
                return None;
            }
            Some((id.to_owned(), [value, pass, size, date, machine].map(str::to_owned)))
        })
        .collect()
}

/// Text that cannot break the table.
fn cell(text: &str) -> String {
    text.replace('|', "/").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn machine() -> Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let kernel: Vec<&str> = kernel.trim().split('.').take(2).collect();
    Ok(cell(&format!("{cores} x {}, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.join("."))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Row = Row { id: "X1", promise: "is a|b", limit: "<= 3 ms", run: |_| unreachable!() };
    const TWO: Row = Row { id: "X2", promise: "two", limit: "0", run: |_| unreachable!() };

    fn page(lines: Vec<(String, Cells)>) -> Page {
        Page { lines, date: "2026-11-21".to_owned(), machine: "2 x CPU".to_owned() }
    }

    #[test]
    fn a_run_of_one_row_keeps_the_other() {
        let mut first = page(Vec::new());
        first.set(&ONE, Size::Full, &Outcome::measured(true, "2 ms\nof 3 | all"));
        first.set(&TWO, Size::Full, &Outcome::measured(true, "0 of 9"));
        let text = first.render(&[&ONE, &TWO]);
        let line = "| X1 | is a/b | 2 ms of 3 / all | <= 3 ms | yes | full | 2026-11-21 | 2 x CPU |";
        assert!(text.contains(line), "{text}");
        let mut second = page(parse(&text));
        second.set(&TWO, Size::Short, &Outcome::Impossible("no bus".to_owned()));
        let text = second.render(&[&ONE, &TWO]);
        assert!(text.contains(line), "{text}");
        assert!(text.contains("| X2 | two | cannot be measured here: no bus | 0 | not measured | short |"));
    }

    #[test]
    fn rows_never_measured_say_so_and_stay_so() {
        let text = page(Vec::new()).render(&[&ONE]);
        assert!(text.contains("| not yet | <= 3 ms |"), "{text}");
        assert!(parse(&text).is_empty());
    }
}
