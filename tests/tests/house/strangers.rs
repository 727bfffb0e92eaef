//! Names that tie the project to one registry or one machine. Both are found by the tools that own them.

/// In halves, so that this file passes its own rule.
const NAMES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb", ".debian.org"),
    concat!("security", ".debian.org"),
    concat!("archive", ".ubuntu.com"),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
];

/// Cargo writes its own registry's name here.
const EXEMPT: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];

/// Such names in a file.
pub fn named(path: &str, text: &str) -> Vec<String> {
    if EXEMPT.contains(&path) {
        return Vec::new();
    }
    NAMES.iter().filter(|name| text.contains(*name)).map(|name| format!("{path} says {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_the_lock_file_is_exempt() {
        for name in NAMES {
            assert_eq!(named("Makefile", &format!("x {name} y")), [format!("Makefile says {name}")]);
            assert!(EXEMPT.iter().all(|lock| named(lock, name).is_empty()));
        }
        assert!(named("Makefile", "target/release").is_empty());
    }
}
