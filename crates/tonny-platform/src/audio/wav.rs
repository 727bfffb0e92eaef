//! The WAV of a recording: 16 kHz, mono, 16 bit, with a header that is true at every moment; or the same samples encrypted,
//! frame by frame (`sealed.rs`), under the same name.
//!
//! Owns the file while it grows. Samples are written before the header that counts them, so a crash in between leaves
//! a file that is valid and at most one append short; [`super::open_recording`] reads even those. Knows no devices.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tonny_core::problem::{Code, Problem};

use super::SAMPLE_RATE;
use super::sealed::Sealer;

/// Bytes before the first sample.
pub(super) const HEADER: usize = 44;

/// The header of a file with `samples` samples. RIFF counts bytes in 32 bits; a recording of 37 hours saturates them.
pub(super) fn header(samples: u64) -> [u8; HEADER] {
    let data = u32::try_from(samples * 2).unwrap_or(u32::MAX - 36).min(u32::MAX - 36);
    let mut bytes = [0; HEADER];
    bytes[0..4].copy_from_slice(b"RIFF");
    bytes[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    bytes[8..16].copy_from_slice(b"WAVEfmt ");
    bytes[16..20].copy_from_slice(&16u32.to_le_bytes());
    bytes[20..22].copy_from_slice(&1u16.to_le_bytes());
    bytes[22..24].copy_from_slice(&1u16.to_le_bytes());
    bytes[24..28].copy_from_slice(&SAMPLE_RATE.to_le_bytes());
    bytes[28..32].copy_from_slice(&(SAMPLE_RATE * 2).to_le_bytes());
    bytes[32..34].copy_from_slice(&2u16.to_le_bytes());
    bytes[34..36].copy_from_slice(&16u16.to_le_bytes());
    bytes[36..40].copy_from_slice(b"data");
    bytes[40..44].copy_from_slice(&data.to_le_bytes());
    bytes
}

/// Whether `start` begins a file of ours, whatever its sizes say.
pub(super) fn is_ours(start: &[u8]) -> bool {
    let ideal = header(0);
    start.len() >= HEADER && [0..4, 8..40].into_iter().all(|part| start[part.clone()] == ideal[part])
}

/// Makes the header of a file of ours count the samples that are there, for readers that believe headers; says whether it
/// was wrong. Half a sample at the end goes. Anything else stays as it is.
pub(super) fn mend(path: &Path) -> io::Result<bool> {
    let mut start = Vec::with_capacity(HEADER);
    File::open(path)?.take(HEADER as u64).read_to_end(&mut start)?;
    if !is_ours(&start) {
        return Ok(false);
    }
    let samples = (std::fs::metadata(path)?.len() - HEADER as u64) / 2;
    if start == header(samples) {
        return Ok(false);
    }
    let mut file = File::options().write(true).open(path)?;
    file.write_all(&header(samples))?;
    file.set_len(HEADER as u64 + samples * 2)?;
    file.sync_all()?;
    Ok(true)
}

/// A recording's file.
#[derive(Debug)]
pub(super) struct WavFile {
    file: File,
    path: PathBuf,
    samples: u64,
    bytes: Vec<u8>,
    sealing: Option<Sealing>,
}

/// A file that is encrypted while it grows.
struct Sealing {
    sealer: Sealer,
    /// Where the next frame goes; a torn one lies beyond it.
    end: u64,
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealing").field("end", &self.end).finish_non_exhaustive()
    }
}

impl WavFile {
    /// Creates the file; one that exists is never overwritten, it may be somebody's words.
    pub(super) fn create(path: &Path) -> Result<Self, Problem> {
        Self::create_with(path, None)
    }

    /// As [`WavFile::create`], encrypted where there is a sealer.
    pub(super) fn create_with(path: &Path, sealer: Option<Sealer>) -> Result<Self, Problem> {
        let not_kept =
            |error: io::Error| Problem::with(Code::AudioNotKept, format_args!("{}: {error}", path.display()));
        let mut file = File::options().write(true).create_new(true).open(path).map_err(not_kept)?;
        let plain = header(0);
        let head = sealer.as_ref().map_or(plain.as_slice(), Sealer::head);
        file.write_all(head).map_err(not_kept)?;
        let end = head.len() as u64;
        let sealing = sealer.map(|sealer| Sealing { sealer, end });
        Ok(Self { file, path: path.to_owned(), samples: 0, bytes: Vec::new(), sealing })
    }

    /// Adds `samples`, then counts them in the header. After an error the file is as it was before, or longer.
    pub(super) fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        if self.sealing.is_some() {
            // An empty frame would say nothing.
            return if samples.is_empty() { Ok(()) } else { self.append_frame(samples, false) };
        }
        self.bytes.clear();
        self.bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.file.seek(SeekFrom::Start(HEADER as u64 + self.samples * 2))?;
        self.file.write_all(&self.bytes)?;
        let samples = self.samples + samples.len() as u64;
        self.file.rewind()?;
        self.file.write_all(&header(samples))?;
        self.samples = samples;
        Ok(())
    }

    fn append_frame(&mut self, samples: &[i16], last: bool) -> io::Result<()> {
        let Some(Sealing { sealer, end }) = &mut self.sealing else { return Ok(()) };
        let frame = sealer.frame(samples, last).map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Start(*end))?;
        self.file.write_all(&frame)?;
        sealer.written();
        *end += frame.len() as u64;
        self.samples += samples.len() as u64;
        Ok(())
    }

    /// Nothing follows: an encrypted file says so, and one that was cut off can be told from it. A torn frame of a write
    /// that failed goes.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let Some(end) = self.sealing.as_ref().map(|sealing| sealing.end) else { return Ok(()) };
        self.file.set_len(end)?;
        self.append_frame(&[], true)
    }

    /// Samples in the file.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// A second hold on the file, for syncing it elsewhere.
    pub(super) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file of a recording that never began.
    pub(super) fn discard(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "an empty recording could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sealed::{new_key, open, public_half};
    use super::*;

    #[test]
    fn the_file_is_valid_after_every_append() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut wav = WavFile::create(&path).unwrap();
        let mut all: Vec<i16> = Vec::new();
        for round in 0..20i16 {
            let part: Vec<i16> = (0..round * 7).map(|n| n * 31 - round).collect();
            wav.append(&part).unwrap();
            all.extend(&part);
            let mut reader = hound::WavReader::open(&path).unwrap();
            assert_eq!(reader.spec().sample_rate, 16_000);
            let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
            assert_eq!(read, all);
            assert_eq!(wav.samples(), all.len() as u64);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), (HEADER + all.len() * 2) as u64);
        }
    }

    #[test]
    fn an_encrypted_file_is_whole_after_every_append_and_says_when_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let key = new_key().unwrap();
        let sealer = Sealer::new(public_half(&key).unwrap()).unwrap();
        let mut wav = WavFile::create_with(&path, Some(sealer)).unwrap();
        let mut all: Vec<i16> = Vec::new();
        for round in 0..20i16 {
            let part: Vec<i16> = (0..round * 7).map(|n| n * 31 - round).collect();
            wav.append(&part).unwrap();
            all.extend(&part);
            let opened = open(&std::fs::read(&path).unwrap(), &key).unwrap();
            assert_eq!((&opened.samples, opened.whole, opened.damaged), (&all, false, 0));
            assert_eq!(wav.samples(), all.len() as u64);
        }
        // A write that failed half way left something behind.
        File::options().append(true).open(&path).unwrap().write_all(&[9; 100]).unwrap();
        wav.end().unwrap();
        let opened = open(&std::fs::read(&path).unwrap(), &key).unwrap();
        assert_eq!((opened.samples, opened.whole, opened.damaged), (all, true, 0));
    }

    #[test]
    fn a_header_that_a_crash_left_behind_is_corrected_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut wav = WavFile::create(&path).unwrap();
        wav.append(&[1, 2, 3]).unwrap();
        assert!(!mend(&path).unwrap(), "it is right");
        File::options().append(true).open(&path).unwrap().write_all(&[4, 0, 5, 0, 6]).unwrap();
        assert!(mend(&path).unwrap() && !mend(&path).unwrap());
        let read: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(read, [1, 2, 3, 4, 5]);
        for foreign in [Vec::new(), vec![7; 100], header(3)[..20].to_vec()] {
            std::fs::write(&path, &foreign).unwrap();
            assert!(!mend(&path).unwrap());
            assert_eq!(std::fs::read(&path).unwrap(), foreign);
        }
        assert!(mend(&folder.path().join("none.wav")).is_err());
    }

    #[test]
    fn what_is_already_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, b"words").unwrap();
        let problem = WavFile::create(&path).unwrap_err();
        assert!(problem.is(Code::AudioNotKept) && problem.message.contains("a.wav"), "{problem}");
        assert_eq!(std::fs::read(&path).unwrap(), b"words");
    }

    #[test]
    fn sizes_saturate_instead_of_wrapping() {
        let huge = header(u64::from(u32::MAX));
        assert_eq!(u32::from_le_bytes(huge[4..8].try_into().unwrap()), u32::MAX);
        assert!(is_ours(&huge) && is_ours(&header(0)));
        assert!(!is_ours(&huge[..40]) && !is_ours(&[0; 44]));
    }
}
