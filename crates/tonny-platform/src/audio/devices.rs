//! Which microphones there are, and which sound system is asked.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, DeviceId, Host};
use tonny_core::ports::InputDevice;
use tonny_core::problem::{Code, Problem};

use super::stream::refused;

/// The device with this id, or the system's own choice.
pub(super) fn find(id: Option<&str>) -> Result<Device, Problem> {
    let Some(id) = id else {
        return host()?.default_input_device().ok_or_else(|| Problem::of(Code::MicrophoneMissing));
    };
    let missing = || Problem::with(Code::MicrophoneMissing, format_args!("`{id}` is not there"));
    let parsed: DeviceId = id.parse().map_err(|_| missing())?;
    let host = cpal::host_from_id(parsed.host()).map_err(|_| missing())?;
    host.device_by_id(&parsed).ok_or_else(missing)
}

/// Every microphone there is.
pub(super) fn list() -> Result<Vec<InputDevice>, Problem> {
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

/// PulseAudio and PipeWire name the source that repeats an output after it.
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
            keep_alsa_quiet();
            cpal::host_from_id(cpal::HostId::Alsa).map_err(|error| refused(&error))
        }
    }
}

/// The library writes every device that it tries in vain to standard error, into the middle of what a terminal shows.
/// What matters of it comes as an error, too. Its handler is this thread's alone, and its memory starts anew each time.
#[cfg(target_os = "linux")]
fn keep_alsa_quiet() {
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA goes on writing to standard error");
    }
}

#[cfg(not(target_os = "linux"))]
fn host() -> Result<Host, Problem> {
    Ok(cpal::default_host())
}

#[cfg(test)]
mod tests {
    use super::*;

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
