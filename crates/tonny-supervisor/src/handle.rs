//! The face of one worker: orders in, state out. Cheap to clone; owns nothing that lives.

use crate::{Spec, SupervisorError, WorkerState, log::Log, run};
use std::{collections::VecDeque, future::Future, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// What a stop may take beyond the grace of the spec: two rounds of SIGKILL and the reaping.
const STOP_MARGIN: Duration = Duration::from_millis(200);

/// One order to the worker's future. Unbounded queue: orders come from people and from the app's own decisions, a
/// handful at a time, and the future never waits while it holds one.
#[derive(Debug)]
pub(crate) enum Order {
    Restart,
    RetryNow,
    Served { incarnation: u64 },
    Stop(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
    Respec(Box<Spec>),
}

/// Prepares a worker. It starts when the future is first polled; the future ends after [`Handle::close`], or when the
/// last handle is gone and the worker has ended.
pub fn start(spec: Spec) -> (Handle, impl Future<Output = ()> + Send + 'static) {
    let (orders, inbox) = mpsc::unbounded_channel();
    let (log, tail) = Log::new(&spec.name);
    let (grace, stop_grace) = watch::channel(spec.stop_grace);
    let (runner, state) = run::Runner::new(spec, inbox, log, grace);
    (Handle { orders, state, stop_grace, tail }, runner.run())
}

/// Orders and state of one worker.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<WorkerState>,
    stop_grace: watch::Receiver<Duration>,
    tail: watch::Receiver<VecDeque<String>>,
}

impl Handle {
    /// The state and its changes.
    pub fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.clone()
    }

    /// A new copy, whatever the phase; clears restart budget and breaker.
    pub fn restart(&self) {
        self.send(Order::Restart);
    }

    /// Starts now instead of at the end of a backoff, a crash loop's pause or a failure. Nothing in other phases.
    pub fn retry_now(&self) {
        self.send(Order::RetryNow);
    }

    /// Tells that this copy has answered a real request: a worker on probation is trusted again.
    pub fn served(&self, incarnation: u64) {
        self.send(Order::Served { incarnation });
    }

    /// Other program, model or limits, with a restart.
    pub fn respec(&self, spec: Spec) {
        self.send(Order::Respec(Box::new(spec)));
    }

    /// Ends the worker; it stays Stopped until [`Handle::restart`]. Returns when it is gone, at the latest after the
    /// grace of the spec and 200 ms.
    ///
    /// # Errors
    /// [`SupervisorError::StillRunning`] where even SIGKILL did not end it in that time.
    pub async fn stop(&self) -> Result<(), SupervisorError> {
        self.ask_to_end(Order::Stop).await
    }

    /// Ends the worker and its future, for good. Same bound as [`Handle::stop`].
    ///
    /// # Errors
    /// As [`Handle::stop`].
    pub async fn close(&self) -> Result<(), SupervisorError> {
        self.ask_to_end(Order::Close).await
    }

    /// The worker's last lines on standard error, oldest first, at most 200.
    pub fn log_tail(&self) -> Vec<String> {
        self.tail.borrow().iter().cloned().collect()
    }

    async fn ask_to_end(
        &self,
        order: impl FnOnce(oneshot::Sender<()>) -> Order,
    ) -> Result<(), SupervisorError> {
        let (done, gone) = oneshot::channel();
        self.send(order(done));
        let limit = *self.stop_grace.borrow() + STOP_MARGIN;
        // A closed channel means that the future is gone, and the worker with it.
        if timeout(limit, gone).await.is_ok() {
            return Ok(());
        }
        let state = self.state.borrow();
        Err(SupervisorError::StillRunning { worker: state.name.clone(), pid: state.pid })
    }

    fn send(&self, order: Order) {
        // Fails only when the future has ended; then there is no worker to give orders about.
        self.orders.send(order).ok();
    }
}
