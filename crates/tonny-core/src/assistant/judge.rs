//! The judge of one turn: the policy's verdict on the very bytes, then room in the budgets and leave of the breaker.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonny_egress::chat::ChatRequest;
use tonny_egress::cost::Cost;
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::ledger::Row;
use tonny_egress::policy::{Approved, Decision, Placeholders, Policy, Proposal, Spent, Target};
use tonny_egress::router::{Arrived, Judge};
use tonny_supervisor::{CircuitLimits, Gate};

use super::clerk::{Opened, Verdict};
use super::desk::Desk;
use super::owner::{Closed, Entry, Owner};
use super::targets::{Candidate, input_tokens};
use crate::engine::Engine;
use crate::settings::Settings;

/// The profile of the one person there is until there are several.
pub const PROFILE: &str = "default";

/// Judges each attempt of one turn.
pub struct TurnJudge<'a> {
    pub desk: &'a Desk,
    pub owner: &'a Owner,
    pub candidates: &'a [Candidate],
    pub purpose: &'static str,
    pub conversation: String,
    /// Of this conversation: the same words always have the same ones, because they are found in the same order.
    pub values: Placeholders,
    pub verdicts: mpsc::UnboundedSender<Verdict>,
    /// The local model is waited for so long.
    pub wait_local: Duration,
    pub cancel: CancellationToken,
}

impl Judge for TurnJudge<'_> {
    async fn arrive(&mut self, target: usize) -> Result<Option<Arrived>, Fault> {
        let candidate = &self.candidates[target];
        if !candidate.is_worker() {
            return Ok(None);
        }
        let fault = |code, why: &str| Fault {
            kind: Some(why.to_owned()),
            ..Fault::new(code, &*candidate.provider.id)
        };
        let mut local = self.desk.local.clone();
        let there = tokio::select! {
            changed = local.wait_for(|local| !matches!(local.engine, Engine::Away)) => {
                changed.map(|local| local.engine.clone()).ok()
            }
            () = tokio::time::sleep(self.wait_local) => None,
            () = self.cancel.cancelled() => return Err(Fault::new(FaultCode::CANCELLED_BY_USER, "")),
        };
        match there {
            Some(Engine::Ready(door)) => Ok(Some(Arrived {
                provider: candidate.provider.at(&format!("http://{}/v1", door.address)),
                key: Some(door.token.expose().to_owned()),
            })),
            Some(Engine::Absent(problem)) => Err(fault(FaultCode::WORKER_MISSING, &problem.message)),
            Some(Engine::Away) | None => Err(fault(FaultCode::WORKER_STARTING, "it is not loaded yet")),
        }
    }

    async fn judge(&mut self, target: usize, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
        let candidate = &self.candidates[target];
        let fault = |code: FaultCode, why: String| Fault {
            kind: Some(why),
            ..Fault::new(code, &*candidate.provider.id)
        };
        let policy: Arc<Policy> = self.desk.policy.borrow().clone();
        let settings = self.desk.settings.borrow().clone();
        let policy_target = policy_target(candidate, &settings);
        let input = input_tokens(request);
        let proposal = Proposal {
            request,
            target: &policy_target,
            profile: PROFILE,
            purpose: self.purpose,
            input_tokens: input,
            output_tokens: request.max_tokens.map(u64::from),
            worst_cost: worst(candidate, input, request.max_tokens),
            // Days and months are counted by the budgets, which hold what runs at the same time against them, too.
            spent: Spent::default(),
        };
        // Where a worker listens is no part of the body.
        let body = |request: &ChatRequest| candidate.provider.chat(request).body.unwrap_or_default();
        let contract = policy.contract_for(PROFILE, self.purpose);
        let approved = match policy.evaluate(&proposal, &body, &mut self.values, None) {
            Decision::Approved(approved) => *approved,
            Decision::Asked(question) => return Err(fault(question.code(), question.rules.join(", "))),
            Decision::Denied(denial) => {
                let row = Row::refused(self.desk.clock.utc().into(), &proposal, contract, &denial);
                let _ = self.verdicts.send(Verdict::Refused(Box::new(row)));
                return Err(fault(denial.code(), denial.rule().to_owned()));
            }
        };
        let is_worker = candidate.is_worker();
        let entry = Entry {
            lane: (!is_worker).then(|| candidate.lane()),
            provider: candidate.provider.id.clone(),
            conversation: self.conversation.clone(),
            worst: proposal.worst_cost,
            caps: contract.map_or([None, None], |contract| [contract.cost.day, contract.cost.month]),
        };
        let (permit, money) = self.owner.enter(entry).await.map_err(|closed| match closed {
            Closed::Failing => fault(FaultCode::OVERLOADED, "it failed too often lately".to_owned()),
            Closed::Budget(refusal) => fault(FaultCode::BUDGET_EXCEEDED, refusal.to_string()),
        })?;
        let worker = self.desk.local.borrow().worker.clone().filter(|_| is_worker);
        let permit = match (permit, worker) {
            (Some(permit), _) => permit,
            (None, Some(worker)) => {
                worker.permit().map_err(|rejected| fault(FaultCode::WORKER_STARTING, rejected.to_string()))?
            }
            // A worker that nobody supervises: a gate of its own that never closes.
            (None, None) => Gate::new(CircuitLimits::default())
                .permit()
                .map_err(|rejected| fault(FaultCode::INTERNAL, rejected.to_string()))?,
        };
        let opened = Opened {
            target,
            receipt: approved.receipt().clone(),
            input_tokens: input,
            money,
            permit,
            values: self.values.clone(),
            hold_back: Some(policy.hold_back(PROFILE, self.purpose, &policy_target)),
        };
        let _ = self.verdicts.send(Verdict::Opened(Box::new(opened)));
        Ok(approved)
    }
}

/// The rule that forbids to ask it at all, whatever is asked.
pub fn forbidden(candidate: &Candidate, settings: &Settings, policy: &Policy) -> Option<String> {
    if candidate.is_worker() {
        return None;
    }
    let request = ChatRequest { model: candidate.model.clone(), ..ChatRequest::default() };
    let target = policy_target(candidate, settings);
    let proposal = Proposal {
        request: &request,
        target: &target,
        profile: PROFILE,
        purpose: super::PURPOSE,
        input_tokens: 0,
        output_tokens: Some(1),
        worst_cost: Some(Cost::ZERO),
        spent: Spent::default(),
    };
    match policy.evaluate(&proposal, &|_: &ChatRequest| Vec::new(), &mut Placeholders::new(), None) {
        Decision::Denied(denial) => Some(denial.rule().to_owned()),
        Decision::Approved(_) | Decision::Asked(_) => None,
    }
}

fn policy_target(candidate: &Candidate, settings: &Settings) -> Target {
    Target {
        provider: candidate.provider.id.clone(),
        host: candidate.provider.host().unwrap_or_default(),
        model: candidate.model.clone(),
        switched_on: candidate.is_switched_on(settings),
    }
}

/// Nothing on this machine; else the dearest way it may go. Without a price or an end of the answer it is not known.
fn worst(candidate: &Candidate, input: u64, output: Option<u32>) -> Option<Cost> {
    if candidate.is_local() {
        return Some(Cost::ZERO);
    }
    let record = candidate.record.as_ref()?;
    let output = output.map(u64::from).or(record.longest_answer)?;
    Some(record.price.as_ref()?.worst(input, output))
}
