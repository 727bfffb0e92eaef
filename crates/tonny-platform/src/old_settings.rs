//! Settings files of set-ups before the database, read once; what they mean is core's to say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folders::Folders;

/// A hundred times what any such file held; more is something else.
const LARGEST: u64 = 1_000_000;

/// Where older set-ups kept their configuration: the user's folder for it, or below TONNYTRAY_HOME, where nothing else of
/// the machine may be looked at.
#[allow(clippy::disallowed_methods, reason = "the folders are what the environment decides")]
pub fn folder(folders: &Folders) -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if variable("TONNYTRAY_HOME").is_some() {
        return folders.data.join("config");
    }
    let user = variable("HOME").map(|home| home.join(".config"));
    variable("XDG_CONFIG_HOME").or(user).unwrap_or_else(|| folders.data.join("config"))
}

/// Texts of `settings.toml` and `config.json` below the folder where older set-ups kept their configuration; files that
/// are missing, too large or no text are left out.
pub fn read(old_config: &Path) -> Vec<String> {
    let folder = old_config.join("tonnytray");
    let files = ["settings.toml", "config.json"].map(|name| folder.join(name));
    let small =
        |file: &&PathBuf| fs::metadata(file).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    files.iter().filter(small).filter_map(|file| fs::read_to_string(file).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn small_texts_are_read_and_the_rest_is_left() {
        let config = tempfile::tempdir().unwrap();
        assert_eq!(read(config.path()), Vec::<String>::new());
        let folder = config.path().join("tonnytray");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("config.json"), "{}").unwrap();
        let large = fs::File::create(folder.join("settings.toml")).unwrap();
        large.set_len(100_000_000).unwrap();
        assert_eq!(read(config.path()), ["{}"]);
    }
}
