//! What copies that have ended may still have to say: a descendant can hold a worker's pipes for ever. Read beside the
//! next copy's life, for a quarter of a second, and then told as an incident.

use crate::{LastExit, Level, RecordKind, logs::WorkerLog, machine::Cause, output::Output};
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

/// How long last output is waited for after the exit. What the worker itself said is there at the exit; this is for
/// descendants that die with it.
const DRAIN: Duration = Duration::from_millis(250);

/// The futures of what is still read.
#[derive(Default)]
pub(crate) struct Remains(Vec<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl fmt::Debug for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remains({})", self.0.len())
    }
}

impl Remains {
    /// Reads the rest of the output; where the copy ended in another way than it was asked to, that is an incident.
    pub(crate) fn add(
        &mut self,
        output: Output,
        log: WorkerLog,
        incarnation: u64,
        incident: Option<LastExit>,
    ) {
        self.0.push(Box::pin(async move {
            let said = output.end(DRAIN).await;
            if let Some(LastExit { exit, cause }) = incident {
                let level = if cause == Cause::Clean { Level::Warn } else { Level::Error };
                log.record(incarnation, level, RecordKind::Incident(said), format!("{cause} ({exit})"));
            }
        }));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads on, until one of them is read; never ends where there is none.
    pub(crate) async fn next(&mut self) {
        poll_fn(|context| {
            let before = self.0.len();
            self.0.retain_mut(|one| one.as_mut().poll(context).is_pending());
            if self.0.len() < before { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
