//! What left this machine, one row for every attempt; never a word of what was said.
//!
//! The room that owns the database keeps them. Nothing here knows how.

use std::time::SystemTime;

use serde::Serialize;

use crate::chat::Usage;
use crate::cost::Cost;
use crate::fault::FaultCode;
use crate::policy::{Denial, Receipt};

/// One attempt, or one request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// When it was decided, by the owner's clock.
    pub at: SystemTime,
    /// Whose it was.
    pub profile: String,
    /// What it was for.
    pub purpose: String,
    /// The provider's id.
    pub provider: String,
    /// The host.
    pub host: String,
    /// The model's id.
    pub model: String,
    /// Bytes of the body that were sent; 0 for a refusal.
    pub bytes_out: u64,
    /// Bytes of the answer that came.
    pub bytes_in: u64,
    /// Tokens by class.
    pub tokens: Usage,
    /// What it cost; `None` where the price is not known.
    pub cost: Option<Cost>,
    /// Whether the tokens were counted here, because the provider did not say.
    pub is_estimated: bool,
    /// The rules that found something, or the one that refused.
    pub rules: Vec<String>,
    /// The contract and its version, where one decided.
    pub contract: Option<(String, u32)>,
    /// The receipt's hash; `None` for a refusal.
    pub receipt: Option<String>,
    /// `None` for a complete answer, or why there is none.
    pub outcome: Option<u16>,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes of the answer that came.
    pub bytes_in: u64,
    /// Tokens by class.
    pub tokens: Usage,
    /// What it cost; `None` where the price is not known.
    pub cost: Option<Cost>,
    /// Whether the tokens were counted here.
    pub is_estimated: bool,
    /// `None` for a complete answer.
    pub fault: Option<FaultCode>,
}

impl Row {
    /// The row of an attempt that is about to begin: all it will send, at the dearest it can be, and interrupted. That is what
    /// it stays if nobody comes to settle it.
    pub fn opened(at: SystemTime, receipt: &Receipt, input_tokens: u64, worst: Option<Cost>) -> Self {
        Self {
            at,
            profile: receipt.profile.clone(),
            purpose: receipt.purpose.clone(),
            provider: receipt.provider.clone(),
            host: receipt.host.clone(),
            model: receipt.model.clone(),
            bytes_out: receipt.bytes,
            bytes_in: 0,
            tokens: Usage { input: input_tokens, ..Usage::default() },
            cost: worst,
            is_estimated: true,
            rules: receipt.rules.clone(),
            contract: receipt.contract.clone().zip(receipt.contract_version),
            receipt: Some(receipt.hash()),
            outcome: Some(FaultCode::STREAM_INTERRUPTED.0),
        }
    }

    /// The row of a request that did not leave.
    pub fn refused(
        at: SystemTime,
        proposal: &crate::policy::Proposal<'_>,
        contract: Option<&crate::policy::Contract>,
        denial: &Denial,
    ) -> Self {
        let target = proposal.target;
        Self {
            at,
            profile: proposal.profile.to_owned(),
            purpose: proposal.purpose.to_owned(),
            provider: target.provider.clone(),
            host: target.host.clone(),
            model: target.model.clone(),
            bytes_out: 0,
            bytes_in: 0,
            tokens: Usage::default(),
            cost: Some(Cost::ZERO),
            is_estimated: false,
            rules: vec![denial.rule().to_owned()],
            contract: contract.map(|contract| (contract.name.clone(), contract.version)),
            receipt: None,
            outcome: Some(denial.code().0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatRequest, Message, Role};
    use crate::policy::{Decision, Placeholders, Policy, Proposal, Spent, Target};

    const AT: SystemTime = SystemTime::UNIX_EPOCH;

    const WORDS: &str = "the secret plan for ada@example.org";

    /// The row of asking for `WORDS`, which breaks off where it is allowed.
    fn row(switched_on: bool) -> Row {
        let request =
            ChatRequest { messages: vec![Message::text(Role::User, WORDS)], ..ChatRequest::default() };
        let target = Target {
            provider: "openai".to_owned(),
            host: "api.openai.com".to_owned(),
            model: "gpt-4o".to_owned(),
            switched_on,
        };
        let proposal = Proposal {
            request: &request,
            target: &target,
            profile: "me",
            purpose: "assistant",
            input_tokens: 9,
            output_tokens: Some(9),
            worst_cost: None,
            spent: Spent::default(),
        };
        let policy = Policy::bundled().unwrap();
        let body = |request: &ChatRequest| format!("{:?}", request.messages).into_bytes();
        match policy.evaluate(&proposal, &body, &mut Placeholders::new(), None) {
            Decision::Approved(approved) => {
                let (body, receipt) = approved.take_body();
                assert_eq!(receipt.bytes, body.len() as u64);
                Row::opened(AT, &receipt, 9, None)
            }
            Decision::Denied(denial) => {
                Row::refused(AT, &proposal, policy.contract_for("me", "assistant"), &denial)
            }
            Decision::Asked(question) => panic!("{question:?}"),
        }
    }

    #[test]
    fn a_row_has_what_left_and_no_word_of_it() {
        let sent = row(true);
        assert_eq!((sent.outcome, sent.receipt.as_ref().map(String::len)), (Some(160), Some(64)));
        assert_eq!(
            (&sent.rules[..], &sent.contract),
            (&["email".to_owned()][..], &Some(("default".to_owned(), 1)))
        );
        assert!(sent.bytes_out > 0 && sent.cost.is_none());
        let refused = row(false);
        assert_eq!((refused.outcome, &refused.receipt, refused.bytes_out), (Some(190), &None, 0));
        assert_eq!(refused.rules, ["switched_on"]);
        for row in [sent, refused] {
            let text = serde_json::to_string(&row).unwrap();
            assert!(
                !WORDS.split(' ').filter(|word| word.len() > 4).any(|word| text.contains(word)),
                "{text}"
            );
        }
    }
}
