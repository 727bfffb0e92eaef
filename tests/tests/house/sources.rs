//! What a source file must have, and what it may not say.

use super::tree::File;

const CORE: &str = "crates/tonny-core/src/";

/// Ways around the ports: the system's name, its environment, its files, its sockets.
const SYSTEM: &[&str] = &[
    "cfg(target_os",
    "cfg(unix",
    "cfg(windows",
    "cfg!(",
    "std::env::",
    "std::fs",
    "tokio::fs",
    "std::net",
    "tokio::net",
];

/// Ways to keep state that nobody owns.
const GLOBALS: &[&str] = &["OnceLock", "LazyLock", "OnceCell", "lazy_static", "thread_local!"];

/// Written in halves, so that this file passes its own rule.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("coming ", "soon"),
    concat!("Coming ", "soon"),
];

/// A file without a header.
pub fn header(path: &str, text: &str) -> Vec<String> {
    if text.starts_with("//! ") { Vec::new() } else { vec![format!("{path} has no header")] }
}

/// Lines of tonny-core that ask the system directly.
pub fn system_in_core(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with(CORE) {
        return Vec::new();
    }
    // What a test reads or writes is its own business.
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    lines_with(path, product, |line| !is_comment(line) && SYSTEM.iter().any(|word| line.contains(word)))
}

/// Lines of tonny-core that keep global state.
pub fn globals_in_core(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with(CORE) {
        return Vec::new();
    }
    let is_global = |line: &str| is_static(line) || GLOBALS.iter().any(|word| line.contains(word));
    lines_with(path, text, |line| !is_comment(line) && is_global(line))
}

/// Lines that say something is left to do.
pub fn unfinished(path: &str, text: &str) -> Vec<String> {
    lines_with(path, text, |line| UNFINISHED.iter().any(|mark| line.contains(mark)))
}

/// Migrations whose bytes or names would differ, or that leave a gap.
pub fn migrations(files: &[File]) -> Vec<String> {
    let mut offenders = Vec::new();
    let mut ours: Vec<&File> = files.iter().filter(|file| file.path.starts_with("migrations/")).collect();
    ours.sort_by(|a, b| a.path.cmp(&b.path));
    // Each folder is one database and numbers its own.
    let mut places: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for file in &ours {
        if file.text.contains('\r') {
            offenders.push(format!("{} has carriage returns", file.path));
        }
        let (folder, name) = file.path.rsplit_once('/').unwrap_or_default();
        let place = places.entry(folder).or_default();
        *place += 1;
        if !name.starts_with(&format!("{place:04}_")) {
            offenders.push(format!("{} is not migration {place:04}", file.path));
        }
    }
    if ours.is_empty() {
        offenders.push("there are no migrations".to_owned());
    }
    offenders
}

/// Comments may name what the code must not do.
fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn is_static(line: &str) -> bool {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub")
        .map_or(line, |rest| rest.trim_start_matches("(crate)").trim_start_matches("(super)"));
    line.trim_start().starts_with("static ")
}

fn lines_with(path: &str, text: &str, offends: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| offends(line));
    lines.map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_CORE: &str = "crates/tonny-core/src/a.rs";

    #[test]
    fn a_file_without_header_is_named() {
        assert_eq!(header("a.rs", "use std::fs;").len(), 1);
        assert!(header("a.rs", "//! Why.\n").is_empty());
    }

    #[test]
    fn the_system_in_core_is_found_outside_of_tests() {
        for bad in
            ["#[cfg(target_os = \"linux\")]", "std::env::var(\"A\")", "use std::fs;", "tokio::net::TcpStream"]
        {
            assert_eq!(system_in_core(IN_CORE, bad).len(), 1, "{bad}");
        }
        assert!(system_in_core(IN_CORE, "#[cfg(test)]\nuse std::fs;").is_empty());
        assert!(system_in_core("crates/tonny-platform/src/a.rs", "use std::fs;").is_empty());
    }

    #[test]
    fn global_state_in_core_is_found() {
        for bad in ["static A: u8 = 0;", "    pub(crate) static mut B: u8 = 0;", "use std::sync::OnceLock;"] {
            assert_eq!(globals_in_core(IN_CORE, bad).len(), 1, "{bad}");
        }
        for good in ["fn name() -> &'static str {", "// no OnceLock here"] {
            assert!(globals_in_core(IN_CORE, good).is_empty(), "{good}");
        }
    }

    #[test]
    fn unfinished_marks_are_found() {
        for mark in UNFINISHED {
            assert_eq!(unfinished("a.ts", &format!("// {mark}")).len(), 1, "{mark}");
        }
        assert!(unfinished("a.ts", "// done").is_empty());
    }

    #[test]
    fn migrations_with_carriage_returns_or_gaps_are_named() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let good = file("migrations/0001_first.sql", "SELECT 1;\n");
        assert!(migrations(std::slice::from_ref(&good)).is_empty());
        let bad = migrations(&[good, file("migrations/0003_gap.sql", "SELECT 1;\r\n")]);
        assert_eq!(
            bad,
            ["migrations/0003_gap.sql has carriage returns", "migrations/0003_gap.sql is not migration 0002"]
        );
        let two = ["migrations/0001_first.sql", "migrations/logs/0001_logs.sql"]
            .map(|path| file(path, "SELECT 1;\n"));
        assert!(migrations(&two).is_empty());
        assert_eq!(migrations(&[]).len(), 1);
    }
}
