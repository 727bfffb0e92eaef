//! The money of attempts: each is in the ledger before it begins, at the dearest it can be, and is settled when it ends.
//!
//! The ledger is the only book there is. What fits into the budgets is decided by the statement that opens a row, so that the
//! app and `tonny ask` beside it cannot spend the same cent twice, and a program that dies takes no cost along.

use time::{Duration, OffsetDateTime, Time};
use tonny_egress::budget::{Budget, Period, Refusal};
use tonny_egress::cost::Cost;
use tonny_egress::ledger::{Outcome, Row};
use tonny_store::{Allowance, StoreError};

use super::desk::{Desk, on_the_wall};
use super::ledger;
use crate::ports::Clock;
use crate::settings::Settings;

/// Pico-dollars of a cent.
const CENT: u128 = 10_000_000_000;

/// Why no row was opened.
#[derive(Debug)]
pub enum NotOpened {
    /// A budget has no room for it.
    Budget(Refusal),
    /// It could not be written down.
    Store(StoreError),
}

/// The budgets in force: of the user's and the contract's, the smaller of a period. A contract's says nothing about what has
/// no price; whether that may go, the contract has said.
pub fn budgets(settings: &Settings, caps: [Option<Cost>; 2], has_price: bool) -> Vec<Budget> {
    let cents = [settings.assistant.day_cents, settings.assistant.month_cents];
    let own = cents.map(|cents| (cents > 0).then(|| Cost::pico(u128::from(cents) * CENT)));
    let caps = caps.map(|cap| cap.filter(|_| has_price));
    let both = [Period::Day, Period::Month].into_iter().zip(own.into_iter().zip(caps));
    let least = both.map(|(period, (own, cap))| (period, own.into_iter().chain(cap).min()));
    least.filter_map(|(period, amount)| Some(Budget { period, amount: amount? })).collect()
}

impl Desk {
    /// Writes down an attempt that is about to begin, where it fits into the budgets; gives the number of its row.
    pub async fn open_row(
        &self,
        row: &Row,
        (conversation, message): &(String, String),
        budgets: &[Budget],
    ) -> Result<i64, NotOpened> {
        let entry = ledger::entry(row, conversation, message);
        let mut allowances = budgets.iter().map(|budget| Allowance {
            since_ms: since(budget.period, &*self.clock),
            most_pico: i64::try_from(budget.amount.as_pico()).unwrap_or(i64::MAX),
        });
        let allowances = [allowances.next(), allowances.next()];
        // Again where there is room by the time that the refusal is put into words: another attempt was settled meanwhile.
        for _ in 0..2 {
            let opened = self.store.ledger().open(&entry, allowances).await.map_err(NotOpened::Store)?;
            if let Some(seq) = opened {
                return Ok(seq);
            }
            for budget in budgets {
                let used = self.used(budget.period).await.map_err(NotOpened::Store)?;
                if let Some(refusal) = budget.refuses(used, row.cost) {
                    return Err(NotOpened::Budget(refusal));
                }
            }
        }
        let budget = budgets.first().copied().unwrap_or(Budget { period: Period::Day, amount: Cost::ZERO });
        let worst = row.cost.unwrap_or_default();
        Err(NotOpened::Budget(Refusal::Exceeded { budget, worst, left: Cost::ZERO }))
    }

    /// What an attempt came to. A row that cannot be settled stays what it was opened as, which is the worst of it.
    pub async fn settle_row(&self, seq: i64, came: &Outcome) {
        if let Err(error) = self.store.ledger().settle(seq, &ledger::settlement(came)).await {
            tracing::error!(%error, "what an attempt came to could not be written down");
        }
    }

    /// What is spent or set aside in this day or month.
    pub async fn used(&self, period: Period) -> Result<Cost, StoreError> {
        let pico = self.store.ledger().spent(since(period, &*self.clock)).await?;
        Ok(Cost::pico(u128::try_from(pico).unwrap_or_default()))
    }

    /// The budget of which nothing is left, if there is one.
    pub async fn used_up(&self, budgets: &[Budget]) -> Option<Budget> {
        for budget in budgets {
            match self.used(budget.period).await {
                Ok(used) if used >= budget.amount => return Some(*budget),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "what was spent cannot be added up"),
            }
        }
        None
    }
}

/// When the day or the month began, by the user's own clock: UTC, milliseconds since 1970.
fn since(period: Period, clock: &dyn Clock) -> i64 {
    let here = on_the_wall(clock);
    let first = match period {
        Period::Day => here.date(),
        Period::Month => here.date() - Duration::days(i64::from(here.day()) - 1),
    };
    let midnight = OffsetDateTime::new_in_offset(first, Time::MIDNIGHT, here.offset());
    // The clocks may have been changed since.
    let offset = clock.ahead_of_utc(midnight);
    crate::utc_ms(midnight.replace_offset(offset))
}
