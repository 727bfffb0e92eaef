//! What stayed in a keyring that was left while it did not answer; and forgetting everything, that too.

use tonny_core::ports::{Clock as _, Place, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{Kind, RECORDINGS};

use super::Until;
use super::keeping::{Keeping, problem, stamp};
use super::ledger::{Ledger, MARKER};
use crate::clock::SystemClock;

impl Keeping {
    /// Whether a secret of that name is in the keyring that was left.
    pub(super) fn is_behind(&self, name: &str) -> bool {
        self.ledger.behind.as_ref().is_some_and(|behind| behind.dates.contains_key(name))
    }

    /// Deletes one that stayed behind, in the keyring it stayed in; no other may be touched.
    pub(super) fn clear_behind(&mut self, kind: &Kind, until: Until) -> Result<bool, Problem> {
        let marker = self.ledger.behind.as_ref().and_then(|behind| behind.marker.clone());
        self.open_keyring(until)?;
        let found = self.keyring.read(MARKER, until).map_err(problem)?;
        if marker.is_some() && found.map(|found| found.to_string()) != marker {
            return Err(problem(VaultState::Changed));
        }
        let was_there = self.keyring.delete(kind.id, until).map_err(problem)?;
        if let Some(behind) = &mut self.ledger.behind {
            behind.dates.remove(kind.id);
        }
        self.ledger.behind = self.ledger.behind.take().filter(|behind| !behind.dates.is_empty());
        Ok(was_there)
    }

    /// A keyring that works, after its question if need be.
    pub(super) fn open_keyring(&mut self, until: Until) -> Result<(), Problem> {
        let mut state = self.keyring.state(until);
        if state == VaultState::Locked {
            self.keyring.open(until).map_err(problem)?;
            state = self.keyring.state(until);
        }
        if state.works() { Ok(()) } else { Err(problem(state)) }
    }

    /// What others could read is told until it has another password.
    pub(super) fn note_exposure(&mut self) -> Result<(), Problem> {
        if !self.file.take_exposed() {
            return Ok(());
        }
        self.ledger.exposed_at = Some(stamp(SystemClock.utc()));
        self.save()
    }

    /// Everything, in every place. What cannot be reached is an error, so that nobody believes it gone; where it is the
    /// memory of another process, nothing is touched.
    pub(super) fn forget(&mut self) -> Result<u32, Problem> {
        let until = Until::EachCall;
        let _lock = self.begin(until)?;
        if self.ledger.place == Place::Session && !self.set.has_session {
            return Err(Problem::of(Code::VaultElsewhere));
        }
        // What can fail is asked first: where it does, the rest is as it was.
        let mut gone = if self.has_keyring() { self.forget_keyring(until)? } else { 0 };
        if self.file.exists() {
            gone += self.file.names().map_or(0, |names| names.len());
            self.file.destroy().map_err(|error| self.file_problem(&error))?;
        }
        gone += self.session.len();
        self.session.clear();
        self.ledger = Ledger { auto_lock_min: self.ledger.auto_lock_min, ..Ledger::default() };
        self.save()?;
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn has_keyring(&self) -> bool {
        let ledger = &self.ledger;
        ledger.place == Place::Keyring || ledger.marker.is_some() || ledger.behind.is_some()
    }

    /// A machine that never had a keyring has nothing in it.
    fn forget_keyring(&mut self, until: Until) -> Result<usize, Problem> {
        let ledger = &self.ledger;
        let unused = ledger.marker.is_none() && ledger.dates.is_empty() && ledger.behind.is_none();
        let mut names = match self.keyring.names(until) {
            Err(_) if unused => return Ok(0),
            names => names.map_err(problem)?,
        };
        // Where it fails half-way, recordings can still be opened, and the keyring is still known to be ours.
        names.sort_by_key(|name| (name == MARKER, name == RECORDINGS));
        if !names.is_empty() && self.keyring.state(until) == VaultState::Locked {
            self.keyring.open(until).map_err(problem)?;
        }
        for name in &names {
            self.keyring.delete(name, until).map_err(problem)?;
        }
        Ok(names.iter().filter(|name| name.as_str() != MARKER).count())
    }
}
