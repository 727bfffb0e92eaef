//! Whether a downloaded list of models may replace the last good one. Nothing is fetched and nothing is written here.
//!
//! A list may be cut short on its way, come from somewhere else, or be wrong at its source. A price that is a thousand
//! times too small would let a budget be overrun, and one that is too large would stop all work: a change by more than a
//! factor of ten is taken only with the user's word.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::cost::{Cost, Price, Rates};
use crate::day::Day;

/// The form of the list that this version reads.
const VERSION: u32 = 1;
/// The list of all models of all providers in the world has less than half of it.
const MOST_BYTES: usize = 8 << 20;
pub(super) const MOST_MODELS: usize = 20_000;
const LONGEST_NAME: usize = 200;
const MOST_ALIASES: usize = 50;
/// No model reads more at once.
const LARGEST_WINDOW: u64 = 1_000_000_000;
/// Dollars for a million tokens; the dearest model ever sold took 600.
const DEAREST: Cost = Cost::pico(100_000 * 1_000_000_000_000);
/// Of a hundred models, how many must be left.
const LEFT: usize = 80;
const FACTOR: u128 = 10;

/// A list of models, as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Of the form.
    pub version: u32,
    /// When it was made.
    pub as_of: Day,
    /// The models.
    pub models: Vec<Record>,
}

/// The models, by provider and id, whose new price the user has confirmed.
pub type Confirmed = BTreeSet<(String, String)>;

/// Why a list is not taken. The last good one stays.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Far more bytes than any list has.
    #[error("the list of models has {bytes} bytes, {MOST_BYTES} at most")]
    TooLarge {
        /// It has.
        bytes: usize,
    },
    /// No JSON, or not of the form of a list.
    #[error("the list of models cannot be read")]
    Form(#[source] serde_json::Error),
    /// Made for another version of the program.
    #[error("the list of models has the form {version}, and this program reads {VERSION}")]
    Version {
        /// It has.
        version: u32,
    },
    /// Too many models to be true.
    #[error("the list has {count} models, {MOST_MODELS} at most")]
    TooMany {
        /// It has.
        count: usize,
    },
    /// A model with an empty, endless or unprintable name, an impossible window or price.
    #[error("the model {id} of {provider} cannot be true")]
    Model {
        /// Its provider.
        provider: String,
        /// Its id.
        id: String,
    },
    /// Two models with one name, alias or id.
    #[error("the name {name} of {provider} is given twice")]
    Twice {
        /// The provider.
        provider: String,
        /// The name.
        name: String,
    },
    /// Made before the last good one.
    #[error("the list of models is of {as_of}, older than the one in use")]
    Older {
        /// The day it was made.
        as_of: Day,
    },
    /// Many models are missing.
    #[error("the list has {now} models, and the one before had {before}")]
    Shrunk {
        /// Before.
        before: usize,
        /// Now.
        now: usize,
    },
    /// A price changed too much to be taken without a word.
    #[error("the price of {id} of {provider} changed from {from} to {to} dollars for a million tokens")]
    PriceJump {
        /// Its provider.
        provider: String,
        /// Its id.
        id: String,
        /// The rate before.
        from: Cost,
        /// The rate now.
        to: Cost,
    },
}

/// Whether `bytes` may replace `good`, the last good list.
///
/// # Errors
/// Says what is wrong; the caller keeps `good`.
pub fn judge(good: &Snapshot, bytes: &[u8], confirmed: &Confirmed) -> Result<Snapshot, Refusal> {
    let new = Snapshot::read(bytes)?;
    if new.as_of < good.as_of {
        return Err(Refusal::Older { as_of: new.as_of });
    }
    let (before, now) = (good.models.len(), new.models.len());
    if now * 100 < before * LEFT {
        return Err(Refusal::Shrunk { before, now });
    }
    let prices: BTreeMap<(&str, &str), &Price> = good.models.iter().filter_map(priced).collect();
    for record in &new.models {
        let Some((key, price)) = priced(record) else { continue };
        let is_confirmed = || confirmed.contains(&(record.provider.clone(), record.id.clone()));
        let jump = prices.get(&key).and_then(|before| jump(before, price));
        if let Some((from, to)) = jump.filter(|_| !is_confirmed()) {
            return Err(Refusal::PriceJump {
                provider: record.provider.clone(),
                id: record.id.clone(),
                from,
                to,
            });
        }
    }
    Ok(new)
}

fn priced(record: &Record) -> Option<((&str, &str), &Price)> {
    record.price.as_ref().map(|price| ((&*record.provider, &*record.id), price))
}

/// The first rate that changed by more than the factor. A tier that is new is compared with what counted before.
fn jump(before: &Price, now: &Price) -> Option<(Cost, Cost)> {
    let at = |price: &Price, above: u64| -> Rates {
        let fits = price.tiers.iter().filter(|tier| above >= tier.above).max_by_key(|tier| tier.above);
        fits.map_or_else(|| price.rates.clone(), |tier| tier.rates.clone())
    };
    let borders = before.tiers.iter().chain(&now.tiers).map(|tier| tier.above);
    let pairs = borders.map(|above| (at(before, above), at(now, above)));
    let all = std::iter::once((before.rates.clone(), now.rates.clone())).chain(pairs);
    let rates = all.flat_map(|(before, now)| before.each().into_iter().zip(now.each()));
    rates.into_iter().find(|(from, to)| {
        let (less, more) = (from.min(to).as_pico(), from.max(to).as_pico());
        more > less.saturating_mul(FACTOR)
    })
}

impl Snapshot {
    /// Reads a list and looks whether it can be true at all.
    ///
    /// # Errors
    /// Says what cannot.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLarge { bytes: bytes.len() });
        }
        let list: Self = serde_json::from_slice(bytes).map_err(Refusal::Form)?;
        if list.version != VERSION {
            return Err(Refusal::Version { version: list.version });
        }
        if list.models.len() > MOST_MODELS {
            return Err(Refusal::TooMany { count: list.models.len() });
        }
        let mut names = BTreeSet::new();
        for record in &list.models {
            if !can_be_true(record) {
                let short = |name: &str| name.chars().take(LONGEST_NAME).collect();
                return Err(Refusal::Model { provider: short(&record.provider), id: short(&record.id) });
            }
            for name in std::iter::once(&record.id).chain(&record.aliases) {
                // One name for two models would give one of them the other's price.
                if !names.insert((&record.provider, name)) {
                    return Err(Refusal::Twice { provider: record.provider.clone(), name: name.clone() });
                }
            }
        }
        Ok(list)
    }
}

pub(super) fn can_be_true(record: &Record) -> bool {
    let is_name = |name: &String| {
        (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(|letter| letter.is_ascii_graphic())
    };
    let is_window = |window: Option<u64>| window.is_none_or(|window| (1..=LARGEST_WINDOW).contains(&window));
    let is_price = |price: &Price| {
        let tiers = price.tiers.iter().map(|tier| &tier.rates);
        price.tiers.len() <= 10
            && tiers.chain([&price.rates]).all(|rates| rates.each().iter().all(|rate| *rate <= DEAREST))
    };
    is_name(&record.provider)
        && is_name(&record.id)
        && record.aliases.len() <= MOST_ALIASES
        && record.aliases.iter().all(is_name)
        && is_window(record.window)
        && is_window(record.longest_answer)
        && record.price.as_ref().is_none_or(is_price)
}

#[cfg(test)]
#[path = "refresh/tests.rs"]
mod tests;
