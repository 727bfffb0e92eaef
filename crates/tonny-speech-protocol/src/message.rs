//! The text frames a server sends.
//!
//! Owns: their shapes and how tolerant reading is (keys may be missing, null or unknown: servers of several versions
//! speak this). Must not know: sockets, and what a client concludes from a state.

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::SpeechError;
use crate::half;

/// `speaker` of a line that marks silence.
pub const SILENCE_SPEAKER: i32 = -2;

/// Any text frame from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage {
    /// Comes first, once.
    Config(Config),
    /// Everything known so far. The only message without a `type`.
    State(State),
    /// Everything is decoded; the client closes.
    ReadyToStop,
    /// The session is refused; a close frame 4400 follows.
    Error(String),
    /// A type this version does not know; to be passed over.
    Unknown,
}

/// The first message: what the server expects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Config {
    /// True if and only if the server expects raw PCM, s16le, 16 kHz, mono.
    #[serde(default, rename = "useAudioWorklet", deserialize_with = "null_as_default")]
    pub use_audio_worklet: bool,
    /// The mode in force.
    #[serde(default, deserialize_with = "null_as_default")]
    pub mode: Mode,
}

/// How updates are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Every update is whole.
    #[default]
    Full,
    /// Updates are differences; never asked for by this client.
    Diff,
    /// A mode this version does not know.
    #[serde(other)]
    Other,
}

/// A full-mode update.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What the server is doing.
    #[serde(deserialize_with = "null_as_default")]
    pub status: Status,
    /// All lines so far; the last one may still grow in place.
    #[serde(deserialize_with = "null_as_default")]
    pub lines: Vec<Line>,
    /// The volatile end of the text.
    #[serde(deserialize_with = "null_as_default")]
    pub buffer_transcription: String,
    /// Text that waits for its speaker.
    #[serde(deserialize_with = "null_as_default")]
    pub buffer_diarization: String,
    /// The volatile end of the translation.
    #[serde(deserialize_with = "null_as_default")]
    pub buffer_translation: String,
    /// Seconds of audio taken in and not yet in the text.
    #[serde(deserialize_with = "null_as_default")]
    pub remaining_time_transcription: f64,
    /// Its part that is being decoded, seconds.
    #[serde(deserialize_with = "null_as_default")]
    pub remaining_time_transcription_processing: f64,
    /// Its part that is held back for more audio, seconds.
    #[serde(deserialize_with = "null_as_default")]
    pub remaining_time_transcription_policy: f64,
    /// Seconds the speaker attribution is behind.
    #[serde(deserialize_with = "null_as_default")]
    pub remaining_time_diarization: f64,
    /// What went wrong, only when something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the server is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing was heard yet.
    #[default]
    NoAudioDetected,
    /// Text is being made.
    ActiveTranscription,
    /// The engine failed; [`State::error`] may say why.
    Error,
    /// A status this version does not know.
    #[serde(other)]
    Other,
}

/// A stretch of text, or of silence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// 1..n, or [`SILENCE_SPEAKER`].
    #[serde(deserialize_with = "null_as_default")]
    pub speaker: i32,
    /// The words; empty for silence.
    #[serde(deserialize_with = "null_as_default")]
    pub text: String,
    /// Start in the audio, see [`crate::clock`].
    #[serde(deserialize_with = "null_as_default")]
    pub start: String,
    /// End in the audio, see [`crate::clock`].
    #[serde(deserialize_with = "null_as_default")]
    pub end: String,
    /// The words in the target language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation: Option<String>,
    /// The language that was heard, an ISO code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected_language: Option<String>,
}

impl Line {
    /// Whether the line holds words.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        self.speaker != SILENCE_SPEAKER && !self.text.trim().is_empty()
    }
}

impl ServerMessage {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`SpeechError::Message`] when it is not a JSON object of a known shape.
    pub fn parse(text: &str) -> Result<Self, SpeechError> {
        // A map first: serde would also read a struct from an array.
        let object: serde_json::Map<String, serde_json::Value> =
            half::read(text).map_err(SpeechError::Message)?;
        let kind = object.get("type").and_then(serde_json::Value::as_str).map(str::to_owned);
        let reason = object.get("error").and_then(serde_json::Value::as_str).map(str::to_owned);
        let value = serde_json::Value::Object(object);
        match kind.as_deref() {
            None => serde_json::from_value(value).map(Self::State).map_err(SpeechError::Message),
            Some("config") => serde_json::from_value(value).map(Self::Config).map_err(SpeechError::Message),
            Some("ready_to_stop") => Ok(Self::ReadyToStop),
            Some("error") => Ok(Self::Error(reason.unwrap_or_default())),
            Some(_) => Ok(Self::Unknown),
        }
    }

    /// The text frame for this message.
    #[must_use]
    pub fn to_json(&self) -> String {
        let value = match self {
            Self::State(state) => serde_json::json!(state),
            Self::Config(config) => serde_json::json!({
                "type": "config", "useAudioWorklet": config.use_audio_worklet, "mode": config.mode
            }),
            Self::ReadyToStop => serde_json::json!({"type": "ready_to_stop"}),
            Self::Error(error) => serde_json::json!({"type": "error", "error": error}),
            Self::Unknown => serde_json::json!({"type": "unknown"}),
        };
        value.to_string()
    }
}

/// Servers send `null` where there is nothing to say; that is the same as a missing key.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_four_messages_are_told_apart() {
        let config = ServerMessage::Config(Config { use_audio_worklet: true, mode: Mode::Full });
        let table = [
            (r#"{"type":"config","useAudioWorklet":true,"mode":"full","extra":[]}"#, config),
            (r#"{"type":"ready_to_stop"}"#, ServerMessage::ReadyToStop),
            (r#"{"type":"error","error":"no"}"#, ServerMessage::Error("no".into())),
            (r#"{"type":"news"}"#, ServerMessage::Unknown),
            (r#"{}"#, ServerMessage::State(State::default())),
        ];
        for (json, expected) in table {
            assert_eq!(ServerMessage::parse(json).expect(json), expected);
        }
    }

    #[test]
    fn nulls_unknown_keys_and_unknown_statuses_are_tolerated() {
        let json = r#"{"status":"warming_up","lines":[{"speaker":-2,"text":null,"start":"0:00:00","end":"0:00:01.20"},
            {"speaker":1,"text":"Hi","new":{}}],"buffer_transcription":null,"remaining_time_transcription":1,"x":3}"#;
        let ServerMessage::State(state) = ServerMessage::parse(json).expect("parses") else {
            panic!("a state")
        };
        assert_eq!(state.status, Status::Other);
        assert_eq!(state.lines.len(), 2);
        assert!(!state.lines[0].is_spoken());
        assert!(state.lines[1].is_spoken());
        assert!((state.remaining_time_transcription - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for text in ["", "[]", "1", "{", r#"{"lines":3}"#] {
            assert!(ServerMessage::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,64}") {
            let _ = ServerMessage::parse(&text);
        }

        #[test]
        fn a_state_survives_the_trip(texts in prop::collection::vec("\\PC{0,12}", 0..4), buffer in "\\PC{0,12}", lag in 0u32..10_000) {
            let state = State {
                status: Status::ActiveTranscription,
                lines: texts.into_iter().map(|text| Line { speaker: 1, text, ..Line::default() }).collect(),
                buffer_transcription: buffer,
                remaining_time_transcription: f64::from(lag) / 100.0,
                ..State::default()
            };
            let message = ServerMessage::State(state);
            prop_assert_eq!(ServerMessage::parse(&message.to_json()).expect("parses"), message);
        }
    }
}
