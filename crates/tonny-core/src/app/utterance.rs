//! One utterance while it is under way: where it stands and when it reached each stage.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use tonny_store::{FinalText, NewUtterance, Timings};

use crate::ports::{Recording, Target};
use crate::problem::Problem;

/// Where the words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Into the focused window.
    Type,
    /// On the clipboard.
    Clipboard,
    /// To the assistant, as a question.
    Assistant,
}

impl Route {
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("type") => Some(Self::Type),
            Some("clipboard") => Some(Self::Clipboard),
            Some("assistant") => Some(Self::Assistant),
            Some(_) => None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Clipboard => "clipboard",
            Self::Assistant => "assistant",
        }
    }
}

/// How far an utterance is.
pub(super) enum Stage {
    /// The microphone is open, or opening.
    Recording,
    /// The recording is over, the words are not.
    Transcribing,
    /// A language model cleans the words up; they are kept already.
    CleaningUp(String),
    /// The words wait for earlier utterances to be delivered.
    Ready(String),
    /// The words are on their way into a window.
    Delivering(String),
    /// Nothing more happens.
    Over,
}

/// An utterance under way.
pub(super) struct Utterance {
    pub(super) id: String,
    pub(super) route: Route,
    pub(super) wav: PathBuf,
    pub(super) pressed: Instant,
    pub(super) released: Option<Instant>,
    pub(super) stage: Stage,
    /// Present while the microphone is open.
    pub(super) recording: Option<Box<dyn Recording>>,
    pub(super) cancelled: bool,
    /// The app quits: its words go to the history only.
    pub(super) kept_back: bool,
    /// All of its sound is in the file.
    pub(super) recorded: bool,
    /// The row, while it could not be written.
    pub(super) unwritten: Option<NewUtterance>,
    /// The final text, while it could not be written.
    pub(super) unkept: Option<FinalText>,
    pub(super) hands_free: bool,
    /// The focused window at release.
    pub(super) target: Option<Target>,
    pub(super) committed: String,
    pub(super) tentative: String,
    pub(super) level: f32,
    /// When the level last showed a voice.
    pub(super) heard_at: Instant,
    pub(super) heard_anything: bool,
    pub(super) engine_lost: bool,
    /// Its last words may be missing.
    pub(super) truncated: bool,
    /// Its text took more than one row.
    pub(super) split: bool,
    /// Why there is no sound, or no more.
    pub(super) microphone_problem: Option<Problem>,
    pub(super) timings: Timings,
    /// When an insertion that does not answer is given up.
    pub(super) delivery_deadline: Option<Instant>,
}

impl Utterance {
    pub(super) fn new(id: String, route: Route, wav: PathBuf, pressed: Instant) -> Self {
        Self {
            id,
            route,
            wav,
            pressed,
            released: None,
            stage: Stage::Recording,
            recording: None,
            cancelled: false,
            kept_back: false,
            recorded: false,
            unwritten: None,
            unkept: None,
            hands_free: false,
            target: None,
            committed: String::new(),
            tentative: String::new(),
            level: 0.0,
            heard_at: pressed,
            heard_anything: false,
            engine_lost: false,
            truncated: false,
            split: false,
            microphone_problem: None,
            timings: Timings::default(),
            delivery_deadline: None,
        }
    }

    pub(super) fn is_recording(&self) -> bool {
        matches!(self.stage, Stage::Recording)
    }

    pub(super) fn is_delivering(&self) -> bool {
        matches!(self.stage, Stage::Delivering(_))
    }

    /// Milliseconds since the press.
    pub(super) fn since_press(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.pressed).as_millis()).unwrap_or(i64::MAX)
    }
}

/// Stage times as the status shows them; stages not reached are absent.
pub(super) fn timings_ms(timings: &Timings) -> BTreeMap<String, u32> {
    [
        ("first_sample", timings.first_sample_ms),
        ("release", timings.release_ms),
        ("last_audio", timings.last_audio_ms),
        ("final_text", timings.final_text_ms),
        ("delivered", timings.delivered_ms),
    ]
    .into_iter()
    .filter_map(|(stage, ms)| Some((stage.to_owned(), u32::try_from(ms?).ok()?)))
    .collect()
}
