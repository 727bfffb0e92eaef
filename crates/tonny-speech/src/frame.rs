//! Loudness and voice of each 16 ms of audio, and what counts as quiet.
//!
//! Owns: the thresholds. They are careful: a frame is quiet only when neither its level nor the voice detector
//! speaks against it, because what is called quiet at the end of an utterance is never decoded.

use earshot::Detector;

/// Samples per frame; the voice detector's own step (16 ms).
pub const FRAME: usize = 256;

/// Below this level, dB of full scale, no microphone carries intelligible speech.
const FLOOR_DB: f32 = -62.0;

/// Quiet is this far below the loud parts around it, dB. Unstressed syllables are within 20 dB of stressed ones.
const CONTRAST_DB: f32 = 22.0;

/// Voice scores above this may be speech; the detector's own decision is at 0.5.
const MAYBE_VOICE: f32 = 0.2;

/// Without any contrast to measure, noise this loud is decoded even when no voice is heard in it: it could be a whisper.
const NOISE_DB: f32 = -48.0;

/// Before the first frame that is not quiet, so much is decoded all the same (96 ms): a word may begin softly.
const ONSET: usize = 6;

/// A key's click is at most this many frames.
const CLICK_FRAMES: usize = 4;

/// One frame of audio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// RMS level, dB of full scale.
    pub level: f32,
    /// 0 (no voice) to 1 (voice).
    pub voice: f32,
}

/// Measures frames in the order of the stream.
pub struct Meter(Box<Detector>);

impl Default for Meter {
    fn default() -> Self {
        Self(Detector::default_boxed())
    }
}

impl Meter {
    /// The measures of the next [`FRAME`] samples.
    pub fn measure(&mut self, samples: &[i16]) -> Frame {
        let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        let rms = (power / samples.len().max(1) as f64).sqrt() / f64::from(i16::MAX);
        Frame { level: (20.0 * rms.max(1e-6).log10()) as f32, voice: self.0.predict_i16(samples) }
    }
}

/// What quiet means for a stretch of audio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quiet {
    below: f32,
}

impl Quiet {
    /// From the frames around: the level that 1 in 20 exceeds is the speech's.
    #[must_use]
    pub fn of(frames: &[Frame]) -> Self {
        let mut levels: Vec<f32> = frames.iter().map(|frame| frame.level).collect();
        if levels.is_empty() {
            return Self { below: FLOOR_DB };
        }
        let rank = (levels.len() - 1) * 95 / 100;
        let (_, loud, _) = levels.select_nth_unstable_by(rank, f32::total_cmp);
        Self { below: (*loud - CONTRAST_DB).max(FLOOR_DB) }
    }

    /// Whether the frame is quiet.
    #[must_use]
    pub fn holds(self, frame: &Frame) -> bool {
        frame.level <= FLOOR_DB || (frame.level <= self.below && frame.voice < MAYBE_VOICE)
    }

    /// Frames at the end that are quiet.
    #[must_use]
    pub fn trailing(self, frames: &[Frame]) -> usize {
        frames.iter().rev().take_while(|frame| self.holds(frame)).count()
    }

    /// Frames at the start that need not be decoded: quiet ones, up to a moment before the first that is not.
    #[must_use]
    pub fn lead(self, frames: &[Frame]) -> usize {
        frames.iter().take_while(|frame| self.holds(frame)).count().saturating_sub(ONSET)
    }

    /// Whether the frames hold nothing but quiet. `after_pause` says that they follow one, and then a click (of the
    /// key that is being let go) is let pass.
    #[must_use]
    pub fn all(self, frames: &[Frame], after_pause: bool) -> bool {
        let loud = frames.iter().filter(|frame| !self.holds(frame));
        let clicks = loud.clone().all(|frame| frame.voice < MAYBE_VOICE);
        let loud = loud.count();
        loud == 0 || (after_pause && clicks && loud <= CLICK_FRAMES)
    }
}

/// Whether a whole stretch may hold speech. Digital silence and quiet room noise do not; loud noise might.
#[must_use]
pub fn may_hold_speech(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| frame.level > FLOOR_DB && frame.voice >= MAYBE_VOICE)
        || frames.iter().filter(|frame| frame.level > NOISE_DB).count() > CLICK_FRAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Frame = Frame { level: -20.0, voice: 0.9 };
    const HUM: Frame = Frame { level: -55.0, voice: 0.02 };
    const CLICK: Frame = Frame { level: -25.0, voice: 0.05 };

    #[test]
    fn digital_silence_and_a_quiet_room_hold_no_speech() {
        let zero = Meter::default().measure(&[0; FRAME]);
        assert!(!may_hold_speech(&[zero; 50]));
        assert!(!may_hold_speech(&[HUM; 50]));
        assert!(!may_hold_speech(&[]));
        assert!(may_hold_speech(&[HUM, LOUD, HUM]));
        let whisper = Frame { level: -40.0, voice: 0.1 };
        assert!(may_hold_speech(&[whisper; 10]), "a whisper without voice is still decoded");
    }

    #[test]
    fn quiet_is_measured_against_the_speech_around_it() {
        let frames: Vec<Frame> = [LOUD; 50].into_iter().chain([HUM; 20]).collect();
        let quiet = Quiet::of(&frames);
        assert_eq!(quiet.trailing(&frames), 20);
        let soft_voice = Frame { level: -50.0, voice: 0.6 };
        assert!(!quiet.holds(&soft_voice), "a voice is never quiet");
        let near = Frame { level: -38.0, voice: 0.0 };
        assert!(!quiet.holds(&near), "a fricative is not quiet");
    }

    #[test]
    fn a_soft_beginning_belongs_to_what_is_decoded() {
        let table = [(0, 0), (ONSET, 0), (ONSET + 1, 1), (100, 100 - ONSET)];
        for (quiet_frames, expected) in table {
            let frames: Vec<Frame> = [HUM].repeat(quiet_frames).into_iter().chain([LOUD; 50]).collect();
            assert_eq!(Quiet::of(&frames).lead(&frames), expected, "{quiet_frames}");
        }
        let soft_voice = Frame { level: -50.0, voice: 0.6 };
        let frames: Vec<Frame> = [HUM; 40].into_iter().chain([soft_voice; 5]).chain([LOUD; 50]).collect();
        assert_eq!(Quiet::of(&frames).lead(&frames), 40 - ONSET, "a voice ends the lead");
    }

    #[test]
    fn a_click_passes_only_after_a_pause() {
        let frames = [HUM, HUM, CLICK, CLICK, HUM];
        let quiet = Quiet { below: -42.0 };
        assert!(quiet.all(&frames, true));
        assert!(!quiet.all(&frames, false));
        assert!(!quiet.all(&[HUM, LOUD], true));
    }
}
