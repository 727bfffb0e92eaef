//! The Secret Service of Linux desktops (GNOME Keyring, KWallet, KeePassXC) over the session bus.
//!
//! The library's calls have a deadline of 2 s each on the bus. It would wait a year for a question to be answered, so
//! it is asked to wait a minute, and only where a person is to be asked. It would also start a bus of its own where
//! none is: the address is looked for first.

use std::collections::HashMap;

use dbus_secret_service::{Collection, EncryptionType, Error, Item};
use tonny_core::ports::VaultState;
use zeroize::Zeroizing;

use super::keyring::Chest;

/// As long as it takes to find a password; the question then goes away.
const QUESTION_S: u64 = 60;

/// What sets our entries apart from those of others.
const APPLICATION: &str = "application";

/// The entry's name.
const KIND: &str = "kind";

/// One connection to the service, made when needed and given up after an error.
pub(super) struct SecretService {
    name: String,
    connection: Option<dbus_secret_service::SecretService>,
}

impl SecretService {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), connection: None }
    }

    /// Runs `work` on the connection; a failed one is not used again.
    fn on<T>(
        &mut self,
        work: impl FnOnce(&dbus_secret_service::SecretService, &str) -> Result<T, Error>,
    ) -> Result<T, VaultState> {
        if self.connection.is_none() {
            let connect = || dbus_secret_service::SecretService::connect(EncryptionType::Dh);
            self.connection = Some(reached(connect)?);
        }
        let Some(connection) = &self.connection else { return Err(VaultState::Failing) };
        work(connection, &self.name).map_err(|error| {
            let state = state(&error);
            if !matches!(state, VaultState::Locked | VaultState::NoCollection) {
                self.connection = None;
            }
            state
        })
    }

    fn items<'a>(
        connection: &'a dbus_secret_service::SecretService,
        application: &str,
        kind: Option<&str>,
    ) -> Result<Vec<Item<'a>>, Error> {
        let mut attributes = HashMap::from([(APPLICATION, application)]);
        attributes.extend(kind.map(|kind| (KIND, kind)));
        let found = connection.search_items(attributes)?;
        // Locked entries are found too: their names may be read, and using one tells that it is locked.
        Ok(found.unlocked.into_iter().chain(found.locked).collect())
    }
}

impl Chest for SecretService {
    fn is_open(&mut self) -> Result<bool, VaultState> {
        self.on(|connection, _| Ok(!connection.get_default_collection()?.is_locked()?))
    }

    fn open(&mut self) -> Result<(), VaultState> {
        let connect = || {
            dbus_secret_service::SecretService::connect_with_max_prompt_timeout(
                EncryptionType::Dh,
                QUESTION_S,
            )
        };
        let connection = reached(connect)?;
        let opened = |collection: &Collection<'_>| {
            collection.ensure_unlocked()?;
            collection.is_locked()
        };
        match connection.get_default_collection().and_then(|collection| opened(&collection)) {
            Ok(false) => Ok(()),
            Ok(true) => Err(VaultState::Locked),
            Err(error) => Err(state(&error)),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, VaultState> {
        self.on(|connection, application| {
            let mut names = Vec::new();
            for item in Self::items(connection, application, None)? {
                names.extend(item.get_attributes()?.remove(KIND));
            }
            Ok(names)
        })
    }

    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultState> {
        self.on(|connection, application| match Self::items(connection, application, Some(name))?.first() {
            Some(item) if item.is_locked()? => Err(Error::Locked),
            Some(item) => Ok(Some(Zeroizing::new(item.get_secret()?))),
            None => Ok(None),
        })
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultState> {
        self.on(|connection, application| {
            let collection = connection.get_default_collection()?;
            if collection.is_locked()? {
                return Err(Error::Locked);
            }
            let label = format!("TonnyTray: {name}");
            let attributes = HashMap::from([(APPLICATION, application), (KIND, name)]);
            collection.create_item(&label, attributes, bytes, true, "text/plain").map(drop)
        })
    }

    fn delete(&mut self, name: &str) -> Result<bool, VaultState> {
        self.on(|connection, application| {
            let items = Self::items(connection, application, Some(name))?;
            for item in &items {
                if item.is_locked()? {
                    return Err(Error::Locked);
                }
                item.delete()?;
            }
            Ok(!items.is_empty())
        })
    }
}

/// Connects, if there is a bus to connect to.
fn reached<T>(connect: impl FnOnce() -> Result<T, Error>) -> Result<T, VaultState> {
    if !is_bus_named() {
        return Err(VaultState::NoBus);
    }
    connect().map_err(|error| state(&error))
}

#[allow(clippy::disallowed_methods, reason = "the session bus is told by the environment alone")]
fn is_bus_named() -> bool {
    let named = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty());
    let run = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    named || run.is_some_and(|run| run.join("bus").exists())
}

/// The library's error as a state. Its text is not passed on: what a service puts into one is unknown.
fn state(error: &Error) -> VaultState {
    match error {
        Error::Locked => VaultState::Locked,
        Error::Prompt => VaultState::Dismissed,
        // The only look-up that can come up empty is that of the default collection.
        Error::NoResult => VaultState::NoCollection,
        Error::Unavailable => VaultState::NoKeyring,
        Error::Dbus(error) => {
            let name = error.name().unwrap_or_default();
            tracing::debug!(name, "the keyring's bus call failed");
            named(name)
        }
        _ => VaultState::Failing,
    }
}

fn named(error: &str) -> VaultState {
    match error.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or(error) {
        "NoReply" | "Timeout" | "TimedOut" => VaultState::Silent,
        "ServiceUnknown" | "NameHasNoOwner" => VaultState::NoKeyring,
        "NoServer" | "FileNotFound" | "AuthFailed" | "BadAddress" | "Disconnected" | "NotSupported"
        | "IOError" | "NoNetwork" => VaultState::NoBus,
        "org.freedesktop.Secret.Error.IsLocked" => VaultState::Locked,
        error if error.starts_with("Spawn.") => VaultState::NoKeyring,
        _ => VaultState::Failing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_errors_are_states() {
        for (error, state) in [
            ("org.freedesktop.DBus.Error.NoReply", VaultState::Silent),
            ("org.freedesktop.DBus.Error.ServiceUnknown", VaultState::NoKeyring),
            ("org.freedesktop.DBus.Error.Spawn.ServiceNotFound", VaultState::NoKeyring),
            ("org.freedesktop.DBus.Error.FileNotFound", VaultState::NoBus),
            ("org.freedesktop.Secret.Error.IsLocked", VaultState::Locked),
            ("org.example.Surprise", VaultState::Failing),
        ] {
            assert_eq!(named(error), state, "{error}");
        }
    }
}
