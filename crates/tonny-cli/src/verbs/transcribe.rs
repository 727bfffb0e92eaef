//! `tonny transcribe`: a file through a supervised worker of its own, so that it works without the app.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;
use tonny_core::engine::{self, Engine, Programs};
use tonny_core::file_transcription::{self, Blocks};
use tonny_core::model;
use tonny_core::ports::ModelFiles as _;
use tonny_core::problem::{Code, Problem};
use tonny_platform::audio::open_audio;
use tonny_platform::installation::programs;
use tonny_platform::models::ModelFolder;

use crate::face::Face;

/// A large model on a cold disk takes a minute to load.
pub const ENGINE_WAIT: Duration = Duration::from_secs(120);

pub fn run(face: &Face, file: &Path, model: Option<String>, language: Option<String>) -> Result<(), Problem> {
    // A file that cannot be read is told before an engine is started.
    let length = open_audio(file)?.duration();
    face.block_on(async {
        let folders = face.folders()?;
        let mut settings = super::settings::load(face, &face.store().await?).await;
        if let Some(model) = model {
            settings.speech.model = model;
        }
        let installed = ModelFolder::new(&folders.models).installed()?;
        let chosen = installed
            .iter()
            .find(|model| model.id == settings.speech.model)
            .or_else(|| model::choose(&settings.speech.model, &installed))
            .ok_or_else(|| Problem::of(Code::ModelNone))?;
        if chosen.id != settings.speech.model {
            face.remark(format!("{} is not installed; {} is used.", settings.speech.model, chosen.id));
        }
        let language = language.unwrap_or_else(|| settings.dictation.language.clone());
        let worker = Worker::start(&programs()?, chosen, &settings)?;
        let bar = progress(face);
        let path = file.to_owned();
        let open = move || -> Result<Blocks, Problem> { Ok(Box::new(open_audio(&path)?)) };
        let partial = |text: &str| bar.set_message(tail(text));
        let words =
            file_transcription::transcribe(open, worker.engine.clone(), &language, ENGINE_WAIT, partial)
                .await;
        bar.finish_and_clear();
        worker.stop().await;
        let words = words?;
        let data = json!({
            "text": words.text, "language": words.language, "model": chosen.id,
            "seconds": length.map(|length| length.as_secs_f64()),
        });
        face.show(&data, || words.text.clone())
    })
}

/// A supervised worker for the length of one verb.
pub struct Worker {
    handle: engine::Worker,
    /// The engine as it comes and goes.
    pub engine: watch::Receiver<Engine>,
}

impl Worker {
    /// Starts it; [`Worker::engine`] tells when it is ready.
    #[allow(clippy::disallowed_methods, reason = "the worker lives as long as the verb, which stops it")]
    pub fn start(
        programs: &Programs,
        model: &model::InstalledModel,
        settings: &tonny_core::settings::Settings,
    ) -> Result<Self, Problem> {
        let (handle, run) = engine::start(programs, engine::spec(programs, model, settings))?;
        tokio::spawn(run);
        let (out, engine) = watch::channel(Engine::Away);
        tokio::spawn(engine::follow(
            handle.state(),
            move |engine| _ = out.send_replace(engine),
            async |_| {},
        ));
        Ok(Self { handle, engine })
    }

    /// Ends it.
    pub async fn stop(self) {
        let _ = self.handle.close().await;
    }
}

fn progress(face: &Face) -> ProgressBar {
    if !face.is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// The end of the words so far; a terminal line holds no more.
fn tail(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(70);
    text.chars().skip(skip).collect()
}
