//! Sound: the microphone behind core's port, and audio files read as the speech engine wants them (16 kHz, mono).
//!
//! Owns: opening devices, the ring between the audio callback and its consumer, mixing, resampling, the growing WAV, plain
//! or encrypted.
//! Must not know: what is done with the samples, utterances, the speech protocol.
//! Start reading at [`SystemMicrophone`] (`audio/microphone.rs`), then `audio/recording.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod ballast;
mod capture;
mod devices;
mod encoding;
mod ending;
mod file;
mod level;
mod microphone;
mod recording;
mod recordings;
mod resample;
mod seal;
mod sealed;
mod stream;
mod wav;

pub(crate) use ballast::free as free_bytes;
pub use file::{AudioFile, open_audio, open_recording};
pub use microphone::SystemMicrophone;
pub use recordings::RecordingsOnDisk;
pub use sealed::{SealFault, SealKey, new_key, public_half};

/// What every speech model here takes, in Hz; recordings are stored so too.
pub const SAMPLE_RATE: u32 = 16_000;
