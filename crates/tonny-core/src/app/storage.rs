//! What the store and the audio folder need from time to time: clean-up by the user's limits, backups, a vacuum; and what
//! the Storage page asks.
//!
//! Decisions are in `retention.rs`; here they are carried out, in a task of their own, one at a time. A recording is
//! removed before its row: a file without a row would be adopted as an unfinished utterance at the next start, and words
//! that were deleted would come back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonny_store::{BackupFile, Fact, Store, Totals, UtteranceState};

use super::App;
use super::ask::{Answer, Message};
use crate::ports::AudioFiles;
use crate::problem::{Code, Problem};
use crate::retention::{HOUR_MS, Limits, Sweep, Verdict, backup_is_due, surplus_backups, vacuum_pays};
use crate::settings;

/// Long enough after the start that nobody waits for it.
pub(super) const FIRST_CLEAN_UP: Duration = Duration::from_secs(60);

/// Backups are hourly; asking more often only costs a look at two files' times.
pub(super) const CLEAN_UP_EVERY: Duration = Duration::from_secs(600);

/// Rows looked at in one read.
const PAGE: u32 = 1_000;

/// Bytes of a recording's millisecond: 16 kHz, mono, 16 bit.
const BYTES_PER_MS: u64 = 32;

/// Backups made by themselves; only these go by themselves, and the others after a month.
const AUTOMATIC: &str = "auto-";

const MONTH_MS: i64 = 30 * 24 * HOUR_MS;

/// What can be asked of the storage.
#[allow(missing_docs, reason = "each is documented at the handle's method")]
pub enum StorageAsk {
    View(Answer<Result<StorageView, Problem>>),
    Check(Answer<Result<Vec<String>, Problem>>),
    BackUp(Answer<Result<String, Problem>>),
    Restore(String, Answer<Result<(), Problem>>),
    CleanUp(Answer<Result<Cleaned, Problem>>),
    Vacuum(Answer<Result<(), Problem>>),
}

/// Sizes and counts of everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct StorageView {
    /// The database file, bytes.
    pub database_bytes: f64,
    /// Of it, what a vacuum would give back.
    pub free_bytes: f64,
    /// Recordings on disk.
    pub recordings: u32,
    /// Their bytes.
    pub recordings_bytes: f64,
    /// Utterances in the history.
    pub utterances: u32,
    /// Their words.
    pub words: f64,
    /// Minutes that were spoken.
    pub minutes: f64,
    /// When the first one was spoken, RFC 3339; absent where there is none.
    pub first_at: Option<String>,
    /// Backups, the newest first.
    pub backups: Vec<BackupView>,
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BackupView {
    /// Its file's name.
    pub name: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// Its size.
    pub bytes: f64,
}

/// What a clean-up removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Cleaned {
    /// Utterances with all that belongs to them.
    pub utterances: u32,
    /// Recordings of utterances that stay.
    pub recordings: u32,
    /// Entries of the activity.
    pub activity: u32,
    /// Backups.
    pub backups: u32,
}

impl Cleaned {
    /// Whether anything went.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The places a clean-up works on.
#[derive(Clone)]
pub struct Places {
    /// Rows and backups.
    pub store: Store,
    /// Recordings.
    pub audio: Arc<dyn AudioFiles>,
    /// Where the recordings are.
    pub folder: PathBuf,
}

impl App {
    pub(super) fn places(&self) -> Places {
        Places {
            store: self.parts.store.clone(),
            audio: self.parts.audio.clone(),
            folder: self.parts.audio_folder.clone(),
        }
    }

    /// At the start: before the first press there is room that no full disk can take away.
    pub(super) fn set_room_aside(&self) {
        let (audio, folder) = (self.parts.audio.clone(), self.parts.audio_folder.clone());
        self.tasks.spawn_blocking(move || {
            if let Err(problem) = audio.set_room_aside(&folder) {
                tracing::warn!(code = problem.code, "no room could be set aside for recordings");
            }
        });
    }

    /// Starts a clean-up unless one is under way; [`Message::CleanedUp`] answers.
    pub(super) fn begin_clean_up(&mut self) {
        self.next_clean_up = Some(self.parts.clock.now() + CLEAN_UP_EVERY);
        if self.cleaning {
            return;
        }
        self.cleaning = true;
        let (places, limits, handle) = (self.places(), self.settings.storage.clone(), self.handle.clone());
        let (now_ms, idle) = (crate::utc_ms(self.parts.clock.utc()), self.utterances.is_empty());
        self.tasks.spawn(async move {
            let done = upkeep(&places, &limits, now_ms, idle).await;
            handle.send(Message::CleanedUp(done)).await;
        });
    }

    pub(super) fn cleaned_up(&mut self, done: Result<Cleaned, Problem>) {
        self.cleaning = false;
        match done {
            Ok(cleaned) if cleaned.is_nothing() => {}
            Ok(cleaned) => {
                tracing::info!(?cleaned, "the clean-up removed what was over the limits");
                self.history_version += 1;
            }
            Err(problem) => {
                tracing::warn!(code = problem.code, "the clean-up did not finish");
                self.problem.get_or_insert(problem);
            }
        }
    }

    /// A damaged database was replaced at the start: what can still be read of it comes in behind.
    pub(super) fn begin_salvage(&mut self) {
        if self.parts.store.recovery().is_none() {
            return;
        }
        self.problem = Some(Problem::of(Code::DatabaseRepaired));
        let (store, handle) = (self.parts.store.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            match store.salvage().await {
                Ok(rows) => tracing::info!(rows, "utterances were read from the damaged database"),
                Err(error) => tracing::error!(%error, "the damaged database could not be read to its end"),
            }
            handle.send(Message::Reload).await;
        });
    }

    pub(super) fn storage(&mut self, ask: StorageAsk) {
        let (places, limits) = (self.places(), self.settings.storage.clone());
        let now = self.parts.clock.utc();
        let busy = !self.utterances.is_empty();
        let handle = self.handle.clone();
        self.tasks.spawn(async move {
            let failed = |error| crate::store_problem(&error);
            match ask {
                StorageAsk::View(reply) => _ = reply.send(view(&places).await),
                StorageAsk::Check(reply) => {
                    _ = reply.send(places.store.check().await.map(|report| report.findings).map_err(failed));
                }
                StorageAsk::BackUp(reply) => _ = reply.send(back_up(&places.store, "manual-", now).await),
                StorageAsk::Restore(_, reply) if busy => {
                    _ = reply.send(Err(Problem::with(Code::DatabaseFailed, "An utterance is under way")));
                }
                StorageAsk::Restore(name, reply) => {
                    let restored = restore(&places.store, &name, now).await;
                    handle.send(Message::Reload).await;
                    let _ = reply.send(restored);
                }
                StorageAsk::CleanUp(reply) => {
                    let cleaned = upkeep(&places, &limits, crate::utc_ms(now), !busy).await;
                    handle.send(Message::Reload).await;
                    let _ = reply.send(cleaned);
                }
                StorageAsk::Vacuum(reply) => _ = reply.send(places.store.vacuum().await.map_err(failed)),
            }
        });
    }
}

/// Everything that is due: clean-up, room for recordings, a backup, a vacuum.
pub async fn upkeep(
    places: &Places,
    limits: &settings::Storage,
    now_ms: i64,
    idle: bool,
) -> Result<Cleaned, Problem> {
    let failed = |error| crate::store_problem(&error);
    let mut cleaned = clean_up(places, limits, now_ms).await?;
    let store = &places.store;
    // Words that have to go must not live on in yesterday's backup.
    let forget = !limits.keep_text && cleaned.utterances > 0;
    cleaned.backups = drop_backups(store, now_ms, forget);
    let (audio, folder) = (places.audio.clone(), places.folder.clone());
    let room = tokio::task::spawn_blocking(move || audio.set_room_aside(&folder)).await;
    if let Ok(Err(problem)) = room {
        tracing::warn!(code = problem.code, "no room could be set aside for recordings");
    }
    if idle {
        let size = store.statistics().size().await.map_err(failed)?;
        if vacuum_pays(size.bytes, size.free_bytes) {
            store.vacuum().await.map_err(failed)?;
        }
    }
    let newest = store.backups().into_iter().filter(is_automatic).map(|backup| backup.made_ms).max();
    if limits.backups && (forget || backup_is_due(newest, store.changed_ms(), now_ms)) && on_disk(store) {
        let now = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000);
        back_up(store, AUTOMATIC, now.unwrap_or(time::OffsetDateTime::UNIX_EPOCH)).await?;
    }
    Ok(cleaned)
}

fn on_disk(store: &Store) -> bool {
    store.path() != Path::new(":memory:")
}

fn is_automatic(backup: &BackupFile) -> bool {
    backup.name.starts_with(AUTOMATIC)
}

fn drop_backups(store: &Store, now_ms: i64, all: bool) -> u32 {
    let backups = store.backups();
    let times: Vec<i64> = backups.iter().filter(|b| is_automatic(b)).map(|b| b.made_ms).collect();
    let surplus = surplus_backups(&times);
    let goes = |backup: &&BackupFile| {
        all || if is_automatic(backup) {
            surplus.contains(&backup.made_ms)
        } else {
            backup.made_ms < now_ms - MONTH_MS
        }
    };
    let gone: Vec<&BackupFile> = backups.iter().filter(goes).collect();
    gone.iter().for_each(|backup| store.remove_backup(backup));
    u32::try_from(gone.len()).unwrap_or(u32::MAX)
}

/// Removes what is over the limits.
pub async fn clean_up(places: &Places, limits: &settings::Storage, now_ms: i64) -> Result<Cleaned, Problem> {
    let failed = |error| crate::store_problem(&error);
    let store = &places.store;
    let totals = store.statistics().totals(i64::MIN, i64::MAX).await.map_err(failed)?;
    let mut cleaned = Cleaned {
        utterances: clean_texts(places, limits, now_ms, &totals).await?,
        recordings: clean_audio(places, limits, now_ms, &totals).await?,
        ..Cleaned::default()
    };
    let mut gone = 0;
    if limits.activity_days > 0 {
        let before = now_ms - i64::from(limits.activity_days) * 24 * HOUR_MS;
        while let more @ 1.. = store.activity().delete_before(before, PAGE).await.map_err(failed)? {
            gone += more;
        }
    }
    if limits.activity_count > 0 {
        let count = store.activity().count().await.map_err(failed)?;
        let mut over = count.saturating_sub(u64::from(limits.activity_count));
        while over > 0 {
            let part = u32::try_from(over.min(u64::from(PAGE))).unwrap_or(PAGE);
            gone += store.activity().delete_oldest(part).await.map_err(failed)?;
            over -= u64::from(part);
        }
    }
    cleaned.activity = u32::try_from(gone).unwrap_or(u32::MAX);
    if !cleaned.is_nothing() {
        store.empty_log().await.map_err(failed)?;
    }
    Ok(cleaned)
}

async fn clean_texts(
    places: &Places,
    limits: &settings::Storage,
    now_ms: i64,
    totals: &Totals,
) -> Result<u32, Problem> {
    let failed = |error| crate::store_problem(&error);
    let bounds = Limits { days: limits.text_days, count: limits.text_count, megabytes: limits.text_mb };
    let bytes = totals.text_bytes.unsigned_abs();
    let mut sweep = Sweep::new(bounds, now_ms, totals.utterances.unsigned_abs(), bytes);
    let grace_over = now_ms - i64::from(limits.cancelled_hours) * HOUR_MS;
    let nothing_kept = !limits.keep_text;
    let mut gone = 0;
    let mut after: Option<(i64, String)> = None;
    // Cancelled ones, and all where nothing is kept, are looked for among all rows only where there may be any.
    let mut enough = bounds == Limits::default();
    loop {
        let page = match (enough, nothing_kept) {
            (true, false) => cancelled_page(places, after.as_ref(), grace_over).await?,
            _ => {
                let after = after.as_ref().map(|(at, id)| (*at, id.as_str()));
                places.store.utterances().facts(after, PAGE).await.map_err(failed)?
            }
        };
        let Some(last) = page.last() else { break };
        after = Some((last.started_at_ms, last.id.clone()));
        for fact in &page {
            let by_limits = !enough
                && match sweep.judge(
                    fact.started_at_ms,
                    fact.text_bytes.unsigned_abs(),
                    !fact.state.is_finished(),
                ) {
                    Verdict::Remove => true,
                    Verdict::Keep => false,
                    Verdict::Enough => {
                        enough = true;
                        false
                    }
                };
            if by_limits || is_over(fact, grace_over, nothing_kept) {
                delete_for_good(places, &fact.id).await?;
                gone += 1;
            }
        }
    }
    Ok(gone)
}

/// Whether a row goes whatever the limits say.
fn is_over(fact: &Fact, grace_over_ms: i64, nothing_kept: bool) -> bool {
    match fact.state {
        UtteranceState::Delivered => nothing_kept,
        UtteranceState::Cancelled => fact.started_at_ms < grace_over_ms,
        // What did not arrive is given as long to be fetched as what was taken back.
        UtteranceState::Kept | UtteranceState::Failed => nothing_kept && fact.started_at_ms < grace_over_ms,
        _ => false,
    }
}

async fn cancelled_page(
    places: &Places,
    after: Option<&(i64, String)>,
    grace_over_ms: i64,
) -> Result<Vec<Fact>, Problem> {
    let filter = tonny_store::Filter {
        state: Some(UtteranceState::Cancelled),
        until_ms: Some(grace_over_ms),
        since_ms: after.map(|(at, _)| *at),
        ..Default::default()
    };
    let page = tonny_store::Page { limit: PAGE, filter, before: None };
    let rows = places.store.utterances().list(&page).await.map_err(|error| crate::store_problem(&error))?;
    let fact = |row: tonny_store::Utterance| Fact {
        started_at_ms: row.started_at_ms,
        state: row.state,
        audio_ms: row.audio_ms,
        text_bytes: 0,
        id: row.id,
    };
    Ok(rows.into_iter().map(fact).collect())
}

async fn clean_audio(
    places: &Places,
    limits: &settings::Storage,
    now_ms: i64,
    totals: &Totals,
) -> Result<u32, Problem> {
    let failed = |error| crate::store_problem(&error);
    let bounds = Limits { days: limits.audio_days, count: limits.audio_count, megabytes: limits.audio_mb };
    if bounds == Limits::default() {
        return Ok(0);
    }
    let bytes = totals.recordings_ms.unsigned_abs() * BYTES_PER_MS;
    let mut sweep = Sweep::new(bounds, now_ms, totals.recordings.unsigned_abs(), bytes);
    let mut gone = 0;
    let mut after: Option<(i64, String)> = None;
    loop {
        let from = after.as_ref().map(|(at, id)| (*at, id.as_str()));
        let page = places.store.utterances().audio_facts(from, PAGE).await.map_err(failed)?;
        let Some(last) = page.last() else { return Ok(gone) };
        after = Some((last.started_at_ms, last.id.clone()));
        for fact in &page {
            let bytes = fact.audio_ms.unwrap_or(0).unsigned_abs() * BYTES_PER_MS;
            match sweep.judge(fact.started_at_ms, bytes, !fact.state.is_finished()) {
                Verdict::Remove => {
                    remove_audio(places, &fact.id).await?;
                    places.store.utterances().forget_audio(&fact.id).await.map_err(failed)?;
                    gone += 1;
                }
                Verdict::Keep => {}
                Verdict::Enough => return Ok(gone),
            }
        }
    }
}

/// Removes an utterance's recording and row; one that is gone already is no error.
pub async fn delete_for_good(places: &Places, id: &str) -> Result<(), Problem> {
    remove_audio(places, id).await?;
    match places.store.utterances().delete(id).await {
        Ok(_) | Err(tonny_store::StoreError::Missing { .. }) => Ok(()),
        Err(error) => Err(crate::store_problem(&error)),
    }
}

async fn remove_audio(places: &Places, id: &str) -> Result<(), Problem> {
    let (audio, file) = (places.audio.clone(), super::ask::wav(&places.folder, id));
    let removed = tokio::task::spawn_blocking(move || audio.remove(&file)).await;
    removed.map_err(|e| Problem::with(Code::AudioNotKept, e)).flatten()
}

/// Makes a backup now; gives its name.
pub async fn back_up(store: &Store, prefix: &str, now: time::OffsetDateTime) -> Result<String, Problem> {
    let name = format!("{prefix}{}.db", stamp(now));
    make_backups_folder(store)?;
    store.back_up(&store.backups_folder().join(&name)).await.map_err(|error| crate::store_problem(&error))?;
    Ok(name)
}

/// Goes back to a backup of this database's folder; what there is now is kept as another one.
pub async fn restore(store: &Store, name: &str, now: time::OffsetDateTime) -> Result<(), Problem> {
    let known = store.backups().into_iter().any(|backup| backup.name == name);
    if !known {
        return Err(Problem::with(Code::BackupBroken, format!("There is none called {name:?}")));
    }
    restore_file(store, &store.backups_folder().join(name), now).await
}

/// Goes back to any file; what there is now is kept as a backup.
pub async fn restore_file(store: &Store, from: &Path, now: time::OffsetDateTime) -> Result<(), Problem> {
    make_backups_folder(store)?;
    let before = store.backups_folder().join(format!("before-restore-{}.db", stamp(now)));
    store.restore(from, &before).await.map_err(|error| match error.is_damaged() {
        true => Problem::with(Code::BackupBroken, error),
        false => crate::store_problem(&error),
    })
}

fn make_backups_folder(store: &Store) -> Result<(), Problem> {
    store.make_backups_folder().map_err(|error| crate::store_problem(&error))
}

fn stamp(now: time::OffsetDateTime) -> String {
    let (date, clock) = (now.date(), now.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", clock.hour(), clock.minute(), clock.second())
}

/// What the Storage page and `tonny db stats` show.
pub async fn view(places: &Places) -> Result<StorageView, Problem> {
    let failed = |error| crate::store_problem(&error);
    let statistics = places.store.statistics();
    let size = statistics.size().await.map_err(failed)?;
    let totals = statistics.totals(i64::MIN, i64::MAX).await.map_err(failed)?;
    let (audio, folder) = (places.audio.clone(), places.folder.clone());
    let sizes = tokio::task::spawn_blocking(move || audio.size(&folder)).await;
    let (recordings, recordings_bytes) =
        sizes.map_err(|e| Problem::with(Code::AudioUnreadable, e)).flatten()?;
    let backups = places.store.backups().into_iter().map(|backup| BackupView {
        name: backup.name,
        made_at: crate::history_files::rfc3339(backup.made_ms),
        bytes: backup.bytes as f64,
    });
    Ok(StorageView {
        database_bytes: size.bytes as f64 + places.store.log_bytes() as f64,
        free_bytes: size.free_bytes as f64,
        recordings: u32::try_from(recordings).unwrap_or(u32::MAX),
        recordings_bytes: recordings_bytes as f64,
        utterances: u32::try_from(totals.utterances).unwrap_or(u32::MAX),
        words: totals.words as f64,
        minutes: totals.audio_ms as f64 / 60_000.0,
        first_at: (totals.utterances > 0).then(|| crate::history_files::rfc3339(totals.first_ms)),
        backups: backups.collect(),
    })
}
