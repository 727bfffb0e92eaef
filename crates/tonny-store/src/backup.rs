//! Whole copies of the database: made beside a running program, believed only after a check, and put back in place.
//!
//! A copy is written under a temporary name, checked there (pages, references, search, row counts), synced and renamed:
//! what carries a backup's name is one. Making it only reads, so that in WAL mode no writer waits. Putting one back goes
//! through SQLite too, as one transaction, so that other programs that have the file open see the old rows or the new.
//! When to make one and which to keep is the core's decision.

mod copy;
pub(crate) mod forgotten;
pub(crate) mod lay_over;
pub(crate) mod old_schema;
pub(crate) mod recovery;
mod salvage;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::StoreError;
use crate::error::opening;
use crate::statements::statements;
use crate::store::{Store, header, shared_options};

pub use recovery::Recovery;

statements! {
    /// Reads no row of a table but walks an index of each. What is still coming of an answer comes and goes too quickly to
    /// be counted.
    COUNT = "SELECT (SELECT count(*) FROM utterances), (SELECT count(*) FROM profiles), \
        (SELECT count(*) FROM activity), (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages), \
        (SELECT count(*) FROM message_attachments), (SELECT count(*) FROM egress_ledger)";
}

/// The name of a backup that is not one yet.
const UNFINISHED: &str = "part";

/// How often a copy that is being made goes to the disk: one or two megabytes at a time.
const SYNC_EVERY: Duration = Duration::from_millis(50);

/// Rows of each table, in the order of [`COUNT`].
type Counts = (i64, i64, i64, i64, i64, i64, i64);

impl Store {
    /// Where this database's backups lie: a folder beside it.
    pub fn backups_folder(&self) -> PathBuf {
        backups_of(self.path())
    }

    /// Makes the folder for backups, the owner's alone.
    ///
    /// # Errors
    /// `File`.
    pub fn make_backups_folder(&self) -> Result<(), StoreError> {
        let folder = self.backups_folder();
        header::make_folder(&folder).map_err(file(&folder))
    }

    /// Makes a verified backup named `to`; an older file of that name is replaced.
    ///
    /// # Errors
    /// `BackupBroken` when the copy did not pass its check: then nothing carries the name. `is_disk_full` where there is
    /// no room.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        match self.copy_verified(to).await {
            // A search that lost step with its texts is no reason to go without a backup.
            Err(StoreError::BackupBroken { .. }) if !self.mend_search().await?.is_empty() => {
                self.copy_verified(to).await
            }
            made => made,
        }
    }

    async fn copy_verified(&self, to: &Path) -> Result<(), StoreError> {
        const ACTION: &str = "make a backup";
        let before = self.counts(ACTION).await?;
        let part = unfinished(to);
        let made = async {
            snapshot(self.path(), &part).await?;
            let found = verify(&part).await?;
            let after = self.counts(ACTION).await?;
            if !between(found, before, after) {
                let findings =
                    vec![format!("it has {found:?} rows, the database had {before:?} to {after:?}")];
                return Err(StoreError::BackupBroken { path: to.to_owned(), findings });
            }
            put_in_place(&part, to)
        };
        let made = made.await;
        if made.is_err() {
            remove_with_log(&part);
        }
        made
    }

    async fn counts(&self, action: &'static str) -> Result<Counts, StoreError> {
        Ok(self.row(action, sqlx::query(COUNT)).await?.unwrap_or_default())
    }

    /// Puts a backup in place of everything there is, in one transaction; what was there is kept as `before` first.
    ///
    /// # Errors
    /// `Newer`, `Foreign`, `Damaged`, `BackupBroken`: nothing changed.
    pub async fn restore(&self, from: &Path, before: &Path) -> Result<(), StoreError> {
        header::refuse_unknown(from).await?;
        // A copy, because a check writes, and because a backup of an older schema is brought up to date in it.
        let part = before.with_extension("restoring");
        checked_copy(from, &part).await?;
        let kept = self.back_up(before).await;
        let copied = match kept {
            Ok(()) => copy::copy(&part, self.path()).await,
            Err(error) => Err(error),
        };
        remove_with_log(&part);
        copied?;
        self.empty_log().await.map(drop)
    }

    /// Puts a backup in place of a file that this program cannot open; that one is set aside. Gives its new name.
    ///
    /// # Errors
    /// As `restore`.
    pub async fn replace(path: &Path, from: &Path) -> Result<PathBuf, StoreError> {
        header::refuse_unknown(from).await?;
        let part = unfinished(path);
        checked_copy(from, &part).await?;
        let aside = recovery::set_aside(path, recovery::REPLACED)?;
        put_in_place(&part, path)?;
        Ok(aside)
    }

    /// Every finished backup, the newest first.
    pub fn backups(&self) -> Vec<BackupFile> {
        let files = recovery::backups(&self.backups_folder()).into_iter();
        files.filter_map(|path| BackupFile::of(&path)).collect()
    }

    /// Deletes one of `backups`; one that is gone already is no error.
    pub fn remove_backup(&self, backup: &BackupFile) {
        remove_with_log(&self.backups_folder().join(&backup.name));
    }

    /// Files that were set aside because they were damaged, with their logs.
    pub fn damaged_files(&self) -> Vec<BackupFile> {
        recovery::damaged(self.path()).iter().filter_map(|path| BackupFile::of(path)).collect()
    }

    /// Deletes one of `damaged_files`; one that is gone already is no error.
    pub fn remove_damaged(&self, file: &BackupFile) {
        let _ = fs::remove_file(self.path().with_file_name(&file.name));
    }

    /// When the database last changed, UTC milliseconds since 1970, as its files say.
    pub fn changed_ms(&self) -> i64 {
        [self.path().to_owned(), self.log_path()]
            .iter()
            .filter_map(|path| modified_ms(path))
            .max()
            .unwrap_or(0)
    }

    /// Gives free pages back to the system. Writers wait meanwhile.
    ///
    /// # Errors
    /// `is_disk_full`: it needs as much room again as the database has.
    pub async fn vacuum(&self) -> Result<(), StoreError> {
        use crate::store::Durability;
        self.change(Durability::Process, "vacuum the database", sqlx::query("VACUUM")).await?;
        self.empty_log().await.map(drop)
    }
}

/// A backup, or a damaged file, on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name within its folder.
    pub name: String,
    /// When it was made or set aside: UTC, milliseconds since 1970.
    pub made_ms: i64,
    /// Its size.
    pub bytes: u64,
}

impl BackupFile {
    fn of(path: &Path) -> Option<Self> {
        Some(BackupFile {
            name: path.file_name()?.to_str()?.to_owned(),
            made_ms: modified_ms(path)?,
            bytes: fs::metadata(path).ok()?.len(),
        })
    }
}

fn modified_ms(path: &Path) -> Option<i64> {
    let since = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// Copies a backup to `part` and checks it there, because a check writes, and because one of an older schema is brought
/// up to date. After an error there is no `part`.
async fn checked_copy(from: &Path, part: &Path) -> Result<(), StoreError> {
    remove_with_log(part);
    fs::copy(from, part).map_err(file(from))?;
    let checked = async {
        header::keep_private(part)?;
        Store::open(part).await?.close().await?;
        verify(part).await.map(drop)
    };
    let checked = checked.await;
    if checked.is_err() {
        remove_with_log(part);
    }
    checked
}

/// The folder of the backups of the database at `path`.
pub(crate) fn backups_of(path: &Path) -> PathBuf {
    path.with_file_name("backups")
}

/// Checks a file that is to count as a backup; gives its rows.
pub(crate) async fn verify(path: &Path) -> Result<Counts, StoreError> {
    let mut conn = connect(path).await?;
    let verdict = inspect(&mut conn).await;
    let closed = conn.close().await;
    let broken = |findings| StoreError::BackupBroken { path: path.to_owned(), findings };
    match verdict {
        Ok((findings, counts)) if findings.is_empty() => {
            closed.map_err(|source| opening(path, source))?;
            Ok(counts)
        }
        Ok((findings, _)) => Err(broken(findings)),
        Err(source) => Err(broken(vec![source.to_string()])),
    }
}

async fn inspect(conn: &mut SqliteConnection) -> Result<(Vec<String>, Counts), sqlx::Error> {
    let mut findings: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *conn).await?;
    findings.retain(|row| row != "ok");
    let dangling = "SELECT \"table\" || ' refers to nothing' FROM pragma_foreign_key_check";
    findings.extend(sqlx::query_scalar::<_, String>(dangling).fetch_all(&mut *conn).await?);
    for index in crate::store::SEARCH_CHECKS {
        sqlx::query(index).execute(&mut *conn).await?;
    }
    let counts = sqlx::query_as(COUNT).fetch_one(&mut *conn).await?;
    Ok((findings, counts))
}

async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options: SqliteConnectOptions = shared_options().filename(path);
    options.connect().await.map_err(|source| opening(path, source))
}

/// A copy with no free pages: words that were deleted are not in it.
async fn snapshot(from: &Path, part: &Path) -> Result<(), StoreError> {
    remove_with_log(part);
    // Made first, so that it is the owner's alone from its first byte on.
    header::prepare(part)?;
    let mut conn = connect(from).await?;
    let done = {
        let target = part.to_string_lossy();
        let copying = sqlx::query(AssertSqlSafe("VACUUM INTO ?1")).bind(target).execute(&mut conn);
        synced_meanwhile(part, copying).await
    };
    let closed = conn.close().await;
    done.and(closed).map_err(|source| StoreError::Statement { action: "make a copy of the database", source })
}

/// Has what `copying` writes into `part` go to the disk a little at a time. All of it at the end would hold up the commits of
/// dictated words for as long as the disk takes.
async fn synced_meanwhile<T>(part: &Path, copying: impl Future<Output = T>) -> T {
    let mut copying = pin!(copying);
    loop {
        let part = part.to_owned();
        let syncing = async {
            tokio::time::sleep(SYNC_EVERY).await;
            // What is not synced here is synced at the end, by the same call, and what fails here fails there.
            let _ = tokio::task::spawn_blocking(move || File::open(part)?.sync_all()).await;
        };
        tokio::select! {
            done = &mut copying => return done,
            () = syncing => {}
        }
    }
}

/// From its temporary name to its own, on the disk before it counts.
fn put_in_place(part: &Path, to: &Path) -> Result<(), StoreError> {
    let done = File::open(part).and_then(|file| file.sync_all()).and_then(|()| fs::rename(part, to));
    done.map_err(file(to))?;
    sync_folder(to);
    Ok(())
}

/// A rename is durable once the folder is; where folders cannot be synced the system does it by itself.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}

fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Removes a database file and what SQLite laid beside it; what is not there is no error.
pub(crate) fn remove_with_log(path: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let _ = fs::remove_file(name);
    }
}

pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { path, source }
}

/// While the copy was made, rows may have come or gone.
fn between(found: Counts, a: Counts, b: Counts) -> bool {
    let each =
        |counts: Counts| [counts.0, counts.1, counts.2, counts.3, counts.4, counts.5, counts.6].into_iter();
    each(found).zip(each(a).zip(each(b))).all(|(found, (a, b))| (a.min(b)..=a.max(b)).contains(&found))
}
