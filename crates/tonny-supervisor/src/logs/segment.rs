//! Segment files of all workers below one folder: one folder per worker, in it files named by the moment they were begun.
//! Retention drops whole files, oldest first, before a new one is begun, so that the limit holds at every moment.

use super::queue::LARGEST;
use crate::LogLimits;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Ending of a segment's name.
const ENDING: &str = "log";
/// Digits of the milliseconds in a name, so that names sort as times do until the year 2286.
const DIGITS: usize = 13;
/// What marks of the writer's own may add to a full segment, in bytes.
const MARKS: u64 = 1024;

/// All segments.
#[derive(Debug)]
pub(crate) struct Shelf {
    limits: LogLimits,
}

/// One file being written. Its size is known without asking.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    size: u64,
}

/// A write that did not get through.
#[derive(Debug)]
pub(crate) struct Torn {
    /// How many of the bytes are in the file: whole lines.
    pub(crate) kept: usize,
    pub(crate) source: io::Error,
}

impl Shelf {
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self { limits }
    }

    /// Whether this many bytes belong into a new segment.
    pub(crate) fn is_full(&self, segment: &Segment, more: usize) -> bool {
        segment.size + more as u64 > self.limits.segment_bytes
    }

    /// Begins a segment while the `open` ones are being written.
    pub(crate) fn begin(&self, worker: &str, now: SystemTime, open: &[PathBuf]) -> io::Result<Segment> {
        let folder = self.limits.folder.join(folder_name(worker));
        make_folder(&folder)?;
        let each = self.limits.segment_bytes.max(LARGEST as u64) + MARKS;
        // After what is there, also where the clock went back: names sort as they were begun.
        let newest = of_worker(&self.limits.folder, worker)?.pop();
        let newest = newest.and_then(|path| path.file_stem()?.to_str()?.parse::<u64>().ok());
        let mut name = super::millis(now).max(newest.map_or(0, |newest| newest + 1));
        self.drop_old(now, each * (open.len() as u64 + 1), open);
        loop {
            let path = folder.join(format!("{name:0DIGITS$}.{ENDING}"));
            match create(&path) {
                Ok(file) => return Ok(Segment { path, file, size: 0 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops what is too old, and the oldest of what is too much, so that `reserve` bytes fit beside. The `open` segments
    /// stay; their size is in the reserve.
    pub(crate) fn drop_old(&self, now: SystemTime, reserve: u64, open: &[PathBuf]) {
        let mut files = self.files();
        files.retain(|file| !open.contains(&file.path));
        files.sort_by(|one, other| other.path.file_name().cmp(&one.path.file_name()));
        let mut room = self.limits.total_bytes.saturating_sub(reserve);
        for file in files {
            let age = now.duration_since(file.modified).unwrap_or_default();
            if age <= self.limits.max_age && file.size <= room {
                room -= file.size;
                continue;
            }
            // Without this one the rest fits all the less: nothing older than a dropped segment stays.
            room = 0;
            if let Err(error) = fs::remove_file(&file.path) {
                tracing::warn!(path = %file.path.display(), %error, "an old log segment stays");
            }
        }
    }

    fn files(&self) -> Vec<Old> {
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let workers = entries(&self.limits.folder).map(|entry| entry.path());
        let files = workers.flat_map(|worker| entries(&worker).collect::<Vec<_>>());
        let files = files.filter(|file| file.path().extension().is_some_and(|ending| ending == ENDING));
        files
            .filter_map(|file| {
                let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some(Old { path: file.path(), size: about.len(), modified: about.modified().ok()? })
            })
            .collect()
    }
}

struct Old {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
}

impl Segment {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends whole lines. What could not be written to its end is taken back, so that the file holds whole lines.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Torn> {
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => return Err(self.torn(bytes, written, io::ErrorKind::WriteZero.into())),
                Ok(size) => written += size,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.torn(bytes, written, error)),
            }
        }
        self.size += written as u64;
        Ok(())
    }

    fn torn(&mut self, bytes: &[u8], written: usize, source: io::Error) -> Torn {
        let mut kept = memchr::memrchr(b'\n', &bytes[..written]).map_or(0, |end| end + 1);
        // Only where even that fails is half a line left; it ends with the next mark.
        if let Err(error) = self.file.set_len(self.size + kept as u64) {
            tracing::warn!(%error, "a torn log line stays");
            kept = written;
        }
        self.size += kept as u64;
        Torn { kept, source }
    }
}

/// The segments of one worker, oldest first.
pub(crate) fn of_worker(folder: &Path, worker: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder.join(folder_name(worker)))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A worker's name as the name of a folder: letters, digits and dashes stay; where anything else was, a number keeps two
/// workers apart.
fn folder_name(worker: &str) -> String {
    let safe = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    if !worker.is_empty() && worker.len() <= 64 && worker.chars().all(safe) {
        return worker.to_owned();
    }
    let kept: String = worker.chars().filter(|char| safe(*char)).take(40).collect();
    // FNV-1a: the same in every run, which is all that is asked of it.
    let number = worker
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{kept}.{number:016x}")
}

/// Only the owner may read what a worker says.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.append(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits(folder: &Path) -> LogLimits {
        let usual = LogLimits::new(folder);
        LogLimits { segment_bytes: 1 << 20, total_bytes: 6 << 20, max_age: Duration::from_secs(100), ..usual }
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second)
    }

    fn sizes(folder: &Path) -> u64 {
        Shelf::new(limits(folder)).files().iter().map(|file| file.size).sum()
    }

    #[test]
    fn segments_are_dropped_whole_before_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(limits(folder.path()));
        for number in 0..20 {
            let mut segment = shelf.begin("one", at(0), &[]).unwrap();
            segment.append(&vec![b'x'; 1 << 20]).unwrap();
            assert!(shelf.is_full(&segment, 1));
            assert!(sizes(folder.path()) <= 6 << 20, "{number}");
        }
        let names = of_worker(folder.path(), "one").unwrap();
        assert!(names.len() >= 4 && names[0].ends_with("1700000000015.log"), "{names:?}");
    }

    #[test]
    fn old_segments_go_and_open_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(limits(folder.path()));
        // Long after the files that are made below.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        for worker in ["one", "two"] {
            shelf.begin(worker, at(0), &[]).unwrap().append(b"old\n").unwrap();
        }
        let mut open = shelf.begin("one", at(5), &[]).unwrap();
        shelf.drop_old(now, 0, &[open.path().to_owned()]);
        open.append(b"new\n").unwrap();
        assert_eq!(of_worker(folder.path(), "one").unwrap().len(), 1);
        assert_eq!(of_worker(folder.path(), "two").unwrap().len(), 0);
        assert_eq!(sizes(folder.path()), 4);
    }

    #[test]
    fn any_name_is_a_folder_of_its_own() {
        let names = ["speech", "../../etc", "a b", "ab", "a/b", "", ".", "..", "ä", "ö", &"x".repeat(300)];
        let folders: std::collections::BTreeSet<_> = names.iter().map(|name| folder_name(name)).collect();
        assert_eq!(folders.len(), names.len());
        assert!(
            folders
                .iter()
                .all(|name| !name.contains(['/', ' ']) && name.len() < 80 && !name.starts_with(".."))
        );
        assert_eq!(folder_name("speech"), "speech");
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folders_are_the_owner_s() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Shelf::new(limits(&folder.path().join("logs"))).begin("one", at(0), &[]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("logs")), 0o700);
        assert_eq!(mode(&folder.path().join("logs/one")), 0o700);
        assert_eq!(mode(&of_worker(&folder.path().join("logs"), "one").unwrap()[0]), 0o600);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_counts() {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let torn = Segment { path: PathBuf::new(), file, size: 0 }.append(b"one\ntwo\n").unwrap_err();
        assert_eq!((torn.kept, torn.source.kind()), (0, io::ErrorKind::StorageFull));
    }
}
