//! Everything that is not a plain WAV: MP3, FLAC, OGG Vorbis, M4A, and coded WAVs.
//!
//! Owns the decoder. A damaged packet costs itself only, a file that ends early gives what it has.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::{CODEC_TYPE_NULL, Decoder, DecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Packet, Track};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::probe::Hint;
use tonny_core::problem::Problem;

use super::{Source, unreadable};

/// The first audio track of a file.
pub(super) struct CodedAudio {
    container: Box<dyn FormatReader>,
    decoder: Box<dyn Decoder>,
    track: u32,
    rate: u32,
    duration: Option<Duration>,
    /// Decoded by `open`, which had to know the rate.
    first: Vec<f32>,
    damaged: u64,
    path: PathBuf,
}

impl CodedAudio {
    /// Finds out what `file` is, and decodes its first packet.
    pub(super) fn open(file: File, path: &Path) -> Result<Self, Problem> {
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let gapless = FormatOptions { enable_gapless: true, ..FormatOptions::default() };
        let probed = symphonia::default::get_probe()
            .format(&hint, stream, &gapless, &MetadataOptions::default())
            .map_err(|_| unreadable(path, "none of the known formats"))?;
        let audio = |track: &&Track| track.codec_params.codec != CODEC_TYPE_NULL;
        let track = probed.format.tracks().iter().find(audio).cloned();
        let track = track.ok_or_else(|| unreadable(path, "it has no sound that can be decoded"))?;
        let decoder = symphonia::default::get_codecs()
            .make(&track.codec_params, &DecoderOptions::default())
            .map_err(|_| unreadable(path, "its codec is not known"))?;
        let mut audio = Self {
            container: probed.format,
            decoder,
            track: track.id,
            rate: track.codec_params.sample_rate.unwrap_or(0),
            duration: duration(&track),
            first: Vec::new(),
            damaged: 0,
            path: path.to_owned(),
        };
        audio.begin()?;
        Ok(audio)
    }

    fn begin(&mut self) -> Result<(), Problem> {
        let mut first = Vec::new();
        let more = self.decode(&mut first)?;
        self.first = first;
        match (more, self.damaged) {
            (true, _) => Ok(()),
            (false, 0) => Err(super::empty(&self.path)),
            (false, _) => Err(unreadable(&self.path, "nothing in it can be decoded")),
        }
    }

    /// Appends the next packet that has samples; `false` at the end.
    fn decode(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        while let Some(packet) = self.packet()? {
            match self.decoder.decode(&packet) {
                Ok(decoded) if decoded.frames() > 0 => {
                    let spec = *decoded.spec();
                    self.rate = spec.rate;
                    let channels = spec.channels.count().max(1);
                    let mut samples = SampleBuffer::<f32>::new(decoded.capacity() as u64, spec);
                    samples.copy_interleaved_ref(decoded);
                    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
                    mono.extend(samples.samples().chunks_exact(channels).map(mean));
                    return Ok(true);
                }
                Ok(_) => {}
                Err(Error::DecodeError(why)) => {
                    self.damaged += 1;
                    tracing::debug!(why, "a damaged packet was left out");
                }
                Err(Error::IoError(_)) => return Ok(false),
                Err(error) => return Err(unreadable(&self.path, error)),
            }
        }
        Ok(false)
    }

    fn packet(&mut self) -> Result<Option<Packet>, Problem> {
        loop {
            match self.container.next_packet() {
                Ok(packet) if packet.track_id() == self.track => return Ok(Some(packet)),
                Ok(_) => {}
                // The end, early or not; or a second stream chained behind the first, which has other tracks.
                Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                Err(Error::ResetRequired) => return Ok(None),
                Err(Error::DecodeError(why)) => {
                    tracing::warn!(why, path = %self.path.display(), "the file is damaged from here on");
                    self.damaged += 1;
                    return Ok(None);
                }
                Err(error) => return Err(unreadable(&self.path, error)),
            }
        }
    }
}

fn duration(track: &Track) -> Option<Duration> {
    let time = track.codec_params.time_base?.calc_time(track.codec_params.n_frames?);
    Some(Duration::from_secs(time.seconds) + Duration::from_secs_f64(time.frac))
}

impl Source for CodedAudio {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn duration(&self) -> Option<Duration> {
        self.duration
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        if !self.first.is_empty() {
            mono.append(&mut self.first);
            return Ok(true);
        }
        let more = self.decode(mono)?;
        if !more && self.damaged > 0 {
            tracing::warn!(packets = self.damaged, path = %self.path.display(), "damaged parts were left out");
        }
        Ok(more)
    }
}
