//! S8: a stop is bounded, whatever the worker does against it.

use std::time::Instant;

use anyhow::Result;
use rustix::process::{Pid, Signal, test_kill_process};

use super::workers::{fake, kill, launch, ready};
use crate::bench::percentile;
use crate::reliability::{Outcome, Size};

/// Deaf to everything; with a deaf grandchild that holds the pipes; stopped by a signal.
const KINDS: [&[&str]; 3] = [
    &["--ignore-sigterm", "--ignore-stdin"],
    &["--ignore-sigterm", "--ignore-stdin", "--children", "1", "--generations", "2", "--hold-pipes"],
    &["--ignore-stdin"],
];
/// Stops that wait at the same time; each takes five seconds of waiting and hardly any work.
const AT_ONCE: usize = 20;

/// From the order to the end, 200 times.
pub async fn bounded(size: Size) -> Result<Outcome> {
    let all = size.pick(20, 200);
    let (mut times, mut survivors) = (Vec::new(), 0);
    for first in (0..all).step_by(AT_ONCE) {
        let mut stopping = Vec::new();
        for number in first..(first + AT_ONCE).min(all) {
            let kind = number % KINDS.len();
            let handle = launch(fake(&format!("s8-{number}"), KINDS[kind])?)?;
            let state = ready(&handle, 1).await?;
            if kind == 2 {
                kill(&state, Signal::STOP)?;
            }
            stopping.push((handle, state.pid.and_then(|pid| Pid::from_raw(pid.cast_signed()))));
        }
        let stops = stopping.into_iter().map(|(handle, pid)| {
            tokio::spawn(async move {
                let began = Instant::now();
                let stopped = handle.stop().await;
                (began.elapsed(), stopped.is_ok() && pid.is_some_and(|pid| test_kill_process(pid).is_err()))
            })
        });
        for stop in stops.collect::<Vec<_>>() {
            let (took, is_gone) = stop.await?;
            times.push(took.as_secs_f64());
            survivors += u32::from(!is_gone);
        }
    }
    let max = percentile(&mut times, 100);
    let text = format!("max {max:.3} s over {} stops, {survivors} workers left", times.len());
    Ok(Outcome::timed(survivors == 0, max <= 5.2, text))
}
