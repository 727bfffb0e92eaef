//! The terms that need no look at the words: who is asked, how much, at what price.

use super::contract::{Contract, UnknownPrice};
use super::decision::Denial;
use super::evaluate::Proposal;
use super::glob;
use crate::chat::Part;
use crate::cost::Cost;

/// Refuses what breaks a term; gives whether the user is asked about a price that is not known.
pub(super) fn check(contract: &Contract, proposal: &Proposal<'_>) -> Result<bool, Denial> {
    if contract.is_local(proposal.target) {
        return local(contract, proposal).map(|()| false);
    }
    destination(contract, proposal)?;
    attachments(contract.cloud.attachments, proposal)?;
    tokens(contract, proposal)?;
    match proposal.worst_cost {
        Some(worst) => cost(contract, proposal, worst).map(|()| false),
        None => match contract.cloud.unknown_price {
            UnknownPrice::Allow => Ok(false),
            UnknownPrice::Ask => Ok(true),
            UnknownPrice::Deny => Err(Denial::UnknownPrice { model: proposal.target.model.clone() }),
        },
    }
}

fn local(contract: &Contract, proposal: &Proposal<'_>) -> Result<(), Denial> {
    let model = &proposal.target.model;
    if !glob::any(&contract.local.models, model) {
        return Err(Denial::Model { model: model.clone() });
    }
    attachments(contract.local.attachments, proposal)
}

fn destination(contract: &Contract, proposal: &Proposal<'_>) -> Result<(), Denial> {
    let (cloud, target) = (&contract.cloud, proposal.target);
    let provider = || target.provider.clone();
    if contract.local_only {
        Err(Denial::LocalOnly)
    } else if cloud.switched_on && !target.switched_on {
        Err(Denial::SwitchedOff { provider: provider() })
    } else if !glob::any(&cloud.providers, &target.provider) {
        Err(Denial::Provider { provider: provider() })
    } else if !glob::any(&cloud.models, &target.model) {
        Err(Denial::Model { model: target.model.clone() })
    } else if !glob::any(&cloud.hosts, &target.host) {
        Err(Denial::Host { host: target.host.clone() })
    } else {
        Ok(())
    }
}

fn attachments(allowed: bool, proposal: &Proposal<'_>) -> Result<(), Denial> {
    let mut parts = proposal.request.messages.iter().flat_map(|message| &message.parts);
    let has_one = parts.any(|part| !matches!(part, Part::Text(_)));
    if has_one && !allowed { Err(Denial::Attachments) } else { Ok(()) }
}

fn tokens(contract: &Contract, proposal: &Proposal<'_>) -> Result<(), Denial> {
    let (input, output) = (proposal.input_tokens, proposal.output_tokens);
    if let Some(most) = contract.tokens.input.filter(|most| input > *most) {
        return Err(Denial::InputTokens { tokens: input, most });
    }
    match contract.tokens.output.filter(|most| output.is_none_or(|output| output > *most)) {
        Some(most) => Err(Denial::OutputTokens { tokens: output, most }),
        None => Ok(()),
    }
}

fn cost(contract: &Contract, proposal: &Proposal<'_>, worst: Cost) -> Result<(), Denial> {
    let (caps, spent) = (contract.cost, proposal.spent);
    for (rule, before, most) in [
        ("cost.request", Cost::ZERO, caps.request),
        ("cost.day", spent.day, caps.day),
        ("cost.month", spent.month, caps.month),
    ] {
        let cost = before.plus(worst);
        if let Some(most) = most.filter(|most| cost > *most) {
            return Err(Denial::Cost { rule, cost, most });
        }
    }
    Ok(())
}
