//! The columns of a record that was read out of a damaged file, one after the other and each of the kind it has to be.

use super::Value;
use crate::UtteranceState;

/// The columns of one record, in their order. The outer `None` is one of the wrong kind, the inner one is null.
pub(super) struct Columns<'a>(std::slice::Iter<'a, Value>);

impl<'a> Columns<'a> {
    /// All columns of a record of that many.
    pub(super) fn of(record: &'a [Value], count: usize) -> Option<Self> {
        (record.len() == count).then(|| Self(record.iter()))
    }

    /// As `of`, after the row's own number, which is stored as null: it is the key of the page.
    pub(super) fn after_number(record: &'a [Value], count: usize) -> Option<Self> {
        let mut columns = Self::of(record, count)?;
        (columns.0.next() == Some(&Value::Null)).then_some(columns)
    }

    pub(super) fn text(&mut self) -> Option<Option<String>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Text(text) => Some(Some(text.clone())),
            _ => None,
        }
    }

    pub(super) fn id(&mut self) -> Option<String> {
        self.text()?.filter(|id| (1..=256).contains(&id.len()))
    }

    pub(super) fn bytes(&mut self) -> Option<Option<Vec<u8>>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Bytes(bytes) => Some(Some(bytes.clone())),
            _ => None,
        }
    }

    pub(super) fn whole(&mut self) -> Option<Option<i64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Whole(number) => Some(Some(*number)),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.whole()?.map(|number| number == 1)
    }

    pub(super) fn real(&mut self) -> Option<Option<f64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            Value::Real(number) => Some(Some(*number)),
            // A whole number is stored as one, even in a column of reals.
            Value::Whole(number) => Some(Some(*number as f64)),
            _ => None,
        }
    }

    pub(super) fn state(&mut self) -> Option<UtteranceState> {
        let name = self.text()??;
        UtteranceState::ALL.into_iter().find(|known| known.as_str() == name)
    }
}
