//! The rules of the house, read from the tree itself: which room may know which, what may be named where, how long a
//! file may be, what never enters the repository. Each rule is one test, and its failure names the offender.
//!
//! The rules are pure functions in `house/`; every one of them is also shown a bad example there, so that it can fail.

#![allow(clippy::disallowed_methods, reason = "asks cargo and git, which are processes")]

#[path = "house/keys.rs"]
mod keys;
#[path = "house/links.rs"]
mod links;
#[path = "house/names.rs"]
mod names;
#[path = "house/npm.rs"]
mod npm;
#[path = "house/openers.rs"]
mod openers;
#[path = "house/rooms.rs"]
mod rooms;
#[path = "house/sizes.rs"]
mod sizes;
#[path = "house/sources.rs"]
mod sources;
#[path = "house/strangers.rs"]
mod strangers;
#[path = "house/tree.rs"]
mod tree;

use tree::{File, files, packages};

/// Fails with every offender, a line each.
fn hold(rule: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{rule}\n  {}", offenders.join("\n  "));
}

fn texts(endings: &[&str]) -> Vec<File> {
    files().into_iter().filter(|file| endings.iter().any(|ending| file.path.ends_with(ending))).collect()
}

/// The rule, for each file on its own.
fn each(files: &[File], rule: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    files.iter().flat_map(|file| rule(&file.path, &file.text)).collect()
}

#[test]
fn rooms_know_only_the_rooms_they_may() {
    hold(
        "Only these edges between rooms are allowed: tests/tests/house/rooms.rs.",
        rooms::edges(&packages()),
    );
}

#[test]
fn dependencies_with_one_home_stay_there() {
    hold("These dependencies have one home each.", rooms::homes(&packages()));
}

#[test]
fn every_room_takes_the_workspace_lints() {
    let manifests = texts(&["Cargo.toml"]);
    hold("Every room inherits the workspace's lints, the tests excepted.", each(&manifests, rooms::lints));
}

#[test]
fn rust_files_stay_short() {
    hold("Rust files: none over 600 lines, median 150, 95th percentile 400.", sizes::rust(&texts(&[".rs"])));
}

#[test]
fn typescript_files_stay_short() {
    hold("TypeScript files: none over 300 lines.", sizes::typescript(&texts(&[".ts", ".tsx"])));
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    hold("Every Rust file begins with a `//!` header.", each(&texts(&[".rs"]), sources::header));
}

#[test]
fn names_are_the_field_s_own_words() {
    let all: Vec<String> = files().into_iter().map(|file| file.path).collect();
    hold("No file or folder is named after a pattern; name it after what it holds.", names::patterns(&all));
}

#[test]
fn modules_are_told_by_their_own_file() {
    let all: Vec<String> = files().into_iter().map(|file| file.path).collect();
    hold("`foo.rs` beside `foo/`, no mod.rs.", names::mod_files(&all));
}

#[test]
fn core_knows_no_operating_system() {
    hold("tonny-core asks the system only through ports.", each(&texts(&[".rs"]), sources::system_in_core));
}

#[test]
fn core_has_no_global_state() {
    hold(
        "tonny-core has one owner of state and no globals.",
        each(&texts(&[".rs"]), sources::globals_in_core),
    );
}

#[test]
fn nothing_is_left_unfinished() {
    let sources = texts(&[".rs", ".ts", ".tsx"]);
    hold("What is written down as unfinished is not done.", each(&sources, sources::unfinished));
}

#[test]
fn packages_of_the_window_are_pinned_and_free() {
    let locks = texts(&["package-lock.json"]);
    assert!(!locks.is_empty(), "the lock file is gone");
    hold("Packages of the window: tests/tests/house/npm.rs.", each(&locks, npm::offenders));
}

#[test]
fn no_key_is_in_the_tree() {
    hold("What looks like a key or a password does not enter the repository.", each(&files(), keys::leaked));
}

#[test]
fn secrets_are_opened_in_few_places() {
    hold(
        "Only the vault makes a Secret, and only the places in tests/tests/house/openers.rs open one.",
        each(&texts(&[".rs"]), openers::strangers),
    );
}

#[test]
fn no_registry_and_no_machine_is_named() {
    hold(
        "No registry's host and no path of one machine belongs into the project.",
        each(&files(), strangers::named),
    );
}

#[test]
fn migrations_are_the_same_bytes_everywhere() {
    hold("Migrations: LF, NNNN_what.sql, numbered without gaps.", sources::migrations(&texts(&[".sql"])));
}

#[test]
fn pages_link_to_what_exists() {
    let pages = texts(&[".md"]);
    let broken = pages
        .iter()
        .flat_map(|page| links::broken(&page.path, &page.text, |path| tree::root().join(path).exists()));
    hold("Links in README, docs and the other pages lead to files.", broken.collect());
}

#[test]
fn advice_leads_to_pages_that_exist() {
    let words = texts(&["ui/src/locales/en.ts"]);
    let titles: Vec<&str> = words.iter().flat_map(|file| links::titles(&file.text)).collect();
    let pages = texts(&["docs/error-codes.md"]);
    assert!(titles.len() > 5 && pages.len() == 1, "{titles:?}");
    let lost = pages.iter().flat_map(|page| links::lost(&page.path, &page.text, &titles));
    hold("What an error advises is to be found.", lost.collect());
}
