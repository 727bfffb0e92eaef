//! What the vault remembers about secrets without holding one: where they are kept, when each was set and used, how
//! many passwords were wrong, and what is left to clear after a move.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use tonny_core::ports::{Migration, Place};

use super::atomic;

/// An entry of ours in the keyring, to know that keyring again.
pub(super) const MARKER: &str = "marker";

/// An hour without use.
const AUTO_LOCK_MIN: u32 = 60;

/// The file's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    pub(super) place: Place,
    /// Left to delete: these were read, are in another place, and were compared there.
    pub(super) to_clear: Vec<NamesAt>,
    /// What a move that has not come to its end wrote, or may have written.
    pub(super) begun: Option<NamesAt>,
    /// What stayed in the keyring, unread, when secrets were moved.
    pub(super) behind: Option<Behind>,
    /// When other users of the machine were found to be able to read the encrypted file.
    pub(super) exposed_at: Option<String>,
    /// What [`MARKER`] holds in the keyring that was used last.
    pub(super) marker: Option<String>,
    pub(super) auto_lock_min: u32,
    pub(super) wrong_passwords: u32,
    pub(super) last_wrong_ms: i64,
    pub(super) dates: BTreeMap<String, Dates>,
    pub(super) migration: Option<Migration>,
}

/// Some names in a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NamesAt {
    pub(super) place: Place,
    pub(super) names: Vec<String>,
}

/// What is known of secrets in a keyring that was left while it did not answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Behind {
    pub(super) marker: Option<String>,
    pub(super) dates: BTreeMap<String, Dates>,
}

/// When one secret was set and used, RFC 3339.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Dates {
    pub(super) set_at: Option<String>,
    pub(super) used_at: Option<String>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            place: Place::Keyring,
            to_clear: Vec::new(),
            begun: None,
            behind: None,
            exposed_at: None,
            marker: None,
            auto_lock_min: AUTO_LOCK_MIN,
            wrong_passwords: 0,
            last_wrong_ms: 0,
            dates: BTreeMap::new(),
            migration: None,
        }
    }
}

impl Ledger {
    /// Reads it. Without one that can be read, an encrypted file beside it says where secrets are kept.
    pub(super) fn load(path: &Path, encrypted: &Path) -> io::Result<Self> {
        if let Some(bytes) = atomic::read(path)? {
            match serde_json::from_slice(&bytes) {
                Ok(ledger) => return Ok(ledger),
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "the vault's ledger is broken and was set aside");
                    fs::rename(path, path.with_extension("broken"))?;
                }
            }
        }
        let place = if encrypted.exists() { Place::File } else { Place::Keyring };
        Ok(Self { place, ..Self::default() })
    }

    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        atomic::replace(path, &serde_json::to_vec_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_and_a_broken_one_is_set_aside() {
        let folder = tempfile::tempdir().expect("temp");
        let (path, encrypted) = (folder.path().join("ledger.json"), folder.path().join("secrets.vault"));
        let mut ledger = Ledger::load(&path, &encrypted).expect("none yet");
        assert_eq!(ledger, Ledger::default());
        ledger.dates.entry("openai".to_owned()).or_default().set_at = Some("2026-01-01T00:00:00Z".to_owned());
        ledger.place = Place::Session;
        ledger.save(&path).expect("saved");
        assert_eq!(Ledger::load(&path, &encrypted).expect("read"), ledger);
        fs::write(&path, b"{").expect("broken");
        fs::write(&encrypted, b"x").expect("there");
        assert_eq!(Ledger::load(&path, &encrypted).expect("read").place, Place::File);
        assert!(path.with_extension("broken").exists());
    }
}
