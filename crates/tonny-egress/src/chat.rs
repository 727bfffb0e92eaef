//! A conversation with a language model, in words that every provider's format is translated from and to.
//!
//! One request, and the events of its answer. What goes over the wire is `wire`'s business; who is asked, and who next,
//! the router's. An answer has exactly one terminal event: [`Event::Done`] or [`Event::Interrupted`], never both.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The model's id at its provider.
    pub model: String,
    /// Instructions that stand above the conversation.
    pub system: Option<String>,
    /// The conversation, the oldest first; the last one is usually the user's.
    ///
    /// A last one of the assistant is the beginning of its answer (prefill), for models that can go on from it.
    pub messages: Vec<Message>,
    /// The longest answer, in tokens; `None` leaves it to the provider, where its format lets it.
    pub max_tokens: Option<u32>,
    /// 0.0 to 2.0; `None` leaves it to the provider.
    pub temperature: Option<f32>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture.
    Image {
        /// Such as `image/png`.
        media_type: String,
        /// The file's bytes.
        bytes: Arc<[u8]>,
    },
}

/// What one stream of an answer says, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// More of the answer.
    Text(String),
    /// More of what the model thinks before it answers.
    Reasoning(String),
    /// Tokens so far, or in all; a later one replaces an earlier one.
    Usage(Usage),
    /// A sign of life without content: a comment, a ping.
    Heartbeat,
    /// The provider said that the answer is complete. Terminal.
    Done(Finish),
    /// The answer broke off. Terminal.
    Interrupted(Fault),
}

/// Why a complete answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model had nothing more to say.
    Stop,
    /// The longest answer was reached; there would be more.
    Length,
    /// The provider's filter ended it.
    Filtered,
    /// The model refused.
    Refused,
    /// Something that this version does not know; the provider called it complete.
    Other,
}

/// Tokens of one attempt. A class that the provider does not name is 0 and part of its neighbour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Read at the full price: without what came from a cache, or went into one.
    pub input: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Written into the provider's cache.
    pub cache_write: u64,
    /// Written, reasoning among them.
    pub output: u64,
    /// How many of `output` were reasoning.
    pub reasoning: u64,
}

impl Message {
    /// A message of text only.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }
}

impl Event {
    /// Whether nothing may follow.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Interrupted(_))
    }
}
