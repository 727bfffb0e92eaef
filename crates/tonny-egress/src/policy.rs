//! What may leave this machine, as contracts that the user can read and edit; and the only way to an [`Approved`] request.
//!
//! Judges what is about to be sent: to whom, how much, at what price, with which words masked. It sends nothing, reads no
//! clock and no file. It fails closed: an error on the way to a verdict is a refusal, and where no contract applies only
//! this machine may be asked. A verdict is for one target: the next one in a fallback is judged again. Start reading at
//! [`Policy::evaluate`]; a contract's form is shown by `policy/default.toml`.

mod approved;
mod contract;
mod decision;
mod encoded;
mod evaluate;
mod examples;
mod find;
mod glob;
mod holdback;
mod loading;
mod placeholder;
mod redact;
mod scan;
mod seam;
mod starts;
mod terms;

pub use approved::{Approved, Receipt};
pub use contract::{Cloud, Contract, CostCaps, Local, OnHit, TokenCaps, UnknownPrice};
pub use decision::{Consent, Decision, Denial, EvaluationError, Question};
pub use evaluate::{Body, Proposal, Spent, Target};
pub use holdback::HoldBack;
pub use loading::ContractError;
pub use placeholder::{Placeholders, Restorer};

/// The contract that comes with the program.
const DEFAULT: &str = include_str!("policy/default.toml");

/// The contracts in force.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    contracts: Vec<Contract>,
}

impl Policy {
    /// The first contract that is for a profile and a purpose decides alone: the user's own stand before the default.
    pub fn new(contracts: Vec<Contract>) -> Self {
        Self { contracts }
    }

    /// The contract that comes with the program, alone.
    ///
    /// # Errors
    /// Never in a released program: a test loads it.
    pub fn bundled() -> Result<Self, ContractError> {
        Ok(Self::new(vec![Contract::load(DEFAULT)?]))
    }

    /// The text of the contract that comes with the program, to begin an own one with.
    pub fn bundled_text() -> &'static str {
        DEFAULT
    }

    /// The contract that decides for this profile and purpose.
    pub fn contract_for(&self, profile: &str, purpose: &str) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.applies(profile, purpose))
    }
}
