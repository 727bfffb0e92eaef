//! Rows of the workers' log as values: what is asked, what is shown, what becomes of a record.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tonny_store::{LogLevel, LogOutput, LogQuery, LogRow, LogStore, NewLog, StoreError};
use tonny_supervisor::{Level, Record, RecordKind};

/// The table's bound for what is read in a list, in bytes.
const TEXT: usize = 16 * 1024;

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct WorkerLogQuery {
    /// Of one worker, or of all.
    pub worker: Option<String>,
    /// "info", "warn" or "error": rows that matter as much or more.
    pub level: Option<String>,
    /// Not older than this, seconds since 1970.
    pub since: Option<u32>,
    /// The `next` of the page before; newest first.
    pub before: Option<String>,
    /// Instead of a page: rows added after this one, oldest first.
    pub after: Option<u32>,
    /// Rows wanted, 1 to 1,000.
    pub limit: u32,
}

/// Some rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WorkerLogPage {
    /// Newest first; oldest first where `after` was asked for.
    pub rows: Vec<WorkerLogRow>,
    /// Asks for the rows after these; absent on the last page.
    pub next: Option<String>,
}

/// One thing that mattered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WorkerLogRow {
    /// Grows with each row; asks for an incident's output.
    pub id: u32,
    /// When, seconds since 1970.
    pub at: f64,
    /// The worker's name.
    pub worker: String,
    /// Number of its start; 0 where the row belongs to none.
    pub incarnation: u32,
    /// "info", "warn" or "error".
    pub level: String,
    /// "state", "line", "incident", "dropped", "surplus" or "missed".
    pub kind: String,
    /// How many lines or records a row about a loss stands for.
    pub lines: Option<u32>,
    /// What is to be read.
    pub text: String,
}

/// What the worker of an incident said first and last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WorkerLogOutput {
    /// The first lines of both streams.
    pub first_lines: String,
    /// The end of standard output.
    pub stdout_tail: String,
    /// The end of standard error.
    pub stderr_tail: String,
}

pub(super) async fn list(store: &LogStore, query: &WorkerLogQuery) -> Result<WorkerLogPage, StoreError> {
    let before = query.before.as_deref().and_then(|before| {
        let (at, seq) = before.split_once('.')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    });
    let wanted = LogQuery {
        worker: query.worker.clone(),
        at_least: match query.level.as_deref() {
            Some("error") => LogLevel::Error,
            Some("warn") => LogLevel::Warn,
            _ => LogLevel::Info,
        },
        since_ms: query.since.map(|since| i64::from(since) * 1_000),
        before,
        limit: query.limit.clamp(1, 1_000),
    };
    if let Some(after) = query.after {
        let rows = store.after(i64::from(after), &wanted).await?;
        return Ok(WorkerLogPage { rows: rows.into_iter().map(shown).collect(), next: None });
    }
    let rows = store.list(&wanted).await?;
    let more = rows.len() == wanted.limit as usize;
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.at_ms, last.seq));
    Ok(WorkerLogPage { rows: rows.into_iter().map(shown).collect(), next })
}

pub(super) fn row(record: Record) -> NewLog {
    let (lines, output) = match &record.kind {
        RecordKind::Dropped { lines } | RecordKind::Surplus { lines } => (Some(*lines), None),
        RecordKind::Missed { records } => (Some(*records), None),
        RecordKind::Incident(said) => (None, Some(said.clone())),
        _ => (None, None),
    };
    NewLog {
        at_ms: millis(record.at),
        level: match record.level {
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        },
        kind: record.kind.as_str().to_owned(),
        worker: record.worker,
        incarnation: i64::try_from(record.incarnation).unwrap_or(i64::MAX),
        lines: lines.map(|lines| i64::try_from(lines).unwrap_or(i64::MAX)),
        text: record.text[..record.text.floor_char_boundary(TEXT)].to_owned(),
        output: output.map(|said| LogOutput {
            first_lines: said.first_lines,
            stdout_tail: said.stdout_tail,
            stderr_tail: said.stderr_tail,
        }),
    }
}

pub(super) fn missed(records: u64, last: Option<&NewLog>) -> NewLog {
    NewLog {
        at_ms: last.map_or(0, |row| row.at_ms),
        worker: last.map(|row| row.worker.clone()).unwrap_or_default(),
        level: LogLevel::Warn,
        kind: "missed".to_owned(),
        lines: Some(i64::try_from(records).unwrap_or(i64::MAX)),
        text: format!("{records} records are missing here: the database could not be written for too long"),
        ..NewLog::default()
    }
}

fn shown(row: LogRow) -> WorkerLogRow {
    let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    WorkerLogRow {
        id: small(row.seq),
        at: row.at_ms as f64 / 1_000.0,
        worker: row.worker,
        incarnation: small(row.incarnation),
        level: match row.level {
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
        .to_owned(),
        kind: row.kind,
        lines: row.lines.map(small),
        text: row.text,
    }
}

pub(super) fn output(said: LogOutput) -> WorkerLogOutput {
    let LogOutput { first_lines, stdout_tail, stderr_tail } = said;
    WorkerLogOutput { first_lines, stdout_tail, stderr_tail }
}

fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
