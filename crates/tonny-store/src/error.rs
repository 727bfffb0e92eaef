//! What can go wrong in the store, so that callers ask ("is the disk full?") instead of matching codes.
//!
//! No variant carries a bound value: an error may be logged, what the user said may not.

use std::io;
use std::path::PathBuf;

use sqlx::migrate::MigrateError;

/// SQLite's primary result codes, <https://www.sqlite.org/rescode.html>; the extended code's low byte is the primary one.
mod code {
    pub const BUSY: i32 = 5;
    pub const LOCKED: i32 = 6;
    pub const READONLY: i32 = 8;
    pub const INTERRUPT: i32 = 9;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANTOPEN: i32 = 14;
    pub const PROTOCOL: i32 = 15;
    pub const TOOBIG: i32 = 18;
    pub const CONSTRAINT: i32 = 19;
    pub const NOTADB: i32 = 26;
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer program wrote this file; it was not touched.
    #[error("{} has schema {found}, this program knows up to {known}{}", path.display(), needed(needs))]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema found in the file.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
        /// The version of TonnyTray that takes this schema, where the file says it.
        needs: Option<String>,
    },
    /// The file is no database, or one with broken pages; it was not touched when this comes from opening it.
    #[error("{} is not a readable database", path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What SQLite said; absent when the file's header alone told.
        source: Option<sqlx::Error>,
    },
    /// A sound database of some other program; it was not touched.
    #[error("{} is the database of another program (application id {application_id:#010x})", path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
        /// The id in its header.
        application_id: u32,
    },
    /// The linked SQLite is older than the first one whose WAL is safe with several connections.
    #[error("SQLite {found} is older than {wanted}")]
    OldEngine {
        /// The linked version.
        found: String,
        /// The oldest accepted version.
        wanted: &'static str,
    },
    /// The file or its folder could not be made or read.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// A schema change failed; the file has the schema it had before.
    #[error("the schema of {} cannot be brought up to date", path.display())]
    Migrate {
        /// The database file.
        path: PathBuf,
        /// What SQLite or the migrator said.
        source: MigrateError,
    },
    /// A statement failed.
    #[error("the store could not {action}")]
    Statement {
        /// What was being done: "save the settings".
        action: &'static str,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// One of several rows broke a rule of its table; none of them was written.
    #[error("row {row} breaks a rule of the table")]
    RefusedRow {
        /// Counted from 0.
        row: usize,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// A file that was to be a backup did not pass its check.
    #[error("{} is no sound backup: {}", path.display(), findings.join("; "))]
    BackupBroken {
        /// The file.
        path: PathBuf,
        /// What the check said.
        findings: Vec<String>,
    },
    /// One database could not be put into another; the other is as it was.
    #[error("{} could not be replaced (SQLite code {code})", path.display())]
    Copy {
        /// The database that was to be replaced.
        path: PathBuf,
        /// SQLite's code.
        code: i32,
    },
    /// No row has this id.
    #[error("there is no row {id}")]
    Missing {
        /// The id asked for.
        id: String,
    },
}

impl StoreError {
    /// Another program holds the file; the same call may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(self.sqlx_error(), Some(sqlx::Error::PoolTimedOut)) || self.is_held_up()
    }

    /// SQLite waited for a lock as long as it does, and did not get it.
    pub(crate) fn is_held_up(&self) -> bool {
        self.sqlite_code().is_some_and(is_held_up)
    }

    /// No room left on the disk.
    pub fn is_disk_full(&self) -> bool {
        self.sqlite_code() == Some(code::FULL)
            || self
                .io_kind()
                .is_some_and(|kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    /// The file or its folder may not be written.
    pub fn is_read_only(&self) -> bool {
        self.sqlite_code() == Some(code::READONLY)
            || self.io_kind().is_some_and(|kind| {
                matches!(kind, io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
            })
    }

    /// The file's content is broken: restoring a backup is what helps.
    pub fn is_damaged(&self) -> bool {
        matches!(self, StoreError::Damaged { .. })
            || matches!(self.sqlite_code(), Some(code::CORRUPT | code::NOTADB))
    }

    /// A value broke a rule of its table: too long, out of range, or an id that exists already. Trying again is no use.
    pub fn is_refused_value(&self) -> bool {
        matches!(self.sqlite_code(), Some(code::CONSTRAINT | code::TOOBIG))
    }

    /// A newer program wrote the file.
    pub fn is_newer(&self) -> bool {
        matches!(self, StoreError::Newer { .. })
    }

    /// A question took longer than any may: it was cut so that the write-ahead log does not grow without end.
    pub fn is_too_slow(&self) -> bool {
        self.sqlite_code() == Some(code::INTERRUPT)
    }

    fn sqlx_error(&self) -> Option<&sqlx::Error> {
        match self {
            StoreError::Open { source, .. }
            | StoreError::Statement { source, .. }
            | StoreError::RefusedRow { source, .. } => Some(source),
            StoreError::Damaged { source, .. } => source.as_ref(),
            StoreError::Migrate {
                source: MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _),
                ..
            } => Some(source),
            _ => None,
        }
    }

    /// Whether an error is a value that broke a rule.
    pub(crate) fn refused(error: &sqlx::Error) -> bool {
        matches!(sqlite_code(error), Some(code::CONSTRAINT | code::TOOBIG))
    }

    fn sqlite_code(&self) -> Option<i32> {
        match self {
            StoreError::Copy { code, .. } => Some(code & 0xff),
            other => sqlite_code(other.sqlx_error()?),
        }
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match (self, self.sqlx_error()) {
            (StoreError::File { source, .. }, _) | (_, Some(sqlx::Error::Io(source))) => Some(source.kind()),
            _ => None,
        }
    }
}

fn needed(needs: &Option<String>) -> String {
    needs.as_ref().map_or_else(String::new, |version| format!("; it takes TonnyTray {version} or newer"))
}

/// The primary result code of SQLite, where the error comes from there.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    sqlite_code(error).is_some_and(is_held_up)
}

/// Whether a result code, extended or not, says that a lock was not to be had.
pub(crate) fn is_held_up(code: i32) -> bool {
    matches!(code & 0xff, code::BUSY | code::LOCKED | code::PROTOCOL)
}

/// An error met while opening `path`, sorted into the variants a caller tells apart.
pub(crate) fn opening(path: &std::path::Path, source: sqlx::Error) -> StoreError {
    let path = path.to_owned();
    match sqlite_code(&source) {
        Some(code::CORRUPT | code::NOTADB) => StoreError::Damaged { path, source: Some(source) },
        // SQLite says only "unable to open"; the system knows why.
        Some(code::CANTOPEN) => match std::fs::OpenOptions::new().read(true).write(true).open(&path) {
            Err(source) => StoreError::File { path, source },
            Ok(_) => StoreError::Open { path, source },
        },
        _ => StoreError::Open { path, source },
    }
}
