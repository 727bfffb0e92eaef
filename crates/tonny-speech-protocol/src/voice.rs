//! How much of what was sent was a voice: enough to know that an engine which heard nothing is broken.
//!
//! Owns: a level against the background, over frames. It errs on the side of silence: a steady noise, however loud, is
//! no voice. Must not know: models. Who wants to cut audio at pauses needs something better.

use std::time::Duration;

/// 20 ms at 16 kHz: shorter than a syllable, longer than a period of the lowest voice.
const FRAME: usize = 320;

/// Root mean square of 16-bit samples (-47 dB): a voice into the worst microphone is louder.
const FAINT: f32 = 150.0;

/// A voice is this much louder than the background (9.5 dB).
const ABOVE: f32 = 3.0;

/// The background follows what it hears upwards by this much per frame, 65 % per second, and downwards at once: pauses
/// between words keep it low, a fan that starts is background after a few seconds.
const RISE: f32 = 1.01;

/// Digital silence is no background: the first whisper would be loud against it.
const LEAST: f32 = 10.0;

/// Counts the frames of a stream that hold a voice.
#[derive(Debug, Default, Clone)]
pub struct Voice {
    rest: Vec<i16>,
    background: Option<f32>,
    frames: u32,
}

impl Voice {
    /// Takes 16 kHz mono samples.
    pub fn hear(&mut self, samples: &[i16]) {
        let wanted = (FRAME - self.rest.len()).min(samples.len());
        self.rest.extend_from_slice(&samples[..wanted]);
        if self.rest.len() < FRAME {
            return;
        }
        let first = std::mem::take(&mut self.rest);
        self.frame(&first);
        let frames = samples[wanted..].chunks_exact(FRAME);
        self.rest.extend_from_slice(frames.remainder());
        for frame in frames {
            self.frame(frame);
        }
    }

    /// How long the voice was heard.
    #[must_use]
    pub fn heard(&self) -> Duration {
        Duration::from_millis(20) * self.frames
    }

    fn frame(&mut self, frame: &[i16]) {
        let energy: f32 = frame.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        let level = (energy / FRAME as f32).sqrt();
        let background =
            self.background.map_or(level, |background| (background * RISE).min(level)).max(LEAST);
        self.background = Some(background);
        self.frames += u32::from(level > FAINT && level > background * ABOVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic noise of this amplitude.
    fn noise(amplitude: f32, samples: usize) -> Vec<i16> {
        let mut seed = 1u32;
        let next = |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (((seed >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16
        };
        (0..samples).map(next).collect()
    }

    /// Syllables of 150 ms with pauses of 80 ms, over a background.
    fn speech(loud: f32, background: f32, seconds: usize) -> Vec<i16> {
        let mut samples = noise(background, seconds * 16_000);
        for start in (0..samples.len()).step_by(3_680) {
            let end = samples.len().min(start + 2_400);
            let syllable = noise(loud, end - start);
            samples[start..end].copy_from_slice(&syllable);
        }
        samples
    }

    fn heard(samples: &[i16]) -> f32 {
        let mut voice = Voice::default();
        // Uneven pieces: frames are not cut where they end.
        for piece in samples.chunks(997) {
            voice.hear(piece);
        }
        voice.heard().as_secs_f32()
    }

    #[test]
    fn syllables_are_a_voice_and_steady_sounds_are_not() {
        let table: [(&str, Vec<i16>, f32, f32); 6] = [
            ("nothing", vec![0; 160_000], 0.0, 0.0),
            ("a quiet room", noise(80.0, 160_000), 0.0, 0.0),
            ("a loud fan", noise(6_000.0, 160_000), 0.0, 0.1),
            ("speech", speech(8_000.0, 60.0, 5), 2.8, 3.4),
            ("speech beside a fan", speech(12_000.0, 1_000.0, 5), 2.8, 3.4),
            ("a click", [vec![0; 8_000], noise(9_000.0, 320), vec![0; 8_000]].concat(), 0.0, 0.06),
        ];
        for (what, samples, least, most) in table {
            let heard = heard(&samples);
            assert!((least..=most).contains(&heard), "{what}: {heard} s");
        }
    }
}
