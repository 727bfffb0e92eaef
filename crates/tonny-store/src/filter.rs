//! Which utterances a list, a search or a count is about, and the SQL for it.
//!
//! The statement is put together from fixed parts, one for each filter that is set; values are always bound, and the
//! parts have numbered places (1 to 7; a statement's own begin at 8), so that a filter left out leaves its number unused.

use serde::{Deserialize, Serialize};

use crate::UtteranceState;
use crate::store::Query;

/// Only the rows that fit all of these; everything where nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Started then or later; UTC, milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Started before then.
    pub until_ms: Option<i64>,
    /// Spoken under this profile.
    pub profile: Option<String>,
    /// Sent this way.
    pub route: Option<String>,
    /// Heard by this engine.
    pub engine: Option<String>,
    /// In this state.
    pub state: Option<UtteranceState>,
    /// Spoken by this person, as the engine named them.
    pub speaker: Option<String>,
}

impl Filter {
    /// ` AND ...` for what is set; places 1 to 7.
    pub(crate) fn conditions(&self) -> String {
        let until = if self.until_ms.is_some() { " AND u.started_at < ?2" } else { "" };
        format!("{}{until}", self.conditions_but_until())
    }

    /// The same for a statement that has an upper bound of its own: of two, SQLite may walk from the wrong one.
    pub(crate) fn conditions_but_until(&self) -> String {
        let parts = [
            (self.since_ms.is_some(), " AND u.started_at >= ?1"),
            (self.profile.is_some(), " AND u.profile = ?3"),
            (self.route.is_some(), " AND u.route = ?4"),
            (self.engine.is_some(), " AND u.engine = ?5"),
            (self.state.is_some(), " AND u.state = ?6"),
            (self.speaker.is_some(), " AND u.speaker = ?7"),
        ];
        parts.into_iter().filter(|(set, _)| *set).map(|(_, part)| part).collect()
    }

    /// Binds all seven places, used or not.
    pub(crate) fn bind<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        query
            .bind(self.since_ms)
            .bind(self.until_ms)
            .bind(&self.profile)
            .bind(&self.route)
            .bind(&self.engine)
            .bind(self.state)
            .bind(&self.speaker)
    }

    /// Every combination of filters, for the test of the plans.
    #[cfg(test)]
    pub(crate) fn every() -> impl Iterator<Item = Filter> {
        (0..128_u8).map(|bits| {
            let text = |bit: u8| (bits & bit != 0).then(|| "x".to_owned());
            Filter {
                since_ms: (bits & 1 != 0).then_some(0),
                until_ms: (bits & 2 != 0).then_some(1),
                profile: text(4),
                route: text(8),
                engine: text(16),
                state: (bits & 32 != 0).then_some(UtteranceState::Kept),
                speaker: text(64),
            }
        })
    }
}
