//! `tonny workers`: the running app's worker processes.

use std::time::Duration;

use tonny_core::control::Request;
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
    };
    face.ask(&request).map(drop)
}

fn list(face: &Face) -> Result<(), Problem> {
    let workers = face.ask(&Request::Status)?.status.map(|status| status.workers).unwrap_or_default();
    face.show(&workers, || {
        let head = format!(
            "{:<16} {:<11} {:<10} {:>8} {:>8}  {:<9} {}",
            "NAME", "STATE", "HEALTH", "PID", "RESTARTS", "BREAKER", "WHY"
        );
        std::iter::once(head).chain(workers.iter().map(line)).collect::<Vec<_>>().join("\n")
    })
}

fn line(worker: &WorkerView) -> String {
    let WorkerView { name, state, health, restarts, .. } = worker;
    let pid = worker.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
    // The two breakers in one word: the one that is not closed says more.
    let breaker = if worker.requests.state == "closed" { &worker.breaker } else { &worker.requests.state };
    // A crash that was survived is history once the worker is well again.
    let why = match (health.as_str(), &worker.health_reason, &worker.detail) {
        ("healthy", ..) => String::new(),
        (_, Some(reason), Some(detail)) => format!("{reason}: {detail}"),
        (_, reason, detail) => reason.clone().or_else(|| detail.clone()).unwrap_or_default(),
    };
    format!("{name:<16} {state:<11} {health:<10} {pid:>8} {restarts:>8}  {breaker:<9} {why}")
        .trim_end()
        .to_owned()
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
