//! A disk that forgets: what was synced is there after a cut, of the rest any part, and some of it torn.
//!
//! Contents and names are kept apart, as file systems do: a file's sync makes its bytes certain, its folder's sync its
//! name. Unsynced writes may arrive in any order, whole, not at all, or sector by sector, and a sector that was being
//! written when the power went may hold anything.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::trace::{Call, Event};
use crate::reliability::dice::Dice;

/// What a disk writes at once.
const SECTOR: usize = 512;

#[derive(Default)]
pub struct Disk {
    files: Vec<File>,
    /// As the running program sees them.
    names: BTreeMap<PathBuf, usize>,
    /// As they are certain to be found.
    safe_names: BTreeMap<PathBuf, usize>,
    /// Changes of names that no sync covers yet, each with the number of its call.
    moves: Vec<(usize, Move)>,
    /// Where descriptors stand.
    places: HashMap<u32, u64>,
}

#[derive(Default)]
struct File {
    safe: Vec<u8>,
    /// Changes that no sync covers yet, each with the number of its call.
    pending: Vec<(usize, Change)>,
}

enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
}

enum Move {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Disk {
    /// Takes in the call of that number.
    pub fn take(&mut self, number: usize, event: &Event) {
        match &event.call {
            Call::Open { fd, path, creates, truncates } => {
                self.places.insert(*fd, 0);
                if *creates && !self.names.contains_key(path) {
                    self.files.push(File::default());
                    self.rename(number, Move::Create(path.clone(), self.files.len() - 1));
                } else if *truncates {
                    self.change(number, path, Change::Resize(0));
                }
            }
            Call::Write { fd, path, at, bytes } => {
                let place = self.places.entry(*fd).or_default();
                let from = at.unwrap_or(*place);
                if at.is_none() {
                    *place += bytes.len() as u64;
                }
                self.change(number, path, Change::Write(from, bytes.clone()));
            }
            Call::Seek { fd, to } => _ = self.places.insert(*fd, *to),
            Call::Resize { path, bytes } => self.change(number, path, Change::Resize(*bytes)),
            Call::Rename { from, to } => self.rename(number, Move::Rename(from.clone(), to.clone())),
            Call::Remove { path } => self.rename(number, Move::Remove(path.clone())),
            Call::Sync { path } => self.sync(path, event.began),
            Call::Say(_) => {}
        }
    }

    fn change(&mut self, number: usize, path: &Path, change: Change) {
        // A file without a name is out of reach after the cut.
        if let Some(file) = self.names.get(path) {
            self.files[*file].pending.push((number, change));
        }
    }

    fn rename(&mut self, number: usize, change: Move) {
        change.apply(&mut self.names);
        self.moves.push((number, change));
    }

    /// Makes certain what had ended before that call.
    fn sync(&mut self, path: &Path, before: usize) {
        if let Some(file) = self.names.get(path) {
            let File { safe, pending } = &mut self.files[*file];
            for (_, change) in pending.extract_if(.., |(number, _)| *number < before) {
                change.apply(safe);
            }
            return;
        }
        let covered =
            |(number, change): &mut (usize, Move)| *number < before && change.folder() == Some(path);
        for (_, change) in self.moves.extract_if(.., covered) {
            change.apply(&mut self.safe_names);
        }
    }

    /// Every file as it may be found when the power comes back.
    pub fn after_a_cut(&self, dice: &mut Dice) -> Vec<(PathBuf, Vec<u8>)> {
        let mut names = self.safe_names.clone();
        for (_, change) in &self.moves {
            if dice.below(2) == 0 {
                change.apply(&mut names);
            }
        }
        names.into_iter().map(|(path, file)| (path, self.files[file].after_a_cut(dice))).collect()
    }
}

impl File {
    fn after_a_cut(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        for (_, change) in &self.pending {
            match (dice.below(4), change) {
                (0, _) => {}
                (1, Change::Write(at, new)) => tear(&mut bytes, *at as usize, new, dice),
                _ => change.apply(&mut bytes),
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Resize(length) => bytes.resize(*length as usize, 0),
            Self::Write(at, new) => {
                let at = *at as usize;
                bytes.resize(bytes.len().max(at + new.len()), 0);
                bytes[at..at + new.len()].copy_from_slice(new);
            }
        }
    }
}

/// Each sector of the write is as before, as written, or noise; bytes beside the write stay.
fn tear(bytes: &mut Vec<u8>, at: usize, new: &[u8], dice: &mut Dice) {
    bytes.resize(bytes.len().max(at + new.len()), 0);
    let mut done = 0;
    while done < new.len() {
        let from = at + done;
        let part = (SECTOR - from % SECTOR).min(new.len() - done);
        let sector = &mut bytes[from..from + part];
        match dice.below(3) {
            0 => {}
            1 => sector.copy_from_slice(&new[done..done + part]),
            _ => sector.iter_mut().for_each(|byte| *byte = dice.draw() as u8),
        }
        done += part;
    }
}

impl Move {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Create(path, file) => _ = names.insert(path.clone(), *file),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(path) => _ = names.remove(path),
        }
    }

    /// The folder whose sync makes it certain.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Create(path, _) | Self::Rename(_, path) | Self::Remove(path) => path.parent(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(calls: Vec<Call>) -> Disk {
        let mut disk = Disk::default();
        for (number, call) in calls.into_iter().enumerate() {
            disk.take(number, &Event { began: number, call });
        }
        disk
    }

    fn calls(synced: bool) -> Vec<Call> {
        let path = PathBuf::from("/d/a.db");
        let write = |at: u64| Call::Write { fd: 3, path: path.clone(), at: Some(at), bytes: vec![7; 1024] };
        let mut calls =
            vec![Call::Open { fd: 3, path: path.clone(), creates: true, truncates: false }, write(0)];
        if synced {
            calls.push(Call::Sync { path: path.clone() });
            calls.push(Call::Sync { path: PathBuf::from("/d") });
        }
        calls.push(write(1024));
        calls
    }

    #[test]
    fn what_is_synced_is_always_there_and_the_rest_may_be_anything() {
        let (disk, mut dice) = (play(calls(true)), Dice::new(7));
        let mut lengths = std::collections::BTreeSet::new();
        let mut torn = false;
        for _ in 0..100 {
            let found = disk.after_a_cut(&mut dice);
            assert_eq!(found[0].1[..1024], [7; 1024]);
            lengths.insert(found[0].1.len());
            torn |= found[0].1.len() == 2048 && found[0].1[1024..] != [7; 1024];
        }
        assert!(torn && lengths.len() == 2, "{lengths:?}");
    }

    #[test]
    fn without_a_sync_even_the_name_may_be_missing() {
        let (disk, mut dice) = (play(calls(false)), Dice::new(7));
        let there = (0..100).filter(|_| !disk.after_a_cut(&mut dice).is_empty()).count();
        assert!((1..100).contains(&there), "{there}");
    }
}
