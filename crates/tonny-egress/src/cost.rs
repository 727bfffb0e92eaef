//! Money as whole pico-dollars (10^-12 US dollars), and what tokens cost. There is no float on the way of an amount.
//!
//! Prices are given per million tokens, as providers print them, so a rate is kept as pico-dollars per million tokens. A
//! cost is the sum of tokens times rates over all classes, divided by a million once, at the end, and rounded up to a
//! whole pico-dollar: what is reported is never less than what is owed. A price that is not known is `None`, never zero.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Usage;

const PLACES: usize = 12;
const PER_DOLLAR: u128 = 10_u128.pow(PLACES as u32);
/// Tokens that a rate is for.
const MILLION: u128 = 1_000_000;

/// An amount of US dollars. In files it is a decimal number in quotes, such as `"0.25"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u128);

/// What is not written as an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no amount of dollars: write digits, and at most 12 behind the point, such as \"0.25\"")]
pub struct NotAnAmount {
    text: String,
}

impl Cost {
    /// Nothing: known to be free.
    pub const ZERO: Self = Self(0);

    /// This many pico-dollars.
    pub const fn pico(amount: u128) -> Self {
        Self(amount)
    }

    /// The amount in pico-dollars.
    pub const fn as_pico(self) -> u128 {
        self.0
    }

    /// The sum. At the end of the range it stays there, which no limit allows.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left after `other`, at least nothing.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl FromStr for Cost {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let wrong = || NotAnAmount { text: text.chars().take(40).collect() };
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > PLACES {
            return Err(wrong());
        }
        let whole: u128 = whole.parse().map_err(|_| wrong())?;
        let part: u128 = format!("{part:0<PLACES$}").parse().map_err(|_| wrong())?;
        let pico = whole.checked_mul(PER_DOLLAR).and_then(|pico| pico.checked_add(part));
        pico.map(Self).ok_or_else(wrong)
    }
}

/// Exact decimal dollars, without zeros at the end: `0.000123`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:0PLACES$}", self.0 % PER_DOLLAR);
        match part.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / PER_DOLLAR),
            part => write!(f, "{}.{part}", self.0 / PER_DOLLAR),
        }
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a million tokens of each class cost.
///
/// A class without a rate of its own costs as much as its neighbour: what comes from a cache or goes into one as much as
/// other input, reasoning as much as other output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Read.
    pub input: Cost,
    /// Written.
    pub output: Cost,
    /// Read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Cost>,
    /// Written into a cache that lives for five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Cost>,
    /// Written into a cache that lives for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Cost>,
    /// Reasoning, where it costs something else than the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Cost>,
}

/// A model's price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For prompts that no tier is for.
    pub rates: Rates,
    /// Other rates for long prompts, for all of the request's tokens; the last that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

/// Rates of long prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// For prompts with more tokens than this, the cached ones among them.
    pub above: u64,
    /// What counts then.
    pub rates: Rates,
}

/// How long the cache lives that a request writes into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheLife {
    /// Five minutes, unless something else is asked for.
    #[default]
    FiveMinutes,
    /// An hour.
    Hour,
}

impl Price {
    /// What an attempt with these tokens cost.
    pub fn cost(&self, usage: &Usage, life: CacheLife) -> Cost {
        let prompt = usage.input.saturating_add(usage.cache_read).saturating_add(usage.cache_write);
        let fits = |tier: &&Tier| prompt > tier.above;
        let rates = self
            .tiers
            .iter()
            .filter(fits)
            .max_by_key(|tier| tier.above)
            .map_or(&self.rates, |tier| &tier.rates);
        let reasoning = usage.reasoning.min(usage.output);
        owed(&[
            (usage.input, rates.input),
            (usage.cache_read, rates.cache_read.unwrap_or(rates.input)),
            (usage.cache_write, rates.cache_write(life)),
            (usage.output - reasoning, rates.output),
            (reasoning, rates.reasoning.unwrap_or(rates.output)),
        ])
    }

    /// The most that an attempt can cost: every token in the dearest class of the dearest tier.
    pub fn worst(&self, input: u64, output: u64) -> Cost {
        let all = || self.tiers.iter().map(|tier| &tier.rates).chain([&self.rates]);
        let dearest = |rate: fn(&Rates) -> Cost| all().map(rate).max().unwrap_or_default();
        owed(&[(input, dearest(Rates::dearest_input)), (output, dearest(Rates::dearest_output))])
    }
}

impl Rates {
    fn cache_write(&self, life: CacheLife) -> Cost {
        let rate = match life {
            CacheLife::FiveMinutes => self.cache_write_5m,
            CacheLife::Hour => self.cache_write_1h.or(self.cache_write_5m),
        };
        rate.unwrap_or(self.input)
    }

    /// The rate of every class, in one order for all.
    pub(crate) fn each(&self) -> [Cost; 6] {
        let write = self.cache_write_5m.unwrap_or(self.input);
        [
            self.input,
            self.output,
            self.cache_read.unwrap_or(self.input),
            write,
            self.cache_write_1h.unwrap_or(write),
            self.reasoning.unwrap_or(self.output),
        ]
    }

    fn dearest_input(&self) -> Cost {
        let rest = [self.cache_read, self.cache_write_5m, self.cache_write_1h];
        rest.into_iter().flatten().fold(self.input, Cost::max)
    }

    fn dearest_output(&self) -> Cost {
        self.reasoning.map_or(self.output, |reasoning| reasoning.max(self.output))
    }
}

/// The sum, rounded up once.
fn owed(classes: &[(u64, Cost)]) -> Cost {
    let sum = classes.iter().fold(0_u128, |sum, (tokens, rate)| {
        sum.saturating_add(u128::from(*tokens).saturating_mul(rate.as_pico()))
    });
    Cost(sum.div_ceil(MILLION))
}

#[cfg(test)]
#[path = "cost/tests.rs"]
mod tests;
