//! The judge of one turn: the policy's verdict on the very bytes, then leave of the breaker, room in the budgets and
//! a row in the ledger.

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
use tonny_supervisor::{CircuitLimits, Gate, Permit};

use super::clerk::{Opened, Verdict};
use super::desk::Desk;
use super::lanes::Lane;
use super::money::{NotOpened, budgets};
use super::owner::{Closed, Owner};
use super::targets::{Candidate, input_tokens};
use crate::engine::Engine;
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// The profile of the one person there is until there are several.
pub const PROFILE: &str = "default";

/// As long as a row may take on its way into the ledger before its delay begins to count.
const WRITTEN_DOWN: Duration = Duration::from_secs(1);

/// Judges each attempt of one turn.
pub struct TurnJudge<'a> {
    pub desk: &'a Desk,
    pub owner: &'a Owner,
    pub candidates: &'a [Candidate],
    pub purpose: &'static str,
    /// Conversation and answer, for the ledger's rows.
    pub about: (String, String),
    /// Of this conversation: the same words always have the same ones, because they are found in the same order.
    pub values: Placeholders,
    pub verdicts: mpsc::UnboundedSender<Verdict>,
    /// The local model is waited for so long.
    pub wait_local: Duration,
    pub cancel: CancellationToken,
    /// The model for which the user said yes to what the contract asks about.
    pub agreed: Option<String>,
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
            Some(Engine::Absent(problem)) => Err(fault(absent(&problem), &problem.message)),
            Some(Engine::Away) | None => Err(fault(FaultCode::WORKER_STARTING, "it is not loaded yet")),
        }
    }

    async fn judge(&mut self, target: usize, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
        let candidate = &self.candidates[target];
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
        let approved = self.approve(candidate, &policy, &proposal)?;
        let permit = self.admit(candidate).await?;
        let at = self.desk.clock.utc().into();
        let row = Row::opened(at, approved.receipt(), input, proposal.worst_cost);
        // What reads the answer is made while the row is written.
        let (seq, (values, hold_back)) =
            tokio::join!(self.open(candidate, &policy, &settings, &row), async {
                (self.values.clone(), policy.hold_back(PROFILE, self.purpose, &policy_target))
            });
        let opened = Opened {
            target,
            seq: seq?,
            input_tokens: input,
            worst: proposal.worst_cost,
            permit,
            values,
            hold_back: Some(hold_back),
        };
        let _ = self.verdicts.send(Verdict::Opened(Box::new(opened)));
        Ok(approved)
    }
}

impl TurnJudge<'_> {
    /// The policy's verdict on the very bytes.
    fn approve(
        &mut self,
        candidate: &Candidate,
        policy: &Policy,
        proposal: &Proposal<'_>,
    ) -> Result<Approved<ChatRequest>, Fault> {
        // Where a worker listens is no part of the body.
        let body = |request: &ChatRequest| candidate.provider.body(request);
        let mut decision = policy.evaluate(proposal, &body, &mut self.values, None);
        if let Decision::Asked(question) = decision {
            if self.agreed.as_ref() != Some(&candidate.id) {
                return Err(fault(candidate, question.code(), question.rules.join(", ")));
            }
            // The yes is to these very bytes; what would be sent instead is asked for again.
            decision = policy.evaluate(proposal, &body, &mut self.values, Some(&question.agree()));
        }
        match decision {
            Decision::Approved(approved) => Ok(*approved),
            Decision::Asked(question) => Err(fault(candidate, question.code(), question.rules.join(", "))),
            Decision::Denied(denial) => {
                let contract = policy.contract_for(PROFILE, self.purpose);
                let row = Row::refused(self.desk.clock.utc().into(), proposal, contract, &denial);
                let _ = self.verdicts.send(Verdict::Refused(Box::new(row)));
                Err(fault(candidate, denial.code(), denial.rule().to_owned()))
            }
        }
    }

    /// Leave of the breaker.
    async fn admit(&self, candidate: &Candidate) -> Result<Permit, Fault> {
        if !candidate.is_worker() {
            return self.enter(candidate.lane()).await.map_err(|closed| match closed {
                Closed::Failing => {
                    fault(candidate, FaultCode::OVERLOADED, "it failed too often lately".to_owned())
                }
                Closed::Limited(left) => Fault {
                    retry_after: Some(left),
                    ..fault(candidate, FaultCode::RATE_REQUESTS, "another question met its limit".to_owned())
                },
            });
        }
        let refused = |code, why: String| fault(candidate, code, why);
        match self.desk.local.borrow().worker.clone() {
            Some(worker) => worker.permit().map_err(|it| refused(FaultCode::WORKER_STARTING, it.to_string())),
            // A worker that nobody supervises: a gate of its own that never closes.
            None => Gate::new(CircuitLimits::default())
                .permit()
                .map_err(|it| refused(FaultCode::INTERNAL, it.to_string())),
        }
    }

    /// Room in the budgets, and the attempt's row in the ledger; none for what stays on this machine where no row can be
    /// written.
    async fn open(
        &self,
        candidate: &Candidate,
        policy: &Policy,
        settings: &Settings,
        row: &Row,
    ) -> Result<Option<i64>, Fault> {
        let contract = policy.contract_for(PROFILE, self.purpose);
        let caps = contract.map_or([None, None], |contract| [contract.cost.day, contract.cost.month]);
        let budgets = budgets(settings, caps, row.cost.is_some());
        match self.desk.open_row(row, &self.about, &budgets).await {
            Ok(seq) => Ok(Some(seq)),
            Err(NotOpened::Budget(refusal)) => {
                Err(fault(candidate, FaultCode::BUDGET_EXCEEDED, refusal.to_string()))
            }
            Err(NotOpened::Store(error)) if candidate.is_local() => {
                tracing::error!(%error, "a question to a model of this machine could not be written down");
                Ok(None)
            }
            Err(NotOpened::Store(error)) => {
                tracing::error!(%error, host = row.host, "not asked: it could not be written down");
                Err(fault(candidate, FaultCode::LEDGER_UNWRITABLE, error.to_string()))
            }
        }
    }

    /// Leave of the owner. A turn that has waited for its own limit is early by what it took to write the refusal down.
    async fn enter(&self, lane: Lane) -> Result<Permit, Closed> {
        match self.owner.enter(lane.clone()).await {
            Err(Closed::Limited(left)) if left <= WRITTEN_DOWN => {
                tokio::select! {
                    () = tokio::time::sleep(left) => self.owner.enter(lane).await,
                    () = self.cancel.cancelled() => Err(Closed::Limited(left)),
                }
            }
            entered => entered,
        }
    }
}

fn fault(candidate: &Candidate, code: FaultCode, why: String) -> Fault {
    Fault { kind: Some(why), ..Fault::new(code, &*candidate.provider.id) }
}

/// What it means for a question that the local model does not come.
pub fn absent(problem: &Problem) -> FaultCode {
    if problem.is(Code::LanguageModelTooLarge) {
        FaultCode::WORKER_OUT_OF_MEMORY
    } else if [Code::ModelFileUnfit, Code::ModelBroken, Code::ModelNotImportable]
        .iter()
        .any(|code| problem.is(*code))
    {
        FaultCode::WORKER_BAD_MODEL
    } else {
        FaultCode::WORKER_MISSING
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
