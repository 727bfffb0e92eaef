//! How one sample lies in memory, and many channels of it mixed to one.
//!
//! Owns the arithmetic only; knows neither devices nor files. Everything is little endian: WAV is by definition, and
//! devices are read natively on targets that all are.

use cpal::SampleFormat;

/// A sample's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    U8,
    I8,
    U16,
    I16,
    /// Three bytes.
    I24,
    /// The low three of four bytes, sign extended: what cpal hands over as 24 bit.
    I24In32,
    U32,
    I32,
    F32,
    F64,
}

impl Encoding {
    /// The layout of a device's samples, unless it is one no microphone was ever seen to use (64 bit integers, DSD).
    pub(super) fn of_device(format: SampleFormat) -> Option<Self> {
        match format {
            SampleFormat::U8 => Some(Self::U8),
            SampleFormat::I8 => Some(Self::I8),
            SampleFormat::U16 => Some(Self::U16),
            SampleFormat::I16 => Some(Self::I16),
            SampleFormat::I24 => Some(Self::I24In32),
            SampleFormat::U32 => Some(Self::U32),
            SampleFormat::I32 => Some(Self::I32),
            SampleFormat::F32 => Some(Self::F32),
            SampleFormat::F64 => Some(Self::F64),
            _ => None,
        }
    }

    /// The layout of a WAV's samples: `float` is format tag 3, otherwise tag 1.
    pub(super) fn of_wav(float: bool, bits: u16) -> Option<Self> {
        match (float, bits) {
            (false, 8) => Some(Self::U8),
            (false, 16) => Some(Self::I16),
            (false, 24) => Some(Self::I24),
            (false, 32) => Some(Self::I32),
            (true, 32) => Some(Self::F32),
            (true, 64) => Some(Self::F64),
            _ => None,
        }
    }

    /// Bytes per sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::I24 => 3,
            Self::I24In32 | Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample as -1.0 to 1.0. `b` has [`Self::bytes`] bytes; a float that is no number is silence.
    fn decode(self, b: &[u8]) -> f32 {
        let value = match self {
            Self::U8 => (f32::from(b[0]) - 128.0) / 128.0,
            Self::I8 => f32::from(b[0] as i8) / 128.0,
            Self::U16 => (f32::from(u16::from_le_bytes([b[0], b[1]])) - 32_768.0) / 32_768.0,
            Self::I16 => f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
            Self::I24 => (i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8) as f32 / 8_388_608.0,
            Self::I24In32 => i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as f32 / 8_388_608.0,
            Self::U32 => {
                ((f64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])) - 2_147_483_648.0)
                    / 2_147_483_648.0) as f32
            }
            Self::I32 => i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as f32 / 2_147_483_648.0,
            Self::F32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            Self::F64 => f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32,
        };
        if value.is_finite() { value } else { 0.0 }
    }

    /// Appends the mean of each frame's channels. Bytes short of a whole frame at the end are left out.
    ///
    /// The mean and not the sum: it can never clip, and speech engines normalise loudness themselves.
    pub(super) fn mix(self, channels: usize, bytes: &[u8], out: &mut Vec<f32>) {
        let sample = self.bytes();
        let share = 1.0 / channels as f32;
        for frame in bytes.chunks_exact(sample * channels) {
            out.push(frame.chunks_exact(sample).map(|one| self.decode(one)).sum::<f32>() * share);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_layout_reads_its_half_scale() {
        let half: [(Encoding, &[u8]); 10] = [
            (Encoding::U8, &[192]),
            (Encoding::I8, &[64]),
            (Encoding::U16, &[0, 192]),
            (Encoding::I16, &[0, 64]),
            (Encoding::I24, &[0, 0, 64]),
            (Encoding::I24In32, &[0, 0, 64, 0]),
            (Encoding::U32, &[0, 0, 0, 192]),
            (Encoding::I32, &[0, 0, 0, 64]),
            (Encoding::F32, &0.5f32.to_le_bytes()),
            (Encoding::F64, &0.5f64.to_le_bytes()),
        ];
        for (encoding, bytes) in half {
            assert_eq!(encoding.bytes(), bytes.len(), "{encoding:?}");
            assert_eq!(encoding.decode(bytes), 0.5, "{encoding:?}");
        }
    }

    #[test]
    fn a_float_that_is_no_number_is_silence() {
        assert_eq!(Encoding::F32.decode(&f32::NAN.to_le_bytes()), 0.0);
        assert_eq!(Encoding::F64.decode(&f64::INFINITY.to_le_bytes()), 0.0);
    }

    #[test]
    fn a_torn_frame_at_the_end_is_left_out() {
        let mut mono = Vec::new();
        Encoding::I16.mix(2, &[0, 64, 0, 64, 0, 64, 0], &mut mono);
        assert_eq!(mono, [0.5]);
    }

    proptest! {
        #[test]
        fn mixing_is_the_mean_and_never_leaves_the_scale(frames in prop::collection::vec(any::<[i16; 6]>(), 0..50)) {
            let bytes: Vec<u8> = frames.iter().flatten().flat_map(|s| s.to_le_bytes()).collect();
            let mut mono = Vec::new();
            Encoding::I16.mix(6, &bytes, &mut mono);
            prop_assert_eq!(mono.len(), frames.len());
            for (got, frame) in mono.iter().zip(&frames) {
                let mean = frame.iter().map(|s| f64::from(*s)).sum::<f64>() / 6.0 / 32_768.0;
                prop_assert!((f64::from(*got) - mean).abs() < 1e-6);
                prop_assert!(got.abs() <= 1.0);
            }
        }

        #[test]
        fn narrow_signed_samples_keep_their_sign(value in -8_388_608i32..8_388_608) {
            let bytes = value.to_le_bytes();
            let expected = value as f32 / 8_388_608.0;
            prop_assert_eq!(Encoding::I24.decode(&bytes[..3]), expected);
            prop_assert_eq!(Encoding::I24In32.decode(&bytes), expected);
        }
    }
}
