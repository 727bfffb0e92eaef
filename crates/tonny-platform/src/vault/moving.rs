//! Moving secrets between places: everything is written, read back and compared in the new place before the ledger
//! names it; only then is the old place cleared. A kill at any moment leaves them in one of the two.

use std::time::{Duration, Instant};

use tonny_core::ports::{Choice, Place, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::RECORDINGS;

use super::DEADLINE;
use super::file::FileVault;
use super::keeping::{Keeping, problem, strong};
use super::password::Cost;

/// A place that does not answer must not slow every ask down.
const CLEAR_EVERY: Duration = Duration::from_secs(60);

impl Keeping {
    /// Keeps secrets elsewhere from now on. Each step has a deadline of its own: there may be many secrets.
    pub(super) fn choose(&mut self, choice: &Choice) -> Result<(), Problem> {
        let _lock = self.begin(soon())?;
        let (from, to) = (self.ledger.place, choice.place);
        self.ledger.auto_lock_min = choice.auto_lock_min.unwrap_or(self.ledger.auto_lock_min);
        if from == to {
            return self.save();
        }
        if to != Place::Keyring && !choice.understood {
            return Err(Problem::with(Code::VaultNotAgreed, to.protection().trim_end_matches('.')));
        }
        if (from == Place::Session || to == Place::Session) && !self.set.has_session {
            return Err(Problem::of(Code::VaultElsewhere));
        }
        // Before anything is made in the new place: what is in the old one must be within reach.
        let names = self.names_to_move(from)?;
        if to == Place::Session && names.iter().any(|name| name == RECORDINGS) {
            return Err(Problem::of(Code::RecordingsKeyLost));
        }
        self.prepare(to, choice)?;
        self.copy(from, to, &names)?;
        self.ledger.dates.retain(|id, _| names.contains(id));
        (self.ledger.place, self.ledger.clearing) = (to, Some(from));
        self.save()?;
        self.finish_clearing(soon());
        Ok(())
    }

    /// What is to be moved. A place that only has to be unlocked is an error; from one that is gone nothing can be
    /// moved, and staying there would help nobody.
    fn names_to_move(&mut self, from: Place) -> Result<Vec<String>, Problem> {
        match self.state(soon()) {
            VaultState::Working | VaultState::TextOnly => self.names_at(from, soon()),
            VaultState::Locked | VaultState::Dismissed => {
                if self.ledger.dates.is_empty() {
                    return Ok(Vec::new());
                }
                self.ready(soon())?;
                self.names_at(from, soon())
            }
            state @ (VaultState::FileLocked | VaultState::FileNewer) => Err(problem(state)),
            state => {
                tracing::warn!(?state, "secrets could not be moved from where they were");
                Ok(Vec::new())
            }
        }
    }

    fn prepare(&mut self, to: Place, choice: &Choice) -> Result<(), Problem> {
        match to {
            Place::Session => Ok(()),
            Place::Keyring => {
                let mut state = self.keyring.state(soon());
                if state == VaultState::Locked {
                    self.keyring.open(soon()).map_err(problem)?;
                    state = self.keyring.state(soon());
                }
                if !state.works() {
                    return Err(problem(state));
                }
                self.mark(soon())
            }
            Place::File => {
                let password = choice.password.as_ref().ok_or_else(|| Problem::of(Code::VaultFileLocked))?;
                strong(password)?;
                // One that is there was left by a move that did not come to its end: its password must fit.
                if self.file.exists() {
                    return self.unlock_file(password, FileVault::unlock);
                }
                let cost = self.set.cost.unwrap_or_else(Cost::calibrated);
                let made = self.file.create(password.open_for_the_vault(), cost);
                made.map_err(|error| self.file_problem(&error))
            }
        }
    }

    fn copy(&mut self, from: Place, to: Place, names: &[String]) -> Result<(), Problem> {
        for name in names {
            let Some(text) = self.read_at(from, name, soon())? else { continue };
            self.write_at(to, name, &text, soon())?;
            let back = self.read_at(to, name, soon())?;
            if back.is_none_or(|back| *back != *text) {
                return Err(Problem::with(Code::SecretNotKept, format!("It was {name}")));
            }
        }
        // What an earlier move left there is not ours any more.
        for stale in self.names_at(to, soon())? {
            if !names.contains(&stale) {
                self.delete_at(to, &stale, soon())?;
            }
        }
        Ok(())
    }

    /// Clears the place that was left. What cannot be reached now is cleared with a later ask.
    pub(super) fn finish_clearing(&mut self, until: Instant) {
        let Some(place) = self.ledger.clearing.filter(|place| *place != self.ledger.place) else { return };
        if self.not_cleared_at.is_some_and(|at| at.elapsed() < CLEAR_EVERY) {
            return;
        }
        let cleared = match place {
            Place::Session => {
                self.session.clear();
                Ok(())
            }
            Place::File => self.file.destroy().map_err(|error| self.file_problem(&error)),
            Place::Keyring => self.clear_keyring(until),
        };
        match cleared {
            Ok(()) => {
                self.ledger.clearing = None;
                if let Err(problem) = self.save() {
                    tracing::warn!(code = problem.code, "a cleared place is cleared again next time");
                }
            }
            Err(problem) => {
                self.not_cleared_at = Some(Instant::now());
                tracing::warn!(code = problem.code, ?place, "the place that was left is cleared later");
            }
        }
    }

    fn clear_keyring(&mut self, until: Instant) -> Result<(), Problem> {
        for name in self.keyring.names(until).map_err(problem)? {
            self.keyring.delete(&name, until).map_err(problem)?;
        }
        self.ledger.marker = None;
        Ok(())
    }
}

fn soon() -> Instant {
    Instant::now() + DEADLINE
}
