//! Writes GGUF version 3 files: keys and values, tensor index, tensors; hashed as they are written.
//!
//! The layout is ggml's docs/gguf.md. The index says where each tensor will lie, so shapes must be known before the first
//! number is; the numbers then follow one tensor at a time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::fault::ModelFault;

/// GGUF's default alignment of tensors.
const ALIGNMENT: u64 = 32;

/// A value of the header. The numbers are GGUF's value types.
pub enum Value {
    /// Type 4.
    U32(u32),
    /// Type 7.
    Bool(bool),
    /// Type 8.
    Text(String),
    /// Type 9 of 5.
    Ints(Vec<i32>),
    /// Type 9 of 8.
    Texts(Vec<String>),
}

/// How a tensor's numbers are stored; the numbers are ggml's tensor types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 32 bit floats.
    F32 = 0,
    /// 16 bit floats.
    F16 = 1,
}

/// One tensor to come.
pub struct TensorShape {
    /// Its name.
    pub name: String,
    /// Outermost dimension first; written the other way round, as ggml counts.
    pub dims: Vec<usize>,
    /// How its numbers are stored.
    pub numbers: Numbers,
}

impl TensorShape {
    fn bytes(&self) -> u64 {
        let size = if self.numbers == Numbers::F32 { 4 } else { 2 };
        self.dims.iter().product::<usize>() as u64 * size
    }
}

/// A file being written.
pub struct GgufWriter {
    path: PathBuf,
    out: BufWriter<File>,
    hash: Sha256,
    at: u64,
}

impl GgufWriter {
    /// Creates the file and writes everything up to the first tensor.
    pub fn create(
        path: &Path,
        values: &[(String, Value)],
        shapes: &[TensorShape],
    ) -> Result<Self, ModelFault> {
        let file = super::folder::create_file(path)?;
        let out = BufWriter::with_capacity(1 << 20, file);
        let mut writer = Self { path: path.to_owned(), out, hash: Sha256::new(), at: 0 };
        let mut header = b"GGUF".to_vec();
        header.extend(3_u32.to_le_bytes());
        header.extend((shapes.len() as u64).to_le_bytes());
        header.extend((values.len() as u64).to_le_bytes());
        for (key, value) in values {
            put_value(&mut header, key, value);
        }
        let mut offset = 0;
        for shape in shapes {
            put_text(&mut header, &shape.name);
            header.extend((shape.dims.len() as u32).to_le_bytes());
            for dim in shape.dims.iter().rev() {
                header.extend((*dim as u64).to_le_bytes());
            }
            header.extend((shape.numbers as u32).to_le_bytes());
            header.extend(u64::to_le_bytes(offset));
            offset += shape.bytes().next_multiple_of(ALIGNMENT);
        }
        writer.put(&header)?;
        Ok(writer)
    }

    /// The next tensor's numbers, in the order of the shapes.
    pub fn tensor(&mut self, bytes: &[u8]) -> Result<(), ModelFault> {
        self.put(bytes)
    }

    /// Size in bytes and hex SHA-256 of the finished file.
    pub fn finish(mut self) -> Result<(u64, String), ModelFault> {
        let flushed = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        flushed.map_err(ModelFault::io(&self.path))?;
        Ok((self.at, format!("{:x}", self.hash.finalize())))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ModelFault> {
        let end = self.at + bytes.len() as u64;
        let padding = (end.next_multiple_of(ALIGNMENT) - end) as usize;
        for piece in [bytes, &[0; ALIGNMENT as usize][..padding]] {
            self.hash.update(piece);
            self.out.write_all(piece).map_err(ModelFault::io(&self.path))?;
        }
        self.at = end + padding as u64;
        Ok(())
    }
}

fn put_value(out: &mut Vec<u8>, key: &str, value: &Value) {
    put_text(out, key);
    let kind: u32 = match value {
        Value::U32(_) => 4,
        Value::Bool(_) => 7,
        Value::Text(_) => 8,
        Value::Ints(_) | Value::Texts(_) => 9,
    };
    out.extend(kind.to_le_bytes());
    match value {
        Value::U32(number) => out.extend(number.to_le_bytes()),
        Value::Bool(yes) => out.push(u8::from(*yes)),
        Value::Text(text) => put_text(out, text),
        Value::Ints(numbers) => {
            put_array(out, 5, numbers.len());
            numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        }
        Value::Texts(texts) => {
            put_array(out, 8, texts.len());
            texts.iter().for_each(|text| put_text(out, text));
        }
    }
}

fn put_array(out: &mut Vec<u8>, kind: u32, len: usize) {
    out.extend(kind.to_le_bytes());
    out.extend((len as u64).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
