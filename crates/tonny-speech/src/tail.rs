//! The undecoded end of the audio, and where it may be cut.
//!
//! Owns: the samples since the last cut, with their frames; nothing older is kept, so that half an hour takes no more
//! memory than a minute. Must not know: decoding. The decision is [`cut`], a pure function of frames and limits.

use crate::frame::{FRAME, Frame, Meter, Quiet};
use crate::window::Limits;

/// No piece is shorter: short pieces cost the decoder its context.
const SHORTEST: usize = 4 * 16_000 / FRAME;

/// A pause worth cutting at, 200 ms: longer than the closure of any plosive.
pub const PAUSE: usize = 200 * 16 / FRAME + 1;

/// Where there is no pause, the cut goes to the quietest stretch of this length (100 ms)...
const DIP: usize = 100 * 16 / FRAME + 1;

/// ... of the last 5 s.
const SEARCH: usize = 5 * 16_000 / FRAME;

/// Audio since the last cut.
#[derive(Default)]
pub struct Tail {
    /// Samples of the stream before this tail.
    start: u64,
    samples: Vec<i16>,
    frames: Vec<Frame>,
    meter: Meter,
}

impl Tail {
    /// Appends samples in the order of the stream.
    pub fn push(&mut self, samples: &[i16]) {
        self.samples.extend_from_slice(samples);
        while self.samples.len() >= (self.frames.len() + 1) * FRAME {
            let from = self.frames.len() * FRAME;
            self.frames.push(self.meter.measure(&self.samples[from..from + FRAME]));
        }
    }

    /// Completes the last frame with silence, so that every sample is measured. For the end of the audio.
    pub fn complete(&mut self) {
        let rest = self.samples.len() - self.frames.len() * FRAME;
        if rest > 0 {
            self.push(&vec![0; FRAME - rest]);
        }
    }

    /// Takes everything before `samples` (a whole number of frames) away and returns it.
    pub fn take(&mut self, samples: usize) -> Vec<i16> {
        let samples = samples.min(self.samples.len());
        self.start += samples as u64;
        self.frames.drain(..(samples / FRAME).min(self.frames.len()));
        let rest = self.samples.split_off(samples);
        std::mem::replace(&mut self.samples, rest)
    }

    /// All samples.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// All complete frames.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Samples of the stream before this tail.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }
}

/// Where to cut, in frames from the start; `None` while the tail may grow on.
#[must_use]
pub fn cut(frames: &[Frame], limits: Limits) -> Option<usize> {
    let (soft, hard) = (limits.soft / FRAME, limits.hard / FRAME);
    if frames.len() <= soft {
        return None;
    }
    let seen = &frames[..frames.len().min(hard)];
    let quiet = Quiet::of(seen);
    let pauses = pauses(seen, quiet);
    let early = pauses.iter().filter(|pause| pause.at <= soft).max_by(|a, b| a.better(b));
    if let Some(pause) = early.or_else(|| pauses.first()) {
        return Some(pause.at);
    }
    (frames.len() >= hard).then(|| quietest(seen))
}

/// A run of quiet frames.
struct Pause {
    /// Its middle.
    at: usize,
    length: usize,
    level: f32,
}

impl Pause {
    /// Longer is better, then quieter.
    fn better(&self, other: &Self) -> std::cmp::Ordering {
        self.length.cmp(&other.length).then(other.level.total_cmp(&self.level))
    }
}

/// The pauses after the shortest piece, in order.
fn pauses(frames: &[Frame], quiet: Quiet) -> Vec<Pause> {
    let mut found = Vec::new();
    let first = SHORTEST.min(frames.len());
    let mut from = first;
    for at in first..=frames.len() {
        if at < frames.len() && quiet.holds(&frames[at]) {
            continue;
        }
        let length = at - from;
        if length >= PAUSE {
            let level = frames[from..at].iter().map(|frame| frame.level).sum::<f32>() / length as f32;
            found.push(Pause { at: from + length / 2, length, level });
        }
        from = at + 1;
    }
    found
}

/// Middle of the quietest stretch near the end.
fn quietest(frames: &[Frame]) -> usize {
    let from = frames.len().saturating_sub(SEARCH);
    let loudness =
        |at: usize| frames[at..at + DIP].iter().map(|frame| frame.level + 20.0 * frame.voice).sum::<f32>();
    let last = frames.len().saturating_sub(DIP);
    (from..last).min_by(|a, b| loudness(*a).total_cmp(&loudness(*b))).map_or(frames.len(), |at| at + DIP / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::window::Windows;

    const LOUD: Frame = Frame { level: -20.0, voice: 0.9 };
    const STILL: Frame = Frame { level: -70.0, voice: 0.0 };

    /// Seconds of (loud, still, loud, ...) as frames.
    fn speech(seconds: &[f32]) -> Vec<Frame> {
        let frames = |(index, length): (usize, &f32)| {
            let frame = if index % 2 == 0 { LOUD } else { STILL };
            vec![frame; (length * 16_000.0 / FRAME as f32) as usize]
        };
        seconds.iter().enumerate().flat_map(frames).collect()
    }

    #[test]
    fn cuts_fall_into_pauses() {
        let limits = Windows::new([15, 30]).limits();
        let table: [(&[f32], Option<f32>); 8] = [
            (&[12.0], None),
            (&[5.0, 1.0, 6.0], None),
            (&[5.0, 1.0, 7.0], Some(5.5)),
            (&[5.0, 0.4, 3.0, 1.0, 4.0], Some(8.9)),
            (&[2.0, 1.0, 11.0], None),
            (&[15.0, 0.5, 1.0], Some(15.25)),
            (&[25.0], None),
            (&[5.0, 1.0, 60.0], Some(5.5)),
        ];
        for (seconds, expected) in table {
            let at = cut(&speech(seconds), limits).map(|at| (at * FRAME) as f32 / 16_000.0);
            match (at, expected) {
                (None, None) => {}
                (Some(at), Some(expected)) => assert!((at - expected).abs() < 0.1, "{seconds:?}: {at}"),
                other => panic!("{seconds:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn without_a_pause_the_quietest_moment_of_the_last_seconds_is_taken() {
        let mut frames = speech(&[27.0]);
        for frame in &mut frames[1400..1410] {
            frame.level = -30.0;
        }
        let at = cut(&frames, Windows::new([15, 30]).limits()).expect("forced");
        assert!((1400..1410).contains(&at), "{at}");
    }

    proptest! {
        #[test]
        fn every_sample_comes_out_once_and_in_order(chunks in prop::collection::vec(0usize..900, 1..40), take in 0usize..20) {
            let mut tail = Tail::default();
            let mut next = 0i16;
            let (mut said, mut heard) = (Vec::new(), Vec::new());
            for chunk in chunks {
                let samples: Vec<i16> = (0..chunk).map(|_| { next = next.wrapping_add(1); next }).collect();
                said.extend_from_slice(&samples);
                tail.push(&samples);
                if tail.frames().len() >= take {
                    heard.extend(tail.take(take * FRAME));
                }
                prop_assert_eq!(tail.start(), heard.len() as u64);
                prop_assert_eq!(tail.frames().len(), tail.samples().len() / FRAME);
            }
            heard.extend_from_slice(tail.samples());
            prop_assert_eq!(heard, said);
        }

        #[test]
        fn a_cut_is_within_the_limits(lengths in prop::collection::vec(0.05f32..9.0, 1..12)) {
            let frames = speech(&lengths);
            let limits = Windows::new([15, 30]).limits();
            match cut(&frames, limits) {
                Some(at) => prop_assert!(at >= SHORTEST && at * FRAME <= limits.hard && at <= frames.len()),
                None => prop_assert!(frames.len() < limits.hard / FRAME),
            }
        }
    }
}
