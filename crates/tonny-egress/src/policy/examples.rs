//! The examples that a contract carries: what it allows, refuses, masks and asks, in words of its author.
//!
//! They are run when the contract is loaded, through the same evaluation as everything else. One that comes out otherwise
//! keeps the contract from loading: a rule that does not do what its author thinks protects nobody.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::Contract;
use super::decision::{Decision, Denial};
use super::evaluate::{Proposal, Spent, Target, judge_by};
use super::loading::ContractError;
use super::placeholder::Placeholders;
use crate::chat::{ChatRequest, Message, Part, Role};
use crate::cost::Cost;

/// One example. What it does not say is what a contract with any terms allows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    name: String,
    #[serde(default = "provider")]
    provider: String,
    #[serde(default = "host")]
    host: String,
    #[serde(default = "model")]
    model: String,
    #[serde(default = "yes")]
    switched_on: bool,
    #[serde(default)]
    text: String,
    /// Whether a picture is attached.
    #[serde(default)]
    attachment: bool,
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    /// At worst; `price_unknown` instead, where it is about that.
    #[serde(default)]
    cost: Cost,
    #[serde(default)]
    price_unknown: bool,
    #[serde(default)]
    spent_day: Cost,
    #[serde(default)]
    spent_month: Cost,
    expect: Expect,
    /// For `deny` and `ask`: the rule's name.
    rule: Option<String>,
    /// For `redact`: the text that goes out.
    becomes: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// It goes out as it is.
    Allow,
    /// It does not go out.
    Deny,
    /// It goes out as the text in `becomes`.
    Redact,
    /// The user is asked.
    Ask,
}

fn provider() -> String {
    "example".to_owned()
}

fn host() -> String {
    "api.example.org".to_owned()
}

fn model() -> String {
    "example-1".to_owned()
}

fn yes() -> bool {
    true
}

/// Runs all examples; the first that comes out otherwise is the error.
pub(super) fn run(contract: &Contract, examples: &[Example]) -> Result<(), ContractError> {
    if examples.is_empty() {
        return Err(ContractError::NoExamples { contract: contract.name.clone() });
    }
    for example in examples {
        let (expected, came) = (example.expected(), example.came(contract));
        if expected != came {
            let (contract, example) = (contract.name.clone(), example.name.clone());
            return Err(ContractError::Example { contract, example, expected, came });
        }
    }
    Ok(())
}

impl Example {
    fn expected(&self) -> String {
        let rule = self.rule.as_deref();
        match self.expect {
            Expect::Allow => sent(&self.text),
            Expect::Redact => self.becomes.as_deref().map_or_else(|| "a text in `becomes`".to_owned(), sent),
            Expect::Deny => denied(rule.unwrap_or("a rule's name in `rule`")),
            Expect::Ask => asked(&[rule.unwrap_or("a rule's name in `rule`").to_owned()]),
        }
    }

    /// In the same words as `expected`.
    fn came(&self, contract: &Contract) -> String {
        let request = self.request();
        let target = Target {
            provider: self.provider.clone(),
            host: self.host.clone(),
            model: self.model.clone(),
            switched_on: self.switched_on,
        };
        let proposal = Proposal {
            request: &request,
            target: &target,
            profile: "example",
            purpose: "example",
            input_tokens: self.input_tokens,
            output_tokens: Some(self.output_tokens),
            worst_cost: (!self.price_unknown).then_some(self.cost),
            spent: Spent { day: self.spent_day, month: self.spent_month },
        };
        match judge_by(contract, &proposal, &text_of, &mut Placeholders::new(), None) {
            Ok(Decision::Approved(approved)) => sent(&String::from_utf8_lossy(approved.body())),
            Ok(Decision::Asked(question)) => asked(&question.rules),
            Ok(Decision::Denied(denial)) | Err(denial) => reason(&denial),
        }
    }

    fn request(&self) -> ChatRequest {
        let mut message = Message::text(Role::User, &*self.text);
        if self.attachment {
            message.parts.push(Part::Image { media_type: "image/png".to_owned(), bytes: Arc::new([]) });
        }
        ChatRequest { model: self.model.clone(), messages: vec![message], ..ChatRequest::default() }
    }
}

/// The body of an example: its text, in no provider's form.
fn text_of(request: &ChatRequest) -> Vec<u8> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts
        .map(|part| if let Part::Text(text) = part { text.as_str() } else { "" })
        .collect::<String>()
        .into_bytes()
}

fn sent(text: &str) -> String {
    format!("that `{text}` is sent")
}

fn asked(rules: &[String]) -> String {
    format!("a question ({})", rules.join(", "))
}

fn denied(rule: &str) -> String {
    format!("a refusal ({rule})")
}

fn reason(denial: &Denial) -> String {
    denied(denial.rule())
}
