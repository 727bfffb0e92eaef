//! Fake workers under the real supervisor: started, waited for, killed. The one file here that knows the library's API.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tonny_supervisor::{Base, Handle, Spec, Supervisor, WorkerState};

use crate::programs;

/// Far above anything a fake worker needs, so that only what hangs is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A fake worker with these flags.
pub fn fake(name: &str, flags: &[&str]) -> Result<Spec> {
    let mut spec = Spec::new(name, programs::beside("fake-worker")?);
    spec.args = flags.iter().map(Into::into).collect();
    Ok(spec)
}

/// Starts it on this runtime, kept by the keeper.
pub fn launch(spec: Spec) -> Result<Handle> {
    let (supervisor, _records) =
        Supervisor::new(Base { keeper: Some(programs::beside("tonny-keeper")?), ..Base::default() });
    let (handle, future) = supervisor.worker(spec)?;
    tokio::spawn(future);
    Ok(handle)
}

/// Waits for a state.
pub async fn until(
    handle: &Handle,
    what: &str,
    wanted: impl FnMut(&WorkerState) -> bool,
) -> Result<WorkerState> {
    let mut states = handle.state();
    let found = tokio::time::timeout(PATIENCE, states.wait_for(wanted)).await;
    let Ok(found) = found else {
        bail!("waited in vain for {what}: {:?}, log {:?}", handle.state().borrow(), handle.log_tail())
    };
    Ok(found.context("the worker's future is gone")?.clone())
}

/// Waits for the first readiness after so many starts.
pub async fn ready(handle: &Handle, incarnation: u64) -> Result<WorkerState> {
    let is_ready =
        |state: &WorkerState| state.ready.as_ref().is_some_and(|ready| ready.incarnation >= incarnation);
    until(handle, &format!("readiness of start {incarnation}"), is_ready).await
}

/// The ready line's fields.
pub fn line(state: &WorkerState) -> Result<Value> {
    Ok(serde_json::from_str(&state.ready.as_ref().context("a ready worker")?.line)?)
}

/// A moment out of the ready line, in nanoseconds of the monotonic clock.
pub fn moment(state: &WorkerState, name: &str) -> Result<u64> {
    line(state)?[name].as_u64().with_context(|| format!("no {name} in the ready line"))
}

/// Number of the start that is ready now.
pub fn incarnation(state: &WorkerState) -> u64 {
    state.ready.as_ref().map_or(0, |ready| ready.incarnation)
}

/// Kills the worker itself, not its keeper.
pub fn kill(state: &WorkerState, signal: Signal) -> Result<()> {
    let pid = state.pid.and_then(|pid| Pid::from_raw(pid.cast_signed())).context("a live worker")?;
    Ok(kill_process(pid, signal)?)
}

/// Milliseconds since a moment of the monotonic clock.
pub fn ms_between(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 / 1e6
}
