//! `tonny workers`: the running app's worker processes.

use tonny_core::control::Request;
use tonny_core::problem::Problem;
use tonny_core::worker_view::WorkerView;

use crate::arguments::Workers;
use crate::face::Face;

pub fn run(face: &Face, verb: Workers) -> Result<(), Problem> {
    let request = match verb {
        Workers::List => return list(face),
        Workers::Logs { name } => {
            let lines = face.ask(&Request::WorkerLogs { name })?.lines.unwrap_or_default();
            return face.show(&lines, || lines.join("\n"));
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
