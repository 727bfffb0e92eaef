//! Why the worker could not start or go on, and with which exit code it says so.
//!
//! The codes are those of the speech engines the supervisor knows: 2 and 3 are permanent, anything else may pass.

use std::path::PathBuf;

/// A reason to end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Standard input held no token.
    #[error("no token came on standard input; its first line must be one")]
    NoToken,
    /// The file is no model this program can run.
    #[error("the speech model {} cannot be used: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What the loader or the first decode said.
        reason: String,
    },
    /// The language is not one the model knows.
    #[error("the model does not know the language {language:?}")]
    Language {
        /// As given.
        language: String,
    },
    /// The operating system refused something.
    #[error("{what} failed")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoToken | Self::Language { .. } => 2,
            Self::Model { .. } => 3,
            Self::System { .. } => 1,
        }
    }
}
