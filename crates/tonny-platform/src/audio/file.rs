//! Audio files as the speech engine wants them: 16 kHz, mono, a block at a time, whatever they were.
//!
//! Owns reading; a file of two hours costs no more memory than one of two seconds. WAV is read by `file/plain.rs`
//! (which keeps what a cut-off file still has), everything else by `file/coded.rs`. Never writes.

mod coded;
mod plain;

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use std::time::Duration;

use tonny_core::problem::{Code, Problem};

use super::resample::ToSpeechRate;
use super::sealed::{SealFault, is_sealed};
use super::wav::{HEADER, is_ours};

/// Where a file's samples come from: mono, at the file's own rate.
trait Source: Send {
    /// Hz.
    fn rate(&self) -> u32;
    /// What the header says, where it can be believed.
    fn duration(&self) -> Option<Duration>;
    /// Appends the next block; `false` at the end of the file.
    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem>;
}

/// An open audio file; iterating gives blocks of 16 kHz mono samples, none of them empty.
pub struct AudioFile {
    source: Box<dyn Source>,
    resampler: ToSpeechRate,
    first: Option<Vec<i16>>,
    over: bool,
}

impl std::fmt::Debug for AudioFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioFile")
            .field("rate", &self.source.rate())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Opens `path` and reads as far as its first samples.
///
/// # Errors
/// `AudioUnreadable` for a file that is missing or is no audio, `AudioEmpty` for one without samples; both name it.
pub fn open_audio(path: &Path) -> Result<AudioFile, Problem> {
    let source = source(path)?;
    let resampler = ToSpeechRate::new(source.rate()).map_err(|error| unreadable(path, error))?;
    let mut file = AudioFile { source, resampler, first: None, over: false };
    let first = file.next().transpose()?;
    file.first = Some(first.ok_or_else(|| empty(path))?);
    Ok(file)
}

/// A recording of ours as it was left, even by a crash: the file's length counts, not its header. Other audio is read
/// as [`open_audio`] does. An encrypted one needs its key.
///
/// # Errors
/// As [`open_audio`]; `AudioSealed` where the key is missing, `AudioOtherKey` where it is another one.
pub fn open_recording(path: &Path, key: Option<&str>) -> Result<Vec<i16>, Problem> {
    let mut file = open(path)?;
    let mut start = Vec::with_capacity(HEADER);
    file.by_ref().take(HEADER as u64).read_to_end(&mut start).map_err(|error| unreadable(path, error))?;
    if is_sealed(&start) {
        let key = key.ok_or_else(|| sealed(path))?;
        file.read_to_end(&mut start).map_err(|error| unreadable(path, error))?;
        return opened(path, &start, key);
    }
    if !is_ours(&start) {
        return Ok(open_audio(path)?.collect::<Result<Vec<_>, _>>()?.concat());
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    let samples: Vec<i16> =
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    if samples.is_empty() { Err(empty(path)) } else { Ok(samples) }
}

/// What a recording held that was encrypted. Damage in it costs its own tenth of a second and nothing else.
fn opened(path: &Path, bytes: &[u8], key: &str) -> Result<Vec<i16>, Problem> {
    let opened = super::sealed::open(bytes, key).map_err(|fault| match fault {
        SealFault::OtherKey => Problem::with(Code::AudioOtherKey, path.display()),
        fault => unreadable(path, fault),
    })?;
    if opened.damaged > 0 || !opened.whole {
        let (damaged, whole) = (opened.damaged, opened.whole);
        tracing::warn!(path = %path.display(), damaged, whole, "an encrypted recording is not as it was written");
    }
    if opened.samples.is_empty() { Err(empty(path)) } else { Ok(opened.samples) }
}

fn sealed(path: &Path) -> Problem {
    Problem::with(Code::AudioSealed, path.display())
}

impl AudioFile {
    /// How long the file says it is; `None` where it does not say.
    pub fn duration(&self) -> Option<Duration> {
        self.source.duration()
    }

    fn convert(&mut self) -> Result<Option<Vec<i16>>, Problem> {
        let broken = |error| Problem::with(Code::AudioUnreadable, error);
        let mut mono = Vec::new();
        let mut ready = Vec::new();
        while ready.is_empty() && !self.over {
            mono.clear();
            if self.source.read(&mut mono)? {
                self.resampler.push(&mono, &mut ready).map_err(broken)?;
            } else {
                self.over = true;
                self.resampler.finish(&mut ready).map_err(broken)?;
            }
        }
        Ok((!ready.is_empty()).then_some(ready))
    }
}

impl Iterator for AudioFile {
    type Item = Result<Vec<i16>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let next = self.convert();
        self.over |= next.is_err();
        next.transpose()
    }
}

fn source(path: &Path) -> Result<Box<dyn Source>, Problem> {
    let mut reader = BufReader::new(open(path)?);
    let start = reader.fill_buf().map_err(|error| unreadable(path, error))?;
    if is_sealed(start) {
        return Err(sealed(path));
    }
    if let Some(wav) = plain::PlainWav::read_header(&mut reader, path)? {
        return Ok(Box::new(wav.samples(reader, path)));
    }
    reader.rewind().map_err(|error| unreadable(path, error))?;
    Ok(Box::new(coded::CodedAudio::open(reader.into_inner(), path)?))
}

fn open(path: &Path) -> Result<File, Problem> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            cannot_open(format!("There is no file {}.", path.display()), "Check the path.")
        }
        ErrorKind::PermissionDenied => cannot_open(
            format!("The file {} may not be read.", path.display()),
            "Check its owner and rights.",
        ),
        _ => unreadable(path, error),
    })?;
    if file.metadata().is_ok_and(|data| data.is_dir()) {
        return Err(cannot_open(
            format!("{} is a folder, not a file.", path.display()),
            "Name a file in it.",
        ));
    }
    Ok(file)
}

fn cannot_open(message: String, advice: &str) -> Problem {
    Problem { message, advice: advice.to_owned(), ..Problem::of(Code::AudioUnreadable) }
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Problem {
    Problem::with(Code::AudioUnreadable, format_args!("{}: {why}", path.display()))
}

fn empty(path: &Path) -> Problem {
    Problem::with(Code::AudioEmpty, path.display())
}

#[cfg(test)]
mod tests;
