//! Google's `streamGenerateContent`. There is no end mark: the chunk with a finish reason is the end.
//!
//! A prompt that was blocked has no candidate at all; the chunk with the block reason is then the end.

use serde_json::{Value, json};

use super::json::{base64, count, has, has_error, listed, parts, sampling, segment, text};
use super::{ListedModel, Reader, Step, Wire};
use crate::chat::{ChatRequest, Event, Finish, Message, Part, Role, Usage};
use crate::framing::Framing;
use crate::provider::Provider;

/// Lists name models as resources.
const RESOURCE: &str = "models/";

/// Fills [`Wire`].
pub struct Gemini;

impl Wire for Gemini {
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn chat_path(&self, model: &str) -> String {
        let id = model.strip_prefix(RESOURCE).unwrap_or(model);
        format!("/{RESOURCE}{}:streamGenerateContent?alt=sse", segment(id))
    }

    fn body(&self, request: &ChatRequest, _provider: &Provider) -> Value {
        let mut body = json!({ "contents": request.messages.iter().map(content).collect::<Vec<_>>() });
        if let Some(system) = &request.system {
            body["systemInstruction"] = json!({ "parts": [{ "text": system }] });
        }
        let sampling = sampling(request, "maxOutputTokens", "temperature");
        if !sampling.is_empty() {
            body["generationConfig"] = Value::Object(sampling);
        }
        body
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Chunks)
    }

    fn models(&self, list: &Value) -> Option<Vec<ListedModel>> {
        let entries = list.get("models")?.as_array()?.iter();
        let chats = entries.filter(|entry| match entry.get("supportedGenerationMethods") {
            Some(Value::Array(methods)) => methods.iter().any(|method| method == "generateContent"),
            _ => true,
        });
        let chats: Value = chats.cloned().collect();
        let mut models =
            listed(Some(&chats), "/name", &["/displayName"], &["/inputTokenLimit"], &["/outputTokenLimit"])?;
        for model in &mut models {
            model.id = model.id.strip_prefix(RESOURCE).unwrap_or(&model.id).to_owned();
        }
        Some(models)
    }
}

fn content(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "model",
    };
    let parts = parts(message).map(|part| match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image { media_type, bytes } => {
            json!({ "inlineData": { "mimeType": media_type, "data": base64(bytes) } })
        }
    });
    json!({ "role": role, "parts": parts.collect::<Vec<_>>() })
}

/// Each chunk stands for itself.
struct Chunks;

impl Reader for Chunks {
    fn read(&mut self, _name: &str, chunk: &Value, events: &mut Vec<Event>) -> Step {
        if has_error(chunk, "/error") {
            return Step::Broken;
        }
        let parts = chunk.pointer("/candidates/0/content/parts").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let Some(said) = text(part, "/text") else { continue };
            let is_thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
            let event = if is_thought { Event::Reasoning } else { Event::Text };
            events.push(event(said.to_owned()));
        }
        events.extend(chunk.get("usageMetadata").filter(|usage| usage.is_object()).map(usage));
        if let Some(reason) = text(chunk, "/candidates/0/finishReason").and_then(finish) {
            return Step::Done(reason);
        }
        if has(chunk, "/promptFeedback/blockReason") { Step::Done(Finish::Filtered) } else { Step::More }
    }
}

fn usage(counters: &Value) -> Event {
    let cache_read = count(counters, "/cachedContentTokenCount");
    let reasoning = count(counters, "/thoughtsTokenCount");
    let prompt = count(counters, "/promptTokenCount") + count(counters, "/toolUsePromptTokenCount");
    Event::Usage(Usage {
        input: prompt.saturating_sub(cache_read),
        cache_read,
        cache_write: 0,
        output: count(counters, "/candidatesTokenCount") + reasoning,
        reasoning,
    })
}

/// `None` for the reason that says there is none yet.
fn finish(reason: &str) -> Option<Finish> {
    Some(match reason {
        "FINISH_REASON_UNSPECIFIED" => return None,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            Finish::Filtered
        }
        _ => Finish::Other,
    })
}
