//! The file being downloaded, `<destination>.part`: locked against a second writer, hashed as it grows, renamed at the end.
//!
//! Writes happen in place on the calling thread, 1 MiB at a time into the page cache: handing them to another thread
//! would let a dropped download go on writing while the next one already reads the part.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::EgressError;

/// Bytes gathered before they are written: big enough that a 16 KiB network read costs no system call of its own.
const WRITE_BUFFER: usize = 1 << 20;

/// An open part file.
pub struct Part {
    dest: PathBuf,
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    hash: Sha256,
    len: u64,
}

impl Part {
    /// Opens or creates the part of `dest` and reads what an earlier download left. Blocks for as long as that takes.
    pub fn open(dest: &Path) -> Result<Self, EgressError> {
        if let Some(folder) = dest.parent() {
            std::fs::create_dir_all(folder).map_err(|source| failed(dest, source))?;
        }
        let mut name = dest.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|source| failed(dest, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EgressError::Busy { path: dest.to_owned() }),
            // A file system without locks (some network folders) is no reason to refuse.
            Err(TryLockError::Error(error)) => tracing::debug!(%error, "part file not locked"),
        }
        let (hash, len) = hash_of(&file).map_err(|source| failed(dest, source))?;
        let buffer = Vec::with_capacity(WRITE_BUFFER);
        Ok(Self { dest: dest.to_owned(), path, file, buffer, hash, len })
    }

    /// Bytes so far, written or still in the buffer.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Forgets everything.
    pub fn restart(&mut self) -> Result<(), EgressError> {
        self.buffer.clear();
        self.hash = Sha256::new();
        self.len = 0;
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map(drop).map_err(|source| failed(&self.dest, source))
    }

    /// Takes in what came.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), EgressError> {
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BUFFER { self.write_buffer() } else { Ok(()) }
    }

    /// Hex SHA-256 of everything so far.
    pub fn sha256(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }

    /// Puts the complete file in its place.
    pub fn finish(mut self) -> Result<(), EgressError> {
        self.write_buffer()?;
        let placed = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, &self.dest));
        placed.and_then(|()| sync_folder(&self.dest)).map_err(|source| failed(&self.dest, source))
    }

    /// Deletes the part.
    pub fn discard(mut self) -> Result<(), EgressError> {
        self.buffer.clear();
        std::fs::remove_file(&self.path).map_err(|source| failed(&self.dest, source))
    }

    fn write_buffer(&mut self) -> Result<(), EgressError> {
        self.file.write_all(&self.buffer).map_err(|source| failed(&self.dest, source))?;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for Part {
    /// A cancelled or broken download keeps its last bytes; what cannot be written is fetched again.
    fn drop(&mut self) {
        if let Err(error) = self.write_buffer() {
            tracing::debug!(%error, "the part's last bytes were not kept");
        }
    }
}

/// Whether `dest` is complete already, with this SHA-256.
pub fn is_there(dest: &Path, sha256: &str) -> Result<bool, EgressError> {
    match File::open(dest) {
        Ok(file) => {
            let (hash, _) = hash_of(&file).map_err(|source| failed(dest, source))?;
            Ok(format!("{:x}", hash.finalize()) == sha256)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed(dest, source)),
    }
}

/// Says no before a download starts that cannot end.
pub fn check_room(dest: &Path, needed: u64) -> Result<(), EgressError> {
    match free_bytes(dest) {
        Some(free) if free < needed => Err(EgressError::DiskFull { path: dest.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn free_bytes(dest: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dest.parent()?).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Elsewhere the write itself says that the disk is full.
#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Leaves the file's position at its end.
fn hash_of(mut file: &File) -> std::io::Result<(Sha256, u64)> {
    let (mut hash, mut len, mut chunk) = (Sha256::new(), 0, vec![0; WRITE_BUFFER]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((hash, len)),
            read => {
                hash.update(&chunk[..read]);
                len += read as u64;
            }
        }
    }
}

/// The rename itself must survive a power cut, not only the bytes.
fn sync_folder(dest: &Path) -> std::io::Result<()> {
    match dest.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn failed(path: &Path, source: std::io::Error) -> EgressError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            EgressError::DiskFull { path }
        }
        _ => EgressError::Io { path, source },
    }
}
