//! Files of the vault's folder: owner only, replaced whole or not at all, one writer at a time.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// No file of the vault is larger: 21 kinds of at most 8 KiB, and their dates.
const LARGEST: u64 = 1 << 20;

/// Between two looks at a lock that another process has.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Reads a file of the vault; `None` where there is none. One that others may read is mended.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    Ok(read_and_mend(path)?.map(|(bytes, _)| bytes))
}

/// The same; says whether others could read it.
pub(super) fn read_and_mend(path: &Path) -> io::Result<Option<(Vec<u8>, bool)>> {
    let file = match OpenOptions::new().read(true).custom_flags(NO_LINK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let meta = file.metadata()?;
    let was_open = meta.permissions().mode() & 0o077 != 0;
    if was_open {
        tracing::warn!(path = %path.display(), "other users could read a file of the vault; they cannot any more");
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Some((bytes, was_open)))
}

/// Whether the file is another user's.
pub(super) fn is_foreign(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.uid() != rustix::process::geteuid().as_raw())
}

/// Replaces a file: written beside it, synced, renamed. A reader sees the old bytes or the new ones.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    // What a killed writer left; the lock says that no other is at work.
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync_folder(path)
}

/// Deletes a file; one that is gone is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(path),
    }
}

/// Renames a file to the first name beside it that is free; nothing where there is no file.
pub(super) fn set_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let name = |number: u32| {
        path.with_added_extension(format!(
            "broken{}",
            if number == 0 { String::new() } else { number.to_string() }
        ))
    };
    let free = (0..).map(name).find(|name| std::fs::symlink_metadata(name).is_err());
    let Some(aside) = free else { return Ok(None) };
    std::fs::rename(path, &aside)?;
    sync_folder(path)?;
    Ok(Some(aside))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// A link in the vault's folder would lead a write elsewhere.
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// The right to change the vault's files, until dropped. Another process holds it for milliseconds.
pub(super) fn lock(path: &Path, until: Instant) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::park_timeout(LOOK_EVERY);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_for_the_owner_only() {
        let folder = tempfile::tempdir().expect("temp");
        let path = folder.path().join("secrets.vault");
        assert!(read(&path).expect("nothing there").is_none());
        std::fs::write(path.with_extension("new"), b"left by a killed writer").expect("written");
        for bytes in [b"old".as_slice(), b"new"] {
            replace(&path, bytes).expect("replaced");
            assert_eq!(read(&path).expect("read").expect("there"), bytes);
        }
        assert_eq!(path.metadata().expect("meta").permissions().mode() & 0o777, 0o600);
        assert!(!path.with_extension("new").exists() && !is_foreign(&path));
    }

    #[test]
    fn a_file_that_others_may_read_is_mended_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().expect("temp");
        let path = folder.path().join("secrets.vault");
        std::fs::write(&path, b"x").expect("written");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("open to all");
        read(&path).expect("read");
        assert_eq!(path.metadata().expect("meta").permissions().mode() & 0o777, 0o600);
        let link = folder.path().join("link.vault");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(read(&link).is_err());
    }

    #[test]
    fn a_second_writer_waits_until_its_deadline() {
        let folder = tempfile::tempdir().expect("temp");
        let path = folder.path().join("lock");
        let first = lock(&path, Instant::now()).expect("free");
        assert!(lock(&path, Instant::now() + Duration::from_millis(60)).is_err());
        drop(first);
        lock(&path, Instant::now()).expect("free again");
    }
}
