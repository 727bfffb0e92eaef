//! Settings files of set-ups before the database, read once; what they mean is core's to say.

use std::fs;
use std::path::Path;

/// A hundred times what any such file held; more is something else.
const LARGEST: u64 = 1_000_000;

/// Texts of `settings.toml` and `config.json` below the folder where older set-ups kept their configuration; files that
/// are missing, too large or no text are left out.
pub fn read(old_config: &Path) -> Vec<String> {
    let folder = old_config.join("tonnytray");
    let files = ["settings.toml", "config.json"].map(|name| folder.join(name));
    let small = |file: &&std::path::PathBuf| fs::metadata(file).is_ok_and(|file| file.len() <= LARGEST);
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
