//! What a press or a release of the dictation key means, as a pure decision.
//!
//! Holding records until the release; a tap starts hands-free, the next press ends it. Key repeat and stray releases
//! change nothing. The App loop carries out what [`PushToTalk::on`] answers.

use std::time::{Duration, Instant};

/// What the user did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The key went down.
    Press,
    /// The key came up.
    Release,
    /// A button or command that starts, and stops the next time.
    Toggle,
    /// Escape, or its button.
    Cancel,
}

/// What has to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Start recording.
    Start,
    /// Go on recording without the key.
    GoHandsFree,
    /// End the recording and insert its words.
    Finish,
    /// End the recording and keep its words to the history.
    Abandon,
}

/// Where the key stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushToTalk {
    /// Not recording.
    #[default]
    Idle,
    /// Recording while the key is down.
    Held {
        /// When it went down.
        since: Instant,
    },
    /// Recording with no key down.
    HandsFree,
}

impl PushToTalk {
    /// Decides, and moves on. `tap` is the longest press that still counts as a tap.
    pub fn on(&mut self, gesture: Gesture, now: Instant, tap: Duration) -> Step {
        let (next, step) = match (*self, gesture) {
            (Self::Idle, Gesture::Press) => (Self::Held { since: now }, Step::Start),
            (Self::Idle, Gesture::Toggle) => (Self::HandsFree, Step::Start),
            (Self::Held { since }, Gesture::Release) if now.duration_since(since) < tap => {
                (Self::HandsFree, Step::GoHandsFree)
            }
            (Self::Held { .. }, Gesture::Release | Gesture::Toggle) => (Self::Idle, Step::Finish),
            (Self::HandsFree, Gesture::Press | Gesture::Toggle) => (Self::Idle, Step::Finish),
            (Self::Held { .. } | Self::HandsFree, Gesture::Cancel) => (Self::Idle, Step::Abandon),
            (state, _) => (state, Step::Stay),
        };
        *self = next;
        step
    }

    /// Whether something is being recorded.
    pub fn is_recording(self) -> bool {
        self != Self::Idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAP: Duration = Duration::from_millis(300);

    fn play(gestures: &[(u64, Gesture)]) -> Vec<Step> {
        let (start, mut key) = (Instant::now(), PushToTalk::default());
        gestures
            .iter()
            .map(|(ms, gesture)| key.on(*gesture, start + Duration::from_millis(*ms), TAP))
            .collect()
    }

    #[test]
    fn gestures_as_a_table() {
        use Gesture::{Cancel, Press, Release, Toggle};
        use Step::{Abandon, Finish, GoHandsFree, Start, Stay};
        let hold: &[(u64, Gesture)] = &[(0, Press), (10, Press), (900, Release)];
        assert_eq!(play(hold), [Start, Stay, Finish]);
        assert_eq!(
            play(&[(0, Press), (299, Release), (5_000, Press), (5_050, Release)]),
            [Start, GoHandsFree, Finish, Stay]
        );
        assert_eq!(play(&[(0, Press), (300, Release)]), [Start, Finish]);
        assert_eq!(play(&[(0, Press), (200, Cancel), (400, Release)]), [Start, Abandon, Stay]);
        assert_eq!(play(&[(0, Toggle), (10, Release), (90, Toggle)]), [Start, Stay, Finish]);
        assert_eq!(play(&[(0, Release), (5, Cancel)]), [Stay, Stay]);
    }

    proptest::proptest! {
        #[test]
        fn every_start_is_ended_at_most_once(gestures in proptest::collection::vec((0u64..2_000, 0u8..4), 0..60)) {
            let (start, mut key, mut open, mut at) = (Instant::now(), PushToTalk::default(), false, 0);
            for (gap, kind) in gestures {
                at += gap;
                let gesture = [Gesture::Press, Gesture::Release, Gesture::Toggle, Gesture::Cancel][usize::from(kind)];
                match key.on(gesture, start + Duration::from_millis(at), TAP) {
                    Step::Start => { assert!(!open); open = true; }
                    Step::Finish | Step::Abandon => { assert!(open); open = false; }
                    Step::GoHandsFree => assert!(open),
                    Step::Stay => {}
                }
                assert_eq!(open, key.is_recording());
            }
        }
    }
}
