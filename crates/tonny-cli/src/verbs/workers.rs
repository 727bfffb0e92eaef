//! `tonny workers`: the running app's worker processes.

use std::fmt::Write as _;
use std::time::Duration;

use tonny_core::control::{Request, WorkerFacts};
use tonny_core::ports::Clock as _;
use tonny_core::problem::Problem;
use tonny_core::worker_log::{WorkerLogQuery, WorkerLogRow};
use tonny_core::worker_view::WorkerView;
use tonny_platform::clock::SystemClock;

use crate::arguments::Workers;
use crate::face::Face;

pub fn run(face: &Face, verb: Workers) -> Result<(), Problem> {
    let request = match verb {
        Workers::List => return list(face),
        Workers::Logs { name, level: None, since: None, follow: false } => {
            let lines = face.ask(&Request::WorkerLogs { name, query: None })?.lines.unwrap_or_default();
            return face.show(&lines, || lines.join("\n"));
        }
        Workers::Logs { name, level, since, follow } => {
            let since = since.map(seconds_before_now);
            return logs(
                face,
                &name,
                WorkerLogQuery { level, since, limit: 1_000, ..Default::default() },
                follow,
            );
        }
        Workers::Start { name } => Request::StartWorker { name },
        Workers::Stop { name } => Request::StopWorker { name },
        Workers::Restart { name } => Request::RestartWorker { name },
        Workers::Reset { name } => Request::ResetWorker { name },
        Workers::Hold { name } => Request::HoldWorker { name },
        Workers::Release { name } => Request::ReleaseWorker { name },
    };
    face.ask(&request).map(drop)
}

fn list(face: &Face) -> Result<(), Problem> {
    let workers = face.ask(&Request::ListWorkers)?.workers.unwrap_or_default();
    let now_ms = unix_ms();
    face.show(&workers, || {
        let head = format!(
            "{:<16} {:<11} {:<10} {:>8} {:>9} {:>6} {:>8} {:>8}  {:<9} {}",
            "NAME", "STATE", "HEALTH", "PID", "UPTIME", "CPU", "MEMORY", "RESTARTS", "BREAKER", "WHY"
        );
        let lines = workers.iter().map(|facts| line(facts, now_ms));
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    })
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit the 53 bits of a double")]
fn unix_ms() -> f64 {
    (SystemClock.utc().unix_timestamp_nanos() / 1_000_000) as f64
}

fn line(WorkerFacts { worker, usage }: &WorkerFacts, now_ms: f64) -> String {
    let WorkerView { name, state, health, restarts, .. } = worker;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let pid = or_dash(worker.pid.map(|pid| pid.to_string()));
    let up = or_dash(worker.started_at_ms.map(|since| span((now_ms - since) / 1_000.0)));
    let cpu = or_dash(usage.map(|usage| format!("{:.0} %", usage.cpu_percent)));
    let memory = or_dash(usage.map(|usage| format!("{:.0} MB", usage.memory_bytes / 1e6)));
    // The two breakers in one word: the one that is not closed says more.
    let breaker = if worker.requests.state == "closed" { &worker.breaker } else { &worker.requests.state };
    let mut line = format!(
        "{name:<16} {state:<11} {health:<10} {pid:>8} {up:>9} {cpu:>6} {memory:>8} {restarts:>8}  {breaker:<9} "
    );
    if worker.unstable {
        line.push_str("(unstable) ");
    }
    // A crash that was survived is history once the worker is well again.
    match (health.as_str(), &worker.health_reason, &worker.detail) {
        ("healthy", ..) | (_, None, None) => {}
        (_, Some(reason), Some(detail)) => _ = write!(line, "{reason}: {detail}"),
        (_, Some(why), None) | (_, None, Some(why)) => line.push_str(why),
    }
    line.trim_end().to_owned()
}

/// A time in its two largest units.
fn span(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time since a start, not negative"
    )]
    let seconds = seconds.max(0.0) as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// Oldest first, as a log reads. Followed, a row of JSON is a line.
fn logs(face: &Face, name: &str, query: WorkerLogQuery, follow: bool) -> Result<(), Problem> {
    let ask = |query: &WorkerLogQuery| {
        let request = Request::WorkerLogs { name: name.to_owned(), query: Some(query.clone()) };
        face.ask(&request).map(|reply| reply.rows.unwrap_or_default())
    };
    let mut rows = ask(&query)?;
    rows.reverse();
    let text = |rows: &[WorkerLogRow]| rows.iter().map(row).collect::<Vec<_>>().join("\n");
    if !follow {
        return face.show(&rows, || text(&rows));
    }
    // Where nothing fits, whatever is there is old already.
    let newest_of_all = ask(&WorkerLogQuery { limit: 1, ..Default::default() })?;
    let mut newest = newest_of_all.first().map_or(0, |row| row.id);
    loop {
        for row in &rows {
            face.show_line(row, || self::row(row))?;
        }
        newest = rows.last().map_or(newest, |row| row.id.max(newest));
        // Nothing to wait for but time: the control socket answers questions and pushes nothing.
        std::thread::park_timeout(Duration::from_millis(500));
        rows = ask(&WorkerLogQuery { after: Some(newest), ..query.clone() })?;
    }
}

fn row(row: &WorkerLogRow) -> String {
    let WorkerLogRow { level, kind, text, incarnation, .. } = row;
    format!("{} {level:<5} {kind:<8} #{incarnation} {text}", tonny_platform::clock::utc_text(row.at))
}

/// In seconds since 1970.
fn seconds_before_now(span: Duration) -> u32 {
    let then = SystemClock.utc().unix_timestamp().saturating_sub_unsigned(span.as_secs());
    u32::try_from(then).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tonny_core::app::UsagePoint;

    use super::*;

    #[test]
    fn a_line_has_what_the_engines_page_has() {
        let worker = WorkerView {
            name: "speech".to_owned(),
            state: "ready".to_owned(),
            health: "degraded".to_owned(),
            health_reason: Some("it crashed often within the last hour".to_owned()),
            pid: Some(4_711),
            restarts: 6,
            breaker: "closed".to_owned(),
            unstable: true,
            started_at_ms: Some(1_000.0),
            ..WorkerView::default()
        };
        let usage = Some(UsagePoint { at_ms: 0.0, cpu_percent: 12.4, memory_bytes: 345e6 });
        let text = line(&WorkerFacts { worker: worker.clone(), usage }, 3_661_000.0);
        for part in ["speech", "4711", "1 h 1 m", "12 %", "345 MB", " 6 ", "(unstable) it crashed often"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let json = serde_json::to_value(WorkerFacts { worker, usage }).expect("JSON");
        assert_eq!((&json["name"], &json["unstable"]), (&"speech".into(), &true.into()));
        assert_eq!(json["usage"]["memory_bytes"], 345e6);
    }

    #[test]
    fn times_are_short() {
        let cases =
            [(5.0, "5 s"), (61.0, "1 min"), (3_600.0, "1 h 0 m"), (90_000.0, "1 d 1 h"), (-3.0, "0 s")];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }
}
