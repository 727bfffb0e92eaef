//! D5: every call the store makes of the system is refused once, and then for good: EIO, ENOSPC, EROFS, EMFILE and the like.
//!
//! The writer (`store-deeds`) does everything the store can do. Which kinds of calls that takes, and on which files, is not
//! known here: one run without a fault says it ([`calls`]), and a kind for which there is no fault fails the row, as does one
//! at whose first call no fault arrives. Then each kind fails at its k-th call, for growing k until a run passes without.

mod calls;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_store::Store;

use self::calls::{Fault, Made};
use super::rows::{copy, sound, speak, texts};
use crate::process::is_installed;
use crate::programs::beside;
use crate::reliability::{Outcome, Size};

/// What the writer says, one after the other.
pub const UTTERANCES: [&str; 3] = ["new-0", "new-1", "new-2"];

/// What the writer deletes of what was there before it.
pub const DELETED: &str = "old-0";

/// The rest of what was there before it.
const KEPT: [&str; 4] = ["old-1", "old-2", "old-3", "old-4"];

/// What the writer saves as the settings.
pub const DOCUMENT: &str = "{\"kept\":true}";

/// The name of the writer's backup.
pub const BACKUP: &str = "made.db";

/// Everything the writer says it did, or could not do.
const DEEDS: [&str; 12] = [
    "open", "settings", "speak", "read", "note", "empty", "delete", "back-up", "restore", "vacuum", "check",
    "close",
];

/// All deeds without a fault are done in a second; a lock that is never let go may cost a patience or two.
const ENDLESS: Duration = Duration::from_secs(30);

/// As many as the machine this is measured on has cores.
const AT_ONCE: usize = 2;

/// What the writer finds.
#[derive(Clone, Copy, Debug)]
enum Found {
    Nothing,
    /// A database that was closed.
    Rows,
    /// One whose program died: everything is in the log still.
    Log,
}

const FOUND: [Found; 3] = [Found::Nothing, Found::Rows, Found::Log];

/// One kind of call that fails in one way, over one beginning.
struct Series<'a> {
    found: Found,
    call: &'a str,
    fault: Fault,
}

pub async fn io_errors(size: Size) -> Result<Outcome> {
    if !is_installed("strace") {
        return Ok(Outcome::Impossible(
            "strace is not installed, and the store has no file system of its own".to_owned(),
        ));
    }
    let origin = tempfile::tempdir()?;
    make_origin(origin.path()).await?;
    let folder = tempfile::tempdir()?;
    // What the log names is the path without links.
    let work = Work { origin: origin.path().to_owned(), folder: fs::canonicalize(folder.path())? };
    let mut made = Vec::new();
    for found in FOUND {
        made.push(work.made(found)?);
    }
    let mut series = Vec::new();
    for (n, (found, made)) in FOUND.into_iter().zip(&made).enumerate() {
        for (m, call) in made.calls.iter().enumerate() {
            let faults = calls::faults(call)
                .with_context(|| format!("the store calls {call}, and no fault is known for it"))?;
            // The short form meets every call and every fault, but not over every beginning.
            let picked = faults
                .into_iter()
                .enumerate()
                .filter(|(f, _)| size == Size::Full || (n + m + f) % FOUND.len() == 0);
            series.extend(picked.map(|(_, fault)| (Series { found, call, fault }, made)));
        }
    }
    let (tally, next) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            let (work, series, tally, next) = (&work, &series, &tally, &next);
            scope.spawn(move || {
                while let Some((one, made)) = series.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done =
                        work.run(one, made, worker, size).unwrap_or_else(|error| Tally::failed(one, &error));
                    if let Ok(mut tally) = tally.lock() {
                        tally.add(done);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().ok().context("a worker of this measurement panicked")?;
    Ok(tally.outcome(series.len()))
}

/// A closed database, and one with everything in its log.
async fn make_origin(folder: &Path) -> Result<()> {
    let path = folder.join("rows.db");
    let store = Store::open(&path).await?;
    for id in std::iter::once(DELETED).chain(KEPT) {
        speak(&store, id, &format!("the words of {id} are safe")).await?;
    }
    copy(&path, &folder.join("log.db"))?;
    ensure!(folder.join("log.db-wal").exists(), "a store that is open has a log");
    Ok(store.close().await?)
}

struct Work {
    origin: PathBuf,
    folder: PathBuf,
}

impl Work {
    /// What the writer asks of the system when nothing fails.
    fn made(&self, found: Found) -> Result<Made> {
        let path = self.fresh(found, "whole")?;
        let trace = self.folder.join("whole.trace");
        let output = under_strace(&path, &trace, &["-y"])?;
        let said = Said::of(&output);
        ensure!(said.errors.is_empty() && said.done.len() == DEEDS.len(), "without a fault: {output:?}");
        Made::read(&fs::read_to_string(&trace)?, &self.folder.join("whole"))
    }

    /// The k-th such call fails, for growing k until no call is the k-th.
    fn run(&self, series: &Series, made: &Made, worker: usize, size: Size) -> Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (name, mut tally) = (format!("worker-{worker}"), Tally::default());
        let mut k = 1_u32;
        loop {
            let path = self.fresh(series.found, &name)?;
            let home = path.parent().context("a folder")?;
            let trace = self.folder.join(format!("{name}.trace"));
            let when = format!(
                "inject={}:error={}:when={k}{}",
                series.call,
                series.fault.error(),
                series.fault.ending()
            );
            let trace_call = format!("trace={}", series.call);
            // Only the calls asked for stop the program; all others run at full speed.
            let mut options =
                vec!["--seccomp-bpf".to_owned(), "-e".to_owned(), trace_call, "-e".to_owned(), when];
            // What is locked with flock has another name in each run, and nothing else is.
            let paths = if series.call == "flock" { &[][..] } else { &made.paths[..] };
            for path in paths {
                options.extend(["-P".to_owned(), home.join(path).display().to_string()]);
            }
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let began = Instant::now();
            let output = under_strace(&path, &trace, &options)?;
            let took = began.elapsed();
            if !fs::read_to_string(&trace)?.contains("(INJECTED)") {
                break;
            }
            let said = Said::of(&output);
            tally.faults += 1;
            tally.told += usize::from(!said.errors.is_empty());
            let unfit = said.unfit(&output).and_then(|()| runtime.block_on(said.is_so(&path, series.found)));
            if let Err(error) = unfit {
                tally.unfit.push(format!("{series} at {k}: {error:#}"));
            } else if took > ENDLESS {
                tally.slow.push((took, format!("{series} at {k}")));
            }
            k = match size {
                Size::Short => k * 6,
                // Each of the first, then a twelfth more at a time.
                Size::Full => k + 1 + k / 12,
            };
        }
        ensure!(k > 1, "no fault arrived");
        Ok(tally)
    }

    /// A folder with what the writer is to find.
    fn fresh(&self, found: Found, name: &str) -> Result<PathBuf> {
        let home = self.folder.join(name);
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir(&home)?;
        let path = home.join("tonny.db");
        match found {
            Found::Nothing => {}
            Found::Rows => copy(&self.origin.join("rows.db"), &path)?,
            Found::Log => copy(&self.origin.join("log.db"), &path)?,
        }
        Ok(path)
    }
}

fn under_strace(path: &Path, trace: &Path, options: &[&str]) -> Result<Output> {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(trace).args(options);
    Ok(command.arg(beside("store-deeds")?).arg(path).output()?)
}

/// What the writer said before it ended.
#[derive(Default)]
struct Said {
    done: Vec<String>,
    finals: Vec<String>,
    errors: Vec<String>,
}

impl Said {
    fn of(output: &Output) -> Self {
        let mut said = Self::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Some((kind, what)) = line.split_once(' ') else { continue };
            let list = match kind {
                "done" => &mut said.done,
                "final" => &mut said.finals,
                "error" => &mut said.errors,
                // A check that could not read a page says so: that is how one is told of it.
                "found" => &mut said.errors,
                _ => continue,
            };
            list.push(what.to_owned());
        }
        said
    }

    fn did(&self, deed: &str) -> bool {
        self.done.iter().any(|done| done == deed)
    }

    /// Whether it ended by itself and told of each deed how it went.
    fn unfit(&self, output: &Output) -> Result<()> {
        // 0 and 1 are ends of its own; a panic is 101, a signal has no code.
        let ended = matches!(output.status.code(), Some(0 | 1));
        ensure!(ended, "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        ensure!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let told = |deed: &&str| self.did(deed) || self.errors.iter().any(|error| error.starts_with(*deed));
        let silent = DEEDS.iter().find(|deed| self.did("open") && !told(deed));
        ensure!(silent.is_none(), "nobody was told of {silent:?}");
        ensure!(self.did("open") || !self.errors.is_empty(), "nothing was said at all");
        Ok(())
    }

    /// Whether everything that is said to be done is so, now that nothing fails any more.
    async fn is_so(&self, path: &Path, found: Found) -> Result<()> {
        for entry in fs::read_dir(path.parent().context("a folder")?)? {
            let name = entry?.file_name();
            ensure!(!name.to_string_lossy().contains("damaged"), "{name:?}: a sound database was set aside");
        }
        let store = sound(path).await?;
        let there = texts(&store).await?;
        let before: &[&str] = if matches!(found, Found::Nothing) { &[] } else { &KEPT };
        for id in self.finals.iter().map(String::as_str).chain(before.iter().copied()) {
            ensure!(there.get(id).is_some_and(|text| text.contains(id)), "{id} was safe and is gone");
        }
        ensure!(!self.did("delete") || !there.contains_key(DELETED), "{DELETED} was deleted and is there");
        let settings = store.settings().load().await?.map(|row| row.json);
        ensure!(
            !self.did("settings") || settings.as_deref() == Some(DOCUMENT),
            "the settings are {settings:?}"
        );
        let backup = store.backups_folder().join(BACKUP);
        store.close().await?;
        // What carries a backup's name is one, whether or not its maker came to say so.
        ensure!(!self.did("back-up") || backup.exists(), "a backup was made and is not there");
        if backup.exists() {
            sound(&backup).await.context("the backup")?.close().await?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tally {
    faults: usize,
    told: usize,
    unfit: Vec<String>,
    /// All deeds together took longer than [`ENDLESS`].
    slow: Vec<(Duration, String)>,
}

impl Tally {
    fn failed(series: &Series, error: &anyhow::Error) -> Self {
        Self { unfit: vec![format!("{series}: {error:#}")], ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.faults += other.faults;
        self.told += other.told;
        self.unfit.extend(other.unfit);
        self.slow.extend(other.slow);
    }

    fn outcome(&self, series: usize) -> Outcome {
        for unfit in &self.unfit {
            eprintln!("D5: {unfit}");
        }
        for (took, slow) in &self.slow {
            eprintln!("D5: {slow}: {} s in all", took.as_secs());
        }
        let first = self.unfit.first().map(|what| format!("; {what}")).unwrap_or_default();
        // Where the system gives no locks at all, SQLite waits 10 s for each by itself, which nobody can shorten.
        let slow = self.slow.iter().max().map(|(took, what)| {
            let (count, most) = (self.slow.len(), took.as_secs());
            format!(
                "; {count} took longer than {} s for all deeds together, at most {most} s ({what})",
                ENDLESS.as_secs()
            )
        });
        let slow = slow.unwrap_or_default();
        let text = format!(
            "{} faults in {series} kinds of call and error over {} deeds: {} told, {} without any effect, {} not survived{first}{slow}",
            self.faults,
            DEEDS.len(),
            self.told,
            self.faults - self.told,
            self.unfit.len()
        );
        Outcome::measured(self.unfit.is_empty() && self.slow.is_empty() && self.told > 0, text)
    }
}

impl std::fmt::Display for Series<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{} over {:?}", self.call, self.fault.error(), self.fault.ending(), self.found)
    }
}
