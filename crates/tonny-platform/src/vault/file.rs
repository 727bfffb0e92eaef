//! The encrypted file: names and texts under one random key, which a password unlocks.
//!
//! Every read and write goes to the file itself: the app and the terminal may both have it open. Only the data key is
//! kept in memory, until the file is locked.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;

use tonny_core::ports::VaultState;
use zeroize::{Zeroize as _, Zeroizing};

use super::atomic;
use super::envelope::{Broken, Envelope, Key, Slot, random};
use super::password::Cost;

/// Why something could not be done with the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is locked.
    #[error("the file is locked")]
    Locked,
    /// There is no file.
    #[error("there is no file")]
    Missing,
    /// It belongs to another user and cannot be read.
    #[error("the file belongs to another user")]
    Foreign,
    /// It cannot be opened as it is.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The encrypted file, locked or not.
pub struct FileVault {
    path: PathBuf,
    key: Option<Key>,
    /// Others could read the file when it was read.
    was_open_to_others: Cell<bool>,
}

/// Names and texts; every text is wiped when dropped.
type Entries = Vec<(String, Zeroizing<String>)>;

impl FileVault {
    /// At this path; nothing is read yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, key: None, was_open_to_others: Cell::new(false) }
    }

    /// Whether there is a file.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Whether its key is in memory.
    pub fn is_open(&self) -> bool {
        self.key.is_some()
    }

    /// Makes the file, empty, and leaves it open. One that is there is replaced.
    pub fn create(&mut self, password: &str, cost: Cost) -> Result<(), FileError> {
        let key = Zeroizing::new(random()?);
        let slot = Slot::for_password(&key, password, cost)?;
        atomic::replace(&self.path, &Envelope::seal(&key, &[slot], &packed(&Vec::new()))?)?;
        self.key = Some(key);
        Ok(())
    }

    /// Unlocks it, proven by opening what is inside.
    pub fn unlock(&mut self, password: &str) -> Result<(), FileError> {
        let envelope = self.envelope()?;
        let key = envelope.unlock(password)?;
        // The slot fitted: whatever is wrong with the body is not the password.
        envelope.open(&key).map_err(|_| Broken::Damaged)?;
        self.key = Some(key);
        Ok(())
    }

    /// Forgets the key.
    pub fn lock(&mut self) {
        self.key = None;
    }

    /// Wraps the same data key with another password; what is inside is encrypted anew, with a fresh nonce.
    pub fn change_password(&mut self, old: &str, new: &str, cost: Cost) -> Result<(), FileError> {
        self.unlock(old)?;
        let (key, entries) = (self.key()?, self.entries()?);
        let slot = Slot::for_password(key, new, cost)?;
        let sealed = Envelope::seal(key, &[slot], &packed(&entries))?;
        Ok(atomic::replace(&self.path, &sealed)?)
    }

    /// Its state.
    pub fn state(&self) -> VaultState {
        match self.entries().map(drop) {
            Ok(()) => VaultState::Working,
            Err(error) => error.state(),
        }
    }

    /// All names.
    pub fn names(&self) -> Result<Vec<String>, FileError> {
        Ok(self.entries()?.into_iter().map(|(name, _)| name).collect())
    }

    /// The text of a name.
    pub fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, FileError> {
        Ok(self.entries()?.into_iter().find(|(is, _)| is == name).map(|(_, text)| text))
    }

    /// Keeps a text under a name.
    pub fn write(&mut self, name: &str, text: &str) -> Result<(), FileError> {
        let mut entries = self.entries()?;
        entries.retain(|(is, _)| is != name);
        entries.push((name.to_owned(), Zeroizing::new(text.to_owned())));
        self.save(&entries)
    }

    /// Deletes a name; says whether there was one.
    pub fn delete(&mut self, name: &str) -> Result<bool, FileError> {
        let mut entries = self.entries()?;
        let before = entries.len();
        entries.retain(|(is, _)| is != name);
        if entries.len() == before {
            return Ok(false);
        }
        self.save(&entries).map(|()| true)
    }

    /// Deletes the file and forgets the key.
    pub fn destroy(&mut self) -> Result<(), FileError> {
        self.lock();
        Ok(atomic::remove(&self.path)?)
    }

    /// Forgets the key and renames the file, so that another can take its place; its name now, where there was one.
    pub(super) fn set_aside(&mut self) -> Result<Option<PathBuf>, FileError> {
        self.lock();
        Ok(atomic::set_aside(&self.path)?)
    }

    /// Whether others could read the file since this was asked last. They cannot any more.
    pub(super) fn take_exposed(&self) -> bool {
        self.was_open_to_others.take()
    }

    fn key(&self) -> Result<&Key, FileError> {
        self.key.as_ref().ok_or(FileError::Locked)
    }

    /// What is on the disk; the ways to unlock it stay as they are there.
    fn save(&self, entries: &Entries) -> Result<(), FileError> {
        let slots = self.envelope()?.slots;
        Ok(atomic::replace(&self.path, &Envelope::seal(self.key()?, &slots, &packed(entries))?)?)
    }

    fn envelope(&self) -> Result<Envelope, FileError> {
        let foreign = atomic::is_foreign(&self.path);
        let (bytes, was_open) = match atomic::read_and_mend(&self.path) {
            Ok(Some(read)) => read,
            Ok(None) => return Err(FileError::Missing),
            Err(_) if foreign => return Err(FileError::Foreign),
            Err(error) => return Err(error.into()),
        };
        self.was_open_to_others.set(self.was_open_to_others.get() || was_open);
        let envelope = Envelope::parse(&bytes)?;
        if foreign {
            // The tags prove what is inside; only the owner is wrong, and a copy of our own is ours.
            tracing::warn!(path = %self.path.display(), "the encrypted file belonged to another user; it was copied");
            atomic::replace(&self.path, &bytes)?;
        }
        Ok(envelope)
    }

    fn entries(&self) -> Result<Entries, FileError> {
        let envelope = self.envelope()?;
        // A key that does not fit any more: the file was put back from a backup, or made anew.
        let content = envelope.open(self.key()?).map_err(|_| FileError::Locked)?;
        Ok(unpacked(&content).ok_or(Broken::Damaged)?)
    }
}

impl FileError {
    /// The error as a state of the place.
    pub fn state(&self) -> VaultState {
        match self {
            Self::Locked | Self::Broken(Broken::WrongKey) => VaultState::FileLocked,
            Self::Missing | Self::Broken(Broken::Damaged) => VaultState::FileDamaged,
            Self::Broken(Broken::Newer) => VaultState::FileNewer,
            Self::Foreign => VaultState::FileForeign,
            Self::Io(_) | Self::Broken(Broken::NoRandomness) => VaultState::Failing,
        }
    }
}

/// `name length u8 | name | text length u32 | text`, as often as there are entries. Made in one buffer of the right
/// size: one that grows would leave copies behind.
fn packed(entries: &Entries) -> Zeroizing<Vec<u8>> {
    let size = entries.iter().map(|(name, text)| 5 + name.len() + text.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for (name, text) in entries {
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend(&name.as_bytes()[..name.len().min(usize::from(u8::MAX))]);
        bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

fn unpacked(mut bytes: &[u8]) -> Option<Entries> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let mut text = text.to_vec();
        let Ok(read) = std::str::from_utf8(&text).map(|text| Zeroizing::new(text.to_owned())) else {
            text.zeroize();
            return None;
        };
        text.zeroize();
        entries.push((std::str::from_utf8(name).ok()?.to_owned(), read));
        bytes = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn vault() -> (tempfile::TempDir, FileVault) {
        let folder = tempfile::tempdir().expect("temp");
        let mut file = FileVault::new(folder.path().join("secrets.vault"));
        file.create("correct horse", CHEAP).expect("created");
        (folder, file)
    }

    #[test]
    fn entries_are_kept_through_locking_and_under_another_password() {
        let (_folder, mut file) = vault();
        file.write("openai", "sk-1 🔑").expect("written");
        file.write("xai", "xai-1").expect("written");
        file.write("openai", "sk-2").expect("replaced");
        assert!(file.delete("xai").expect("deleted") && !file.delete("xai").expect("gone"));
        file.lock();
        assert_eq!(file.state(), VaultState::FileLocked);
        assert!(matches!(file.read("openai"), Err(FileError::Locked)));
        assert!(matches!(file.unlock("wrong horse"), Err(FileError::Broken(Broken::WrongKey))));
        file.change_password("correct horse", "another horse", CHEAP).expect("changed");
        file.lock();
        assert!(file.unlock("correct horse").is_err());
        file.unlock("another horse").expect("unlocked");
        assert_eq!(*file.read("openai").expect("read").expect("there"), "sk-2");
        assert_eq!(file.names().expect("names"), ["openai"]);
        file.destroy().expect("destroyed");
        assert_eq!(file.state(), VaultState::FileDamaged);
    }

    #[test]
    fn two_programs_see_each_other_s_writes() {
        let (_folder, mut app) = vault();
        let mut terminal = FileVault::new(app.path.clone());
        terminal.unlock("correct horse").expect("unlocked");
        terminal.write("openai", "sk-1").expect("written");
        app.write("xai", "xai-1").expect("written");
        assert_eq!(*app.read("openai").expect("read").expect("there"), "sk-1");
        assert_eq!(terminal.names().expect("names"), ["openai", "xai"]);
    }

    #[test]
    fn damage_and_a_newer_version_are_states_and_change_nothing() {
        let (_folder, mut file) = vault();
        let good = std::fs::read(&file.path).expect("bytes");
        for (bytes, state) in [
            (good[..good.len() / 2].to_vec(), VaultState::FileDamaged),
            (Vec::new(), VaultState::FileDamaged),
            ([&good[..8], &[9, 0], &good[10..]].concat(), VaultState::FileNewer),
        ] {
            std::fs::write(&file.path, &bytes).expect("written");
            assert_eq!(file.state(), state);
            assert!(file.write("openai", "sk-1").is_err());
            assert_eq!(std::fs::read(&file.path).expect("bytes"), bytes, "it was touched");
        }
    }

    #[test]
    fn a_file_of_another_user_becomes_ours_where_it_can_be_read() {
        if !rustix::process::geteuid().is_root() {
            // Only root can give a file away.
            return;
        }
        let (_folder, file) = vault();
        std::os::unix::fs::chown(&file.path, Some(12_345), None).expect("given away");
        assert!(atomic::is_foreign(&file.path));
        assert_eq!(file.state(), VaultState::Working);
        assert!(!atomic::is_foreign(&file.path));
    }
}
