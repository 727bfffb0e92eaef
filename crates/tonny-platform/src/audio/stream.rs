//! Opens one device: its format, its buffers, the callback that fills the ring. What the callback may do: `capture.rs`.

use std::sync::Arc;
use std::time::Instant;

use cpal::traits::DeviceTrait;
use cpal::{
    BufferSize, Device, ErrorKind, InputCallbackInfo, Stream, StreamConfig, SupportedBufferSize,
    SupportedStreamConfig,
};
use tonny_core::problem::{Code, Problem};

use super::capture::{Inlet, Shared, ring};
use super::devices::find;
use super::encoding::Encoding;
use super::microphone::OPENS_WITHIN;
use super::recording::{Source, detail};
use super::resample::ToSpeechRate;

/// Buffers asked for per second of audio: 10 ms each keep both the first sample and the end of the last word close.
const BUFFERS_PER_SECOND: u32 = 100;

/// A stream that is ready to start, and what its consumer reads from.
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) source: Source,
    /// Which device it is, also where the system chose it.
    pub(super) id: String,
}

/// Opens a device by its id, or the system's own choice.
pub(super) fn open(id: Option<&str>, shared: &Arc<Shared>) -> Result<Opened, Problem> {
    let began = Instant::now();
    let device = find(id)?;
    let id = device.id().map_err(|error| refused(&error))?.to_string();
    let chosen = choose(&device)?;
    let encoding = Encoding::of_device(chosen.sample_format()).ok_or_else(|| unusable(&chosen))?;
    let channels = usize::from(chosen.channels());
    let resampler = ToSpeechRate::new(chosen.sample_rate())
        .map_err(|error| Problem::with(Code::MicrophoneFailed, error))?;
    let bytes_per_second = chosen.sample_rate() as usize * channels * encoding.bytes();
    let mut small = chosen.config();
    small.buffer_size = buffer_size(chosen.sample_rate(), *chosen.buffer_size());
    let (inlet, outlet) = ring(bytes_per_second, Arc::clone(shared));
    let (stream, outlet) = match build(&device, small, &chosen, inlet, shared) {
        Ok(stream) => (stream, outlet),
        Err(error) if matches!(error.kind(), ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput) => {
            tracing::info!(%error, "the device refuses small buffers");
            let (inlet, outlet) = ring(bytes_per_second, Arc::clone(shared));
            (
                build(&device, chosen.config(), &chosen, inlet, shared).map_err(|error| refused(&error))?,
                outlet,
            )
        }
        Err(error) => return Err(refused(&error)),
    };
    tracing::debug!(
        took_ms = began.elapsed().as_millis(),
        rate = chosen.sample_rate(),
        channels,
        "microphone opened"
    );
    Ok(Opened { stream, source: Source { outlet, encoding, channels, resampler }, id })
}

fn build(
    device: &Device,
    config: StreamConfig,
    chosen: &SupportedStreamConfig,
    mut inlet: Inlet,
    shared: &Arc<Shared>,
) -> Result<Stream, cpal::Error> {
    let faults = Arc::clone(shared);
    device.build_input_stream_raw(
        config,
        chosen.sample_format(),
        move |data: &cpal::Data, info: &InputCallbackInfo| {
            let stamp = info.timestamp();
            inlet.take(data.bytes(), Instant::now(), stamp.callback.duration_since(stamp.capture));
        },
        move |error| match error.kind() {
            // The stream goes on after these.
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {
                tracing::warn!(%error, "microphone")
            }
            _ => faults.fail(error),
        },
        Some(OPENS_WITHIN),
    )
}

/// The device's own format if we can read it, else the first that we can.
fn choose(device: &Device) -> Result<SupportedStreamConfig, Problem> {
    let own = device.default_input_config();
    if let Ok(config) = &own
        && Encoding::of_device(config.sample_format()).is_some()
    {
        return Ok(*config);
    }
    let mut others = device.supported_input_configs().map_err(|error| refused(&error))?;
    match (others.find(|range| Encoding::of_device(range.sample_format()).is_some()), own) {
        (Some(range), _) => Ok(range.with_max_sample_rate()),
        (None, Ok(config)) => Err(unusable(&config)),
        (None, Err(error)) => Err(refused(&error)),
    }
}

fn buffer_size(rate: u32, supported: SupportedBufferSize) -> BufferSize {
    let wanted = rate / BUFFERS_PER_SECOND;
    match supported {
        SupportedBufferSize::Range { min, max } if min <= max => BufferSize::Fixed(wanted.clamp(min, max)),
        _ => BufferSize::Fixed(wanted),
    }
}

fn unusable(config: &SupportedStreamConfig) -> Problem {
    Problem::with(
        Code::MicrophoneFailed,
        format_args!("Its sample format {} is not known", config.sample_format()),
    )
}

/// A refusal of the sound system in our words.
pub(super) fn refused(error: &cpal::Error) -> Problem {
    let code = match error.kind() {
        ErrorKind::DeviceBusy => Code::MicrophoneBusy,
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => Code::MicrophoneMissing,
        _ => Code::MicrophoneFailed,
    };
    Problem::with(code, detail(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let table = [
            (ErrorKind::DeviceBusy, Code::MicrophoneBusy),
            (ErrorKind::DeviceNotAvailable, Code::MicrophoneMissing),
            (ErrorKind::HostUnavailable, Code::MicrophoneMissing),
            (ErrorKind::PermissionDenied, Code::MicrophoneFailed),
            (ErrorKind::BackendError, Code::MicrophoneFailed),
        ];
        for (kind, code) in table {
            let problem = refused(&cpal::Error::new(kind));
            assert!(problem.is(code), "{kind:?}: {problem}");
            assert!(!problem.message.contains(".."), "{problem}");
        }
    }

    #[test]
    fn buffers_are_ten_milliseconds_where_the_device_allows() {
        assert_eq!(buffer_size(48_000, SupportedBufferSize::Unknown), BufferSize::Fixed(480));
        assert_eq!(
            buffer_size(48_000, SupportedBufferSize::Range { min: 1024, max: 4096 }),
            BufferSize::Fixed(1024)
        );
        assert_eq!(
            buffer_size(48_000, SupportedBufferSize::Range { min: 1, max: 256 }),
            BufferSize::Fixed(256)
        );
    }
}
