//! What all workers of an app share, and where they come from.

use crate::{Handle, Record, Spec, SpecError, records::Records, run::Runner};
use std::{future::Future, path::PathBuf, sync::Arc};
use tokio::sync::mpsc;

/// What the app gives its workers.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// `tonny-keeper`, put in front of each worker where given.
    pub keeper: Option<PathBuf>,
}

/// The shared parts, as the workers' futures see them.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) base: Base,
    pub(crate) records: Records,
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
        (Self { shared: Arc::new(Shared { base, records }) }, receiver)
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
}
