//! Budgets: what may be spent in a day, a month or a session, in all or with one provider; hard, or only to warn.
//!
//! An attempt reserves the worst it can cost before it starts and settles with what it cost; a reservation counts like money
//! spent, so that any number of attempts at once cannot overshoot a hard budget. One owner holds the [`Budgets`]; a
//! reservation that is dropped tells it over a channel and is forgotten at the owner's next look. The calendar is a
//! parameter: the owner says what day it is. A price that is not known fits into no hard budget.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::cost::Cost;
use crate::day::Day;

/// What a budget counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One provider, by its id.
    Provider(String),
    /// One session, by its id.
    Session(String),
}

/// How long a budget lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Until midnight.
    Day,
    /// Until the end of the month.
    Month,
    /// For good, as a session has one.
    Always,
}

/// One budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What it counts.
    pub scope: Scope,
    /// How long it lasts.
    pub period: Period,
    /// The most.
    pub amount: Cost,
    /// Whether it refuses, or only warns.
    pub hard: bool,
}

/// Whose money an attempt spends.
#[derive(Clone, Copy, Debug)]
pub struct Purse<'a> {
    /// The provider's id.
    pub provider: &'a str,
    /// The session's id.
    pub session: &'a str,
}

/// Why nothing was reserved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It might cost more than is left.
    #[error("this may cost {worst} dollars, and {left} are left of {}", budget.amount)]
    Exceeded {
        /// The budget.
        budget: Budget,
        /// The attempt at worst.
        worst: Cost,
        /// What is left of it.
        left: Cost,
    },
    /// The price is not known, so it cannot be said whether it fits.
    #[error("the price is not known, and there is a budget of {} dollars to keep: set the price in the list of models", budget.amount)]
    UnknownPrice {
        /// The budget.
        budget: Budget,
    },
}

/// All budgets, what was spent, and what is reserved.
#[derive(Debug)]
pub struct Budgets {
    budgets: Vec<Budget>,
    spent: BTreeMap<Entry, Cost>,
    /// By the reservation's number.
    reserved: BTreeMap<u64, (Entry, Cost)>,
    last: u64,
    dropped: Receiver<u64>,
    drops: Sender<u64>,
}

/// Where an amount is written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    day: Day,
    provider: String,
    session: String,
}

/// Money set aside for one attempt. Dropping it gives the money back.
#[derive(Debug)]
pub struct Reservation {
    number: u64,
    worst: Option<Cost>,
    /// The budgets to warn about that it goes beyond.
    warnings: Vec<Budget>,
    drops: Sender<u64>,
}

impl Reservation {
    /// What is set aside; `None` for a price that is not known.
    pub fn worst(&self) -> Option<Cost> {
        self.worst
    }

    /// The budgets that only warn and that this may go beyond, or whose price is not known.
    pub fn warnings(&self) -> &[Budget] {
        &self.warnings
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // The budgets are gone: there is nothing to give back to.
        let _ = self.drops.send(self.number);
    }
}

impl Budgets {
    /// Nothing spent yet.
    pub fn new(budgets: Vec<Budget>) -> Self {
        let (drops, dropped) = channel();
        Self { budgets, spent: BTreeMap::new(), reserved: BTreeMap::new(), last: 0, dropped, drops }
    }

    /// Other budgets, from the next reservation on. What was spent counts for them as well.
    pub fn set(&mut self, budgets: Vec<Budget>) {
        self.budgets = budgets;
    }

    /// Writes down what was spent without a reservation: at the start, from the ledger.
    pub fn book(&mut self, day: Day, purse: Purse<'_>, cost: Cost) {
        let spent = self.spent.entry(Entry::new(day, purse)).or_default();
        *spent = spent.plus(cost);
    }

    /// Sets `worst` aside, if every hard budget has room for it beside all that is spent and set aside.
    pub fn reserve(
        &mut self,
        today: Day,
        purse: Purse<'_>,
        worst: Option<Cost>,
    ) -> Result<Reservation, Refusal> {
        self.forget_dropped();
        let mut warnings = Vec::new();
        for budget in self.budgets.iter().filter(|budget| budget.scope.holds(purse.provider, purse.session)) {
            let taken = self.taken(budget, today);
            let fits = worst.is_some_and(|worst| taken.plus(worst) <= budget.amount);
            match worst {
                _ if fits => {}
                _ if !budget.hard => warnings.push(budget.clone()),
                None => return Err(Refusal::UnknownPrice { budget: budget.clone() }),
                Some(worst) => {
                    let (budget, left) = (budget.clone(), budget.amount.minus(taken));
                    return Err(Refusal::Exceeded { budget, worst, left });
                }
            }
        }
        self.last += 1;
        self.reserved.insert(self.last, (Entry::new(today, purse), worst.unwrap_or_default()));
        Ok(Reservation { number: self.last, worst, warnings, drops: self.drops.clone() })
    }

    /// Writes down what the attempt cost, on the day it was reserved on, and gives the rest back.
    pub fn settle(&mut self, reservation: Reservation, cost: Cost) {
        if let Some((entry, _)) = self.reserved.remove(&reservation.number) {
            let spent = self.spent.entry(entry).or_default();
            *spent = spent.plus(cost);
        }
    }

    /// What is spent and set aside under a budget.
    pub fn used(&mut self, budget: &Budget, today: Day) -> Cost {
        self.forget_dropped();
        self.taken(budget, today)
    }

    fn taken(&self, budget: &Budget, today: Day) -> Cost {
        let counts = |entry: &Entry| {
            budget.scope.holds(&entry.provider, &entry.session) && budget.period.holds(entry.day, today)
        };
        let spent = self.spent.iter().filter(|(entry, _)| counts(entry)).map(|(_, cost)| *cost);
        let reserved = self.reserved.values().filter(|(entry, _)| counts(entry)).map(|(_, cost)| *cost);
        spent.chain(reserved).sum()
    }

    fn forget_dropped(&mut self) {
        while let Ok(number) = self.dropped.try_recv() {
            self.reserved.remove(&number);
        }
    }
}

impl Entry {
    fn new(day: Day, purse: Purse<'_>) -> Self {
        Self { day, provider: purse.provider.to_owned(), session: purse.session.to_owned() }
    }
}

impl Scope {
    fn holds(&self, provider: &str, session: &str) -> bool {
        match self {
            Self::All => true,
            Self::Provider(id) => id == provider,
            Self::Session(id) => id == session,
        }
    }
}

impl Period {
    fn holds(self, day: Day, today: Day) -> bool {
        match self {
            Self::Day => day == today,
            Self::Month => (day.year, day.month) == (today.year, today.month),
            Self::Always => true,
        }
    }
}

#[cfg(test)]
#[path = "budget/tests.rs"]
mod tests;
