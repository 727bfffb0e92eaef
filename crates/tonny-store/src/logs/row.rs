//! The rows of the table `logs` as values, and what can be asked of it.

use serde::{Deserialize, Serialize};

/// How much a row matters, least first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Nothing to do about it.
    #[default]
    Info,
    /// Something was given up or lost.
    Warn,
    /// Something does not work.
    Error,
}

impl LogLevel {
    /// As it is stored.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Info => 1,
            Self::Warn => 2,
            Self::Error => 3,
        }
    }
}

impl From<i64> for LogLevel {
    /// The table holds no other numbers.
    fn from(number: i64) -> Self {
        match number {
            ..=1 => Self::Info,
            2 => Self::Warn,
            3.. => Self::Error,
        }
    }
}

/// A row to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewLog {
    /// UTC, milliseconds since 1970.
    pub at_ms: i64,
    /// The worker's name.
    pub worker: String,
    /// Number of its start; 0 where the row belongs to none.
    pub incarnation: i64,
    /// How much it matters.
    pub level: LogLevel,
    /// `state`, `line`, `incident`, `dropped`, ...
    pub kind: String,
    /// How many lines or records a row about a loss stands for.
    pub lines: Option<i64>,
    /// What is to be read in a list.
    pub text: String,
    /// Incidents only.
    pub output: Option<LogOutput>,
}

impl NewLog {
    /// About what it takes in the file, in bytes.
    pub(crate) fn size(&self) -> usize {
        let output = self.output.as_ref().map_or(0, |output| {
            output.first_lines.len() + output.stdout_tail.len() + output.stderr_tail.len()
        });
        64 + self.worker.len() + self.text.len() + output
    }
}

/// What the worker of an incident said first and last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct LogOutput {
    /// The first lines of both streams.
    pub first_lines: String,
    /// The end of standard output.
    pub stdout_tail: String,
    /// The end of standard error.
    pub stderr_tail: String,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct LogRow {
    /// The order of entry; also what [`crate::LogStore::output`] is asked with.
    pub seq: i64,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "at")]
    pub at_ms: i64,
    /// The worker's name.
    pub worker: String,
    /// Number of its start; 0 where the row belongs to none.
    pub incarnation: i64,
    /// How much it matters.
    #[sqlx(try_from = "i64")]
    pub level: LogLevel,
    /// `state`, `line`, `incident`, `dropped`, ...
    pub kind: String,
    /// How many lines or records a row about a loss stands for.
    pub lines: Option<i64>,
    /// What is to be read in a list.
    pub text: String,
}

/// Which rows a page holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Of one worker, or of all.
    pub worker: Option<String>,
    /// Rows that matter as much or more.
    pub at_least: LogLevel,
    /// Not older than this; UTC, milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Rows before this `(at_ms, seq)`: the last row of the page before.
    pub before: Option<(i64, i64)>,
    /// At most so many, and never more than 1,000.
    pub limit: u32,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self { worker: None, at_least: LogLevel::Info, since_ms: None, before: None, limit: 100 }
    }
}
