//! Which window twin decodes a piece of audio, and how long pieces may get.
//!
//! A Whisper encoder works on its whole window however short the speech, so the smallest that fits is the quickest; it
//! breaks (loops, made-up words) when the speech fills the window. Must not know: model files.

/// Samples per second of everything on this wire.
pub const RATE: usize = 16_000;

/// Up to here nothing is cut: it fits a 15 s window with the margin below.
const SOFT_SECONDS: f32 = 12.5;

/// Past here a piece is cut even without a pause: it still fits a 30 s window.
const HARD_SECONDS: f32 = 26.0;

/// The windows at hand, s, ascending; an endless one is `f32::INFINITY`.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows(Vec<f32>);

/// How long a piece may get, samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Up to here nothing is cut.
    pub soft: usize,
    /// Here a cut is forced.
    pub hard: usize,
}

impl Windows {
    /// From window lengths in seconds, ascending, 0 for any length.
    pub fn new(seconds: impl IntoIterator<Item = u32>) -> Self {
        Self(seconds.into_iter().map(|s| if s == 0 { f32::INFINITY } else { s as f32 }).collect())
    }

    /// Index of the smallest window that holds `samples`, else of the largest.
    #[must_use]
    pub fn pick(&self, samples: usize) -> usize {
        let seconds = samples as f32 / RATE as f32;
        let fits = |window: &f32| seconds * 1.1 + 1.0 <= *window;
        self.0.iter().position(fits).unwrap_or(self.0.len().saturating_sub(1))
    }

    /// How long pieces may get with these windows.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let largest = self.0.last().copied().unwrap_or(f32::INFINITY);
        let holds = (largest - 1.0) / 1.1;
        let samples = |seconds: f32| (seconds.min(holds) * RATE as f32) as usize;
        Limits { soft: samples(SOFT_SECONDS), hard: samples(HARD_SECONDS) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_window_that_fits_is_taken() {
        let twins = Windows::new([15, 30]);
        let table = [(0.1, 0), (11.0, 0), (12.5, 0), (12.8, 1), (26.0, 1), (40.0, 1)];
        for (seconds, expected) in table {
            assert_eq!(twins.pick((seconds * RATE as f32) as usize), expected, "{seconds}");
        }
        assert_eq!(Windows::new([0]).pick(RATE * 500), 0);
    }

    proptest! {
        #[test]
        fn a_piece_within_the_limits_fits_the_largest_window(largest in 5u32..60) {
            let limits = Windows::new([largest]).limits();
            prop_assert!(limits.soft <= limits.hard);
            prop_assert!(limits.hard as f32 / RATE as f32 * 1.1 + 1.0 <= largest as f32 + 0.01);
        }
    }
}
