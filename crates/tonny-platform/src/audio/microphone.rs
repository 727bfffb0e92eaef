//! The system's microphone behind core's port.
//!
//! Each stream lives and dies on a thread of its own, because some backends' streams may not change threads, and because
//! a sound server that hangs must not hang us. The microphone is open only between `record` and `Finished`. Which device:
//! `devices.rs`; how it is opened: `stream.rs`; what happens with the samples: `recording.rs`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use cpal::Stream;
use cpal::traits::StreamTrait;
use tonny_core::ports::{Heard, InputDevice, Microphone, RecordRequest, Recording};
use tonny_core::problem::{Code, Problem};

use super::capture::Shared;
use super::devices::list;
use super::recording::{Hold, Listener, Running};
use super::seal;
use super::sealed::Sealer;
use super::stream::{Opened, open};
use super::wav::WavFile;

/// A sound server that has not opened a device by now is hanging; local ones take tens of milliseconds.
pub(super) const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// Between two tries to open a device again.
const BREATH: Duration = Duration::from_millis(50);

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
        let wav = create(&request)?;
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

/// The recording's file. One that cannot be encrypted is made all the same, and the trouble told: no word is lost for it.
fn create(request: &RecordRequest) -> Result<WavFile, Problem> {
    if !request.seal {
        return WavFile::create(&request.wav);
    }
    let sealer = seal::read(&request.wav).and_then(|key| Sealer::new(key).ok());
    if sealer.is_none() {
        tracing::warn!(code = Code::AudioNotSealed.id(), "a recording is not encrypted");
        let _ = request.events.send(Heard::Trouble(Problem::of(Code::AudioNotSealed)));
    }
    WavFile::create_with(&request.wav, sealer)
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

/// Starts the consumer and the stream, and keeps the stream, or the one that takes its place, until the consumer is done.
fn run(
    opened: Opened,
    shared: &Arc<Shared>,
    wav: WavFile,
    request: RecordRequest,
    answer: &Sender<Result<(), Problem>>,
) {
    let Opened { mut stream, source, id } = opened;
    if answer.send(Ok(())).is_err() {
        // It took so long that nobody waits any more.
        wav.discard();
        return;
    }
    let (again, wanted) = channel();
    let (fresh, reopened) = channel();
    let listener = Listener {
        shared: Arc::clone(shared),
        source,
        wav,
        events: request.events,
        stream: Hold { again, reopened },
    };
    let consumer = thread::spawn(move || listener.run());
    shared.wakes(consumer.thread().clone());
    play(&stream, shared);
    // Ends when the consumer drops its hold.
    while wanted.recv().is_ok() {
        drop(stream);
        let Some(opened) = reopen(&id, shared, &wanted) else { return };
        stream = opened.stream;
        if fresh.send(opened.source).is_err() {
            return;
        }
        play(&stream, shared);
    }
}

/// The same device again, as soon as it is there, unless nobody waits any more. A sound server that starts anew knows its
/// devices a moment later than it answers.
fn reopen(id: &str, shared: &Arc<Shared>, wanted: &Receiver<()>) -> Option<Opened> {
    loop {
        shared.mend();
        match open(Some(id), shared) {
            Ok(opened) => return Some(opened),
            Err(problem) => tracing::debug!(%problem, "the microphone is not back yet"),
        }
        match wanted.recv_timeout(BREATH) {
            Err(RecvTimeoutError::Timeout) | Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

fn play(stream: &Stream, shared: &Shared) {
    if let Err(error) = stream.play() {
        shared.fail(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        for id in ["pulseaudio:no-such-source", "nonsense", "nohost:x"] {
            let wav = folder.path().join("r.wav");
            let (events, _) = tokio::sync::mpsc::unbounded_channel();
            let problem = SystemMicrophone::new()
                .record(RecordRequest { device: Some(id.into()), wav: wav.clone(), seal: false, events })
                .err()
                .unwrap();
            assert!(problem.is(Code::MicrophoneMissing) && problem.message.contains(id), "{problem}");
            assert!(!wav.exists());
        }
    }

    #[test]
    fn a_file_that_cannot_be_created_opens_no_microphone() {
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let request = RecordRequest { device: None, wav: "no-such-folder/r.wav".into(), seal: false, events };
        assert!(SystemMicrophone::new().record(request).err().unwrap().is(Code::AudioNotKept));
    }
}
