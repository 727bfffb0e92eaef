//! What a dead app left running, found at the next start and ended. Last of three layers: the keeper ends its worker with
//! the app, the parent-death signal ends the worker with the keeper, and what survived both is found here.
//!
//! Every copy of a worker gets a mark in its environment, which all its descendants inherit, and a record file while it
//! lives: named by the app (pid, start time) and the mark, holding the worker's name, pid and start time. A record whose
//! app is alive belongs to a sibling and is left alone. A process is ended only when it carries a recorded mark, never
//! because of its pid or its name. The mark is no secret; it opens nothing.

#[cfg_attr(target_os = "linux", path = "leftovers/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "leftovers/elsewhere.rs")]
mod processes;

use crate::SupervisorError;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The environment variable that carries the mark.
pub const VARIABLE: &str = "TONNYTRAY_LAUNCH";
/// Longest time spent on ending leftovers; one that hangs inside the kernel must not hold the app's start.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a mark: two of them never meet by chance.
const MARK: usize = 12;

/// The mark of one copy of a worker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(String);

impl Mark {
    /// A mark nobody else has.
    ///
    /// # Errors
    /// Where the system has no random bytes.
    pub fn fresh() -> Result<Self, SupervisorError> {
        let mut bytes = [0u8; MARK];
        getrandom::fill(&mut bytes).map_err(SupervisorError::Random)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Its digits, the value of [`VARIABLE`].
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let is_mark = text.len() == 2 * MARK && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_mark.then(|| Self(text.to_owned()))
    }
}

/// Something that was found and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The worker it belonged to; empty where the record did not say.
    pub worker: String,
    /// Its pid. It is gone now, or hangs inside the kernel.
    pub pid: u32,
}

/// One process for all time: a pid alone comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    pid: u32,
    started: u64,
}

/// The folder of record files.
#[derive(Debug, Clone)]
pub struct Records {
    folder: PathBuf,
    app: Identity,
}

impl Records {
    /// Opens the folder for this app, making it where it is missing.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let pid = std::process::id();
        let started = processes::start_of(pid).unwrap_or(0);
        Ok(Self { folder: folder.to_owned(), app: Identity { pid, started } })
    }

    /// Writes down that this copy runs. `pid` is that of the process we started, the keeper where there is one.
    ///
    /// # Errors
    /// Where the file cannot be written; the copy runs on, only without this layer.
    pub fn note(&self, mark: &Mark, worker: &str, pid: u32) -> io::Result<()> {
        let started = processes::start_of(pid).unwrap_or(0);
        let text = json!({ "worker": worker, "pid": pid, "started": started }).to_string();
        fs::write(self.file(mark), text)
    }

    /// Removes the record of a copy of which nothing is left.
    pub fn forget(&self, mark: &Mark) {
        // It may never have been written.
        fs::remove_file(self.file(mark)).ok();
    }

    /// Ends what dead apps left behind and removes their records. Blocks, for 2 s at most.
    pub fn sweep(&self) -> Vec<Leftover> {
        let orphaned = self.orphaned();
        if orphaned.is_empty() {
            return Vec::new();
        }
        let workers: BTreeMap<&str, &str> =
            orphaned.iter().map(|record| (record.mark.as_str(), record.worker.as_str())).collect();
        let ended = end(|mark| workers.get(mark).map(|worker| (*worker).to_owned()));
        for record in &orphaned {
            // Another app that starts at the same moment may have been quicker.
            fs::remove_file(&record.file).ok();
        }
        ended
    }

    /// Records of apps that are not alive.
    fn orphaned(&self) -> Vec<Record> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let records = entries.flatten().filter_map(|entry| Record::read(&entry.path()));
        records.filter(|record| processes::start_of(record.app.pid) != Some(record.app.started)).collect()
    }

    fn file(&self, mark: &Mark) -> PathBuf {
        self.folder.join(format!("{}-{}-{}.json", self.app.pid, self.app.started, mark.0))
    }
}

/// A record file. All that ending needs is in its name, so one cut short by a crash does its work too.
struct Record {
    file: PathBuf,
    app: Identity,
    mark: Mark,
    worker: String,
}

impl Record {
    fn read(file: &Path) -> Option<Self> {
        let mut parts = file.file_name()?.to_str()?.strip_suffix(".json")?.split('-');
        let (pid, started) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let mark = Mark::parse(parts.next()?)?;
        let text = fs::read_to_string(file).unwrap_or_default();
        let content: Value = serde_json::from_str(&text).unwrap_or_default();
        let worker = content["worker"].as_str().unwrap_or_default().to_owned();
        Some(Self { file: file.to_owned(), app: Identity { pid, started }, mark, worker })
    }
}

/// Ends everything that carries this mark: for a keeper that was killed and so could not do it. Blocks, for 2 s at most.
pub fn end_copy(mark: &Mark) -> Vec<Leftover> {
    end(|found| (found == mark.0).then(String::new))
}

/// Ends processes of this user by their mark, again and again until a look finds none: they may be forking.
fn end(worker_of: impl Fn(&str) -> Option<String>) -> Vec<Leftover> {
    let began = Instant::now();
    let mut ended: Vec<Leftover> = Vec::new();
    loop {
        let found: Vec<_> = processes::marked()
            .into_iter()
            .filter_map(|(pid, mark)| Some((pid, worker_of(&mark)?)))
            .collect();
        if found.is_empty() || began.elapsed() > PATIENCE {
            return ended;
        }
        for (pid, worker) in found {
            let is_hit = processes::kill_marked(pid, &worker_of, PATIENCE.saturating_sub(began.elapsed()));
            if is_hit && ended.iter().all(|other| other.pid != pid) {
                ended.push(Leftover { worker, pid });
            }
        }
    }
}
