//! How long a final text may take, once all audio was sent: a pure decision, `now` a parameter.
//!
//! Owns: the floor, and that an engine which visibly moves on gets more time while one that only counts up its lag does
//! not. Must not know: sockets, and what happens to an utterance whose engine is late.

use std::time::{Duration, Instant};

use crate::message::State;

/// Shorter waits would call a machine late that is merely busy for a moment.
const FLOOR: Duration = Duration::from_secs(3);

/// The deadline of one utterance: 3 s, twice the engine's lag, or half the audio, whichever is longest.
#[derive(Debug, Clone)]
pub struct Deadline {
    ended: Instant,
    audio: Duration,
    times: u32,
    at: Instant,
    least_lag: Duration,
    text: usize,
}

impl Deadline {
    /// All of `audio` was sent at `ended`, when the engine's newest state was `last`. A slower engine, or a second try,
    /// gets `times` as long.
    #[must_use]
    pub fn new(ended: Instant, audio: Duration, last: &State, times: u32) -> Self {
        let lag = lag(last, audio);
        let mut deadline =
            Self { ended, audio, times: times.max(1), at: ended, least_lag: lag, text: text(last) };
        deadline.at = ended + deadline.wait(lag).max(audio / 2 * deadline.times);
        deadline
    }

    /// Takes a state that came after the end of audio.
    pub fn saw(&mut self, now: Instant, state: &State) {
        let (lag, text) = (lag(state, self.audio), text(state));
        let moved = lag < self.least_lag || text != self.text;
        // A higher lag is news (the last audio had only just arrived), but no reason to start the clock anew.
        let since = if moved { now } else { self.ended };
        self.at = self.at.max(since + self.wait(lag));
        self.least_lag = self.least_lag.min(lag);
        self.text = text;
    }

    /// When the engine is late.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    fn wait(&self, lag: Duration) -> Duration {
        FLOOR.max(lag * 2) * self.times
    }
}

/// The reported lag. Never more than there was audio: some engines count on while they hang.
fn lag(state: &State, audio: Duration) -> Duration {
    let seconds = state.remaining_time_transcription;
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(audio).min(audio)
}

/// Stands for the text: one that changes without changing its length changes again soon.
fn text(state: &State) -> usize {
    let lines: usize = state.lines.iter().map(|line| line.text.len() + 1).sum();
    lines + state.buffer_transcription.len() + state.buffer_diarization.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Line;

    fn state(lag: f64, words: &str) -> State {
        let lines = vec![Line { speaker: 1, text: words.into(), ..Line::default() }];
        State { lines, remaining_time_transcription: lag, ..State::default() }
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_longest_of_three_waits_counts() {
        let ended = Instant::now();
        let table = [
            (1.0, 0.2, 1, 3.0),
            (10.0, 0.2, 1, 5.0),
            (10.0, 4.0, 1, 8.0),
            (10.0, 500.0, 1, 20.0),
            (10.0, f64::NAN, 1, 5.0),
            (10.0, -4.0, 1, 5.0),
            (1.0, 0.2, 4, 12.0),
        ];
        for (audio, lag, times, expected) in table {
            let deadline = Deadline::new(ended, seconds(audio), &state(lag, ""), times);
            assert_eq!(deadline.at() - ended, seconds(expected), "{audio} s of audio, lag {lag}");
        }
    }

    #[test]
    fn an_engine_that_moves_on_gets_more_time_and_one_that_counts_up_does_not() {
        let ended = Instant::now();
        let mut moving = Deadline::new(ended, seconds(30.0), &state(10.0, "a"), 1);
        for second in 1..60 {
            let now = ended + seconds(f64::from(second));
            assert!(moving.at() > now, "after {second} s");
            moving.saw(now, &state(10.0 - f64::from(second) / 10.0, "a"));
        }
        let mut hung = Deadline::new(ended, seconds(30.0), &state(10.0, "a"), 1);
        for tenth in 1..6_000 {
            let now = f64::from(tenth) / 10.0;
            hung.saw(ended + seconds(now), &state(10.0 + now, "a"));
        }
        assert_eq!(hung.at() - ended, seconds(60.0), "twice the audio and no more");
    }

    #[test]
    fn new_words_are_progress() {
        let ended = Instant::now();
        let mut deadline = Deadline::new(ended, seconds(2.0), &state(0.0, "a"), 1);
        deadline.saw(ended + seconds(2.9), &state(0.0, "a b"));
        assert_eq!(deadline.at() - ended, seconds(5.9));
    }

    proptest! {
        #[test]
        fn no_state_ever_shortens_the_wait(lags in prop::collection::vec(-1.0f64..100.0, 0..20)) {
            let ended = Instant::now();
            let mut deadline = Deadline::new(ended, seconds(20.0), &state(1.0, ""), 1);
            for (index, lag) in lags.iter().enumerate() {
                let before = deadline.at();
                deadline.saw(ended + seconds(index as f64), &state(*lag, ""));
                prop_assert!(deadline.at() >= before);
            }
        }
    }
}
