//! What matters of a worker's life and output: one value per event, for the table of the logs. Everything else a worker
//! says goes to segment files only.

use std::time::SystemTime;

/// One thing that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it happened, by the wall clock.
    pub at: SystemTime,
    /// Name of the worker.
    pub worker: String,
    /// Number of the worker's start that it belongs to; 0 before the first.
    pub incarnation: u64,
    /// How much it matters.
    pub level: Level,
    /// What it is.
    pub kind: RecordKind,
    /// One sentence, or the worker's own line; redacted.
    pub text: String,
}

/// How much a record matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing to do about it.
    Info,
    /// Something was given up or lost.
    Warn,
    /// Something does not work.
    Error,
}

impl Level {
    /// The level as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What a record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKind {
    /// The worker's state changed.
    State,
    /// The worker said so itself.
    Line,
    /// A copy of the worker ended in another way than it was asked to.
    Incident(LastOutput),
    /// Lines that are in no segment file: the disk or the machine was too slow, or full.
    Dropped {
        /// How many.
        lines: u64,
    },
    /// Lines of the kind [`RecordKind::Line`] that are in the segment files, but too many at once for records.
    Surplus {
        /// How many.
        lines: u64,
    },
    /// Records that the app did not take in time and that are missing before this one.
    Missed {
        /// How many.
        records: u64,
    },
}

impl RecordKind {
    /// The kind as one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Line => "line",
            Self::Incident(_) => "incident",
            Self::Dropped { .. } => "dropped",
            Self::Surplus { .. } => "surplus",
            Self::Missed { .. } => "missed",
        }
    }
}

/// What one copy of a worker said first and last. Text, redacted, whole lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastOutput {
    /// The first lines of both streams, in the order they were read; at most 8 KiB.
    pub first_lines: String,
    /// The end of standard output, at most 64 KiB.
    pub stdout_tail: String,
    /// The end of standard error, at most 64 KiB.
    pub stderr_tail: String,
}
