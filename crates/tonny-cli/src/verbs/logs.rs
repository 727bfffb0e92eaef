//! `tonny logs`: the app's own log, read from its files, so that it is there after a crash too.

use std::time::Duration;

use tonny_core::app_log::{Line, LogLevel};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};
use tonny_platform::clock::SystemClock;
use tonny_platform::logging::LogReader;

use crate::arguments::Logs;
use crate::face::Face;

/// Soon enough that a line seems to appear by itself.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub fn run(face: &Face, wish: &Logs) -> Result<(), Problem> {
    let level = wish.level.as_deref().and_then(LogLevel::of).unwrap_or(LogLevel::Trace);
    let since =
        wish.since.map(|span| SystemClock.utc().unix_timestamp().saturating_sub_unsigned(span.as_secs()));
    let fits = |line: &Line| line.level <= level && since.is_none_or(|since| line.at() >= Some(since));
    let mut reader = LogReader::new(&face.folders()?.logs);
    let mut new = || -> Result<Vec<Line>, Problem> {
        let mut lines = Vec::new();
        let read = reader.read(|line| {
            if fits(&line) {
                lines.push(line)
            }
        });
        read.map_err(|error| Problem::with(Code::HomeUnwritable, format!("The log: {error}")))?;
        Ok(lines)
    };
    let mut lines = new()?;
    if !wish.follow {
        return face.show(&lines, || lines.iter().map(text).collect::<Vec<_>>().join("\n"));
    }
    loop {
        for line in &lines {
            face.show_line(line, || text(line))?;
        }
        // Nothing to wait for but time: the files push nothing.
        std::thread::park_timeout(LOOK_EVERY);
        lines = new()?;
    }
}

/// As a file of text has it; lines of JSON too.
fn text(line: &Line) -> String {
    let fields = line.fields.iter().map(|(name, value)| format!(" {name}={}", plain(value)));
    let level = line.level.as_str().to_uppercase();
    format!("{} {level:>5} {}: {}{}", line.time, line.target, line.message, fields.collect::<String>())
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
