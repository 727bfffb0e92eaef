//! L2: what the disk and the database do must not reach the worker: overload, a full disk, a disk that stands still, a
//! database that another program has locked.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tonny_core::ports::Clock;
use tonny_core::worker_log;
use tonny_supervisor::Spec;

use super::bench::{Bench, Report, flooder, held, report, roomy};
use crate::process::run;
use crate::reliability::{Outcome, Size};

const WORST_MS: f64 = 50.0;
/// Room on the disk that is to be full, in MiB.
const SMALL: u32 = 16;

pub fn never_blocks(size: Size) -> Outcome {
    Outcome::of_async(|| measure(size))
}

async fn measure(size: Size) -> Result<Outcome> {
    let length = Duration::from_secs(size.pick(1, 10));
    let (mut texts, mut holds, mut in_time, mut impossible) = (Vec::new(), true, true, Vec::new());
    for (what, tried) in [
        ("all it can", overload(length).await),
        ("full disk", full(length).await),
        ("disk stands still", frozen(size).await),
        ("database locked", locked(length).await),
    ] {
        match tried {
            Ok(Tried { report, stored, wrong, dropped }) => {
                let exact = report.lines() == stored + dropped && wrong == 0;
                holds &= exact;
                in_time &= report.worst_ms <= WORST_MS;
                texts.push(format!(
                    "{what}: {:.1} M lines = {:.1} M stored + {:.1} M counted{}, write() max {:.1} ms",
                    report.lines() as f64 / 1e6,
                    stored as f64 / 1e6,
                    dropped as f64 / 1e6,
                    if exact { String::new() } else { format!(" (NOT EXACT, {wrong} torn or doubled)") },
                    report.worst_ms
                ));
            }
            Err(error) if error.is::<Impossible>() => impossible.push(format!("{what}: {error:#}")),
            Err(error) => {
                holds = false;
                texts.push(format!("{what}: not finished, {error:#}"));
            }
        }
    }
    Ok(Outcome::timed(holds, in_time, texts.join("; ")).without(&impossible))
}

/// What came of one disturbance.
struct Tried {
    report: Report,
    stored: u64,
    /// Lines in the segments that nobody wrote so: torn, doubled.
    wrong: u64,
    dropped: u64,
}

/// This machine cannot make such a disk.
#[derive(Debug)]
struct Impossible(String);

impl std::fmt::Display for Impossible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Impossible {}

/// Ten times the promised rate is more than one write() a line can give; as quick as it can is the most there is.
async fn overload(length: Duration) -> Result<Tried> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::new(roomy(&folder.path().join("logs")))?;
    disturbed(bench, 0, length, folder.path(), async || Ok(())).await
}

async fn full(length: Duration) -> Result<Tried> {
    let folder = tempfile::tempdir()?;
    let disk = Disk::mount(folder.path(), &["-t", "tmpfs", "-o", &format!("size={SMALL}m"), "none"])?;
    let bench = Bench::new(roomy(&disk.at.join("logs")))?;
    disturbed(bench, 200_000, length, folder.path(), async || Ok(())).await
}

async fn frozen(size: Size) -> Result<Tried> {
    let (still, length) = (Duration::from_secs(size.pick(1, 10)), Duration::from_secs(size.pick(2, 12)));
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("image");
    std::fs::File::create(&image)?.set_len(2 << 30)?;
    let made = run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image));
    made.map_err(|error| Impossible(format!("no file system of its own: {error}")))?;
    let disk = Disk::mount(folder.path(), &["-o", "loop", &image.display().to_string()])?;
    let bench = Bench::new(roomy(&disk.at.join("logs")))?;
    let at = disk.at.clone();
    disturbed(bench, 200_000, length, folder.path(), async move || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let frozen = Frozen::freeze(&at)?;
        tokio::time::sleep(still).await;
        drop(frozen);
        Ok(())
    })
    .await
}

/// Every line is an error, so that there is something for the database; another program holds its lock.
async fn locked(length: Duration) -> Result<Tried> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::new(roomy(&folder.path().join("logs")))?;
    let (_, nothing) = tokio::sync::mpsc::channel(1);
    let records = std::mem::replace(&mut bench.records, nothing);
    let database = folder.path().join("logs.db");
    let (log, run) = worker_log::start(database.clone(), Arc::new(Wall), records);
    tokio::spawn(run);
    // Asking makes the file.
    log.list(Default::default()).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let complains = Spec { args: vec!["-c".into(), COMPLAIN.into()], ..Spec::new("complains", "/bin/sh") };
    let complaining = bench.launch(complains)?;
    let tried = disturbed(bench, 100_000, length, folder.path(), async || {
        let lock = Lock::take(&database)?;
        tokio::time::sleep(length).await;
        drop(lock);
        Ok(())
    })
    .await?;
    complaining.close().await?;
    let began = Instant::now();
    loop {
        let page = log.list(worker_log::WorkerLogQuery { limit: 1_000, ..Default::default() }).await;
        if page.is_ok_and(|page| page.rows.iter().any(|row| row.worker == "complains" && row.kind == "line"))
        {
            break;
        }
        if began.elapsed() > Duration::from_secs(20) {
            bail!("no row reached the database after the lock was gone");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    log.close().await;
    Ok(tried)
}

const COMPLAIN: &str = "echo '{}'; while :; do echo 'ERROR again' >&2; sleep 0.02; done";

/// A flood while something happens to the disk.
async fn disturbed<F: Future<Output = Result<()>>>(
    mut bench: Bench,
    rate: u64,
    length: Duration,
    folder: &Path,
    disturbance: impl FnOnce() -> F,
) -> Result<Tried> {
    let path = folder.join("report");
    let handle = bench.launch(flooder(rate, length, &path)?)?;
    let (said, disturbed) = tokio::join!(report(&path, || {}), disturbance());
    disturbed?;
    let report = said?;
    handle.close().await?;
    bench.supervisor.flush_logs().await;
    let held = held(&bench.limits).await?;
    // Where the disk had room again the marks say the same; where it never had, only the records can.
    let dropped = bench.dropped().max(held.dropped);
    Ok(Tried { report, stored: held.lines, wrong: held.wrong, dropped })
}

struct Disk {
    at: PathBuf,
}

impl Disk {
    fn mount(folder: &Path, what: &[&str]) -> Result<Self> {
        let at = folder.join("disk");
        std::fs::create_dir(&at)?;
        let mounted = run(Command::new("mount").args(what).arg(&at));
        mounted.map_err(|error| Impossible(format!("no disk of its own: {error}")))?;
        Ok(Self { at })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the log's thread may still have a file open there.
        let _ = run(Command::new("umount").arg("-l").arg(&self.at));
    }
}

struct Frozen(PathBuf);

impl Frozen {
    fn freeze(at: &Path) -> Result<Self> {
        let frozen = run(Command::new("fsfreeze").arg("-f").arg(at));
        frozen.map_err(|error| Impossible(format!("no disk that stands still: {error}")))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = run(Command::new("fsfreeze").arg("-u").arg(&self.0));
    }
}

/// Another program in the middle of a write.
struct Lock(Child);

impl Lock {
    fn take(database: &Path) -> Result<Self> {
        const HOLD: &str = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                            c.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()";
        let mut child = Command::new("python3")
            .args(["-c", HOLD])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Impossible(format!("no program to hold the lock: {error}")))?;
        let mut said = [0; 4];
        let out = child.stdout.as_mut().context("a pipe")?;
        std::io::Read::read_exact(out, &mut said).context("the lock was not taken")?;
        Ok(Self(child))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The wall clock.
pub struct Wall;

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn utc(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc()
    }
}
