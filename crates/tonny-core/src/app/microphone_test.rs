//! The level meter of the settings window: a recording whose samples nobody keeps.

use tokio::sync::mpsc;

use super::App;
use super::ask::{Message, wav};
use crate::ports::{Heard, RecordRequest};
use crate::problem::Problem;

/// Name of the recording that is thrown away.
const NAME: &str = "level-meter";

impl App {
    pub(super) async fn test_microphone(&mut self, on: bool) -> Result<(), Problem> {
        self.end_microphone_test();
        if !on || self.key.is_recording() {
            return Ok(());
        }
        let (events, mut heard) = mpsc::unbounded_channel();
        let file = wav(&self.parts.audio_folder, NAME);
        let (device, seal) = (self.settings.microphone.device.clone(), self.settings.storage.encrypt_audio);
        let request = RecordRequest { device, wav: file.clone(), seal, events };
        let microphone = self.parts.microphone.clone();
        let opened = tokio::task::spawn_blocking(move || microphone.record(request)).await;
        let recording = opened.map_err(|e| Problem::with(crate::problem::Code::MicrophoneFailed, e))??;
        self.microphone_test = Some(recording);
        let (handle, audio) = (self.handle.clone(), self.parts.audio.clone());
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
        Ok(())
    }

    pub(super) fn end_microphone_test(&mut self) {
        if let Some(recording) = self.microphone_test.take() {
            recording.finish(self.parts.clock.now(), std::time::Duration::ZERO);
        }
    }
}
