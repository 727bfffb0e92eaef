//! R12: the list of models: what reading it takes, and ten thousand lists that were damaged on their way.
//!
//! Each arrives at a registry that also holds what the user wrote, and is taken or refused as a refresh does it. Whatever
//! happens, every model that was known is still found, with a price that a budget can stand on, and the user's own words
//! are untouched.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use tonny_egress::cost::Cost;
use tonny_egress::registry::{Confirmed, Layer, Record, Registry, Snapshot, judge};

use crate::bench::percentile;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

const LIST: &[u8] = include_bytes!("../../../../crates/tonny-egress/src/registry/models.json");

const LOAD_MS: f64 = 5.0;
const RESIDENT_KIB: f64 = 2_048.0;

/// So many registries at once show what one of them takes.
const COPIES: usize = 64;

/// A price that changed by more is not taken without a word.
const FACTOR: u128 = 10;

/// Of a hundred models, how many must be left.
const LEFT: usize = 80;

pub fn refreshed(size: Size) -> Result<Outcome> {
    let (load, resident) = costs(size)?;
    let (tries, seed) = (size.pick(2_000, 10_000), Dice::seed());
    let (taken, wrong) = damaged(tries, seed)?;
    let text = format!(
        "read in {load:.2} ms (p99), {resident:.0} KiB resident ({} models); {tries} damaged lists: {} taken, of which and after \
         which {} lost something (seed {seed}){}",
        Registry::bundled()?.models().count(),
        taken,
        wrong.len(),
        wrong.first().map_or(String::new(), |it| format!("; first: {it}")),
    );
    let holds = wrong.is_empty() && taken > 0 && taken < tries;
    Ok(Outcome::timed(holds, load <= LOAD_MS && resident <= RESIDENT_KIB, text))
}

/// Milliseconds of a load, p99, and KiB of memory that one takes.
fn costs(size: Size) -> Result<(f64, f64)> {
    let mut times = Vec::new();
    for _ in 0..size.pick(200, 2_000) {
        let began = Instant::now();
        std::hint::black_box(Registry::bundled()?);
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let before = resident_kib()?;
    let all: Result<Vec<Registry>, _> = (0..COPIES).map(|_| Registry::bundled()).collect();
    let all = all?;
    let each = (resident_kib()? - before) / COPIES as f64;
    drop(all);
    Ok((percentile(&mut times, 99), each))
}

fn resident_kib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.split_whitespace().next().context("a number")?.parse()?)
}

fn damaged(tries: usize, seed: u64) -> Result<(usize, Vec<String>)> {
    let good = Snapshot::read(LIST)?;
    let mut registry = Registry::bundled()?;
    let edit = Record {
        provider: "openai".to_owned(),
        id: "gpt-4o".to_owned(),
        window: Some(4_321),
        ..Record::default()
    };
    registry.take_edits(vec![edit]);
    let edits = registry.layer(Layer::Edited);
    let (mut dice, mut taken, mut wrong) = (Dice::new(seed), 0, Vec::new());
    for number in 0..tries {
        let kind = dice.below(8);
        let bytes = damage(&good, kind, &mut dice)?;
        let before = registry.clone();
        match judge(&good, &bytes, &Confirmed::new()) {
            Ok(list) => {
                taken += 1;
                if list.models.len() * 100 < good.models.len() * LEFT {
                    wrong.push(format!("list {number}: only {} models", list.models.len()));
                }
                registry.take_download(list);
            }
            // The last good one stays.
            Err(_) => ensure!(registry == before, "a refusal changed the registry"),
        }
        wrong.extend(lost(&good, &registry).map(|what| format!("list {number}, damage {kind}: {what}")));
        if registry.layer(Layer::Edited) != edits {
            wrong.push(format!("list {number}: the user's own words changed"));
        }
    }
    Ok((taken, wrong))
}

/// The first model that is not found any more, or whose price no budget can stand on.
fn lost(good: &Snapshot, registry: &Registry) -> Option<String> {
    good.models.iter().find_map(|before| {
        let name = format!("{}/{}", before.provider, before.id);
        let Some(now) = registry.find(&before.provider, &before.id) else {
            return Some(format!("{name} is gone"));
        };
        let price = before.price.as_ref()?;
        let Some(now) = now.price else { return Some(format!("{name} has no price")) };
        let pairs = [(price.rates.input, now.rates.input), (price.rates.output, now.rates.output)];
        let jump = pairs.into_iter().find(|(before, now)| is_jump(*before, *now));
        jump.map(|(before, now)| format!("{name} costs {now} instead of {before}"))
    })
}

fn is_jump(before: Cost, now: Cost) -> bool {
    let (less, more) = (before.min(now).as_pico(), before.max(now).as_pico());
    more > less * FACTOR
}

/// A list that was cut, flipped, doubled, thinned, shrunk, inflated, or is another one.
fn damage(good: &Snapshot, kind: u64, dice: &mut Dice) -> Result<Vec<u8>> {
    let mut list = good.clone();
    let models = list.models.len() as u64;
    match kind {
        4 => list.models.truncate(dice.below(models + 1) as usize),
        5 => {
            let copies = dice.below(600);
            let made = (0..copies).map(|n| Record { id: format!("made-up-{n}"), ..good.models[0].clone() });
            list.models.extend(made.map(|record| Record { aliases: Vec::new(), ..record }));
        }
        6 => {
            let which = dice.below(models) as usize;
            if let Some(price) = &mut list.models[which].price {
                let factor = u128::from(dice.below(40));
                price.rates.input = Cost::pico(price.rates.input.as_pico() * factor / 4);
            }
        }
        _ => {}
    }
    let mut bytes = if kind < 4 { LIST.to_vec() } else { serde_json::to_vec(&list)? };
    let at = dice.below(bytes.len() as u64) as usize;
    let until = (at + dice.below(200) as usize).min(bytes.len());
    match kind {
        0 => bytes.truncate(at),
        1 => bytes[at] = dice.draw() as u8,
        2 => {
            let copy = bytes[at..until].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => drop(bytes.drain(at..until)),
        7 => bytes = (0..dice.below(300)).map(|_| dice.draw() as u8).collect(),
        _ => {}
    }
    Ok(bytes)
}
