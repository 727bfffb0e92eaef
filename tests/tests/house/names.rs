//! What files and folders may not be called.

/// Words that say how something is built, or nothing at all, instead of what it is.
const PATTERNS: &[&str] =
    &["manager", "service", "helper", "helpers", "util", "utils", "common", "misc", "processor"];

/// Source files and folders with such a word in their name.
pub fn patterns(paths: &[String]) -> Vec<String> {
    let is_source = |path: &&String| [".rs", ".ts", ".tsx"].iter().any(|ending| path.ends_with(ending));
    paths
        .iter()
        .filter(is_source)
        .filter(|path| words(path).any(|word| PATTERNS.contains(&word.as_str())))
        .cloned()
        .collect()
}

/// Modules told by a mod.rs.
pub fn mod_files(paths: &[String]) -> Vec<String> {
    paths.iter().filter(|path| path.rsplit('/').next() == Some("mod.rs")).cloned().collect()
}

/// `ui/src/HoldButton.tsx` is ui, src, hold, button, tsx.
fn words(path: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    let mut before = ' ';
    for letter in path.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
        before = letter;
    }
    spaced.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_in_a_name_is_found_in_every_spelling() {
        let bad = ["crates/a/src/model_manager.rs", "ui/src/AudioService.ts", "crates/a/src/utils/text.rs"];
        assert_eq!(patterns(&bad.map(str::to_owned)), bad);
        let good = ["crates/a/src/commonplace.rs", "packaging/service", "ui/src/Picker.tsx"];
        assert!(patterns(&good.map(str::to_owned)).is_empty());
    }

    #[test]
    fn a_mod_file_is_found() {
        let paths = ["crates/a/src/b/mod.rs", "crates/a/src/mode.rs"].map(str::to_owned);
        assert_eq!(mod_files(&paths), ["crates/a/src/b/mod.rs"]);
    }
}
