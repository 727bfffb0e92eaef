//! The models folder on disk: one folder per model with `manifest.json` and its weight files.
//!
//! A model is built in a hidden folder beside its place and appears by one rename. Hidden folders that a crash left are
//! cleared before the next build. Everything is the owner's alone (0600, 0700).

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tonny_core::model::{InstalledModel, ModelFile};

use super::fault::ModelFault;

/// The file that makes a folder a model. Its paths are file names beside it, so that the folder can move.
const MANIFEST: &str = "manifest.json";

/// Creates a file only the owner may read, in place of any older one.
pub fn create_file(path: &Path) -> Result<File, ModelFault> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(ModelFault::io(path))
}

/// Creates a folder only the owner may enter, with its parents.
pub fn create_folder(path: &Path) -> Result<(), ModelFault> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(ModelFault::io(path))
}

/// Deletes a folder, which may be gone already.
pub fn delete_folder(path: &Path) -> Result<(), ModelFault> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ModelFault::io(path)(error)),
        _ => Ok(()),
    }
}

/// A model being built.
pub struct Building {
    root: PathBuf,
    id: String,
    /// Where its files go.
    pub folder: PathBuf,
}

impl Building {
    /// Starts with an empty hidden folder.
    pub fn start(root: &Path, id: &str) -> Result<Self, ModelFault> {
        let folder = root.join(format!(".new-{id}"));
        delete_folder(&folder)?;
        create_folder(&folder)?;
        Ok(Self { root: root.to_owned(), id: id.to_owned(), folder })
    }

    /// Writes the manifest and puts the folder in its place; an older model of the same id is replaced.
    pub fn finish(
        self,
        family: String,
        languages: Vec<String>,
        files: Vec<ModelFile>,
    ) -> Result<InstalledModel, ModelFault> {
        let model = InstalledModel { id: self.id.clone(), family, languages, files };
        let manifest = self.folder.join(MANIFEST);
        let written = create_file(&manifest).and_then(|file| {
            let text = serde_json::to_writer_pretty(&file, &model).map_err(std::io::Error::from);
            text.and_then(|()| file.sync_all()).map_err(ModelFault::io(&manifest))
        });
        written?;
        let (place, old) = (self.root.join(&self.id), self.root.join(format!(".old-{}", self.id)));
        delete_folder(&old)?;
        if place.exists() {
            std::fs::rename(&place, &old).map_err(ModelFault::io(&place))?;
        }
        std::fs::rename(&self.folder, &place).map_err(ModelFault::io(&place))?;
        delete_folder(&old)?;
        read_model(&place)
    }
}

impl Drop for Building {
    /// A failed build leaves nothing behind; after [`Building::finish`] there is nothing to delete.
    fn drop(&mut self) {
        if let Err(error) = delete_folder(&self.folder) {
            tracing::warn!(%error, "an unfinished model was not cleared");
        }
    }
}

/// Reads a model's manifest and checks that its files are there in full size.
pub fn read_model(folder: &Path) -> Result<InstalledModel, ModelFault> {
    let manifest = folder.join(MANIFEST);
    let bytes = std::fs::read(&manifest).map_err(ModelFault::io(&manifest))?;
    let mut model: InstalledModel =
        serde_json::from_slice(&bytes).map_err(|_| ModelFault::broken(&manifest, "not a manifest"))?;
    if folder.file_name() != Some(model.id.as_ref()) || model.files.is_empty() {
        return Err(ModelFault::broken(&manifest, "not this model's manifest"));
    }
    for file in &mut model.files {
        let plain = file.path.file_name() == Some(file.path.as_os_str());
        let path = folder.join(&file.path);
        let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if !plain || size != file.bytes || size == 0 {
            return Err(ModelFault::broken(&path, "the file is missing or has another size"));
        }
        file.path = path;
    }
    Ok(model)
}

/// Copies a file and returns its size and hex SHA-256.
pub fn copy_hashed(source: &Path, dest: &Path) -> Result<(u64, String), ModelFault> {
    let mut from = File::open(source).map_err(ModelFault::io(source))?;
    let mut to = Hashing { file: create_file(dest)?, hash: Sha256::new() };
    let bytes = std::io::copy(&mut from, &mut to).map_err(ModelFault::io(dest))?;
    to.file.sync_all().map_err(ModelFault::io(dest))?;
    Ok((bytes, format!("{:x}", to.hash.finalize())))
}

/// Size and hex SHA-256 of a file.
pub fn hash_of(path: &Path) -> Result<(u64, String), ModelFault> {
    let mut from = File::open(path).map_err(ModelFault::io(path))?;
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let count = from.read(&mut part).map_err(ModelFault::io(path))?;
        if count == 0 {
            return Ok((bytes, format!("{:x}", hash.finalize())));
        }
        hash.update(&part[..count]);
        bytes += count as u64;
    }
}

struct Hashing {
    file: File,
    hash: Sha256,
}

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// An id made from a file's name: letters, digits, `.`, `_` and `-`, never hidden, never empty.
pub fn safe_id(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let id: String = name.chars().map(|letter| if fits(letter) { letter } else { '-' }).take(64).collect();
    let id = id.trim_matches(['.', '-']);
    if id.is_empty() { "imported".to_owned() } else { id.to_owned() }
}
