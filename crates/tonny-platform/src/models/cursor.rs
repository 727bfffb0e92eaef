//! Reads a weights file's index from front to back, little endian, never past the file's end.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::fault::ModelFault;

/// A place in an open file.
pub struct Cursor {
    path: PathBuf,
    reader: BufReader<File>,
    at: u64,
    len: u64,
}

impl Cursor {
    /// Opens the file at its start.
    pub fn open(path: &Path) -> Result<Self, ModelFault> {
        let file = File::open(path).map_err(ModelFault::io(path))?;
        let len = file.metadata().map_err(ModelFault::io(path))?.len();
        Ok(Self { path: path.to_owned(), reader: BufReader::with_capacity(1 << 16, file), at: 0, len })
    }

    /// Bytes from the start.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Bytes to the end.
    pub fn left(&self) -> u64 {
        self.len - self.at
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ModelFault> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A 32 bit number.
    pub fn u32(&mut self) -> Result<u32, ModelFault> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// A 64 bit number.
    pub fn u64(&mut self) -> Result<u64, ModelFault> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// Text of `len` bytes; what is not UTF-8 is replaced.
    pub fn text(&mut self, len: u64) -> Result<String, ModelFault> {
        if len > self.left() {
            return Err(self.broken("the file ends in the middle of its index"));
        }
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Passes over `count` bytes that must be there.
    pub fn skip(&mut self, count: u64) -> Result<(), ModelFault> {
        if count > self.left() {
            return Err(self.broken("the file is shorter than its weights"));
        }
        self.reader.seek_relative(count.cast_signed()).map_err(ModelFault::io(&self.path))?;
        self.at += count;
        Ok(())
    }

    /// The fault of this file.
    pub fn broken(&self, why: &'static str) -> ModelFault {
        ModelFault::broken(&self.path, why)
    }

    /// The open file, for reading what the index points to.
    pub fn into_file(self) -> File {
        self.reader.into_inner()
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ModelFault> {
        if (bytes.len() as u64) > self.left() {
            return Err(self.broken("the file ends in the middle of its index"));
        }
        self.reader.read_exact(bytes).map_err(ModelFault::io(&self.path))?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
