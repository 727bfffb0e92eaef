//! Keychain and Credential Manager, through keyring-core and the store named for the system.
//!
//! Those stores cannot be listed by application, so that every kind is asked for by its name. The library's errors may
//! carry the bytes of a secret: they become a state at once.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use tonny_core::ports::VaultState;
use zeroize::Zeroizing;

use super::keyring::Chest;

/// A store, and the name our entries have in it.
pub(super) struct Native {
    name: String,
    store: Result<Arc<CredentialStore>, VaultState>,
}

impl Native {
    pub(super) fn new(name: &str, store: Result<Arc<CredentialStore>, VaultState>) -> Self {
        Self { name: name.to_owned(), store }
    }

    fn entry(&self, name: &str) -> Result<Entry, VaultState> {
        let store = self.store.as_ref().map_err(|state| *state)?;
        store.build(&self.name, name, None).map_err(|error| state(&error))
    }
}

impl Chest for Native {
    fn is_open(&mut self) -> Result<bool, VaultState> {
        match self.entry("probe")?.get_secret() {
            Ok(_) | Err(Error::NoEntry) => Ok(true),
            Err(Error::NoStorageAccess(_)) => Ok(false),
            Err(error) => Err(state(&error)),
        }
    }

    /// The system asks by itself when an entry is read.
    fn open(&mut self) -> Result<(), VaultState> {
        if self.is_open()? { Ok(()) } else { Err(VaultState::Dismissed) }
    }

    fn names(&mut self) -> Result<Vec<String>, VaultState> {
        let mut names = Vec::new();
        let ours = tonny_core::secrets::all().iter().map(|kind| kind.id).chain([super::ledger::MARKER]);
        for name in ours {
            if self.read(name)?.is_some() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultState> {
        match self.entry(name)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(state(&error)),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultState> {
        self.entry(name)?.set_secret(bytes).map_err(|error| state(&error))
    }

    fn delete(&mut self, name: &str) -> Result<bool, VaultState> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(state(&error)),
        }
    }
}

fn state(error: &Error) -> VaultState {
    match error {
        Error::NoStorageAccess(_) => VaultState::Locked,
        Error::NoDefaultStore => VaultState::NoKeyring,
        _ => VaultState::Failing,
    }
}

/// The system's store, named.
#[cfg(target_os = "macos")]
pub(super) fn store() -> Result<Arc<CredentialStore>, VaultState> {
    let store = apple_native_keyring_store::keychain::Store::new().map_err(|error| state(&error))?;
    Ok(store)
}

/// The system's store, named.
#[cfg(windows)]
pub(super) fn store() -> Result<Arc<CredentialStore>, VaultState> {
    let store = windows_native_keyring_store::Store::new().map_err(|error| state(&error))?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_written_read_listed_and_deleted() {
        let store = keyring_core::mock::Store::new().expect("a store in memory");
        let mut native = Native::new("tonnytray-test", Ok(store));
        assert!(native.is_open().expect("open"));
        native.write("openai", b"sk-1").expect("written");
        assert_eq!(native.read("openai").expect("read").expect("there").as_slice(), b"sk-1");
        assert_eq!(native.names().expect("listed"), ["openai"]);
        assert!(native.delete("openai").expect("deleted"));
        assert!(!native.delete("openai").expect("nothing there"));
        assert!(native.read("openai").expect("read").is_none());
    }
}
