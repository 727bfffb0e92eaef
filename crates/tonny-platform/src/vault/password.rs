//! Passwords of the encrypted file: what deriving a key from one costs, and how wrong ones are slowed down.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// Deriving a key takes at least this long on the machine that made the file.
pub const KDF_FLOOR: Duration = Duration::from_millis(250);

/// Aimed well above the floor: what shares the memory with it makes a run take longer than it will later.
const AIM: Duration = Duration::from_millis(500);

/// Short runs of which the quickest counts.
const RUNS: u32 = 5;

/// 64 MiB: more than a graphics card has for each of its thousands of cores, little for a desktop.
const MEMORY_KIB: u32 = 64 * 1024;

/// Fewer are not worth it, however slow the machine.
const FEWEST_PASSES: u32 = 3;

/// What a file may ask for: a damaged or hostile one must not take all memory, or hours.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 1_000;
const MOST_LANES: u32 = 16;

/// Shorter ones can be tried through.
pub(super) const SHORTEST: usize = 10;

/// So many may be mistyped without a pause.
const FREE_TRIES: u32 = 3;

/// A pause never grows beyond this: nobody is locked out for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What Argon2id costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The cost that takes [`KDF_FLOOR`] here. The quickest of a few short runs counts, and of it only the processor's
    /// time, so that a busy moment does not make a weak file.
    pub fn calibrated() -> Self {
        let mut cost = Self { memory_kib: MEMORY_KIB, passes: FEWEST_PASSES, lanes: 1 };
        let quickest = (0..RUNS).map(|_| cost.worked()).min().unwrap_or(AIM);
        let passes = (AIM * FEWEST_PASSES).as_nanos().div_ceil(quickest.as_nanos().max(1));
        cost.passes = u32::try_from(passes).unwrap_or(MOST_PASSES).clamp(FEWEST_PASSES, MOST_PASSES);
        cost
    }

    /// How long the processor works on one derivation.
    fn worked(self) -> Duration {
        let (began, clock) = (Instant::now(), processor_time());
        let _ = self.derive("measured", &[7; 16]);
        let took = began.elapsed();
        clock.zip(processor_time()).map_or(took, |(before, after)| after.saturating_sub(before).min(took))
    }

    /// How long one derivation takes.
    pub fn measured(self) -> Duration {
        let began = Instant::now();
        let _ = self.derive("measured", &[7; 16]);
        began.elapsed()
    }

    /// Whether a file may ask for it.
    pub(super) fn is_sane(self) -> bool {
        (1..=MOST_LANES).contains(&self.lanes)
            && (1..=MOST_PASSES).contains(&self.passes)
            && (8 * self.lanes..=MOST_MEMORY_KIB).contains(&self.memory_kib)
    }

    /// The key of a password; nothing where there is not enough memory for it.
    pub(super) fn derive(self, password: &str, salt: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon.hash_password_into(password.as_bytes(), salt, key.as_mut_slice()).ok()?;
        Some(key)
    }
}

/// What this thread has had of the processor, where the system tells it.
#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}

/// How long after the last of so many wrong passwords the next one is looked at.
pub fn pause_after(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE_TRIES) {
        None | Some(0) => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(6)).min(LONGEST_PAUSE),
    }
}

/// How long from `now_ms` until the next password is looked at. A clock that was set back counts as no time passed;
/// the caller then keeps `now_ms` as the last one's time.
pub(super) fn left(wrong: u32, last_ms: i64, now_ms: i64) -> Duration {
    let passed = Duration::from_millis(u64::try_from(now_ms.saturating_sub(last_ms)).unwrap_or(0));
    pause_after(wrong).saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibrated_key_takes_its_time() {
        let cost = Cost::calibrated();
        assert!(cost.is_sane() && cost.memory_kib == MEMORY_KIB && cost.passes >= FEWEST_PASSES, "{cost:?}");
        let quickest = (0..3).map(|_| cost.measured()).min().expect("measured");
        assert!(quickest >= KDF_FLOOR, "{cost:?} takes {quickest:?}");
    }

    #[test]
    fn a_hundred_wrong_passwords_are_slowed_and_never_locked_out() {
        let pauses: Vec<u64> = (0..100).map(|wrong| pause_after(wrong).as_secs()).collect();
        assert_eq!(&pauses[..11], [0, 0, 0, 0, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses.iter().max(), Some(&60));
        assert!(pauses.is_sorted());
        // 100 guesses by hand take more than an hour and a half.
        assert!(pauses.iter().sum::<u64>() > 90 * 60);
    }

    #[test]
    fn the_pause_runs_out_and_a_clock_set_back_does_not_make_it_longer() {
        assert_eq!(left(5, 1_000_000, 1_000_000), Duration::from_secs(4));
        assert_eq!(left(5, 1_000_000, 1_003_000), Duration::from_secs(1));
        assert_eq!(left(5, 1_000_000, 1_004_000), Duration::ZERO);
        assert_eq!(left(5, 1_000_000, 0), Duration::from_secs(4));
        assert_eq!(left(2, 1_000_000, 1_000_000), Duration::ZERO);
    }

    #[test]
    fn costs_that_would_hurt_are_not_sane() {
        for (memory_kib, passes, lanes) in
            [(u32::MAX, 1, 1), (64, u32::MAX, 1), (64, 1, 0), (64, 0, 1), (8, 1, 2), (64, 1, 99)]
        {
            assert!(!Cost { memory_kib, passes, lanes }.is_sane());
        }
    }
}
