//! What was said before: pages of rows, and what can be done with one of them.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tonny_store::{Filter, Hit, Outcome, Page, Search, Store, Utterance, UtteranceState};

use super::App;
use super::ask::{Answer, Message};
use super::export::{ExportText, ExportWish, export};
use crate::activity::{ActivityPage, ActivityQuery, Did};
use crate::history_files::Offset;
use crate::problem::{Code, Problem, quoted};
use crate::statistics::{StatisticsQuery, StatisticsView};

/// How long a deletion can be taken back; longer than the window shows its Undo.
pub(super) const UNDO: Duration = Duration::from_secs(10);

/// Rows per page at most: more than a screen, less than a noticeable wait.
const PAGE_MAX: u32 = 500;

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HistoryQuery {
    /// Words or beginnings of words; everything when empty.
    pub text: String,
    /// The `next` of the page before.
    pub before: Option<String>,
    /// Rows wanted, 1 to 500.
    pub limit: u32,
    /// Only rows that fit.
    #[serde(default)]
    pub filter: HistoryFilter,
}

/// Only rows that fit all of these; everything where nothing is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct HistoryFilter {
    /// Spoken then or later, RFC 3339 or a date.
    pub since: Option<String>,
    /// Spoken before then.
    pub until: Option<String>,
    /// Under this profile.
    pub profile: Option<String>,
    /// Sent this way.
    pub route: Option<String>,
    /// Heard by this engine.
    pub engine: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Spoken by this person.
    pub speaker: Option<String>,
}

impl HistoryFilter {
    pub(super) fn of_rows(&self) -> Result<Filter, Problem> {
        let moment = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => crate::history_files::utc_ms(text)
                .map(Some)
                .ok_or_else(|| Problem::with(Code::RequestInvalid, format!("{} is no time", quoted(text)))),
        };
        let state = match &self.state {
            None => None,
            Some(name) => {
                Some(UtteranceState::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(
                    || Problem::with(Code::RequestInvalid, format!("{} is no state", quoted(name))),
                )?)
            }
        };
        Ok(Filter {
            since_ms: moment(&self.since)?,
            until_ms: moment(&self.until)?,
            profile: self.profile.clone(),
            route: self.route.clone(),
            engine: self.engine.clone(),
            state,
            speaker: self.speaker.clone(),
        })
    }
}

/// Some rows, newest first; the latest entered first when searching.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HistoryPage {
    /// The rows.
    pub rows: Vec<HistoryRow>,
    /// Asks for the rows after these; absent on the last page.
    pub next: Option<String>,
    /// Rows in the whole history.
    pub total: u32,
}

/// One utterance as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HistoryRow {
    /// Its id.
    pub id: String,
    /// When the key went down, RFC 3339 in UTC.
    pub started_at: String,
    /// The words; empty when there are none.
    pub text: String,
    /// The words before any clean-up.
    pub raw_text: Option<String>,
    /// How far it got.
    pub state: String,
    /// Where its words went.
    pub route: String,
    /// The engine that heard it.
    pub engine: Option<String>,
    /// The model that heard it.
    pub model: Option<String>,
    /// The language heard, ISO 639-1.
    pub language: Option<String>,
    /// "paste" or "type".
    pub inserted_by: Option<String>,
    /// Class of the window it went to.
    pub target: Option<String>,
    /// What went wrong.
    pub error_code: Option<String>,
    /// What went wrong, in a sentence.
    pub error_message: Option<String>,
    /// Length of the recording, ms.
    pub audio_ms: Option<u32>,
    /// Whether the recording is kept.
    pub has_audio: bool,
    /// Found again after a crash.
    pub recovered: bool,
    /// Under which profile.
    pub profile: Option<String>,
    /// Who spoke.
    pub speaker: Option<String>,
    /// How sure the engine was, 0 to 1.
    pub confidence: Option<f64>,
    /// Whether the webhook took it; absent where none was asked or it has not answered.
    pub success: Option<bool>,
    /// Stages in ms since the press.
    pub timings_ms: BTreeMap<String, u32>,
    /// Parts of `text` that match the search, as UTF-16 offsets.
    pub matches: Vec<(u32, u32)>,
}

/// What can be asked of the history.
#[allow(missing_docs, reason = "each is documented at the handle's method")]
pub enum HistoryAsk {
    List(HistoryQuery, Answer<Result<HistoryPage, Problem>>),
    Get(String, Answer<Result<HistoryRow, Problem>>),
    Delete(String, Answer<Result<(), Problem>>),
    Restore(String, Answer<Result<(), Problem>>),
    Retry(String, Option<String>, Answer<Result<(), Problem>>),
    Recording(String, Answer<Result<Vec<u8>, Problem>>),
    BringBack(String, Answer<Result<(), Problem>>),
    Copy(String, Answer<Result<(), Problem>>),
    Export(ExportWish, Offset, Answer<Result<ExportText, Problem>>),
    Activity(ActivityQuery, Answer<Result<ActivityPage, Problem>>),
    Statistics(StatisticsQuery, Offset, Answer<Result<StatisticsView, Problem>>),
}

impl App {
    pub(super) async fn history(&mut self, ask: HistoryAsk) {
        match ask {
            HistoryAsk::List(query, reply) => self.list_history(query, reply),
            HistoryAsk::Get(id, reply) => {
                _ = reply.send(row(&self.parts.store, &id).await.map(|row| history_row(row, &[])))
            }
            HistoryAsk::Delete(id, reply) => {
                self.deletions.insert(id, self.parts.clock.now() + UNDO);
                self.history_version += 1;
                let _ = reply.send(Ok(()));
            }
            HistoryAsk::Restore(id, reply) => {
                let found = self.deletions.remove(&id).is_some();
                self.history_version += 1;
                let _ = reply.send(if found { Ok(()) } else { Err(Problem::of(Code::NotFound)) });
            }
            HistoryAsk::Retry(id, model, reply) => _ = reply.send(self.begin_retry(&id, model).await),
            HistoryAsk::Recording(id, reply) => {
                let (places, secrets) = (self.places(), self.parts.secrets.clone());
                self.tasks.spawn(async move {
                    let _ = reply.send(super::retry::playable(&places, &secrets, &id).await);
                });
            }
            HistoryAsk::BringBack(id, reply) => _ = reply.send(self.bring_back(&id).await),
            HistoryAsk::Copy(id, reply) => self.copy(id, reply),
            ask => self.read_history(ask),
        }
    }

    fn list_history(&mut self, query: HistoryQuery, reply: Answer<Result<HistoryPage, Problem>>) {
        // Whoever reads the history has seen what was found again.
        self.recovered.clear();
        self.typable.clear();
        let (store, hidden) = (self.parts.store.clone(), self.deletions.clone());
        let (version, handle) = (self.history_version, self.handle.clone());
        let known = self.counted.filter(|(of, _)| *of == version).map(|(_, total)| total);
        self.tasks.spawn(async move {
            let total = match known {
                Some(total) => Ok(total),
                None => count(&store).await,
            };
            let listed = match total {
                Ok(total) => page(&store, &query, &hidden, total).await,
                Err(problem) => Err(problem),
            };
            let counted = listed.as_ref().ok().map(|page| page.total).filter(|_| known.is_none());
            let _ = reply.send(listed);
            if let Some(total) = counted {
                handle.send(Message::Counted(version, total)).await;
            }
        });
    }

    /// Questions that only read, each in a task of its own.
    fn read_history(&self, ask: HistoryAsk) {
        let (store, hidden) = (self.parts.store.clone(), self.deletions.clone());
        let (activity, now_ms) = (self.activity.clone(), crate::utc_ms(self.parts.clock.utc()));
        self.tasks.spawn(async move {
            match ask {
                HistoryAsk::Export(wish, offset, reply) => {
                    let text = export(&store, &wish, &hidden, offset).await;
                    let count = text.as_ref().map_or(0, |text| text.count);
                    activity.tried(Did::Exported(count.into(), wish.form.extension()), &text);
                    let _ = reply.send(text);
                }
                HistoryAsk::Activity(query, reply) => {
                    let _ = reply.send(crate::activity::list(&store, &query).await);
                }
                HistoryAsk::Statistics(query, offset, reply) => {
                    let _ = reply.send(crate::statistics::view(&store, &query, offset, now_ms).await);
                }
                // The rest changes something, and was answered before.
                _ => {}
            }
        });
    }

    fn copy(&self, id: String, reply: Answer<Result<(), Problem>>) {
        let (store, insertion) = (self.parts.store.clone(), self.parts.insertion.clone());
        self.tasks.spawn(async move {
            let copied = match row(&store, &id).await {
                Ok(row) => tokio::task::spawn_blocking(move || insertion.copy(&row.text.unwrap_or_default()))
                    .await
                    .map_err(|e| Problem::with(Code::InsertFailed, e))
                    .flatten(),
                Err(problem) => Err(problem),
            };
            let _ = reply.send(copied);
        });
    }

    /// Carries out deletions whose time to be taken back is over.
    pub(super) async fn delete_expired(&mut self, now: Instant) {
        let due: Vec<String> =
            self.deletions.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect();
        if due.is_empty() {
            return;
        }
        due.iter().for_each(|id| _ = self.deletions.remove(id));
        self.delete_all(due).await;
        self.empty_log();
    }

    pub(super) async fn delete_all(&mut self, ids: Vec<String>) {
        let places = self.places();
        for id in ids {
            let deleted = super::storage::remove(&places, &id).await;
            self.activity.tried(Did::Deleted(id), &deleted);
            if let Err(problem) = deleted {
                tracing::warn!(code = problem.code, "a deleted utterance stayed behind");
                self.problem = Some(problem);
            }
        }
    }

    /// A cancelled utterance counts as spoken after all; it goes into no window.
    async fn bring_back(&mut self, id: &str) -> Result<(), Problem> {
        let row = row(&self.parts.store, id).await?;
        if row.state != UtteranceState::Cancelled {
            return Err(Problem::with(Code::NotFound, "It was not cancelled"));
        }
        if self.retries.is_under_way(id) {
            return Err(Problem::of(Code::UnderWay));
        }
        self.history_version += 1;
        if row.text.is_none() && row.audio_file.is_some() {
            self.retranscribe(id);
            return Ok(());
        }
        let outcome = Outcome { timings: row.timings, ..Outcome::of(UtteranceState::Kept) };
        self.parts.store.utterances().finish(id, &outcome).await.map_err(|error| crate::store_problem(&error))
    }
}

/// One row; an unknown id is told.
pub(super) async fn row(store: &Store, id: &str) -> Result<Utterance, Problem> {
    match store.utterances().get(id).await {
        Ok(Some(row)) => Ok(row),
        Ok(None) => Err(Problem::with(Code::NotFound, format!("Its id was {id:?}"))),
        Err(error) => Err(crate::store_problem(&error)),
    }
}

/// One page of the history. Shared with the terminal face, which reads without a running app.
pub async fn list(
    store: &Store,
    query: &HistoryQuery,
    hidden: &HashMap<String, Instant>,
) -> Result<HistoryPage, Problem> {
    page(store, query, hidden, count(store).await?).await
}

async fn count(store: &Store) -> Result<u32, Problem> {
    let count = store.utterances().count().await.map_err(|error| crate::store_problem(&error))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn page(
    store: &Store,
    query: &HistoryQuery,
    hidden: &HashMap<String, Instant>,
    total: u32,
) -> Result<HistoryPage, Problem> {
    let limit = query.limit.clamp(1, PAGE_MAX);
    let filter = query.filter.of_rows()?;
    let utterances = store.utterances();
    let failed = |error| crate::store_problem(&error);
    let (mut rows, next): (Vec<HistoryRow>, _) = if query.text.trim().is_empty() {
        let before = query.before.as_deref().and_then(|cursor| {
            let (ms, id) = cursor.split_once(':')?;
            Some((ms.parse().ok()?, id.to_owned()))
        });
        let found = utterances.list(&Page { before, limit, filter }).await.map_err(failed)?;
        let next = found.last().filter(|_| found.len() == limit as usize);
        let next = next.map(|last| format!("{}:{}", last.started_at_ms, last.id));
        (found.into_iter().map(|row| history_row(row, &[])).collect(), next)
    } else {
        let before = query.before.as_deref().and_then(|cursor| cursor.parse().ok());
        let search = Search { text: query.text.clone(), before, limit, filter };
        let found = utterances.search(&search).await.map_err(failed)?;
        let next = found.last().filter(|_| found.len() == limit as usize);
        let next = next.map(|last| last.utterance.seq.to_string());
        (
            found
                .into_iter()
                .map(|Hit { utterance, snippet }| {
                    let words: Vec<String> =
                        snippet.into_iter().filter(|piece| piece.found).map(|piece| piece.text).collect();
                    history_row(utterance, &words)
                })
                .collect(),
            next,
        )
    };
    rows.retain(|row| !hidden.contains_key(&row.id));
    Ok(HistoryPage { rows, next, total })
}

/// A stored row as people see it; `words` are the parts of its text to mark.
pub fn history_row(row: Utterance, words: &[String]) -> HistoryRow {
    let text = row.text.unwrap_or_default();
    let started = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.started_at_ms) * 1_000_000);
    let started = started.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    HistoryRow {
        started_at: started.format(&time::format_description::well_known::Rfc3339).unwrap_or_default(),
        matches: matches(&text, words),
        text,
        raw_text: row.raw_text,
        state: row.state.as_str().to_owned(),
        route: row.route,
        engine: row.engine,
        model: row.model,
        language: row.language,
        inserted_by: row.inserted_by,
        target: row.target_class,
        error_code: row.error_code,
        error_message: row.error_message,
        audio_ms: row.audio_ms.and_then(|ms| u32::try_from(ms).ok()),
        has_audio: row.audio_file.is_some(),
        recovered: row.recovered,
        profile: row.profile,
        speaker: row.speaker,
        confidence: row.confidence,
        success: row.success,
        timings_ms: super::utterance::timings_ms(&row.timings),
        id: row.id,
    }
}

/// Every place of `words` in `text`, as UTF-16 offsets (what a web view counts in), in order, not overlapping.
fn matches(text: &str, words: &[String]) -> Vec<(u32, u32)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        found.extend(text.match_indices(word.as_str()).map(|(start, word)| (start, start + word.len())));
    }
    found.sort_unstable();
    let mut end = 0;
    found.retain(|(from, to)| {
        let keep = *from >= end;
        if keep {
            end = *to;
        }
        keep
    });
    let utf16 = |byte: usize| u32::try_from(text[..byte].encode_utf16().count()).unwrap_or(u32::MAX);
    found.into_iter().map(|(from, to)| (utf16(from), utf16(to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_counted_as_a_web_view_counts() {
        let words = ["naïve".to_owned(), "café".to_owned(), "naïve".to_owned()];
        assert_eq!(matches("🎉 naïve café, naïve", &words), [(3, 8), (9, 13), (15, 20)]);
    }
}
