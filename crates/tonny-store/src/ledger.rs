//! The table `egress_ledger`: what left this machine, one row for every attempt and every refusal, and never a word of what
//! was said. Rows are only added, and go when they are old.

mod row;

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

pub use row::{HostDay, LedgerEntry, LedgerRow, Spending};

macro_rules! columns {
    () => {
        "at, profile, purpose, provider, host, model, bytes_out, bytes_in, tokens_input, tokens_cache_read, \
         tokens_cache_write, tokens_output, tokens_reasoning, cost_pico, is_estimated, rules, contract, \
         contract_version, receipt, outcome, conversation, message"
    };
}

statements! {
    ADD = concat!(
        "INSERT INTO egress_ledger (", columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
        ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"
    );

    LIST = concat!(
        "SELECT seq, ", columns!(), " FROM egress_ledger WHERE (at, seq) < (?1, ?2) \
        ORDER BY at DESC, seq DESC LIMIT abs(?3)"
    );

    /// Days of the caller's zone: ?3 is its offset from UTC.
    BY_HOST = "SELECT (at + ?3) / 86400000 AS day, host, sum(receipt IS NOT NULL) AS attempts, \
        sum(receipt IS NOT NULL AND outcome IS NOT NULL) AS failed, sum(receipt IS NULL) AS refused, \
        sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in, \
        sum(tokens_input + tokens_cache_read + tokens_cache_write) AS tokens_in, sum(tokens_output) AS tokens_out, \
        coalesce(sum(cost_pico), 0) AS cost_pico, sum(cost_pico IS NULL) AS unknown_costs \
        FROM egress_ledger WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2 ORDER BY 1 DESC, 2";

    SPENT = "SELECT provider, conversation, coalesce(sum(cost_pico), 0) AS cost_pico, \
        sum(cost_pico IS NULL) AS unknown_costs FROM egress_ledger \
        WHERE at >= ?1 AND at < ?2 AND receipt IS NOT NULL GROUP BY provider, conversation \
        ORDER BY provider, conversation";

    /// Walks an index, the narrowest there is.
    COUNT = "SELECT count(*) FROM egress_ledger";

    /// The bound keeps one clean-up's transaction short.
    DELETE_BEFORE = "DELETE FROM egress_ledger WHERE seq IN \
        (SELECT seq FROM egress_ledger WHERE at < ?1 ORDER BY at, seq LIMIT ?2)";
}

/// More rows than a page shows.
const LONGEST_PAGE: u32 = 1_000;

/// The queries of the table.
#[derive(Debug)]
pub struct Ledger<'a> {
    store: &'a Store,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Ledger { store }
    }

    /// Adds one; it survives the death of the process.
    ///
    /// # Errors
    /// `is_refused_value` for what no attempt and no refusal can be: bytes sent without a receipt, for instance.
    pub async fn add(&self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let query = entry.bind_to(sqlx::query(ADD));
        self.store.change(Durability::Process, "note what left the machine", query).await.map(drop)
    }

    /// One page, newest first, of rows before `(at_ms, seq)`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(&self, before: Option<(i64, i64)>, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        let (at, seq) = before.unwrap_or((i64::MAX, i64::MAX));
        let query = sqlx::query(LIST).bind(at).bind(seq).bind(limit.min(LONGEST_PAGE));
        self.store.rows("list what left the machine", query).await
    }

    /// Sums by day and host from `since_ms` until before `until_ms`, in a zone `offset_ms` ahead of UTC; the newest day
    /// first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn by_host(
        &self,
        since_ms: i64,
        until_ms: i64,
        offset_ms: i64,
    ) -> Result<Vec<HostDay>, StoreError> {
        let query = sqlx::query(BY_HOST).bind(since_ms).bind(until_ms).bind(offset_ms);
        self.store.rows("add up what left the machine", query).await
    }

    /// What was spent from `since_ms` until before `until_ms`, by provider and conversation.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn spent(&self, since_ms: i64, until_ms: i64) -> Result<Vec<Spending>, StoreError> {
        let query = sqlx::query(SPENT).bind(since_ms).bind(until_ms);
        self.store.rows("add up what was spent", query).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count: Option<(i64,)> = self.store.row("count what left the machine", sqlx::query(COUNT)).await?;
        Ok(count.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// Deletes at most `limit` rows older than `at_ms`, oldest first; gives how many.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete_before(&self, at_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(DELETE_BEFORE).bind(at_ms).bind(limit);
        self.store.change(Durability::Process, "forget what left the machine", query).await
    }
}
