//! Looks at a language model's GGUF file without loading it: is it whole, can it answer, how much memory does it take.

use std::collections::HashMap;
use std::path::Path;

use tonny_core::model::LanguageNeeds;

use super::cursor::Cursor;
use super::fault::ModelFault;
use super::gguf_index::{self, Value};

/// Kinds of GGUF that answer no question: pictures, projections, embeddings, voices.
const NO_CHAT: [&str; 16] = [
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "neo-bert",
    "modern-bert",
    "gemma-embedding",
    "clip",
    "mmproj",
    "t5encoder",
    "wavtokenizer-dec",
    "sd1",
    "sdxl",
    "flux",
    "whisper",
];

/// Bytes of a number in the attention cache, twice: keys and values are kept in 16 bits each.
const CACHE_NUMBER: u64 = 2;

/// Reads the index.
pub fn needs(path: &Path) -> Result<LanguageNeeds, ModelFault> {
    let mut cursor = Cursor::open(path)?;
    let magic = if cursor.left() < 4 { 0 } else { cursor.u32()? };
    if magic != gguf_index::MAGIC {
        return Err(ModelFault::NoLanguageModel {
            path: path.to_owned(),
            why: "it is not a GGUF file".to_owned(),
        });
    }
    let mut keys: HashMap<String, Value> = HashMap::new();
    let tensors = gguf_index::read(&mut cursor, |key, value| {
        if value != Value::Other && !key.starts_with("tokenizer.ggml.t") {
            keys.insert(key.to_owned(), value);
        }
    })?;
    let text = |key: &str| match keys.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let architecture = text("general.architecture").unwrap_or_default();
    let is_speech = keys.keys().any(|key| key.starts_with("stt."));
    if architecture.is_empty() || is_speech || NO_CHAT.contains(&architecture.as_str()) {
        let what = if architecture.is_empty() { "it names no architecture" } else { "its kind is" };
        return Err(ModelFault::NoLanguageModel {
            path: path.to_owned(),
            why: format!("{what} {architecture}").trim_end().to_owned(),
        });
    }
    let bytes = tensors.check(&mut cursor)?;
    let of = |key: &str| keys.get(&format!("{architecture}.{key}"));
    let cache_per_token = cache(&of);
    let name = text("general.name").filter(|name| !name.trim().is_empty());
    Ok(LanguageNeeds { name, weights: bytes, cache_per_token, architecture })
}

/// Keys and values of all layers for one token. Models with few heads for keys and values say how many, some for each layer.
fn cache<'a>(of: &impl Fn(&str) -> Option<&'a Value>) -> u64 {
    let number = |key: &str| match of(key) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let layers = number("block_count").unwrap_or_default().min(1_000);
    let heads = number("attention.head_count").unwrap_or_default();
    let head = number("embedding_length").unwrap_or_default().checked_div(heads).unwrap_or_default();
    let wide =
        number("attention.key_length").unwrap_or(head) + number("attention.value_length").unwrap_or(head);
    let in_all_layers = match of("attention.head_count_kv") {
        Some(Value::Number(number)) => number.saturating_mul(layers),
        Some(Value::Numbers(numbers)) => numbers.iter().fold(0, |sum: u64, heads| sum.saturating_add(*heads)),
        _ => heads.saturating_mul(layers),
    };
    in_all_layers.saturating_mul(wide).saturating_mul(CACHE_NUMBER)
}
