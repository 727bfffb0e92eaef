//! S18: dictations one after the other while something breaks every one to ten seconds. The real app, engine and desktop; the
//! seed is printed. [`faults`] breaks things, [`world`] dictates and watches what must never happen.
//!
//! A dictation gives text when words are in its row at most 10 s after the release or after the last fault, whichever
//! is later. Words that were heard wrongly while something was broken, because the sound server starved too, are text,
//! and told apart; wrong words of a quiet moment are a miss. One whose app was killed while it was recorded has no
//! release: its row must be there, and it is not counted. The engine is killed or stopped as often as its restart budget
//! allows, three times in five minutes of one app: beyond that the supervisor waits on purpose, which is S11's promise
//! and not this one's.

pub mod faults;
pub mod world;

use std::time::{Duration, Instant};

use anyhow::Result;

use super::dice::Dice;
use super::{Outcome, Row, Size};
use crate::app::Build;
use world::{Heard, World};

/// The row; full in `make bench-chaos` only.
pub const ROWS: &[Row] = &[Row {
    id: "S18",
    promise: "Available under chaos: a random fault each 1 to 10 s",
    limit: ">= 99.5 % of dictations give text, 0 invariant breaks, 20 min",
    run: |size| Outcome::of(|| survived(size)),
}];

fn survived(size: Size) -> Result<Outcome> {
    let length = Duration::from_secs(size.pick(60, 20 * 60));
    let seed = Dice::seed();
    println!("S18: seed {seed}");
    let mut world = World::start(&Build::from_environment()?, seed)?;
    let began = Instant::now();
    let mut heard = Vec::new();
    while began.elapsed() < length {
        heard.extend(world.dictate()?);
    }
    world.end()?;
    let cut = heard.iter().filter(|heard| matches!(heard, Heard::Cut)).count();
    let good = heard.iter().filter(|heard| matches!(heard, Heard::Text { .. })).count();
    let wrong = heard.iter().filter(|heard| heard.wrong().is_some()).count();
    let counted = heard.len() - cut;
    let share = good as f64 / counted.max(1) as f64 * 100.0;
    let mut waits: Vec<f64> = heard.iter().filter_map(Heard::seconds).collect();
    let worst = crate::bench::percentile(&mut waits, 100);
    let mut text = format!(
        "{share:.1} % of {counted} dictations (slowest text {worst:.1} s after the release, {wrong} with wrong words), {cut} more cut by a kill of the app; {} faults ({}); {} invariant breaks; seed {seed}",
        world.faults.values().sum::<u32>(),
        world.faults.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", "),
        world.breaks.len(),
    );
    let breaks = world.breaks.iter().map(String::as_str);
    for what in heard
        .iter()
        .filter_map(Heard::miss)
        .chain(breaks)
        .chain(heard.iter().filter_map(Heard::wrong))
        .take(5)
    {
        text.push_str("; ");
        text.push_str(what);
    }
    Ok(Outcome::measured(counted > 0 && share >= 99.5 && world.breaks.is_empty(), text))
}
