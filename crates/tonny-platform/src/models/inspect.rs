//! Looks at a weights file without loading it: is it whole, which family, which window.
//!
//! Knows the two forms the speech worker loads: GGUF, and whisper.cpp's older ggml `.bin`. Only the index is read; every
//! tensor it names must lie inside the file.

use std::path::Path;

use super::cursor::Cursor;
use super::fault::ModelFault;

/// "ggml" as a little endian number.
const GGML_MAGIC: u32 = 0x6767_6d6c;
/// "GGUF" as a little endian number.
const GGUF_MAGIC: u32 = 0x4655_4747;
/// Bounds on a broken file's counts; real ones stay below 3,000 tensors, 200 keys and 300,000 tokens.
const MOST: u64 = 1 << 22;
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
        GGUF_MAGIC => gguf(&mut cursor, path),
        GGML_MAGIC => ggml(&mut cursor),
        _ => Err(ModelFault::NotAModel { path: path.to_owned() }),
    }
}

/// The keys of a GGUF that matter here.
#[derive(Default)]
struct Keys {
    architecture: String,
    languages: Vec<String>,
    chunk_s: Option<u32>,
    speech: bool,
    alignment: u64,
}

fn gguf(cursor: &mut Cursor, path: &Path) -> Result<Inspected, ModelFault> {
    if !matches!(cursor.u32()?, 2 | 3) {
        return Err(cursor.broken("a GGUF version that is not known"));
    }
    let (tensors, pairs) = (cursor.u64()?, cursor.u64()?);
    if tensors == 0 || tensors > MOST || pairs > MOST {
        return Err(cursor.broken("a GGUF header that cannot be right"));
    }
    let mut keys = Keys { alignment: 32, ..Keys::default() };
    for _ in 0..pairs {
        pair(cursor, &mut keys)?;
    }
    if !keys.speech {
        return Err(ModelFault::NotAModel { path: path.to_owned() });
    }
    let mut ends = 0;
    for _ in 0..tensors {
        ends = tensor_end(cursor)?.max(ends);
    }
    let data = cursor.at().next_multiple_of(keys.alignment) - cursor.at();
    if data.saturating_add(ends) > cursor.left() {
        return Err(cursor.broken("the file is shorter than its weights"));
    }
    let whisper = keys.architecture == "whisper";
    let window_s = if whisper { keys.chunk_s.unwrap_or(WHISPER_WINDOW_S) } else { 0 };
    Ok(Inspected { family: keys.architecture, languages: keys.languages, window_s, extension: "gguf" })
}

fn pair(cursor: &mut Cursor, keys: &mut Keys) -> Result<(), ModelFault> {
    let key = text(cursor)?;
    let kind = cursor.u32()?;
    keys.speech |= key.starts_with("stt.");
    match (key.as_str(), kind) {
        ("general.architecture", 8) => keys.architecture = text(cursor)?,
        ("stt.frontend.chunk_length", 4) => keys.chunk_s = Some(cursor.u32()?),
        ("general.alignment", 4) => keys.alignment = u64::from(cursor.u32()?).max(1),
        ("general.languages", 9) => {
            let (of, count) = (cursor.u32()?, cursor.u64()?);
            for _ in 0..count.min(MOST) {
                match of {
                    8 => keys.languages.push(text(cursor)?),
                    _ => value(cursor, of, 0)?,
                }
            }
        }
        _ => value(cursor, kind, 0)?,
    }
    Ok(())
}

/// Passes over a value. `depth`: arrays of arrays are allowed, without end they are not.
fn value(cursor: &mut Cursor, kind: u32, depth: u32) -> Result<(), ModelFault> {
    match kind {
        0 | 1 | 7 => cursor.skip(1),
        2 | 3 => cursor.skip(2),
        4..=6 => cursor.skip(4),
        10..=12 => cursor.skip(8),
        8 => text(cursor).map(drop),
        9 if depth < 4 => {
            let (of, count) = (cursor.u32()?, cursor.u64()?);
            if count > MOST {
                return Err(cursor.broken("a GGUF list that cannot be right"));
            }
            (0..count).try_for_each(|_| value(cursor, of, depth + 1))
        }
        _ => Err(cursor.broken("a GGUF value of an unknown type")),
    }
}

/// Where a tensor ends, counted from the start of the data.
fn tensor_end(cursor: &mut Cursor) -> Result<u64, ModelFault> {
    let _name = text(cursor)?;
    let rank = cursor.u32()?;
    if rank > 8 {
        return Err(cursor.broken("a tensor of too many dimensions"));
    }
    let mut numbers = 1_u64;
    for _ in 0..rank {
        numbers = numbers.saturating_mul(cursor.u64()?);
    }
    let (kind, offset) = (cursor.u32()?, cursor.u64()?);
    Ok(offset.saturating_add(size(kind, numbers).unwrap_or(0)))
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
    let bytes = size(kind, numbers).ok_or_else(|| cursor.broken("weights of an unknown number type"))?;
    cursor.skip(bytes)
}

fn text(cursor: &mut Cursor) -> Result<String, ModelFault> {
    let len = cursor.u64()?;
    cursor.text(len)
}

/// Bytes of so many numbers, by ggml's table of types (numbers in a block, bytes of a block).
fn size(kind: u32, numbers: u64) -> Option<u64> {
    let (block, bytes) = match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        24 => (1, 1),
        27 | 28 => (1, 8),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        _ => return None,
    };
    Some(numbers.div_ceil(block).saturating_mul(bytes))
}
