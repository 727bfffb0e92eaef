//! Rows of the ledger, from egress's words into the store's and back for the eye.

use serde::{Deserialize, Serialize};
use tonny_egress::cost::Cost;
use tonny_egress::ledger::{Outcome, Row};
use tonny_store::{HostDay, LedgerEntry, LedgerRow, Settlement, Store};

use super::targets::dollars;
use crate::history_files::rfc3339;
use crate::problem::{Code, Problem};
use crate::store_problem;

/// Ten thousand dollars in picodollars: the most that the table takes for one request, and more than any costs.
const DEAREST: i64 = 10_000_000_000_000_000;

/// Rows of one page at most.
const PAGE_MAX: u32 = 500;

/// As the store keeps it.
pub fn entry(row: &Row, conversation: &str, message: &str) -> LedgerEntry {
    let at = time::OffsetDateTime::from(row.at);
    let named = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    LedgerEntry {
        at_ms: crate::utc_ms(at),
        profile: row.profile.clone(),
        purpose: row.purpose.clone(),
        provider: row.provider.clone(),
        host: row.host.clone(),
        model: row.model.clone(),
        bytes_out: whole(row.bytes_out),
        bytes_in: whole(row.bytes_in),
        tokens_input: whole(row.tokens.input),
        tokens_cache_read: whole(row.tokens.cache_read),
        tokens_cache_write: whole(row.tokens.cache_write),
        tokens_output: whole(row.tokens.output),
        tokens_reasoning: whole(row.tokens.reasoning),
        cost_pico: row.cost.map(pico),
        is_estimated: row.is_estimated,
        rules: serde_json::Value::from(row.rules.clone()).to_string(),
        contract: row.contract.as_ref().map(|(name, _)| name.clone()),
        contract_version: row.contract.as_ref().map(|(_, version)| i64::from(*version)),
        receipt: row.receipt.clone(),
        outcome: row.outcome.map(i64::from),
        conversation: named(conversation),
        message: named(message),
    }
}

/// What an attempt came to, as the store keeps it.
pub fn settlement(came: &Outcome) -> Settlement {
    Settlement {
        bytes_in: whole(came.bytes_in),
        tokens_input: whole(came.tokens.input),
        tokens_cache_read: whole(came.tokens.cache_read),
        tokens_cache_write: whole(came.tokens.cache_write),
        tokens_output: whole(came.tokens.output),
        tokens_reasoning: whole(came.tokens.reasoning),
        cost_pico: came.cost.map(pico),
        is_estimated: came.is_estimated,
        outcome: came.fault.map(|fault| i64::from(fault.0)),
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An amount as the table takes it.
fn pico(cost: Cost) -> i64 {
    i64::try_from(cost.as_pico()).unwrap_or(DEAREST).min(DEAREST)
}

/// One attempt to send something, or one refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LedgerView {
    /// RFC 3339.
    pub at: String,
    /// What for: `assistant`, `cleanup`, `test`, `models`, `download`, `trial`.
    pub purpose: String,
    /// The provider's id.
    pub provider: String,
    /// The host.
    pub host: String,
    /// The model's id.
    pub model: String,
    /// Bytes that were sent.
    pub bytes_out: f64,
    /// Bytes that came.
    pub bytes_in: f64,
    /// Tokens that were read.
    pub tokens_in: f64,
    /// Tokens that were written.
    pub tokens_out: f64,
    /// US dollars; none is not known.
    pub cost: Option<f64>,
    /// Whether the tokens were counted here.
    pub is_estimated: bool,
    /// The rules that found something, or the one that refused.
    pub rules: Vec<String>,
    /// Whether anything was sent.
    pub is_sent: bool,
    /// Whether it is under way; what is told of it is then what it is if nothing more comes.
    pub is_open: bool,
    /// Why there is no complete answer, as `TT-LLM-nnn`.
    pub code: Option<String>,
    /// The conversation it was for.
    pub conversation: Option<String>,
}

/// A page, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LedgerPage {
    /// The page.
    pub rows: Vec<LedgerView>,
    /// Where the next one begins.
    pub next: Option<String>,
}

/// What went to one host in one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LedgerDay {
    /// Such as `2026-11-22`.
    pub day: String,
    /// The host.
    pub host: String,
    /// Requests that were sent.
    pub sent: u32,
    /// Of these, those without a complete answer.
    pub failed: u32,
    /// Requests that were not sent.
    pub refused: u32,
    /// Bytes that were sent.
    pub bytes_out: f64,
    /// Bytes that came.
    pub bytes_in: f64,
    /// US dollars, of those whose price is known.
    pub cost: f64,
    /// How many have a price that is not known.
    pub unknown_costs: u32,
}

/// A page of rows.
pub async fn page(store: &Store, before: Option<&str>, limit: u32) -> Result<LedgerPage, Problem> {
    let wrong = || Problem::with(Code::RequestInvalid, "No page ended there");
    let place = |text: &str| {
        let (at, seq) = text.split_once('/')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    };
    let before = before.map(|text| place(text).ok_or_else(wrong)).transpose()?;
    let limit = limit.clamp(1, PAGE_MAX);
    store.ledger().close_abandoned().await.map_err(|error| store_problem(&error))?;
    let rows = store.ledger().list(before, limit).await.map_err(|error| store_problem(&error))?;
    let last = rows.last().map(|row| format!("{}/{}", row.entry.at_ms, row.seq));
    let next = last.filter(|_| rows.len() >= limit as usize);
    Ok(LedgerPage { rows: rows.into_iter().map(view).collect(), next })
}

fn view(LedgerRow { entry, is_open, .. }: LedgerRow) -> LedgerView {
    let read = entry.tokens_input + entry.tokens_cache_read + entry.tokens_cache_write;
    LedgerView {
        at: rfc3339(entry.at_ms),
        purpose: entry.purpose,
        provider: entry.provider,
        host: entry.host,
        model: entry.model,
        bytes_out: entry.bytes_out as f64,
        bytes_in: entry.bytes_in as f64,
        tokens_in: read as f64,
        tokens_out: entry.tokens_output as f64,
        cost: entry.cost_pico.map(|pico| dollars(u128::try_from(pico).unwrap_or_default())),
        is_estimated: entry.is_estimated,
        rules: serde_json::from_str(&entry.rules).unwrap_or_default(),
        is_sent: entry.receipt.is_some(),
        is_open,
        code: entry.outcome.filter(|_| !is_open).map(|code| format!("TT-LLM-{code}")),
        conversation: entry.conversation,
    }
}

/// The last days, by host, in a zone that is `offset_ms` ahead of UTC.
pub async fn days(store: &Store, now_ms: i64, days: u32, offset_ms: i64) -> Result<Vec<LedgerDay>, Problem> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let since = now_ms - i64::from(days.clamp(1, 3_650)) * DAY_MS;
    let sums =
        store.ledger().by_host(since, i64::MAX, offset_ms).await.map_err(|error| store_problem(&error))?;
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let day = |sum: HostDay| LedgerDay {
        day: rfc3339(sum.day * DAY_MS).chars().take(10).collect(),
        host: sum.host,
        sent: count(sum.attempts),
        failed: count(sum.failed),
        refused: count(sum.refused),
        bytes_out: sum.bytes_out as f64,
        bytes_in: sum.bytes_in as f64,
        cost: dollars(u128::try_from(sum.cost_pico).unwrap_or_default()),
        unknown_costs: count(sum.unknown_costs),
    };
    Ok(sums.into_iter().map(day).collect())
}

impl super::Assistant {
    /// A page of what left this machine, newest first.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for a place that no page gave.
    pub async fn ledger(&self, before: Option<&str>, limit: u32) -> Result<LedgerPage, Problem> {
        page(&self.desk.store, before, limit).await
    }

    /// The last days, by host, in a zone that is `offset_ms` ahead of UTC.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn ledger_days(&self, days: u32, offset_ms: i64) -> Result<Vec<LedgerDay>, Problem> {
        self::days(&self.desk.store, crate::utc_ms(self.desk.clock.utc()), days, offset_ms).await
    }
}
