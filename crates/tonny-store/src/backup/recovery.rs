//! A damaged database at a start: set aside, the newest backup that passes its check in its place, and what can still be
//! read of the damaged one laid over it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sqlx::{Connection, Row};

use super::{backups_of, checked_copy, file, put_in_place, remove_with_log, salvage, unfinished};
use crate::store::{Durability, Store, header};
use crate::{SettingsRow, StoreError};

/// Below this every start looks at all pages: it takes a tenth of a second. Above, only one after an unclean exit.
const ALWAYS_CHECKED_BYTES: u64 = 32 * 1024 * 1024;

/// Endings of files that were set aside: broken ones, and those that a backup was put in place of.
const DAMAGED: &str = ".damaged";
pub(super) const REPLACED: &str = ".replaced";

/// What happened to a damaged database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Where the damaged file lies now.
    pub set_aside: PathBuf,
    /// The backup that took its place; `None` where there was none, and it began empty.
    pub backup: Option<PathBuf>,
    /// What the check said.
    pub findings: Vec<String>,
}

impl Store {
    /// As `open`; a damaged file is set aside and replaced. `Store::recovery` says whether that happened; what can be read
    /// of the damaged file comes back with `Store::salvage`.
    ///
    /// # Errors
    /// As `open`; `Damaged` only where the disk does not give a file that is sound.
    pub async fn open_or_recover(path: impl AsRef<Path>) -> Result<Store, StoreError> {
        let path = path.as_ref();
        let (unclean, cheap) = (is_unclean(path), is_small(path));
        let findings = match Store::open(path).await {
            Ok(store) if !unclean && !cheap => return Ok(store),
            Ok(mut store) => match store.broken_pages().await {
                Ok(findings) if findings.is_empty() => {
                    store.unclean = unclean;
                    let _ = fs::remove_file(mark(path));
                    return Ok(store);
                }
                Ok(findings) => {
                    store.abandon().await;
                    findings
                }
                Err(error) if error.is_damaged() => {
                    store.abandon().await;
                    vec![error.to_string()]
                }
                Err(error) => return Err(error),
            },
            Err(error) if error.is_damaged() => vec![error.to_string()],
            Err(error) => return Err(error),
        };
        if look_again(path).await? {
            // The file is sound: it was the disk that did not give a page. Who cannot go on now can at the next start.
            let mut store = Store::open(path).await?;
            store.unclean = true;
            return Ok(store);
        }
        let set_aside = set_aside(path, DAMAGED)?;
        let backup = newest_good_backup(path).await;
        let mut store = Store::open(path).await?;
        store.recovery = Some(std::sync::Arc::new(Recovery { set_aside, backup, findings }));
        let _ = fs::remove_file(mark(path));
        Ok(store)
    }

    /// Whether `open_or_recover` met a database whose program had died or had met something broken: then its search is
    /// worth a look, too (`mend_search`).
    pub fn ended_uncleanly(&self) -> bool {
        self.unclean
    }

    /// What `open_or_recover` had to do.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_deref()
    }

    /// The next start looks at all pages.
    pub(crate) fn doubt(&self) {
        if !self.is_in_memory() {
            // Without the mark an unclean exit is still noticed.
            let _ = fs::write(mark(self.path()), b"");
        }
    }

    /// Lays every row, and newer settings, that can still be read of the damaged file over what the backup had; gives how
    /// many rows. May take long; the store works meanwhile.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn salvage(&self) -> Result<u64, StoreError> {
        let Some(recovery) = self.recovery() else { return Ok(0) };
        let (damaged, log) = (recovery.set_aside.clone(), log_of(&recovery.set_aside));
        let read = tokio::task::spawn_blocking(move || salvage::read(&damaged, &log));
        // A panic over a broken file costs what could have been salvaged, not the start.
        let Ok(salvaged) = read.await else { return Ok(0) };
        if let Some(settings) = &salvaged.settings {
            self.take_newer_settings(settings).await?;
        }
        self.lay_over(&salvaged).await
    }

    async fn take_newer_settings(&self, found: &SettingsRow) -> Result<(), StoreError> {
        let newer = match self.settings().load().await? {
            Some(present) => present.revision < found.revision,
            None => true,
        };
        if !newer {
            return Ok(());
        }
        match self.settings().save(&found.json, found.version).await {
            // A broken document is left out.
            Err(error) if error.is_refused_value() => Ok(()),
            other => other,
        }
    }

    async fn broken_pages(&self) -> Result<Vec<String>, StoreError> {
        const ACTION: &str = "check the database";
        let failed = |source| StoreError::Statement { action: ACTION, source };
        // Not through a reader: the check of a large file takes longer than a read may.
        let mut conn = self.writer(Durability::Process, ACTION).await?;
        let rows = sqlx::query("PRAGMA quick_check").fetch_all(&mut *conn).await.map_err(failed)?;
        let said =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>().map_err(failed)?;
        Ok(said.into_iter().filter(|row| row != "ok").collect())
    }

    /// Lets the connections of a damaged file go without a last write into it.
    pub(crate) async fn abandon(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Whether a file in which something was found to be broken is sound after all. SQLite calls a page damaged that the disk
/// did not give, so this looks at a copy, which comes from the system's memory.
///
/// # Errors
/// `File` where the disk does not give the file: no backup may take the place of what nobody could read.
async fn look_again(path: &Path) -> Result<bool, StoreError> {
    let copy = with(path, ".looked-at");
    remove_with_log(&copy);
    let copied = fs::copy(path, &copy).and_then(|_| match log_of(path).exists() {
        true => fs::copy(log_of(path), log_of(&copy)),
        false => Ok(0),
    });
    let sound = match copied {
        Ok(_) => is_sound(&copy).await,
        // Without room for a copy the first look decides.
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => Ok(false),
        Err(source) => Err(file(path)(source)),
    };
    remove_with_log(&copy);
    sound
}

async fn is_sound(copy: &Path) -> Result<bool, StoreError> {
    header::keep_private(copy)?;
    if header::refuse_unknown(copy).await.is_err() {
        return Ok(false);
    }
    let Ok(mut conn) = super::connect(copy).await else { return Ok(false) };
    let said: Result<Vec<String>, _> = sqlx::query_scalar("PRAGMA quick_check").fetch_all(&mut conn).await;
    let _ = conn.close().await;
    Ok(said.is_ok_and(|rows| rows.iter().all(|row| row == "ok")))
}

/// The last exit was not clean, or somebody met a broken page: a look at all pages is worth its time.
fn is_unclean(path: &Path) -> bool {
    bytes(&log_of(path)) > 0 || mark(path).exists()
}

/// That look is cheap.
fn is_small(path: &Path) -> bool {
    (1..ALWAYS_CHECKED_BYTES).contains(&bytes(path))
}

fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

fn mark(path: &Path) -> PathBuf {
    with(path, ".doubtful")
}

fn log_of(path: &Path) -> PathBuf {
    with(path, "-wal")
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Moves the file with its log to the first free name beside it.
#[allow(clippy::disallowed_methods, reason = "the time of a file, which no row and no deadline sees")]
pub(super) fn set_aside(path: &Path, ending: &str) -> Result<PathBuf, StoreError> {
    let free = (1..).map(|n| with(path, &format!("{ending}-{n}"))).find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| with(path, ending));
    fs::rename(path, &aside).map_err(file(path))?;
    // SQLite finds a log by its file's name: under the old one it would be played into the backup.
    let log = log_of(path);
    if log.exists() {
        fs::rename(&log, log_of(&aside)).map_err(file(&log))?;
    }
    // They are kept for a time that begins now, however long ago they were last written.
    for path in [aside.clone(), log_of(&aside)] {
        if let Ok(file) = fs::File::options().write(true).open(&path) {
            let _ = file.set_modified(std::time::SystemTime::now());
        }
    }
    remove_with_log(path);
    Ok(aside)
}

/// Damaged files beside the database at `path`, with their logs.
pub(super) fn damaged(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let start = format!("{name}{DAMAGED}");
    let is_one = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&start))
    };
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_one).collect()
}

/// Puts the newest backup that passes its check in place; `None` where there is none.
async fn newest_good_backup(path: &Path) -> Option<PathBuf> {
    let part = unfinished(path);
    for backup in backups(&backups_of(path)) {
        let good = async {
            checked_copy(&backup, &part).await?;
            put_in_place(&part, path)
        };
        if good.await.is_ok() {
            return Some(backup);
        }
    }
    None
}

/// Finished backups, the newest first.
pub(super) fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_broken_itself_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tonny.db");
        Store::open(&path).await.unwrap().close().await.unwrap();
        assert!(look_again(&path).await.unwrap());
        let sound = fs::read(&path).unwrap();
        let mut broken = sound.clone();
        broken[4_096..8_192].fill(0xff);
        fs::write(&path, &broken).unwrap();
        assert!(!look_again(&path).await.unwrap());
        fs::write(&path, &sound[..50]).unwrap();
        assert!(!look_again(&path).await.unwrap(), "half a header");
        fs::remove_file(&path).unwrap();
        assert!(matches!(look_again(&path).await, Err(StoreError::File { .. })), "nobody could read it");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no copy stays");
    }
}
