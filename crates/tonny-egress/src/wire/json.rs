//! Reading JSON that others write: a field that is missing, null or of another type is simply not there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::ListedModel;
use crate::cost::{Cost, Price, Rates};

/// Tokens that a rate is for.
const MILLION: u128 = 1_000_000;
use crate::chat::{ChatRequest, Message, Part};

/// The text at `pointer`, if there is any.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The number at `pointer`; what is not there is 0.
pub fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// Whether something other than null stands at `pointer`.
pub fn has(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|value| !value.is_null())
}

/// Whether an error stands at `pointer`. Gateways that fill in every field write an empty one where there is none.
pub fn has_error(value: &Value, pointer: &str) -> bool {
    match value.pointer(pointer) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(_) => true,
    }
}

/// The bytes of a picture as text.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// All text of a message, for formats that want it in one piece.
pub fn joined(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// The parts that say something: formats with blocks refuse empty ones.
pub fn parts(message: &Message) -> impl Iterator<Item = &Part> {
    message.parts.iter().filter(|part| !matches!(part, Part::Text(text) if text.is_empty()))
}

/// The sampling that the request asks for, under the names of a format.
pub fn sampling(request: &ChatRequest, max_tokens: &str, temperature: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(most) = request.max_tokens {
        fields.insert(max_tokens.to_owned(), json!(most));
    }
    if let Some(value) = request.temperature {
        // Through text, so that 0.7 is not sent as 0.699999988079071.
        let value: f64 = value.to_string().parse().unwrap_or(f64::from(value));
        fields.insert(temperature.to_owned(), json!(value));
    }
    fields
}

/// A model's id as one segment of a path: ids come from lists and settings, and some have slashes and colons.
pub fn segment(id: &str) -> String {
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte))
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

/// What a list says of a price: dollars for one token, as text (OpenRouter), or for a million where it says so (NanoGPT).
/// Nothing where it says less than all of it, or has a fee for each request, which nobody here would count.
fn price(entry: &Value) -> Option<Price> {
    let pricing = entry.get("pricing")?;
    let tokens = match pricing.get("unit") {
        None => MILLION,
        Some(unit) => (unit == "per_million_tokens").then_some(1)?,
    };
    let rate = |name: &str| -> Option<Cost> {
        let amount: Cost = match pricing.get(name)? {
            Value::String(dollars) => dollars.parse().ok()?,
            // A bare number for one token would be a float that has lost its last places.
            Value::Number(dollars) if tokens == 1 => dollars.to_string().parse().ok()?,
            _ => return None,
        };
        amount.as_pico().checked_mul(tokens).map(Cost::pico)
    };
    if pricing.get("request").is_some() && rate("request") != Some(Cost::ZERO) {
        return None;
    }
    let rates = Rates {
        input: rate("prompt")?,
        output: rate("completion")?,
        cache_read: rate("input_cache_read"),
        cache_write_5m: rate("input_cache_write"),
        cache_write_1h: None,
        reasoning: rate("internal_reasoning").filter(|rate| *rate > Cost::ZERO),
    };
    Some(Price { rates, tiers: Vec::new() })
}

/// The models of a list, with the names under which lists say a model's id, name, window and longest answer.
pub fn listed(
    entries: Option<&Value>,
    id: &str,
    name: &[&str],
    window: &[&str],
    output: &[&str],
) -> Option<Vec<ListedModel>> {
    let number = |entry: &Value, pointers: &[&str]| {
        pointers.iter().find_map(|pointer| entry.pointer(pointer)?.as_u64().filter(|number| *number > 0))
    };
    let models = entries?.as_array()?.iter().filter_map(|entry| {
        Some(ListedModel {
            id: text(entry, id)?.to_owned(),
            name: name.iter().find_map(|pointer| text(entry, pointer)).map(str::to_owned),
            window: number(entry, window),
            output: number(entry, output),
            retires: text(entry, "/shutdown_date").and_then(|day| day.parse().ok()),
            price: price(entry),
        })
    });
    Some(models.collect())
}
