//! Room on the disk that is given up when a recording would otherwise end: a file of zeros beside the recordings.
//!
//! It is made while there is plenty of room and deleted when a write fails for want of it. What is spoken from there on,
//! a quarter of an hour of it, fits into what it leaves; the database's few bytes fit in as well.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// A quarter of an hour of speech at 32 kB a second.
const BYTES: u64 = 32 * 1024 * 1024;

/// Only where so many times as much stays free: on a small disk the room itself would be the trouble.
const SPARE: u64 = 4;

fn path(folder: &Path) -> PathBuf {
    folder.join(".room-for-recordings")
}

/// Makes the file where it is missing and there is room for it.
pub(super) fn fill(folder: &Path) -> io::Result<()> {
    fill_with(folder, BYTES)
}

fn fill_with(folder: &Path, bytes: u64) -> io::Result<()> {
    let path = path(folder);
    if fs::metadata(&path).is_ok_and(|file| file.len() == bytes) {
        // An older version made it for everybody to read.
        return fs::set_permissions(&path, Permissions::from_mode(0o600));
    }
    if free(folder)? < bytes * SPARE {
        return Ok(());
    }
    let made = write(&path, bytes);
    if made.is_err() {
        // Half of it helps nobody.
        let _ = fs::remove_file(&path);
    }
    made
}

/// Written, not only reserved: a file with holes takes no room.
fn write(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let block = vec![0; 1024 * 1024];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(block.len() as u64);
        file.write_all(&block[..usize::try_from(part).unwrap_or(block.len())])?;
        left -= part;
    }
    file.sync_data()
}

/// Gives the room up; says whether there was any.
pub(super) fn release(folder: &Path) -> bool {
    fs::remove_file(path(folder)).is_ok()
}

/// Bytes that can still be written where `folder` is.
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_really_taken_once_and_given_up_once() {
        let folder = tempfile::tempdir().unwrap();
        fill_with(folder.path(), 3_000_000).unwrap();
        fill_with(folder.path(), 3_000_000).unwrap();
        let file = fs::metadata(path(folder.path())).unwrap();
        assert_eq!(file.len(), 3_000_000);
        assert!(release(folder.path()) && !release(folder.path()));
        fill_with(folder.path(), u64::MAX / 8).unwrap();
        assert!(!release(folder.path()), "no disk has that much room to spare");
    }
}
