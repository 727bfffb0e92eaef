//! Backups that still hold an utterance the database has let go: where nothing is to be kept, they go with it.
//!
//! Asked of the files themselves. Who deleted the words, when, and whether a backup was being made meanwhile is then no
//! matter: a clean-up from the terminal and one in the app find the same ones.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{UNFINISHED, modified_ms, remove_with_log};
use crate::StoreError;
use crate::error::opening;
use crate::statements::statements;
use crate::store::Store;

statements! {
    IDS = "SELECT id FROM utterances WHERE id > ?1 ORDER BY id LIMIT ?2";

    IS_THERE = "SELECT 1 FROM utterances WHERE id = ?1";
}

/// Ids asked for at once.
const PAGE: u32 = 1_000;

/// No backup takes that long to make: what is older was left by a program that died over it.
const ABANDONED_MS: i64 = 3_600_000;

impl Store {
    /// Removes every backup with an utterance that is not in the database any more, those that cannot be read, and what
    /// programs that died while they made one left behind; gives how many backups went.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn remove_backups_of_deleted(&self, now_ms: i64) -> Result<u32, StoreError> {
        let mut gone = 0;
        for backup in self.backups() {
            if self.holds_deleted(&self.backups_folder().join(&backup.name)).await? {
                self.remove_backup(&backup);
                gone += 1;
            }
        }
        abandoned(&self.backups_folder(), now_ms).iter().for_each(|part| remove_with_log(part));
        Ok(gone)
    }

    async fn holds_deleted(&self, backup: &Path) -> Result<bool, StoreError> {
        let Ok(mut conn) = read_only(backup).await else { return Ok(true) };
        let holds = self.one_is_missing(&mut conn).await;
        // Nothing was written over it.
        let _ = conn.close().await;
        holds
    }

    async fn one_is_missing(&self, backup: &mut SqliteConnection) -> Result<bool, StoreError> {
        let mut after = String::new();
        loop {
            let page: Result<Vec<String>, sqlx::Error> =
                sqlx::query_scalar(IDS).bind(&after).bind(PAGE).fetch_all(&mut *backup).await;
            let Ok(page) = page else { return Ok(true) };
            for id in &page {
                let there: Option<(i64,)> =
                    self.row("look for an utterance of a backup", sqlx::query(IS_THERE).bind(id)).await?;
                if there.is_none() {
                    return Ok(true);
                }
            }
            let Some(last) = page.into_iter().next_back() else { return Ok(false) };
            after = last;
        }
    }
}

/// Nobody writes into a finished backup, so none of SQLite's files beside it are needed.
async fn read_only(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let quiet = options.disable_statement_logging();
    quiet.connect().await.map_err(|source| opening(path, source))
}

fn abandoned(folder: &Path, now_ms: i64) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .filter(|path| path.extension().is_some_and(|ending| ending == UNFINISHED || ending == "restoring"))
        .filter(|path| modified_ms(path).is_some_and(|made| made < now_ms - ABANDONED_MS))
        .collect()
}
