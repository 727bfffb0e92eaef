//! Moving secrets between places: everything is written, read back and compared in the new place before the ledger
//! names it; only then is the old place cleared, and only of what was copied. A kill at any moment leaves them in one of
//! the two. What cannot be read stays where it is: an entry that nobody read is never deleted.

use std::time::{Duration, Instant};

use tonny_core::ports::{Choice, Place, SecretsMoved, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::RECORDINGS;

use super::Until;
use super::file::FileVault;
use super::keeping::{Keeping, problem, strong};
use super::ledger::{Behind, MARKER, NamesAt};
use super::password::Cost;

/// A place that does not answer must not slow every ask down.
const CLEAR_EVERY: Duration = Duration::from_secs(60);

/// What a keyring that is left has to answer in: with the making of the file's key it stays a call's deadline.
const LEAVING: Duration = Duration::from_millis(1_500);

/// What a move finds in the place that is left.
enum Found {
    /// All of these can be read.
    Names(Vec<String>),
    /// The place cannot be read, and will stay so as far as anybody knows.
    OutOfReach,
}

impl Keeping {
    /// Keeps secrets elsewhere from now on. What was not moved when a place stops answering stays where it was.
    pub(super) fn choose(&mut self, choice: &Choice) -> Result<SecretsMoved, Problem> {
        let until = Until::EachCall;
        let _lock = self.begin(until)?;
        let (from, to) = (self.ledger.place, choice.place);
        self.ledger.auto_lock_min = choice.auto_lock_min.unwrap_or(self.ledger.auto_lock_min);
        if from == to {
            self.save()?;
            return Ok(SecretsMoved::default());
        }
        if to != Place::Keyring && !choice.understood {
            return Err(Problem::with(Code::VaultNotAgreed, to.protection().trim_end_matches('.')));
        }
        if (from == Place::Session || to == Place::Session) && !self.set.has_session {
            return Err(Problem::of(Code::VaultElsewhere));
        }
        if to == Place::File && choice.password.is_none() {
            return Err(Problem::of(Code::VaultFileLocked));
        }
        // Before anything is made in the new place: what is in the old one must be within reach.
        let found = self.find(from, until)?;
        let names = match &found {
            Found::Names(names) => names.clone(),
            Found::OutOfReach => Vec::new(),
        };
        if to == Place::Session && (names.iter().any(|name| name == RECORDINGS) || self.knows(RECORDINGS)) {
            return Err(Problem::of(Code::RecordingsKeyLost));
        }
        self.prepare(to, choice, until)?;
        let copied = self.copy(from, to, &names, until)?;
        self.commit(from, to, copied, &found, until)
    }

    fn knows(&self, name: &str) -> bool {
        self.ledger.dates.contains_key(name) || self.is_behind(name)
    }

    /// What is to be moved. A place that only has to be unlocked, or that may be read again in a moment, is an error;
    /// from one that is gone nothing can be moved, and staying there would help nobody.
    fn find(&mut self, from: Place, until: Until) -> Result<Found, Problem> {
        match self.state(Until::Then(Instant::now() + LEAVING)) {
            VaultState::Working | VaultState::TextOnly => Ok(Found::Names(self.names_at(from, until)?)),
            VaultState::Locked | VaultState::Dismissed => {
                let names = self.names_at(from, until)?;
                if !names.is_empty() {
                    self.ready(until)?;
                }
                Ok(Found::Names(names))
            }
            state @ (VaultState::FileLocked | VaultState::FileNewer) => Err(problem(state)),
            VaultState::Failing if from == Place::File => Err(Problem::of(Code::VaultFileUnusable)),
            state => {
                tracing::warn!(?state, "secrets stay where they were: they cannot be read");
                Ok(Found::OutOfReach)
            }
        }
    }

    fn prepare(&mut self, to: Place, choice: &Choice, until: Until) -> Result<(), Problem> {
        match to {
            Place::Session => Ok(()),
            Place::Keyring => self.open_keyring(until),
            Place::File => {
                let password = choice.password.as_ref().ok_or_else(|| Problem::of(Code::VaultFileLocked))?;
                strong(password)?;
                if matches!(self.file.state(), VaultState::FileDamaged | VaultState::FileForeign) {
                    self.set_file_aside()?;
                }
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

    /// The names that are in the new place, read back and compared.
    fn copy(
        &mut self,
        from: Place,
        to: Place,
        names: &[String],
        until: Until,
    ) -> Result<Vec<String>, Problem> {
        let mut ours =
            self.ledger.begun.take().filter(|begun| begun.place == to).map_or(Vec::new(), |b| b.names);
        ours.extend(self.ledger.to_clear.iter().filter(|at| at.place == to).flat_map(|at| at.names.clone()));
        // Before the first is written: what a kill leaves there is then known to be a copy.
        let begun = names.iter().filter(|name| !self.is_behind(name));
        let begun = ours.iter().chain(begun).cloned().collect();
        self.ledger.begun = Some(NamesAt { place: to, names: begun });
        self.save()?;
        let mut copied = Vec::new();
        for name in names {
            let Some(text) = self.read_at(from, name, until)? else { continue };
            self.write_at(to, name, &text, until)?;
            let back = self.read_at(to, name, until)?;
            if back.is_none_or(|back| *back != *text) {
                return Err(Problem::with(Code::SecretNotKept, format!("It was {name}")));
            }
            copied.push(name.clone());
        }
        // What an earlier move left there is not wanted any more. Anything else was not read, and stays.
        for stale in self.names_at(to, until)? {
            if ours.contains(&stale) && !names.contains(&stale) {
                self.delete_at(to, &stale, until)?;
            }
        }
        Ok(copied)
    }

    /// From here on the ledger names the new place.
    fn commit(
        &mut self,
        from: Place,
        to: Place,
        copied: Vec<String>,
        found: &Found,
        until: Until,
    ) -> Result<SecretsMoved, Problem> {
        let there = self.names_at(to, until)?;
        if to == Place::Keyring {
            self.mark(until)?;
            // What stayed behind there is within reach again.
            for (name, dates) in self.ledger.behind.take().unwrap_or_default().dates {
                self.ledger.dates.entry(name).or_insert(dates);
            }
        }
        let (in_reach, mut moved) = (matches!(found, Found::Names(_)), SecretsMoved::default());
        moved.moved = u32::try_from(copied.len()).unwrap_or(u32::MAX);
        if !in_reach {
            let left = std::mem::take(&mut self.ledger.dates);
            moved.left_behind = u32::try_from(left.len()).unwrap_or(u32::MAX);
            if from == Place::Keyring && !left.is_empty() {
                self.ledger.behind = Some(Behind { marker: self.ledger.marker.take(), dates: left });
            }
        }
        self.ledger.dates.retain(|id, _| there.contains(id));
        self.ledger.to_clear.retain(|at| at.place != to && at.place != from);
        if in_reach {
            self.ledger.to_clear.push(NamesAt { place: from, names: copied });
        }
        (self.ledger.place, self.ledger.begun) = (to, None);
        self.save()?;
        if from == Place::File && !in_reach {
            moved.set_aside = self.set_file_aside()?;
        }
        if from == Place::File {
            self.ledger.exposed_at = None;
        }
        self.not_cleared_at = None;
        self.finish_clearing(until);
        self.save()?;
        Ok(moved)
    }

    fn set_file_aside(&mut self) -> Result<Option<String>, Problem> {
        let aside = self.file.set_aside().map_err(|error| self.file_problem(&error))?;
        if let Some(aside) = &aside {
            tracing::warn!(path = %aside.display(), "the encrypted file that could not be read was set aside");
        }
        Ok(aside.map(|aside| aside.display().to_string()))
    }

    /// Clears the places that were left, of what was copied. What cannot be reached now is cleared with a later ask.
    pub(super) fn finish_clearing(&mut self, until: Until) {
        let place = self.ledger.place;
        let left: Vec<NamesAt> =
            self.ledger.to_clear.iter().filter(|at| at.place != place).cloned().collect();
        if left.is_empty() || self.not_cleared_at.is_some_and(|at| at.elapsed() < CLEAR_EVERY) {
            return;
        }
        for at in left {
            let cleared = match at.place {
                Place::Session => {
                    self.session.clear();
                    Ok(())
                }
                Place::File => self.file.destroy().map_err(|error| self.file_problem(&error)),
                Place::Keyring => self.clear_keyring(&at.names, until),
            };
            if let Err(problem) = cleared {
                self.not_cleared_at = Some(Instant::now());
                tracing::warn!(code = problem.code, place = ?at.place, "the place that was left is cleared later");
                continue;
            }
            self.ledger.to_clear.retain(|other| *other != at);
            if let Err(problem) = self.save() {
                tracing::warn!(code = problem.code, "a cleared place is cleared again next time");
            }
        }
    }

    /// Deletes what was copied; our marker last, and only when nothing else of ours is there.
    fn clear_keyring(&mut self, names: &[String], until: Until) -> Result<(), Problem> {
        let there = self.names_at(Place::Keyring, until)?;
        let found = self.keyring.read(MARKER, until).map_err(problem)?;
        let is_another = match (&found, &self.ledger.marker) {
            (Some(found), Some(ours)) => **found != *ours,
            (None, Some(_)) => there.iter().any(|name| names.contains(name)),
            _ => false,
        };
        if is_another {
            return Err(problem(VaultState::Changed));
        }
        for name in there.iter().filter(|name| names.contains(name)) {
            self.keyring.delete(name, until).map_err(problem)?;
        }
        if found.is_some() && there.iter().all(|name| names.contains(name)) {
            self.keyring.delete(MARKER, until).map_err(problem)?;
        }
        self.ledger.marker = None;
        Ok(())
    }
}
