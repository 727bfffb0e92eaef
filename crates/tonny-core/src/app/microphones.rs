//! Which microphones there are, and the level meter of the settings window: a recording whose samples nobody keeps.

use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::App;
use super::ask::{Answer, Message, wav};
use crate::ports::{Heard, RecordRequest, Recording};
use crate::problem::{Code, Problem};

/// A sound server that answers does so within milliseconds, a Bluetooth headset within a second or two.
const PATIENCE: Duration = Duration::from_secs(5);

/// Name of the recording that is thrown away.
const NAME: &str = "level-meter";

/// The level meter: off, opening or open.
#[derive(Default)]
pub(super) struct Test {
    /// Counts the wishes, so that a device which opens late is not taken for the one wanted now.
    wish: u64,
    open: Option<Box<dyn Recording>>,
}

impl App {
    /// A sound server may keep who asks waiting, so the answer comes as a message.
    pub(super) fn look_for_microphones(&self) {
        let (microphone, handle) = (self.parts.microphone.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            match in_time(move || microphone.devices()).await {
                Ok(known) => _ = handle.send(Message::Microphones(known)).await,
                Err(problem) => tracing::info!(code = problem.code, "no microphones to choose from"),
            }
        });
    }

    pub(super) fn test_microphone(&mut self, on: bool, reply: Answer<Result<(), Problem>>) {
        self.end_microphone_test();
        if !on || self.key.is_recording() {
            // Nobody waits for it only when the window closed meanwhile.
            _ = reply.send(Ok(()));
            return;
        }
        let wish = self.microphone_test.wish;
        let (events, heard) = mpsc::unbounded_channel();
        let file = wav(&self.parts.audio_folder, NAME);
        let (device, seal) = (self.settings.microphone.device.clone(), self.settings.storage.encrypt_audio);
        let request = RecordRequest { device, wav: file, seal, events };
        let (microphone, handle) = (self.parts.microphone.clone(), self.handle.clone());
        self.tasks.spawn(async move {
            _ = reply.send(match in_time(move || microphone.record(request)).await {
                Ok(recording) => {
                    handle.send(Message::MicrophoneTestOpened(wish, recording)).await;
                    Ok(())
                }
                Err(problem) => Err(problem),
            });
        });
        self.follow_level(heard);
    }

    fn follow_level(&self, mut heard: UnboundedReceiver<Heard>) {
        let (handle, audio) = (self.handle.clone(), self.parts.audio.clone());
        let file = wav(&self.parts.audio_folder, NAME);
        self.tasks.spawn(async move {
            while let Some(event) = heard.recv().await {
                match event {
                    Heard::Level(level) => _ = handle.send(Message::Level(level)).await,
                    Heard::Finished { .. } => break,
                    _ => {}
                }
            }
            handle.send(Message::Level(0.0)).await;
            if let Ok(Err(problem)) = tokio::task::spawn_blocking(move || audio.remove(&file)).await {
                tracing::warn!(code = problem.code, "the level meter's recording stayed behind");
            }
        });
    }

    pub(super) fn microphone_test_opened(&mut self, wish: u64, recording: Box<dyn Recording>) {
        if wish == self.microphone_test.wish {
            self.microphone_test.open = Some(recording);
        } else {
            self.finish_test(recording);
        }
    }

    pub(super) fn end_microphone_test(&mut self) {
        self.microphone_test.wish += 1;
        if let Some(recording) = self.microphone_test.open.take() {
            self.finish_test(recording);
        }
    }

    fn finish_test(&self, recording: Box<dyn Recording>) {
        recording.finish(self.parts.clock.now(), std::time::Duration::ZERO);
    }
}

/// The sound system's answer; a device that opens after that ends by itself.
async fn in_time<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(ask)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(broken)) => Err(Problem::with(Code::MicrophoneFailed, broken)),
        Err(_) => Err(Problem::with(Code::MicrophoneFailed, "The sound system does not answer")),
    }
}
