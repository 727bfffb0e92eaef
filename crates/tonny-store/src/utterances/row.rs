//! The values that go into and come out of the table `utterances`.
//!
//! Plain data for every face of the product, so they are serde values too. Times are UTC milliseconds since 1970, or,
//! for stages, milliseconds since the press of the key.

use serde::{Deserialize, Serialize};

use crate::Filter;
use crate::store::Query;

/// How far an utterance got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum UtteranceState {
    /// The key is held.
    Recording,
    /// All audio is on disk.
    Recorded,
    /// A worker has it.
    Transcribing,
    /// The final text is in the row.
    Transcribed,
    /// On its way to where the route sends it.
    Delivering,
    /// Arrived.
    Delivered,
    /// Not delivered, and kept where the user finds it.
    Kept,
    /// Ended by an error, which the row names.
    Failed,
    /// Ended by the user.
    Cancelled,
}

impl UtteranceState {
    /// In the order of an utterance's way.
    pub const ALL: [UtteranceState; 9] = [
        UtteranceState::Recording,
        UtteranceState::Recorded,
        UtteranceState::Transcribing,
        UtteranceState::Transcribed,
        UtteranceState::Delivering,
        UtteranceState::Delivered,
        UtteranceState::Kept,
        UtteranceState::Failed,
        UtteranceState::Cancelled,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            UtteranceState::Recording => "recording",
            UtteranceState::Recorded => "recorded",
            UtteranceState::Transcribing => "transcribing",
            UtteranceState::Transcribed => "transcribed",
            UtteranceState::Delivering => "delivering",
            UtteranceState::Delivered => "delivered",
            UtteranceState::Kept => "kept",
            UtteranceState::Failed => "failed",
            UtteranceState::Cancelled => "cancelled",
        }
    }

    /// Nothing more will happen to it by itself.
    pub fn is_finished(self) -> bool {
        matches!(
            self,
            UtteranceState::Delivered
                | UtteranceState::Kept
                | UtteranceState::Failed
                | UtteranceState::Cancelled
        )
    }
}

/// When each stage was reached, in milliseconds since the press; `None` where it was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(default)]
pub struct Timings {
    /// The first captured sample.
    pub first_sample_ms: Option<i64>,
    /// The key was let go.
    pub release_ms: Option<i64>,
    /// The last audio went to the worker.
    pub last_audio_ms: Option<i64>,
    /// The final text came.
    pub final_text_ms: Option<i64>,
    /// The text was where it belongs.
    pub delivered_ms: Option<i64>,
}

impl Timings {
    /// Binds the five stages in the order that the statements number them.
    pub(super) fn bind_to<'q>(&self, query: Query<'q>) -> Query<'q> {
        query
            .bind(self.first_sample_ms)
            .bind(self.release_ms)
            .bind(self.last_audio_ms)
            .bind(self.final_text_ms)
            .bind(self.delivered_ms)
    }
}

/// What is known at the press of the key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewUtterance {
    /// A UUIDv7 as text; at most 64 bytes.
    pub id: String,
    /// UTC, milliseconds since 1970.
    pub started_at_ms: i64,
    /// Where it goes: `type`, `assistant`, ...
    pub route: String,
    /// The file's name within the audio folder.
    pub audio_file: Option<String>,
    /// The engine that will transcribe it.
    pub engine: Option<String>,
    /// That engine's model.
    pub model: Option<String>,
    /// The id of the profile whose permissions hold.
    pub profile: Option<String>,
}

/// The final text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FinalText {
    /// After vocabulary and clean-up; at most 1,000,000 characters.
    pub text: String,
    /// As the engine gave it; `None` where it is the same.
    pub raw_text: Option<String>,
    /// Language code, where the engine says it.
    pub language: Option<String>,
    /// The engine that made it; `None` keeps the one of the press.
    pub engine: Option<String>,
    /// Its model; `None` keeps the one of the press.
    pub model: Option<String>,
    /// How sure the engine was, 0 to 1.
    pub confidence: Option<f64>,
    /// Who spoke; `None` keeps who was known before.
    pub speaker: Option<String>,
}

/// How an utterance ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The state to be in from here on.
    pub state: UtteranceState,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// The sentence for it; at most 8 KiB.
    pub error_message: Option<String>,
    /// How the text went in: `type`, `paste`, ...
    pub inserted_by: Option<String>,
    /// The class of the target window.
    pub target_class: Option<String>,
    /// Stages reached since the last note.
    pub timings: Timings,
}

impl Outcome {
    /// An outcome of `state` and nothing else.
    pub fn of(state: UtteranceState) -> Self {
        Outcome {
            state,
            error_code: None,
            error_message: None,
            inserted_by: None,
            target_class: None,
            timings: Timings::default(),
        }
    }
}

/// A page of a list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Page {
    /// Only rows older than this `(started_at_ms, id)`: the last row of the page before.
    pub before: Option<(i64, String)>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
    /// Only rows that fit.
    pub filter: Filter,
}

/// A page of a search, the latest entered first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    /// Words or their beginnings, phrases in double quotes; nothing in it is syntax.
    pub text: String,
    /// Only rows entered before this one: the `seq` of the last row of the page before.
    pub before: Option<i64>,
    /// At most so many; never more than 1,000.
    pub limit: u32,
    /// Only rows that fit.
    pub filter: Filter,
}

/// What a webhook made of an utterance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAnswer {
    /// Whether it took it; `None` while nobody knows.
    pub success: Option<bool>,
    /// What it said; at most 1,000,000 bytes.
    pub response: Option<String>,
}

/// What retention decides by, without the words.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Fact {
    /// The row's id.
    pub id: String,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "started_at")]
    pub started_at_ms: i64,
    /// How far it got.
    pub state: UtteranceState,
    /// The audio's length; `None` where nothing was recorded.
    pub audio_ms: Option<i64>,
    /// Bytes of its texts.
    pub text_bytes: i64,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Utterance {
    /// The row's number in the order of entry: what pages of a search follow each other by.
    pub seq: i64,
    /// A UUIDv7 as text.
    pub id: String,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "started_at")]
    pub started_at_ms: i64,
    /// The person whose permissions held.
    pub profile: Option<String>,
    /// Where it goes.
    pub route: String,
    /// How far it got.
    pub state: UtteranceState,
    /// The final text.
    pub text: Option<String>,
    /// As the engine gave it, where that differs.
    pub raw_text: Option<String>,
    /// How sure the engine was, 0 to 1.
    pub confidence: Option<f64>,
    /// Who spoke.
    pub speaker: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// The engine.
    pub engine: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// The class of the target window.
    pub target_class: Option<String>,
    /// How the text went in.
    pub inserted_by: Option<String>,
    /// A webhook got it.
    pub sent_to_webhook: bool,
    /// The webhook took it.
    pub success: Option<bool>,
    /// What the webhook said.
    pub response: Option<String>,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// The sentence for it.
    pub error_message: Option<String>,
    /// The file's name within the audio folder.
    pub audio_file: Option<String>,
    /// The audio's length.
    pub audio_ms: Option<i64>,
    /// Found unfinished at a start and taken up again.
    pub recovered: bool,
    /// Words of the text.
    pub words: i64,
    /// When each stage was reached.
    #[sqlx(flatten)]
    pub timings: Timings,
}
