//! Reads segment files back, line by line: for people, and for tests that count.

use super::{
    Stream,
    marks::{self, Mark},
    segment,
};
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    vec,
};

/// One thing in a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was read from the worker, to a quarter of a second; ms since 1970.
    pub at_ms: u64,
    /// What it is.
    pub said: Said,
}

/// What is in segment files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line, redacted.
    Line {
        /// Where the worker wrote it.
        stream: Stream,
        /// Without its end.
        text: String,
    },
    /// A copy of the worker starts here.
    Start {
        /// Its number.
        incarnation: u64,
    },
    /// Lines are missing here.
    Dropped {
        /// How many.
        lines: u64,
    },
}

/// Everything kept of one worker, oldest first.
#[derive(Debug)]
pub struct Stored {
    files: vec::IntoIter<PathBuf>,
    file: Option<BufReader<File>>,
    at_ms: u64,
    stream: Stream,
    line: Vec<u8>,
}

impl Stored {
    /// Opens the segments of `worker` below the log folder.
    ///
    /// # Errors
    /// When the worker has none, or they cannot be listed.
    pub fn open(folder: &Path, worker: &str) -> io::Result<Self> {
        let files = segment::of_worker(folder, worker)?.into_iter();
        Ok(Self { files, file: None, at_ms: 0, stream: Stream::Output, line: Vec::new() })
    }

    fn read(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some(file) = &mut self.file else {
                match self.files.next().map(File::open) {
                    None => return Ok(None),
                    // Retention was quicker.
                    Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                    Some(file) => self.file = Some(BufReader::new(file?)),
                }
                continue;
            };
            self.line.clear();
            file.read_until(b'\n', &mut self.line)?;
            // A line without its end is still being written.
            let Some(line) = self.line.strip_suffix(b"\n") else {
                self.file = None;
                continue;
            };
            let line = String::from_utf8_lossy(line).into_owned();
            if let Some(entry) = self.understand(line) {
                return Ok(Some(entry));
            }
        }
    }

    fn understand(&mut self, line: String) -> Option<Entry> {
        let said = match marks::read(&line) {
            Some(Mark::Time(at)) => {
                self.at_ms = at;
                return None;
            }
            Some(Mark::Lines(stream, after)) => {
                (self.stream, self.at_ms) = (stream, self.at_ms.saturating_add(after));
                return None;
            }
            Some(Mark::Start(at, incarnation)) => {
                self.at_ms = at;
                Said::Start { incarnation }
            }
            Some(Mark::Dropped(lines)) => Said::Dropped { lines },
            None => Said::Line { stream: self.stream, text: line },
        };
        Some(Entry { at_ms: self.at_ms, said })
    }
}

impl Iterator for Stored {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
