//! Budgets: what may be spent in a day and in a month.
//!
//! An attempt is set aside at the worst it can cost before it begins, and what is set aside counts like money spent. Whoever
//! keeps the ledger does both in one step, so that no number of attempts overshoots, whichever programs make them; this room
//! says what does not fit and why. A price that is not known fits into no budget.

use crate::cost::Cost;

/// How long a budget lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Until midnight.
    Day,
    /// Until the end of the month.
    Month,
}

impl Period {
    /// Its name, in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// One budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How long it lasts.
    pub period: Period,
    /// The most.
    pub amount: Cost,
}

/// Why an attempt does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It might cost more than is left.
    #[error("this may cost {worst} dollars, and {left} are left of the {}'s {}", budget.period.name(), budget.amount)]
    Exceeded {
        /// The budget.
        budget: Budget,
        /// The attempt at worst.
        worst: Cost,
        /// What is left of it.
        left: Cost,
    },
    /// The price is not known, so it cannot be said whether it fits.
    #[error(
        "the price is not known, and there is a budget of {} dollars to keep: set the price in the list of models",
        budget.amount
    )]
    UnknownPrice {
        /// The budget.
        budget: Budget,
    },
}

impl Budget {
    /// Why an attempt that costs `worst` at worst does not fit, where `used` is spent or set aside already.
    pub fn refuses(self, used: Cost, worst: Option<Cost>) -> Option<Refusal> {
        let Some(worst) = worst else { return Some(Refusal::UnknownPrice { budget: self }) };
        let fits = worst == Cost::ZERO || used.plus(worst) <= self.amount;
        (!fits).then(|| Refusal::Exceeded { budget: self, worst, left: self.amount.minus(used) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_allows_what_it_names_and_nothing_more() {
        let budget = Budget { period: Period::Day, amount: Cost::pico(100) };
        let exceeded = |worst, left| {
            Some(Refusal::Exceeded { budget, worst: Cost::pico(worst), left: Cost::pico(left) })
        };
        for (used, worst, refusal) in [
            (0, 100, None),
            (0, 101, exceeded(101, 100)),
            (60, 40, None),
            (60, 41, exceeded(41, 40)),
            (100, 0, None),
            (150, 1, exceeded(1, 0)),
            (150, 0, None),
            (u128::MAX, 1, exceeded(1, 0)),
        ] {
            assert_eq!(budget.refuses(Cost::pico(used), Some(Cost::pico(worst))), refusal, "{used} {worst}");
        }
        assert_eq!(budget.refuses(Cost::ZERO, None), Some(Refusal::UnknownPrice { budget }));
    }

    #[test]
    fn a_refusal_says_which_budget_and_what_is_left() {
        let budget = Budget { period: Period::Month, amount: Cost::pico(2_000_000_000_000) };
        let refusal =
            budget.refuses(Cost::pico(1_500_000_000_000), Some(Cost::pico(750_000_000_000))).unwrap();
        assert_eq!(refusal.to_string(), "this may cost 0.75 dollars, and 0.5 are left of the month's 2");
    }
}
