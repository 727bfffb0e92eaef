//! The vault port: where secrets are kept, by whom they are protected, and what state that is in.
//!
//! A filling answers on a thread of its own. [`Vault::ask`] never blocks and never needs a runtime: keyrings can hang
//! for ever, and a runtime that ends waits for its blocking threads.

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::problem::{Code, Problem};
use crate::secrets::{Kind, Secret, Typed};

/// How an ask is answered. A dropped sender means that the vault has ended.
pub type VaultAnswer<T> = oneshot::Sender<Result<T, Problem>>;

/// Keeps secrets.
pub trait Vault: Send + Sync + 'static {
    /// Takes an ask; the answer comes through its channel. While the keyring is silent, it comes within 3 s.
    fn ask(&self, ask: VaultAsk);
}

/// Everything a vault can be asked.
#[derive(Debug)]
pub enum VaultAsk {
    /// The state, and which secrets are set.
    Report(VaultAnswer<VaultReport>),
    /// One secret, for use; counts as used.
    Take(&'static Kind, VaultAnswer<Option<Secret>>),
    /// Keeps one: written, read back and compared. When that fails, the old value is back.
    Put(&'static Kind, Typed, VaultAnswer<()>),
    /// Deletes one; says whether there was one.
    Clear(&'static Kind, VaultAnswer<bool>),
    /// Deletes all, in every place; says how many there were.
    Forget(VaultAnswer<u32>),
    /// Keeps them elsewhere from now on, and moves what can be reached.
    Choose(Choice, VaultAnswer<SecretsMoved>),
    /// Opens the encrypted file, or asks the keyring to be opened.
    Unlock(Option<Typed>, VaultAnswer<()>),
    /// Closes the encrypted file.
    Lock(VaultAnswer<()>),
    /// Gives the encrypted file another password: the old one, then the new one.
    ChangePassword(Typed, Typed, VaultAnswer<()>),
    /// Takes in the plain-text secrets of older set-ups.
    Migrate(VaultAnswer<Migration>),
    /// Makes the key of encrypted recordings where there is none; the half of it that everybody may see.
    RecordingsKey(VaultAnswer<String>),
    /// Answered when the encrypted file locks itself the next time.
    LocksItself(VaultAnswer<()>),
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The operating system's keyring.
    #[default]
    Keyring,
    /// A file encrypted with a password.
    File,
    /// Nowhere: in memory until the app ends.
    Session,
}

impl Place {
    /// What protects secrets there, in a sentence.
    pub fn protection(self) -> &'static str {
        match self {
            Self::Keyring => "The operating system's keyring protects them; it opens with your login.",
            Self::File => {
                "A password that only you know protects them, in an encrypted file of TonnyTray's own."
            }
            Self::Session => "They are only in memory, and are gone when TonnyTray ends.",
        }
    }
}

/// A wish to keep secrets elsewhere.
#[derive(Debug)]
pub struct Choice {
    /// Where.
    pub place: Place,
    /// For the encrypted file: the password it gets, or has.
    pub password: Option<Typed>,
    /// The person has read [`Place::protection`] of the new place and agreed. Leaving the keyring needs it.
    pub understood: bool,
    /// The encrypted file locks itself after so many minutes without use; 0 is never.
    pub auto_lock_min: Option<u32>,
}

/// What became of secrets when another place was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SecretsMoved {
    /// So many are in the new place now, read back and compared.
    pub moved: u32,
    /// So many could not be read: they are still where they were, and nothing there was deleted.
    pub left_behind: u32,
    /// The encrypted file that could not be read, under the name it has now.
    pub set_aside: Option<String>,
}

/// What state the place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// Reading and writing work, proven by doing both.
    Working,
    /// It works, for text only; values are kept as base64 anyway.
    TextOnly,
    /// The keyring is locked.
    Locked,
    /// Its question for the password was turned away.
    Dismissed,
    /// There is no session bus to reach a keyring by.
    NoBus,
    /// There is a session bus and no keyring on it.
    NoKeyring,
    /// There is a keyring without a default collection.
    NoCollection,
    /// It does not answer.
    Silent,
    /// It answers with errors.
    Failing,
    /// It is another one than the one secrets were kept in.
    Changed,
    /// The encrypted file is locked.
    FileLocked,
    /// The encrypted file is damaged.
    FileDamaged,
    /// The encrypted file was written by a newer version.
    FileNewer,
    /// The encrypted file belongs to another user.
    FileForeign,
}

impl VaultState {
    /// Every state, for tables and tests.
    pub const ALL: &[Self] = &[
        Self::Working,
        Self::TextOnly,
        Self::Locked,
        Self::Dismissed,
        Self::NoBus,
        Self::NoKeyring,
        Self::NoCollection,
        Self::Silent,
        Self::Failing,
        Self::Changed,
        Self::FileLocked,
        Self::FileDamaged,
        Self::FileNewer,
        Self::FileForeign,
    ];

    /// Whether secrets can be read and written.
    pub fn works(self) -> bool {
        matches!(self, Self::Working | Self::TextOnly)
    }

    /// What to tell about it; nothing while it simply works.
    pub fn code(self) -> Option<Code> {
        Some(match self {
            Self::Working => return None,
            Self::TextOnly => Code::VaultTextOnly,
            Self::Locked => Code::VaultLocked,
            Self::Dismissed => Code::VaultDismissed,
            Self::NoBus => Code::VaultNoBus,
            Self::NoKeyring => Code::VaultNoKeyring,
            Self::NoCollection => Code::VaultNoCollection,
            Self::Silent => Code::VaultSilent,
            Self::Failing => Code::VaultFailing,
            Self::Changed => Code::VaultChanged,
            Self::FileLocked => Code::VaultFileLocked,
            Self::FileDamaged => Code::VaultFileDamaged,
            Self::FileNewer => Code::VaultFileNewer,
            Self::FileForeign => Code::VaultFileForeign,
        })
    }

    /// The state as a problem; nothing while it works.
    pub fn problem(self) -> Option<Problem> {
        self.code().filter(|_| !self.works()).map(Problem::of)
    }
}

/// Where secrets are and how that place does. Never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct VaultReport {
    /// Where they are kept.
    pub place: Place,
    /// How that place does.
    pub state: VaultState,
    /// What protects them there, in a sentence.
    pub protection: String,
    /// What to tell about the state.
    pub problem: Option<Problem>,
    /// Wrong passwords for the encrypted file since the last right one.
    pub wrong_passwords: u32,
    /// The next password is looked at in so many seconds.
    pub retry_in_s: u32,
    /// The encrypted file locks itself after so many minutes without use; 0 is never.
    pub auto_lock_min: u32,
    /// Every kind.
    pub secrets: Vec<Kept>,
    /// What became of the plain-text secrets of an older set-up, if there were any.
    pub migration: Option<Migration>,
    /// When it was found that other users of this machine could read the encrypted file, RFC 3339; mended at once, and
    /// said until the file gets another password.
    pub exposed_at: Option<String>,
}

/// Whether a secret is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is there.
    Set,
    /// It is not.
    Unset,
    /// It was there when its place was last open, or stayed behind in a keyring that did not answer.
    OutOfReach,
}

/// One kind of secret, and what may be said of its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Kept {
    /// The kind's id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What it is for.
    pub purpose: String,
    /// Whether it is there.
    pub presence: Presence,
    /// Where it is kept.
    pub place: Option<Place>,
    /// When it was last set, RFC 3339 in UTC.
    pub set_at: Option<String>,
    /// When it was last used, to the minute, RFC 3339 in UTC.
    pub used_at: Option<String>,
    /// Whether a value is tried against its provider before it replaces another.
    pub can_be_tried: bool,
    /// Why it is not, or that an address is only connected to, in a sentence; nothing where there is nothing to say.
    pub trial_note: Option<String>,
    /// Whether a person types it; the others are made by TonnyTray itself.
    pub can_be_typed: bool,
}

/// What became of the plain-text secrets of an older set-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Migration {
    /// Moved into the vault and overwritten where they were.
    pub moved: Vec<Moved>,
    /// Left as they are.
    pub left: Vec<LeftAlone>,
}

/// One secret that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Moved {
    /// The kind's id.
    pub id: String,
    /// The file it was in.
    pub from: String,
}

/// One file, or one value in it, that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LeftAlone {
    /// The file.
    pub file: String,
    /// Why, in a sentence.
    pub why: String,
}

impl Migration {
    /// Whether there was anything to do.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.left.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_working_has_a_code_of_its_own() {
        let codes: std::collections::HashSet<_> = VaultState::ALL.iter().map(|state| state.code()).collect();
        assert_eq!(codes.len(), VaultState::ALL.len());
        for state in VaultState::ALL {
            assert_eq!(state.problem().is_none(), state.works(), "{state:?}");
        }
    }
}
