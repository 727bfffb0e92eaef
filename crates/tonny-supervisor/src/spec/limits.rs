//! How eagerly a worker is started again, as numbers.

use std::time::Duration;

/// Restart budget, delays and probes of one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Restart {
    /// So many restarts...
    pub budget: u32,
    /// ...within this time.
    pub span: Duration,
    /// Delay before the first of them; each further one waits twice as long.
    pub backoff: Duration,
    /// Longest delay: the cap of the doubling, and the pause between two probes once the budget is used up.
    pub backoff_max: Duration,
    /// From the moment the budget is used up to the first probe.
    pub first_probe: Duration,
    /// So many failed probes...
    pub patience: u32,
    /// ...and from then on they come only this often.
    pub rare_probe: Duration,
    /// Timers are lengthened by up to this share, so that workers killed by the same cause do not come back in step.
    pub jitter: f64,
    /// A worker that served this long has proven that it can: it starts again without delay, and a probe succeeded.
    pub proven: Duration,
    /// Serving this long forgives everything before.
    pub forgiven: Duration,
    /// So many crashes...
    pub unstable_after: u32,
    /// ...within this time flag it as unstable, even if the budget never ran out.
    pub unstable_span: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            budget: 3,
            span: Duration::from_secs(5 * 60),
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            first_probe: Duration::from_secs(30),
            patience: 10,
            rare_probe: Duration::from_secs(10 * 60),
            jitter: 0.2,
            proven: Duration::from_secs(10),
            forgiven: Duration::from_secs(10 * 60),
            unstable_after: 6,
            unstable_span: Duration::from_secs(60 * 60),
        }
    }
}

impl Restart {
    /// Delay before a restart when `spent` of the budget are used, without jitter.
    pub fn delay(&self, spent: u32) -> Duration {
        let factor = 2u32.checked_pow(spent).unwrap_or(u32::MAX);
        self.backoff.saturating_mul(factor).min(self.backoff_max)
    }

    /// Pause before a probe when `failed` probes went before, without jitter.
    pub fn probe_delay(&self, failed: u32) -> Duration {
        match failed {
            0 => self.first_probe,
            failed if failed < self.patience => self.backoff_max,
            _ => self.rare_probe,
        }
    }

    /// From the first crash of a worker that never gets ready to its `number`th, without jitter.
    pub(crate) fn crash(&self, number: u32) -> Duration {
        let restarts = number.saturating_sub(1);
        let quick: Duration = (0..restarts.min(self.budget)).map(|spent| self.delay(spent)).sum();
        let probes: Duration =
            (0..restarts.saturating_sub(self.budget)).map(|failed| self.probe_delay(failed)).sum();
        quick + probes
    }
}
