//! The system's microphone behind core's port: which sound server, which device, how it is opened.
//!
//! Owns choosing and opening; each stream lives and dies on a thread of its own, because some backends' streams may
//! not change threads, and because a sound server that hangs must not hang us. The microphone is open only between
//! `record` and `Finished`. What happens with the samples: `recording.rs`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, DeviceId, ErrorKind, Host, InputCallbackInfo, Stream, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig,
};
use tonny_core::ports::{InputDevice, Microphone, RecordRequest, Recording};
use tonny_core::problem::{Code, Problem};

use super::capture::{Inlet, Shared, ring};
use super::encoding::Encoding;
use super::recording::{Listener, Running, detail};
use super::resample::ToSpeechRate;
use super::wav::WavFile;

/// A sound server that has not opened a device by now is hanging; local ones take tens of milliseconds.
const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// Buffers asked for per second of audio: 10 ms each keep both the first sample and the end of the last word close.
const BUFFERS_PER_SECOND: u32 = 100;

/// Microphones of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemMicrophone;

impl SystemMicrophone {
    /// Opens nothing yet.
    pub fn new() -> Self {
        Self
    }
}

impl Microphone for SystemMicrophone {
    fn devices(&self) -> Result<Vec<InputDevice>, Problem> {
        on_own_thread(|answer| {
            let _ = answer.send(list());
        })
    }

    fn record(&self, request: RecordRequest) -> Result<Box<dyn Recording>, Problem> {
        let wav = WavFile::create(&request.wav)?;
        let shared = Arc::new(Shared::default());
        let running = Running { shared: Arc::clone(&shared) };
        on_own_thread(move |answer| match open(request.device.as_deref(), &shared) {
            Ok(opened) => run(opened, &shared, wav, request, &answer),
            Err(problem) => {
                wav.discard();
                let _ = answer.send(Err(problem));
            }
        })?;
        Ok(Box::new(running))
    }
}

/// Runs `work` where a hanging sound server can do no harm, and waits for its answer, not for its end.
fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce(Sender<Result<T, Problem>>) + Send + 'static,
) -> Result<T, Problem> {
    let (answer, answered) = channel();
    let spawned = thread::Builder::new().name("tonny-microphone".into()).spawn(move || work(answer));
    spawned.map_err(|error| Problem::with(Code::MicrophoneFailed, error))?;
    answered.recv_timeout(OPENS_WITHIN).unwrap_or_else(|_| {
        Err(Problem::with(
            Code::MicrophoneFailed,
            format_args!("The sound system did not answer within {} s", OPENS_WITHIN.as_secs()),
        ))
    })
}

/// A stream that is ready to start, and its consumer's end.
struct Opened {
    stream: Stream,
    outlet: super::capture::Outlet,
    encoding: Encoding,
    channels: usize,
    resampler: ToSpeechRate,
}

fn open(id: Option<&str>, shared: &Arc<Shared>) -> Result<Opened, Problem> {
    let began = Instant::now();
    let device = find(id)?;
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
    Ok(Opened { stream, outlet, encoding, channels, resampler })
}

/// Starts the consumer and the stream, and keeps the stream until the consumer is done with it.
fn run(
    opened: Opened,
    shared: &Arc<Shared>,
    wav: WavFile,
    request: RecordRequest,
    answer: &Sender<Result<(), Problem>>,
) {
    let (closed, until_closed): (Sender<()>, Receiver<()>) = channel();
    let Opened { stream, outlet, encoding, channels, resampler } = opened;
    if answer.send(Ok(())).is_err() {
        // It took so long that nobody waits any more.
        wav.discard();
        return;
    }
    let listener = Listener {
        shared: Arc::clone(shared),
        outlet,
        encoding,
        channels,
        resampler,
        wav,
        events: request.events,
        closed,
    };
    let consumer = thread::spawn(move || listener.run());
    shared.wakes(consumer.thread().clone());
    if let Err(error) = stream.play() {
        shared.fail(error);
    }
    // Errs when the consumer drops its end; nothing is ever sent.
    let _ = until_closed.recv();
    drop(stream);
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

fn find(id: Option<&str>) -> Result<Device, Problem> {
    let Some(id) = id else {
        return host()?.default_input_device().ok_or_else(|| Problem::of(Code::MicrophoneMissing));
    };
    let missing = || Problem::with(Code::MicrophoneMissing, format_args!("`{id}` is not there"));
    let parsed: DeviceId = id.parse().map_err(|_| missing())?;
    let host = cpal::host_from_id(parsed.host()).map_err(|_| missing())?;
    host.device_by_id(&parsed).ok_or_else(missing)
}

fn list() -> Result<Vec<InputDevice>, Problem> {
    let host = host()?;
    let default = host.default_input_device().and_then(|device| device.id().ok());
    let devices = host.input_devices().map_err(|error| refused(&error))?;
    let mut listed: Vec<InputDevice> = Vec::new();
    for device in devices {
        let Ok(id) = device.id() else { continue };
        let is_default = default.as_ref() == Some(&id);
        let id = id.to_string();
        if is_no_microphone(&id)
            || (is_monitor(&id) && !is_default)
            || listed.iter().any(|other| other.id == id)
        {
            continue;
        }
        let name =
            device.description().map_or_else(|_| id.clone(), |description| description.name().to_owned());
        listed.push(InputDevice { id, name, is_default });
    }
    Ok(listed)
}

/// PulseAudio and PipeWire name the source that repeats an output after it.
/// ALSA lists its own building blocks beside real inputs: silence, plugins that wrap the default, and bridges to sound
/// servers, which are asked directly where they run.
fn is_no_microphone(id: &str) -> bool {
    const BLOCKS: [&str; 11] = [
        "null",
        "pulse",
        "pipewire",
        "speex",
        "speexrate",
        "samplerate",
        "lavrate",
        "upmix",
        "vdownmix",
        "jack",
        "oss",
    ];
    id.strip_prefix("alsa:").is_some_and(|name| BLOCKS.contains(&name))
}

fn is_monitor(id: &str) -> bool {
    id.starts_with("pulseaudio:") && id.ends_with(".monitor")
}

/// The sound server where one answers, because it shares the device; else the kernel's own interface.
#[cfg(target_os = "linux")]
fn host() -> Result<Host, Problem> {
    match cpal::host_from_id(cpal::HostId::PulseAudio) {
        Ok(host) => Ok(host),
        Err(error) => {
            tracing::info!(%error, "no sound server answers; using ALSA");
            cpal::host_from_id(cpal::HostId::Alsa).map_err(|error| refused(&error))
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn host() -> Result<Host, Problem> {
    Ok(cpal::default_host())
}

fn refused(error: &cpal::Error) -> Problem {
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

    #[test]
    fn a_device_that_is_not_there_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        for id in ["pulseaudio:no-such-source", "nonsense", "nohost:x"] {
            let wav = folder.path().join("r.wav");
            let (events, _) = tokio::sync::mpsc::unbounded_channel();
            let problem = SystemMicrophone::new()
                .record(RecordRequest { device: Some(id.into()), wav: wav.clone(), events })
                .err()
                .unwrap();
            assert!(problem.is(Code::MicrophoneMissing) && problem.message.contains(id), "{problem}");
            assert!(!wav.exists());
        }
    }

    #[test]
    fn a_file_that_cannot_be_created_opens_no_microphone() {
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let request = RecordRequest { device: None, wav: "no-such-folder/r.wav".into(), events };
        assert!(SystemMicrophone::new().record(request).err().unwrap().is(Code::AudioNotKept));
    }

    #[test]
    fn silence_is_no_microphone() {
        assert!(
            is_no_microphone("alsa:null")
                && !is_no_microphone("alsa:hw:0,0")
                && !is_no_microphone("alsa:default")
        );
    }

    #[test]
    fn monitors_are_told_by_their_name() {
        assert!(
            is_monitor("pulseaudio:speakers.monitor")
                && !is_monitor("pulseaudio:usb-mic")
                && !is_monitor("alsa:x.monitor")
        );
    }
}
