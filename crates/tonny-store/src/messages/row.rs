//! The values that go into and come out of the table `messages`.

use serde::{Deserialize, Serialize};

use crate::store::Query;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// The instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// What a tool gave.
    Tool,
}

/// How much of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum MessageState {
    /// It is still coming.
    Streaming,
    /// All of it.
    Complete,
    /// It ended early.
    Cut,
    /// The user stopped it.
    Cancelled,
    /// It did not come.
    Failed,
}

/// Why the model stopped, where it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum FinishReason {
    /// It had said all.
    Stop,
    /// The most tokens were reached.
    Length,
    /// The provider's filter took the rest.
    Filtered,
    /// It would not answer.
    Refused,
    /// Something else that the provider has a word for.
    Other,
}

/// A message to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// A UUIDv7 as text.
    pub id: String,
    /// The talk it belongs to.
    pub conversation: String,
    /// The message before it in its branch.
    pub parent: Option<String>,
    /// Who says it.
    pub role: Role,
    /// How much of it is there.
    pub state: MessageState,
    /// At most 4,000,000 bytes.
    pub text: String,
    /// Who was asked.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// The utterance it was spoken in.
    pub utterance: Option<String>,
    /// UTC, milliseconds since 1970.
    pub created_at_ms: i64,
}

/// What becomes known on the way to an answer; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageNote {
    /// Who is asked now.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// All skips, failures and switches so far: valid JSON of at most 1,000,000 bytes.
    pub notices: Option<String>,
}

/// How a message ended. All of it takes the place of what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEnd {
    /// How much of it is there.
    pub state: MessageState,
    /// Why the model stopped.
    pub finish: Option<FinishReason>,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// Tokens of the question.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
    /// 10^-12 US dollars; `None` where the price is not known.
    pub cost_pico: Option<i64>,
    /// The tokens were counted here, because the provider did not say.
    pub is_estimated: bool,
}

/// A row; of a message that is still coming, with all that has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Message {
    /// The order of entry.
    pub seq: i64,
    /// A UUIDv7 as text.
    pub id: String,
    /// The talk it belongs to.
    pub conversation: String,
    /// The message before it in its branch.
    pub parent: Option<String>,
    /// Who says it.
    pub role: Role,
    /// How much of it is there.
    pub state: MessageState,
    /// Why the model stopped.
    pub finish: Option<FinishReason>,
    /// Who was asked.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// `TT-...`, where something went wrong.
    pub error_code: Option<String>,
    /// The utterance it was spoken in.
    pub utterance: Option<String>,
    /// Tokens of the question.
    pub tokens_in: Option<i64>,
    /// Tokens of the answer.
    pub tokens_out: Option<i64>,
    /// 10^-12 US dollars; `None` where it is not known.
    pub cost_pico: Option<i64>,
    /// The tokens were counted here.
    pub is_estimated: bool,
    /// The number of the last delta that is in `text` and `reasoning`; 0 where there was none.
    pub deltas: i64,
    /// UTC, milliseconds since 1970.
    #[sqlx(rename = "created_at")]
    pub created_at_ms: i64,
    /// Skips, failures and switches on the way to it: valid JSON.
    pub notices: String,
    /// What the model said to itself.
    pub reasoning: String,
    /// The words.
    pub text: String,
}

impl Message {
    /// Binds all but `seq` in the order of the columns.
    pub(crate) fn bind_to<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        query
            .bind(&self.id)
            .bind(&self.conversation)
            .bind(&self.parent)
            .bind(self.role)
            .bind(self.state)
            .bind(self.finish)
            .bind(&self.provider)
            .bind(&self.model)
            .bind(&self.error_code)
            .bind(&self.utterance)
            .bind(self.tokens_in)
            .bind(self.tokens_out)
            .bind(self.cost_pico)
            .bind(self.is_estimated)
            .bind(self.deltas)
            .bind(self.created_at_ms)
            .bind(&self.notices)
            .bind(&self.reasoning)
            .bind(&self.text)
    }
}
