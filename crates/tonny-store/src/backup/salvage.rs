//! Reads rows out of a damaged file, page by page, without asking SQLite.
//!
//! A table's rows lie in its leaf pages; when a page above them is broken, SQLite finds none of them, but they are all
//! still there. So every page that looks like a leaf is read, the write-ahead log's newer copies first, and each record
//! that fits a table's columns is taken (`salvage/rows.rs`). The formats are <https://www.sqlite.org/fileformat.html>, sections 1.6, 2.1
//! and 4. Freed pages hold nothing: this store overwrites what it deletes.

mod columns;
mod rows;
mod talks;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rows::Salvaged;
pub(super) use rows::{InOrder, SalvagedProfile};

/// Type byte of a table's leaf page.
const LEAF: u8 = 0x0d;

/// Longer texts than any row may have: a broken length must not ask for all memory.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;

/// What a column can hold.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Whole(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn read(path: &Path, log: &Path) -> InOrder {
    let Ok(file) = fs::read(path) else { return InOrder::default() };
    let pages = Pages::of(file, &fs::read(log).unwrap_or_default());
    let mut found = Salvaged::default();
    for number in 1..=pages.count() {
        for (seq, record) in pages.records(number) {
            found.take(seq, &record);
        }
    }
    found.in_order()
}

/// The file's pages with the log's over them.
struct Pages {
    file: Vec<u8>,
    size: usize,
    newer: HashMap<usize, Vec<u8>>,
}

impl Pages {
    fn of(file: Vec<u8>, log: &[u8]) -> Self {
        // A broken header says nothing about the size; 4096 is what SQLite makes.
        let size = match file.get(16..18).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]]))) {
            Some(1) => 65_536,
            Some(size) if size.is_power_of_two() && size >= 512 => size,
            _ => 4_096,
        };
        let mut newer = HashMap::new();
        let mut uncommitted = Vec::new();
        for frame in log.get(32..).unwrap_or_default().chunks_exact(24 + size) {
            // A frame of an older round of the log has another salt.
            if frame.get(8..16) != log.get(16..24) {
                break;
            }
            uncommitted.push((four(frame, 0), frame[24..].to_vec()));
            if four(frame, 4) > 0 {
                newer.extend(uncommitted.drain(..));
            }
        }
        Pages { file, size, newer }
    }

    fn count(&self) -> usize {
        self.newer.keys().copied().max().unwrap_or(0).max(self.file.len() / self.size)
    }

    fn page(&self, number: usize) -> Option<&[u8]> {
        if let Some(page) = self.newer.get(&number) {
            return Some(page);
        }
        let at = number.checked_sub(1)? * self.size;
        self.file.get(at..at + self.size)
    }

    /// The records of a leaf page; of any other page none.
    fn records(&self, number: usize) -> Vec<(i64, Vec<Value>)> {
        let Some(page) = self.page(number) else { return Vec::new() };
        let head = if number == 1 { 100 } else { 0 };
        if page.get(head) != Some(&LEAF) {
            return Vec::new();
        }
        let cells = usize::from(u16::from_be_bytes([page[head + 3], page[head + 4]]));
        let cell = |n: usize| {
            let at = head + 8 + n * 2;
            let at = usize::from(u16::from_be_bytes([*page.get(at)?, *page.get(at + 1)?]));
            self.record(page.get(at..)?)
        };
        (0..cells).map_while(|n| (n < self.size).then_some(n)).filter_map(cell).collect()
    }

    fn record(&self, cell: &[u8]) -> Option<(i64, Vec<Value>)> {
        let (length, a) = varint(cell)?;
        let (seq, b) = varint(cell.get(a..)?)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_RECORD)?;
        let body = cell.get(a + b..)?;
        let most = self.size - 35;
        if length <= most {
            return Some((seq, columns(body.get(..length)?)?));
        }
        let least = (self.size - 12) * 32 / 255 - 23;
        let here = least + (length - least) % (self.size - 4);
        let here = if here <= most { here } else { least };
        let mut record = body.get(..here)?.to_vec();
        let mut next = four(body.get(here..here + 4)?, 0);
        while record.len() < length {
            let page = self.page(next)?;
            let part = (length - record.len()).min(self.size - 4);
            record.extend_from_slice(page.get(4..4 + part)?);
            next = four(page, 0);
        }
        Some((seq, columns(&record)?))
    }
}

fn four(bytes: &[u8], at: usize) -> usize {
    let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
    four.map_or(0, |four| u32::from_be_bytes(four) as usize)
}

/// A number of 1 to 9 bytes, and how many they are.
fn varint(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value: u64 = 0;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        if n == 8 {
            return Some((((value << 8) | u64::from(*byte)).cast_signed(), 9));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), n + 1));
        }
    }
    None
}

fn columns(record: &[u8]) -> Option<Vec<Value>> {
    let (head, mut at) = varint(record)?;
    let head = usize::try_from(head).ok()?;
    let mut body = head;
    let mut values = Vec::new();
    while at < head {
        let (kind, length) = varint(record.get(at..head)?)?;
        at += length;
        let (value, length) = value(kind, record.get(body..)?)?;
        body += length;
        values.push(value);
    }
    Some(values)
}

fn value(kind: i64, body: &[u8]) -> Option<(Value, usize)> {
    let whole = |bytes: usize| {
        let part = body.get(..bytes)?;
        let first = if part[0] & 0x80 == 0 { 0_i64 } else { -1 };
        Some((Value::Whole(part.iter().fold(first, |value, byte| (value << 8) | i64::from(*byte))), bytes))
    };
    match kind {
        0 => Some((Value::Null, 0)),
        1..=4 => whole(usize::try_from(kind).ok()?),
        5 => whole(6),
        6 => whole(8),
        7 => Some((Value::Real(f64::from_be_bytes(body.get(..8)?.try_into().ok()?)), 8)),
        8 => Some((Value::Whole(0), 0)),
        9 => Some((Value::Whole(1), 0)),
        kind if kind >= 13 && kind % 2 == 1 => {
            let length = usize::try_from((kind - 13) / 2).ok()?;
            Some((Value::Text(String::from_utf8(body.get(..length)?.to_vec()).ok()?), length))
        }
        kind if kind >= 12 => {
            let length = usize::try_from((kind - 12) / 2).ok()?;
            body.get(..length).map(|bytes| (Value::Bytes(bytes.to_vec()), length))
        }
        _ => None,
    }
}
