//! What the store and the audio folder need from time to time: clean-up by the user's limits, backups, a vacuum; and what
//! the Storage page asks.
//!
//! Decisions are in `retention.rs`; here they are carried out, in a task of their own, one at a time; removing is in
//! `storage/clean_up.rs`.

mod clean_up;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tonny_store::{BackupFile, CheckReport, Store};

use clean_up::clean_ledger;
pub use clean_up::{clean_up, delete_for_good};
pub(super) use clean_up::{forget_copies, remove};

use super::App;
use super::ask::{Answer, Message};
use crate::activity::{ActivityLog, Did, noted_before};
use crate::ports::{AudioFiles, Disk};
use crate::problem::{Code, Problem};
use crate::retention::{HOUR_MS, backup_is_due, surplus_backups, vacuum_pays};
use crate::settings;

/// Long enough after the start that nobody waits for it.
pub(super) const FIRST_CLEAN_UP: Duration = Duration::from_secs(60);

/// Backups are hourly; asking more often only costs a look at two files' times.
pub(super) const CLEAN_UP_EVERY: Duration = Duration::from_secs(600);

/// After a full disk: soon enough for the next recording, and a look at the free room costs nothing.
pub(super) const ROOM_EVERY: Duration = Duration::from_secs(10);

/// Backups made by themselves, which go by themselves.
const AUTOMATIC: &str = "auto-";

/// What there was before a restore; nobody looks for it after a month.
const BEFORE_RESTORE: &str = "before-restore-";

const MONTH_MS: i64 = 30 * 24 * HOUR_MS;

/// What can be asked of the storage.
#[allow(missing_docs, reason = "each is documented at the handle's method")]
pub enum StorageAsk {
    View(Answer<Result<StorageView, Problem>>),
    Check(Answer<Result<Checked, Problem>>),
    BackUp(Answer<Result<String, Problem>>),
    Restore(String, Answer<Result<(), Problem>>),
    CleanUp(Answer<Result<Cleaned, Problem>>),
    Vacuum(Answer<Result<(), Problem>>),
}

/// Sizes and counts of everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct StorageView {
    /// The database file with its log, and damaged ones that were set aside, bytes.
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
    /// What engines and the app wrote down, bytes.
    pub logs_bytes: f64,
    /// Speech models, bytes.
    pub models_bytes: f64,
    /// What can still be written; absent where the system does not say.
    pub disk_free_bytes: Option<f64>,
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

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Checked {
    /// One sentence for each thing that is wrong.
    pub findings: Vec<String>,
    /// One sentence for each thing that was wrong and is mended.
    pub mended: Vec<String>,
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

    /// How many things went.
    pub fn in_all(&self) -> u32 {
        [self.recordings, self.activity, self.backups].into_iter().fold(self.utterances, u32::saturating_add)
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

/// What is looked at besides, for its size alone.
#[derive(Clone)]
pub struct Rooms {
    /// Sizes.
    pub disk: Arc<dyn Disk>,
    /// Where logs are.
    pub logs: PathBuf,
    /// Where models are.
    pub models: PathBuf,
}

impl App {
    fn rooms(&self) -> Rooms {
        Rooms {
            disk: self.parts.disk.clone(),
            logs: self.parts.log_folder.clone(),
            models: self.parts.models_folder.clone(),
        }
    }

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

    /// After a full disk used the room up: as soon as there is some again, and nobody speaks into what is left.
    pub(super) fn set_room_aside_again(&mut self, now: Instant) {
        self.next_room = Some(now + ROOM_EVERY);
        if !self.utterances.is_empty() {
            return;
        }
        let (audio, folder) = (self.parts.audio.clone(), self.parts.audio_folder.clone());
        let handle = self.handle.clone();
        self.tasks.spawn_blocking(move || match audio.set_room_aside(&folder) {
            Ok(true) => _ = handle.send_blocking(Message::RoomSetAside),
            Ok(false) => {}
            Err(problem) => tracing::debug!(code = problem.code, "there is still no room for recordings"),
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
        let days = self.settings.privacy.ledger_days;
        self.tasks.spawn(async move {
            if let Err(problem) = clean_ledger(&places.store, days, now_ms).await {
                tracing::warn!(code = problem.code, "old rows of the ledger stay");
            }
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
                note(&self.activity, &cleaned);
            }
            Err(problem) => {
                tracing::warn!(code = problem.code, "the clean-up did not finish");
                self.problem.get_or_insert(problem);
            }
        }
    }

    pub(super) fn storage(&mut self, ask: StorageAsk) {
        let (places, rooms, limits) = (self.places(), self.rooms(), self.settings.storage.clone());
        let now = self.parts.clock.utc();
        let busy = !self.utterances.is_empty();
        let (handle, activity) = (self.handle.clone(), self.activity.clone());
        self.tasks.spawn(async move {
            let failed = |error| crate::store_problem(&error);
            match ask {
                StorageAsk::View(reply) => _ = reply.send(view(&places, rooms).await),
                StorageAsk::Check(reply) => {
                    let report = places.store.check_and_mend().await;
                    let told = |CheckReport { findings, mended }| Checked { findings, mended };
                    _ = reply.send(report.map(told).map_err(failed));
                }
                StorageAsk::BackUp(reply) => {
                    let made = back_up(&places.store, "manual-", now).await;
                    activity.tried(Did::BackedUp(made.clone().unwrap_or_default()), &made);
                    let _ = reply.send(made);
                }
                StorageAsk::Restore(_, reply) if busy => {
                    _ = reply.send(Err(Problem::with(Code::DatabaseFailed, "An utterance is under way")));
                }
                StorageAsk::Restore(name, reply) => {
                    let restored = restore(&places.store, &name, now).await;
                    activity.tried(Did::Restored(name), &restored);
                    handle.send(Message::Reload).await;
                    let _ = reply.send(restored);
                }
                StorageAsk::CleanUp(reply) => {
                    let cleaned = upkeep(&places, &limits, crate::utc_ms(now), !busy).await;
                    cleaned.iter().for_each(|cleaned| note(&activity, cleaned));
                    handle.send(Message::Reload).await;
                    let _ = reply.send(cleaned);
                }
                StorageAsk::Vacuum(reply) => {
                    let done = places.store.vacuum().await.map_err(failed);
                    activity.tried(Did::Vacuumed, &done);
                    let _ = reply.send(done);
                }
            }
        });
    }
}

fn note(activity: &ActivityLog, cleaned: &Cleaned) {
    if !cleaned.is_nothing() {
        activity.done(Did::CleanedUp(cleaned.in_all()));
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
    cleaned.backups += drop_backups(store, limits, now_ms);
    drop_damaged(store, now_ms);
    let (audio, folder) = (places.audio.clone(), places.folder.clone());
    let room = tokio::task::spawn_blocking(move || audio.set_room_aside(&folder)).await;
    if let Ok(Err(problem)) = room {
        tracing::warn!(code = problem.code, "no room could be set aside for recordings");
    }
    if idle && limits.encrypt_audio {
        let (audio, folder) = (places.audio.clone(), places.folder.clone());
        match tokio::task::spawn_blocking(move || audio.seal_all(&folder)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(recordings)) => tracing::info!(recordings, "recordings that were not encrypted are now"),
            Ok(Err(problem)) => tracing::warn!(code = problem.code, "a recording could not be encrypted"),
        }
    }
    if idle {
        let size = store.statistics().size().await.map_err(failed)?;
        if vacuum_pays(size.bytes, size.free_bytes) {
            store.vacuum().await.map_err(failed)?;
        }
    }
    let newest = store.backups().into_iter().filter(is_automatic).map(|backup| backup.made_ms).max();
    if limits.backups && backup_is_due(newest, store.changed_ms(), now_ms) && on_disk(store) {
        let now = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000);
        back_up_by_itself(store, now.unwrap_or(time::OffsetDateTime::UNIX_EPOCH)).await?;
    }
    Ok(cleaned)
}

/// The note that it was made is a change of the database: made afterwards, it would ask for the next backup, hour after
/// hour. So it is written before, and the log moved into the file, whose time is then older than the backup's.
async fn back_up_by_itself(store: &Store, now: time::OffsetDateTime) -> Result<(), Problem> {
    let name = backup_name(AUTOMATIC, now);
    noted_before(store, now, Did::BackedUp(name.clone()), async {
        if let Err(error) = store.empty_log().await {
            tracing::warn!(%error, "the log was not moved before the backup");
        }
        back_up_as(store, &name).await
    })
    .await
}

fn on_disk(store: &Store) -> bool {
    store.path() != Path::new(":memory:")
}

fn is_automatic(backup: &BackupFile) -> bool {
    backup.name.starts_with(AUTOMATIC)
}

/// Damaged files that were set aside hold words as well: they go after a month.
fn drop_damaged(store: &Store, now_ms: i64) {
    let files = store.damaged_files();
    let old = files.iter().filter(|file| file.made_ms < now_ms - MONTH_MS);
    old.for_each(|file| store.remove_damaged(file));
}

fn drop_backups(store: &Store, limits: &settings::Storage, now_ms: i64) -> u32 {
    let backups = store.backups();
    let times: Vec<i64> = backups.iter().filter(|b| is_automatic(b)).map(|b| b.made_ms).collect();
    let surplus = surplus_backups(&times);
    let way_back = backups.iter().filter_map(old_schema).max();
    let goes = |backup: &&BackupFile| {
        let old = backup.made_ms < now_ms - MONTH_MS;
        if is_automatic(backup) {
            // No newer one takes its place where none are made any more.
            surplus.contains(&backup.made_ms) || (!limits.backups && old)
        } else if let Some(schema) = old_schema(backup) {
            // TT-STORE-603 sends to the newest of them whoever wants the program of before.
            Some(schema) != way_back && old
        } else {
            // What somebody made or laid there is theirs.
            backup.name.starts_with(BEFORE_RESTORE) && old
        }
    };
    let gone: Vec<&BackupFile> = backups.iter().filter(goes).collect();
    gone.iter().for_each(|backup| store.remove_backup(backup));
    u32::try_from(gone.len()).unwrap_or(u32::MAX)
}

/// The schema of a copy that a migration kept.
fn old_schema(backup: &BackupFile) -> Option<u32> {
    backup.name.strip_prefix("schema-")?.strip_suffix(".db")?.parse().ok()
}

/// Makes a backup now; gives its name.
pub async fn back_up(store: &Store, prefix: &str, now: time::OffsetDateTime) -> Result<String, Problem> {
    let name = backup_name(prefix, now);
    back_up_as(store, &name).await.map(|()| name)
}

async fn back_up_as(store: &Store, name: &str) -> Result<(), Problem> {
    make_backups_folder(store)?;
    store.back_up(&store.backups_folder().join(name)).await.map_err(|error| crate::store_problem(&error))
}

fn backup_name(prefix: &str, now: time::OffsetDateTime) -> String {
    format!("{prefix}{}.db", stamp(now))
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
    let before = store.backups_folder().join(format!("{BEFORE_RESTORE}{}.db", stamp(now)));
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
pub async fn view(places: &Places, rooms: Rooms) -> Result<StorageView, Problem> {
    let failed = |error| crate::store_problem(&error);
    let statistics = places.store.statistics();
    let size = statistics.size().await.map_err(failed)?;
    let totals = statistics.totals(i64::MIN, i64::MAX).await.map_err(failed)?;
    let (audio, folder) = (places.audio.clone(), places.folder.clone());
    let sizes = tokio::task::spawn_blocking(move || {
        let Rooms { disk, logs, models } = rooms;
        let around = (disk.bytes_in(&logs), disk.bytes_in(&models), disk.free_bytes(&folder));
        audio.size(&folder).map(|recordings| (recordings, around))
    });
    let sizes = sizes.await.map_err(|e| Problem::with(Code::AudioUnreadable, e)).flatten()?;
    let ((recordings, recordings_bytes), (logs, models, free)) = sizes;
    let backups = places.store.backups().into_iter().map(|backup| BackupView {
        name: backup.name,
        made_at: crate::history_files::rfc3339(backup.made_ms),
        bytes: backup.bytes as f64,
    });
    let damaged: u64 = places.store.damaged_files().iter().map(|file| file.bytes).sum();
    Ok(StorageView {
        database_bytes: size.bytes as f64 + places.store.log_bytes() as f64 + damaged as f64,
        free_bytes: size.free_bytes as f64,
        recordings: u32::try_from(recordings).unwrap_or(u32::MAX),
        recordings_bytes: recordings_bytes as f64,
        utterances: u32::try_from(totals.utterances).unwrap_or(u32::MAX),
        words: totals.words as f64,
        minutes: totals.audio_ms as f64 / 60_000.0,
        first_at: (totals.utterances > 0).then(|| crate::history_files::rfc3339(totals.first_ms)),
        logs_bytes: logs as f64,
        models_bytes: models as f64,
        disk_free_bytes: free.map(|bytes| bytes as f64),
        backups: backups.collect(),
    })
}
