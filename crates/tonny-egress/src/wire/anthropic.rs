//! Anthropic's messages: named events. Ends with `message_stop`, and only so.

use serde_json::{Value, json};

use super::json::{base64, listed, parts, sampling, text};
use super::{ListedModel, Reader, Step, Wire};
use crate::chat::{ChatRequest, Event, Finish, Message, Part, Role, Usage};
use crate::framing::Framing;
use crate::provider::Provider;

/// The format demands a longest answer; every model that is offered today can write this much.
const MAX_TOKENS: u32 = 8192;

/// Fills [`Wire`].
pub struct Anthropic;

impl Wire for Anthropic {
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn chat_path(&self, _model: &str) -> String {
        "/messages".to_owned()
    }

    fn body(&self, request: &ChatRequest, _provider: &Provider) -> Value {
        let mut body = sampling(request, "max_tokens", "temperature");
        body.entry("max_tokens").or_insert(json!(MAX_TOKENS));
        body.insert("model".to_owned(), json!(request.model));
        if let Some(system) = &request.system {
            body.insert("system".to_owned(), json!(system));
        }
        body.insert("messages".to_owned(), request.messages.iter().map(message).collect());
        body.insert("stream".to_owned(), json!(true));
        Value::Object(body)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Events::default())
    }

    fn models(&self, list: &Value) -> Option<Vec<ListedModel>> {
        listed(list.get("data"), "/id", &["/display_name"], &["/max_input_tokens"], &["/max_tokens"])
    }
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let content = parts(message).map(|part| match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image { media_type, bytes } => json!({
            "type": "image",
            "source": { "type": "base64", "media_type": media_type, "data": base64(bytes) },
        }),
    });
    json!({ "role": role, "content": content.collect::<Vec<_>>() })
}

/// What the events said so far.
#[derive(Default)]
struct Events {
    finish: Option<Finish>,
    usage: Usage,
}

impl Reader for Events {
    fn read(&mut self, _name: &str, event: &Value, events: &mut Vec<Event>) -> Step {
        match text(event, "/type").unwrap_or_default() {
            "message_start" => self.count(event.pointer("/message/usage"), events),
            "content_block_start" => {
                events.extend(said(event, "/content_block/text", "/content_block/thinking"));
            }
            "content_block_delta" => events.extend(said(event, "/delta/text", "/delta/thinking")),
            "message_delta" => {
                self.finish = text(event, "/delta/stop_reason").map(finish).or(self.finish);
                self.count(event.get("usage"), events);
            }
            "message_stop" => return Step::Done(self.finish.unwrap_or(Finish::Other)),
            "ping" => events.push(Event::Heartbeat),
            "error" => return Step::Broken,
            // Blocks that end, signatures, calls of tools that nobody asked for.
            _ => {}
        }
        Step::More
    }
}

impl Events {
    /// Counters come in parts: those of the beginning stay unless the end repeats them.
    fn count(&mut self, counters: Option<&Value>, events: &mut Vec<Event>) {
        let Some(counters) = counters.filter(|counters| counters.is_object()) else { return };
        let usage = &mut self.usage;
        for (name, place) in [
            ("input_tokens", &mut usage.input),
            ("cache_read_input_tokens", &mut usage.cache_read),
            ("cache_creation_input_tokens", &mut usage.cache_write),
            ("output_tokens", &mut usage.output),
        ] {
            if let Some(count) = counters.get(name).and_then(Value::as_u64) {
                *place = count;
            }
        }
        events.push(Event::Usage(*usage));
    }
}

fn said(event: &Value, answer: &str, thought: &str) -> Option<Event> {
    let answer = text(event, answer).map(|text| Event::Text(text.to_owned()));
    answer.or_else(|| text(event, thought).map(|text| Event::Reasoning(text.to_owned())))
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Refused,
        _ => Finish::Other,
    }
}
