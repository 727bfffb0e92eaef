//! What goes over the wire for a question: address, headers and the exact body, per format; and what comes back as a list.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tonny_egress::chat::{ChatRequest, Message, Part, Role};
use tonny_egress::cost::{Price, Rates};
use tonny_egress::provider::{Key, Period, Provider, Providers};
use tonny_egress::wire::ListedModel;

fn provider(id: &str) -> Provider {
    Providers::bundled().unwrap().get(id).unwrap().clone()
}

/// Instructions, a question with a picture, the beginning of an answer.
fn question(model: &str) -> ChatRequest {
    let picture = Part::Image { media_type: "image/png".to_owned(), bytes: Arc::from(&b"\x89PNG"[..]) };
    ChatRequest {
        model: model.to_owned(),
        system: Some("Be brief.".to_owned()),
        messages: vec![
            Message::text(Role::User, "Hi"),
            Message::text(Role::Assistant, "Hello"),
            Message { role: Role::User, parts: vec![Part::Text("What is it?".to_owned()), picture] },
        ],
        max_tokens: Some(100),
        temperature: Some(0.7),
    }
}

fn body(provider: &Provider, request: &ChatRequest) -> Value {
    serde_json::from_slice(&provider.body(request)).unwrap()
}

#[test]
fn openai() {
    let call = provider("openai").chat("gpt-4o");
    assert_eq!(call.url, "https://api.openai.com/v1/chat/completions");
    assert_eq!(call.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!(
        body(&provider("openai"), &question("gpt-4o")),
        json!({
            "model": "gpt-4o",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": "Hello" },
                { "role": "user", "content": [
                    { "type": "text", "text": "What is it?" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw==" } },
                ] },
            ],
            "stream": true,
            "stream_options": { "include_usage": true },
            "max_completion_tokens": 100,
            "temperature": 0.7,
        })
    );
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let request = ChatRequest {
        model: "m".to_owned(),
        messages: vec![Message::text(Role::User, "Hi")],
        ..ChatRequest::default()
    };
    let user = json!([{ "role": "user", "content": "Hi" }]);
    for (id, expected) in [
        ("mistral", json!({ "model": "m", "messages": user, "stream": true })),
        ("ollama", json!({ "model": "m", "messages": user, "stream": true, "truncate": false })),
        ("gemini", json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] })),
        ("bedrock", json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }] })),
        (
            "anthropic",
            json!({
                "model": "m",
                "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Hi" }] }],
                "stream": true,
                // The format demands one.
                "max_tokens": 8192,
            }),
        ),
    ] {
        assert_eq!(body(&provider(id), &request), expected, "{id}");
    }
}

#[test]
fn the_dialects_differ_as_their_data_says() {
    let most = |id: &str| body(&provider(id), &question("m"));
    assert_eq!(most("groq")["max_completion_tokens"], 100);
    for id in ["xai", "mistral", "deepseek", "openrouter", "nanogpt", "openai-compatible", "llama-server"] {
        assert_eq!(most(id)["max_tokens"], 100, "{id}");
        assert_eq!(most(id).get("stream_options").is_some(), id != "mistral", "{id}");
    }
}

#[test]
fn a_beginning_of_an_answer_is_marked_where_it_must_be() {
    let mut request = question("m");
    request.messages.push(Message::text(Role::Assistant, "It is"));
    let last =
        |id: &str| body(&provider(id), &request)["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last("mistral"), json!({ "role": "assistant", "content": "It is", "prefix": true }));
    assert_eq!(last("llama-server"), json!({ "role": "assistant", "content": "It is" }));
    assert!(provider("llama-server").prefill && !provider("openai").prefill);
}

#[test]
fn anthropic() {
    let call = provider("anthropic").chat("claude-sonnet-4-5");
    assert_eq!(call.url, "https://api.anthropic.com/v1/messages");
    assert!(call.headers.contains(&("anthropic-version".to_owned(), "2023-06-01".to_owned())));
    assert_eq!(
        body(&provider("anthropic"), &question("claude-sonnet-4-5")),
        json!({
            "model": "claude-sonnet-4-5",
            "system": "Be brief.",
            "messages": [
                { "role": "user", "content": [{ "type": "text", "text": "Hi" }] },
                { "role": "assistant", "content": [{ "type": "text", "text": "Hello" }] },
                { "role": "user", "content": [
                    { "type": "text", "text": "What is it?" },
                    { "type": "image", "source": {
                        "type": "base64", "media_type": "image/png", "data": "iVBORw==",
                    } },
                ] },
            ],
            "stream": true,
            "max_tokens": 100,
            "temperature": 0.7,
        })
    );
}

#[test]
fn gemini() {
    let call = provider("gemini").chat("models/gemini-2.5-flash");
    let expected = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    assert_eq!(call.url, expected);
    assert_eq!(
        body(&provider("gemini"), &question("gemini-2.5-flash")),
        json!({
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "contents": [
                { "role": "user", "parts": [{ "text": "Hi" }] },
                { "role": "model", "parts": [{ "text": "Hello" }] },
                { "role": "user", "parts": [
                    { "text": "What is it?" },
                    { "inlineData": { "mimeType": "image/png", "data": "iVBORw==" } },
                ] },
            ],
            "generationConfig": { "maxOutputTokens": 100, "temperature": 0.7 },
        })
    );
}

#[test]
fn bedrock() {
    let here = provider("bedrock").at("https://bedrock-runtime.eu-central-1.amazonaws.com/");
    let mut request = question("anthropic.claude-3-5-sonnet-20241022-v2:0");
    request.messages.push(Message::text(Role::User, "Well?"));
    let call = here.chat(&request.model);
    assert_eq!(
        call.url,
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse-stream"
    );
    assert_eq!(
        body(&here, &request),
        json!({
            "system": [{ "text": "Be brief." }],
            "messages": [
                { "role": "user", "content": [{ "text": "Hi" }] },
                { "role": "assistant", "content": [{ "text": "Hello" }] },
                // Two neighbours of one role became one message.
                { "role": "user", "content": [
                    { "text": "What is it?" },
                    { "image": { "format": "png", "source": { "bytes": "iVBORw==" } } },
                    { "text": "Well?" },
                ] },
            ],
            "inferenceConfig": { "maxTokens": 100, "temperature": 0.7 },
        })
    );
    assert_eq!(here.list(), None);
}

#[test]
fn ollama() {
    let call = provider("ollama").chat("llava");
    assert_eq!(call.url, "http://127.0.0.1:11434/api/chat");
    assert_eq!(
        body(&provider("ollama"), &question("llava")),
        json!({
            "model": "llava",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": "Hello" },
                { "role": "user", "content": "What is it?", "images": ["iVBORw=="] },
            ],
            "stream": true,
            "truncate": false,
            "options": { "num_predict": 100, "temperature": 0.7 },
        })
    );
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    for provider in Providers::bundled().unwrap().iter() {
        assert_eq!(provider.body(&question("m")), provider.body(&question("m")), "{}", provider.id);
    }
}

#[test]
fn a_key_is_in_one_header_and_nowhere_else() {
    let expected = [
        ("openai", "authorization", "Bearer k"),
        ("anthropic", "x-api-key", "k"),
        ("gemini", "x-goog-api-key", "k"),
        ("bedrock", "authorization", "Bearer k"),
        ("ollama", "authorization", "Bearer k"),
        ("llama-server", "authorization", "Bearer k"),
    ];
    for (id, name, value) in expected {
        assert_eq!(provider(id).auth("k"), Some((name.to_owned(), value.to_owned())));
    }
}

#[test]
fn a_model_s_id_cannot_leave_its_place_in_the_address() {
    for id in ["../../admin", "a/b?c=d#e", "a b"] {
        let url = provider("bedrock").chat(id).url;
        assert!(url.ends_with("/converse-stream") && url.matches('/').count() == 5, "{url}");
    }
}

#[test]
fn every_provider_is_whole() {
    let providers = Providers::bundled().unwrap();
    let ids: BTreeSet<&str> = providers.iter().map(|provider| provider.id.as_str()).collect();
    let expected = [
        "anthropic",
        "bedrock",
        "deepseek",
        "gemini",
        "groq",
        "llama-server",
        "mistral",
        "nanogpt",
        "ollama",
        "openai",
        "openai-compatible",
        "openrouter",
        "xai",
    ];
    assert_eq!(ids, expected.into());
    assert_eq!(providers.iter().count(), ids.len(), "an id is there twice");
    for provider in providers.iter() {
        let id = &provider.id;
        assert!(!provider.base.ends_with('/') && !provider.label.is_empty(), "{id}");
        assert_eq!(provider.base.is_empty(), id == "openai-compatible", "{id}");
        assert_eq!(provider.local, provider.base.starts_with("http://127.0.0.1"), "{id}");
        assert!(provider.local || provider.base.is_empty() || provider.base.starts_with("https://"), "{id}");
        // The worker of the app has a token for each of its launches, and no secret that somebody keeps.
        let has_token = id == "llama-server";
        assert_eq!(provider.key == Key::None || has_token, provider.secret.is_none(), "{id}");
        assert_eq!(provider.key == Key::None, provider.auth("k").is_none(), "{id}");
    }
    assert_eq!(provider("groq").limits.requests, Period::Day);
    assert_eq!(provider("xai").limits.requests, Period::Second);
}

/// Provider, its list, and the models in it.
fn lists() -> Vec<(&'static str, Value, Vec<ListedModel>)> {
    let model = |id: &str, name: Option<&str>, window, output| ListedModel {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        window,
        output,
        retires: None,
        price: None,
    };
    let price = |input: &str, output: &str, cache_read: Option<&str>| Price {
        rates: Rates {
            input: input.parse().unwrap(),
            output: output.parse().unwrap(),
            cache_read: cache_read.map(|rate| rate.parse().unwrap()),
            cache_write_5m: None,
            cache_write_1h: None,
            reasoning: None,
        },
        tiers: Vec::new(),
    };
    vec![
        (
            "openai",
            json!({ "object": "list", "data": [
                { "id": "gpt-4o", "object": "model", "owned_by": "system", "shutdown_date": "2027-01-14" },
                { "id": "gpt-6.1-sol", "object": "model", "owned_by": "system", "shutdown_date": null },
                { "id": "odd", "shutdown_date": "soon" },
            ] }),
            vec![
                ListedModel { retires: "2027-01-14".parse().ok(), ..model("gpt-4o", None, None, None) },
                model("gpt-6.1-sol", None, None, None),
                model("odd", None, None, None),
            ],
        ),
        (
            "groq",
            json!({ "data": [{ "id": "x", "context_window": 131072, "max_completion_tokens": 32768 }] }),
            vec![model("x", None, Some(131_072), Some(32_768))],
        ),
        (
            "openrouter",
            json!({ "data": [{ "id": "a/b", "name": "A: B", "context_length": 8192, "pricing": { "prompt": "0" },
                "top_provider": { "max_completion_tokens": null } }] }),
            vec![model("a/b", Some("A: B"), Some(8192), None)],
        ),
        (
            "openrouter",
            json!({ "data": [
                { "id": "dear", "pricing": { "prompt": "0.0000025", "completion": "0.00001", "request": "0", "image": "0.001",
                  "internal_reasoning": "0", "input_cache_read": "0.00000125" } },
                { "id": "free", "pricing": { "prompt": "0", "completion": "0" } },
                { "id": "by request", "pricing": { "prompt": "0", "completion": "0", "request": "0.01" } },
                { "id": "routed", "pricing": { "prompt": "-1", "completion": "-1" } },
                { "id": "float", "pricing": { "prompt": 0.0000025, "completion": 0.00001 } },
            ] }),
            vec![
                ListedModel {
                    price: Some(price("2.5", "10", Some("1.25"))),
                    ..model("dear", None, None, None)
                },
                ListedModel { price: Some(price("0", "0", None)), ..model("free", None, None, None) },
                model("by request", None, None, None),
                model("routed", None, None, None),
                model("float", None, None, None),
            ],
        ),
        (
            "nanogpt",
            json!({ "data": [
                { "id": "a", "pricing": { "prompt": 0.15, "completion": 0.6, "currency": "USD", "unit": "per_million_tokens" } },
                { "id": "b", "pricing": { "prompt": 1, "completion": 2, "unit": "per_second" } },
            ] }),
            vec![
                ListedModel { price: Some(price("0.15", "0.6", None)), ..model("a", None, None, None) },
                model("b", None, None, None),
            ],
        ),
        (
            "llama-server",
            json!({ "models": [], "data": [{ "id": "m.gguf", "meta": { "n_ctx_train": 2048 } }, { "object": "model" }] }),
            vec![model("m.gguf", None, Some(2048), None)],
        ),
        (
            "anthropic",
            json!({ "data": [{ "type": "model", "id": "claude-x", "display_name": "Claude X" }], "has_more": false }),
            vec![model("claude-x", Some("Claude X"), None, None)],
        ),
        (
            "gemini",
            json!({ "models": [
                { "name": "models/gemini-2.5-flash", "displayName": "Flash", "inputTokenLimit": 1048576,
                  "outputTokenLimit": 65536, "supportedGenerationMethods": ["generateContent", "countTokens"] },
                { "name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"] },
            ] }),
            vec![model("gemini-2.5-flash", Some("Flash"), Some(1_048_576), Some(65_536))],
        ),
        (
            "ollama",
            json!({ "models": [{ "name": "llama3.2:latest", "model": "llama3.2:latest", "size": 2019393189 }] }),
            vec![model("llama3.2:latest", None, None, None)],
        ),
    ]
}

#[test]
fn lists_of_models() {
    for (id, list, expected) in lists() {
        assert_eq!(provider(id).listed(list.to_string().as_bytes()), Some(expected), "{id}");
        for no_list in ["", "<html>", "[1", "{\"error\":\"no\"}"] {
            assert_eq!(provider(id).listed(no_list.as_bytes()), None, "{id}: {no_list}");
        }
    }
}

#[test]
fn where_lists_are() {
    let url = |id: &str| provider(id).list().unwrap().url;
    assert_eq!(url("openai"), "https://api.openai.com/v1/models");
    assert_eq!(url("ollama"), "http://127.0.0.1:11434/api/tags");
    assert_eq!(url("nanogpt"), "https://nano-gpt.com/api/v1/models?detailed=true");
    assert_eq!(
        provider("openai-compatible").at(" http://pc:1234/v1/ ").list().unwrap().url,
        "http://pc:1234/v1/models"
    );
}
