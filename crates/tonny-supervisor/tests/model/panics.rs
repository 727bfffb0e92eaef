//! S17: a panic at each point where the supervisor says what it does, while it does it. The points are its own tracing
//! events: a subscriber that panics at one of them is a panic right there, with nothing built into the library for it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tonny_supervisor::{Handle, Phase, Requests, Spec, Supervisor, WorkerState};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// What a point that did not come back is given up after.
const PATIENCE: Duration = Duration::from_secs(10);

/// Panics once at the armed point.
#[derive(Debug, Clone, Default)]
pub struct Trap {
    armed: Arc<Mutex<Option<&'static str>>>,
    sprung: Arc<AtomicU32>,
    when: Arc<Mutex<Option<Instant>>>,
}

impl Trap {
    fn arm(&self, point: &'static str) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
    }

    fn spring(&self, message: &str) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        if armed.is_some_and(|point| message.starts_with(point)) {
            let point = armed.take();
            drop(armed);
            self.sprung.fetch_add(1, SeqCst);
            *self.when.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // No message: the panic hook would print one for each of many tries.
            std::panic::resume_unwind(Box::new(point));
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Trap {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tonny_") || metadata.target() == "worker"
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.spring(&message.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// A worker that says a line every 10 ms and ends when asked.
pub fn talker() -> Spec {
    let script = "read t; echo \"{\\\"pid\\\":$$}\"; while sleep 0.01; do echo tick >&2; done";
    let mut spec = Spec::new("talker", "/bin/sh");
    spec.args = vec!["-c".into(), script.into()];
    spec
}

/// The points, and how each is reached.
pub const POINTS: [&str; 6] = ["woke", "decided", "attended", "worker ended", "starting worker", "tick"];

async fn until(handle: &Handle, wanted: impl FnMut(&WorkerState) -> bool) -> Result<WorkerState, String> {
    let mut states = handle.state();
    match tokio::time::timeout(PATIENCE, states.wait_for(wanted)).await {
        Ok(Ok(state)) => Ok(state.clone()),
        _ => Err(format!("waited in vain: {:?}", handle.state().borrow())),
    }
}

/// A panic at this point, in a runtime of one thread where the trap listens: how long until the worker was seen to again,
/// counted from the panic.
pub async fn recovers(trap: &Trap, handle: &Handle, point: &'static str) -> Result<Duration, String> {
    let before = until(handle, |state| state.phase == Phase::Ready).await?;
    let sprung = trap.sprung.load(SeqCst);
    trap.arm(point);
    let stays = matches!(point, "woke" | "decided" | "tick");
    if stays {
        if point == "tick" {
            let deadline = Instant::now() + PATIENCE;
            while trap.sprung.load(SeqCst) == sprung && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        handle.hold(true);
        until(handle, |state| state.requests == Requests::Held).await?;
    } else {
        handle.restart();
        until(handle, |state| state.restarts > before.restarts).await?;
    }
    let Some(panicked) = *trap.when.lock().unwrap_or_else(PoisonError::into_inner) else {
        return Err(format!("nothing panicked at {point}"));
    };
    let took = panicked.elapsed();
    handle.hold(false);
    let after =
        until(handle, |state| state.phase == Phase::Ready && state.requests == Requests::Closed).await?;
    if trap.sprung.load(SeqCst) != sprung + 1 {
        return Err(format!("{point} was reached {} times", trap.sprung.load(SeqCst) - sprung));
    }
    if stays && (after.pid, after.restarts) != (before.pid, before.restarts) {
        return Err(format!("the worker did not outlive a panic at {point}"));
    }
    Ok(took)
}

impl Trap {
    /// Springs at this point when it is next reached; gives the moment.
    pub async fn springs(&self, point: &'static str) -> Result<Instant, String> {
        let sprung = self.sprung.load(SeqCst);
        self.arm(point);
        let deadline = Instant::now() + PATIENCE;
        while self.sprung.load(SeqCst) == sprung {
            if Instant::now() > deadline {
                return Err(format!("nothing panicked at {point}"));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let when = *self.when.lock().unwrap_or_else(PoisonError::into_inner);
        when.ok_or_else(|| "no moment".to_owned())
    }
}

/// A panic of the thread that writes segments, while a worker talks: how long until its lines are written again. What was
/// in hand is told of, and a flush has its answer.
pub async fn writer_recovers(
    trap: &Trap,
    supervisor: &Supervisor,
    folder: &std::path::Path,
) -> Result<Duration, String> {
    let panicked = trap.springs("writing lines").await?;
    let before = stored(folder);
    while stored(folder) <= before {
        if panicked.elapsed() > PATIENCE {
            return Err("segments are not written any more".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = panicked.elapsed();
    let flushed = tokio::time::timeout(PATIENCE, supervisor.flush_logs()).await;
    flushed.map(|()| took).map_err(|_| "a flush waits for ever".to_owned())
}

/// Bytes of all segments in the folder, which the first of them makes.
fn stored(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}
