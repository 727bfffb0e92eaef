//! Crash reports: what a panic leaves behind on this machine, and nowhere else.
//!
//! The hook sees every panic of the process, also one that a task or a worker's future survives. A report holds what the
//! developers need (version, system, thread, place, backtrace, the last records of the log) and no spoken words: of
//! a message that was put together at run time nothing between quotation marks is kept, of the log nothing below info.
//! The standard hook is not called, because it would print the message as it is.

use std::backtrace::Backtrace;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use tonny_core::app_log::{LogLevel, Redaction, without_quotes};
use tonny_core::ports::Clock as _;
use tonny_core::problem::{Code, Problem};

use crate::clock::SystemClock;
use crate::logging::Log;

/// More than anybody reads; each is some 50 KB.
const KEPT: usize = 10;
/// Of one process. The first ones say why; a loop of panics would only push them out.
const MOST_OF_ONE_RUN: u32 = 5;
/// Records of the log in a report.
const LINES: usize = 200;
/// Names the newest report that the user was told of.
const TOLD: &str = "told";
const ENDING: &str = ".json";

/// Whose crash it would be.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The program's name.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from.
    pub commit: &'static str,
}

/// One report, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When, in UTC; also the name of the file, hence without colons.
    pub at: String,
    /// The program's name.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// System, kernel and processor.
    pub system: String,
    /// The thread's name.
    pub thread: String,
    /// What went wrong, without spoken words.
    pub message: String,
    /// File, line and column.
    pub place: String,
    /// Calls, innermost first.
    pub backtrace: Vec<String>,
    /// The last records of the log, oldest first.
    pub log: Vec<String>,
}

/// Watches for panics from now on; reports go into `folder`.
pub fn watch(folder: &Path, about: About, log: &Log) {
    let (folder, log, written) = (folder.to_owned(), log.clone(), AtomicU32::new(0));
    std::panic::set_hook(Box::new(move |panic| {
        let message = message_of(panic, log.redaction());
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let number = written.fetch_add(1, Ordering::Relaxed);
        let kept = (number < MOST_OF_ONE_RUN).then(|| {
            let report = report(about, &message, &place, &log);
            keep(&folder, &report)
        });
        // Also where the log is being written to right now: tracing takes no event inside of one, and says nothing then.
        match kept {
            Some(Ok(path)) => {
                tracing::error!(panic = message, place, report = %path.display(), "a part of the app panicked")
            }
            Some(Err(error)) => {
                tracing::error!(panic = message, place, %error, "a part of the app panicked; no report is kept")
            }
            None => tracing::error!(panic = message, place, "a part of the app panicked again"),
        }
    }));
}

/// A text in the source is as it is; one that was put together may hold data.
fn message_of(panic: &PanicHookInfo<'_>, redaction: &Redaction) -> String {
    let payload = panic.payload();
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => redaction.text(text),
        (None, Some(text)) => redaction.text(&without_quotes(text)),
        (None, None) => "a value that is no text".to_owned(),
    }
}

fn report(about: About, message: &str, place: &str, log: &Log) -> Report {
    let rows = log.last_words(LogLevel::Info, LINES);
    let row = |row: &tonny_core::app_log::AppLogRow| {
        let at = crate::clock::utc_text(row.at_ms / 1_000.0);
        format!("{at} {:>5} {}: {}", row.level.as_str(), row.target, row.text)
    };
    Report {
        at: stamp(),
        program: about.program.to_owned(),
        version: about.version.to_owned(),
        commit: about.commit.to_owned(),
        system: system(),
        thread: std::thread::current().name().unwrap_or("without a name").to_owned(),
        message: message.to_owned(),
        place: place.to_owned(),
        backtrace: Backtrace::force_capture()
            .to_string()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect(),
        log: rows.iter().map(|of| row(of)).collect(),
    }
}

/// Digits that sort as times do, and no colon: some file systems refuse it.
fn stamp() -> String {
    let at = SystemClock.utc();
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{}T{hour:02}-{minute:02}-{second:02}.{:06}Z", at.date(), at.microsecond())
}

fn system() -> String {
    let name = fs::read_to_string("/etc/os-release").ok().and_then(|text| {
        let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(name.trim_matches('"').to_owned())
    });
    let kernel = rustix::system::uname();
    let [kernel, version] =
        [kernel.sysname(), kernel.release()].map(|part| part.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| std::env::consts::OS.to_owned());
    format!("{name}, {kernel} {version}, {}", std::env::consts::ARCH)
}

/// Writes the report, synced, and removes the oldest.
fn keep(folder: &Path, report: &Report) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{}{ENDING}", report.at));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&serde_json::to_vec_pretty(report)?)?;
    file.sync_all()?;
    let mut names = names(folder);
    let surplus = names.len().saturating_sub(KEPT);
    for old in names.drain(..surplus) {
        fs::remove_file(folder.join(old))?;
    }
    Ok(path)
}

/// The newest report and what it says, if there is one that can be read.
pub fn newest(folder: &Path) -> Option<(PathBuf, Report)> {
    let path = folder.join(names(folder).pop()?);
    let report = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    Some((path, report))
}

/// What the user has to be told of a crash of an earlier run, once.
pub fn untold(folder: &Path) -> Option<Problem> {
    let newest = names(folder).pop()?;
    let told = folder.join(TOLD);
    if fs::read_to_string(&told).is_ok_and(|told| told >= newest) {
        return None;
    }
    // Where this cannot be kept the user is told again, which is the lesser evil.
    let marked = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(told);
    if let Err(error) = marked.and_then(|mut file| file.write_all(newest.as_bytes())) {
        tracing::warn!(%error, "what was told of a crash is told again next time");
    }
    Some(Problem::with(Code::CrashedBefore, format!("The report is {}", folder.join(newest).display())))
}

/// Names of the reports, oldest first.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ENDING)).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn a_report(at: &str) -> Report {
        let text = |text: &str| text.to_owned();
        Report {
            at: text(at),
            program: text("p"),
            version: text("1"),
            commit: text("c"),
            system: system(),
            thread: text("t"),
            message: text("m"),
            place: text("f:1:1"),
            backtrace: Vec::new(),
            log: Vec::new(),
        }
    }

    #[test]
    fn the_newest_ten_stay_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let reports = folder.path().join("crashes");
        for number in 0..KEPT + 3 {
            keep(&reports, &a_report(&format!("2026-11-21T10-00-{number:02}Z"))).unwrap();
        }
        assert_eq!(names(&reports).len(), KEPT);
        assert_eq!(names(&reports)[0], "2026-11-21T10-00-03Z.json");
        let (path, report) = newest(&reports).unwrap();
        assert_eq!(report.at, "2026-11-21T10-00-12Z");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&reports).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_crash_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(untold(folder.path()), None);
        keep(folder.path(), &a_report("2026-11-21T10-00-00Z")).unwrap();
        let problem = untold(folder.path()).unwrap();
        assert!(problem.is(Code::CrashedBefore) && problem.message.contains("2026-11-21T10-00-00Z.json"));
        assert_eq!(untold(folder.path()), None);
        keep(folder.path(), &a_report("2026-11-21T10-00-01Z")).unwrap();
        assert!(untold(folder.path()).is_some() && untold(folder.path()).is_none());
    }

    #[test]
    fn the_system_has_a_name_and_a_time_sorts() {
        assert!(system().contains(std::env::consts::ARCH), "{}", system());
        assert_eq!(stamp().len(), "2026-11-21T10-00-00.000000Z".len());
        assert!(stamp() <= stamp());
    }
}
