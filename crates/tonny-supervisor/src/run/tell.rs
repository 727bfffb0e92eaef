//! What the world learns: the worker's state, published whole, and a record of what matters of it.

use super::Runner;
use crate::{Level, Phase, RecordKind, WorkerState, health};
use std::time::Instant;

impl Runner {
    pub(super) fn publish(&self) {
        let new = self.snapshot(Instant::now());
        let mut entered = false;
        self.state.send_if_modified(|state| {
            entered = state.phase != new.phase;
            let changed = *state != new;
            if changed {
                state.clone_from(&new);
            }
            changed
        });
        // Ready and Busy follow each other with every request; only what leads out of serving is news.
        if entered && new.phase != Phase::Busy {
            self.record(&new);
        }
    }

    fn record(&self, state: &WorkerState) {
        let (level, text) = match &state.phase {
            Phase::Failed { reason } => (Level::Error, format!("failed: {reason}")),
            Phase::CrashLoop { .. } | Phase::Backoff { .. } => {
                let why = state.last_exit.as_ref().map(ToString::to_string).unwrap_or_default();
                (Level::Warn, format!("{}: {why}", state.phase.as_str()))
            }
            phase => (Level::Info, phase.as_str().to_owned()),
        };
        let incarnation = self.machine.incarnation();
        self.shared.records.send(&self.spec.name, incarnation, level, RecordKind::State, text);
    }

    fn snapshot(&self, now: Instant) -> WorkerState {
        let (machine, copy) = (&self.machine, self.copy.as_ref());
        let (phase, since) = machine.phase();
        let (breaker, requests, unstable) = (machine.breaker(), self.gate.state(), machine.is_unstable(now));
        let memory = self.spec.memory_ceiling.map(|ceiling| (self.usage.borrow().memory, ceiling));
        let missed_probes = machine.missed_probes();
        let facts = health::Facts { phase, breaker, requests, missed_probes, unstable, memory };
        WorkerState {
            name: self.spec.name.clone(),
            phase: phase.clone(),
            health: health::judge(&facts),
            pid: copy.and_then(|copy| copy.pid),
            restarts: machine.restarts(),
            breaker,
            requests,
            unstable,
            in_flight: self.gate.in_flight(),
            since,
            started_at: copy.map(|copy| copy.started_at),
            last_exit: machine.last_exit().cloned(),
            ready: copy.and_then(|copy| copy.ready.clone()).filter(|_| phase.serves()),
        }
    }
}
