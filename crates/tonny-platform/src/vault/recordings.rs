//! The key of encrypted recordings: made by the vault, kept like any secret, and never in memory alone.

use tonny_core::ports::Place;
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{RECORDINGS, kind};

use super::Until;
use super::keeping::Keeping;
use crate::audio::{new_key, public_half};

impl Keeping {
    /// The public half of the key that is kept; makes the key where there is none.
    pub(super) fn recordings_key(&mut self, until: Until) -> Result<String, Problem> {
        let kind = kind(RECORDINGS)?;
        let _lock = self.begin(until)?;
        if self.ledger.place == Place::Session {
            return Err(Problem::of(Code::RecordingsKeyLost));
        }
        self.ready(until)?;
        let unusable = |fault| Problem::with(Code::SecretInvalid, fault);
        if let Some(key) = self.read_at(self.ledger.place, kind.id, until)? {
            return Ok(public_half(&key).map_err(unusable)?.to_text());
        }
        // Another key would take its place when the two come together again.
        if self.is_behind(kind.id) {
            return Err(Problem::with(Code::VaultLeftBehind, format!("It is the {}", kind.label)));
        }
        let key = new_key().map_err(unusable)?;
        let public = public_half(&key).map_err(unusable)?.to_text();
        self.put_locked(kind, &key, until)?;
        Ok(public)
    }
}
