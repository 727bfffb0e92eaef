//! Voices: espeak-ng says a sentence into a file; paplay plays a file into the microphone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::desktop::Desktop;

impl Desktop {
    /// Has espeak-ng say `text` into a WAV file.
    pub fn say_to_file(&self, text: &str, name: &str) -> Result<PathBuf> {
        let file = self.path(&format!("{name}.wav"));
        self.run("espeak-ng", &["-v", "en-us", "-s", "150", "-w", &file.display().to_string(), text])?;
        Ok(file)
    }

    /// Plays a file into the microphone, to its end.
    pub fn play(&self, file: &Path) -> Result<()> {
        self.run("paplay", &["--latency-msec=20", "-d", "voice", &file.display().to_string()]).map(|_| ())
    }
}

/// Length of a WAV file.
pub fn length(file: &Path) -> Result<Duration> {
    let reader = hound::WavReader::open(file)?;
    Ok(Duration::from_secs_f64(f64::from(reader.duration()) / f64::from(reader.spec().sample_rate)))
}

/// The human recording every engine is measured with.
pub fn jfk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jfk.wav")
}

/// What is said in it.
pub const JFK: &str = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.";
