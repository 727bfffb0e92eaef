//! S6: no false kill by our own guard. Threads that started workers end, the blocking pool grows and shrinks, worker
//! threads change; whoever ties a worker's life to a thread of the pool loses it here.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tonny_supervisor::{Base, Handle, Phase, Supervisor};

use super::workers::{fake, ready};
use crate::programs::beside;
use crate::reliability::{Outcome, Size};

/// The pool's threads live ten seconds by default; so they come and go all the time.
const KEEP_ALIVE: Duration = Duration::from_millis(50);
const WORKERS: usize = 4;
const BLOCKING: usize = 64;

/// Worker deaths in ten minutes.
pub fn spared(size: Size) -> Result<Outcome> {
    let length = Duration::from_secs(size.pick(15, 600));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .max_blocking_threads(BLOCKING)
        .thread_keep_alive(KEEP_ALIVE)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            let handle = started_elsewhere(&format!("s6-{number}"))?;
            ready(&handle, 1).await?;
            workers.push(handle);
        }
        let began = Instant::now();
        let mut rounds = 0;
        while began.elapsed() < length {
            churn().await;
            rounds += 1;
        }
        let mut deaths = 0;
        for handle in &workers {
            let state = handle.state().borrow().clone();
            deaths += u32::from(state.restarts > 0 || state.phase != Phase::Ready);
            handle.close().await?;
        }
        let text = format!(
            "{deaths} deaths of {WORKERS} workers in {} s, {rounds} rounds of {BLOCKING} threads that came and went",
            length.as_secs()
        );
        Ok(Outcome::measured(deaths == 0, text))
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    outcome
}

/// A worker whose process was started by a thread that has ended since.
fn started_elsewhere(name: &str) -> Result<Handle> {
    let (supervisor, _records) =
        Supervisor::new(Base { keeper: Some(beside("tonny-keeper")?), ..Base::default() });
    let (handle, future) = supervisor.worker(fake(name, &[])?)?;
    let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(future);
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::spawn(move || {
        let _inside = runtime.enter();
        // The first poll starts the process.
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        future
    });
    let future = thread.join().ok().context("the starting thread panicked")?;
    tokio::spawn(future);
    Ok(handle)
}

/// The pool grows to its full size and shrinks to nothing; the worker threads hand their work over.
async fn churn() {
    let nap = || std::thread::sleep(Duration::from_millis(3));
    let tasks: Vec<_> = (0..BLOCKING).map(|_| tokio::task::spawn_blocking(nap)).collect();
    for task in tasks {
        let _ = task.await;
    }
    for _ in 0..4 {
        let _ = tokio::spawn(async move { tokio::task::block_in_place(nap) }).await;
    }
    tokio::time::sleep(KEEP_ALIVE * 2).await;
}
