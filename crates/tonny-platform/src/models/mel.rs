//! Whisper's front end as numbers: the mel filter bank and the window it looks through.
//!
//! The filters are triangles on the Slaney mel scale, each of area one (as librosa.filters.mel computes them by default):
//! linear below 1 kHz at 200/3 Hz a mel, logarithmic above with 27 steps for a factor of 6.4.

/// Samples a second.
pub const SAMPLE_RATE: u32 = 16_000;
/// Samples in one spectrum.
pub const FFT: usize = 400;
/// Frequencies in one spectrum.
pub const BINS: usize = FFT / 2 + 1;

/// Below the knee. The way back multiplies before it divides, so that the result is the reference's to the last bit.
const HZ_A_MEL: f64 = 200.0 / 3.0;
/// Where the scale turns logarithmic: 1,000 Hz.
const KNEE_MEL: f64 = 15.0;
const KNEE_HZ: f64 = 1_000.0;

/// `count` rows of [`BINS`] weights.
pub fn filters(count: usize) -> Vec<f32> {
    let top = f64::from(SAMPLE_RATE) / 2.0;
    let bin_hz = top / (BINS - 1) as f64;
    let step = to_mel(top) / (count + 1) as f64;
    let mut corners: Vec<f64> = (0..count + 1).map(|index| to_hz(index as f64 * step)).collect();
    corners.push(to_hz(to_mel(top)));
    let triangle = |corner: &[f64]| {
        let (low, middle, high) = (corner[0], corner[1], corner[2]);
        let area = 2.0 / (high - low);
        (0..BINS).map(move |bin| {
            let hz = bin as f64 * bin_hz;
            let rising = -(low - hz) / (middle - low);
            let falling = (high - hz) / (high - middle);
            let height = rising.min(falling);
            // A comparison, not max(): the reference keeps the negative zero at 0 Hz, and the files stay equal byte by byte.
            ((if height < 0.0 { 0.0 } else { height }) * area) as f32
        })
    };
    corners.windows(3).flat_map(triangle).collect()
}

/// The periodic Hann window over one spectrum.
pub fn window() -> Vec<f32> {
    let turn = 2.0 * std::f64::consts::PI;
    (0..FFT).map(|at| (0.5 - 0.5 * (turn * at as f64 / FFT as f64).cos()) as f32).collect()
}

fn to_mel(hz: f64) -> f64 {
    if hz >= KNEE_HZ { KNEE_MEL + (hz / KNEE_HZ).ln() / log_step() } else { hz / HZ_A_MEL }
}

fn to_hz(mel: f64) -> f64 {
    if mel >= KNEE_MEL { KNEE_HZ * (log_step() * (mel - KNEE_MEL)).exp() } else { mel * 200.0 / 3.0 }
}

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_have_area_one_and_climb_the_scale() {
        let (filters, bin_hz) = (filters(80), 40.0_f32);
        assert_eq!(filters.len(), 80 * BINS);
        let peaks: Vec<usize> = filters
            .chunks(BINS)
            .map(|row| (0..BINS).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0))
            .collect();
        assert!(peaks.is_sorted());
        // The wide ones are sampled finely enough for the sum to be near the integral.
        let area: f32 = filters[79 * BINS..].iter().sum::<f32>() * bin_hz;
        assert!((area - 1.0).abs() < 0.02, "{area}");
        // A value every Whisper implementation publishes: the first filter's first weight above zero.
        assert!((filters[1] - 0.024_862_593).abs() < 1e-7, "{}", filters[1]);
    }

    #[test]
    fn the_window_starts_at_zero_and_peaks_in_the_middle() {
        let window = window();
        assert_eq!((window.len(), window[0], window[200]), (400, 0.0, 1.0));
        assert_eq!(window[1], window[399]);
    }
}
