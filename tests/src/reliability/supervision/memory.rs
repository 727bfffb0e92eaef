//! S14: a leaking worker is stopped near its ceiling, and where there is none the system ends the worker and not the app.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_supervisor::{Cause, WorkerState};

use super::workers::{fake, launch, ready, until};
use crate::bench::percentile;
use crate::process::Running;
use crate::programs::beside;
use crate::reliability::{Outcome, Size};

/// In bytes.
const CEILING: u64 = 300 << 20;
/// MB each second.
const LEAK: &str = "200";
/// How often the leaking worker's peak is read.
const LOOK: Duration = Duration::from_millis(1);
/// Of app, keeper and worker together.
const GROUP: u64 = 200 << 20;
const GROUP_FOLDER: &str = "/sys/fs/cgroup/memory/tonny-s14";
/// For the system to end one worker.
const PATIENCE: Duration = Duration::from_secs(30);

/// The peak against the ceiling, and who dies where memory runs out.
pub async fn held(size: Size) -> Result<Outcome> {
    let tries = size.pick(5, 50);
    let mut peaks = Vec::new();
    for number in 0..tries {
        peaks.push(peak(number).await?);
    }
    let most = percentile(&mut peaks, 100);
    let limit = CEILING as f64 * 1.1;
    let (text, spared, impossible) = match memory_group() {
        Ok(group) => {
            let worker_first = without_ceiling(&group, tries)?;
            let text = format!("; app spared {worker_first} of {tries} times when memory ran out");
            (text, worker_first == tries, vec![])
        }
        Err(error) => (String::new(), true, vec![format!("who dies first when memory runs out: {error:#}")]),
    };
    let text = format!(
        "peak {:.0} MiB at most with a ceiling of {} MiB ({:+.1} %), {tries} leaks of {LEAK} MB/s{text}",
        most / f64::from(1 << 20),
        CEILING >> 20,
        (most / CEILING as f64 - 1.0) * 100.0
    );
    Ok(Outcome::timed(spared, most <= limit, text).without(&impossible))
}

/// Bytes the worker had at most.
async fn peak(number: u32) -> Result<f64> {
    let mut spec = fake(&format!("s14-{number}"), &["--leak", LEAK])?;
    spec.memory_ceiling = Some(CEILING);
    let handle = launch(spec)?;
    let state = ready(&handle, 1).await?;
    let pid = state.pid.context("a pid")?;
    let watching = std::thread::spawn(move || {
        let mut peak = 0.0_f64;
        while let Some(now) = high_water(pid) {
            peak = peak.max(now);
            std::thread::sleep(LOOK);
        }
        peak
    });
    let is_over = |state: &WorkerState| state.last_exit.is_some();
    let state = until(&handle, "the ceiling", is_over).await?;
    let cause = state.last_exit.map(|exit| exit.cause);
    ensure!(cause == Some(Cause::MemoryCeiling), "ended for {cause:?}");
    handle.close().await?;
    watching.join().ok().context("the watching thread panicked")
}

/// The kernel's own peak; nothing once the process has ended.
fn high_water(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? * 1024.0)
}

fn memory_group() -> Result<PathBuf> {
    let group = Path::new(GROUP_FOLDER);
    std::fs::create_dir_all(group).context("no memory group (cgroup v1) can be made here")?;
    std::fs::write(group.join("memory.limit_in_bytes"), GROUP.to_string())?;
    Ok(group.to_owned())
}

/// How often the worker was ended and the app lived on.
fn without_ceiling(group: &Path, tries: u32) -> Result<u32> {
    let mut spared = 0;
    for _ in 0..tries {
        // Joined before the app starts, so that everything it starts belongs to the group.
        let script = format!("echo $$ > {}/cgroup.procs; exec \"$@\"", group.display());
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(beside("fake-app")?).args(["--", "--leak", "400"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut app = Running::start_with_pipes(&mut command)?;
        let output = app.child().stdout.take().context("piped")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        spared += u32::from(worker_ended(&lines)? && !app.has_ended()?);
    }
    Ok(spared)
}

/// Whether the app said that its worker ended for want of memory, before the patience was over.
fn worker_ended(lines: &mpsc::Receiver<String>) -> Result<bool> {
    let began = Instant::now();
    while let Ok(line) = lines.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
        if let Some(cause) = line.strip_prefix("ended ") {
            ensure!(cause == "out_of_memory", "the worker ended for {cause}");
            return Ok(true);
        }
    }
    Ok(false)
}
