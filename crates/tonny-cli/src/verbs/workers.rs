//! `tonny workers`: the running app's worker processes.

use tonny_core::control::Request;
use tonny_core::problem::Problem;

use crate::arguments::Workers;
use crate::face::Face;

pub fn run(face: &Face, verb: Workers) -> Result<(), Problem> {
    match verb {
        Workers::Restart { name } => face.ask(&Request::RestartWorker { name }).map(|_| ()),
        Workers::Logs { name } => {
            let lines = face.ask(&Request::WorkerLogs { name })?.lines.unwrap_or_default();
            face.show(&lines, || lines.join("\n"))
        }
        Workers::List => {
            let workers = face.ask(&Request::Status)?.status.map(|status| status.workers).unwrap_or_default();
            face.show(&workers, || {
                let head = format!(
                    "{:<10} {:<11} {:>8} {:>8}  {:<9} {}",
                    "NAME", "STATE", "PID", "RESTARTS", "BREAKER", "DETAIL"
                );
                let lines = workers.iter().map(|worker| {
                    let pid = worker.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
                    format!(
                        "{:<10} {:<11} {pid:>8} {:>8}  {:<9} {}",
                        worker.name,
                        worker.state,
                        worker.restarts,
                        worker.breaker,
                        worker.detail.as_deref().unwrap_or("")
                    )
                });
                std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
            })
        }
    }
}
