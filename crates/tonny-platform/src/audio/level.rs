//! Loudness for the eye: the meter that recordings report while they run.
//!
//! Pure; owns the window's length and the scale, knows nothing of who draws it.

/// Samples per reported level: 50 ms at 16 kHz, quick enough to follow syllables and calm enough to look at.
pub(super) const WINDOW: usize = 800;

/// What reads as 0.0, in dB below full scale: about the noise of a quiet room through a laptop's microphone.
const FLOOR_DB: f32 = -60.0;

/// Root mean square of `samples` on a dB scale: 0.0 at -60 dB and below, 1.0 at full scale.
pub(super) fn level(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let power =
        samples.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum::<f64>() / samples.len() as f64;
    let db = 10.0 * power.max(1e-12).log10() as f32;
    (1.0 - db / FLOOR_DB).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scale_is_in_decibels() {
        assert_eq!(level(&[]), 0.0);
        assert_eq!(level(&[0; WINDOW]), 0.0);
        assert_eq!(level(&[i16::MIN; WINDOW]), 1.0);
        assert!((level(&[3277; WINDOW]) - 2.0 / 3.0).abs() < 0.001, "a tenth of full scale is -20 dB");
        assert!((level(&[33; WINDOW]) - 0.0).abs() < 0.01, "a thousandth is the floor");
    }

    proptest! {
        #[test]
        fn louder_never_reads_lower(samples in prop::collection::vec(-16_000i16..16_000, 1..900)) {
            let louder: Vec<i16> = samples.iter().map(|s| s * 2).collect();
            let (low, high) = (level(&samples), level(&louder));
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(high >= low);
        }
    }
}
