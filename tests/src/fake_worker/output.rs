//! Output by the flood and by the drop. Lines are numbered, so that a reader's losses can be counted, and each write() is
//! timed, so that a reader that holds up its worker is found.

use std::time::{Duration, Instant};

use super::flags::{Flags, Hostile, Streams};

const ENDLESS: usize = 64 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// Times of write() in powers of two of a nanosecond: 40 of them are 18 minutes.
const CLASSES: usize = 40;

/// What one stream was given.
#[derive(Default)]
struct Written {
    lines: u64,
    bytes: u64,
    worst_ns: u64,
    /// Over 1, 10 and 50 ms.
    over: [u64; 3],
    classes: Vec<u64>,
}

/// Starts what was asked for, on threads of its own.
pub fn begin(flags: &Flags) {
    let flags = flags.clone();
    if flags.lines.is_some() {
        std::thread::spawn(move || flood(&flags));
        return;
    }
    if let Some(hostile) = flags.hostile {
        std::thread::spawn(move || speak(hostile));
    }
    if let Some(every) = flags.dribble {
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(every));
                write(2, b".");
            }
        });
    }
}

fn flood(flags: &Flags) {
    let streams: &[i32] = match flags.streams {
        Streams::Out => &[1],
        Streams::Err => &[2],
        Streams::Both => &[1, 2],
    };
    let written: Vec<(i32, Written)> = std::thread::scope(|scope| {
        let threads: Vec<_> = streams.iter().map(|fd| (*fd, scope.spawn(|| lines(*fd, flags)))).collect();
        threads.into_iter().map(|(fd, thread)| (fd, thread.join().expect("a writing thread"))).collect()
    });
    let Some(report) = &flags.lines_report else { return };
    let streams: serde_json::Map<String, serde_json::Value> = written
        .iter()
        .map(|(fd, written)| (if *fd == 1 { "out" } else { "err" }.to_owned(), written.json()))
        .collect();
    let text = serde_json::Value::from(streams).to_string();
    // Renamed, so that whoever waits for the file finds it whole.
    let new = report.with_extension("new");
    if let Err(error) = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, report)) {
        eprintln!("fake-worker: no report: {error}");
    }
}

/// Lines of the form `O000000000042 xxxx...`: the stream, the number, filling.
fn lines(fd: i32, flags: &Flags) -> Written {
    let mut written = Written { classes: vec![0; CLASSES * 8], ..Written::default() };
    let letter = if fd == 1 { 'O' } else { 'E' };
    let mut line = format!("{letter}{:012} {}", 0, "x".repeat(flags.line_bytes)).into_bytes();
    line.truncate(flags.line_bytes.max(15) - 1);
    line.push(b'\n');
    let (rate, length) = (flags.lines.unwrap_or(0), Duration::from_millis(flags.lines_for));
    let began = Instant::now();
    while began.elapsed() < length {
        number(&mut line[1..13], written.lines);
        let before = Instant::now();
        if !write(fd, &line) {
            break;
        }
        written.took(before.elapsed());
        written.lines += 1;
        written.bytes += line.len() as u64;
        if rate > 0 {
            pace(began, written.lines, rate);
        }
    }
    written
}

/// Decimal digits in place: formatting would cost more than the write.
fn number(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

/// Sleeps where the writing is ahead of its rate by more than a sleep is long.
fn pace(began: Instant, lines: u64, rate: u64) {
    let due = Duration::from_nanos(lines.saturating_mul(1_000_000_000) / rate);
    let ahead = due.saturating_sub(began.elapsed());
    if ahead > Duration::from_millis(1) {
        std::thread::sleep(ahead);
    }
}

impl Written {
    fn took(&mut self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.worst_ns = self.worst_ns.max(ns);
        self.classes[class(ns)] += 1;
        for (over, limit_ms) in self.over.iter_mut().zip([1, 10, 50]) {
            *over += u64::from(ns > limit_ms * 1_000_000);
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "lines": self.lines,
            "bytes": self.bytes,
            "worst_us": self.worst_ns as f64 / 1000.0,
            "p99_us": self.percentile(0.99) as f64 / 1000.0,
            "over_1ms": self.over[0],
            "over_10ms": self.over[1],
            "over_50ms": self.over[2],
        })
    }

    /// Upper bound of the class that holds it, an eighth too high at most.
    fn percentile(&self, share: f64) -> u64 {
        let wanted = (self.lines as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (at, count) in self.classes.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return bound(at);
            }
        }
        self.worst_ns
    }
}

/// Eight classes to each power of two.
fn class(ns: u64) -> usize {
    let ns = ns.max(8);
    let power = ns.ilog2() as usize;
    let eighth = ((ns >> (power - 3)) & 7) as usize;
    (power * 8 + eighth).min(CLASSES * 8 - 1)
}

fn bound(class: usize) -> u64 {
    let (power, eighth) = (class / 8, (class % 8) as u64);
    ((8 + eighth + 1) << power) >> 3
}

fn speak(hostile: Hostile) {
    match hostile {
        Hostile::Endless => {
            let piece = vec![b'x'; PIECE];
            for _ in 0..ENDLESS / PIECE {
                write(2, &piece);
            }
            write(2, b"\n");
        }
        Hostile::BadUtf8 => _ = write(2, b"bad \xff\xfe\xc3\x28 \xf0\x28\x8c\x28 bytes\n"),
        Hostile::Nul => _ = write(2, b"nul \0\0\0 bytes\n"),
        Hostile::Ansi => {
            write(2, b"\x1b[31mred\x1b[0m \x1b[2J\x1b[H\x1b]0;a title\x07\x1b[1000000C end\n");
        }
        Hostile::Bars => {
            for percent in 0..=100 {
                write(2, format!("\r{percent:3}% {}", "#".repeat(percent / 2)).as_bytes());
            }
            write(2, b"\n");
        }
    }
}

/// The whole of it, past every buffer of our own; false where nobody reads any more.
fn write(fd: i32, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: a valid buffer; the descriptor is one of the standard streams.
        let size = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(size) {
            Ok(size) => bytes = &bytes[size..],
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_its_times_and_is_an_eighth_wide() {
        for ns in [8, 9, 15, 16, 1000, 123_456, 1_000_000, 999_999_999] {
            let bound = bound(class(ns));
            assert!(bound > ns && bound as f64 <= ns as f64 * 1.25 + 1.0, "{ns}: {bound}");
        }
    }

    #[test]
    fn numbers_are_written_in_place() {
        let mut line = *b"O000000000000 x";
        number(&mut line[1..13], 40_273);
        assert_eq!(&line, b"O000000040273 x");
    }
}
