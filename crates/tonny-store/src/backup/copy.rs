//! SQLite's own way to put one database into another that is open elsewhere: <https://www.sqlite.org/c3ref/backup_finish.html>.
//!
//! The only place besides `store/connections.rs` that calls SQLite itself: sqlx does not offer it.

use std::ffi::{CString, c_int};
use std::path::{Path, PathBuf};
use std::ptr;

use libsqlite3_sys as ffi;

use crate::StoreError;

/// How long it waits for a writer or a reader of the old rows.
const BUSY_MS: c_int = 5_000;

/// Replaces the whole content of `to` by that of `from`, as one transaction of `to`.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    let failed = |path: PathBuf| move |code| StoreError::Copy { path, code };
    let copied = tokio::task::spawn_blocking({
        let to = to.clone();
        move || {
            // Not read-only: a file in WAL mode cannot be read without making its log.
            let source = Database::open(&from, ffi::SQLITE_OPEN_READWRITE)?;
            let target = Database::open(&to, ffi::SQLITE_OPEN_READWRITE)?;
            target.take_all_of(&source)
        }
    });
    match copied.await {
        Ok(done) => done.map_err(failed(to)),
        Err(_) => Err(StoreError::Copy { path: to, code: ffi::SQLITE_ABORT }),
    }
}

/// A connection that closes itself.
struct Database(*mut ffi::sqlite3);

impl Database {
    fn open(path: &Path, flags: c_int) -> Result<Self, c_int> {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| ffi::SQLITE_CANTOPEN)?;
        let mut handle = ptr::null_mut();
        // SAFETY: the name ends with a NUL and lives through the call; SQLite gives a handle to close even on failure.
        let code = unsafe { ffi::sqlite3_open_v2(name.as_ptr(), &raw mut handle, flags, ptr::null()) };
        let database = Database(handle);
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_busy_timeout(database.0, BUSY_MS) };
        Ok(database)
    }

    fn take_all_of(&self, source: &Database) -> Result<(), c_int> {
        // SAFETY: both handles are open and used by this thread alone; the names are constants with a NUL.
        unsafe {
            let copy = ffi::sqlite3_backup_init(self.0, c"main".as_ptr(), source.0, c"main".as_ptr());
            if copy.is_null() {
                return Err(ffi::sqlite3_errcode(self.0));
            }
            // Negative: all pages in one step, so that nobody sees half of it.
            let stepped = ffi::sqlite3_backup_step(copy, -1);
            let finished = ffi::sqlite3_backup_finish(copy);
            match (stepped, finished) {
                (ffi::SQLITE_DONE, ffi::SQLITE_OK) => Ok(()),
                (ffi::SQLITE_DONE, code) | (code, _) => Err(code),
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: closed once; a null handle is allowed.
        unsafe { ffi::sqlite3_close(self.0) };
    }
}
