//! S16: the app killed and started again at once, with everything lying around that the dead one left. The real app with
//! the real engine on a virtual desktop.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use crate::app::{App, Build};
use crate::bench::percentile;
use crate::desktop::Desktop;
use crate::reliability::{Outcome, Size};

/// From the start to a ready engine, against starts after a quit.
pub fn at_once(size: Size) -> Result<Outcome> {
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &build, "s16")?;
    let mut cold = Vec::new();
    for _ in 0..size.pick(3, 10) {
        cold.push(start(&mut app, &desktop)?);
        app.quit(&desktop)?;
    }
    let cold = percentile(&mut cold, 50);
    start(&mut app, &desktop)?;
    let mut times = Vec::new();
    for number in 0..size.pick(8, 200) {
        app.running()?.signal(Signal::KILL)?;
        times.push(start(&mut app, &desktop).with_context(|| format!("relaunch {number}"))?);
        let engines = engines(&app)?;
        ensure!(engines == 1, "{engines} engines after relaunch {number}");
    }
    app.quit(&desktop)?;
    let (p50, max) = (percentile(&mut times, 50), percentile(&mut times, 100));
    let text = format!(
        "p50 {p50:.2}, max {max:.2} s over {} relaunches, cold start {cold:.2} s; one engine each time (real app)",
        times.len()
    );
    Ok(Outcome::timed(true, max <= cold + 1.0, text))
}

/// Seconds from the start of the program to the ready engine.
fn start(app: &mut App, desktop: &Desktop) -> Result<f64> {
    let began = Instant::now();
    app.start(desktop)?;
    Ok(began.elapsed().as_secs_f64())
}

/// Speech engines that work for this home: their command line names its models.
fn engines(app: &App) -> Result<usize> {
    let home = app.home.display().to_string();
    let pids = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()
    });
    Ok(pids.filter(|line| is_engine(line) && line.contains(&home)).count())
}

fn is_engine(line: &str) -> bool {
    line.split('\0').next().is_some_and(|program| program.ends_with("/tonny-speech"))
}
