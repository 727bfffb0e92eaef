//! The catalogue and the models folder as one list for people.

use serde::{Deserialize, Serialize};

use super::{Catalogue, InstalledModel};

/// The model that a first start takes; also what is recommended until the hardware is measured.
pub const DEFAULT: &str = "whisper-tiny.en";

/// One model as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ModelRow {
    /// Its id.
    pub id: String,
    /// What the interface calls it.
    pub name: String,
    /// "whisper", "parakeet", "moonshine", ...
    pub family: String,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// SPDX id; empty when an imported model does not say.
    pub licence: String,
    /// One sentence on what it is good for.
    pub summary: String,
    /// To download, or on disk when installed.
    pub bytes: u32,
    /// Whether it is on this machine.
    pub installed: bool,
    /// Whether the settings name it.
    pub chosen: bool,
    /// A good first choice.
    pub recommended: bool,
}

/// Catalogue entries in their order, then imported models.
pub fn rows(catalogue: &Catalogue, installed: &[InstalledModel], chosen: &str) -> Vec<ModelRow> {
    let on_disk = |id: &str| installed.iter().find(|model| model.id == id);
    let listed = catalogue.models.iter().map(|entry| ModelRow {
        id: entry.id.clone(),
        name: entry.name.clone(),
        family: entry.family.clone(),
        languages: entry.languages.clone(),
        licence: entry.licence.clone(),
        summary: entry.summary.clone(),
        bytes: on_disk(&entry.id)
            .map_or_else(|| entry.sources.first().map_or(0, |source| whole(source.bytes())), size),
        installed: on_disk(&entry.id).is_some(),
        chosen: entry.id == chosen,
        recommended: entry.id == DEFAULT,
    });
    let imported =
        installed.iter().filter(|model| catalogue.find(&model.id).is_none()).map(|model| ModelRow {
            id: model.id.clone(),
            name: model.id.clone(),
            family: model.family.clone(),
            languages: model.languages.clone(),
            licence: String::new(),
            summary: "Imported from this machine.".to_owned(),
            bytes: size(model),
            installed: true,
            chosen: model.id == chosen,
            recommended: false,
        });
    listed.chain(imported).collect()
}

fn size(model: &InstalledModel) -> u32 {
    whole(model.files.iter().map(|file| file.bytes).sum())
}

/// No model is larger than 4 GB; a web view counts exactly up to far more, but not in 64 bits.
fn whole(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
