//! Looks at a speech model's weights file without loading it: is it whole, which family, which window.
//!
//! Knows the two forms the speech worker loads: GGUF, and whisper.cpp's older ggml `.bin`. Only the index is read; every
//! tensor it names must lie inside the file.

use std::path::Path;

use super::cursor::Cursor;
use super::fault::ModelFault;
use super::gguf_index::{self, Value};

/// "ggml" as a little endian number.
const GGML_MAGIC: u32 = 0x6767_6d6c;
/// The encoder's positions a second.
const POSITIONS_A_SECOND: u32 = 50;
/// The first vocabulary size of Whisper that knows more than English.
const MULTILINGUAL: u32 = 51_865;
/// The window of a Whisper file that does not say.
const WHISPER_WINDOW_S: u32 = 30;

/// What a weights file says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Inspected {
    /// "whisper", "parakeet", ...
    pub family: String,
    /// ISO 639-1 codes; empty when the file does not say.
    pub languages: Vec<String>,
    /// Seconds; 0 where the model takes any length.
    pub window_s: u32,
    /// File name extension that fits.
    pub extension: &'static str,
}

/// Reads the index; [`ModelFault::NotAModel`] when it is another kind of file.
pub fn inspect(path: &Path) -> Result<Inspected, ModelFault> {
    let mut cursor = Cursor::open(path)?;
    let magic = if cursor.left() < 4 { 0 } else { cursor.u32()? };
    match magic {
        gguf_index::MAGIC => gguf(&mut cursor, path),
        GGML_MAGIC => ggml(&mut cursor),
        _ => Err(ModelFault::NotAModel { path: path.to_owned() }),
    }
}

fn gguf(cursor: &mut Cursor, path: &Path) -> Result<Inspected, ModelFault> {
    let (mut family, mut languages, mut chunk_s, mut is_speech) = (String::new(), Vec::new(), None, false);
    let tensors = gguf_index::read(cursor, |key, value| {
        is_speech |= key.starts_with("stt.");
        match (key, value) {
            ("general.architecture", Value::Text(text)) => family = text,
            ("general.languages", Value::Texts(texts)) => languages = texts,
            ("stt.frontend.chunk_length", Value::Number(seconds)) => chunk_s = u32::try_from(seconds).ok(),
            _ => {}
        }
    })?;
    if !is_speech {
        return Err(ModelFault::NotAModel { path: path.to_owned() });
    }
    tensors.check(cursor)?;
    let window_s = if family == "whisper" { chunk_s.unwrap_or(WHISPER_WINDOW_S) } else { 0 };
    Ok(Inspected { family, languages, window_s, extension: "gguf" })
}

/// ggml.bin, as whisper.cpp's models/convert-pt-to-ggml.py writes it.
fn ggml(cursor: &mut Cursor) -> Result<Inspected, ModelFault> {
    let mut shape = [0_u32; 11];
    for number in &mut shape {
        *number = cursor.u32()?;
    }
    let [vocabulary, positions, state, ..] = shape;
    // Other programs (voice activity, language models) use the same magic with other numbers behind it.
    if !(40_000..80_000).contains(&vocabulary) || !(1..=3_000).contains(&positions) || state % 64 != 0 {
        return Err(cursor.broken("a ggml file, but not of Whisper"));
    }
    let (mels, bins) = (u64::from(cursor.u32()?), u64::from(cursor.u32()?));
    cursor.skip(mels.saturating_mul(bins).saturating_mul(4))?;
    for _ in 0..cursor.u32()? {
        let len = cursor.u32()?;
        cursor.skip(u64::from(len))?;
    }
    while cursor.left() > 0 {
        ggml_tensor(cursor)?;
    }
    let languages = if vocabulary < MULTILINGUAL { vec!["en".to_owned()] } else { Vec::new() };
    let window_s = positions / POSITIONS_A_SECOND;
    Ok(Inspected { family: "whisper".to_owned(), languages, window_s, extension: "bin" })
}

fn ggml_tensor(cursor: &mut Cursor) -> Result<(), ModelFault> {
    let (rank, name, kind) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    if rank > 4 || name > 256 {
        return Err(cursor.broken("a tensor that cannot be right"));
    }
    let mut numbers = 1_u64;
    for _ in 0..rank {
        numbers = numbers.saturating_mul(u64::from(cursor.u32()?));
    }
    cursor.skip(u64::from(name))?;
    let bytes =
        gguf_index::size(kind, numbers).ok_or_else(|| cursor.broken("weights of an unknown number type"))?;
    cursor.skip(bytes)
}
