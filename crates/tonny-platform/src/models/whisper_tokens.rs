//! Whisper's tokens from a faster-whisper folder: `tokenizer.json` and `config.json` as the GGUF wants them.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::fault::ModelFault;
use super::gguf::Value;

/// Whisper's English-only vocabularies end one token before this.
const MULTILINGUAL: usize = 51_865;
/// The timestamps `<|0.00|>` to `<|30.00|>` close the vocabulary, 20 ms apart.
const TIMESTAMPS: usize = 1_501;
/// GGUF's token types: a normal piece of text, and a control token.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;

/// Everything about tokens.
pub struct Tokens {
    /// By id.
    texts: Vec<String>,
    merges: Vec<String>,
    end_of_text: u32,
    /// transcribe-cpp's key, and the id.
    pub special: Vec<(&'static str, u32)>,
    /// Never spoken: symbols and the like.
    pub suppressed: Vec<i32>,
    /// Never first.
    pub suppressed_first: Vec<i32>,
    /// ISO 639-1 codes, by id.
    pub languages: Vec<String>,
    /// Knows more than English.
    pub multilingual: bool,
}

#[derive(Deserialize)]
struct TokenizerFile {
    model: TokenizerModel,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct TokenizerModel {
    vocab: HashMap<String, usize>,
    merges: Vec<Merge>,
}

/// Written as "a b" by older tokenizers, as a pair by newer ones.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Line(String),
    Pair(String, String),
}

#[derive(Deserialize)]
struct AddedToken {
    content: String,
    id: usize,
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    suppress_ids: Vec<i32>,
    #[serde(default)]
    suppress_ids_begin: Vec<i32>,
}

impl Tokens {
    /// Reads the folder's two files for a model of `vocabulary` tokens.
    pub fn read(folder: &Path, vocabulary: usize) -> Result<Self, ModelFault> {
        let path = folder.join("tokenizer.json");
        let tokenizer: TokenizerFile = read_json(&path, "not a tokenizer")?;
        let config: ConfigFile =
            read_json(&folder.join("config.json"), "not a faster-whisper configuration")?;
        let mut ids = tokenizer.model.vocab;
        ids.extend(tokenizer.added_tokens.into_iter().map(|token| (token.content, token.id)));
        let id = |name: &str| match ids.get(&format!("<|{name}|>")) {
            Some(id) => Ok(*id as u32),
            None => Err(ModelFault::broken(&path, "a token of Whisper is missing")),
        };
        let special = [
            ("decoder_start", id("startoftranscript")?),
            ("sot", id("startoftranscript")?),
            ("no_timestamps", id("notimestamps")?),
            ("transcribe", id("transcribe")?),
            ("translate", id("translate")?),
            ("prev_sot", id("startofprev")?),
        ];
        let end_of_text = id("endoftext")?;
        let multilingual = vocabulary >= MULTILINGUAL;
        let languages = if multilingual { languages(&ids) } else { vec!["en".to_owned()] };
        let mut texts: Vec<String> = (0..vocabulary).map(|id| timestamp(id, vocabulary)).collect();
        for (text, id) in ids {
            if let Some(place) = texts.get_mut(id) {
                *place = text;
            }
        }
        let merge = |merge| match merge {
            Merge::Line(line) => line,
            Merge::Pair(left, right) => format!("{left} {right}"),
        };
        Ok(Self {
            texts,
            merges: tokenizer.model.merges.into_iter().map(merge).collect(),
            end_of_text,
            special: special.to_vec(),
            suppressed: config.suppress_ids,
            suppressed_first: config.suppress_ids_begin,
            languages,
            multilingual,
        })
    }

    /// The GGUF's tokenizer keys.
    pub fn values(&self, put: &mut impl FnMut(&str, Value)) {
        let kinds = self.texts.iter().map(|text| if is_control(text) { CONTROL } else { NORMAL });
        put("tokenizer.ggml.model", Value::Text("gpt2".to_owned()));
        put("tokenizer.ggml.pre", Value::Text("gpt-2".to_owned()));
        put("tokenizer.ggml.tokens", Value::Texts(self.texts.clone()));
        put("tokenizer.ggml.token_type", Value::Ints(kinds.collect()));
        put("tokenizer.ggml.merges", Value::Texts(self.merges.clone()));
        for key in ["bos", "eos", "unknown"] {
            put(&format!("tokenizer.ggml.{key}_token_id"), Value::U32(self.end_of_text));
        }
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path, why: &'static str) -> Result<T, ModelFault> {
    let bytes = std::fs::read(path).map_err(ModelFault::io(path))?;
    serde_json::from_slice(&bytes).map_err(|_| ModelFault::broken(path, why))
}

/// The two to four small letters between `<|` and `|>`; Whisper's other control tokens are longer.
fn languages(ids: &HashMap<String, usize>) -> Vec<String> {
    let code = |text: &str| {
        let inner = text.strip_prefix("<|")?.strip_suffix("|>")?;
        let fits = (1..=4).contains(&inner.len()) && inner.bytes().all(|letter| letter.is_ascii_lowercase());
        fits.then(|| inner.to_owned())
    };
    let mut found: Vec<(usize, String)> =
        ids.iter().filter_map(|(text, id)| Some((*id, code(text)?))).collect();
    found.sort();
    found.into_iter().map(|(_, code)| code).collect()
}

fn timestamp(id: usize, vocabulary: usize) -> String {
    let steps = id as f64 - (vocabulary as f64 - TIMESTAMPS as f64);
    format!("<|{:.2}|>", steps * 0.02)
}

fn is_control(text: &str) -> bool {
    text.starts_with("<|") && text.ends_with("|>")
}
