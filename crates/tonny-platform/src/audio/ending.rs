//! When a recording may end: the moment up to which the device has been heard, against the moment of the release.
//!
//! Pure decisions, `now` is a parameter. Knows nothing of threads or streams.

use std::time::{Duration, Instant};

/// How long audio may be behind the release before it is given up; the slowest Bluetooth headsets lag about 300 ms.
const PATIENCE: Duration = Duration::from_millis(500);

/// Ages above this are a backend's clock gone wrong, not a device's latency.
const BELIEVABLE: Duration = Duration::from_secs(1);

/// The moment the last sample of a buffer was captured.
///
/// `reported` is the age of the buffer's first sample as the backend sees it, `length` the buffer's own. Backends
/// without a clock report nothing or nonsense; then one more buffer is assumed to be under way.
pub(super) fn captured_until(arrived: Instant, reported: Duration, length: Duration) -> Instant {
    let age =
        if reported.is_zero() || reported > BELIEVABLE { length } else { reported.saturating_sub(length) };
    arrived.checked_sub(age).unwrap_or(arrived)
}

/// What a recording that is told to end still waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    wanted: Instant,
    give_up: Instant,
}

impl Ending {
    /// Everything up to `released + tail`.
    pub(super) fn after(released: Instant, tail: Duration, now: Instant) -> Self {
        let wanted = released + tail;
        Self { wanted, give_up: wanted.max(now) + PATIENCE }
    }

    /// Nothing more than what has come already.
    pub(super) fn at_once(now: Instant) -> Self {
        Self { wanted: now, give_up: now }
    }

    /// Whether the recording is over, given the moment up to which audio has come through.
    pub(super) fn is_reached(&self, heard_until: Option<Instant>, now: Instant) -> bool {
        now >= self.give_up || heard_until.is_some_and(|heard| heard >= self.wanted)
    }

    /// How long to sleep at most when nothing comes.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.give_up.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_buffers_end_is_dated_by_the_device_or_by_its_own_length() {
        let arrived = Instant::now() + ms(10_000);
        let table = [
            (ms(10), ms(10), ms(0), "first sample one buffer old: the last is from now"),
            (ms(35), ms(10), ms(25), "a device 25 ms behind"),
            (ms(4), ms(10), ms(0), "never from the future"),
            (ms(0), ms(10), ms(10), "no clock: a buffer is under way"),
            (ms(5000), ms(10), ms(10), "a broken clock is no clock"),
        ];
        for (reported, length, behind, why) in table {
            assert_eq!(arrived - captured_until(arrived, reported, length), behind, "{why}");
        }
    }

    #[test]
    fn the_end_waits_for_the_audio_but_not_for_ever() {
        let released = Instant::now() + ms(10_000);
        let ending = Ending::after(released, ms(100), released + ms(5));
        let table = [
            (None, 5, false, "nothing heard yet"),
            (Some(0), 5, false, "heard up to the release only, the tail is missing"),
            (Some(99), 110, false, "not quite"),
            (Some(100), 110, true, "the tail came through"),
            (Some(50), 599, false, "still patient"),
            (Some(50), 600, true, "out of patience"),
            (None, 600, true, "out of patience with a silent device"),
        ];
        for (heard, now, over, why) in table {
            let heard = heard.map(|n| released + ms(n));
            assert_eq!(ending.is_reached(heard, released + ms(now)), over, "{why}");
        }
    }

    #[test]
    fn a_late_finish_still_has_its_patience_and_a_dropped_recording_has_none() {
        let released = Instant::now() + ms(10_000);
        let late = Ending::after(released, ms(0), released + ms(2000));
        assert!(!late.is_reached(None, released + ms(2000)));
        assert_eq!(late.left(released + ms(2000)), PATIENCE);
        assert!(Ending::at_once(released).is_reached(None, released));
    }
}
