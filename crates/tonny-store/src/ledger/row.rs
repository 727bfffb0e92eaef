//! The values that go into and come out of the table `egress_ledger`.

use serde::{Deserialize, Serialize};

use crate::store::Query;

/// One attempt, or one request that was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(default)]
pub struct LedgerEntry {
    /// When it was decided: UTC, milliseconds since 1970.
    #[sqlx(rename = "at")]
    pub at_ms: i64,
    /// Whose it was.
    pub profile: String,
    /// What it was for.
    pub purpose: String,
    /// The provider's id.
    pub provider: String,
    /// The host.
    pub host: String,
    /// The model's id.
    pub model: String,
    /// Bytes of the body that were sent; 0 for a refusal.
    pub bytes_out: i64,
    /// Bytes of the answer that came.
    pub bytes_in: i64,
    /// Tokens read at the full price.
    pub tokens_input: i64,
    /// Tokens read from the provider's cache.
    pub tokens_cache_read: i64,
    /// Tokens written into the provider's cache.
    pub tokens_cache_write: i64,
    /// Tokens written, reasoning among them.
    pub tokens_output: i64,
    /// How many of these were reasoning.
    pub tokens_reasoning: i64,
    /// 10^-12 US dollars; `None` where the price is not known. At most 10,000 dollars.
    pub cost_pico: Option<i64>,
    /// The tokens were counted here, because the provider did not say.
    pub is_estimated: bool,
    /// The rules that found something, or the one that refused: a JSON list of names.
    pub rules: String,
    /// The contract that decided.
    pub contract: Option<String>,
    /// Its version, where there is one.
    pub contract_version: Option<i64>,
    /// The hash of what was sent; `None` for a refusal.
    pub receipt: Option<String>,
    /// `None` for a complete answer, or the number of its fault; a refusal has one.
    pub outcome: Option<i64>,
    /// The talk it was for.
    pub conversation: Option<String>,
    /// The answer it was for.
    pub message: Option<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct LedgerRow {
    /// The order of entry.
    pub seq: i64,
    /// It is under way; what is noted is what it would be if nothing more came of it.
    pub is_open: bool,
    /// What was noted.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub entry: LedgerEntry,
}

/// What went to one host in one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct HostDay {
    /// Days since 1970 in the zone that was asked for.
    pub day: i64,
    /// The host.
    pub host: String,
    /// Requests that were sent.
    pub attempts: i64,
    /// Of these, how many had no complete answer.
    pub failed: i64,
    /// Requests that were not sent.
    pub refused: i64,
    /// Bytes of bodies that were sent.
    pub bytes_out: i64,
    /// Bytes of answers.
    pub bytes_in: i64,
    /// Tokens read, from a cache or not.
    pub tokens_in: i64,
    /// Tokens written.
    pub tokens_out: i64,
    /// 10^-12 US dollars, of those whose price is known.
    pub cost_pico: i64,
    /// How many have a price that is not known.
    pub unknown_costs: i64,
}

/// What an attempt came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Bytes of the answer that came.
    pub bytes_in: i64,
    /// Tokens read at the full price.
    pub tokens_input: i64,
    /// Tokens read from the provider's cache.
    pub tokens_cache_read: i64,
    /// Tokens written into the provider's cache.
    pub tokens_cache_write: i64,
    /// Tokens written, reasoning among them.
    pub tokens_output: i64,
    /// How many of these were reasoning.
    pub tokens_reasoning: i64,
    /// 10^-12 US dollars; `None` where the price is not known.
    pub cost_pico: Option<i64>,
    /// The tokens were counted here, because the provider did not say.
    pub is_estimated: bool,
    /// `None` for a complete answer, or the number of its fault.
    pub outcome: Option<i64>,
}

/// Money that may be spent since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// UTC, milliseconds since 1970.
    pub since_ms: i64,
    /// 10^-12 US dollars.
    pub most_pico: i64,
}

impl LedgerEntry {
    /// Binds the fields in the order of the columns.
    pub(crate) fn bind_to<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        query
            .bind(self.at_ms)
            .bind(&self.profile)
            .bind(&self.purpose)
            .bind(&self.provider)
            .bind(&self.host)
            .bind(&self.model)
            .bind(self.bytes_out)
            .bind(self.bytes_in)
            .bind(self.tokens_input)
            .bind(self.tokens_cache_read)
            .bind(self.tokens_cache_write)
            .bind(self.tokens_output)
            .bind(self.tokens_reasoning)
            .bind(self.cost_pico)
            .bind(self.is_estimated)
            .bind(&self.rules)
            .bind(&self.contract)
            .bind(self.contract_version)
            .bind(&self.receipt)
            .bind(self.outcome)
            .bind(&self.conversation)
            .bind(&self.message)
    }
}
