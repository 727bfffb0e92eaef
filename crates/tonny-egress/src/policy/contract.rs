//! A contract: the terms under which requests may leave. How it is read from its file is `loading`'s business.

use std::sync::Arc;

use serde::Deserialize;

use super::evaluate::Target;
use super::glob;
use super::scan::{Rule, Scanner};
use crate::cost::Cost;

/// The terms of one contract. It exists only after all its examples came out as they say.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What the user calls it.
    pub name: String,
    /// Counted up by whoever edits it; receipts carry it.
    pub version: u32,
    /// The profiles it is for.
    pub profiles: Vec<String>,
    /// The purposes it is for.
    pub purposes: Vec<String>,
    /// Whether nothing may leave this machine.
    pub local_only: bool,
    /// Terms for other machines.
    pub cloud: Cloud,
    /// Terms for servers on this machine.
    pub local: Local,
    /// The longest request and answer, on other machines.
    pub tokens: TokenCaps,
    /// The dearest request, day and month, on other machines.
    pub cost: CostCaps,
    /// Of its rules in the file's order, with the rule for placeholders behind them. Cloned by who reads with it.
    pub(super) scanner: Scanner,
    /// Those rules that also read answers.
    pub(super) answer_rules: Arc<[Rule]>,
}

/// Terms for other machines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cloud {
    /// Providers' ids, with stars.
    pub providers: Vec<String>,
    /// Models' ids at their providers, with stars.
    pub models: Vec<String>,
    /// Hosts, with stars.
    pub hosts: Vec<String>,
    /// Whether the user must have switched the provider on.
    pub switched_on: bool,
    /// Whether pictures may go out.
    pub attachments: bool,
    /// What becomes of a model whose price is not known.
    pub unknown_price: UnknownPrice,
}

/// Terms for servers on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Local {
    /// Models, with stars.
    pub models: Vec<String>,
    /// Models that a server here only passes on to another machine: the terms for other machines count.
    pub forwarded: Vec<String>,
    /// Whether words are masked here as well.
    pub redact: bool,
    /// Whether pictures may be shown to it.
    pub attachments: bool,
}

/// The most tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenCaps {
    /// Read.
    pub input: Option<u64>,
    /// Written.
    pub output: Option<u64>,
}

/// The most that may be spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostCaps {
    /// On one request, at worst.
    pub request: Option<Cost>,
    /// In a day, with this request at worst.
    pub day: Option<Cost>,
    /// In a month, with this request at worst.
    pub month: Option<Cost>,
}

/// What becomes of a request when something is found in it; a later one is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHit {
    /// A placeholder goes out instead, and the value comes back in the answer.
    Mask,
    /// The user is asked whether it goes out as it is.
    Ask,
    /// The request does not go out.
    Block,
}

/// What becomes of a model whose price is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPrice {
    /// The caps on cost do not count for it.
    Allow,
    /// The user is asked.
    Ask,
    /// It is not used.
    Deny,
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            providers: everything(),
            models: everything(),
            hosts: everything(),
            switched_on: true,
            attachments: false,
            unknown_price: UnknownPrice::Deny,
        }
    }
}

impl Default for Local {
    fn default() -> Self {
        Self { models: everything(), forwarded: Vec::new(), redact: true, attachments: true }
    }
}

pub(super) fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

impl Contract {
    /// Whether it is for this profile and purpose.
    pub fn applies(&self, profile: &str, purpose: &str) -> bool {
        glob::any(&self.profiles, profile) && glob::any(&self.purposes, purpose)
    }

    /// Whether the terms for servers on this machine count.
    pub(super) fn is_local(&self, target: &Target) -> bool {
        target.is_loopback() && !glob::any(&self.local.forwarded, &target.model)
    }

    /// Whether words are masked on the way to this target, and in its answer.
    pub(super) fn redacts(&self, target: &Target) -> bool {
        !self.is_local(target) || self.local.redact
    }
}
