//! What everybody outside the App may see of it: one immutable value, published whole on every change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ports::InputDevice;
use crate::problem::Problem;
use crate::worker_view::WorkerView;

/// What the app is doing, for the tray and the overlay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for the key.
    #[default]
    Idle,
    /// The microphone is open.
    Recording,
    /// The words are being worked out.
    Transcribing,
    /// The words are on their way into a window.
    Delivering,
}

/// The app at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Snapshot {
    /// What the app is doing.
    pub state: Phase,
    /// Recording without a key held.
    pub hands_free: bool,
    /// Words of the utterance being spoken.
    pub live: Option<Live>,
    /// Every worker.
    pub workers: Vec<WorkerView>,
    /// The newest finished utterance.
    pub last: Option<LastUtterance>,
    /// The newest thing that went wrong, until the next utterance.
    pub problem: Option<Problem>,
    /// The speech model in use.
    pub model: ModelView,
    /// A model being installed.
    pub install: Option<Install>,
    /// Why the hotkey does not work, if it does not.
    pub hotkey_problem: Option<Problem>,
    /// Whether the user gave the hotkeys back for a while.
    pub hotkeys_paused: bool,
    /// What can be recorded from.
    pub microphones: MicrophonesView,
    /// Counts up whenever the history changed, so that a window knows to ask again.
    pub history_version: u32,
    /// Utterances found again after a crash that the user has not looked at yet.
    pub recovered: u32,
    /// Counts up whenever something about secrets changed; never says what.
    pub secrets_version: u32,
}

/// What can be recorded from, as of the last look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MicrophonesView {
    /// The id in the settings; null is the system's choice.
    pub chosen: Option<String>,
    /// Every input there was.
    pub known: Vec<InputDevice>,
}

/// Words of the utterance being spoken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Live {
    /// Will not change any more.
    pub committed: String,
    /// May still change.
    pub tentative: String,
    /// Since the press, ms, in whole seconds.
    pub elapsed_ms: u32,
}

/// The newest finished utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LastUtterance {
    /// Its row's id.
    pub id: String,
    /// The words.
    pub text: String,
    /// Its row's state.
    pub state: String,
    /// Stages in ms since the press; stages not reached are absent.
    pub timings_ms: BTreeMap<String, u32>,
}

/// The speech model in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ModelView {
    /// The id in the settings.
    pub chosen: String,
    /// Whether it is on this machine.
    pub installed: bool,
    /// What the interface calls it.
    pub name: String,
}

/// A model being installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Install {
    /// The model's id.
    pub id: String,
    /// What is being done, in a plain sentence.
    pub stage: String,
    /// Of `total`; bytes while downloading.
    pub done: f64,
    /// 0 while unknown.
    pub total: f64,
}

/// What `tonny ctl status` prints: the stable part of the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// What the app is doing.
    pub state: Phase,
    /// Every worker.
    pub workers: Vec<WorkerView>,
    /// The newest finished utterance.
    pub last: Option<LastUtterance>,
    /// The newest thing that went wrong.
    pub problem: Option<Problem>,
    /// The speech model in use.
    pub model: ModelView,
    /// Why the hotkey does not work, if it does not.
    pub hotkey_problem: Option<Problem>,
}

impl From<&Snapshot> for Status {
    fn from(snapshot: &Snapshot) -> Self {
        let Snapshot { state, workers, last, problem, model, hotkey_problem, .. } = snapshot.clone();
        Self { state, workers, last, problem, model, hotkey_problem }
    }
}
