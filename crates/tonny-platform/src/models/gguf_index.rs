//! The index of a GGUF file: its keys with their values, and whether every tensor it names lies inside the file.
//!
//! Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use super::cursor::Cursor;
use super::fault::ModelFault;

/// "GGUF" as a little endian number.
pub const MAGIC: u32 = 0x4655_4747;

/// Bounds on a broken file's counts; real ones stay below 3,000 tensors, 200 keys and 300,000 tokens.
const MOST: u64 = 1 << 22;

/// Texts of one list that are kept: languages and tags are a few dozen, vocabularies are not wanted.
const MOST_TEXTS: u64 = 1_000;

/// Numbers of one list that are kept: one for each layer, at most.
const MOST_NUMBERS: u64 = 1_000;

/// A value, as far as anybody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A short list of texts.
    Texts(Vec<String>),
    /// A whole number that is not negative.
    Number(u64),
    /// A short list of such numbers.
    Numbers(Vec<u64>),
    /// Anything else; it was passed over.
    Other,
}

/// What of the index follows the keys.
#[derive(Debug)]
pub struct Tensors {
    count: u64,
    alignment: u64,
}

/// Reads the keys behind the magic number and hands every one over.
pub fn read(cursor: &mut Cursor, mut each: impl FnMut(&str, Value)) -> Result<Tensors, ModelFault> {
    if !matches!(cursor.u32()?, 2 | 3) {
        return Err(cursor.broken("a GGUF version that is not known"));
    }
    let (tensors, pairs) = (cursor.u64()?, cursor.u64()?);
    if tensors == 0 || tensors > MOST || pairs > MOST {
        return Err(cursor.broken("a GGUF header that cannot be right"));
    }
    let mut alignment = 32;
    for _ in 0..pairs {
        let key = text(cursor)?;
        let kind = cursor.u32()?;
        let value = value(cursor, kind, 0)?;
        if let ("general.alignment", Value::Number(number)) = (key.as_str(), &value) {
            alignment = (*number).max(1);
        }
        each(&key, value);
    }
    Ok(Tensors { count: tensors, alignment })
}

impl Tensors {
    /// Whether every one lies inside the file; gives the file's bytes.
    pub fn check(self, cursor: &mut Cursor) -> Result<u64, ModelFault> {
        let mut ends = 0;
        for _ in 0..self.count {
            ends = tensor_end(cursor)?.max(ends);
        }
        let padding = cursor.at().checked_next_multiple_of(self.alignment).map(|at| at - cursor.at());
        match padding.and_then(|padding| padding.checked_add(ends)) {
            Some(data) if data <= cursor.left() => Ok(cursor.at() + cursor.left()),
            _ => Err(cursor.broken("the file is shorter than its weights")),
        }
    }
}

/// `depth`: arrays of arrays are allowed, without end they are not.
fn value(cursor: &mut Cursor, kind: u32, depth: u32) -> Result<Value, ModelFault> {
    match kind {
        0 | 7 => Ok(Value::Number(u64::from(u8::from_le_bytes(cursor.bytes()?)))),
        1 => Ok(u64::try_from(i8::from_le_bytes(cursor.bytes()?)).map_or(Value::Other, Value::Number)),
        2 => Ok(Value::Number(u64::from(u16::from_le_bytes(cursor.bytes()?)))),
        3 => Ok(u64::try_from(i16::from_le_bytes(cursor.bytes()?)).map_or(Value::Other, Value::Number)),
        4 => Ok(Value::Number(u64::from(cursor.u32()?))),
        5 => Ok(u64::try_from(i32::from_le_bytes(cursor.bytes()?)).map_or(Value::Other, Value::Number)),
        6 => cursor.skip(4).map(|()| Value::Other),
        8 => text(cursor).map(Value::Text),
        9 if depth < 4 => list(cursor, depth),
        10 => Ok(Value::Number(cursor.u64()?)),
        11 => Ok(u64::try_from(i64::from_le_bytes(cursor.bytes()?)).map_or(Value::Other, Value::Number)),
        12 => cursor.skip(8).map(|()| Value::Other),
        _ => Err(cursor.broken("a GGUF value of an unknown type")),
    }
}

fn list(cursor: &mut Cursor, depth: u32) -> Result<Value, ModelFault> {
    let (of, count) = (cursor.u32()?, cursor.u64()?);
    if count > MOST {
        return Err(cursor.broken("a GGUF list that cannot be right"));
    }
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for _ in 0..count {
        match value(cursor, of, depth + 1)? {
            Value::Text(text) if count <= MOST_TEXTS => texts.push(text),
            Value::Number(number) if count <= MOST_NUMBERS => numbers.push(number),
            _ => {}
        }
    }
    Ok(match (texts.is_empty(), numbers.is_empty()) {
        (false, _) => Value::Texts(texts),
        (true, false) => Value::Numbers(numbers),
        (true, true) => Value::Other,
    })
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

fn text(cursor: &mut Cursor) -> Result<String, ModelFault> {
    let len = cursor.u64()?;
    cursor.text(len)
}

/// Bytes of so many numbers, by ggml's table of types (numbers in a block, bytes of a block).
pub fn size(kind: u32, numbers: u64) -> Option<u64> {
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
