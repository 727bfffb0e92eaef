//! The providers' formats: a request to bytes, bytes to the events of an answer. No input, no output, no clock.
//!
//! A format is one file that fills [`Wire`]; what differs between providers of the same format is data, in
//! [`crate::provider`]. The end rule belongs to the format: each knows its own mark of a complete answer, and a stream
//! that ends without it is interrupted, whatever it said before. Start reading at [`Answer`].

mod answer;
mod anthropic;
mod bedrock;
mod gemini;
mod json;
mod ollama;
mod openai;

use serde::Deserialize;
use serde_json::Value;

pub use answer::Answer;

use crate::chat::{ChatRequest, Event, Finish};
use crate::cost::Price;
use crate::day::Day;
use crate::framing::Framing;
use crate::provider::Provider;

/// A format of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// OpenAI's chat completions, which most others speak too.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's `streamGenerateContent`.
    Gemini,
    /// Amazon's `ConverseStream`.
    Bedrock,
    /// Ollama's own chat.
    Ollama,
}

/// What a format has to know.
pub trait Wire: Sync {
    /// How messages lie in the bytes of an answer.
    fn framing(&self) -> Framing;

    /// Where a chat with `model` is asked, after the provider's base address.
    fn chat_path(&self, model: &str) -> String;

    /// The body of a request for a streamed answer.
    fn body(&self, request: &ChatRequest, provider: &Provider) -> Value;

    /// A reader at the beginning of an answer.
    fn reader(&self) -> Box<dyn Reader>;

    /// The models of the provider's list; `None` if that is no list.
    fn models(&self, list: &Value) -> Option<Vec<ListedModel>>;
}

/// Reads the messages of one answer.
pub trait Reader: Send {
    /// Appends what the message `name` says to `events`. Terminal events are made by [`Answer`] alone.
    fn read(&mut self, name: &str, message: &Value, events: &mut Vec<Event>) -> Step;

    /// What a message means that is not JSON; `None` if nothing.
    fn mark(&self, _mark: &str) -> Option<Finish> {
        None
    }

    /// How the answer ended, if the connection may close here.
    fn at_end(&self) -> Option<Finish> {
        None
    }
}

/// How an answer goes on after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More may follow.
    More,
    /// It is complete.
    Done(Finish),
    /// The message says that it broke off.
    Broken,
}

/// A model of a provider's own list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedModel {
    /// What a request calls it.
    pub id: String,
    /// What people call it, where the list says so.
    pub name: Option<String>,
    /// Tokens it can read and write together.
    pub window: Option<u64>,
    /// Tokens it can write.
    pub output: Option<u64>,
    /// The day from which it does not answer any more.
    pub retires: Option<Day>,
    /// What it costs, where the list says all of it.
    pub price: Option<Price>,
}

impl Format {
    /// What fills the trait.
    pub fn wire(self) -> &'static dyn Wire {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::Bedrock => &bedrock::Bedrock,
            Self::Ollama => &ollama::Ollama,
        }
    }
}
