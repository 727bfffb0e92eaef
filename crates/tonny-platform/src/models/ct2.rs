//! Reads the `model.bin` of a CTranslate2 model (binary versions 4 and later): an index first, weights when asked for.
//!
//! The layout, little endian: version u32, spec name, revision u32, weight count u32; per weight its name, rank u8, dims
//! u32 each, type u8, byte count u32, bytes; then a count u32 of aliases, each a pair of names. A name is a u16 length
//! that includes a closing zero byte. Only one weight is in memory at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::cursor::Cursor;
use super::fault::ModelFault;

/// Version 4 is the first to write a type and a byte count instead of an item size.
const OLDEST: u32 = 4;
/// Room for versions to come: the layout has not changed from 4 to 6. Anything above is another kind of file.
const NEWEST: u32 = 64;
/// Far above any real model (Whisper large has about 1,300 weights and aliases); bounds what a broken file can make us do.
const MOST_WEIGHTS: u32 = 1 << 16;

/// How a weight's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    I8,
    I16,
    I32,
    F16,
    Bf16,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Kind::F32, Kind::I8, Kind::I16, Kind::I32, Kind::F16, Kind::Bf16].get(usize::from(byte)).copied()
    }

    fn bytes(self) -> usize {
        match self {
            Kind::I8 => 1,
            Kind::I16 | Kind::F16 | Kind::Bf16 => 2,
            Kind::F32 | Kind::I32 => 4,
        }
    }
}

#[derive(Clone, Debug)]
struct Weight {
    dims: Vec<usize>,
    kind: Kind,
    offset: u64,
}

/// An open `model.bin`.
pub struct Ct2Model {
    path: PathBuf,
    file: File,
    weights: HashMap<String, Weight>,
}

impl Ct2Model {
    /// Reads the index and checks that every weight lies inside the file.
    pub fn open(path: &Path) -> Result<Self, ModelFault> {
        let mut cursor = Cursor::open(path)?;
        let weights = read_index(&mut cursor)?;
        Ok(Self { path: path.to_owned(), file: cursor.into_file(), weights })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is such a weight.
    pub fn has(&self, name: &str) -> bool {
        self.weights.contains_key(name)
    }

    /// The weight's shape, outermost dimension first.
    pub fn dims(&self, name: &str) -> Result<&[usize], ModelFault> {
        Ok(&self.weight(name)?.dims)
    }

    /// One more than the highest N of `<side>/layer_N/...`.
    pub fn layers(&self, side: &str) -> usize {
        let numbers = self.weights.keys().filter_map(|name| {
            let rest = name.strip_prefix(side)?.strip_prefix("/layer_")?;
            rest.split('/').next()?.parse::<usize>().ok()
        });
        numbers.max().map_or(0, |last| last + 1)
    }

    /// Rows of the outermost dimension as 16 bit floats, little endian. What is 16 bit already is not touched.
    pub fn half_rows(&mut self, name: &str, rows: Range<usize>) -> Result<Vec<u8>, ModelFault> {
        if self.weight(name)?.kind == Kind::F16 {
            return self.raw_rows(name, rows);
        }
        let values = self.float_values(name, rows)?;
        let mut halves = vec![f16::ZERO; values.len()];
        halves.convert_from_f32_slice(&values);
        Ok(halves.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Rows of the outermost dimension as 32 bit floats, little endian.
    pub fn float_rows(&mut self, name: &str, rows: Range<usize>) -> Result<Vec<u8>, ModelFault> {
        Ok(self.float_values(name, rows)?.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn float_values(&mut self, name: &str, rows: Range<usize>) -> Result<Vec<f32>, ModelFault> {
        let weight = self.weight(name)?;
        let (kind, total_rows) = (weight.kind, weight.dims.first().copied().unwrap_or(1));
        let raw = self.raw_rows(name, rows.clone())?;
        let mut values: Vec<f32> = match kind {
            Kind::F32 => raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Kind::I8 => raw.iter().map(|byte| f32::from(*byte as i8)).collect(),
            Kind::I16 => {
                raw.as_chunks().0.iter().map(|bytes| f32::from(i16::from_le_bytes(*bytes))).collect()
            }
            Kind::I32 => raw.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes) as f32).collect(),
            Kind::F16 => raw.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
            Kind::Bf16 => {
                let bf16 = |bytes: &[u8; 2]| half::bf16::from_le_bytes(*bytes).to_f32();
                raw.as_chunks().0.iter().map(bf16).collect()
            }
        };
        let scale_name = format!("{name}_scale");
        if matches!(kind, Kind::I8 | Kind::I16) && self.has(&scale_name) {
            self.divide(&scale_name, &mut values, rows, total_rows)?;
        }
        Ok(values)
    }

    /// Quantised weights are stored multiplied: by one scale per row (8 bit), or one in all (16 bit).
    fn divide(
        &mut self,
        scale_name: &str,
        values: &mut [f32],
        rows: Range<usize>,
        total_rows: usize,
    ) -> Result<(), ModelFault> {
        let count: usize = self.dims(scale_name)?.iter().product();
        let all = self.dims(scale_name)?.first().copied().unwrap_or(1);
        let scales = self.float_values(scale_name, 0..all)?;
        if rows.is_empty() || values.is_empty() {
            return Ok(());
        }
        let per_row = values.len() / rows.len();
        for (row, chunk) in rows.zip(values.chunks_mut(per_row)) {
            let scale = if count == total_rows { scales.get(row) } else { scales.first() };
            let scale = *scale.ok_or_else(|| self.missing(scale_name))?;
            chunk.iter_mut().for_each(|value| *value /= scale);
        }
        Ok(())
    }

    fn raw_rows(&mut self, name: &str, rows: Range<usize>) -> Result<Vec<u8>, ModelFault> {
        let weight = self.weight(name)?;
        let (total_rows, inner) = match weight.dims.split_first() {
            Some((first, rest)) => (*first, rest.iter().product::<usize>()),
            None => (1, 1),
        };
        if rows.end > total_rows {
            return Err(self.missing(name));
        }
        let row_bytes = inner * weight.kind.bytes();
        let start = weight.offset + (rows.start * row_bytes) as u64;
        let mut raw = vec![0; rows.len() * row_bytes];
        let sought = self.file.seek(SeekFrom::Start(start));
        sought.and_then(|_| self.file.read_exact(&mut raw)).map_err(ModelFault::io(&self.path))?;
        Ok(raw)
    }

    fn weight(&self, name: &str) -> Result<&Weight, ModelFault> {
        self.weights.get(name).ok_or_else(|| self.missing(name))
    }

    /// The fault of a weight that is not there, or not as it must be.
    pub fn missing(&self, name: &str) -> ModelFault {
        ModelFault::Weight { path: self.path.clone(), name: name.to_owned() }
    }
}

fn read_index(cursor: &mut Cursor) -> Result<HashMap<String, Weight>, ModelFault> {
    let version = cursor.u32()?;
    if !(OLDEST..=NEWEST).contains(&version) {
        return Err(cursor.broken("not a CTranslate2 model of a known version"));
    }
    if read_name(cursor)? != "WhisperSpec" {
        return Err(cursor.broken("not a Whisper model"));
    }
    let _revision = cursor.u32()?;
    let mut weights = HashMap::new();
    for _ in 0..read_count(cursor)? {
        let (name, weight) = read_weight(cursor)?;
        weights.insert(name, weight);
    }
    for _ in 0..read_count(cursor)? {
        let (alias, name) = (read_name(cursor)?, read_name(cursor)?);
        if let Some(weight) = weights.get(&name).cloned() {
            weights.insert(alias, weight);
        }
    }
    Ok(weights)
}

fn read_weight(cursor: &mut Cursor) -> Result<(String, Weight), ModelFault> {
    let name = read_name(cursor)?;
    let rank = cursor.bytes::<1>()?[0];
    let dims = (0..rank).map(|_| cursor.u32().map(|dim| dim as usize)).collect::<Result<Vec<_>, _>>()?;
    let kind = Kind::of(cursor.bytes::<1>()?[0]);
    let kind = kind.ok_or_else(|| cursor.broken("a weight of an unknown number type"))?;
    let bytes = u64::from(cursor.u32()?);
    let numbers = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
    if numbers.and_then(|count| count.checked_mul(kind.bytes())).map(|count| count as u64) != Some(bytes) {
        return Err(cursor.broken("a weight's size does not fit its shape"));
    }
    let offset = cursor.at();
    cursor.skip(bytes)?;
    Ok((name, Weight { dims, kind, offset }))
}

fn read_count(cursor: &mut Cursor) -> Result<u32, ModelFault> {
    match cursor.u32()? {
        count if count > MOST_WEIGHTS => Err(cursor.broken("too many weights")),
        count => Ok(count),
    }
}

fn read_name(cursor: &mut Cursor) -> Result<String, ModelFault> {
    let len = u16::from_le_bytes(cursor.bytes()?);
    let mut name = cursor.text(u64::from(len))?;
    if name.pop() != Some('\0') {
        return Err(cursor.broken("a name has no end"));
    }
    Ok(name)
}
