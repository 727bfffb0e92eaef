//! What the faces ask the assistant, and what they see of it.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A question as it is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewQuestion {
    /// The conversation; none begins a new one.
    pub conversation: Option<String>,
    /// The message it follows; none is the beginning. An edited question has the parent of the old one.
    pub parent: Option<String>,
    /// 1 to 1,000,000 characters.
    pub text: String,
    /// At most 10, with those that `instead_of` had.
    pub attachments: Vec<NewAttachment>,
    /// The question that this one is asked in the place of, whose files go along again.
    pub instead_of: Option<String>,
    /// A [`ModelChoice`]'s id; none takes the conversation's, else the first of the user's order.
    pub model: Option<String>,
    /// The instructions of a new conversation.
    pub system: Option<String>,
}

/// A file that goes along with a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewAttachment {
    /// Its name, without a folder.
    pub name: String,
    /// `text/...`, or `image/png`, `jpeg`, `webp`, `gif`.
    pub media_type: String,
    /// Its bytes, 10 MB at most.
    pub base64: String,
}

/// Where a question and its answer are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Asked {
    /// The conversation's id.
    pub conversation: String,
    /// The question's id, where one was added.
    pub question: Option<String>,
    /// The answer's id.
    pub answer: String,
}

/// A model that may be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ModelChoice {
    /// Provider, slash, the model's id there.
    pub id: String,
    /// The provider's id.
    pub provider: String,
    /// What people call the provider.
    pub provider_label: String,
    /// The model's id there.
    pub model: String,
    /// What people call the model.
    pub label: String,
    /// Whether it runs on this machine.
    pub is_local: bool,
    /// Tokens of a conversation and its answer.
    pub window: Option<u32>,
    /// Whether it sees pictures.
    pub vision: Option<bool>,
    /// None is not known.
    pub price: Option<PriceView>,
    /// The day from which it does not answer any more, as 2026-11-22.
    pub retires: Option<String>,
    /// Whether its provider's own list has it; none before that was asked for.
    pub is_listed: Option<bool>,
    /// Why it cannot be asked now, as a sentence.
    pub unavailable: Option<String>,
    /// Whether it is asked first.
    pub is_default: bool,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PriceView {
    /// Read.
    pub input: f64,
    /// Written.
    pub output: f64,
}

/// A conversation with all its branches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The model it is held with.
    pub model: Option<String>,
    /// Its instructions.
    pub system: Option<String>,
    /// The last message of the branch that is shown.
    pub leaf: Option<String>,
    /// In order of entry.
    pub messages: Vec<MessageView>,
}

/// Which conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationQuery {
    /// Words that are in its title or in what was said; empty for all.
    pub text: String,
    /// Those before the last one of the page before, as that page gave it.
    pub before: Option<String>,
    /// So many.
    pub limit: u32,
}

/// Conversations, the latest used first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationPage {
    /// The page.
    pub rows: Vec<ConversationRow>,
    /// Where the next one begins.
    pub next: Option<String>,
}

/// One conversation in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationRow {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The model it is held with.
    pub model: Option<String>,
    /// RFC 3339.
    pub updated_at: String,
    /// How many messages it has.
    pub messages: u32,
    /// Where the words were found.
    pub snippet: Option<Vec<Piece>>,
}

/// A piece of a text, and whether it was searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Piece {
    /// Its words.
    pub text: String,
    /// Whether it was found.
    pub found: bool,
}

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is still coming.
    Streaming,
    /// All of it is there.
    Complete,
    /// It was cut off.
    Interrupted,
    /// The person stopped it.
    Cancelled,
    /// It did not come.
    Failed,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// Why a complete answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The model had said all.
    Stop,
    /// The longest answer was reached.
    Length,
    /// The provider's filter took the rest.
    Filtered,
    /// The model refused.
    Refused,
    /// Something else.
    Other,
}

/// What followed a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Follows {
    /// The same target was asked again.
    Again,
    /// Another one was asked from the beginning.
    Switched,
    /// The answer went on from where it broke off.
    Continued,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// The message before it in its branch.
    pub parent: Option<String>,
    /// Who says it.
    pub role: Author,
    /// How it stands.
    pub state: Standing,
    /// Its words.
    pub text: String,
    /// How many pieces of a stream are in `text`.
    pub deltas: u32,
    /// What the model thought before it answered.
    pub reasoning: String,
    /// Why a complete answer ended.
    pub finish: Option<Ending>,
    /// Who answered.
    pub provider: Option<String>,
    /// With which model.
    pub model: Option<String>,
    /// Skips, failures and switches on the way to it.
    pub notices: Vec<NoticeView>,
    /// Why it is not complete.
    pub problem: Option<Problem>,
    /// Whether it can be gone on with.
    pub can_continue: bool,
    /// Tokens that were read.
    pub tokens_in: Option<u32>,
    /// Tokens that were written.
    pub tokens_out: Option<u32>,
    /// US dollars; none is not known.
    pub cost: Option<f64>,
    /// Whether tokens and cost were counted here, because the provider did not say.
    pub is_estimated: bool,
    /// What went along.
    pub attachments: Vec<AttachmentView>,
    /// Whether it was spoken.
    pub is_spoken: bool,
    /// RFC 3339.
    pub created_at: String,
}

/// What went along with a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AttachmentView {
    /// The file's name.
    pub name: String,
    /// Such as `image/png`.
    pub media_type: String,
    /// Its length.
    pub bytes: u32,
}

/// Whether a target was not asked at all, or in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// It was not asked.
    Skipped,
    /// It was asked in vain.
    Failed,
}

/// One step on the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NoticeView {
    /// Skipped or failed.
    pub kind: NoticeKind,
    /// A [`ModelChoice`]'s id.
    pub target: String,
    /// Such as `TT-LLM-130`.
    pub code: String,
    /// What happened.
    pub sentence: String,
    /// None where nothing followed.
    pub then: Option<Follows>,
    /// Who was asked next.
    pub to: Option<String>,
}

/// More of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Grown {
    /// The conversation.
    pub conversation: String,
    /// The answer.
    pub message: String,
    /// Counts from 1 in each answer.
    pub n: u32,
    /// What is new of its words.
    pub text: String,
    /// What is new of its thoughts.
    pub reasoning: String,
}

/// What the assistant tells whoever listens.
#[derive(Clone, Debug, PartialEq)]
pub enum AssistantEvent {
    /// An answer grew.
    Grew(Grown),
    /// A message is new, or stands otherwise now.
    Message {
        /// The conversation.
        conversation: String,
        /// The message.
        message: Box<MessageView>,
    },
    /// A conversation's title, model or branch changed, or it is gone.
    Conversation {
        /// Its id.
        id: String,
    },
}
