//! Who did what, and whether it worked: the activity, written down beside the work and shown by page.
//!
//! What is noted names things, never words: an utterance by its id, a setting by its key, a secret by its kind. The App
//! notes through [`ActivityLog`], which never waits; the terminal writes with [`note`] at the end of its verb.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tonny_store::{ActivityRow, Deed, Deeds, Store, UtteranceState};

use crate::history_files::rfc3339;
use crate::ports::Clock;
use crate::problem::{Code, Problem};
use crate::settings::{Field, Settings, fields};

/// Deeds that wait for the database; a person does a few in a minute. More are left out rather than waited for.
const WAITING: usize = 256;

/// Rows per page at most.
const PAGE_MAX: u32 = 500;

/// The table's limit for a subject, bytes.
const LONGEST_SUBJECT: usize = 1_024;

/// Something TonnyTray did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// An utterance came to its end.
    Utterance(String, UtteranceState),
    /// An utterance that was left unfinished was worked out after all, or cannot be.
    Recovered(String, UtteranceState),
    /// A setting was changed.
    Setting(&'static str),
    /// All settings went back to their defaults.
    SettingsReset,
    /// A model was installed, downloaded or from a file.
    ModelInstalled(String),
    /// A model was deleted.
    ModelRemoved(String),
    /// A worker is not tried again, or only now and then.
    EngineGaveUp(String),
    /// A worker that gave up serves again.
    EngineCameBack(String),
    /// A backup was made.
    BackedUp(String),
    /// The database went back to a backup.
    Restored(String),
    /// So many things over the limits were removed.
    CleanedUp(u32),
    /// Free room of the database went back to the system.
    Vacuumed,
    /// A secret of this kind was set.
    SecretSet(String),
    /// A secret of this kind was deleted.
    SecretCleared(String),
    /// All secrets were deleted.
    SecretsForgotten,
    /// So many utterances or lines came in.
    Imported(u64),
    /// So many utterances went out, in this form.
    Exported(u64, &'static str),
    /// An utterance was deleted.
    Deleted(String),
}

impl Did {
    /// Its name in the table and in filters.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Utterance(_, UtteranceState::Delivered) => "utterance.delivered",
            Self::Utterance(_, UtteranceState::Kept) => "utterance.kept",
            Self::Utterance(_, UtteranceState::Cancelled) => "utterance.cancelled",
            Self::Utterance(..) => "utterance.failed",
            Self::Recovered(..) => "utterance.recovered",
            Self::Setting(_) => "settings.change",
            Self::SettingsReset => "settings.reset",
            Self::ModelInstalled(_) => "model.install",
            Self::ModelRemoved(_) => "model.remove",
            Self::EngineGaveUp(_) => "engine.gave_up",
            Self::EngineCameBack(_) => "engine.came_back",
            Self::BackedUp(_) => "backup.make",
            Self::Restored(_) => "backup.restore",
            Self::CleanedUp(_) => "history.clean_up",
            Self::Vacuumed => "storage.vacuum",
            Self::SecretSet(_) => "secret.set",
            Self::SecretCleared(_) => "secret.clear",
            Self::SecretsForgotten => "secret.forget",
            Self::Imported(_) => "history.import",
            Self::Exported(..) => "history.export",
            Self::Deleted(_) => "history.delete",
        }
    }

    /// As a row. `problem` is why it did not work.
    fn deed(self, at_ms: i64, problem: Option<String>) -> Deed {
        let action = self.action().to_owned();
        // A settled outcome other than delivery is no success, even where nothing went wrong.
        let success = problem.is_none()
            && !matches!(action.as_str(), "utterance.failed" | "engine.gave_up")
            && !matches!(self, Self::Recovered(_, UtteranceState::Failed));
        let (subject, detail) = match self {
            Self::Utterance(name, _)
            | Self::Recovered(name, _)
            | Self::ModelInstalled(name)
            | Self::ModelRemoved(name)
            | Self::EngineGaveUp(name)
            | Self::EngineCameBack(name)
            | Self::BackedUp(name)
            | Self::Restored(name)
            | Self::SecretSet(name)
            | Self::SecretCleared(name)
            | Self::Deleted(name) => (Some(name), None),
            Self::Setting(key) => (Some(key.to_owned()), None),
            Self::CleanedUp(count) => (None, Some(count.to_string())),
            Self::Imported(count) => (None, Some(count.to_string())),
            Self::Exported(count, form) => (Some(form.to_owned()), Some(count.to_string())),
            Self::SettingsReset | Self::SecretsForgotten | Self::Vacuumed => (None, None),
        };
        let subject = subject.map(|text| text[..text.floor_char_boundary(LONGEST_SUBJECT)].to_owned());
        let subject = subject.filter(|text| !text.is_empty());
        Deed { at_ms, profile: None, action, subject, success, error_code: problem, detail }
    }
}

/// The settings that differ, each by its key: values are nobody's business here.
pub fn changes(old: &Settings, new: &Settings) -> Vec<Did> {
    let differs = |field: &&Field| old.get(field.key).ok() != new.get(field.key).ok();
    fields().iter().filter(differs).map(|field| Did::Setting(field.key)).collect()
}

enum Ask {
    Note(Deed),
    Close(oneshot::Sender<()>),
}

/// The App's way to the activity; cheap to clone.
#[derive(Clone)]
pub struct ActivityLog {
    asks: mpsc::Sender<Ask>,
    clock: Arc<dyn Clock>,
}

/// Starts writing down. The caller spawns the future; it ends with [`ActivityLog::close`].
pub fn start(
    store: Store,
    clock: Arc<dyn Clock>,
) -> (ActivityLog, impl Future<Output = ()> + Send + 'static) {
    let (asks, mut inbox) = mpsc::channel(WAITING);
    let run = async move {
        while let Some(ask) = inbox.recv().await {
            match ask {
                Ask::Note(deed) => {
                    if let Err(error) = store.activity().note(&deed).await {
                        tracing::warn!(%error, action = deed.action, "something done was not written down");
                    }
                }
                Ask::Close(done) => {
                    // Fails when nobody waits any more.
                    done.send(()).ok();
                    return;
                }
            }
        }
    };
    (ActivityLog { asks, clock }, run)
}

impl ActivityLog {
    /// Notes something that worked.
    pub fn done(&self, did: Did) {
        self.note(did, None);
    }

    /// Notes something and how it went.
    pub fn tried<T>(&self, did: Did, result: &Result<T, Problem>) {
        self.note(did, result.as_ref().err().map(|problem| problem.code.clone()));
    }

    /// Notes something, and why it did not work.
    pub fn note(&self, did: Did, problem: Option<String>) {
        let deed = did.deed(crate::utc_ms(self.clock.utc()), problem);
        if self.asks.try_send(Ask::Note(deed)).is_err() {
            tracing::warn!("something done was not written down: too much is waiting");
        }
    }

    /// Writes what is waiting. To be given a deadline.
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.asks.send(Ask::Close(done)).await.is_ok() {
            wait.await.ok();
        }
    }
}

/// Notes something before it is done, then does it, and mends the note where that fails: for what must come after every
/// write that it is about, the note of itself included.
pub async fn noted_before<T>(
    store: &Store,
    now: time::OffsetDateTime,
    did: Did,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let noted = store.activity().note_before(&did.deed(crate::utc_ms(now), None)).await;
    let done = work.await;
    let mended = match (&noted, &done) {
        (Ok(seq), Err(problem)) => store.activity().failed(*seq, &problem.code).await,
        _ => Ok(()),
    };
    if let Err(error) = noted.map(drop).and(mended) {
        tracing::warn!(%error, "something done was not written down");
    }
    done
}

/// Writes down what the terminal did. That it cannot be written is no reason for the verb to fail.
pub async fn note(store: &Store, now: time::OffsetDateTime, did: Did) {
    if let Err(error) = store.activity().note(&did.deed(crate::utc_ms(now), None)).await {
        tracing::warn!(%error, "something done was not written down");
    }
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct ActivityQuery {
    /// Of this kind, such as `settings.change`; all when absent.
    pub action: Option<String>,
    /// Done then or later, RFC 3339 or a date.
    pub since: Option<String>,
    /// The `next` of the page before.
    pub before: Option<String>,
    /// Entries wanted, 1 to 500.
    pub limit: u32,
}

/// Some entries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ActivityPage {
    /// The entries.
    pub rows: Vec<ActivityEntry>,
    /// Asks for those after these; absent on the last page.
    pub next: Option<String>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ActivityEntry {
    /// Its number, as text.
    pub id: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// By whom.
    pub profile: Option<String>,
    /// What was done.
    pub action: String,
    /// What it was done to: an id, a key, a file's name.
    pub subject: Option<String>,
    /// Whether it worked.
    pub success: bool,
    /// Why it did not.
    pub error_code: Option<String>,
    /// A number, or a sentence of an old log.
    pub detail: Option<String>,
}

/// One page. Shared with the terminal, which reads without a running app.
pub async fn list(store: &Store, query: &ActivityQuery) -> Result<ActivityPage, Problem> {
    let limit = query.limit.clamp(1, PAGE_MAX);
    let no_time = |text: &String| Problem::with(Code::RequestInvalid, format!("{text:?} is no time"));
    let since =
        query.since.as_ref().map(|text| crate::history_files::utc_ms(text).ok_or_else(|| no_time(text)));
    let since = since.transpose()?.unwrap_or(i64::MIN);
    let before = query.before.as_deref().and_then(|cursor| {
        let (at, seq) = cursor.split_once(':')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    });
    let which = query.action.clone().map_or(Deeds::All, Deeds::OfAction);
    let found =
        store.activity().list(&which, before, limit).await.map_err(|error| crate::store_problem(&error))?;
    let is_full = found.len() == limit as usize;
    let next = found.last().filter(|last| is_full && last.at_ms >= since);
    let next = next.map(|last| format!("{}:{}", last.at_ms, last.seq));
    let rows = found.into_iter().filter(|row| row.at_ms >= since).map(entry).collect();
    Ok(ActivityPage { rows, next })
}

fn entry(row: ActivityRow) -> ActivityEntry {
    ActivityEntry {
        id: row.seq.to_string(),
        at: rfc3339(row.at_ms),
        profile: row.profile,
        action: row.action,
        subject: row.subject,
        success: row.success,
        error_code: row.error_code,
        detail: row.detail,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn utc(&self) -> time::OffsetDateTime {
            time::OffsetDateTime::UNIX_EPOCH + time::Duration::hours(12)
        }
    }

    #[test]
    fn a_changed_setting_is_named_and_its_value_is_not() {
        let old = Settings::default();
        let new = old
            .with("models.package_index", serde_json::json!("https://user:secret@example.org"))
            .expect("fits");
        let deeds: Vec<_> = changes(&old, &new).into_iter().map(|did| did.deed(0, None)).collect();
        assert_eq!(deeds.len(), 1);
        assert_eq!(
            (deeds[0].subject.as_deref(), deeds[0].detail.as_deref()),
            (Some("models.package_index"), None)
        );
        assert_eq!(changes(&old, &old), []);
    }

    #[tokio::test]
    async fn what_is_noted_is_there_by_page_and_by_kind() {
        let store = Store::in_memory().await.expect("store");
        let (log, run) = start(store.clone(), Arc::new(Noon));
        log.done(Did::Setting("dictation.tail_ms"));
        log.tried(Did::BackedUp("auto.db".to_owned()), &Err::<(), _>(Problem::of(Code::DiskFull)));
        log.done(Did::Utterance("u".to_owned(), UtteranceState::Failed));
        log.done(Did::Setting(""));
        log.done(Did::Recovered("v".to_owned(), UtteranceState::Failed));
        // What waits is written before it closes.
        tokio::join!(run, log.close());
        let ask = async |query: ActivityQuery| list(&store, &query).await.expect("listed");
        let first = ask(ActivityQuery { limit: 3, ..Default::default() }).await;
        let actions: Vec<_> = first.rows.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(actions, ["utterance.recovered", "settings.change", "utterance.failed"]);
        assert!(!first.rows[0].success && first.rows[1].success && !first.rows[2].success);
        assert_eq!(first.rows[0].at, "1970-01-01T12:00:00Z");
        let rest = ask(ActivityQuery { limit: 3, before: first.next, ..Default::default() }).await;
        assert_eq!((rest.rows.len(), rest.next), (2, None));
        assert_eq!(rest.rows[0].error_code, Some(Problem::of(Code::DiskFull).code));
        assert!(!rest.rows[0].success && rest.rows[1].subject.as_deref() == Some("dictation.tail_ms"));
        let kind = ActivityQuery { limit: 9, action: Some("backup.make".to_owned()), ..Default::default() };
        assert_eq!(ask(kind).await.rows.len(), 1);
        let later = ActivityQuery { limit: 9, since: Some("1970-01-02".to_owned()), ..Default::default() };
        assert_eq!(ask(later).await, ActivityPage::default());
        let never = ActivityQuery { limit: 9, since: Some("never".to_owned()), ..Default::default() };
        assert!(list(&store, &never).await.is_err());
    }

    #[tokio::test]
    async fn what_is_noted_before_it_is_done_is_there_meanwhile_and_tells_its_end() {
        let store = Store::in_memory().await.expect("store");
        let now = Noon.utc();
        let seen = noted_before(&store, now, Did::BackedUp("a.db".to_owned()), async {
            store.activity().count().await.map_err(|error| crate::store_problem(&error))
        });
        assert_eq!(seen.await.expect("done"), 1, "the note is in what is backed up");
        let failed = async { Err::<(), _>(Problem::of(Code::DiskFull)) };
        noted_before(&store, now, Did::Vacuumed, failed).await.expect_err("fails");
        let query = ActivityQuery { limit: 9, ..Default::default() };
        let rows = list(&store, &query).await.expect("listed").rows;
        let told: Vec<_> =
            rows.iter().map(|row| (row.action.as_str(), row.success, row.error_code.is_some())).collect();
        assert_eq!(told, [("storage.vacuum", false, true), ("backup.make", true, false)]);
    }

    #[tokio::test]
    async fn a_full_queue_loses_a_note_and_no_time() {
        let store = Store::in_memory().await.expect("store");
        let (log, run) = start(store.clone(), Arc::new(Noon));
        for _ in 0..WAITING + 10 {
            log.done(Did::SettingsReset);
        }
        tokio::join!(run, log.close());
        assert_eq!(store.activity().count().await.expect("counted"), WAITING as u64);
    }
}
