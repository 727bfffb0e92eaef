//! The half of a key that encrypts, in a file beside the recordings: a recording never waits for the vault. And recordings
//! that are already there, encrypted with it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::open_recording;
use super::sealed::{SealKey, Sealer};
use super::wav::{HEADER, is_ours};

/// Samples in one frame of a recording that is encrypted afterwards.
const FRAME: usize = super::SAMPLE_RATE as usize;

/// A recording under way is written ten times a second: one that was not for so long is over.
const SETTLED: Duration = Duration::from_secs(10);

fn path(folder: &Path) -> PathBuf {
    folder.join(".encrypted-for")
}

/// The key for a recording at this path; nothing where there is none, or none that can be used.
pub(super) fn read(recording: &Path) -> Option<SealKey> {
    SealKey::from_text(&fs::read_to_string(path(recording.parent()?)).ok()?)
}

/// Whether recordings of `folder` can be encrypted.
pub(super) fn is_there(folder: &Path) -> bool {
    read(&folder.join("any")).is_some()
}

/// The key as it is written down; nothing where there is none, or none that can be used.
pub(super) fn text(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(path(folder)).ok()?;
    SealKey::from_text(&text).map(|_| text.trim().to_owned())
}

/// Leaves the key there, or takes it away.
pub(super) fn set(folder: &Path, public: Option<&str>) -> io::Result<()> {
    let path = path(folder);
    let Some(public) = public else {
        return fs::remove_file(&path).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
    };
    if fs::read_to_string(&path).is_ok_and(|there| there.trim() == public) {
        return Ok(());
    }
    let new = path.with_extension("new");
    write(&new, format!("{public}\n").as_bytes())?;
    fs::rename(&new, &path)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Encrypts a recording that is not under way; says whether there was anything to do. The old bytes are overwritten once
/// the new file has their place.
pub(super) fn seal(recording: &Path, key: SealKey) -> io::Result<bool> {
    let about = fs::metadata(recording)?;
    // A clock that was set back makes nothing old.
    let is_old = about.modified()?.elapsed().is_ok_and(|age| age >= SETTLED);
    let mut start = Vec::with_capacity(HEADER);
    File::open(recording)?.take(HEADER as u64).read_to_end(&mut start)?;
    // Nothing but our own WAVs: anything else would come out as something else.
    if !is_old || !is_ours(&start) || about.len() <= HEADER as u64 {
        return Ok(false);
    }
    let Ok(samples) = open_recording(recording, None) else { return Ok(false) };
    let mut sealer = Sealer::new(key).map_err(io::Error::other)?;
    let mut bytes = sealer.head().to_vec();
    for part in samples.chunks(FRAME) {
        bytes.extend(sealer.frame(part, false).map_err(io::Error::other)?);
        sealer.written();
    }
    bytes.extend(sealer.frame(&[], true).map_err(io::Error::other)?);
    let old = File::options().write(true).open(recording)?;
    let new = recording.with_extension("encrypting");
    write(&new, &bytes)?;
    fs::rename(&new, recording)?;
    if let Err(error) = overwrite(old) {
        tracing::warn!(%error, "the old bytes of an encrypted recording may still be on the disk");
    }
    Ok(true)
}

fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::sealed::{new_key, public_half};
    use super::super::wav::WavFile;
    use super::*;

    #[test]
    fn a_kept_recording_is_encrypted_once_and_says_the_same_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples: Vec<i16> = (0..40_000).map(|n: i32| (n % 3_000) as i16).collect();
        WavFile::create(&path).unwrap().append(&samples).unwrap();
        let key = new_key().unwrap();
        assert!(!is_there(folder.path()) && read(&path).is_none());
        set(folder.path(), Some(&public_half(&key).unwrap().to_text())).unwrap();
        assert!(is_there(folder.path()));
        let public = read(&path).unwrap();
        assert!(!seal(&path, public).unwrap(), "it may be under way");
        settle(&path);
        let old = File::open(&path).unwrap();
        assert!(seal(&path, public).unwrap() && !seal(&path, public).unwrap());
        assert_eq!(open_recording(&path, Some(&key)).unwrap(), samples);
        let left = io::read_to_string(old).unwrap();
        assert!(left.bytes().all(|byte| byte == 0), "the old bytes are still there");
        set(folder.path(), None).unwrap();
        set(folder.path(), None).unwrap();
        assert!(!is_there(folder.path()));
    }

    fn settle(path: &Path) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - SETTLED).unwrap();
    }

    #[test]
    fn what_is_no_sound_and_what_has_just_begun_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let public = public_half(&new_key().unwrap()).unwrap();
        for bytes in [vec![7; 500], Vec::new(), super::super::wav::header(0).to_vec()] {
            let path = folder.path().join("b.wav");
            fs::write(&path, &bytes).unwrap();
            settle(&path);
            assert!(!seal(&path, public).unwrap());
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}
