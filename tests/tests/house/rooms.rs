//! Who may know whom: the edges between rooms, and the dependencies that have one home.

use super::tree::Package;

/// Room, and the rooms it may name in its manifest; dev-dependencies count too. `*` is anything.
const EDGES: &[(&str, &[&str])] = &[
    ("tonny-supervisor", &[]),
    ("tonny-speech-protocol", &[]),
    ("tonny-store", &[]),
    ("tonny-egress", &[]),
    ("tonny-speech", &["tonny-speech-protocol"]),
    ("tonny-core", &["tonny-store", "tonny-supervisor", "tonny-egress", "tonny-speech-protocol"]),
    ("tonny-platform", &["tonny-core"]),
    ("tonny-cli", &["tonny-core", "tonny-platform"]),
    ("tonnytray", &["tonny-core", "tonny-platform"]),
    ("tonny-tests", &["*"]),
];

/// A dependency with all that begins with its name and a hyphen, and the only rooms that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("tauri", &["tonnytray"]),
    ("sqlx", &["tonny-store"]),
    ("libsqlite3-sys", &["tonny-store"]),
    // The tests have a bare client of their own to measure the door out against.
    ("reqwest", &["tonny-egress", "tonny-tests"]),
    ("lapin", &["tonny-egress"]),
    ("genai", &["tonny-egress"]),
    // What speaks to our own children on 127.0.0.1.
    ("hyper", &["tonny-supervisor"]),
    ("tokio-tungstenite", &["tonny-speech-protocol", "tonny-supervisor", "tonny-tests"]),
    ("transcribe-cpp", &["tonny-speech"]),
];

/// Edges that are not in the table.
pub fn edges(packages: &[Package]) -> Vec<String> {
    let mut offenders = Vec::new();
    for package in packages {
        let Some((_, allowed)) = EDGES.iter().find(|(room, _)| *room == package.name) else {
            offenders.push(format!("{} is a room without a place in the table", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.own) {
            if !allowed.contains(&"*") && !allowed.contains(&dependency.name.as_str()) {
                offenders.push(format!("{} may not know {}", package.name, dependency.name));
            }
        }
    }
    offenders
}

/// Dependencies named outside of their home.
pub fn homes(packages: &[Package]) -> Vec<String> {
    let mut offenders = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let known = HOMES.iter().find(|(name, _)| is_family(&dependency.name, name));
            let homes = known.map(|(_, homes)| *homes).unwrap_or_default();
            if !homes.is_empty() && !homes.contains(&package.name.as_str()) {
                let home = homes[0];
                offenders
                    .push(format!("{} names {}, which belongs to {home}", package.name, dependency.name));
            }
        }
    }
    offenders
}

/// A room's manifest that goes without the workspace's lints.
pub fn lints(path: &str, manifest: &str) -> Vec<String> {
    // The fuzzers are no room: a workspace of their own has nothing to inherit.
    if matches!(path, "Cargo.toml" | "tests/Cargo.toml" | "fuzz/Cargo.toml") {
        return Vec::new();
    }
    let inherits = manifest.parse::<toml::Table>().is_ok_and(|table| {
        table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
            == Some(true)
    });
    if inherits { Vec::new() } else { vec![format!("{path} lacks `[lints] workspace = true`")] }
}

fn is_family(dependency: &str, name: &str) -> bool {
    dependency.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Dependency;

    fn room(name: &str, own: &[&str], foreign: &[&str]) -> Package {
        let dependency = |own| move |name: &&str| Dependency { name: (*name).to_owned(), own };
        let dependencies =
            own.iter().map(dependency(true)).chain(foreign.iter().map(dependency(false))).collect();
        Package { name: name.to_owned(), dependencies }
    }

    #[test]
    fn an_edge_outside_of_the_table_is_named() {
        let bad = [room("tonny-store", &["tonny-core"], &[]), room("tonny-new", &[], &[])];
        assert_eq!(
            edges(&bad),
            ["tonny-store may not know tonny-core", "tonny-new is a room without a place in the table",]
        );
        assert!(edges(&[room("tonny-core", &["tonny-store"], &["serde"])]).is_empty());
    }

    #[test]
    fn a_dependency_away_from_home_is_named() {
        for (name, stranger) in
            [("tonny-core", "tauri-plugin-autostart"), ("tonny-cli", "sqlx"), ("tonny-core", "reqwest")]
        {
            assert_eq!(homes(&[room(name, &[], &[stranger])]).len(), 1, "{stranger}");
        }
        assert!(homes(&[room("tonnytray", &[], &["tauri", "tauri-specta"])]).is_empty());
        assert!(homes(&[room("tonny-core", &[], &["taurine"])]).is_empty());
    }

    #[test]
    fn a_manifest_without_lints_is_named() {
        assert_eq!(lints("crates/a/Cargo.toml", "[package]\nname = 'a'").len(), 1);
        assert_eq!(lints("crates/a/Cargo.toml", "[lints]\nworkspace = false").len(), 1);
        assert!(lints("crates/a/Cargo.toml", "[lints]\nworkspace = true").is_empty());
    }
}
