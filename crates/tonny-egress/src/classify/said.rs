//! What a provider says in an error's body, whatever shape it has.
//!
//! ```text
//! {"error":{"type","code","message","status","details","metadata"}}    OpenAI, Anthropic, Google, OpenRouter, Groq
//! {"error":"text"}, {"error":"text","code":"text"}                     Ollama, xAI
//! {"message","type","code"}, {"detail":…}, {"message","__type"}        Mistral, FastAPI, Amazon
//! [{"error":…}]                                                        Google, outside of a stream
//! ```

use std::time::Duration;

use serde_json::Value;

use super::delay;

/// Types too general to be worth showing: looked at last.
const GENERAL: &[&str] = &["invalid_request_error", "error", "unknown_error"];

/// How deep is looked: the quota of Google's answer inside of OpenRouter's lies at 8.
const DEEPEST: u8 = 10;

/// What was found in the body.
#[derive(Debug, Default)]
pub struct Said {
    /// Types, codes and reasons, the most telling first.
    pub kinds: Vec<String>,
    /// All that is meant for people, in small letters.
    pub message: String,
    /// A status inside of the body.
    pub status: Option<u16>,
    /// A delay that the body asks for.
    pub retry_after: Option<Duration>,
    /// The provider's name for the request.
    pub request_id: Option<String>,
    /// A page for people instead of an answer for programs.
    pub html: bool,
    /// The body is JSON.
    pub json: bool,
}

impl Said {
    /// Reads a body.
    pub fn read(body: &str) -> Self {
        let mut said = Self::default();
        let body = body.trim_start_matches('\u{feff}').trim();
        match serde_json::from_str::<Value>(body) {
            Ok(value) => {
                said.json = true;
                said.take(&value, 0);
            }
            Err(_) => {
                said.html = body.starts_with('<');
                said.say(body);
            }
        }
        said.kinds.sort_by_key(|kind| GENERAL.contains(&kind.as_str()));
        said.retry_after = said.retry_after.max(delay::of_message(&said.message));
        said
    }

    /// Whether one of these words is among the types, codes and reasons.
    pub fn is(&self, kinds: &[&str]) -> bool {
        self.kinds.iter().any(|said| kinds.iter().any(|kind| said.eq_ignore_ascii_case(kind)))
    }

    /// Whether one of these pieces is in the text. A piece with `*` wants its halves in this order.
    pub fn says(&self, pieces: &[&str]) -> bool {
        pieces.iter().any(|piece| match piece.split_once('*') {
            Some((first, then)) => {
                self.message.split_once(first).is_some_and(|(_, rest)| rest.contains(then))
            }
            None => self.message.contains(piece),
        })
    }

    fn take(&mut self, value: &Value, depth: u8) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.take(item, depth + 1)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.take_field(name, field, depth);
                }
            }
            Value::String(text) => self.say(text),
            _ => {}
        }
    }

    fn take_field(&mut self, name: &str, field: &Value, depth: u8) {
        match (name, field) {
            // Most telling: these name one reason, a type only its family.
            ("reason" | "error_code" | "error_type" | "limit_source" | "quotaId", Value::String(kind)) => {
                self.kinds.insert(0, kind.clone());
            }
            (
                "code" | "__type" | "status" | "type" | "finish_reason" | "quotaMetric",
                Value::String(kind),
            ) => {
                // Some gateways write the status as text.
                self.status = self.status.or(kind.parse().ok().filter(|status| (400..600).contains(status)));
                self.kinds.push(kind.rsplit('#').next().unwrap_or(kind).to_owned());
            }
            (
                "code" | "status" | "statusCode" | "status_code" | "originalStatusCode",
                Value::Number(number),
            ) => {
                let number = number.as_u64().and_then(|number| u16::try_from(number).ok());
                self.status = self.status.or(number.filter(|number| (400..600).contains(number)));
            }
            ("retryDelay", Value::String(delay)) => {
                self.retry_after = self.retry_after.max(delay::of_text(delay));
            }
            ("retry_after" | "retry_after_seconds", Value::Number(seconds)) => {
                self.retry_after =
                    seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            }
            ("request_id" | "requestId", Value::String(id)) => self.request_id = Some(id.clone()),
            ("message" | "Message" | "msg" | "raw" | "originalMessage", Value::String(text)) => {
                self.take_text(text, depth)
            }
            (
                "error" | "detail" | "details" | "metadata" | "violations" | "errors" | "message" | "x_groq",
                _,
            )
            | ("choices", Value::Array(_)) => self.take(field, depth + 1),
            _ => {}
        }
    }

    /// Gateways put the error of the one behind them into theirs as text.
    fn take_text(&mut self, text: &str, depth: u8) {
        match serde_json::from_str::<Value>(text) {
            Ok(inner) if inner.is_object() || inner.is_array() => self.take(&inner, depth + 1),
            _ => self.say(text),
        }
    }

    fn say(&mut self, text: &str) {
        self.message.push_str(&text.to_lowercase());
        self.message.push('\n');
    }
}
