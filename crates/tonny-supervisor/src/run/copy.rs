//! One live copy as the loop sees it: what it says, how it ends, how it answers its probes, what it uses. Waits for the
//! next of these; decides nothing.

use crate::{
    Ready, Spec, Token,
    child::{Ended, Report, Signal},
    machine::End,
    probe::{Answer, At, Probe, ask_all, listens},
    usage::{Look, Meter, oom_kills},
};
use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::sleep_until,
};

/// A worker that can only be asked whether it is ready is asked this often at first...
const SOON: Duration = Duration::from_millis(50);
/// ...and, the longer it takes, ever less often down to this.
const LATER: Duration = Duration::from_millis(500);

/// A live copy.
pub(super) struct Copy {
    pub(super) end: Pin<Box<dyn Future<Output = Ended> + Send>>,
    pub(super) reports: mpsc::Receiver<Report>,
    pub(super) signals: mpsc::UnboundedSender<Signal>,
    /// The worker's own process where it says so, else the one we started.
    pub(super) pid: Option<u32>,
    pub(super) token: Token,
    pub(super) started_at: Instant,
    pub(super) ready: Option<Ready>,
    pub(super) prober: Option<Prober>,
    pub(super) meter: Meter,
    /// What the system had counted when it was started.
    pub(super) oom_kills: Option<u64>,
    /// Its turn among the heavy starts, until it is ready.
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

/// What happened to it.
pub(super) enum News {
    Report(Report),
    Ended(Box<Ended>),
    Probed(Answer),
    Looked(Look),
}

impl Copy {
    /// Waits for the next of it. May be dropped at any moment: nothing is lost.
    pub(super) async fn next(&mut self) -> News {
        let look_at = self.meter.next();
        // Reports first: a ready line printed just before the exit is still seen as one.
        tokio::select! {
            biased;
            Some(report) = self.reports.recv() => News::Report(report),
            Ended { end, output } = &mut self.end => {
                let out_of_memory = oom_kills() > self.oom_kills;
                News::Ended(Box::new(Ended { end: End { out_of_memory, ..end }, output }))
            }
            answer = probed(&mut self.prober) => News::Probed(answer),
            () = sleep_until(look_at.into()) => News::Looked(self.meter.look(Instant::now())),
        }
    }

    /// Whether who answers at a fixed port is this copy, as far as the system tells.
    pub(super) fn answers_itself(&mut self, probes: &[Probe]) -> bool {
        let mut ports = probes.iter().filter_map(|probe| match probe.at {
            At::Tcp(address) => Some(address.port()),
            At::Told | At::Unix(_) => None,
        });
        self.meter.look(Instant::now());
        let processes = self.meter.processes();
        ports.all(|port| listens(&processes, port) != Some(false))
    }
}

async fn probed(prober: &mut Option<Prober>) -> Answer {
    match prober {
        Some(prober) => prober.next().await,
        None => pending().await,
    }
}

/// Asks one copy again and again.
pub(super) struct Prober {
    probes: Arc<[Probe]>,
    told: Option<Arc<str>>,
    token: Token,
    /// While readiness is being found out, a stranger must not pass for the worker.
    is_ready: bool,
    pause: Duration,
    every: Duration,
    due: Instant,
    under_way: Option<Pin<Box<dyn Future<Output = Answer> + Send>>>,
}

impl Prober {
    /// Finds out when a silent worker is ready.
    pub(super) fn for_readiness(spec: &Spec, token: Token, now: Instant) -> Self {
        Self {
            probes: spec.health.as_slice().into(),
            told: None,
            token,
            is_ready: false,
            pause: SOON,
            every: spec.probe_every,
            due: now + SOON,
            under_way: None,
        }
    }

    /// Watches over a ready worker, where there is something to ask.
    pub(super) fn for_health(spec: &Spec, ready: &Ready, now: Instant) -> Option<Self> {
        (!spec.health.is_empty()).then(|| Self {
            told: ready.address.as_deref().map(Into::into),
            is_ready: true,
            due: now + spec.probe_every,
            ..Self::for_readiness(spec, ready.token.clone(), now)
        })
    }

    async fn next(&mut self) -> Answer {
        let under_way = match &mut self.under_way {
            Some(under_way) => under_way,
            None => {
                sleep_until(self.due.into()).await;
                // The next one is due by the clock and not by the answer: three misses then take three pauses.
                self.pause = if self.is_ready { self.every } else { (self.pause * 3 / 2).min(LATER) };
                self.due = Instant::now() + self.pause;
                self.under_way.insert(Box::pin(ask(
                    Arc::clone(&self.probes),
                    self.told.clone(),
                    self.token.clone(),
                    !self.is_ready,
                )))
            }
        };
        let answer = under_way.await;
        self.under_way = None;
        answer
    }
}

async fn ask(probes: Arc<[Probe]>, told: Option<Arc<str>>, token: Token, stranger: bool) -> Answer {
    ask_all(&probes, told.as_deref(), &token, stranger).await
}
