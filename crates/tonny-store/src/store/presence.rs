//! Who else is at the database: each program that has it open holds a lock on a file of its own beside it, and the system
//! takes the lock away when the program ends, however it ends.
//!
//! What a program is in the middle of carries its name; a name that nobody holds is that of one that died.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

use super::{Store, header};

/// The folder beside the database.
const FOLDER: &str = "writers";

/// Begins the name of a file that is not locked yet.
const NOT_YET: char = '.';

/// That this program is there.
#[derive(Debug)]
pub(super) struct Presence {
    name: String,
    /// Locked until it is closed.
    held: Option<(File, PathBuf)>,
}

impl Presence {
    /// Tells others of this program, and forgets those that ended. Where files cannot be locked, others take it for dead: an
    /// answer that is coming is then marked as cut off until it ends, which is no reason not to start.
    pub(super) fn beside(database: &Path) -> Self {
        let (folder, name) = (folder(database), new_name());
        let _ = living(&folder);
        // Whoever closes last takes the folder along, perhaps just now.
        let held = (0..3).find_map(|_| hold(&folder, &name).ok());
        Self { name, held }
    }

    /// At a database that nobody else can see.
    pub(super) fn alone() -> Self {
        Self { name: new_name(), held: None }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some((file, path)) = self.held.take() {
            // Closed first: not every system removes what is open.
            drop(file);
            let _ = fs::remove_file(&path);
            // Goes only with the last one.
            let _ = path.parent().map(fs::remove_dir);
        }
    }
}

impl Store {
    /// The name under which this program writes.
    pub(crate) fn name(&self) -> &str {
        &self.presence.name
    }

    /// The names of all programs that have the database open, this one's among them.
    pub(crate) fn living(&self) -> HashSet<String> {
        let mut names = if self.is_in_memory() { HashSet::new() } else { living(&folder(&self.path)) };
        names.insert(self.name().to_owned());
        names
    }
}

fn folder(database: &Path) -> PathBuf {
    database.with_file_name(FOLDER)
}

/// The process, for whoever looks into the folder, and 64 random bits, because its number comes again.
fn new_name() -> String {
    // Each state has random keys.
    format!("{}-{:016x}", std::process::id(), RandomState::new().build_hasher().finish())
}

/// The file gets its name when it is locked: whoever sees it sees that it is held.
fn hold(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    header::make_folder(folder)?;
    let (before, path) = (folder.join(format!("{NOT_YET}{name}")), folder.join(name));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&before)?;
    let locked = file.try_lock().map_err(io::Error::from).and_then(|()| fs::rename(&before, &path));
    match locked {
        Ok(()) => Ok((file, path)),
        Err(error) => {
            let _ = fs::remove_file(&before);
            Err(error)
        }
    }
}

/// The names that are held; files of those that are not are removed.
fn living(folder: &Path) -> HashSet<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = files.filter_map(|file| Some((file.file_name().into_string().ok()?, file.path())));
    let held = named.filter(|(name, path)| {
        if name.starts_with(NOT_YET) {
            return false;
        }
        let Ok(file) = File::open(path) else { return false };
        match file.try_lock_shared() {
            Ok(()) => {
                drop(file);
                let _ = fs::remove_file(path);
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    });
    held.map(|(name, _)| name).collect()
}
