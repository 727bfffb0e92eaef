//! The command line. Wrong arguments end the program with code 2 (clap's own).
//!
//! Owns: what may be said and its defaults. Must not know: what the models contain. The token is not here on purpose:
//! command lines are visible to every user of the machine.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

/// More threads than this make short decodes slower, not faster (memory bandwidth).
const MOST_THREADS: usize = 4;

/// The embedded speech worker: serves WhisperLiveKit's /asr on a loopback port. Reads its token from standard input and
/// ends when that closes.
#[derive(Debug, Parser)]
#[command(name = "tonny-speech", version)]
pub struct Arguments {
    /// A model file and the seconds its window holds (0: any length); once per window twin
    #[arg(long = "model", value_name = "SECONDS:PATH", required = true)]
    pub models: Vec<ModelFile>,
    /// The catalogue id the ready line reports
    #[arg(long, value_name = "ID", default_value = "unnamed")]
    pub model_id: String,
    /// Threads per decode [default: cores, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// The language spoken where a session names none: an ISO code, or auto
    #[arg(long, value_name = "CODE", default_value = "auto")]
    pub language: String,
}

impl Arguments {
    /// Threads per decode.
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or(cores.min(MOST_THREADS), usize::from)
    }
}

/// One window twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Length of the window, s; 0 when the model takes any length.
    pub seconds: u32,
    /// The GGUF file.
    pub path: PathBuf,
}

impl FromStr for ModelFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seconds, path) = text.split_once(':').ok_or("expected SECONDS:PATH")?;
        let seconds = seconds.parse().map_err(|_| "SECONDS is not a whole number")?;
        // A window below 5 s holds no sentence; above 10 minutes it is a typing error.
        if seconds != 0 && !(5..=600).contains(&seconds) {
            return Err("SECONDS is neither 0 nor between 5 and 600");
        }
        if path.is_empty() {
            return Err("PATH is empty");
        }
        Ok(Self { seconds, path: path.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_with_their_window() {
        let parsed =
            Arguments::try_parse_from(["x", "--model", "15:/a/b:c.gguf", "--model", "0:d"]).expect("good");
        assert_eq!(parsed.models[0], ModelFile { seconds: 15, path: "/a/b:c.gguf".into() });
        assert_eq!(parsed.models[1].seconds, 0);
    }

    #[test]
    fn nonsense_is_refused() {
        let table: [&[&str]; 6] = [
            &["x"],
            &["x", "--model", "a.gguf"],
            &["x", "--model", "-1:a"],
            &["x", "--model", "2:a"],
            &["x", "--model", "15:"],
            &["x", "--model", "15:a", "--threads", "0"],
        ];
        for arguments in table {
            assert!(Arguments::try_parse_from(arguments.iter().copied()).is_err(), "{arguments:?}");
        }
    }
}
