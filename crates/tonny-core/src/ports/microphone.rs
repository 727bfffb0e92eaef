//! The microphone port: devices, and recordings that write their own WAV file while they run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use crate::problem::Problem;

/// An audio input the user can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct InputDevice {
    /// Stable across restarts; what settings store.
    pub id: String,
    /// What the operating system calls it.
    pub name: String,
    /// Whether a recording without a choice would use it.
    pub is_default: bool,
}

/// What to record, and where to.
#[derive(Clone, Debug)]
pub struct RecordRequest {
    /// An [`InputDevice::id`]; `None` is the system's default.
    pub device: Option<String>,
    /// The WAV file that grows while recording; its header is valid at every moment, it is synced once a second.
    pub wav: PathBuf,
    /// Whether the file is encrypted while it grows, with the half of a key that lies beside it. Where that is missing the
    /// recording is made all the same, and the trouble told.
    pub seal: bool,
    /// Receives everything that happens, in order; never blocks the audio thread.
    pub events: UnboundedSender<Heard>,
}

/// What a recording reports. `Finished` is always the last event, and comes exactly once.
#[derive(Clone, Debug)]
pub enum Heard {
    /// The first sample arrived from the device.
    First {
        /// When it was handed over by the device.
        at: Instant,
    },
    /// The next samples: 16 kHz, mono.
    Samples(Arc<[i16]>),
    /// Loudness of the last 50 ms or so, 0.0 (silence) to 1.0 (full scale), on a perceptual (dB) scale.
    Level(f32),
    /// The device went away; all that was heard before is in the WAV and was sent as samples.
    Lost(Problem),
    /// Something the user should hear of now; the recording goes on.
    Trouble(Problem),
    /// The recording is over, the WAV complete; it is synced next.
    Finished {
        /// Samples in the WAV.
        samples: u64,
    },
}

/// A microphone of the operating system, or a test's.
pub trait Microphone: Send + Sync + 'static {
    /// All inputs there are now. Monitors of outputs are left out unless they are the default.
    fn devices(&self) -> Result<Vec<InputDevice>, Problem>;
    /// Opens the device and starts recording; returns as soon as the stream is open. Missing or busy devices, and a
    /// WAV that cannot be created, are errors; nothing is left behind then.
    fn record(&self, request: RecordRequest) -> Result<Box<dyn Recording>, Problem>;
}

/// A running recording. Dropping it ends it as [`Recording::finish`] with no wait would.
pub trait Recording: Send {
    /// Ends the recording once everything spoken before `released` (plus `tail`) has come through the device's own
    /// latency. Returns at once; [`Heard::Finished`] tells when it is done.
    fn finish(self: Box<Self>, released: Instant, tail: Duration);
}
