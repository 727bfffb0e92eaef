//! OpenAI's chat completions, as OpenAI and all who copied it speak them. Ends with `data: [DONE]`, and only so.
//!
//! `finish_reason` alone is no end: usage follows it, and gateways are known to close behind it. The dialects differ in
//! where reasoning stands (`reasoning_content`, `reasoning`, `thinking`, Mistral's content chunks), in usage (DeepSeek's
//! cache counters, xAI's reasoning outside of the completion, Groq's `x_groq`), and in how errors come under HTTP 200.

use serde_json::{Value, json};

use super::json::{base64, count, has_error, joined, listed, sampling, text};
use super::{ListedModel, Reader, Step, Wire};
use crate::chat::{ChatRequest, Event, Finish, Message, Part, Role, Usage};
use crate::framing::Framing;
use crate::provider::Provider;

const END: &str = "[DONE]";

/// Fills [`Wire`].
pub struct OpenAi;

impl Wire for OpenAi {
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn chat_path(&self, _model: &str) -> String {
        "/chat/completions".to_owned()
    }

    fn body(&self, request: &ChatRequest, provider: &Provider) -> Value {
        let mut messages: Vec<Value> = Vec::new();
        messages.extend(request.system.iter().map(|system| json!({ "role": "system", "content": system })));
        messages.extend(request.messages.iter().map(message));
        let prefilled = request.messages.last().is_some_and(|last| last.role == Role::Assistant);
        if let Some(last) = messages.last_mut().filter(|_| prefilled && provider.prefill_marked) {
            last["prefix"] = json!(true);
        }
        let mut body = sampling(request, &provider.max_tokens, "temperature");
        body.insert("model".to_owned(), json!(request.model));
        body.insert("messages".to_owned(), json!(messages));
        body.insert("stream".to_owned(), json!(true));
        if provider.stream_usage {
            body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
        Value::Object(body)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Chunks::default())
    }

    fn models(&self, list: &Value) -> Option<Vec<ListedModel>> {
        let entries = if list.is_array() { Some(list) } else { list.get("data") };
        let window = [
            "/context_length",
            "/context_window",
            "/max_context_length",
            "/max_model_len",
            "/meta/n_ctx_train",
        ];
        let output = ["/top_provider/max_completion_tokens", "/max_completion_tokens", "/max_output_tokens"];
        listed(entries, "/id", &["/name", "/display_name"], &window, &output)
    }
}

/// Text alone is a plain string: some servers take nothing else.
fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    if message.parts.iter().all(|part| matches!(part, Part::Text(_))) {
        return json!({ "role": role, "content": joined(message) });
    }
    let content = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image { media_type, bytes } => {
            let url = format!("data:{media_type};base64,{}", base64(bytes));
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
    });
    json!({ "role": role, "content": content.collect::<Vec<_>>() })
}

/// What the chunks said so far.
#[derive(Default)]
struct Chunks {
    finish: Option<Finish>,
    refused: bool,
}

impl Reader for Chunks {
    fn read(&mut self, _name: &str, chunk: &Value, events: &mut Vec<Event>) -> Step {
        if let Some(delta) = chunk.pointer("/choices/0/delta") {
            self.read_delta(delta, events);
        }
        events.extend(usage(chunk).map(Event::Usage));
        let reason = text(chunk, "/choices/0/finish_reason");
        if is_error(chunk) || reason.is_some_and(is_broken) {
            return Step::Broken;
        }
        self.finish = reason.map(finish).or(self.finish);
        Step::More
    }

    fn mark(&self, mark: &str) -> Option<Finish> {
        let finish = if self.refused { Finish::Refused } else { self.finish.unwrap_or(Finish::Other) };
        (mark == END).then_some(finish)
    }
}

impl Chunks {
    fn read_delta(&mut self, delta: &Value, events: &mut Vec<Event>) {
        // Gateways send the same thought under two names: the first one counts.
        let thoughts = ["/reasoning_content", "/reasoning", "/thinking"];
        let thought = thoughts.iter().find_map(|pointer| text(delta, pointer));
        events.extend(thought.map(|thought| Event::Reasoning(thought.to_owned())));
        match delta.get("content") {
            Some(Value::Array(parts)) => parts.iter().for_each(|part| read_part(part, events)),
            _ => events.extend(text(delta, "/content").map(|content| Event::Text(content.to_owned()))),
        }
        if let Some(refusal) = text(delta, "/refusal") {
            self.refused = true;
            events.push(Event::Text(refusal.to_owned()));
        }
    }
}

/// A typed piece of content, as Mistral's reasoning models send them.
fn read_part(part: &Value, events: &mut Vec<Event>) {
    match part.get("type").and_then(Value::as_str) {
        Some("text") => events.extend(text(part, "/text").map(|text| Event::Text(text.to_owned()))),
        Some("thinking") => match part.get("thinking") {
            Some(Value::Array(pieces)) => events.extend(
                pieces
                    .iter()
                    .filter_map(|piece| text(piece, "/text"))
                    .map(|text| Event::Reasoning(text.to_owned())),
            ),
            _ => events.extend(text(part, "/thinking").map(|text| Event::Reasoning(text.to_owned()))),
        },
        _ => {}
    }
}

fn is_error(chunk: &Value) -> bool {
    ["/error", "/choices/0/error", "/x_groq/error"].iter().any(|pointer| has_error(chunk, pointer))
        || text(chunk, "/object") == Some("error")
        || text(chunk, "/type") == Some("error")
}

/// Reasons that say the answer is not whole, `error` by OpenRouter and Mistral, the last by DeepSeek.
fn is_broken(reason: &str) -> bool {
    matches!(reason, "error" | "network_error" | "abort" | "insufficient_system_resource")
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "content_filter" => Finish::Filtered,
        "refusal" => Finish::Refused,
        _ => Finish::Other,
    }
}

fn usage(chunk: &Value) -> Option<Usage> {
    let places = ["/usage", "/x_groq/usage", "/choices/0/usage"];
    let usage = places.iter().find_map(|place| chunk.pointer(place).filter(|usage| usage.is_object()))?;
    let prompt = count(usage, "/prompt_tokens");
    let cache_read =
        count(usage, "/prompt_tokens_details/cached_tokens").max(count(usage, "/prompt_cache_hit_tokens"));
    let cache_write = count(usage, "/prompt_tokens_details/cache_write_tokens");
    let completion = count(usage, "/completion_tokens");
    let reasoning = count(usage, "/completion_tokens_details/reasoning_tokens");
    // xAI counts reasoning beside the completion; the total tells.
    let beside = reasoning > 0 && count(usage, "/total_tokens") == prompt + completion + reasoning;
    Some(Usage {
        input: prompt.saturating_sub(cache_read + cache_write),
        cache_read,
        cache_write,
        output: if beside { completion + reasoning } else { completion },
        reasoning,
    })
}
