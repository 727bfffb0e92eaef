//! Faults, skips and refusals as people read them: a code, whom it is about, what happened.

use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::plan::{Retired, Skip};
use tonny_egress::router::Then;

use super::targets::Candidate;
use super::view::{Follows, NoticeKind, NoticeView};
use crate::problem::Problem;

/// A failed attempt: the table's words about this provider, with the status and the provider's own name for it.
pub fn problem(fault: &Fault, label: &str) -> Problem {
    let status = fault.status.map(|status| format!("HTTP {status}"));
    let own: Vec<String> = status.into_iter().chain(fault.kind.clone()).collect();
    let own = if own.is_empty() { String::new() } else { format!(" ({})", own.join(", ")) };
    Problem {
        code: fault.code.id(),
        message: format!("{label}: {}{own}", fault.code.what()),
        advice: fault.code.advice().to_owned(),
    }
}

/// Nobody could be asked: the first one's reason, because the person put it first.
pub fn nobody(skips: &[(Candidate, Skip)]) -> Problem {
    match skips.first() {
        Some((candidate, skip)) => Problem {
            code: code(skip).id(),
            message: sentence(candidate, skip),
            advice: code(skip).advice().to_owned(),
        },
        None => problem(&Fault::new(FaultCode::WORKER_MISSING, ""), "No model is chosen"),
    }
}

/// A target that was not asked.
pub fn skipped(candidate: &Candidate, skip: &Skip) -> NoticeView {
    NoticeView {
        kind: NoticeKind::Skipped,
        target: candidate.id.clone(),
        code: code(skip).id(),
        sentence: sentence(candidate, skip),
        then: None,
        to: None,
    }
}

/// A target that was asked in vain, and what followed.
pub fn failed(candidate: &Candidate, fault: &Fault, then: Option<(Then, &Candidate)>) -> NoticeView {
    let how = |then| match then {
        Then::Again { .. } => Follows::Again,
        Then::Switched { .. } => Follows::Switched,
        Then::Continued { .. } => Follows::Continued,
    };
    NoticeView {
        kind: NoticeKind::Failed,
        target: candidate.id.clone(),
        code: fault.code.id(),
        sentence: problem(fault, &candidate.provider.label).message,
        then: then.map(|(then, _)| how(then)),
        to: then.map(|(_, next)| next.id.clone()),
    }
}

/// Why a target cannot be asked, as a sentence.
pub fn sentence(candidate: &Candidate, skip: &Skip) -> String {
    let label = &candidate.provider.label;
    match skip {
        Skip::NoKey => format!("{label} has no key yet."),
        Skip::Offline => format!("{label} is on another machine, and TonnyTray is switched to offline."),
        Skip::Retired(Retired { since, successor }) => {
            let next = successor.as_ref().map(|next| format!(" {label} names {next} in its place."));
            format!("{} does not answer any more since {since}.{}", candidate.model, next.unwrap_or_default())
        }
        Skip::NoVision => format!("{} does not see pictures.", candidate.model),
        Skip::TooLong { tokens, window } => {
            format!("The conversation has about {tokens} tokens, and {} takes {window}.", candidate.model)
        }
        Skip::Policy { rule } if rule == "switched_on" => {
            format!("{label} is on another machine and is not switched on yet.")
        }
        Skip::Policy { rule } => format!("The contract's rule {rule} does not let it go to {label}."),
        Skip::Failing { for_ms } => format!("{label} failed lately; it is asked again in {}.", time(*for_ms)),
        Skip::Limited { for_ms } => {
            format!("{label}'s limit is used up; it is free again in {}.", time(*for_ms))
        }
        Skip::Budget { name } => {
            format!("The budget of the {name} has no room for an answer of {}.", candidate.model)
        }
        Skip::Worker(trouble) => format!("The local model cannot answer: {}", trouble.why),
    }
}

fn code(skip: &Skip) -> FaultCode {
    match skip {
        Skip::NoKey => FaultCode::AUTH_MISSING,
        Skip::Offline | Skip::Policy { .. } => FaultCode::POLICY_DENIED,
        Skip::Retired(_) => FaultCode::MODEL_RETIRED,
        Skip::NoVision => FaultCode::UNSUPPORTED_FEATURE,
        Skip::TooLong { .. } => FaultCode::CONTEXT_OVERFLOW,
        Skip::Failing { .. } => FaultCode::OVERLOADED,
        Skip::Limited { .. } => FaultCode::RATE_REQUESTS,
        Skip::Budget { .. } => FaultCode::BUDGET_EXCEEDED,
        Skip::Worker(trouble) => trouble.code,
    }
}

fn time(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
