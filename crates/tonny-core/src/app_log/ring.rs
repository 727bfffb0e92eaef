//! The newest records in memory, bounded by number and by bytes. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{AppLogPage, AppLogQuery, AppLogRow, LogLevel, Record};

/// Hours of an ordinary day at info.
const MOST: usize = 2_000;
/// All of them, in bytes: an idle app must stay small.
const BYTES: usize = 1 << 20;
/// A page of the window; the same bound holds for every asker.
const LARGEST_PAGE: usize = 500;

/// The newest records. Old ones go when there are too many, or too long ones.
#[derive(Debug, Default)]
pub struct Ring {
    rows: VecDeque<Arc<AppLogRow>>,
    bytes: usize,
    /// Records so far.
    count: u32,
}

impl Ring {
    /// Takes a record in, and lets old ones go.
    pub fn push(&mut self, record: &Record) {
        // After four thousand million records the numbers start again; by then no old one is left.
        self.count = self.count.wrapping_add(1);
        let row = AppLogRow {
            id: self.count,
            at_ms: record.at_ms as f64,
            level: record.level,
            target: record.target.clone(),
            text: record.text(),
        };
        self.bytes += size(&row);
        self.rows.push_back(Arc::new(row));
        while self.rows.len() > MOST || self.bytes > BYTES {
            let Some(old) = self.rows.pop_front() else { break };
            self.bytes -= size(&old);
        }
    }

    /// What there is, oldest first: quick to take while nobody else may, slow to look through afterwards.
    pub fn rows(&self) -> Vec<Arc<AppLogRow>> {
        self.rows.iter().cloned().collect()
    }
}

/// The rows that a query wants, out of [`Ring::rows`].
pub fn page(rows: &[Arc<AppLogRow>], query: &AppLogQuery) -> AppLogPage {
    let limit = usize::try_from(query.limit).unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
    let text = query.text.to_lowercase();
    let level = query.level.unwrap_or(LogLevel::Trace);
    let has = |row: &AppLogRow| {
        text.is_empty()
            || row.text.to_lowercase().contains(&text)
            || row.target.to_lowercase().contains(&text)
    };
    let wanted = rows.iter().rev().filter(|row| query.before.is_none_or(|before| row.id < before));
    let mut wanted = wanted.filter(|row| row.level <= level && has(row));
    let rows: Vec<AppLogRow> = wanted.by_ref().take(limit).map(|row| (**row).clone()).collect();
    let next = wanted.next().and_then(|_| rows.last()).map(|row| row.id);
    AppLogPage { rows, next }
}

fn size(row: &AppLogRow) -> usize {
    size_of::<AppLogRow>() + row.target.len() + row.text.len()
}

#[cfg(test)]
mod tests {
    use super::super::{Redaction, Said};
    use super::*;

    fn push(ring: &mut Ring, level: LogLevel, message: &str) {
        let said = Said { message: message.to_owned(), fields: vec![("n", "1".to_owned())] };
        ring.push(&Redaction::default().record(5, level, "tonny_core", said));
    }

    fn texts(ring: &Ring, query: &AppLogQuery) -> Vec<String> {
        page(&ring.rows(), query).rows.into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn number_and_bytes_are_bounded_and_the_newest_stay() {
        let mut ring = Ring::default();
        let redaction = Redaction::default();
        for number in 0..MOST + 10 {
            let said = Said { message: number.to_string(), fields: Vec::new() };
            ring.push(&redaction.record(5, LogLevel::Info, "t", said));
        }
        assert_eq!(ring.rows.len(), MOST);
        assert_eq!(ring.rows.back().unwrap().text, (MOST + 9).to_string());
        for _ in 0..300 {
            let said = Said { message: "x".repeat(8_000), fields: Vec::new() };
            ring.push(&redaction.record(5, LogLevel::Info, "t", said));
        }
        assert!(ring.bytes <= BYTES && ring.rows.len() < 140, "{} in {}", ring.bytes, ring.rows.len());
        assert_eq!(ring.bytes, ring.rows.iter().map(|row| size(row)).sum::<usize>());
    }

    #[test]
    fn a_query_narrows_by_level_and_text_and_goes_page_by_page() {
        let mut ring = Ring::default();
        for (level, message) in [
            (LogLevel::Info, "one"),
            (LogLevel::Debug, "two"),
            (LogLevel::Error, "Three"),
            (LogLevel::Warn, "four"),
        ] {
            push(&mut ring, level, message);
        }
        let all = AppLogQuery { limit: 10, ..AppLogQuery::default() };
        assert_eq!(texts(&ring, &all), ["four n=1", "Three n=1", "two n=1", "one n=1"]);
        assert_eq!(page(&ring.rows(), &all).next, None);
        let bad = AppLogQuery { level: Some(LogLevel::Warn), ..all.clone() };
        assert_eq!(texts(&ring, &bad), ["four n=1", "Three n=1"]);
        let named = AppLogQuery { text: "tHR".to_owned(), ..all.clone() };
        assert_eq!(texts(&ring, &named), ["Three n=1"]);
        let by_target = AppLogQuery { text: "CORE".to_owned(), ..all.clone() };
        assert_eq!(texts(&ring, &by_target).len(), 4);
        let first = page(&ring.rows(), &AppLogQuery { limit: 3, ..all.clone() });
        assert_eq!((first.rows.len(), first.next), (3, Some(2)));
        assert_eq!(texts(&ring, &AppLogQuery { before: first.next, ..all.clone() }), ["one n=1"]);
        assert_eq!(texts(&ring, &AppLogQuery { limit: 0, ..all }), ["four n=1"]);
    }
}
