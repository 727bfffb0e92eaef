//! Any rate to 16 kHz, piece by piece: nothing is lost at the start, between pieces or at the end.
//!
//! Owns the filter's delay: it is cut off in front and drained behind, so that `n` samples in give `n * 16000 / rate`
//! out and stay where they were in time. Knows neither devices nor files.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Indexing, ResampleError, Resampler, ResamplerConstructionError,
    SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use super::SAMPLE_RATE;

/// A sample rate that cannot be converted, or a filter that broke; neither is expected of a real device.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResampleFailed {
    /// No filter for this rate.
    #[error("{rate} Hz cannot be converted")]
    Rate {
        /// Hz.
        rate: u32,
        /// What the filter's maker said.
        source: ResamplerConstructionError,
    },
    /// The filter refused a block.
    #[error("the rate conversion failed")]
    Block(#[from] ResampleError),
}

/// Rates outside this are a broken header: the lowest is below any telephone's, the highest above any converter's.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Blocks per second through the filter: 20 ms is short enough to keep partial text live, and long enough for a filter
/// that keeps everything below 7 kHz.
const BLOCKS_PER_SECOND: u32 = 50;

/// The longest block a Fourier filter may need; odd rates such as 44101 Hz would need a second of audio at a time.
const LONGEST_FOURIER_BLOCK: u32 = 8_000;

/// Converts a mono stream to 16 kHz.
pub(super) struct ToSpeechRate {
    rate: u32,
    filter: Option<Filter>,
    fed: u64,
    given: u64,
}

struct Filter {
    inner: Box<dyn Resampler<f32>>,
    waiting: Vec<f32>,
    block: Vec<f32>,
    delay: usize,
}

impl ToSpeechRate {
    /// For a stream of `rate` Hz.
    pub(super) fn new(rate: u32) -> Result<Self, ResampleFailed> {
        let filter = if rate == SAMPLE_RATE { None } else { Some(Filter::new(rate)?) };
        Ok(Self { rate, filter, fed: 0, given: 0 })
    }

    /// Takes `samples`, appends what is ready to `out`.
    pub(super) fn push(&mut self, samples: &[f32], out: &mut Vec<i16>) -> Result<(), ResampleFailed> {
        self.fed += samples.len() as u64;
        let Some(filter) = &mut self.filter else {
            out.extend(samples.iter().copied().map(to_i16));
            return Ok(());
        };
        filter.waiting.extend_from_slice(samples);
        let before = out.len();
        while filter.waiting.len() >= filter.inner.input_frames_next() {
            filter.convert(None, out)?;
        }
        self.given += (out.len() - before) as u64;
        Ok(())
    }

    /// Appends what the filter still holds. The stream is over afterwards.
    pub(super) fn finish(&mut self, out: &mut Vec<i16>) -> Result<(), ResampleFailed> {
        let Some(filter) = &mut self.filter else { return Ok(()) };
        let due = (self.fed * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        let mut tail = Vec::new();
        while self.given + (tail.len() as u64) < due {
            let rest = filter.waiting.len();
            filter.convert(Some(rest), &mut tail)?;
        }
        tail.truncate((due - self.given) as usize);
        self.given = due;
        out.extend_from_slice(&tail);
        Ok(())
    }
}

impl Filter {
    fn new(rate: u32) -> Result<Self, ResampleFailed> {
        let refused = |source| ResampleFailed::Rate { rate, source };
        if !RATES.contains(&rate) {
            return Err(refused(ResamplerConstructionError::InvalidSampleRate {
                input: rate as usize,
                output: SAMPLE_RATE as usize,
            }));
        }
        let block = (rate / BLOCKS_PER_SECOND) as usize;
        let inner: Box<dyn Resampler<f32>> = if rate / gcd(rate, SAMPLE_RATE)
            <= LONGEST_FOURIER_BLOCK.min(rate / 5)
        {
            Box::new(
                Fft::new(rate as usize, SAMPLE_RATE as usize, fourier_block(rate, block), 1, FixedSync::Both)
                    .map_err(refused)?,
            )
        } else {
            Box::new(odd_rate(rate, block).map_err(refused)?)
        };
        let delay = inner.output_delay();
        let block = vec![0.0; inner.output_frames_max()];
        Ok(Self { inner, waiting: Vec::new(), block, delay })
    }

    /// One block; with `partial`, that many samples and then silence.
    fn convert(&mut self, partial: Option<usize>, out: &mut Vec<i16>) -> Result<(), ResampleFailed> {
        let indexing = Indexing { partial_len: partial, ..Indexing::default() };
        let frames = self.waiting.len();
        let input = InterleavedSlice::new(&self.waiting, 1, frames)
            .expect("one channel of as many frames as there are samples");
        let room = self.block.len();
        let mut output = InterleavedSlice::new_mut(&mut self.block, 1, room)
            .expect("one channel of as many frames as there is room");
        let (taken, made) = self.inner.process_into_buffer(&input, &mut output, Some(&indexing))?;
        self.waiting.drain(..taken.min(frames));
        let skipped = self.delay.min(made);
        self.delay -= skipped;
        out.extend(self.block[skipped..made].iter().copied().map(to_i16));
        Ok(())
    }
}

/// The Fourier filter takes whole multiples of the rates' smallest common step. An even number of samples, because the
/// filter's delay is half of it and must be whole, too, for sounds to stay where they were.
fn fourier_block(rate: u32, wanted: usize) -> usize {
    let step = (rate / gcd(rate, SAMPLE_RATE)) as usize;
    let even = if step.is_multiple_of(2) { step } else { step * 2 };
    wanted.div_ceil(even).max(1) * even
}

/// Rates that share no useful divisor with 16 kHz: an interpolated filter, as long in time as it needs to be for the
/// lower of the two rates.
fn odd_rate(rate: u32, block: usize) -> Result<Async<f32>, ResamplerConstructionError> {
    let ratio = f64::from(SAMPLE_RATE) / f64::from(rate);
    let length = (128.0 / ratio.min(1.0)).ceil() as usize;
    let parameters = SincInterpolationParameters {
        sinc_len: length.next_multiple_of(8),
        f_cutoff: Some(0.92),
        interpolation: SincInterpolationType::Linear,
        oversampling_factor: 256,
        window: WindowFunction::BlackmanHarris2,
    };
    Async::new_sinc(ratio, 1.0, &parameters, block, 1, FixedAsync::Input)
}

fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sine(rate: u32, hz: f64, seconds: f64) -> Vec<f32> {
        let n = (f64::from(rate) * seconds) as usize;
        (0..n)
            .map(|i| (0.5 * (i as f64 / f64::from(rate) * hz * std::f64::consts::TAU).sin()) as f32)
            .collect()
    }

    fn convert(rate: u32, input: &[f32], piece: usize) -> Vec<i16> {
        let mut stream = ToSpeechRate::new(rate).unwrap();
        let mut out = Vec::new();
        for part in input.chunks(piece) {
            stream.push(part, &mut out).unwrap();
        }
        stream.finish(&mut out).unwrap();
        out
    }

    /// The largest distance from the same sine made at 16 kHz, away from the cut edges.
    fn distance(out: &[i16], hz: f64) -> f64 {
        let middle = 400..out.len() - 400;
        middle
            .map(|i| {
                let ideal = 16_384.0 * (i as f64 / 16_000.0 * hz * std::f64::consts::TAU).sin();
                (f64::from(out[i]) - ideal).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn a_sine_stays_the_same_sine_at_the_same_place() {
        for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000] {
            let out = convert(rate, &sine(rate, 440.0, 1.0), 441);
            assert_eq!(out.len(), 16_000, "{rate} Hz");
            // The interpolated filter's delay is no whole sample: 44101 Hz comes out up to a sample (63 us) early.
            let allowed = if rate == 44_101 { 2_900.0 } else { 250.0 };
            let off = distance(&out, 440.0);
            assert!(off < allowed, "{rate} Hz is off by {off}");
            let peak = out[400..15_600].iter().copied().max().unwrap();
            assert!((16_200..16_500).contains(&peak), "{rate} Hz has its peak at {peak}");
        }
    }

    #[test]
    fn what_speech_engines_cannot_hear_does_not_fold_down() {
        for rate in [44_100, 44_101, 48_000, 96_000] {
            let out = convert(rate, &sine(rate, 11_000.0, 0.5), 480);
            let loudest = out[400..out.len() - 400].iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(loudest < 200, "{rate} Hz: {loudest} of 16384 left");
        }
    }

    #[test]
    fn a_click_at_the_very_end_is_kept() {
        for rate in [44_100, 48_000, 44_101] {
            let mut input = vec![0.0; rate as usize / 2];
            let end = input.len();
            input[end - rate as usize / 200..].fill(0.5);
            let out = convert(rate, &input, 1000);
            assert!(out[out.len() - 40..].iter().any(|s| *s > 8000), "{rate} Hz");
        }
    }

    #[test]
    fn rates_of_broken_headers_are_refused() {
        for rate in [0, 1, 999, 768_001, u32::MAX] {
            assert!(ToSpeechRate::new(rate).is_err(), "{rate}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn pieces_do_not_matter(rate in prop::sample::select(vec![8_000u32, 16_000, 44_100, 44_101, 48_000, 96_000]),
                                length in 0usize..9_000, piece in 1usize..3_000) {
            let input: Vec<f32> = sine(rate, 300.0, 2.0).into_iter().take(length).collect();
            let whole = convert(rate, &input, usize::MAX);
            prop_assert_eq!(whole.len() as u64, (length as u64 * 16_000).div_ceil(u64::from(rate)));
            prop_assert_eq!(whole, convert(rate, &input, piece));
        }
    }
}
