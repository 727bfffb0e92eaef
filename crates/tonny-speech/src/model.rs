//! The model's window twins: loading, the decode itself, and letting go of what is not used.
//!
//! Owns: every call into ggml. Weights stay memory-mapped, so the page cache holds them once however many twins are in
//! use. Must not know: connections, queues.

use std::time::{Duration, Instant};

use transcribe_cpp::{
    CancelToken, Error, ExtSlot, Model, RunExtension, RunOptions, Session, SessionOptions, TimestampKind,
    WhisperRunOptions,
};

use crate::arguments::ModelFile;
use crate::engine::Outcome;
use crate::failure::Failure;
use crate::window::{RATE, Windows};
use crate::words::without_loop;

/// A larger twin is let go of after this long without use: long dictations come in rows.
const KEEP: Duration = Duration::from_secs(60);

/// The tag of Whisper's run options in the library's extension table ("WHRN").
const WHISPER_RUN: u32 = 0x4E52_4857;

/// What the server needs to know of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// ISO codes; empty when the model does not care.
    pub languages: Vec<String>,
    /// The windows.
    pub windows: Windows,
}

impl Facts {
    /// Whether a session may name this language.
    #[must_use]
    pub fn accepts(&self, language: &str) -> bool {
        language == "auto"
            || self.languages.is_empty()
            || self.languages.iter().any(|known| known == language)
    }

    /// What the decoder is told: only a model of several languages is told one.
    #[must_use]
    pub fn hint(&self, language: &str) -> Option<String> {
        (language != "auto" && self.languages.len() > 1).then(|| language.to_owned())
    }
}

struct Twin {
    file: ModelFile,
    session: Option<Session>,
    whisper: bool,
    used: Instant,
}

/// The window twins, smallest first.
pub struct Models {
    twins: Vec<Twin>,
    windows: Windows,
    threads: usize,
}

impl Models {
    /// Loads the twin with the smallest window and decodes once with it.
    pub fn load(mut files: Vec<ModelFile>, threads: usize) -> Result<(Self, Facts), Failure> {
        files.sort_by_key(|file| if file.seconds == 0 { u32::MAX } else { file.seconds });
        let windows = Windows::new(files.iter().map(|file| file.seconds));
        let now = Instant::now();
        let twin = |file| Twin { file, session: None, whisper: false, used: now };
        let mut models =
            Self { twins: files.into_iter().map(twin).collect(), windows: windows.clone(), threads };
        for twin in &models.twins[1..] {
            check_readable(&twin.file)?;
        }
        let languages = models.twins[0].load(threads)?;
        // The first decode allocates and touches the weights; a user must not be the one who waits for it.
        match models.run(0, &vec![0.0; RATE], None, &CancelToken::new()) {
            Err(error) if error.partial().is_none() => Err(models.twins[0].refuse(&error.to_string())),
            _ => Ok((models, Facts { languages, windows })),
        }
    }

    /// Loads the twin that a piece of so many samples needs.
    pub fn prepare(&mut self, samples: usize) {
        let index = self.windows.pick(samples);
        if let Err(failure) = self.ensure(index) {
            tracing::warn!(%failure, "a larger window could not be prepared");
        }
    }

    /// Lets go of larger twins that were not used for a while.
    pub fn drop_unused(&mut self, now: Instant) {
        for twin in self.twins.iter_mut().skip(1) {
            if twin.session.is_some() && now.duration_since(twin.used) >= KEEP {
                tracing::info!(seconds = twin.file.seconds, "a window not in use is let go of");
                twin.session = None;
            }
        }
    }

    /// Decodes greedily in the smallest window that fits; a loop is tried once more in the next larger window.
    pub fn decode(&mut self, samples: &[f32], language: Option<&str>, cancel: &CancelToken) -> Outcome {
        let index = self.windows.pick(samples.len());
        let first = self.attempt(index, samples, language, cancel);
        let Attempt::Suspect { text, language: detected } = first else { return first.outcome() };
        tracing::info!("a decode went round in circles; it is tried again in a larger window");
        if index + 1 < self.twins.len() {
            match self.attempt(index + 1, samples, language, cancel) {
                Attempt::Suspect { .. } | Attempt::Failed(_) => {}
                better => return better.outcome(),
            }
        }
        Attempt::Suspect { text, language: detected }.outcome()
    }

    fn attempt(
        &mut self,
        index: usize,
        samples: &[f32],
        language: Option<&str>,
        cancel: &CancelToken,
    ) -> Attempt {
        if let Err(failure) = self.ensure(index) {
            return Attempt::Failed(failure.to_string());
        }
        let error = match self.run(index, samples, language, cancel) {
            Ok(found) => {
                let (text, language) = (found.text, found.language);
                return match without_loop(&text) {
                    Some(text) => Attempt::Suspect { text, language },
                    None => Attempt::Good { text, language },
                };
            }
            Err(error) => error,
        };
        match error {
            Error::Aborted { .. } => Attempt::Cancelled,
            Error::OutputTruncated { partial: Some(partial), .. }
            | Error::OutputRepetition { partial: Some(partial), .. } => {
                let text = without_loop(&partial.text).unwrap_or(partial.text);
                Attempt::Suspect { text, language: partial.language }
            }
            error => Attempt::Failed(error.to_string()),
        }
    }

    fn ensure(&mut self, index: usize) -> Result<(), Failure> {
        let twin = &mut self.twins[index];
        twin.used = Instant::now();
        if twin.session.is_none() {
            twin.load(self.threads)?;
        }
        Ok(())
    }

    fn run(
        &mut self,
        index: usize,
        samples: &[f32],
        language: Option<&str>,
        cancel: &CancelToken,
    ) -> Result<transcribe_cpp::Transcript, Error> {
        let twin = &mut self.twins[index];
        // Greedy only: the library would answer doubt with up to five sampled decodes, which takes seconds and makes
        // text up. Without timestamps one pass covers the window; with them it may start over behind the last one.
        let greedy = WhisperRunOptions {
            temperature: Some(0.0),
            temperature_inc: Some(0.0),
            condition_on_prev_tokens: Some(false),
            ..WhisperRunOptions::default()
        };
        let options = RunOptions {
            timestamps: TimestampKind::None,
            language: language.map(str::to_owned),
            family: twin.whisper.then_some(RunExtension::Whisper(greedy)),
            ..RunOptions::default()
        };
        let Some(session) = twin.session.as_mut() else {
            return Err(Error::Other("the model is not loaded".into()));
        };
        session.set_cancel_token(cancel);
        session.run(samples, &options)
    }
}

enum Attempt {
    Good { text: String, language: Option<String> },
    Suspect { text: String, language: Option<String> },
    Cancelled,
    Failed(String),
}

impl Attempt {
    fn outcome(self) -> Outcome {
        match self {
            Self::Good { text, language } | Self::Suspect { text, language } => {
                Outcome::Text { text, language, seconds: 0.0 }
            }
            Self::Cancelled => Outcome::Cancelled,
            Self::Failed(reason) => Outcome::Failed(reason),
        }
    }
}

impl Twin {
    fn load(&mut self, threads: usize) -> Result<Vec<String>, Failure> {
        check_readable(&self.file)?;
        let refuse = |error: Error| self.refuse(&error.to_string());
        let model = Model::load(&self.file.path).map_err(refuse)?;
        let capabilities = model.capabilities().map_err(refuse)?;
        let options = SessionOptions { n_threads: threads as i32, ..SessionOptions::default() };
        let session = model.session_with(&options).map_err(refuse)?;
        self.whisper = model.accepts_ext(ExtSlot::Run, WHISPER_RUN);
        self.session = Some(session);
        tracing::info!(seconds = self.file.seconds, backend = model.backend(), "model loaded");
        Ok(capabilities.languages)
    }

    fn refuse(&self, reason: &str) -> Failure {
        Failure::Model { path: self.file.path.clone(), reason: reason.to_owned() }
    }
}

/// The library's own words for a missing file are about GGUF; the system's are clearer.
fn check_readable(file: &ModelFile) -> Result<(), Failure> {
    let refuse = |reason: String| Failure::Model { path: file.path.clone(), reason };
    let opened = std::fs::File::open(&file.path).and_then(|opened| opened.metadata());
    let facts = opened.map_err(|error| refuse(error.to_string()))?;
    if facts.is_file() { Ok(()) } else { Err(refuse("it is not a file".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_languages_are_accepted_and_only_multilingual_models_are_told() {
        let facts = |languages: &[&str]| Facts {
            languages: languages.iter().map(|code| (*code).to_owned()).collect(),
            windows: Windows::new([15]),
        };
        let (english, many, any) = (facts(&["en"]), facts(&["en", "de"]), facts(&[]));
        assert!(english.accepts("en") && english.accepts("auto") && !english.accepts("de"));
        assert!(any.accepts("xx"));
        assert_eq!((english.hint("en"), many.hint("auto")), (None, None));
        assert_eq!(many.hint("de").as_deref(), Some("de"));
    }
}
