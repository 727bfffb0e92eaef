//! What the machine decided, done: a copy started (in its turn), told, given up.

use super::{Copy, Prober, Queued, Runner};
use crate::{
    ReadyBy, Token,
    child::{Process, Signal, Wires},
    logs::CopyLog,
    machine::{End, Event},
    usage::{Meter, offer_to_the_oom_killer, oom_kills},
};
use std::{sync::Arc, time::Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Reports of one copy that may wait: one ready line and some signs of life. More of the latter say nothing new.
const REPORTS: usize = 16;

impl Runner {
    pub(super) fn start(&mut self, incarnation: u64) -> Result<(), Event> {
        if !self.spec.heavy {
            return self.spawn(incarnation, None);
        }
        let gate = Arc::clone(&self.shared.heavy_starts);
        match Arc::clone(&gate).try_acquire_owned() {
            Ok(turn) => self.spawn(incarnation, Some(turn)),
            Err(_) => {
                // Fails only when the gate is closed, which nobody does.
                let turn = Box::pin(async move { gate.acquire_owned().await.ok() });
                self.queued = Some(Queued { incarnation, turn });
                Ok(())
            }
        }
    }

    pub(super) fn spawn(
        &mut self,
        incarnation: u64,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Event> {
        tracing::info!(worker = %self.spec.name, incarnation, "starting worker");
        let (shared, oom_kills) = (&self.shared, oom_kills());
        let started =
            Token::fresh().and_then(|token| Ok((Process::spawn(&self.spec, shared, &token)?, token)));
        let (process, token) = started.map_err(|error| {
            tracing::warn!(worker = %self.spec.name, %error, "worker did not start");
            Event::NotStarted { reason: error.to_string(), transient: error.is_transient() }
        })?;
        let (reporting, reports) = mpsc::channel(REPORTS);
        let (signals, signalled) = mpsc::unbounded_channel();
        let log = CopyLog::new(self.log.clone(), incarnation, &self.spec.secrets(&token));
        let wires = Wires { signals: signalled, reports: reporting, log, ready: self.spec.ready.clone() };
        let (pid, now) = (process.pid(), Instant::now());
        // The keeper does this for its worker and must not be offered itself.
        if let (Some(pid), None) = (pid, &shared.base.keeper) {
            offer_to_the_oom_killer(pid);
        }
        let asks = self.spec.ready == ReadyBy::Probe;
        self.copy = Some(Copy {
            end: Box::pin(process.live(wires)),
            reports,
            signals,
            pid,
            prober: asks.then(|| Prober::for_readiness(&self.spec, token.clone(), now)),
            token,
            started_at: now,
            ready: None,
            meter: Meter::new(pid.unwrap_or(u32::MAX), self.spec.memory_ceiling, now),
            oom_kills,
            turn,
        });
        Ok(())
    }

    /// Tells the live copy. One that still waits for its turn has ended by that.
    pub(super) fn signal(&mut self, signal: Signal) -> Option<Event> {
        if self.queued.take().is_some() {
            return Some(Event::Exited(End::default()));
        }
        if let Some(copy) = &self.copy {
            // Fails only when the copy has ended; its exit is on the way.
            copy.signals.send(signal).ok();
        }
        None
    }
}
