//! What all workers of an app share, and where they come from.

use crate::{
    Handle, LogLimits, Record, Spec, SpecError,
    leftovers::{self, Leftover},
    logs::Logs,
    records::Records,
    run::Runner,
};
use std::{future::Future, path::PathBuf, sync::Arc};
use tokio::sync::{Semaphore, mpsc};

/// What the app gives its workers.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// `tonny-keeper`, put in front of each worker where given.
    pub keeper: Option<PathBuf>,
    /// Where it is written down which workers run, so that what a crash of the app leaves behind is found by
    /// [`Supervisor::sweep_leftovers`]. A folder of its own; nothing is written down without it.
    pub run_folder: Option<PathBuf>,
    /// Where what workers say is kept; nowhere but in memory where not given.
    pub logs: Option<LogLimits>,
}

/// The shared parts, as the workers' futures see them.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) base: Base,
    pub(crate) records: Records,
    pub(crate) leftovers: Option<leftovers::Records>,
    /// One worker at a time loads its model, so that two that were ended by the same lack of memory do not come back
    /// together.
    pub(crate) heavy_starts: Arc<Semaphore>,
    pub(crate) logs: Logs,
}

/// Makes workers. Cheap to clone; owns none of them.
#[derive(Debug, Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

impl Supervisor {
    /// The second part gives what matters about all workers; a slow reader loses records and nothing else.
    pub fn new(base: Base) -> (Self, mpsc::Receiver<Record>) {
        let (records, receiver) = Records::new();
        let leftovers = base.run_folder.as_deref().and_then(|folder| {
            let opened = leftovers::Records::open(folder);
            // Workers run without it; two more layers end them with the app.
            opened.inspect_err(|error| tracing::warn!(%error, "no records of running workers")).ok()
        });
        let heavy_starts = Arc::new(Semaphore::new(1));
        let logs = Logs::new(base.logs.clone(), records.clone());
        (Self { shared: Arc::new(Shared { base, records, leftovers, heavy_starts, logs }) }, receiver)
    }

    /// Ends what an app that died left running, by the marks it wrote down; before the first worker is started. Takes 2 s
    /// at most.
    pub async fn sweep_leftovers(&self) -> Vec<Leftover> {
        let Some(records) = self.shared.leftovers.clone() else { return Vec::new() };
        let swept = tokio::task::spawn_blocking(move || records.sweep()).await.unwrap_or_default();
        for leftover in &swept {
            tracing::warn!(worker = %leftover.worker, pid = leftover.pid, "ended what a dead app left behind");
        }
        swept
    }

    /// Prepares a worker. It starts when the future is first polled; the future ends after [`Handle::close`], or when
    /// the last handle is gone and the worker has ended.
    ///
    /// # Errors
    /// [`SpecError`] where the spec asks for what can never work.
    pub fn worker(&self, spec: Spec) -> Result<(Handle, impl Future<Output = ()> + Send + use<>), SpecError> {
        spec.check()?;
        let (runner, handle) = Runner::new(spec, Arc::clone(&self.shared));
        Ok((handle, runner.run()))
    }
    /// Waits until everything workers have said so far is in the log files, or counted as lost. To be given a deadline:
    /// the disk may hang.
    pub async fn flush_logs(&self) {
        self.shared.logs.flush().await;
    }
}
