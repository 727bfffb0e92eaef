//! Who may make and open a secret: a short list of files, so that each new one is seen.

/// A call, and the beginnings of the paths that may make it.
const CALLS: &[(&str, &[&str])] = &[
    (
        ".open_for(",
        &[
            "crates/tonny-core/src/secrets/",
            // A provider's key, on its way into the request's header.
            "crates/tonny-core/src/assistant/desk.rs",
            "crates/tonny-platform/src/vault/tests.rs",
            // The key of encrypted recordings, and what must be refused.
            "crates/tonny-platform/src/audio/recordings.rs",
            "tests/src/reliability/secrets/crashes.rs",
            // Compares what a move kept.
            "tests/src/reliability/secrets/victims.rs",
        ],
    ),
    (
        ".open_for_the_vault(",
        &[
            "crates/tonny-core/src/secrets/",
            "crates/tonny-platform/src/vault/",
            // Compares a password typed twice.
            "crates/tonny-cli/src/input.rs",
        ],
    ),
    (
        "from_the_vault(",
        &[
            "crates/tonny-core/src/secrets/",
            "crates/tonny-platform/src/vault/",
            // A vault of made-up keys, so that no row asks for the keyring of whoever runs it.
            "tests/src/reliability/assistant/room.rs",
        ],
    ),
    ("expose_secret(", &["crates/tonny-core/src/secrets/value.rs"]),
];

/// This file names the calls.
const RULES: &str = "tests/tests/house/";

/// Lines that open a secret where none is opened.
pub fn strangers(path: &str, text: &str) -> Vec<String> {
    if path.starts_with(RULES) {
        return Vec::new();
    }
    let mut offenders = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let found = CALLS.iter().filter(|(call, _)| line.contains(call));
        for (call, homes) in found {
            if !homes.iter().any(|home| path.starts_with(home)) {
                offenders.push(format!("{path}:{}: {call}", at + 1));
            }
        }
    }
    offenders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_named_and_the_vault_is_not() {
        let line = "let text = secret.open_for(Reader::Egress)?;";
        assert_eq!(strangers("crates/tonny-core/src/app.rs", line).len(), 1);
        assert!(strangers("crates/tonny-core/src/secrets/desk.rs", line).is_empty());
        assert_eq!(strangers("src-tauri/src/commands.rs", "value.open_for_the_vault()").len(), 1);
    }
}
