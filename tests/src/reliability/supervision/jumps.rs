//! S15 by the wall clock of a real process: libfaketime gives the app another time of day again and again, while its
//! monotonic clock goes on as it is. The worker and its keeper have the true time: an app's environment is not theirs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use crate::process::Running;
use crate::programs::beside;
use crate::reliability::{Outcome, Size};

/// What the wall clock says instead, one after the other.
const JUMPS: [&str; 4] = ["+8h", "-1h", "+0", "-8h"];
/// Between two jumps: several of them between two probes.
const BETWEEN: Duration = Duration::from_millis(250);
/// Restarts of a worker that ends at once are due 1, 3 and 7 s after its first start, the next one half a minute later.
const STARTS: usize = 4;

/// A worker that is watched, and one that ends at once, while the time of day jumps.
pub fn by_the_wall(size: Size) -> Result<Outcome> {
    let Some(library) = library() else {
        return Ok(Outcome::Impossible("libfaketime is not installed (package faketime)".to_owned()));
    };
    let folder = tempfile::tempdir()?;
    let wall = Wall { library, file: folder.path().join("time") };
    wall.set("+0")?;
    let mut good = wall.app(&["--watched", "--", "--http"])?;
    let diary = folder.path().join("diary");
    let name = diary.to_str().context("a plain path")?;
    let looping = wall.app(&["--", "--exit-after", "0", "--ready", "never", "--diary", name])?;
    let mut lines = BufReader::new(good.child().stdout.take().context("piped")?).lines();
    let ready = lines.next().context("an answer")??;
    let pid: u32 = ready.strip_prefix("ready ").context("ready")?.parse()?;
    let (began, lasts) = (Instant::now(), size.pick(Duration::from_secs(12), Duration::from_secs(25)));
    let mut jumps = 0;
    while began.elapsed() < lasts {
        wall.set(JUMPS[jumps % JUMPS.len()])?;
        jumps += 1;
        std::thread::sleep(BETWEEN);
    }
    wall.set("+8h")?;
    ensure!(wall.offset()? > 7 * 3600, "the time of day did not jump");
    let lives = Path::new(&format!("/proc/{pid}")).exists();
    let starts = std::fs::read_to_string(&diary)?.lines().count();
    drop((good, looping));
    let text = format!(
        "{} false restarts and {starts} starts of a worker that ends at once, in {jumps} jumps of the wall clock by up to 16 h",
        usize::from(!lives)
    );
    Ok(Outcome::measured(lives && starts == STARTS, text))
}

struct Wall {
    library: PathBuf,
    file: PathBuf,
}

impl Wall {
    fn set(&self, time: &str) -> Result<()> {
        // Renamed into place: half a line would be read as no time at all.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{time}\n"))?;
        Ok(std::fs::rename(new, &self.file)?)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("DONT_FAKE_MONOTONIC", "1");
        command
    }

    fn app(&self, arguments: &[&str]) -> Result<Running> {
        let mut command = self.command(&beside("fake-app")?);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Running::start_with_pipes(&mut command)
    }

    /// How far the time of day of such a process is from ours, in seconds.
    fn offset(&self) -> Result<i64> {
        let output = self.command(Path::new("date")).arg("+%s").output()?;
        let theirs: i64 = String::from_utf8(output.stdout)?.trim().parse()?;
        Ok(theirs - i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
    }
}

/// Where distributions put it.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let places = folders.chain(["/usr/lib64".into(), "/usr/lib".into()]);
    places.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists())
}
