//! The contract on what may leave this machine, for those who read and change it.

use serde::{Deserialize, Serialize};
use tonny_egress::chat::{ChatRequest, Message, Part, Role};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Contract, Decision, Placeholders, Policy, Proposal, Spent, Target};

use super::{Assistant, PURPOSE, judge};
use crate::problem::{Code, Problem};

/// Bytes of a contract; the one that comes with the program has 4,000.
const LONGEST: usize = 200_000;

/// A contract that loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ContractView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its text.
    pub text: String,
    /// Whether it is the user's own.
    pub is_own: bool,
}

/// What becomes of some words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TriedOut {
    /// `allow`, `ask`, `deny`.
    pub verdict: String,
    /// The words as they would leave; none where they would not.
    pub leaves: Option<String>,
    /// The rules that found something, or the one that refused.
    pub rules: Vec<String>,
    /// Why not, as a sentence.
    pub why: Option<String>,
}

/// Reads a contract and runs its examples.
///
/// # Errors
/// [`Code::PolicyFileWrong`] with what is wrong, and the example that does not come out.
pub fn check_contract(text: &str) -> Result<ContractView, Problem> {
    let contract = load(text)?;
    Ok(ContractView { name: contract.name, version: contract.version, text: text.to_owned(), is_own: true })
}

fn load(text: &str) -> Result<Contract, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::with(Code::PolicyFileWrong, "It has more than 200,000 bytes"));
    }
    Contract::load(text).map_err(|error| Problem::with(Code::PolicyFileWrong, sentence(&error.to_string())))
}

/// An error as a sentence that follows another one, and gets its full stop there.
fn sentence(error: &str) -> String {
    let mut letters = error.trim_end().trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a contract would make of these words, sent to that model of another machine.
///
/// # Errors
/// Those of [`check_contract`].
pub fn try_contract(text: &str, model: &str, words: &str) -> Result<TriedOut, Problem> {
    let policy = Policy::new(vec![load(text)?]);
    let (provider, model) = model.split_once('/').unwrap_or(("openai", model));
    let target = Target {
        provider: provider.to_owned(),
        host: format!("{provider}.example"),
        model: model.to_owned(),
        switched_on: true,
    };
    let request = ChatRequest { messages: vec![Message::text(Role::User, words)], ..ChatRequest::default() };
    let proposal = Proposal {
        request: &request,
        target: &target,
        profile: judge::PROFILE,
        purpose: PURPOSE,
        input_tokens: super::targets::input_tokens(&request),
        output_tokens: Some(1),
        worst_cost: Some(Cost::ZERO),
        spent: Spent::default(),
    };
    let body = |request: &ChatRequest| said(request).into_bytes();
    Ok(match policy.evaluate(&proposal, &body, &mut Placeholders::new(), None) {
        Decision::Approved(approved) => TriedOut {
            verdict: "allow".to_owned(),
            leaves: Some(said(approved.request())),
            rules: approved.receipt().rules.clone(),
            why: None,
        },
        Decision::Asked(question) => {
            TriedOut { verdict: "ask".to_owned(), leaves: None, rules: question.rules, why: None }
        }
        Decision::Denied(denial) => TriedOut {
            verdict: "deny".to_owned(),
            leaves: None,
            rules: vec![denial.rule().to_owned()],
            why: Some(denial.to_string()),
        },
    })
}

fn said(request: &ChatRequest) -> String {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let texts = parts.filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image { .. } => None,
    });
    texts.collect()
}

impl Assistant {
    /// The contract that decides for questions to the assistant.
    ///
    /// # Errors
    /// [`Code::PolicyFileWrong`] where the user's own does not load any more.
    pub fn contract(&self) -> Result<ContractView, Problem> {
        let own = self.desk.settings.borrow().privacy.contract.clone();
        let is_own = own.is_some();
        let text = own.unwrap_or_else(|| Policy::bundled_text().to_owned());
        check_contract(&text).map(|view| ContractView { is_own, ..view })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_try_out_shows_what_would_leave() {
        let tried =
            try_contract(Policy::bundled_text(), "openai/gpt-4o", "Write to ada@example.org").expect("loads");
        assert_eq!(tried.leaves.as_deref(), Some("Write to [EMAIL_1]"));
        assert_eq!((&*tried.verdict, &tried.rules[..]), ("allow", &["email".to_owned()][..]));
    }

    #[test]
    fn a_contract_whose_example_does_not_come_out_does_not_load() {
        let wrong = Policy::bundled_text()
            .replace("becomes = \"From [IBAN_1] or card [CARD_1].\"", "becomes = \"all of it\"");
        let problem = check_contract(&wrong).expect_err("wrong");
        assert!(
            problem.is(Code::PolicyFileWrong) && problem.message.contains("money is masked"),
            "{problem}"
        );
    }
}
