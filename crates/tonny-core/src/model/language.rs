//! Language models for the local assistant: what one needs to run, and the list of them for people.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Catalogue, CatalogueEntry, InstalledModel, Source};
use crate::problem::{Code, Problem};

/// What llama.cpp takes beside weights and cache: its buffers for one batch of a small model, and its own code. Measured
/// with models of 0.1 to 1.7 billion parameters it was 60 to 310 MB.
const BESIDE: u64 = 320 << 20;

/// What is left to everything else on the machine.
const LEFT: u64 = 256 << 20;

/// What a model file says of itself, without being loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanguageNeeds {
    /// "llama", "qwen2", ...
    pub architecture: String,
    /// The model's own name, where it says one.
    pub name: Option<String>,
    /// Bytes of weights: the whole file is in memory while it runs.
    pub weights: u64,
    /// Bytes of attention cache of each token of a conversation, in 16 bits; 0 where the file does not say.
    pub cache_per_token: u64,
}

impl LanguageNeeds {
    /// Bytes of memory with a conversation of so many tokens, from above.
    pub fn memory(&self, tokens: u64) -> u64 {
        self.weights.saturating_add(self.cache_per_token.saturating_mul(tokens)).saturating_add(BESIDE)
    }

    /// Whether it may be loaded where so much is free.
    ///
    /// # Errors
    /// [`Code::LanguageModelTooLarge`] with both numbers.
    pub fn fit(&self, tokens: u64, free: Option<u64>) -> Result<(), Problem> {
        let (needed, Some(free)) = (self.memory(tokens), free) else { return Ok(()) };
        if needed.saturating_add(LEFT) <= free {
            return Ok(());
        }
        let what = format!("It needs {} MB, and {} MB are free", needed >> 20, free >> 20);
        Err(Problem::with(Code::LanguageModelTooLarge, what))
    }
}

/// One language model as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LanguageModelRow {
    /// Its id.
    pub id: String,
    /// What the interface calls it.
    pub name: String,
    /// ISO 639-1 codes; empty when an imported model does not say.
    pub languages: Vec<String>,
    /// SPDX id; empty when an imported model does not say.
    pub licence: String,
    /// One sentence on what it is good for.
    pub summary: String,
    /// To download, or on disk when installed.
    pub bytes: f64,
    /// Whether it is on this machine.
    pub installed: bool,
    /// Whether it is the one that is loaded when the local model is asked.
    pub chosen: bool,
    /// Where its file is, when it is installed: what `workers.llama_model` is set to for choosing it.
    pub path: Option<String>,
}

/// The catalogue in its order, then what was imported. `chosen` is the file that would be loaded now.
pub fn language_rows(installed: &[InstalledModel], chosen: Option<&Path>) -> Vec<LanguageModelRow> {
    let catalogue = Catalogue::language();
    let listed = catalogue.models.iter().map(|entry| {
        let on_disk = installed.iter().find(|model| model.id == entry.id);
        row(on_disk, Some(entry), chosen)
    });
    let imported = installed.iter().filter(|model| catalogue.find(&model.id).is_none());
    listed.chain(imported.map(|model| row(Some(model), None, chosen))).collect()
}

fn row(
    on_disk: Option<&InstalledModel>,
    entry: Option<&CatalogueEntry>,
    chosen: Option<&Path>,
) -> LanguageModelRow {
    let file = on_disk.and_then(|model| model.files.first());
    let to_fetch = || entry.and_then(|entry| entry.sources.first()).map_or(0, Source::bytes);
    let id = entry.map(|entry| &entry.id).or(on_disk.map(|model| &model.id)).cloned().unwrap_or_default();
    LanguageModelRow {
        name: entry.map_or_else(|| id.clone(), |entry| entry.name.clone()),
        languages: entry.map(|entry| entry.languages.clone()).unwrap_or_default(),
        licence: entry.map(|entry| entry.licence.clone()).unwrap_or_default(),
        summary: entry.map_or("Imported from this machine.".to_owned(), |entry| entry.summary.clone()),
        bytes: file.map_or_else(to_fetch, |file| file.bytes) as f64,
        installed: file.is_some(),
        chosen: file.is_some_and(|file| Some(file.path.as_path()) == chosen),
        path: file.map(|file| file.path.display().to_string()),
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFile;

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers() {
        let needs = LanguageNeeds { weights: 4 << 30, cache_per_token: 1 << 17, ..LanguageNeeds::default() };
        assert_eq!(needs.fit(4_096, None), Ok(()), "a system that does not say");
        assert_eq!(needs.fit(4_096, Some(8 << 30)), Ok(()));
        let refused = needs.fit(4_096, Some(4 << 30)).expect_err("it needs 4.8 GB");
        assert!(refused.is(Code::LanguageModelTooLarge) && refused.message.contains("4096 MB"), "{refused}");
    }

    #[test]
    fn imported_models_follow_the_catalogue_and_the_chosen_one_is_marked() {
        let file =
            ModelFile { path: "/m/own/model.gguf".into(), window_s: 0, bytes: 7, sha256: String::new() };
        let own =
            InstalledModel { id: "own".into(), family: "llama".into(), languages: vec![], files: vec![file] };
        let rows = language_rows(&[own], Some(Path::new("/m/own/model.gguf")));
        assert_eq!(rows.len(), Catalogue::language().models.len() + 1);
        assert_eq!(rows.iter().filter(|row| row.chosen).map(|row| &*row.id).collect::<Vec<_>>(), ["own"]);
        assert!(!rows[0].installed && rows[0].bytes > 1e7);
    }
}
