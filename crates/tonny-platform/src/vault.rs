//! The vault: where secrets are kept, on a thread of its own.
//!
//! ```text
//! App, terminal ──VaultAsk──▶ vault thread ──▶ ledger (dates, place), encrypted file, session memory
//!                                  └──deadline──▶ keyring thread ──▶ Secret Service, Keychain, Credential Manager
//! ```
//! The two threads are never joined: a keyring that hangs for ever costs its callers 3 s each and a quit nothing. A
//! runtime's blocking pool would wait for it. The terminal runs a vault of its own beside the app's: a file lock orders
//! the two, and no secret crosses the control socket. Start reading at `keeping.rs`.

mod atomic;
mod behind;
mod desk;
mod envelope;
mod export;
mod file;
#[cfg(target_os = "linux")]
mod freedesktop;
mod keeping;
mod keyring;
mod ledger;
mod moving;
#[cfg(any(test, not(target_os = "linux")))]
mod native;
mod old_files;
mod password;
mod recordings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tonny_core::ports::{Vault, VaultAsk};

pub use envelope::{Broken, Envelope};
pub use export::{decrypt_export, encrypt_export, is_encrypted_export};
pub use file::FileVault;
pub use password::{Cost, KDF_FLOOR, pause_after};

/// A keyring that has not answered in this time is silent. One that works takes milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// What a vault is made of.
#[derive(Clone, Debug)]
pub struct VaultSet {
    /// Its own files: ledger, lock, encrypted file. Owner only.
    pub folder: PathBuf,
    /// What its entries in the keyring are called; two homes on one machine have two names.
    pub keyring_name: String,
    /// Where older set-ups kept their configuration.
    pub old_config: PathBuf,
    /// Whether this process lives long enough for session memory to mean anything.
    pub has_session: bool,
    /// What opening a new encrypted file costs; calibrated for this machine where nothing is said.
    pub cost: Option<Cost>,
}

/// The vault's thread, which ends when this is dropped and its last ask is answered.
pub struct VaultThread {
    asks: mpsc::Sender<Asked>,
}

/// How long an ask may wait for the keyring.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// All of its calls together, by then.
    Then(Instant),
    /// Each call has [`DEADLINE`] of its own: a move of many secrets takes as long as it takes, and ends at the first call
    /// that is not answered.
    EachCall,
}

impl Until {
    /// When a call that begins now is given up.
    fn deadline(self) -> Instant {
        match self {
            Self::Then(then) => then,
            Self::EachCall => Instant::now() + DEADLINE,
        }
    }
}

/// An ask, and when it was made: its deadline runs from then.
struct Asked {
    at: Instant,
    ask: VaultAsk,
}

impl VaultThread {
    /// Starts the thread. Nothing is opened before the first ask.
    pub fn start(set: VaultSet) -> std::io::Result<Self> {
        let (asks, mailbox) = mpsc::channel();
        std::thread::Builder::new().name("vault".to_owned()).spawn(move || desk::run(set, &mailbox))?;
        Ok(Self { asks })
    }
}

impl Vault for VaultThread {
    fn ask(&self, ask: VaultAsk) {
        // A thread that is gone drops the answer's channel: the asker hears that the vault has ended.
        let _ = self.asks.send(Asked { at: Instant::now(), ask });
    }
}
