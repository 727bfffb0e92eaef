//! WAV with plain samples, read leniently: a file that was cut off, or whose writer never came back to fill in the
//! sizes, gives what it has.
//!
//! Owns the RIFF arithmetic of reading. Coded WAVs (ADPCM, A-law) are not plain and are left to `coded.rs`.
//! Source of the format: Microsoft's "Multiple Channel Audio Data and WAVE Files" for the extensible header.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonny_core::problem::Problem;

use super::super::encoding::Encoding;
use super::{Source, unreadable};

/// Frames per read: 64 ms at 16 kHz, small enough to stream and large enough to be cheap.
const FRAMES: usize = 1024;

/// The largest `fmt ` chunk that is not nonsense; the extensible one has 40 bytes.
const LARGEST_FORMAT: u32 = 4096;

/// What a WAV's header says about samples that we can read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlainWav {
    encoding: Encoding,
    channels: usize,
    rate: u32,
    /// Bytes of samples, at most as many as the file has.
    data: u64,
}

impl PlainWav {
    /// Reads up to the first sample. `None`: not a WAV, or one with coded samples.
    pub(super) fn read_header(file: &mut BufReader<File>, path: &Path) -> Result<Option<Self>, Problem> {
        let broken = |error: std::io::Error| unreadable(path, error);
        let mut riff = [0; 12];
        if !filled(file, &mut riff).map_err(broken)? || &riff[0..4] != b"RIFF" || &riff[8..12] != b"WAVE" {
            return Ok(None);
        }
        let mut format = None;
        let mut chunk = [0; 8];
        while filled(file, &mut chunk).map_err(broken)? {
            let size = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
            match &chunk[0..4] {
                b"fmt " if size <= LARGEST_FORMAT => {
                    let mut bytes = vec![0; size as usize];
                    if !filled(file, &mut bytes).map_err(broken)? {
                        break;
                    }
                    format = Some(bytes);
                    skip(file, size % 2).map_err(broken)?;
                }
                b"data" => {
                    let start = file.stream_position().map_err(broken)?;
                    let left = file.get_ref().metadata().map_err(broken)?.len().saturating_sub(start);
                    let format = format
                        .ok_or_else(|| unreadable(path, "the WAV does not say what its samples are"))?;
                    return Ok(Self::of(&format, data_bytes(size, left)));
                }
                _ => skip(file, size.saturating_add(size % 2)).map_err(broken)?,
            }
        }
        // A WAV that ends before its samples has none; the format, if any, does not matter then.
        let none = Self { encoding: Encoding::I16, channels: 1, rate: super::super::SAMPLE_RATE, data: 0 };
        Ok(Some(none))
    }

    /// `None` for coded samples and for sizes that cannot be.
    fn of(format: &[u8], data: u64) -> Option<Self> {
        let word = |at: usize| format.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let rate = format.get(4..8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))?;
        // The extensible header keeps the real tag at the start of its GUID.
        let tag = if word(0)? == 0xFFFE { word(24)? } else { word(0)? };
        let (channels, frame, bits) = (usize::from(word(2)?), usize::from(word(12)?), word(14)?);
        if channels == 0 || !matches!(tag, 1 | 3) {
            return None;
        }
        // 20 valid bits in 24: the container is what counts when reading, and the frame's size tells it.
        let container = u16::try_from(frame / channels * 8).ok().filter(|container| *container >= bits)?;
        let encoding = Encoding::of_wav(tag == 3, container)?;
        Some(Self { encoding, channels, rate, data })
    }

    /// The samples that follow in `file`.
    pub(super) fn samples(self, file: BufReader<File>, path: &Path) -> PlainSamples {
        PlainSamples { wav: self, left: self.data, file, bytes: Vec::new(), path: path.to_owned() }
    }

    fn frame(self) -> usize {
        self.encoding.bytes() * self.channels
    }
}

/// What the `data` chunk holds: writers that never came back leave 0 or all ones.
fn data_bytes(size: u32, left: u64) -> u64 {
    if size == 0 || size == u32::MAX { left } else { u64::from(size).min(left) }
}

/// Fills `bytes`; `false` if the file ends before.
fn filled(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn skip(file: &mut BufReader<File>, bytes: u32) -> std::io::Result<()> {
    file.seek_relative(i64::from(bytes))
}

/// The samples of a WAV, to the end of the chunk or of the file.
pub(super) struct PlainSamples {
    wav: PlainWav,
    left: u64,
    file: BufReader<File>,
    bytes: Vec<u8>,
    path: PathBuf,
}

impl Source for PlainSamples {
    fn rate(&self) -> u32 {
        self.wav.rate
    }

    fn duration(&self) -> Option<Duration> {
        let frames = self.wav.data / self.wav.frame() as u64;
        Some(Duration::from_secs_f64(frames as f64 / f64::from(self.wav.rate)))
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        let wanted = self.left.min((self.wav.frame() * FRAMES) as u64);
        self.bytes.clear();
        let got = self.file.by_ref().take(wanted).read_to_end(&mut self.bytes);
        let got = got.map_err(|error| unreadable(&self.path, error))? as u64;
        self.left -= got;
        self.wav.encoding.mix(self.wav.channels, &self.bytes, mono);
        Ok(got > 0)
    }
}
