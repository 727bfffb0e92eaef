//! What can go wrong with a language model: a code of the table, and everything the provider said of it.
//!
//! The codes, what they mean, what a user can do and what the router may do stand in [`table`], the one data file: pages
//! and texts of the window are printed from it. A code's number never changes its meaning once released.

mod table;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use table::Row;

/// A stable code, `TT-LLM-nnn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FaultCode(pub u16);

/// One failure of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is.
    pub code: FaultCode,
    /// The provider's id.
    pub provider: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The provider's own name for the request.
    pub request_id: Option<String>,
    /// The provider's own type or code of the error, as it came.
    pub kind: Option<String>,
    /// The provider's words, redacted and cut to 2,000 characters.
    pub body: String,
    /// The time the provider asks to wait; a floor, never shortened.
    pub retry_after: Option<Duration>,
}

/// What the router may do about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The same request to the same target.
    pub retry_same: RetrySame,
    /// The same request to the next target.
    pub next_target: NextTarget,
    /// What the breaker makes of it.
    pub breaker: Breaker,
}

/// Whether the same target may be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetrySame {
    /// Never.
    No,
    /// Yes, with a random wait.
    Yes,
    /// One time.
    Once,
    /// After the provider's own delay, if that fits the patience.
    AfterDelay,
    /// Yes: the connection was not made, nothing was sent.
    ConnectOnly,
    /// Once the worker is back.
    Restart,
    /// Yes while nothing of the answer was shown; then only by the rules of continuation.
    Continue,
}

/// Whether another target may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextTarget {
    /// None would do better, or the user decides.
    No,
    /// Any.
    Yes,
    /// One that can do what this one cannot.
    Capable,
    /// One with a larger context window.
    LargerWindow,
    /// Only if a policy says so in as many words.
    Policy,
}

/// What the breaker makes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// Nothing.
    None,
    /// It counts as a failure of the host.
    Counts,
    /// Open until the key is another one.
    UntilKey,
    /// Open until the user did something about it, or for hours.
    UntilUser,
    /// Open for this model only.
    PerModel,
    /// It is the limiter's business.
    Limiter,
}

impl FaultCode {
    /// The code as users see it, such as `TT-LLM-101`.
    pub fn id(self) -> String {
        format!("TT-LLM-{}", self.0)
    }

    /// Its name in the table, such as `auth_invalid`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What happened, in one sentence.
    pub fn what(self) -> &'static str {
        self.row().what
    }

    /// What the user can do about it.
    pub fn advice(self) -> &'static str {
        self.row().advice
    }

    /// What the router may do about it.
    pub fn rules(self) -> Rules {
        self.row().rules
    }

    fn row(self) -> &'static Row {
        table::ROWS.iter().find(|row| row.code == self).unwrap_or(table::INTERNAL_ROW)
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TT-LLM-{}", self.0)
    }
}

impl Fault {
    /// A failure that nothing was said about.
    pub fn new(code: FaultCode, provider: impl Into<String>) -> Self {
        Self {
            code,
            provider: provider.into(),
            status: None,
            request_id: None,
            kind: None,
            body: String::new(),
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        assert!(FaultCode::ALL.is_sorted_by(|a, b| a < b));
        let names: BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), FaultCode::ALL.len());
    }

    #[test]
    fn every_code_says_a_sentence_and_an_advice() {
        for code in FaultCode::ALL {
            for text in [code.what(), code.advice()] {
                assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{code}: {text}");
            }
        }
    }

    #[test]
    fn a_key_or_money_or_our_own_mistake_is_never_sent_again() {
        for number in
            [101, 102, 103, 110, 170, 171, 172, 173, 174, 175, 176, 180, 190, 191, 192, 193, 194, 210, 250]
        {
            assert_eq!(FaultCode(number).rules().retry_same, RetrySame::No, "{number}");
        }
    }

    #[test]
    fn the_breaker_hears_of_transport_and_servers_only() {
        for code in FaultCode::ALL {
            let counts = matches!(code.0, 130..=162 | 200..=206);
            assert_eq!(code.rules().breaker == Breaker::Counts, counts, "{code}");
        }
    }

    #[test]
    fn a_number_that_is_not_in_the_table_is_our_mistake() {
        assert_eq!(FaultCode(999).name(), "internal");
        assert_eq!(FaultCode(101).id(), "TT-LLM-101");
        assert_eq!(FaultCode(101).to_string(), "TT-LLM-101");
    }
}
