//! R3: from the person's wish to stop until the connection is gone, in each of the four phases of an attempt, and what is left
//! behind by many of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_egress::fault::FaultCode;
use tonny_egress::router::TurnEvent;

use super::black_hole::BlackHole;
use super::peer::{Peer, Reply, words};
use super::running::{CLOUD, Running, Setup, provider};
use crate::bench::percentile;
use crate::reliability::{Outcome, Size};

const LIMIT_MS: f64 = 15.0;

/// What is left of a turn is given so long to end.
const REST: Duration = Duration::from_secs(10);

/// Where an attempt is when it is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Connecting,
    Headers,
    Body,
    BackOff,
}

/// Each phase has its server.
struct World {
    setup: Setup,
    silent: Peer,
    talking: Peer,
    busy: Peer,
    hole: BlackHole,
}

pub async fn cancelled(size: Size) -> Result<Outcome> {
    let tries = size.pick(100, 2_500);
    let runtime = tokio::runtime::Handle::current();
    let before = runtime.metrics().num_alive_tasks();
    let world = World::new()?;
    let (mut text, mut worst) = (Vec::new(), 0.0_f64);
    for phase in [Phase::Connecting, Phase::Headers, Phase::Body, Phase::BackOff] {
        let mut times = Vec::new();
        for count in 1..=tries {
            times.push(world.stop(phase, count).await?.as_secs_f64() * 1e3);
        }
        let (median, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
        worst = worst.max(p99);
        text.push(format!("{phase:?} p50 {median:.2}, p99 {p99:.2}"));
    }
    let early = world.busy.count().saturating_sub(tries);
    drop(world);
    let began = Instant::now();
    while runtime.metrics().num_alive_tasks() > before && began.elapsed() < REST {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let left = runtime.metrics().num_alive_tasks().saturating_sub(before);
    let text = format!(
        "{} ms over {tries} each; {left} tasks left behind, {early} requests sent after a stop",
        text.join(", ")
    );
    Ok(Outcome::timed(left == 0 && early == 0, worst <= LIMIT_MS, text))
}

impl World {
    fn new() -> Result<Self> {
        let wait = || Reply::Refusal(503, "retry-after: 1\r\n".to_owned(), "{}".to_owned());
        Ok(Self {
            setup: Setup::of(Vec::new()),
            silent: Peer::start(|_, _| Reply::Silence)?,
            talking: Peer::start(|_, _| Reply::OpenEnd(words("Hello ")))?,
            busy: Peer::start(move |_, _| wait())?,
            hole: BlackHole::open()?,
        })
    }

    /// Brings a turn into the phase and stops it; how long it took until the connection was gone, as the other side sees it
    /// where there is one.
    async fn stop(&self, phase: Phase, count: usize) -> Result<Duration> {
        let port = match phase {
            Phase::Connecting => self.hole.port,
            Phase::Headers => self.silent.port,
            Phase::Body => self.talking.port,
            Phase::BackOff => self.busy.port,
        };
        let setup = Setup { providers: vec![(provider(port, CLOUD), false)], ..self.setup.clone() };
        // A retry that the budget of all turns forbids would be no back-off.
        let mut turn = Setup { retries: Default::default(), ..setup }.start();
        let mut sockets = None;
        match phase {
            Phase::Connecting => sockets = Some(self.hole.wait_attempt()?),
            Phase::Headers => self.silent.wait_arrived(count)?,
            Phase::Body => turn.word().await,
            Phase::BackOff => while !matches!(turn.next().await, TurnEvent::Notice { .. }) {},
        }
        let at = Instant::now();
        turn.cancel.cancel();
        let gone = match phase {
            Phase::Connecting => self.hole.wait_none(&sockets.context("noted above")?)?,
            Phase::Headers => self.silent.wait_hung_up(count)?,
            Phase::Body => self.talking.wait_hung_up(count)?,
            // Nothing is open: what ends is the wait.
            Phase::BackOff => ended(&mut turn).await?,
        };
        if phase != Phase::BackOff {
            ended(&mut turn).await?;
        }
        turn.task.await?;
        Ok(gone.saturating_duration_since(at))
    }
}

/// Waits for the terminal event, which says who ended it; when it came.
async fn ended(turn: &mut Running) -> Result<Instant> {
    loop {
        if let TurnEvent::Interrupted { fault, .. } = turn.next().await {
            ensure!(fault.code == FaultCode::CANCELLED_BY_USER, "ended with {fault:?}");
            return Ok(Instant::now());
        }
    }
}
