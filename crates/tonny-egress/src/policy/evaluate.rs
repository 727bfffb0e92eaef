//! The evaluation: terms, masking, the body's bytes, a last look at them, and then the seal.
//!
//! Pure but for the placeholders, which grow. A panic on the way, in the body's writer for example, is an error of the
//! evaluation and so a refusal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::approved::{Approved, Receipt, sha256};
use super::contract::{Contract, OnHit};
use super::decision::{Consent, Decision, Denial, EvaluationError, Question};
use super::encoded;
use super::placeholder::Placeholders;
use super::redact::{self, Redacted, Tally};
use super::scan::{Finder, Rule, Scanner};
use super::{Policy, seam, terms};
use crate::chat::ChatRequest;
use crate::cost::Cost;
use crate::provider::is_loopback;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The provider's id.
    pub provider: String,
    /// The host that the bytes go to, without a port.
    pub host: String,
    /// The model's id at the provider.
    pub model: String,
    /// Whether the user has switched this provider on.
    pub switched_on: bool,
}

/// What somebody wants to send.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// The conversation.
    pub request: &'a ChatRequest,
    /// To whom.
    pub target: &'a Target,
    /// For which profile.
    pub profile: &'a str,
    /// What for: `assistant`, `cleanup`.
    pub purpose: &'a str,
    /// Tokens of the request, counted or estimated from above.
    pub input_tokens: u64,
    /// The longest answer: asked for, or the model's own limit.
    pub output_tokens: Option<u64>,
    /// What it costs at worst; `None` where the price is not known.
    pub worst_cost: Option<Cost>,
    /// What was spent before, reservations among it.
    pub spent: Spent,
}

/// What was spent before a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Today.
    pub day: Cost,
    /// This month.
    pub month: Cost,
}

/// Writes the bytes of a request in a provider's form.
pub trait Body {
    /// All bytes of the body, as they will be sent.
    fn bytes(&self, request: &ChatRequest) -> Vec<u8>;
}

impl<F: Fn(&ChatRequest) -> Vec<u8>> Body for F {
    fn bytes(&self, request: &ChatRequest) -> Vec<u8> {
        self(request)
    }
}

impl Target {
    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl Policy {
    /// Judges one request to one target. The next target is another proposal: what may go to this machine is not
    /// thereby allowed to go to another.
    ///
    /// `values` are the conversation's placeholders. A `consent` counts only for the question that it answers.
    pub fn evaluate(
        &self,
        proposal: &Proposal<'_>,
        body: &impl Body,
        values: &mut Placeholders,
        consent: Option<&Consent>,
    ) -> Decision {
        let judge = AssertUnwindSafe(|| self.judge(proposal, body, values, consent));
        match catch_unwind(judge) {
            Ok(Ok(decision)) => decision,
            Ok(Err(denial)) => Decision::Denied(denial),
            Err(_) => Decision::Denied(Denial::Evaluation(EvaluationError::Panicked)),
        }
    }

    fn judge(
        &self,
        proposal: &Proposal<'_>,
        body: &impl Body,
        values: &mut Placeholders,
        consent: Option<&Consent>,
    ) -> Result<Decision, Denial> {
        match self.contract_for(proposal.profile, proposal.purpose) {
            Some(contract) => judge_by(contract, proposal, body, values, consent),
            None if proposal.target.is_loopback() => {
                let bytes = body.bytes(proposal.request);
                let unchanged = Redacted { request: proposal.request.clone(), tally: Tally::default() };
                Ok(seal(None, proposal, unchanged, bytes, false))
            }
            None => Err(Denial::NoContract),
        }
    }
}

/// The verdict of one contract.
pub(super) fn judge_by(
    contract: &Contract,
    proposal: &Proposal<'_>,
    body: &impl Body,
    values: &mut Placeholders,
    consent: Option<&Consent>,
) -> Result<Decision, Denial> {
    let price_asks = terms::check(contract, proposal)?;
    let none = Scanner::new(Arc::new([]));
    let scanner = if contract.redacts(proposal.target) { &contract.scanner } else { &none };
    let rules = scanner.rules();
    let mut redacted = redact::redact(proposal.request, scanner, values)
        .map_err(|_| Denial::Evaluation(EvaluationError::Pattern))?;
    if let Some(rule) = redact::names(rules, redacted.tally.blocked).into_iter().next() {
        return Err(Denial::Find { rule });
    }
    let bytes = body.bytes(&redacted.request);
    redacted.tally.asked |= wrapped(rules, proposal.request, &bytes)?;
    let mut asks = redact::names(rules, redacted.tally.asked);
    asks.extend(price_asks.then(|| "unknown_price".to_owned()));
    if asks.is_empty() {
        return Ok(seal(Some(contract), proposal, redacted, bytes, false));
    }
    let digest = digest(contract, proposal, &asks, &bytes);
    if consent.is_some_and(|consent| consent.covers(&digest)) {
        return Ok(seal(Some(contract), proposal, redacted, bytes, true));
    }
    Ok(Decision::Asked(Question { rules: asks, finds: redacted.tally.finds, digest }))
}

/// The bit of the rule for keys, if it asks and a key is still there, wrapped or cut; a refusal, if it does not ask.
fn wrapped(rules: &[Rule], request: &ChatRequest, bytes: &[u8]) -> Result<u64, Denial> {
    let is_for_keys = |(_, rule): &(usize, &Rule)| matches!(rule.finder, Finder::ApiKey);
    let Some((index, rule)) = rules.iter().enumerate().find(is_for_keys) else { return Ok(0) };
    let gave_up = |_| Denial::Evaluation(EvaluationError::Pattern);
    let is_there =
        encoded::holds_key(bytes).map_err(gave_up)? || seam::holds_key(request).map_err(gave_up)?;
    match rule.on_hit {
        _ if !is_there => Ok(0),
        OnHit::Ask => Ok(1 << index),
        OnHit::Mask | OnHit::Block => Err(Denial::WrappedKey { rule: rule.name.clone() }),
    }
}

/// What a consent is bound to.
fn digest(contract: &Contract, proposal: &Proposal<'_>, asks: &[String], bytes: &[u8]) -> [u8; 32] {
    let target = proposal.target;
    let version = contract.version.to_string();
    let parts = [&*contract.name, &version, &target.provider, &target.host, &target.model, proposal.profile];
    let mut digest = Sha256::new();
    for part in parts.into_iter().chain([proposal.purpose]).chain(asks.iter().map(String::as_str)) {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.update(bytes);
    digest.finalize().into()
}

fn seal(
    contract: Option<&Contract>,
    proposal: &Proposal<'_>,
    redacted: Redacted,
    bytes: Vec<u8>,
    consented: bool,
) -> Decision {
    let Proposal { target, profile, purpose, worst_cost, .. } = *proposal;
    let receipt = Receipt {
        profile: profile.to_owned(),
        purpose: purpose.to_owned(),
        provider: target.provider.clone(),
        host: target.host.clone(),
        model: target.model.clone(),
        contract: contract.map(|contract| contract.name.clone()),
        contract_version: contract.map(|contract| contract.version),
        rules: contract
            .map(|contract| redact::names(contract.scanner.rules(), redacted.tally.rules))
            .unwrap_or_default(),
        finds: redacted.tally.finds,
        consented,
        worst_cost,
        bytes: bytes.len() as u64,
        body_sha256: sha256(&bytes),
    };
    Decision::Approved(Box::new(Approved::seal(redacted.request, target.clone(), bytes, receipt)))
}

#[cfg(test)]
#[path = "evaluate/tests.rs"]
mod tests;
