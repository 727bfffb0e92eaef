//! One model as one source knows it. A field that the source does not know is absent, which is not the same as no.

use serde::{Deserialize, Serialize};

use crate::cost::{Cost, Price};
use crate::day::Day;

/// What is known of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The provider's id.
    pub provider: String,
    /// The model's id at the provider.
    pub id: String,
    /// Other names that the provider takes for the same model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The most tokens of a conversation and its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
    /// The most tokens of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_answer: Option<u64>,
    /// What it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Vec<Medium>>,
    /// What it can do.
    #[serde(default)]
    pub abilities: Abilities,
    /// What it costs. Absent is not known; free is a price of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The day from which it does not answer any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<Day>,
    /// The id of the model that its provider names in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Where this comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Day>,
    /// How sure it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Text.
    Text,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
    /// PDF and the like.
    Document,
    /// Film.
    Video,
}

/// What a model can do; absent is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// Goes on from an answer's beginning that is given with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill: Option<bool>,
    /// Takes a system's words apart from the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
    /// Calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Answers in the form of a JSON schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<bool>,
    /// Thinks before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// Has a cache for prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
}

/// How sure a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Read from the provider's own page or the model's own file.
    Checked,
    /// Read from other people who copied it from the provider's page.
    Reported,
    /// Known well, but not looked up for this version.
    Recalled,
}

/// How dear a model is, for a list that is looked over quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostTier {
    /// Nothing.
    Free,
    /// A million written tokens for less than a dollar.
    Low,
    /// For less than ten dollars.
    Middle,
    /// For ten dollars and more.
    High,
}

impl Record {
    /// This record, with what it does not say taken from `lower`.
    pub(super) fn over(self, lower: Self) -> Self {
        let (mine, theirs) = (self.abilities, lower.abilities);
        let mut aliases = self.aliases;
        aliases.extend(lower.aliases);
        aliases.sort_unstable();
        aliases.dedup();
        Self {
            provider: self.provider,
            id: self.id,
            aliases,
            window: self.window.or(lower.window),
            longest_answer: self.longest_answer.or(lower.longest_answer),
            takes: self.takes.or(lower.takes),
            abilities: Abilities {
                prefill: mine.prefill.or(theirs.prefill),
                system: mine.system.or(theirs.system),
                tools: mine.tools.or(theirs.tools),
                schema: mine.schema.or(theirs.schema),
                reasoning: mine.reasoning.or(theirs.reasoning),
                cache: mine.cache.or(theirs.cache),
            },
            price: self.price.or(lower.price),
            retires: self.retires.or(lower.retires),
            successor: self.successor.or(lower.successor),
            source: self.source.or(lower.source),
            as_of: self.as_of.or(lower.as_of),
            confidence: self.confidence.or(lower.confidence),
        }
    }

    /// How dear it is, where the price is known.
    pub fn cost_tier(&self) -> Option<CostTier> {
        const DOLLAR: u128 = 1_000_000_000_000;
        let rates = &self.price.as_ref()?.rates;
        Some(match rates.output.max(rates.input) {
            Cost::ZERO => CostTier::Free,
            rate if rate < Cost::pico(DOLLAR) => CostTier::Low,
            rate if rate < Cost::pico(10 * DOLLAR) => CostTier::Middle,
            _ => CostTier::High,
        })
    }

    /// Whether it takes `medium`; `None` is not known.
    pub fn takes(&self, medium: Medium) -> Option<bool> {
        self.takes.as_ref().map(|takes| takes.contains(&medium))
    }

    /// Whether it has retired.
    pub fn is_retired(&self, today: Day) -> bool {
        self.retires.is_some_and(|day| today >= day)
    }
}
