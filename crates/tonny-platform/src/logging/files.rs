//! The set of log files: a new one each day and at a size, the oldest removed, all for the owner only.
//!
//! tracing-appender rotates by time alone, and no kept crate rotates by day and by size and makes files of mode 0600:
//! hence this writer. Its caller gives whole lines, from one thread.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use time::{Date, Duration};
use tonny_core::app_log::{Line, line_of};
use tonny_core::ports::Clock as _;

use crate::clock::SystemClock;

const BEGINNING: &str = "tonnytray.";
const ENDING: &str = ".log";

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// A file is closed before it would be larger, bytes.
    pub file_bytes: u64,
    /// Files in all, the one being written among them.
    pub files: usize,
    /// Days after which one goes, whatever is left.
    pub days: u32,
}

impl Default for FileLimits {
    /// A week of ordinary days, at most 32 MiB, and a month where little is said.
    fn default() -> Self {
        Self { file_bytes: 4 << 20, files: 8, days: 30 }
    }
}

/// The limits as they are now: the settings may change them while lines are written.
#[derive(Debug)]
pub(super) struct LiveLimits {
    file_bytes: AtomicU64,
    files: AtomicUsize,
    days: AtomicU32,
}

impl LiveLimits {
    pub(super) fn new(limits: FileLimits) -> Self {
        let FileLimits { file_bytes, files, days } = limits;
        Self { file_bytes: file_bytes.into(), files: files.into(), days: days.into() }
    }

    pub(super) fn set(&self, limits: FileLimits) {
        self.file_bytes.store(limits.file_bytes, Ordering::Relaxed);
        self.files.store(limits.files, Ordering::Relaxed);
        self.days.store(limits.days, Ordering::Relaxed);
    }

    fn now(&self) -> FileLimits {
        FileLimits {
            file_bytes: self.file_bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            days: self.days.load(Ordering::Relaxed),
        }
    }
}

/// Writes lines into the newest file.
pub(super) struct LogFiles {
    folder: PathBuf,
    limits: Arc<LiveLimits>,
    open: Open,
}

struct Open {
    file: File,
    day: Date,
    /// Of this day, from 0.
    number: u32,
    bytes: u64,
}

impl LogFiles {
    /// Goes on in the newest file of today, or begins one.
    pub(super) fn open(folder: &Path, limits: Arc<LiveLimits>) -> io::Result<Self> {
        let today = SystemClock.utc().date();
        let of_today = |name: &str| name.strip_prefix(&stem(today))?.strip_prefix('.')?.parse().ok();
        let newest = names(folder)?.iter().filter_map(|name| of_today(name)).max().unwrap_or(0);
        let this = Self { folder: folder.to_owned(), limits, open: Open::at(folder, today, newest)? };
        this.remove_old();
        Ok(this)
    }

    fn write_line(&mut self, line: &[u8], today: Date) -> io::Result<()> {
        let is_full =
            self.open.bytes > 0 && self.open.bytes + line.len() as u64 > self.limits.now().file_bytes;
        if today != self.open.day || is_full {
            let number = if today == self.open.day { self.open.number + 1 } else { 0 };
            // Where no new file can be made, the old one grows rather than nothing being said.
            if let Ok(next) = Open::at(&self.folder, today, number) {
                self.open = next;
                self.remove_old();
            }
        }
        self.open.file.write_all(line)?;
        self.open.bytes += line.len() as u64;
        Ok(())
    }

    fn remove_old(&self) {
        let names = names(&self.folder).unwrap_or_default();
        let FileLimits { files, days, .. } = self.limits.now();
        let surplus = names.len().saturating_sub(files);
        // Names are days: what stands before this one in the alphabet is older.
        let oldest = stem(self.open.day - Duration::days(days.into()));
        let is_old = |(at, name): &(usize, &String)| *at < surplus || **name < oldest;
        for (_, old) in names.iter().enumerate().filter(is_old) {
            // What cannot be removed now is tried again with the next file.
            _ = fs::remove_file(path(&self.folder, old));
        }
    }
}

impl Open {
    fn at(folder: &Path, day: Date, number: u32) -> io::Result<Self> {
        let path = path(folder, &format!("{}.{number:03}", stem(day)));
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, day, number, bytes })
    }
}

impl Write for LogFiles {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line, SystemClock.utc().date()).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.file.flush()
    }
}

/// Reads the set from its oldest line on, and what was added since.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    /// The file that was read last, and how far, bytes.
    file: String,
    offset: u64,
}

impl LogReader {
    /// From the beginning of the set in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: String::new(), offset: 0 }
    }

    /// Gives every line that was not given before, oldest first; what is no line of ours, or not written to its end yet,
    /// is left out.
    pub fn read(&mut self, mut take: impl FnMut(Line)) -> io::Result<()> {
        let mut line = Vec::new();
        for name in names(&self.folder)? {
            if name < self.file {
                continue;
            }
            if name != self.file {
                (self.file, self.offset) = (name, 0);
            }
            let mut file = File::open(path(&self.folder, &self.file))?;
            file.seek(SeekFrom::Start(self.offset))?;
            let mut file = BufReader::new(file);
            while file.read_until(b'\n', &mut line)? > 0 && line.pop_if(|end| *end == b'\n').is_some() {
                self.offset += line.len() as u64 + 1;
                if let Some(line) = line_of(&String::from_utf8_lossy(&line)) {
                    take(line);
                }
                line.clear();
            }
            line.clear();
        }
        Ok(())
    }
}

fn stem(day: Date) -> String {
    format!("{day}")
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{BEGINNING}{name}{ENDING}"))
}

/// What stands between beginning and ending of the names, oldest first: a day, and its number (older versions had none).
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        let name = name.strip_prefix(BEGINNING).and_then(|name| name.strip_suffix(ENDING));
        names.extend(
            name.filter(|name| name.starts_with(|first: char| first.is_ascii_digit())).map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use time::Month;

    use super::*;

    fn day(day: u8) -> Date {
        Date::from_calendar_date(2026, Month::November, day).unwrap()
    }

    fn live(files: usize) -> Arc<LiveLimits> {
        Arc::new(LiveLimits::new(FileLimits { file_bytes: 100, files, days: 9 }))
    }

    fn set(folder: &Path) -> LogFiles {
        let limits = live(3);
        LogFiles { folder: folder.to_owned(), limits, open: Open::at(folder, day(1), 0).unwrap() }
    }

    #[test]
    fn a_new_file_begins_each_day_and_at_the_size_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = set(folder.path());
        let line = [b'x'; 60];
        for (at, wanted) in [
            (1, vec!["2026-11-01.000"]),
            (1, vec!["2026-11-01.000", "2026-11-01.001"]),
            (2, vec!["2026-11-01.000", "2026-11-01.001", "2026-11-02.000"]),
            (3, vec!["2026-11-01.001", "2026-11-02.000", "2026-11-03.000"]),
            (3, vec!["2026-11-02.000", "2026-11-03.000", "2026-11-03.001"]),
        ] {
            files.write_line(&line, day(at)).unwrap();
            assert_eq!(names(folder.path()).unwrap(), wanted);
        }
        // A line longer than a file is in one of its own, whole.
        files.write_line(&[b'y'; 500], day(3)).unwrap();
        assert_eq!(fs::metadata(path(folder.path(), "2026-11-03.002")).unwrap().len(), 500);
        for name in names(folder.path()).unwrap() {
            let mode = fs::metadata(path(folder.path(), &name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn other_limits_hold_from_the_next_line_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = set(folder.path());
        let line = [b'x'; 60];
        files.write_line(&line, day(1)).unwrap();
        files.limits.set(FileLimits { file_bytes: 1_000, files: 1, days: 9 });
        files.write_line(&line, day(1)).unwrap();
        assert_eq!(names(folder.path()).unwrap(), ["2026-11-01.000"], "there is room now");
        files.write_line(&line, day(2)).unwrap();
        assert_eq!(names(folder.path()).unwrap(), ["2026-11-02.000"], "only one is kept now");
    }

    #[test]
    fn what_is_too_old_goes_though_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = set(folder.path());
        let line = [b'x'; 60];
        for (at, wanted) in [
            (1, vec!["2026-11-01.000"]),
            (10, vec!["2026-11-01.000", "2026-11-10.000"]),
            (11, vec!["2026-11-10.000", "2026-11-11.000"]),
            (29, vec!["2026-11-29.000"]),
        ] {
            files.write_line(&line, day(at)).unwrap();
            assert_eq!(names(folder.path()).unwrap(), wanted);
        }
    }

    #[test]
    fn a_start_goes_on_where_the_last_one_ended_and_leaves_others_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        for other in ["tonnytray.log", "tonnytray.old.log", "logs.db"] {
            fs::write(folder.path().join(other), "x").unwrap();
        }
        fs::write(folder.path().join("tonnytray.2020-01-01.log"), "older\n").unwrap();
        for round in 0..3 {
            let mut files = LogFiles::open(folder.path(), live(2)).unwrap();
            files.write_all(format!("2026-11-21T10:00:00.000Z  INFO t: round {round}\n").as_bytes()).unwrap();
        }
        assert_eq!(names(folder.path()).unwrap().len(), 2);
        let mut reader = LogReader::new(folder.path());
        let mut messages = Vec::new();
        reader.read(|line| messages.push(line.message)).unwrap();
        assert_eq!(messages.last().map(String::as_str), Some("round 2"));
        let mut files = LogFiles::open(folder.path(), live(9)).unwrap();
        for text in [
            "2026-11-21T10:00:00.000Z  INFO t: one\n",
            "not a line\n",
            "2026-11-21T10:00:00.000Z  INFO t: tw",
        ] {
            files.write_all(text.as_bytes()).unwrap();
        }
        let mut new = |wanted: &[&str]| {
            let mut messages = Vec::new();
            reader.read(|line| messages.push(line.message)).unwrap();
            assert_eq!(messages, wanted);
        };
        new(&["one"]);
        files.write_all(b"o\n").unwrap();
        new(&["two"]);
        new(&[]);
        for other in ["tonnytray.log", "tonnytray.old.log", "logs.db"] {
            assert!(folder.path().join(other).exists(), "{other}");
        }
    }
}
