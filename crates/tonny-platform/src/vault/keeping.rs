//! What the vault does: reads, keeps, deletes and reports secrets in the place that was chosen.
//!
//! The ledger is read anew for every ask, under the lock that the terminal's vault takes too. No place is left for
//! another because it fails: the person is told, and chooses.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tonny_core::ports::{Clock as _, Kept, Place, Presence, VaultReport, VaultState};
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{Kind, Secret, Shape, Trial, Typed, all};
use zeroize::Zeroizing;

use super::file::{FileError, FileVault};
use super::keyring::{self, Keyring};
use super::ledger::{Ledger, MARKER};
use super::old_files::still_there;
use super::password::{self, Cost};
use super::{Broken, Until, VaultSet, atomic, envelope};
use crate::clock::{SystemClock, since_boot};

/// The last use is kept to the minute: a write for each request would be much for little.
const USE_EVERY: time::Duration = time::Duration::minutes(1);

pub(super) type Text = Zeroizing<String>;

/// All places, and the ledger as it was read last.
pub(super) struct Keeping {
    pub(super) set: VaultSet,
    pub(super) keyring: Keyring,
    pub(super) file: FileVault,
    pub(super) session: BTreeMap<String, Text>,
    pub(super) ledger: Ledger,
    /// When the encrypted file was used last, on the clock that a sleeping machine does not stop.
    used: Duration,
    /// When a place that was left could not be cleared.
    pub(super) not_cleared_at: Option<Instant>,
}

impl Keeping {
    pub(super) fn new(set: VaultSet) -> Self {
        let keyring = Keyring::new(set.keyring_name.clone(), keyring::system());
        Self::with_keyring(set, keyring)
    }

    pub(super) fn with_keyring(set: VaultSet, keyring: Keyring) -> Self {
        let file = FileVault::new(set.folder.join("secrets.vault"));
        let (session, ledger) = (BTreeMap::new(), Ledger::default());
        Self { set, keyring, file, session, ledger, used: since_boot(), not_cleared_at: None }
    }

    /// Takes the lock and reads the ledger.
    pub(super) fn begin(&mut self, until: Until) -> Result<File, Problem> {
        let opened = || -> io::Result<(File, Ledger)> {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.set.folder)?;
            let lock = atomic::lock(&self.set.folder.join("lock"), until.deadline())?;
            let encrypted = self.set.folder.join("secrets.vault");
            Ok((lock, Ledger::load(&self.set.folder.join("ledger.json"), &encrypted)?))
        };
        let (lock, ledger) = opened().map_err(|error| self.unusable(&error))?;
        self.ledger = ledger;
        self.finish_clearing(until);
        Ok(lock)
    }

    pub(super) fn save(&self) -> Result<(), Problem> {
        self.ledger.save(&self.set.folder.join("ledger.json")).map_err(|error| self.unusable(&error))
    }

    pub(super) fn unusable(&self, error: &io::Error) -> Problem {
        Problem::with(Code::VaultFileUnusable, format!("{}: {error}", self.set.folder.display()))
    }

    pub(super) fn report(&mut self, until: Until) -> Result<VaultReport, Problem> {
        let _lock = self.begin(until)?;
        let place = self.ledger.place;
        let (state, names) = self.looked_at(until);
        self.note_exposure()?;
        let elsewhere = place == Place::Session && !self.set.has_session;
        let problem = match (place, state) {
            _ if elsewhere => Some(Problem::of(Code::VaultElsewhere)),
            (Place::File, VaultState::Failing) => Some(Problem::of(Code::VaultFileUnusable)),
            _ => state.code().map(Problem::of),
        };
        let wait = password::left(self.ledger.wrong_passwords, self.ledger.last_wrong_ms, now_ms());
        Ok(VaultReport {
            place,
            state,
            protection: place.protection().to_owned(),
            problem,
            wrong_passwords: self.ledger.wrong_passwords,
            retry_in_s: seconds(wait),
            auto_lock_min: self.ledger.auto_lock_min,
            secrets: self.listed(names.as_deref()),
            migration: self.ledger.migration.as_ref().map(still_there),
            exposed_at: self.ledger.exposed_at.clone(),
        })
    }

    /// Every kind; those that nobody types only where there is one.
    fn listed(&self, names: Option<&[String]>) -> Vec<Kept> {
        let kept = all().iter().map(|kind| self.kept(kind, names));
        kept.filter(|kept| kept.can_be_typed || kept.presence != Presence::Unset).collect()
    }

    /// The place's state, and the names in it where they can be read.
    fn looked_at(&mut self, until: Until) -> (VaultState, Option<Vec<String>>) {
        let place = self.ledger.place;
        let state = self.state(until);
        if place == Place::Session && !self.set.has_session {
            return (state, None);
        }
        if !state.works() && state != VaultState::Changed {
            return (state, None);
        }
        match self.names_at(place, until) {
            Ok(names) => (state, Some(names)),
            Err(_) => (VaultState::Failing, None),
        }
    }

    fn kept(&self, kind: &Kind, names: Option<&[String]>) -> Kept {
        let mut dates = self.ledger.dates.get(kind.id).cloned().unwrap_or_default();
        let mut presence = match names {
            Some(names) if names.iter().any(|name| name == kind.id) => Presence::Set,
            None if dates.set_at.is_some() => Presence::OutOfReach,
            _ => Presence::Unset,
        };
        let mut place = self.ledger.place;
        let behind = self.ledger.behind.as_ref().and_then(|behind| behind.dates.get(kind.id));
        if let Some(behind) = behind.filter(|_| presence == Presence::Unset) {
            (dates, presence, place) = (behind.clone(), Presence::OutOfReach, Place::Keyring);
        }
        let known = presence != Presence::Unset;
        Kept {
            id: kind.id.to_owned(),
            label: kind.label.to_owned(),
            purpose: kind.purpose.to_owned(),
            presence,
            place: known.then_some(place),
            set_at: dates.set_at.filter(|_| known),
            used_at: dates.used_at.filter(|_| known),
            can_be_tried: !matches!(kind.trial, Trial::Never(_)),
            trial_note: match kind.trial {
                Trial::Never(why) => Some(format!("It is not tried: {why}.")),
                Trial::Reach => Some("It is only connected to; nothing is sent there.".to_owned()),
                Trial::Get { .. } => None,
            },
            can_be_typed: kind.shape != Shape::Made,
        }
    }

    /// How the chosen place does. Never asks a person.
    pub(super) fn state(&mut self, until: Until) -> VaultState {
        match self.ledger.place {
            Place::Session => VaultState::Working,
            Place::File => self.file.state(),
            Place::Keyring => match (self.keyring.state(until), self.ledger.marker.clone()) {
                (state, Some(marker)) if state.works() => match self.keyring.read(MARKER, until) {
                    Ok(Some(found)) if *found == marker => state,
                    Ok(_) => VaultState::Changed,
                    Err(state) => state,
                },
                (state, _) => state,
            },
        }
    }

    /// Makes sure that the place can be used, asking the person to unlock the keyring if need be.
    pub(super) fn ready(&mut self, until: Until) -> Result<VaultState, Problem> {
        if self.ledger.place == Place::Session && !self.set.has_session {
            return Err(Problem::of(Code::VaultElsewhere));
        }
        let mut state = self.state(until);
        if state == VaultState::Locked {
            self.keyring.open(until).map_err(problem)?;
            state = self.state(until);
        }
        if state.works() || state == VaultState::Changed { Ok(state) } else { Err(problem(state)) }
    }

    pub(super) fn take(&mut self, kind: &'static Kind, until: Until) -> Result<Option<Secret>, Problem> {
        let _lock = self.begin(until)?;
        let state = self.ready(until)?;
        let found = self.read_at(self.ledger.place, kind.id, until)?;
        let was_set = self.ledger.dates.contains_key(kind.id);
        let Some(text) = found else {
            if self.is_behind(kind.id) {
                return Err(Problem::with(Code::VaultLeftBehind, format!("It is the {}", kind.label)));
            }
            let lost = state == VaultState::Changed && was_set;
            return if lost { Err(problem(state)) } else { Ok(None) };
        };
        let now = SystemClock.utc();
        let dates = self.ledger.dates.entry(kind.id.to_owned()).or_default();
        let used = dates.used_at.as_deref().and_then(|used| OffsetDateTime::parse(used, &Rfc3339).ok());
        if used.is_none_or(|used| now - used >= USE_EVERY || used > now) {
            dates.used_at = Some(stamp(now));
            self.save()?;
        }
        Ok(Some(Secret::from_the_vault(kind, text)))
    }

    pub(super) fn put(&mut self, kind: &Kind, text: &str, until: Until) -> Result<(), Problem> {
        let _lock = self.begin(until)?;
        self.put_locked(kind, text, until)
    }

    /// Writes, reads back, compares; puts the old value back when that fails.
    pub(super) fn put_locked(&mut self, kind: &Kind, text: &str, until: Until) -> Result<(), Problem> {
        let state = self.ready(until)?;
        let place = self.ledger.place;
        self.adopt(state, until)?;
        let old = self.read_at(place, kind.id, until)?;
        let written = self.write_at(place, kind.id, text, until);
        let back = written.and_then(|()| self.read_at(place, kind.id, until));
        if !matches!(&back, Ok(Some(back)) if **back == *text) {
            let undone = match &old {
                Some(old) => self.write_at(place, kind.id, old, until),
                None => self.delete_at(place, kind.id, until).map(drop),
            };
            back?;
            undone?;
            return Err(Problem::with(Code::SecretNotKept, format!("It was the {}", kind.label)));
        }
        let dates = self.ledger.dates.entry(kind.id.to_owned()).or_default();
        (dates.set_at, dates.used_at) = (Some(stamp(SystemClock.utc())), None);
        self.save()
    }

    /// A keyring that is used for the first time gets our marker, so that it is known again.
    fn adopt(&mut self, state: VaultState, until: Until) -> Result<(), Problem> {
        let known = self.ledger.marker.is_some() && state != VaultState::Changed;
        if self.ledger.place != Place::Keyring || known {
            return Ok(());
        }
        let names = self.keyring.names(until).map_err(problem)?;
        self.ledger.dates.retain(|id, _| names.contains(id));
        self.mark(until)
    }

    pub(super) fn mark(&mut self, until: Until) -> Result<(), Problem> {
        let marker: [u8; 8] = envelope::random().map_err(|error| self.file_problem(&error.into()))?;
        let marker = format!("{:016x}", u64::from_be_bytes(marker));
        self.keyring.write(MARKER, &marker, until).map_err(problem)?;
        self.ledger.marker = Some(marker);
        self.save()
    }

    pub(super) fn clear(&mut self, kind: &Kind, until: Until) -> Result<bool, Problem> {
        let _lock = self.begin(until)?;
        self.ready(until)?;
        let mut was_there = self.delete_at(self.ledger.place, kind.id, until)?;
        if !was_there && self.is_behind(kind.id) {
            was_there = self.clear_behind(kind, until)?;
        }
        self.ledger.dates.remove(kind.id);
        self.save()?;
        Ok(was_there)
    }

    pub(super) fn unlock(&mut self, password: Option<&Typed>, until: Until) -> Result<(), Problem> {
        let _lock = self.begin(until)?;
        match (self.ledger.place, password) {
            (Place::Session, _) => Ok(()),
            (Place::Keyring, _) => self.ready(until).map(drop),
            (Place::File, None) => Err(Problem::of(Code::VaultFileLocked)),
            (Place::File, Some(password)) => self.unlock_file(password, FileVault::unlock),
        }
    }

    /// Tries a password, unless too many were wrong just now; counts it when it is wrong.
    pub(super) fn unlock_file(
        &mut self,
        password: &Typed,
        by: impl FnOnce(&mut FileVault, &str) -> Result<(), FileError>,
    ) -> Result<(), Problem> {
        let now = now_ms();
        if self.ledger.last_wrong_ms > now {
            // The clock was set back: the pause begins anew instead of lasting until the old time comes again.
            self.ledger.last_wrong_ms = now;
            self.save()?;
        }
        let wait = password::left(self.ledger.wrong_passwords, self.ledger.last_wrong_ms, now);
        if !wait.is_zero() {
            return Err(Problem::with(Code::VaultWait, format!("The next try is in {} s", seconds(wait))));
        }
        match by(&mut self.file, password.open_for_the_vault()) {
            Ok(()) => {
                self.used = since_boot();
                (self.ledger.wrong_passwords, self.ledger.last_wrong_ms) = (0, 0);
                self.save()
            }
            Err(FileError::Broken(Broken::WrongKey)) => {
                self.ledger.wrong_passwords = self.ledger.wrong_passwords.saturating_add(1);
                self.ledger.last_wrong_ms = now_ms();
                self.save()?;
                let count = self.ledger.wrong_passwords;
                Err(Problem::with(Code::VaultPasswordWrong, format!("It was number {count} in a row")))
            }
            Err(error) => Err(self.file_problem(&error)),
        }
    }

    pub(super) fn change_password(&mut self, old: &Typed, new: &Typed, until: Until) -> Result<(), Problem> {
        strong(new)?;
        let _lock = self.begin(until)?;
        let cost = self.set.cost.unwrap_or_else(Cost::calibrated);
        self.unlock_file(old, |file, old| file.change_password(old, new.open_for_the_vault(), cost))?;
        self.file.take_exposed();
        self.ledger.exposed_at = None;
        self.save()
    }

    pub(super) fn lock(&mut self) {
        self.file.lock();
    }

    /// In how long the encrypted file locks itself.
    pub(super) fn locks_itself_in(&self, now: Duration) -> Option<Duration> {
        let minutes = u64::from(self.ledger.auto_lock_min);
        let at = self.used + Duration::from_secs(minutes * 60);
        (self.file.is_open() && minutes > 0).then(|| at.saturating_sub(now))
    }

    /// Locks it when its time has come; says whether it did.
    pub(super) fn lock_if_due(&mut self, now: Duration) -> bool {
        let is_due = self.locks_itself_in(now).is_some_and(|left| left.is_zero());
        if is_due {
            tracing::info!("the encrypted file of secrets locked itself");
            self.file.lock();
        }
        is_due
    }

    pub(super) fn names_at(&mut self, place: Place, until: Until) -> Result<Vec<String>, Problem> {
        let mut names = match place {
            Place::Keyring => self.keyring.names(until).map_err(problem)?,
            Place::File => self.file.names().map_err(|error| self.file_problem(&error))?,
            Place::Session => self.session.keys().cloned().collect(),
        };
        names.retain(|name| name != MARKER && name != "probe");
        Ok(names)
    }

    pub(super) fn read_at(
        &mut self,
        place: Place,
        name: &str,
        until: Until,
    ) -> Result<Option<Text>, Problem> {
        self.used = since_boot();
        match place {
            Place::Keyring => self.keyring.read(name, until).map_err(problem),
            Place::File => self.file.read(name).map_err(|error| self.file_problem(&error)),
            Place::Session => Ok(self.session.get(name).cloned()),
        }
    }

    pub(super) fn write_at(
        &mut self,
        place: Place,
        name: &str,
        text: &str,
        until: Until,
    ) -> Result<(), Problem> {
        self.used = since_boot();
        match place {
            Place::Keyring => self.keyring.write(name, text, until).map_err(problem),
            Place::File => self.file.write(name, text).map_err(|error| self.file_problem(&error)),
            Place::Session => {
                self.session.insert(name.to_owned(), Zeroizing::new(text.to_owned()));
                Ok(())
            }
        }
    }

    pub(super) fn delete_at(&mut self, place: Place, name: &str, until: Until) -> Result<bool, Problem> {
        match place {
            Place::Keyring => self.keyring.delete(name, until).map_err(problem),
            Place::File => self.file.delete(name).map_err(|error| self.file_problem(&error)),
            Place::Session => Ok(self.session.remove(name).is_some()),
        }
    }

    pub(super) fn file_problem(&self, error: &FileError) -> Problem {
        match error {
            FileError::Io(error) => self.unusable(error),
            error => problem(error.state()),
        }
    }
}

/// A password that is worth its Argon2.
pub(super) fn strong(password: &Typed) -> Result<(), Problem> {
    if password.open_for_the_vault().chars().count() >= password::SHORTEST {
        return Ok(());
    }
    Err(Problem::of(Code::VaultPasswordWeak))
}

pub(super) fn problem(state: VaultState) -> Problem {
    state.problem().unwrap_or_else(|| Problem::of(Code::VaultFailing))
}

fn now_ms() -> i64 {
    i64::try_from(SystemClock.utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

pub(super) fn stamp(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}
