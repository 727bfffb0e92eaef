//! An utterance as a JSON object: every column, so that what goes out can come back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tonny_store::{Timings, Utterance, UtteranceState};

use super::{rfc3339, utc_ms, wrong};
use crate::problem::{Code, Problem};

/// One utterance of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exported {
    /// Its id.
    pub id: String,
    /// When the key went down, RFC 3339.
    pub started_at: String,
    /// How far it got.
    pub state: UtteranceState,
    /// Where its words went.
    pub route: String,
    /// The words.
    #[serde(default)]
    pub text: Option<String>,
    /// The words before any clean-up.
    #[serde(default)]
    pub raw_text: Option<String>,
    /// Under which profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// How sure the engine was, 0 to 1.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// Who spoke.
    #[serde(default)]
    pub speaker: Option<String>,
    /// ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// What heard it.
    #[serde(default)]
    pub engine: Option<String>,
    /// With which model.
    #[serde(default)]
    pub model: Option<String>,
    /// "paste" or "type".
    #[serde(default)]
    pub inserted_by: Option<String>,
    /// Class of the window it went to.
    #[serde(default)]
    pub target: Option<String>,
    /// A webhook got it.
    #[serde(default)]
    pub sent_to_webhook: bool,
    /// The webhook took it.
    #[serde(default)]
    pub success: Option<bool>,
    /// What the webhook said.
    #[serde(default)]
    pub response: Option<String>,
    /// What went wrong.
    #[serde(default)]
    pub error_code: Option<String>,
    /// What went wrong, in a sentence.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Name of its recording in the audio folder.
    #[serde(default)]
    pub audio_file: Option<String>,
    /// Length of the recording, ms.
    #[serde(default)]
    pub audio_ms: Option<i64>,
    /// Found again after a crash.
    #[serde(default)]
    pub recovered: bool,
    /// Stages in ms since the press.
    #[serde(default)]
    pub timings_ms: BTreeMap<String, i64>,
}

/// All rows as one array.
pub fn to_json(rows: &[Utterance]) -> Result<String, Problem> {
    let rows: Vec<Exported> = rows.iter().cloned().map(Exported::of).collect();
    serde_json::to_string_pretty(&rows).map_err(|e| Problem::with(Code::RequestInvalid, e))
}

pub(super) fn from_json(text: &str) -> Result<Vec<(u64, Utterance)>, Problem> {
    let rows: Vec<Exported> =
        serde_json::from_str(text).map_err(|e| Problem::with(Code::ImportRefused, e))?;
    (1..).zip(rows).map(|(place, row)| Ok((place, row.into_row(place)?))).collect()
}

impl Exported {
    /// What a row is in a file.
    pub fn of(row: Utterance) -> Self {
        let stages = [
            ("first_sample", row.timings.first_sample_ms),
            ("release", row.timings.release_ms),
            ("last_audio", row.timings.last_audio_ms),
            ("final_text", row.timings.final_text_ms),
            ("delivered", row.timings.delivered_ms),
        ];
        Self {
            started_at: rfc3339(row.started_at_ms),
            timings_ms: stages.into_iter().filter_map(|(name, ms)| Some((name.to_owned(), ms?))).collect(),
            id: row.id,
            state: row.state,
            route: row.route,
            text: row.text,
            raw_text: row.raw_text,
            profile: row.profile,
            confidence: row.confidence,
            speaker: row.speaker,
            language: row.language,
            engine: row.engine,
            model: row.model,
            inserted_by: row.inserted_by,
            target: row.target_class,
            sent_to_webhook: row.sent_to_webhook,
            success: row.success,
            response: row.response,
            error_code: row.error_code,
            error_message: row.error_message,
            audio_file: row.audio_file,
            audio_ms: row.audio_ms,
            recovered: row.recovered,
        }
    }

    fn into_row(self, place: u64) -> Result<Utterance, Problem> {
        let started_at_ms = utc_ms(&self.started_at).ok_or_else(|| {
            wrong(place, format!("started_at holds {:?}, which is no time", self.started_at))
        })?;
        // It names the recording's file.
        if !self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(wrong(place, format!("id holds {:?}: only letters, digits, - and _ fit", self.id)));
        }
        let stage = |name: &str| self.timings_ms.get(name).copied();
        let timings = Timings {
            first_sample_ms: stage("first_sample"),
            release_ms: stage("release"),
            last_audio_ms: stage("last_audio"),
            final_text_ms: stage("final_text"),
            delivered_ms: stage("delivered"),
        };
        Ok(Utterance {
            seq: 0,
            words: 0,
            id: self.id,
            started_at_ms,
            profile: self.profile,
            route: self.route,
            state: over(self.state, self.text.is_some()),
            text: self.text,
            raw_text: self.raw_text,
            confidence: self.confidence,
            speaker: self.speaker,
            language: self.language,
            engine: self.engine,
            model: self.model,
            target_class: self.target,
            inserted_by: self.inserted_by,
            sent_to_webhook: self.sent_to_webhook,
            success: self.success,
            response: self.response,
            error_code: self.error_code,
            error_message: self.error_message,
            audio_file: self.audio_file,
            audio_ms: self.audio_ms,
            recovered: self.recovered,
            timings,
        })
    }
}

/// What was under way on another machine is over here: nothing of it may be taken up and typed.
fn over(state: UtteranceState, has_text: bool) -> UtteranceState {
    match (state.is_finished(), has_text) {
        (true, _) => state,
        (false, true) => UtteranceState::Kept,
        (false, false) => UtteranceState::Failed,
    }
}
