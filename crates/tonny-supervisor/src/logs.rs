//! What becomes of a worker's output: lines, redacted, in segment files; the last of them in memory; what matters as
//! records.

use std::{path::PathBuf, time::Duration};

/// Where segment files lie and how much of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLimits {
    /// The folder; every worker has one of its own in it.
    pub folder: PathBuf,
    /// A segment is closed at this size, in bytes. Retention drops whole segments, so this is its grain.
    pub segment_bytes: u64,
    /// All segments of all workers together, in bytes.
    pub total_bytes: u64,
    /// Segments whose last line is older are dropped.
    pub max_age: Duration,
}

impl LogLimits {
    /// The usual limits: segments of 4 MiB, 64 MiB in all, two weeks.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            segment_bytes: 4 << 20,
            total_bytes: 64 << 20,
            max_age: Duration::from_secs(14 * 24 * 60 * 60),
        }
    }
}
