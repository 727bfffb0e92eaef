//! Reads the tree: its files as git sees them, its packages as cargo does. Decides nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One file of the project.
pub struct File {
    /// Relative to the root, with forward slashes.
    pub path: String,
    /// Its text; what is not UTF-8 is replaced.
    pub text: String,
}

/// One room, as its manifest names its dependencies.
pub struct Package {
    pub name: String,
    /// Every dependency's package name, of all kinds and targets.
    pub dependencies: Vec<Dependency>,
}

/// One dependency of a room.
pub struct Dependency {
    pub name: String,
    /// Whether it is another room.
    pub own: bool,
}

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the root").to_owned()
}

/// Everything git tracks or would track; files still being born count, deleted ones do not.
pub fn files() -> Vec<File> {
    let listed = run("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.dedup();
    assert!(paths.len() > 50, "git lists only {} files", paths.len());
    let read = |path: &str| {
        let bytes = std::fs::read(root().join(path)).ok()?;
        Some(File { path: path.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned() })
    };
    paths.into_iter().filter_map(read).collect()
}

/// Every package of the workspace.
pub fn packages() -> Vec<Package> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let json = run(&cargo, &["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&json).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let dependencies = value["dependencies"].as_array().expect("dependencies").iter();
    let dependencies =
        dependencies.map(|one| Dependency { name: text(&one["name"]), own: one["path"].is_string() });
    Package { name: text(&value["name"]), dependencies: dependencies.collect() }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program} did not start: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
