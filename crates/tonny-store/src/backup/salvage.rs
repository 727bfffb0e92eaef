//! Reads utterances out of a damaged file, page by page, without asking SQLite.
//!
//! A table's rows lie in its leaf pages; when a page above them is broken, SQLite finds none of them, but they are all
//! still there. So every page that looks like a leaf is read, the write-ahead log's newer copies first, and each record
//! that fits the table's columns is taken. The formats are <https://www.sqlite.org/fileformat.html>, sections 1.6, 2.1
//! and 4. Freed pages hold nothing: this store overwrites what it deletes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::{SettingsRow, Timings, Utterance, UtteranceState};

/// Type byte of a table's leaf page.
const LEAF: u8 = 0x0d;

/// Longer texts than any row may have: a broken length must not ask for all memory.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;

/// Columns stored for an utterance in schema 2, and in schema 1.
const COLUMNS: (usize, usize) = (29, 23);

/// What a column can hold, as far as utterances need it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Whole(i64),
    Real(f64),
    Text(String),
    Other,
}

/// What could be read.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    /// Every utterance whose leaf page can be read, in the order of entry; a row that is there twice, in its last form.
    pub(super) utterances: Vec<Utterance>,
    pub(super) settings: Option<SettingsRow>,
}

pub(super) fn read(path: &Path, log: &Path) -> Salvaged {
    let Ok(file) = fs::read(path) else { return Salvaged::default() };
    let pages = Pages::of(file, &fs::read(log).unwrap_or_default());
    let mut found: HashMap<String, Utterance> = HashMap::new();
    let mut latest = None;
    for number in 1..=pages.count() {
        for (seq, record) in pages.records(number) {
            if let Some(row) = utterance(seq, &record) {
                found.insert(row.id.clone(), row);
            } else if let Some(row) = settings(seq, &record) {
                latest = latest.filter(|old: &SettingsRow| old.revision > row.revision).or(Some(row));
            }
        }
    }
    let mut utterances: Vec<Utterance> = found.into_values().collect();
    utterances.sort_by_key(|row| row.seq);
    Salvaged { utterances, settings: latest }
}

/// The one row of the settings: its number, the document, and three numbers.
fn settings(seq: i64, record: &[Value]) -> Option<SettingsRow> {
    let [Value::Null, Value::Text(json), Value::Whole(version), Value::Whole(revision), Value::Whole(at)] =
        record
    else {
        return None;
    };
    let fits = seq == 1 && json.starts_with('{');
    fits.then(|| SettingsRow {
        json: json.clone(),
        version: *version,
        revision: *revision,
        updated_at_ms: *at,
    })
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
            body.get(..length).map(|_| (Value::Other, length))
        }
        _ => None,
    }
}

/// The columns of one record, in their order. The outer `None` is one of the wrong kind, the inner one is null.
struct Columns<'a>(std::slice::Iter<'a, Value>);

impl Columns<'_> {
    fn text(&mut self) -> Option<Option<String>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Text(text) => Some(Some(text.clone())),
            _ => None,
        }
    }

    fn whole(&mut self) -> Option<Option<i64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Whole(number) => Some(Some(*number)),
            _ => None,
        }
    }

    fn real(&mut self) -> Option<Option<f64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Real(number) => Some(Some(*number)),
            // A whole number is stored as one, even in a column of reals.
            Value::Whole(number) => Some(Some(*number as f64)),
            _ => None,
        }
    }

    fn state(&mut self) -> Option<UtteranceState> {
        let name = self.text()??;
        UtteranceState::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

fn utterance(seq: i64, record: &[Value]) -> Option<Utterance> {
    let (new, old) = COLUMNS;
    let is_new = record.len() == new;
    // The row's own number is stored as null: it is the key of the page.
    if !(is_new || record.len() == old) || record.first() != Some(&Value::Null) {
        return None;
    }
    let mut columns = Columns(record[1..].iter());
    // Read in the order of the columns, which is the order in which they stand here.
    let mut row = Utterance {
        seq,
        id: columns.text()?.filter(|id| (1..=64).contains(&id.len()))?,
        started_at_ms: columns.whole()??,
        profile: columns.text()?,
        route: columns.text()??,
        state: columns.state()?,
        text: columns.text()?,
        raw_text: columns.text()?,
        confidence: if is_new { columns.real()? } else { None },
        speaker: if is_new { columns.text()? } else { None },
        language: columns.text()?,
        engine: columns.text()?,
        model: columns.text()?,
        target_class: columns.text()?,
        inserted_by: columns.text()?,
        sent_to_webhook: is_new && columns.whole()? == Some(1),
        success: if is_new { columns.whole()?.map(|success| success == 1) } else { None },
        response: if is_new { columns.text()? } else { None },
        error_code: columns.text()?,
        error_message: columns.text()?,
        audio_file: columns.text()?,
        audio_ms: columns.whole()?,
        recovered: columns.whole()? == Some(1),
        timings: Timings {
            first_sample_ms: columns.whole()?,
            release_ms: columns.whole()?,
            last_audio_ms: columns.whole()?,
            final_text_ms: columns.whole()?,
            delivered_ms: columns.whole()?,
        },
        words: 0,
    };
    row.words = crate::utterances::words_in(row.text.as_deref().unwrap_or_default());
    Some(row)
}
