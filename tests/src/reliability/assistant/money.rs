//! R11: what an attempt costs, against an exact reckoning of its own and against litellm's; and a hard budget with many
//! answers at once.
//!
//! litellm's amounts lie in tests/fixtures/litellm-costs.json, written by the script beside it.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use tonny_core::assistant::Standing;
use tonny_egress::chat::Usage;
use tonny_egress::cost::{CacheLife, Price};
use tonny_egress::registry::Registry;

use super::peer::{Peer, Reply, end, words};
use super::room::{Room, settings, told};
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// The prices as they lie in the product, read by a way of this row's own.
const MODELS: &str = include_str!("../../../../crates/tonny-egress/src/registry/models.json");
const LITELLM: &str = include_str!("../../../fixtures/litellm-costs.json");

/// A share of 200 cases that may differ from litellm by more than a billionth of a dollar.
const SHARE: usize = 200;
const PICO_IN_NANO: u128 = 1_000;

/// Answers at once.
const STREAMS: usize = 64;

/// The hard budget of a day, in cents.
const CENTS: u32 = 1;
const CENT: u128 = 10_000_000_000;

#[derive(Deserialize)]
struct Litellm {
    litellm: String,
    cases: Vec<(String, String, u64, u64, u64, u64, u64, String)>,
}

pub async fn reckoned(size: Size) -> Result<Outcome> {
    let (cases, seed) = (size.pick(50_000, 1_000_000), Dice::seed());
    let differ = exactly(cases, seed)?;
    let (version, compared, apart) = with_litellm()?;
    let over = hard_budget(size).await?;
    let text = format!(
        "{} of {cases} random cases differ from exact fractions (every price of the list and made-up ones with tiers, caches, \
         reasoning); {} of {compared} by more than 1e-9 dollars from litellm {version}; {STREAMS} answers at once, {} rounds of \
         a {CENTS} cent budget: {} over it, {} answered, {} refused (seed {seed}){}",
        differ.len(),
        apart.len(),
        over.rounds,
        over.overshoots,
        over.answered,
        over.refused,
        differ.first().or(apart.first()).map_or(String::new(), |it| format!("; first: {it}")),
    );
    let holds = differ.is_empty()
        && compared > 500
        && apart.len() * SHARE <= compared
        && over.overshoots == 0
        && over.answered > 0
        && over.refused > 0;
    Ok(Outcome::measured(holds, text))
}

/// A decimal number of dollars in millionths of a millionth; the text is all that is shared with the product.
fn pico(text: &str) -> Result<u128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits =
        format!("{whole}{part}{}", "0".repeat(12_usize.checked_sub(part.len()).context("12 places")?));
    Ok(digits.parse()?)
}

/// The cost by the words of the price list: a class without a rate costs what its neighbour does, the highest border that the
/// prompt is above counts for all of it, and what is left of a pico-dollar is a whole one.
fn reference(price: &Value, usage: &Usage, hour: bool) -> Result<u128> {
    let prompt = usage.input + usage.cache_read + usage.cache_write;
    let tiers = price["tiers"].as_array().cloned().unwrap_or_default();
    let mut passed: Vec<&Value> =
        tiers.iter().filter(|tier| tier["above"].as_u64().is_some_and(|above| prompt > above)).collect();
    passed.sort_by_key(|tier| tier["above"].as_u64());
    let rates = passed.last().map_or(&price["rates"], |tier| &tier["rates"]);
    let rate = |names: &[&str]| {
        let text = names.iter().find_map(|name| rates[*name].as_str()).context("a rate")?;
        pico(text)
    };
    let written: &[&str] =
        if hour { &["cache_write_1h", "cache_write_5m", "input"] } else { &["cache_write_5m", "input"] };
    let reasoning = usage.reasoning.min(usage.output);
    let millionths = u128::from(usage.input) * rate(&["input"])?
        + u128::from(usage.cache_read) * rate(&["cache_read", "input"])?
        + u128::from(usage.cache_write) * rate(written)?
        + u128::from(usage.output - reasoning) * rate(&["output"])?
        + u128::from(reasoning) * rate(&["reasoning", "output"])?;
    Ok(millionths / 1_000_000 + u128::from(millionths % 1_000_000 > 0))
}

fn exactly(cases: u64, seed: u64) -> Result<Vec<String>> {
    let list: Value = serde_json::from_str(MODELS)?;
    let known = list["models"].as_array().context("models")?.iter().map(|model| model["price"].clone());
    let known: Vec<Value> = known.filter(|price| !price.is_null()).collect();
    let (mut dice, mut differ) = (Dice::new(seed), Vec::new());
    for _ in 0..cases {
        let price = if dice.below(2) == 0 { dice.pick(&known).clone() } else { made_up(&mut dice) };
        let ours: Price = serde_json::from_value(price.clone())?;
        let mut tokens = |most: u64| if dice.below(4) == 0 { 0 } else { dice.below(most) };
        let usage = Usage {
            input: tokens(400_000),
            cache_read: tokens(400_000),
            cache_write: tokens(400_000),
            output: tokens(100_000),
            reasoning: tokens(100_000),
        };
        let hour = dice.below(2) == 0;
        let life = if hour { CacheLife::Hour } else { CacheLife::FiveMinutes };
        let (says, wants) = (ours.cost(&usage, life).as_pico(), reference(&price, &usage, hour)?);
        let worst = ours.worst(usage.input + usage.cache_read + usage.cache_write, usage.output).as_pico();
        if says != wants || worst < wants {
            differ.push(format!("{price} {usage:?}: {says}, exactly {wants}, at worst {worst}"));
        }
    }
    Ok(differ)
}

/// Rates down to the last of twelve places, with any classes and up to three tiers.
fn made_up(dice: &mut Dice) -> Value {
    let mut rates = || {
        let mut rates = json!({});
        for class in ["input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning"] {
            if ["input", "output"].contains(&class) || dice.below(2) == 0 {
                let places = dice.below(13) as u32;
                let number = dice.below(90_u64.saturating_mul(10_u64.pow(places.min(12))));
                let text = format!("{number:0width$}", width = places as usize + 1);
                let (whole, part) = text.split_at(text.len() - places as usize);
                rates[class] =
                    Value::from(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") });
            }
        }
        rates
    };
    let (plain, higher): (Value, Vec<Value>) = (rates(), (0..3).map(|_| rates()).collect());
    let count = dice.below(4) as usize;
    let tiers =
        higher.into_iter().take(count).enumerate().map(
            |(at, rates)| json!({"above": 1 + at as u64 * 250_000 + dice.below(200_000), "rates": rates}),
        );
    json!({"rates": plain, "tiers": tiers.collect::<Vec<_>>()})
}

/// Its version, the cases, and what is further away than a billionth of a dollar.
fn with_litellm() -> Result<(String, usize, Vec<String>)> {
    let file: Litellm = serde_json::from_str(LITELLM)?;
    let registry = Registry::bundled()?;
    let mut apart = Vec::new();
    for (provider, id, input, cache_read, cache_write, output, reasoning, dollars) in &file.cases {
        let price = registry.find(provider, id).and_then(|record| record.price);
        let price = price.with_context(|| format!("{id} has no price any more: write the file anew"))?;
        let (input, cache_read, cache_write) = (*input, *cache_read, *cache_write);
        let usage = Usage { input, cache_read, cache_write, output: *output, reasoning: *reasoning };
        let ours = price.cost(&usage, CacheLife::FiveMinutes).as_pico();
        // Theirs has fifteen places, of which it knows about that many.
        let theirs = pico(dollars.get(..dollars.len() - 3).context("fifteen places")?)?;
        if ours.abs_diff(theirs) > PICO_IN_NANO {
            apart.push(format!("{id} {usage:?}: {ours}, litellm {theirs} pico-dollars"));
        }
    }
    Ok((file.litellm, file.cases.len(), apart))
}

#[derive(Default)]
struct Overs {
    rounds: usize,
    overshoots: usize,
    answered: usize,
    refused: usize,
}

/// Answers that cost the most they can, all at once, over and over until the day's money is gone.
async fn hard_budget(size: Size) -> Result<Overs> {
    let mut overs = Overs::default();
    for _ in 0..size.pick(3, 20) {
        let peer = Peer::start(|_, arrived| {
            let body: Value = serde_json::from_slice(&arrived.body).unwrap_or_default();
            let most = body["max_completion_tokens"].as_u64().unwrap_or_default();
            // More was read than is in it, as a provider counts; never more than was estimated from above.
            let read = arrived.body.len() as u64 / 40;
            let usage = json!({"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": most}});
            let usage = format!("data: {usage}\n\n").into_bytes();
            let finish =
                b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_vec();
            let done = end().split_off(finish.len());
            Reply::Whole(vec![words("It costs "), words("money."), finish, usage, done])
        })?;
        let settings = settings(&["openai/gpt-4o-mini"], &[("openai", format!("{}/v1", peer.away()))])?;
        let settings = settings.with("assistant.day_cents", json!(CENTS)).map_err(told)?;
        let room = Arc::new(Room::with(settings).await?);
        for _ in 0..3 {
            let all = (0..STREAMS).map(|_| {
                let room = room.clone();
                tokio::spawn(async move { room.answer("What does it cost?", None).await })
            });
            for answer in all.collect::<Vec<_>>() {
                let (answer, _) = answer.await??;
                overs.answered += usize::from(answer.state == Standing::Complete);
                overs.refused += usize::from(answer.problem.is_some_and(|it| it.code == "TT-LLM-193"));
            }
        }
        let rows = room.ledger().await?;
        let spent: u128 = rows.iter().filter_map(|row| u128::try_from(row.entry.cost_pico?).ok()).sum();
        // It must be worth looking at: another answer as dear as the dearest would not have fitted.
        let dearest = rows.iter().filter_map(|row| row.entry.cost_pico).max().unwrap_or_default();
        anyhow::ensure!(
            spent + 2 * u128::try_from(dearest)? > u128::from(CENTS) * CENT,
            "only {spent} were spent"
        );
        overs.overshoots += usize::from(spent > u128::from(CENTS) * CENT);
        overs.rounds += 1;
    }
    Ok(overs)
}
