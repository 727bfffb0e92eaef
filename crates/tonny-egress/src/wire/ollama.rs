//! Ollama's own chat: one JSON document a line. Ends with the line that says `done: true`.
//!
//! One line may carry a thought, text and the counters at once.

use serde_json::{Value, json};

use super::json::{base64, count, has, has_error, joined, listed, sampling, text};
use super::{ListedModel, Reader, Step, Wire};
use crate::chat::{ChatRequest, Event, Finish, Message, Part, Role, Usage};
use crate::framing::Framing;
use crate::provider::Provider;

/// Fills [`Wire`].
pub struct Ollama;

impl Wire for Ollama {
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn chat_path(&self, _model: &str) -> String {
        "/api/chat".to_owned()
    }

    fn body(&self, request: &ChatRequest, _provider: &Provider) -> Value {
        let mut messages: Vec<Value> = Vec::new();
        messages.extend(request.system.iter().map(|system| json!({ "role": "system", "content": system })));
        messages.extend(request.messages.iter().map(message));
        let mut body = json!({ "model": request.model, "messages": messages, "stream": true });
        // A conversation that does not fit is refused, as everywhere else; by default its beginning is dropped unsaid.
        body["truncate"] = json!(false);
        let sampling = sampling(request, "num_predict", "temperature");
        if !sampling.is_empty() {
            body["options"] = Value::Object(sampling);
        }
        body
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Lines)
    }

    fn models(&self, list: &Value) -> Option<Vec<ListedModel>> {
        listed(list.get("models"), "/name", &[], &[], &[])
    }
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let mut value = json!({ "role": role, "content": joined(message) });
    let images = message.parts.iter().filter_map(|part| match part {
        Part::Image { bytes, .. } => Some(base64(bytes)),
        Part::Text(_) => None,
    });
    let images: Vec<String> = images.collect();
    if !images.is_empty() {
        value["images"] = json!(images);
    }
    value
}

/// Each line stands for itself.
struct Lines;

impl Reader for Lines {
    fn read(&mut self, _name: &str, line: &Value, events: &mut Vec<Event>) -> Step {
        events.extend(text(line, "/message/thinking").map(|text| Event::Reasoning(text.to_owned())));
        events.extend(text(line, "/message/content").map(|text| Event::Text(text.to_owned())));
        if has_error(line, "/error") {
            return Step::Broken;
        }
        if line.get("done").and_then(Value::as_bool) != Some(true) {
            return Step::More;
        }
        if has(line, "/eval_count") || has(line, "/prompt_eval_count") {
            let cache_read = count(line, "/prompt_eval_cached_count");
            let input = count(line, "/prompt_eval_count").saturating_sub(cache_read);
            let output = count(line, "/eval_count");
            events.push(Event::Usage(Usage { input, cache_read, output, ..Usage::default() }));
        }
        Step::Done(match text(line, "/done_reason") {
            // Older servers give no reason.
            Some("stop") | None => Finish::Stop,
            Some("length") => Finish::Length,
            Some(_) => Finish::Other,
        })
    }
}
