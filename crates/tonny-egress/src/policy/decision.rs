//! What becomes of a request: approved, refused with a rule's name, or a question to the user.

use super::approved::Approved;
use crate::chat::ChatRequest;
use crate::cost::Cost;
use crate::fault::FaultCode;

/// The verdict on one request to one target.
#[derive(Debug)]
pub enum Decision {
    /// It may go.
    Approved(Box<Approved<ChatRequest>>),
    /// It may not.
    Denied(Denial),
    /// It may, if the user agrees.
    Asked(Question),
}

/// Why a request may not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No contract is for the profile and the purpose, and the target is another machine.
    #[error("no contract allows this profile to ask another machine for this purpose")]
    NoContract,
    /// The contract keeps everything here.
    #[error("the contract keeps everything on this machine")]
    LocalOnly,
    /// The user has not switched the provider on.
    #[error("{provider} is not switched on")]
    SwitchedOff {
        /// The provider.
        provider: String,
    },
    /// Not in the contract's list.
    #[error("the contract does not allow the provider {provider}")]
    Provider {
        /// The provider.
        provider: String,
    },
    /// Not in the contract's list.
    #[error("the contract does not allow the model {model}")]
    Model {
        /// The model.
        model: String,
    },
    /// Not in the contract's list.
    #[error("the contract does not allow the host {host}")]
    Host {
        /// The host.
        host: String,
    },
    /// Pictures stay here.
    #[error("the contract does not allow attachments")]
    Attachments,
    /// Too long.
    #[error("the request has {tokens} tokens, and the contract allows {most}")]
    InputTokens {
        /// It has.
        tokens: u64,
        /// It may have.
        most: u64,
    },
    /// The longest answer is too long, or has no limit.
    #[error("the answer may have {most} tokens, and the request asks for {}", tokens.map_or_else(|| "any number".to_owned(), |n| n.to_string()))]
    OutputTokens {
        /// It asks for; `None` is any number.
        tokens: Option<u64>,
        /// It may ask for.
        most: u64,
    },
    /// Too dear at worst: the request, or what this period would then have cost.
    #[error("this may cost {cost} dollars ({rule}), and the contract allows {most}")]
    Cost {
        /// `cost.request`, `cost.day` or `cost.month`.
        rule: &'static str,
        /// At worst.
        cost: Cost,
        /// Allowed.
        most: Cost,
    },
    /// The contract needs a price.
    #[error("the price of {model} is not known, and the contract needs one: set it in the list of models")]
    UnknownPrice {
        /// The model.
        model: String,
    },
    /// Something was found that does not leave.
    #[error("the rule {rule} found something that does not leave this machine")]
    Find {
        /// The first rule that did.
        rule: String,
    },
    /// A key is in the body, wrapped so that it could not be masked.
    #[error("a key is in what would be sent, in a form that cannot be masked")]
    WrappedKey {
        /// The rule for keys.
        rule: String,
    },
    /// The evaluation itself failed; what is not judged does not leave.
    #[error("the contract could not be evaluated: {0}")]
    Evaluation(EvaluationError),
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The automaton of a pattern gave up.
    #[error("a pattern could not be run")]
    Pattern,
    /// The code panicked.
    #[error("it broke off")]
    Panicked,
}

impl Denial {
    /// Its code in the table of faults.
    pub fn code(&self) -> FaultCode {
        FaultCode(match self {
            Self::Cost { .. } | Self::UnknownPrice { .. } => 193,
            Self::Evaluation(_) => 192,
            _ => 190,
        })
    }

    /// The rule's name: what to change, and what a contract's examples name.
    pub fn rule(&self) -> &str {
        match self {
            Self::NoContract => "contract",
            Self::LocalOnly => "local_only",
            Self::SwitchedOff { .. } => "switched_on",
            Self::Provider { .. } => "providers",
            Self::Model { .. } => "models",
            Self::Host { .. } => "hosts",
            Self::Attachments => "attachments",
            Self::InputTokens { .. } => "tokens.input",
            Self::OutputTokens { .. } => "tokens.output",
            Self::Cost { rule, .. } => rule,
            Self::UnknownPrice { .. } => "unknown_price",
            Self::Find { rule } | Self::WrappedKey { rule } => rule,
            Self::Evaluation(_) => "evaluation",
        }
    }
}

/// What the user is asked before a request leaves as it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// The rules that ask, by name.
    pub rules: Vec<String>,
    /// How many finds there are.
    pub finds: u32,
    pub(super) digest: [u8; 32],
}

/// The user's yes to one question: to these bytes, this target and this contract, not to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Consent {
    digest: [u8; 32],
}

impl Question {
    /// The code for the wait.
    pub fn code(&self) -> FaultCode {
        FaultCode(191)
    }

    /// The user said yes.
    pub fn agree(self) -> Consent {
        Consent { digest: self.digest }
    }
}

impl Consent {
    pub(super) fn covers(&self, digest: &[u8; 32]) -> bool {
        self.digest == *digest
    }
}
