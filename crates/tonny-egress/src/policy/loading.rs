//! From a file's text to a contract: every field known, every rule sound, every example true; or an error that names what
//! is wrong.

use serde::Deserialize;

use super::contract::{Cloud, Contract, CostCaps, Local, OnHit, TokenCaps, everything};
use super::examples::{self, Example};
use super::find::pattern::Pattern;
use super::find::words::Words;
use super::placeholder::TEXT_LABEL;
use super::scan::{Finder, Rule, Scanner};

/// A find remembers its rules in 64 bits; one is the placeholders' own.
const MOST_RULES: usize = 63;

/// Bytes of a contract's name; each row of the ledger carries it.
const LONGEST_NAME: usize = 200;

/// A contract that does not load.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// No TOML, an unknown field, or a value of the wrong kind.
    #[error("the contract cannot be read: {0}")]
    Form(#[source] Box<toml::de::Error>),
    /// It has no name.
    #[error("the contract has no name")]
    Nameless,
    /// Its name fits into no list.
    #[error("the contract's name has {bytes} bytes; {LONGEST_NAME} are the most")]
    LongName {
        /// How many it has.
        bytes: usize,
    },
    /// It says nothing of what it does.
    #[error("the contract {contract} has no examples; write at least one [[example]]")]
    NoExamples {
        /// Its name.
        contract: String,
    },
    /// More rules than fit.
    #[error("a contract has at most {MOST_RULES} rules")]
    TooManyRules,
    /// A rule's name is missing, taken twice, or not made of small letters, digits and underscores.
    #[error("the rule name `{name}` is taken, missing, or not made of small letters, digits and _")]
    RuleName {
        /// What stands there.
        name: String,
    },
    /// Words without any, or words or a pattern on a rule that takes none.
    #[error("the rule {rule} needs {needs} and nothing else")]
    RuleParts {
        /// The rule.
        rule: String,
        /// What belongs to its kind.
        needs: &'static str,
    },
    /// The pattern of a rule is no regular expression, or one that needs too much memory.
    #[error("the pattern of the rule {rule} cannot be used: {why}")]
    Pattern {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An example came out other than it says.
    #[error(
        "the example `{example}` of the contract {contract} expects {expected}, but what comes is {came}"
    )]
    Example {
        /// The contract.
        contract: String,
        /// The example.
        example: String,
        /// What it says.
        expected: String,
        /// What came.
        came: String,
    },
}

/// The form of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    version: u32,
    #[serde(default = "everything")]
    profiles: Vec<String>,
    #[serde(default = "everything")]
    purposes: Vec<String>,
    #[serde(default)]
    local_only: bool,
    #[serde(default)]
    cloud: Cloud,
    #[serde(default)]
    local: Local,
    #[serde(default)]
    tokens: TokenCaps,
    #[serde(default)]
    cost: CostCaps,
    #[serde(default)]
    redact: Vec<RuleForm>,
    #[serde(default)]
    example: Vec<Example>,
}

/// The form of a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    kind: Kind,
    on_hit: OnHit,
    /// Whether answers are read as well.
    #[serde(default)]
    answers: bool,
    /// What the rule and its placeholders are called; own words and patterns need one.
    name: Option<String>,
    #[serde(default)]
    words: Vec<String>,
    pattern: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ApiKey,
    Email,
    Phone,
    Iban,
    CreditCard,
    Words,
    Pattern,
}

impl Contract {
    /// Reads a contract from its text and runs its examples.
    ///
    /// # Errors
    /// Names the field, the rule or the example that is wrong.
    pub fn load(text: &str) -> Result<Self, ContractError> {
        let file: File = toml::from_str(text).map_err(|error| ContractError::Form(Box::new(error)))?;
        if file.name.trim().is_empty() {
            return Err(ContractError::Nameless);
        }
        if file.name.len() > LONGEST_NAME {
            return Err(ContractError::LongName { bytes: file.name.len() });
        }
        let (rules, answers) = rules(file.redact)?;
        let answer_rules =
            rules.iter().zip(answers).filter(|(_, answers)| *answers).map(|(rule, _)| rule.clone());
        let contract = Self {
            name: file.name,
            version: file.version,
            profiles: file.profiles,
            purposes: file.purposes,
            local_only: file.local_only,
            cloud: file.cloud,
            local: file.local,
            tokens: file.tokens,
            cost: file.cost,
            answer_rules: answer_rules.collect(),
            scanner: Scanner::new(rules.into_iter().chain([Rule::placeholders()]).collect()),
        };
        examples::run(&contract, &file.example)?;
        Ok(contract)
    }
}

/// The rules, and for each whether it reads answers.
fn rules(forms: Vec<RuleForm>) -> Result<(Vec<Rule>, Vec<bool>), ContractError> {
    if forms.len() > MOST_RULES {
        return Err(ContractError::TooManyRules);
    }
    let mut rules: Vec<Rule> = Vec::new();
    let mut answers = Vec::new();
    for form in forms {
        let (built_in, label) = form.kind.names();
        let name = form.name.clone().unwrap_or_else(|| built_in.to_owned());
        let label = form.name.as_deref().map_or_else(|| label.to_owned(), str::to_uppercase);
        let is_taken =
            rules.iter().any(|rule| rule.name == name || rule.label == label) || label == TEXT_LABEL;
        if !is_name(&name) || is_taken {
            return Err(ContractError::RuleName { name });
        }
        answers.push(form.answers);
        rules.push(Rule { finder: finder(&form, &name)?, name, label, on_hit: form.on_hit });
    }
    Ok((rules, answers))
}

fn finder(form: &RuleForm, name: &str) -> Result<Finder, ContractError> {
    let needs = |needs| ContractError::RuleParts { rule: name.to_owned(), needs };
    match (form.kind, &form.words[..], &form.pattern) {
        (Kind::Words, words, None) if words.iter().any(|word| !word.trim().is_empty()) => {
            Ok(Finder::Words(Words::new(words)))
        }
        (Kind::Words, ..) => Err(needs("words")),
        (Kind::Pattern, [], Some(pattern)) => match Pattern::new(pattern) {
            Ok(pattern) => Ok(Finder::Pattern(Box::new(pattern))),
            Err(why) => Err(ContractError::Pattern { rule: name.to_owned(), why: why.into() }),
        },
        (Kind::Pattern, ..) => Err(needs("a pattern")),
        (Kind::ApiKey, [], None) => Ok(Finder::ApiKey),
        (Kind::Email, [], None) => Ok(Finder::Email),
        (Kind::Phone, [], None) => Ok(Finder::Phone),
        (Kind::Iban, [], None) => Ok(Finder::Iban),
        (Kind::CreditCard, [], None) => Ok(Finder::CreditCard),
        _ => Err(needs("its kind")),
    }
}

/// Placeholders are made of it, so it must be read back from an answer.
fn is_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    name.len() <= 30
        && name.bytes().all(fits)
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
}

impl Kind {
    /// The rule's name and its placeholders' where the file gives none. Own words and patterns have no such name.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiKey => ("api_key", "KEY"),
            Self::Email => ("email", "EMAIL"),
            Self::Phone => ("phone", "PHONE"),
            Self::Iban => ("iban", "IBAN"),
            Self::CreditCard => ("credit_card", "CARD"),
            Self::Words | Self::Pattern => ("", ""),
        }
    }
}

#[cfg(test)]
#[path = "loading/tests.rs"]
mod tests;
