//! Models as values: the catalogues, what is installed, where it came from, what a language model needs.

mod catalogue;
mod install;
mod language;
mod rows;

pub use catalogue::{Catalogue, CatalogueEntry, Download, Member, Source};
pub use install::{Downloads, InstallProgress, PackageIndex, choose, install};
pub use language::{LanguageModelRow, LanguageNeeds, language_rows};
pub use rows::{DEFAULT, ModelRow, rows};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A model on this machine, as its manifest describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledModel {
    /// The catalogue's id, or a name made from the imported file.
    pub id: String,
    /// "whisper", "parakeet", "moonshine", ...
    pub family: String,
    /// ISO 639-1 codes; empty when the model does not say.
    pub languages: Vec<String>,
    /// One file per window length, shortest first.
    pub files: Vec<ModelFile>,
}

/// One weight file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Absolute path.
    pub path: PathBuf,
    /// The encoder's window in seconds; 0 where the model takes any length.
    pub window_s: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Hex SHA-256 of the file.
    pub sha256: String,
}
