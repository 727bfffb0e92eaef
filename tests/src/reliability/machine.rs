//! The rules of a worker in virtual time (S7 simulated, S10 to S12, S15), and the supervisor's own panics (S17). The models
//! are the crate's own (crates/tonny-supervisor/tests/model/), run here in the size of the promise.

#[allow(clippy::unwrap_used, reason = "a model may fail loudly")]
#[path = "../../../crates/tonny-supervisor/tests/model/panics.rs"]
mod panics;
#[path = "../../../crates/tonny-supervisor/tests/model/sequences.rs"]
mod sequences;
#[allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a model may fail loudly; other rows take other parts of it"
)]
#[path = "../../../crates/tonny-supervisor/tests/model/world.rs"]
pub(super) mod world;

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tonny_core::ports::Clock;
use tonny_core::worker_log::{self, WorkerLog, WorkerLogQuery};
use tonny_supervisor::{
    At, Base, Cause, Exit, Handle, How, LogLimits, Permit, Probe, Rejected, Spec, Supervisor,
};

use super::supervision::workers::{fake, launch, line, ready, until};
use super::{Outcome, Row, Size, dice::Dice};
use crate::bench::percentile;
use crate::programs;
use world::{HOUR, MINUTE, Profile, SECOND, World};

/// Every row that needs the rules more than processes.
pub const ROWS: &[Row] = &[
    Row {
        id: "S7v",
        promise: "Never two live copies of one worker, in any order of events (simulated; S7 has the real storms)",
        limit: "0 in 10,000 random sequences",
        run: |size| Outcome::of(|| one_copy(size)),
    },
    Row {
        id: "S10",
        promise: "Busy is not hung: requests that block the worker's loop for 60 s",
        limit: "0 restarts in 10 min real and 24 h virtual",
        run: |size| Outcome::of_async(|| busy(size)),
    },
    Row {
        id: "S11",
        promise: "A crash loop is cheap and visible",
        limit: "<= 3 restarts per 5 min, then the ladder; supervisor CPU <= 1 % of a core; state <= 200 ms",
        run: |size| Outcome::of_async(|| crash_loop(size)),
    },
    Row {
        id: "S12",
        promise: "The start timeout is a stall timeout",
        limit: "20 min with progress is waited for; without, killed at 60 s +/- 1 s",
        run: |_| Outcome::of(start_stall),
    },
    Row {
        id: "S15",
        promise: "Clock jump and resume: +8 h and -1 h by the wall clock, sleeps of a second to a night",
        limit: "0 false restarts, 0 bursts",
        run: |size| Outcome::of(|| sleeps(size)),
    },
    Row {
        id: "S17",
        promise: "The supervisor survives itself: a panic at each of its points",
        limit: "recovered <= 100 ms, workers untouched",
        run: |size| Outcome::of(|| survives(size)),
    },
];

fn one_copy(size: Size) -> Result<Outcome> {
    let cases = size.pick(1_000, 10_000);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config)
        .run(&sequences::steps(120), |steps| sequences::holds(steps).map_err(TestCaseError::fail));
    Ok(match run {
        Ok(()) => Outcome::measured(true, format!("0 in {cases} sequences of up to 120 events")),
        Err(error) => Outcome::measured(false, error.to_string()),
    })
}

/// The worker answers one thing at a time: its health waits behind its work.
async fn busy(size: Size) -> Result<Outcome> {
    let asked_after = Some(Duration::from_millis(100));
    let day = |computes| {
        let profile = Profile { asked_after, answers_in: MINUTE, computes, ..Profile::good() };
        World::run(profile, 1, 24 * HOUR).story
    };
    let days = [day(true), day(false)];
    let virtually: usize = days.iter().map(|day| day.starts.len() - 1 + day.ends.len()).sum();
    let mut spec = fake("s10", &["--http", "--one-loop"])?;
    let how = How::Http { path: "/health".to_owned(), token: false };
    spec.health = vec![Probe { how, at: At::Told, timeout: SECOND }];
    let handle = launch(spec)?;
    ready(&handle, 1).await?;
    let (asks, each) = (size.pick(1, 10), size.pick(20 * SECOND, MINUTE));
    for _ in 0..asks {
        work(&handle, each).await?;
    }
    let restarts = handle.state().borrow().restarts;
    handle.close().await?;
    let answered = days[0].answered + days[1].answered;
    let text = format!(
        "{virtually} in 2 x 24 h virtual ({answered} requests of 60 s), {restarts} in {asks} real ones of {} s",
        each.as_secs()
    );
    Ok(Outcome::measured(virtually == 0 && restarts == 0 && answered > 2_800, text))
}

/// Eight slow answers in a row open the request breaker, as they should: it says when to ask again.
async fn admitted(handle: &Handle) -> Result<Permit> {
    loop {
        match handle.permit() {
            Ok(permit) => return Ok(permit),
            Err(Rejected { retry_after: Some(wait), .. }) => tokio::time::sleep(wait).await,
            Err(rejected) => return Err(rejected.into()),
        }
    }
}

/// One request that blocks the worker for this time.
async fn work(handle: &Handle, time: Duration) -> Result<()> {
    let permit = admitted(handle).await?;
    let state = handle.state().borrow().clone();
    let address = line(&state)?["address"].as_str().context("no address")?.to_owned();
    let token = state.ready.context("not ready")?.token;
    let ask = format!(
        "GET /work?ms={} HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {}\r\n\r\n",
        time.as_millis(),
        token.expose()
    );
    let answer = tokio::task::spawn_blocking(move || -> Result<String> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(ask.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.await??;
    if !answer.contains("200 OK") {
        bail!("answered {answer:?}");
    }
    permit.succeeded();
    Ok(())
}

async fn crash_loop(size: Size) -> Result<Outcome> {
    let day = World::run(Profile::ends_at_once(1), 1, 24 * HOUR).story;
    let limits = Profile::good().spec.restart;
    let quick = day.waits.iter().take_while(|(.., is_probe)| !is_probe).count();
    let follows_ladder = day.waits[quick..].iter().enumerate().all(|(failed, (_, wait, is_probe))| {
        let least = limits.probe_delay(u32::try_from(failed).unwrap_or(u32::MAX));
        *is_probe && (least..=least.mul_f64(1.0 + limits.jitter)).contains(wait)
    });
    // A program that ends at once.
    let mut spec = Spec::new("s11", "/bin/false");
    spec.restart = limits.clone();
    let (before, began) = (cpu_time()?, Instant::now());
    let handle = launch(spec)?;
    let mut states = handle.state();
    let mut delays = Vec::new();
    let over = tokio::time::sleep(size.pick(15 * SECOND, 10 * MINUTE));
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => break,
            changed = states.changed() => {
                changed?;
                delays.push(states.borrow_and_update().since.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let share = (cpu_time()? - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let restarts = handle.state().borrow().restarts;
    handle.close().await?;
    let seen = percentile(&mut delays, 100);
    let text = format!(
        "virtual day: {quick} restarts, then {} probes on the ladder; real {:.0} s: {restarts} restarts, {share:.2} % CPU, \
         state seen after {seen:.1} ms at most",
        day.waits.len() - quick,
        began.elapsed().as_secs_f64()
    );
    let budget = limits.budget as usize;
    Ok(Outcome::timed(quick <= budget && follows_ladder, share <= 1.0 && seen <= 200.0, text))
}

/// Of this process and of the children it has reaped.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("no name in stat")?.1.split_whitespace();
    // utime and stime, as proc(5) counts them from behind the name; the children's are not the supervisor's.
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse().unwrap_or(0_u64)).sum();
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

fn start_stall() -> Result<Outcome> {
    let moving = Profile { loads: Some(20 * MINUTE), says_each: Some(50 * SECOND), ..Profile::good() };
    let moving = World::run(moving, 1, HOUR).story;
    let still = World::run(Profile { loads: None, ..Profile::good() }, 1, HOUR).story;
    let killed_after = *still.forced.first().context("never killed")? - still.starts[0];
    let was_waited_for = moving.starts.len() == 1 && moving.forced.is_empty();
    let is_near = killed_after.abs_diff(MINUTE) <= SECOND && still.ends[0].1 == Cause::StartTimeout;
    let text = format!(
        "20 min with progress: {} kills; without: killed after {:.1} s",
        moving.forced.len(),
        killed_after.as_secs_f64()
    );
    Ok(Outcome::measured(was_waited_for && is_near, text))
}

fn sleeps(size: Size) -> Result<Outcome> {
    let (seed, runs) = (Dice::seed() % (1 << 40), size.pick(100, 1_000));
    let found: Vec<String> = (0..runs).filter_map(|run| world::sleeps(seed + run, 50).err()).collect();
    // A worker in its crash loop must not make up for the probes it slept through.
    let exit = Exit { code: Some(1), signal: None };
    let mut looping = World::new(Profile { exit, ..Profile::ends_at_once(1) }, seed);
    looping.tell(tonny_supervisor::machine::Event::Start);
    looping.pass(HOUR);
    let before = looping.story.starts.len();
    looping.sleep(8 * HOUR);
    looping.pass(SECOND);
    let burst = looping.story.starts.len() - before;
    let text = format!(
        "{} false restarts in {runs} runs with 50 sleeps each (seed {seed}); {burst} start in the second after 8 h; the wall \
         clock decides nothing, so its jumps do nothing",
        found.len()
    );
    Ok(Outcome::measured(found.is_empty() && burst <= 1, text))
}

/// One thread, so that the panics are where the trap listens.
fn survives(size: Size) -> Result<Outcome> {
    let trap = panics::Trap::default();
    let _listening = tracing::subscriber::set_default(trap.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let logs = tempfile::tempdir()?;
    runtime.block_on(async {
        let keeper = Some(programs::beside("tonny-keeper")?);
        let segments = LogLimits::new(logs.path().join("segments"));
        let (supervisor, records) = Supervisor::new(Base { keeper, logs: Some(segments), ..Base::default() });
        let (log, write) = worker_log::start(logs.path().join("logs.db"), Arc::new(Wall), records);
        let writing = tokio::spawn(write);
        let (handle, future) = supervisor.worker(panics::talker())?;
        tokio::spawn(future);
        until(&handle, "readiness", |state| state.ready.is_some()).await?;
        let folder = logs.path().join("segments/talker");
        let mut times = Vec::new();
        for _ in 0..size.pick(5, 50) {
            for point in panics::POINTS {
                let took = panics::recovers(&trap, &handle, point).await.map_err(anyhow::Error::msg)?;
                times.push(took.as_secs_f64() * 1e3);
            }
            let took = panics::writer_recovers(&trap, &supervisor, &folder).await;
            times.push(took.map_err(anyhow::Error::msg)?.as_secs_f64() * 1e3);
            times.push(rows_are_written_again(&trap, &handle, &log).await?.as_secs_f64() * 1e3);
        }
        handle.close().await?;
        log.close().await;
        writing.await?;
        let (p50, max) = (percentile(&mut times, 50), percentile(&mut times, 100));
        let points = panics::POINTS.len() + 2;
        let text = format!(
            "{} panics at {points} points (the worker's task, the thread that writes segments, the task that writes rows): \
             p50 {p50:.1}, max {max:.1} ms, 0 workers lost",
            times.len()
        );
        Ok(Outcome::timed(true, max <= 100.0, text))
    })
}

/// A panic of the task that writes rows: how long until a question is answered again, with what was to be written then.
async fn rows_are_written_again(trap: &panics::Trap, handle: &Handle, log: &WorkerLog) -> Result<Duration> {
    // A restart gives records, and their batch is written after 250 ms at the latest.
    handle.restart();
    let panicked = trap.springs("worker log: writing rows").await.map_err(anyhow::Error::msg)?;
    let rows = log.list(WorkerLogQuery { limit: 1, ..Default::default() }).await?.rows;
    let took = panicked.elapsed();
    if rows.is_empty() {
        bail!("what was to be written when it panicked is lost");
    }
    until(handle, "readiness", |state| state.ready.is_some()).await?;
    Ok(took)
}

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn utc(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc()
    }
}
