//! What can be done with secrets, for the App and for the terminal alike: checked, tried, then given to the vault.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tonny_egress::witness::Witness;
use tonny_egress::{Trials, Verdict};

use super::{Carry, Kind, Reader, Secret, Trial, Typed, check, kind};
use crate::ports::{Choice, Migration, SecretsMoved, Vault, VaultAnswer, VaultAsk, VaultReport};
use crate::problem::{Code, Problem};

/// The way to the secrets. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    vault: Arc<dyn Vault>,
    trials: Trials,
}

/// What became of a new value that is now kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SecretKept {
    /// The kind's id.
    pub id: String,
    /// Whether the other side took it.
    pub tried: Tried,
    /// Something worth knowing about it.
    pub note: Option<String>,
}

/// Whether a value was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// The other side took it.
    Good,
    /// It is an address, and something listens there. Nothing was sent: the note says so.
    Reached,
    /// The trial said nothing: no network, or another error. The note says more.
    Unclear,
    /// There is no trial for it, or none was wanted.
    Not,
}

impl Secrets {
    /// With a vault, and the door that trials go through.
    pub fn new(vault: Arc<dyn Vault>, trials: Trials) -> Self {
        Self { vault, trials }
    }

    /// Nothing is tried at another machine from now on, or may be again.
    pub fn set_offline(&self, offline: bool) {
        self.trials.switch().set(offline);
    }

    /// What sees everything that is tried.
    pub fn witness(&self) -> &Witness {
        self.trials.witness()
    }

    /// Where secrets are and which are set; never a value.
    pub async fn report(&self) -> Result<VaultReport, Problem> {
        self.ask(VaultAsk::Report).await
    }

    /// Keeps a value: it is checked, tried if `try_it`, written, read back. Whatever fails, the old value stays.
    pub async fn set(&self, id: &str, value: Typed, try_it: bool) -> Result<SecretKept, Problem> {
        let kind = kind(id)?;
        let mut note = check(kind, &value)?;
        let mut tried = Tried::Not;
        if try_it {
            let verdict;
            (tried, verdict) = self.tried(kind, &value).await?;
            note = both(note, verdict);
        }
        self.ask(|answer| VaultAsk::Put(kind, value, answer)).await?;
        Ok(SecretKept { id: kind.id.to_owned(), tried, note })
    }

    /// Deletes a value; says whether there was one.
    pub async fn clear(&self, id: &str) -> Result<bool, Problem> {
        let kind = kind(id)?;
        self.ask(|answer| VaultAsk::Clear(kind, answer)).await
    }

    /// Deletes every value in every place; says how many there were.
    pub async fn forget(&self) -> Result<u32, Problem> {
        self.ask(VaultAsk::Forget).await
    }

    /// Keeps secrets elsewhere.
    pub async fn choose(&self, choice: Choice) -> Result<SecretsMoved, Problem> {
        self.ask(|answer| VaultAsk::Choose(choice, answer)).await
    }

    /// Opens the place.
    pub async fn unlock(&self, password: Option<Typed>) -> Result<(), Problem> {
        self.ask(|answer| VaultAsk::Unlock(password, answer)).await
    }

    /// Closes the encrypted file.
    pub async fn lock(&self) -> Result<(), Problem> {
        self.ask(VaultAsk::Lock).await
    }

    /// Gives the encrypted file another password.
    pub async fn change_password(&self, old: Typed, new: Typed) -> Result<(), Problem> {
        self.ask(|answer| VaultAsk::ChangePassword(old, new, answer)).await
    }

    /// Takes in the plain-text secrets of older set-ups.
    pub async fn migrate(&self) -> Result<Migration, Problem> {
        self.ask(VaultAsk::Migrate).await
    }

    /// Makes sure that there is a key for encrypted recordings; the half of it that everybody may see.
    pub async fn recordings_key(&self) -> Result<String, Problem> {
        self.ask(VaultAsk::RecordingsKey).await
    }

    /// Waits until the encrypted file locks itself.
    pub async fn locked_itself(&self) -> Result<(), Problem> {
        self.ask(VaultAsk::LocksItself).await
    }

    /// A secret for use; [`Code::SecretUnset`] when there is none.
    pub async fn take(&self, id: &str) -> Result<Secret, Problem> {
        let kind = kind(id)?;
        let secret = self.ask(|answer| VaultAsk::Take(kind, answer)).await?;
        secret.ok_or_else(|| Problem::with(Code::SecretUnset, format!("{} is missing", kind.label)))
    }

    /// A refusal is an error; everything else is an outcome with, maybe, a word about it.
    async fn tried(&self, kind: &'static Kind, value: &Typed) -> Result<(Tried, Option<String>), Problem> {
        let secret = Typed::new(value.open_for_the_vault().to_owned()).into_trial(kind);
        let verdict = match kind.trial {
            Trial::Never(why) => return Ok((Tried::Not, Some(format!("It was not tried: {why}.")))),
            Trial::Reach => self.trials.reach(secret.open_for(Reader::Egress)?).await,
            Trial::Get { url, carry, with } => self.request(&secret, url, carry, with).await?,
        };
        match verdict {
            Verdict::Good if kind.trial == Trial::Reach => {
                let note = "Something listens at its host and port; nothing was sent there.";
                Ok((Tried::Reached, Some(note.to_owned())))
            }
            Verdict::Good => Ok((Tried::Good, None)),
            Verdict::Unknown(why) => Ok((Tried::Unclear, Some(format!("It could not be tried: {why}.")))),
            Verdict::Refused(status) => Err(Problem::with(
                Code::SecretRefused,
                format!("{}: the provider refused it with {status}", kind.label),
            )),
        }
    }

    async fn request(
        &self,
        secret: &Secret,
        url: &str,
        carry: Carry,
        with: &[(&str, &str)],
    ) -> Result<Verdict, Problem> {
        let value = secret.open_for(Reader::Egress)?;
        let bearer = zeroize::Zeroizing::new(format!("Bearer {value}"));
        let mut headers = with.to_vec();
        headers.push(match carry {
            Carry::Bearer => ("authorization", bearer.as_str()),
            Carry::Header(name) => (name, value),
        });
        Ok(self.trials.get(url, &headers).await)
    }

    async fn ask<T>(&self, ask: impl FnOnce(VaultAnswer<T>) -> VaultAsk) -> Result<T, Problem> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.vault.ask(ask(answer));
        answered.await.map_err(|_| Problem::of(Code::ShuttingDown))?
    }
}

/// What the check of the shape says, and what the trial does.
fn both(shape: Option<String>, trial: Option<String>) -> Option<String> {
    match (shape, trial) {
        (Some(shape), Some(trial)) => Some(format!("{shape} {trial}")),
        (shape, trial) => shape.or(trial),
    }
}
