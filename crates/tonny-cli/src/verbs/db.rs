//! `tonny db`: look after the database, with or without a running app.

use std::path::Path;
use std::sync::Arc;

use tonny_core::activity::Did;
use tonny_core::app::Cleaned;
use tonny_core::app::storage::{Places, Rooms, back_up, clean_up, restore_file, view};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};
use tonny_core::{StorageView, Store, store_problem};
use tonny_platform::audio::RecordingsOnDisk;
use tonny_platform::clock::SystemClock;
use tonny_platform::disk::SystemDisk;

use crate::arguments::Db;
use crate::face::Face;

pub fn run(face: &Face, verb: Db) -> Result<(), Problem> {
    face.block_on(async {
        match verb {
            Db::Check => check(face).await,
            Db::Backup => backup(face).await,
            Db::Restore { file } => restore(face, &file).await,
            Db::Clean => clean(face).await,
            Db::Vacuum => {
                let store = face.store().await?;
                store.vacuum().await.map_err(|error| store_problem(&error))?;
                face.note_in(&store, Did::Vacuumed).await;
                face.remark("Done.");
                Ok(())
            }
            Db::Stats => stats(face).await,
        }
    })
}

async fn check(face: &Face) -> Result<(), Problem> {
    let report = face.store().await?.check_and_mend().await.map_err(|error| store_problem(&error))?;
    face.show(&report, || {
        let verdict = report.is_clean().then(|| "The database is sound.".to_owned());
        [report.mended.clone(), report.findings.clone(), verdict.into_iter().collect()].concat().join("\n")
    })?;
    if report.is_clean() { Ok(()) } else { Err(Problem::of(Code::DatabaseDamaged)) }
}

async fn backup(face: &Face) -> Result<(), Problem> {
    let store = face.store().await?;
    let name = back_up(&store, "manual-", SystemClock.utc()).await?;
    face.note_in(&store, Did::BackedUp(name.clone())).await;
    let path = store.backups_folder().join(name);
    face.show(&path, || path.display().to_string())
}

/// A database that this program can open is replaced from within, beside a running app; one that it cannot (of a newer
/// program, or damaged) is set aside.
async fn restore(face: &Face, file: &Path) -> Result<(), Problem> {
    if !file.is_file() {
        return Err(Problem::with(Code::BackupBroken, format!("{} is not there", file.display())));
    }
    let database = face.folders()?.database;
    match Store::open(&database).await {
        Ok(store) => {
            restore_file(&store, file, SystemClock.utc()).await?;
            face.note_in(&store, Did::Restored(file.display().to_string())).await;
            face.remark(format!("Restored. What was there is in {}.", store.backups_folder().display()));
        }
        Err(error) if error.is_newer() || error.is_damaged() => {
            let aside = Store::replace(&database, file)
                .await
                .map_err(|error| Problem::with(Code::BackupBroken, error))?;
            face.note(Did::Restored(file.display().to_string())).await;
            face.remark(format!("Restored. The file that was there is now {}.", aside.display()));
        }
        Err(error) => return Err(store_problem(&error)),
    }
    face.tell_app();
    Ok(())
}

async fn clean(face: &Face) -> Result<(), Problem> {
    let store = face.store().await?;
    let places =
        Places { store: store.clone(), audio: Arc::new(RecordingsOnDisk), folder: face.folders()?.audio };
    let limits = super::settings::load(face, &store).await.storage;
    let cleaned = clean_up(&places, &limits, SystemClock.utc().unix_timestamp() * 1_000).await?;
    if !cleaned.is_nothing() {
        face.note_in(&store, Did::CleanedUp(cleaned.in_all())).await;
        face.tell_app();
    }
    face.show(&cleaned, || {
        let Cleaned { utterances, recordings, activity, backups } = &cleaned;
        format!(
            "{utterances} utterances, {recordings} recordings of others, {activity} entries of the activity and \
             {backups} backups went."
        )
    })
}

async fn stats(face: &Face) -> Result<(), Problem> {
    let store = face.store().await?;
    let folders = face.folders()?;
    let places = Places { store, audio: Arc::new(RecordingsOnDisk), folder: folders.audio };
    let rooms = Rooms { disk: Arc::new(SystemDisk), logs: folders.logs, models: folders.models };
    let stats = view(&places, rooms).await?;
    face.show(&stats, || table(&stats))
}

fn table(stats: &StorageView) -> String {
    let mb = |bytes: f64| format!("{:.1} MB", bytes / 1_000_000.0);
    let mut lines = vec![
        format!("utterances  {} ({} words, {:.0} minutes)", stats.utterances, stats.words, stats.minutes),
        format!("since       {}", stats.first_at.as_deref().unwrap_or("-")),
        format!("database    {} ({} free)", mb(stats.database_bytes), mb(stats.free_bytes)),
        format!("recordings  {} ({})", stats.recordings, mb(stats.recordings_bytes)),
        format!("models      {}", mb(stats.models_bytes)),
        format!("logs        {}", mb(stats.logs_bytes)),
        format!("disk        {} free", stats.disk_free_bytes.map_or_else(|| "?".to_owned(), mb)),
        format!("backups     {}", stats.backups.len()),
    ];
    let backups = stats.backups.iter();
    lines
        .extend(backups.map(|backup| format!("  {}  {}  {}", backup.made_at, mb(backup.bytes), backup.name)));
    lines.join("\n")
}
