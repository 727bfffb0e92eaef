//! S7: never two live copies of one worker. The pure machine under random events, and real storms of orders and kills on a
//! worker that holds a lock for life and writes down when it finds it taken.

use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};
use tonny_supervisor::machine::{Effect, End, Event, Machine};
use tonny_supervisor::{Exit, Handle, Spec};

use super::workers::{fake, kill, launch, ready};
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Events in one simulated sequence.
const EVENTS: u64 = 60;
/// Orders and kills in one storm.
const BLOWS: u64 = 12;
/// For copies stopped by a signal; five seconds of waiting for each would leave little storm.
const GRACE: Duration = Duration::from_millis(100);
/// Longest pause between two of them: about what a start takes.
const PAUSE_MS: u64 = 25;

/// 10,000 simulated sequences and 500 real storms.
pub async fn never_two(size: Size) -> Result<Outcome> {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let sequences = size.pick(10_000, 100_000);
    let simulated = (0..sequences).map(|_| simulate(&mut dice)).sum::<u64>();
    let storms = size.pick(50, 500);
    let folder = tempfile::tempdir()?;
    let (mut twice, mut starts) = (0, 0);
    for number in 0..storms {
        let path = |name: &str| folder.path().join(format!("{name}-{number}")).display().to_string();
        let (lock, diary) = (path("lock"), path("diary"));
        let mut spec = fake("s7", &["--lock", &lock, "--diary", &diary])?;
        spec.stop_grace = GRACE;
        let handle = launch(spec)?;
        storm(&handle, &mut dice).await?;
        // Whatever the storm left, a restart gives a serving copy.
        handle.restart();
        ready(&handle, 1).await?;
        handle.close().await?;
        let diary = std::fs::read_to_string(&diary)?;
        twice += diary.matches("second copy").count();
        starts += diary.matches(r#""role":"worker""#).count();
    }
    let text = format!(
        "{simulated} in {sequences} simulated sequences, {twice} in {storms} storms with {starts} starts (seed {seed})"
    );
    Ok(Outcome::measured(simulated == 0 && twice == 0, text))
}

async fn storm(handle: &Handle, dice: &mut Dice) -> Result<()> {
    for _ in 0..BLOWS {
        let state = handle.state().borrow().clone();
        match dice.below(7) {
            0 => handle.restart(),
            1 => handle.retry_now(),
            2 => handle.start(),
            // Waits for the end, while others go on.
            3 => {
                let handle = handle.clone();
                tokio::spawn(async move { handle.stop().await });
            }
            // Fails where it has just ended.
            4 => _ = kill(&state, Signal::KILL),
            5 => _ = kill(&state, Signal::STOP),
            _ => _ = keeper_of(state.pid).map(|keeper| kill_process(keeper, Signal::KILL)),
        }
        tokio::time::sleep(Duration::from_micros(dice.below(PAUSE_MS * 1000))).await;
    }
    Ok(())
}

/// The parent of a ready worker; of one that is not, the app's own, which must not be killed.
fn keeper_of(worker: Option<u32>) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker?)).ok()?;
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok().and_then(Pid::from_raw)?;
    let name = std::fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).ok()?;
    (name.trim() == "tonny-keeper").then_some(parent)
}

/// How often the machine asked for a start while a copy was alive.
fn simulate(dice: &mut Dice) -> u64 {
    let mut now = Instant::now();
    let mut machine = Machine::new(Spec::new("s7", "/bin/true").policy(), now, dice.draw());
    let (mut is_live, mut twice) = (false, 0);
    for _ in 0..EVENTS {
        now += Duration::from_millis(dice.below(20_000));
        let event = draw(dice, is_live);
        let ends = matches!(event, Event::Exited(_) | Event::NotStarted { .. });
        is_live &= !ends;
        if let Some(Effect::Start { .. }) = machine.on(event, now) {
            twice += u64::from(is_live);
            is_live = true;
        }
    }
    twice
}

fn draw(dice: &mut Dice, is_live: bool) -> Event {
    match dice.below(15) {
        0 => Event::Start,
        1 => Event::Stop,
        2 => Event::Restart,
        3 => Event::RetryNow,
        4 => Event::Ready,
        5 => Event::BadReady("words".to_owned()),
        6 => Event::Progress,
        7 => Event::InFlight(u32::try_from(dice.below(3)).unwrap_or(0)),
        8 => Event::ProbeMissed,
        9 => Event::OverMemory,
        10 if is_live => Event::NotStarted { reason: "no".to_owned(), transient: dice.below(2) == 0 },
        11 | 12 if is_live => {
            let exit = *dice.pick(&[
                Exit { code: Some(0), signal: None },
                Exit { code: Some(1), signal: None },
                Exit { code: None, signal: Some(9) },
            ]);
            Event::Exited(End { exit, last_words: None, out_of_memory: false })
        }
        13 => Event::ResetBreaker,
        _ => Event::Tick,
    }
}
