//! The face of one worker: orders in, state out. Cheap to clone; owns nothing that lives.

use crate::{
    Gate, Permit, Phase, Rejected, Rejection, Spec, SpecError, SupervisorError, Usage, WorkerState,
    logs::Tail,
};
use std::time::{Duration, Instant};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// One order to the worker's future. Unbounded queue: orders come from people and from the app's own decisions, a
/// handful at a time, and the future never waits while it holds one.
#[derive(Debug)]
pub(crate) enum Order {
    Start,
    Restart,
    RetryNow,
    ResetBreaker,
    Served {
        incarnation: u64,
    },
    Stop(oneshot::Sender<()>),
    /// For good, with no longer grace than this where one is named.
    Close(oneshot::Sender<()>, Option<Duration>),
    Respec(Box<Spec>),
}

/// Orders and state of one worker.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) state: watch::Receiver<WorkerState>,
    pub(crate) usage: watch::Receiver<Usage>,
    pub(crate) stop_grace: watch::Receiver<Duration>,
    pub(crate) tail: watch::Receiver<Tail>,
    pub(crate) gate: Gate,
}

impl Handle {
    /// What a stop may take beyond the grace: two rounds of SIGKILL and the reaping.
    pub const STOP_MARGIN: Duration = Duration::from_millis(200);

    /// The state and its changes.
    pub fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.clone()
    }

    /// CPU time and memory of the live copy's processes, looked at every 2 s while it runs.
    pub fn usage(&self) -> watch::Receiver<Usage> {
        self.usage.clone()
    }

    /// Starts a stopped worker. Nothing in other phases.
    pub fn start(&self) {
        self.send(Order::Start);
    }

    /// A new copy, whatever the phase; clears restart budget and both breakers.
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

    /// Other program, model or limits, with a restart; one that was stopped stays so.
    ///
    /// # Errors
    /// [`SpecError`] where the spec asks for what can never work; the worker then goes on as it was.
    pub fn respec(&self, spec: Spec) -> Result<(), SpecError> {
        spec.check()?;
        self.send(Order::Respec(Box::new(spec)));
        Ok(())
    }

    /// Asks to send one request. Answers at once; a permit is the worker's request in flight until it is given back.
    ///
    /// # Errors
    /// [`Rejected`] while the worker does not serve or its request breaker is open, with the time after which asking
    /// again makes sense.
    pub fn permit(&self) -> Result<Permit, Rejected> {
        let retry_after = match &self.state.borrow().phase {
            Phase::Ready | Phase::Busy => return self.gate.permit(),
            Phase::Backoff { until } | Phase::CrashLoop { until } => {
                Some(until.saturating_duration_since(Instant::now()))
            }
            _ => None,
        };
        Err(Rejected { reason: Rejection::NotReady, retry_after })
    }

    /// Closes both breakers: requests are let through again at once, whatever failed before, the restart budget is as
    /// new, and a worker that waits to be tried again starts now.
    pub fn reset_breaker(&self) {
        self.gate.reset();
        self.send(Order::ResetBreaker);
    }

    /// Keeps requests away from the worker, or lets them through again. Those in flight go on.
    pub fn hold(&self, held: bool) {
        self.gate.hold(held);
    }

    /// Ends the worker; it stays Stopped until [`Handle::restart`]. Returns when it is gone, at the latest after the
    /// grace of the spec and 200 ms.
    ///
    /// # Errors
    /// [`SupervisorError::StillRunning`] where even SIGKILL did not end it in that time.
    pub async fn stop(&self) -> Result<(), SupervisorError> {
        let grace = *self.stop_grace.borrow();
        self.ask_to_end(Order::Stop, grace).await
    }

    /// Ends the worker and its future, for good. Same bound as [`Handle::stop`].
    ///
    /// # Errors
    /// As [`Handle::stop`].
    pub async fn close(&self) -> Result<(), SupervisorError> {
        let grace = *self.stop_grace.borrow();
        self.ask_to_end(|done| Order::Close(done, None), grace).await
    }

    /// [`Handle::close`] for who is in a hurry: the worker is killed after this grace, where its own is longer. Returns
    /// after the grace and [`Handle::STOP_MARGIN`] at the latest.
    ///
    /// # Errors
    /// As [`Handle::stop`].
    pub async fn close_within(&self, grace: Duration) -> Result<(), SupervisorError> {
        let least = grace.min(*self.stop_grace.borrow());
        self.ask_to_end(|done| Order::Close(done, Some(grace)), least).await
    }

    /// The worker's last lines on both streams, oldest first, at most 200; redacted.
    pub fn log_tail(&self) -> Vec<String> {
        self.tail.borrow().lines()
    }

    async fn ask_to_end(
        &self,
        order: impl FnOnce(oneshot::Sender<()>) -> Order,
        grace: Duration,
    ) -> Result<(), SupervisorError> {
        let (done, gone) = oneshot::channel();
        self.send(order(done));
        let limit = grace + Self::STOP_MARGIN;
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
