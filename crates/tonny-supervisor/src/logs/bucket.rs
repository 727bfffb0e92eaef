//! How many lines of one worker may become records: a burst, then a steady few. Pure. What is above is counted, not kept.

use std::time::{Duration, Instant};

/// A stack trace with what led to it.
const BURST: u32 = 50;
/// One more record each; a worker that warns without end still fills less than 20 MB of rows a day.
const EVERY: Duration = Duration::from_millis(500);

/// A token bucket with a count of what it refused.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: u32,
    /// Up to when tokens have been given out.
    filled: Instant,
    refused: u64,
}

impl Bucket {
    pub(crate) fn new(now: Instant) -> Self {
        Self { tokens: BURST, filled: now, refused: 0 }
    }

    /// Whether one more may pass; counts it where not.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let left = self.tokens.checked_sub(1);
        self.refused += u64::from(left.is_none());
        self.tokens = left.unwrap_or_default();
        left.is_some()
    }

    /// How many were refused, once there is room again to say so.
    pub(crate) fn refused(&mut self, now: Instant) -> Option<u64> {
        self.fill(now);
        (self.refused > 0 && self.tokens > 0).then(|| std::mem::take(&mut self.refused))
    }

    /// How many were refused, at the end.
    pub(crate) fn rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.refused)).filter(|refused| *refused > 0)
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_millis() / EVERY.as_millis();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        if passed > 0 {
            self.tokens = self.tokens.saturating_add(passed).min(BURST);
            self.filled = if self.tokens == BURST { now } else { self.filled + EVERY * passed };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_counted_once() {
        let now = Instant::now();
        let mut bucket = Bucket::new(now);
        let passed = (0..1_000).filter(|_| bucket.take(now)).count();
        assert_eq!(passed, BURST as usize);
        assert_eq!(bucket.refused(now), None);
        let later = now + EVERY;
        assert_eq!(bucket.refused(later), Some(1_000 - u64::from(BURST)));
        assert_eq!(bucket.refused(later), None);
        assert!(bucket.take(later) && !bucket.take(later));
        assert_eq!((bucket.rest(), bucket.rest()), (Some(1), None));
    }

    #[test]
    fn a_long_silence_gives_one_burst() {
        let now = Instant::now();
        let mut bucket = Bucket::new(now);
        let later = now + Duration::from_secs(1 << 40);
        assert_eq!((0..1_000).filter(|_| bucket.take(later)).count(), BURST as usize);
    }
}
