//! Plain-text secrets of older set-ups: found, moved into the vault, and overwritten where they were.
//!
//! A file is touched only after every secret in it was read back from the vault. Then the new text is put in place by
//! renaming, and the old bytes, reached through the descriptor that is still open, are overwritten with zeros. A file
//! that cannot be understood is left alone and named. What a second run finds are flags.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tonny_core::ports::{LeftAlone, Migration, Moved};
use tonny_core::problem::Problem;
use tonny_core::secrets::{Kind, all, kind};
use zeroize::{Zeroize as _, Zeroizing};

use super::Until;
use super::keeping::{Keeping, Text};

/// No configuration is larger.
const LARGEST: u64 = 1 << 20;

/// The file that older set-ups kept everything in, below the configuration folder.
const CONFIG: &str = "tonnytray/config.json";

/// A file that is nothing but one key, and the kind it is of.
const KEYS: &[(&str, &str)] = &[("nanogpt-chat/api_key", "nanogpt")];

/// An old file that was read.
struct OldFile {
    /// The file itself, where the name was a link.
    path: PathBuf,
    file: File,
    length: u64,
    found: Vec<Found>,
    /// Why some values in it stay as they are.
    left: Vec<String>,
    form: Form,
}

enum Form {
    Json(Wiped),
    OneKey(&'static Kind),
}

/// One secret in a file.
struct Found {
    kind: &'static Kind,
    text: Text,
    /// Where it is in the document.
    pointer: &'static str,
}

/// A document whose texts are wiped when it is dropped.
struct Wiped(Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

impl Keeping {
    /// Takes in what older set-ups left. The keyring is not asked where there is nothing to take in.
    pub(super) fn migrate(&mut self) -> Result<Migration, Problem> {
        let until = Until::EachCall;
        let mut migration = Migration::default();
        for (name, form) in old_names() {
            let path = self.set.old_config.join(name);
            match read(&path, form) {
                Ok(None) => {}
                Ok(Some(old)) => self.take_in(old, &mut migration, until)?,
                Err(why) => migration.left.push(LeftAlone { file: path.display().to_string(), why }),
            }
        }
        self.note(&migration, until)?;
        Ok(migration)
    }

    /// Keeps what was done; what is not left alone any more is not told any more.
    fn note(&mut self, migration: &Migration, until: Until) -> Result<(), Problem> {
        // Without old files, nothing at all is made: not even the vault's folder.
        let known = self.set.folder.join("ledger.json").exists();
        if !known && migration.is_empty() {
            return Ok(());
        }
        let _lock = self.begin(until)?;
        let told = self.ledger.migration.as_ref().is_some_and(|told| told.left != migration.left);
        if !told && migration.is_empty() {
            return Ok(());
        }
        let merged = self.ledger.migration.get_or_insert_default();
        merged.moved.extend(migration.moved.iter().cloned());
        merged.left.clone_from(&migration.left);
        self.ledger.migration = self.ledger.migration.take().filter(|merged| !merged.is_empty());
        self.save()
    }

    fn take_in(&mut self, old: OldFile, migration: &mut Migration, until: Until) -> Result<(), Problem> {
        let name = old.path.display().to_string();
        let left = old.left.iter().map(|why| LeftAlone { file: name.clone(), why: why.clone() });
        migration.left.extend(left);
        if old.found.is_empty() {
            return Ok(());
        }
        let _lock = self.begin(until)?;
        let mut taken = Vec::new();
        for found in &old.found {
            self.ready(until)?;
            let there = self.read_at(self.ledger.place, found.kind.id, until)?;
            match there {
                None => self.put_locked(found.kind, &found.text, until)?,
                Some(there) if *there == *found.text => {}
                Some(_) => {
                    let why =
                        format!("Another {} is set already; delete this one by hand.", found.kind.label);
                    migration.left.push(LeftAlone { file: name.clone(), why });
                    continue;
                }
            }
            taken.push(found);
        }
        if taken.is_empty() {
            return Ok(());
        }
        let moved: Vec<Moved> =
            taken.iter().map(|found| Moved { id: found.kind.id.to_owned(), from: name.clone() }).collect();
        let text = old.without(&taken);
        match old.rewrite(&text) {
            Ok(()) => migration.moved.extend(moved),
            Err(error) => migration.left.push(LeftAlone {
                file: name,
                why: format!("Its secrets are in the vault, but it could not be rewritten: {error}."),
            }),
        }
        Ok(())
    }
}

fn old_names() -> impl Iterator<Item = (&'static str, Option<&'static Kind>)> {
    let keys = KEYS.iter().filter_map(|(name, id)| Some((*name, Some(kind(id).ok()?))));
    std::iter::once((CONFIG, None)).chain(keys)
}

/// Reads a file; nothing where there is none or none of its values is a secret.
fn read(path: &Path, one_key: Option<&'static Kind>) -> Result<Option<OldFile>, String> {
    let path = match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        path => path.map_err(|error| format!("It cannot be reached: {error}."))?,
    };
    let opened = OpenOptions::new().read(true).write(true).open(&path);
    let mut file = opened.map_err(|error| format!("It cannot be opened: {error}."))?;
    let length = file.metadata().map_err(|error| format!("It cannot be read: {error}."))?.len();
    if length > LARGEST {
        return Err(format!("It is {length} bytes long, more than any configuration."));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.read_to_end(&mut bytes).map_err(|error| format!("It cannot be read: {error}."))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "It is no text.".to_owned())?;
    let mut left = Vec::new();
    let (found, form) = match one_key {
        Some(kind) => (one(kind, text, &mut left).into_iter().collect(), Form::OneKey(kind)),
        None => {
            let document = serde_json::from_str(text).map(Wiped);
            let document = document.map_err(|e| format!("It is no JSON (line {}).", e.line()))?;
            (every(&document.0, &mut left), Form::Json(document))
        }
    };
    let found: Vec<Found> = found;
    let is_any = !found.is_empty() || !left.is_empty();
    Ok(is_any.then_some(OldFile { path, file, length, found, left, form }))
}

fn one(kind: &'static Kind, text: &str, left: &mut Vec<String>) -> Option<Found> {
    let text = text.trim();
    if text == flag_line(kind).trim() {
        return None;
    }
    usable(kind, text, left).then(|| Found { kind, text: Zeroizing::new(text.to_owned()), pointer: "" })
}

/// Every secret that the table of kinds knows a place of. `A+B` is two texts that make one, `a:b`.
fn every(document: &Value, left: &mut Vec<String>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for kind in all() {
        for pointer in kind.old {
            let parts: Option<Vec<&str>> = pointer
                .split('+')
                .map(|part| document.pointer(part).and_then(Value::as_str).map(str::trim))
                .collect();
            // Of a user and a password, none is a secret without its password.
            let Some(parts) = parts.filter(|parts| parts.last().is_some_and(|last| !last.is_empty())) else {
                continue;
            };
            let text = Zeroizing::new(parts.join(":"));
            let other = found.iter().find(|other| other.kind.id == kind.id);
            if other.is_some_and(|other| *other.text != *text) {
                left.push(format!(
                    "It holds two values for the {}; delete the wrong one by hand.",
                    kind.label
                ));
            } else if usable(kind, &text, left) {
                found.push(Found { kind, text, pointer });
            }
        }
    }
    found
}

/// Not empty, not absurd. Whether it is right is decided where it is used: left here it would stay readable. One that
/// nothing could use is named.
fn usable(kind: &Kind, text: &str, left: &mut Vec<String>) -> bool {
    const LONGEST: usize = 8_192;
    let why = if text.len() > LONGEST {
        format!("is {} bytes long, {LONGEST} at most", text.len())
    } else if text.contains(char::is_control) {
        "contains a line break or another control character".to_owned()
    } else {
        return !text.is_empty();
    };
    left.push(format!("The {} in it {why}; move or delete it by hand.", kind.label));
    false
}

/// What is still to be told: a file that is gone has nothing left in it.
pub(super) fn still_there(migration: &Migration) -> Migration {
    let mut migration = migration.clone();
    migration.left.retain(|left| Path::new(&left.file).try_exists().unwrap_or(true));
    migration
}

fn flag_line(kind: &Kind) -> String {
    format!("{}_configured=true\n", kind.id.replace('-', "_"))
}

impl OldFile {
    /// The file's text with flags in the place of secrets.
    fn without(&self, taken: &[&Found]) -> String {
        let Form::Json(document) = &self.form else {
            let Form::OneKey(kind) = &self.form else { return String::new() };
            return flag_line(kind);
        };
        let mut document = Wiped(document.0.clone());
        for found in taken {
            // Of a user and a password only the password, the last one, is a secret.
            let pointer = found.pointer.rsplit('+').next().unwrap_or_default();
            let Some((parent, field)) = pointer.rsplit_once('/') else { continue };
            if let Some(Value::Object(fields)) = document.0.pointer_mut(parent) {
                if let Some(Value::String(text)) = fields.get_mut(field) {
                    text.zeroize();
                }
                fields.remove(field);
                fields.insert(format!("{field}_configured"), Value::Bool(true));
            }
        }
        format!("{:#}\n", document.0)
    }

    /// Puts the text in the file's place, then overwrites the old bytes.
    fn rewrite(mut self, text: &str) -> io::Result<()> {
        let fresh = self.path.with_extension("tonnytray-new");
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mode = self.file.metadata()?.permissions().mode() & 0o600;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut io::repeat(0).take(self.length), &mut self.file)?;
        self.file.sync_all()
    }
}
