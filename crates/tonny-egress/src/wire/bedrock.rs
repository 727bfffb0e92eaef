//! Amazon's `ConverseStream`. Ends with `messageStop`; the `metadata` with the usage comes behind it.
//!
//! A connection that closes between the two lost the usage and nothing of the answer: that is complete.

use serde_json::{Value, json};

use super::json::{base64, count, parts, sampling, segment, text};
use super::{ListedModel, Reader, Step, Wire};
use crate::chat::{ChatRequest, Event, Finish, Message, Part, Role, Usage};
use crate::framing::Framing;
use crate::provider::Provider;

/// Fills [`Wire`].
pub struct Bedrock;

impl Wire for Bedrock {
    fn framing(&self) -> Framing {
        Framing::Aws
    }

    fn chat_path(&self, model: &str) -> String {
        format!("/model/{}/converse-stream", segment(model))
    }

    fn body(&self, request: &ChatRequest, _provider: &Provider) -> Value {
        let mut body = json!({ "messages": messages(&request.messages) });
        if let Some(system) = &request.system {
            body["system"] = json!([{ "text": system }]);
        }
        let sampling = sampling(request, "maxTokens", "temperature");
        if !sampling.is_empty() {
            body["inferenceConfig"] = Value::Object(sampling);
        }
        body
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Events::default())
    }

    /// Models are listed by another host, the control plane, which takes no key of this kind.
    fn models(&self, _list: &Value) -> Option<Vec<ListedModel>> {
        None
    }
}

/// Two neighbours of the same role are refused, so they become one message.
fn messages(messages: &[Message]) -> Vec<Value> {
    let runs = messages.chunk_by(|a, b| a.role == b.role);
    let message = |run: &[Message]| {
        let role = match run[0].role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let content: Vec<Value> = run.iter().flat_map(parts).map(block).collect();
        json!({ "role": role, "content": content })
    };
    runs.map(message).collect()
}

fn block(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image { media_type, bytes } => {
            let format = media_type.strip_prefix("image/").unwrap_or(media_type);
            json!({ "image": { "format": format, "source": { "bytes": base64(bytes) } } })
        }
    }
}

/// What the events said so far.
#[derive(Default)]
struct Events {
    finish: Option<Finish>,
}

impl Reader for Events {
    fn read(&mut self, name: &str, event: &Value, events: &mut Vec<Event>) -> Step {
        match name {
            "contentBlockDelta" => {
                let thought = text(event, "/delta/reasoningContent/text");
                events.extend(thought.map(|text| Event::Reasoning(text.to_owned())));
                events.extend(text(event, "/delta/text").map(|text| Event::Text(text.to_owned())));
            }
            "messageStop" => self.finish = Some(finish(text(event, "/stopReason").unwrap_or_default())),
            "metadata" => {
                events.extend(event.get("usage").filter(|usage| usage.is_object()).map(usage));
                return self.finish.map_or(Step::More, Step::Done);
            }
            _ => {}
        }
        Step::More
    }

    fn at_end(&self) -> Option<Finish> {
        self.finish
    }
}

/// The input is counted without what the cache gave or took.
fn usage(counters: &Value) -> Event {
    Event::Usage(Usage {
        input: count(counters, "/inputTokens"),
        cache_read: count(counters, "/cacheReadInputTokens"),
        cache_write: count(counters, "/cacheWriteInputTokens"),
        output: count(counters, "/outputTokens"),
        reasoning: 0,
    })
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "guardrail_intervened" | "content_filtered" => Finish::Filtered,
        "refusal" => Finish::Refused,
        _ => Finish::Other,
    }
}
