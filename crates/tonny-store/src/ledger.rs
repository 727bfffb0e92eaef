//! The table `egress_ledger`: what left this machine, one row for every attempt and every refusal, and never a word of what
//! was said.
//!
//! An attempt has its row before anything of it leaves: open, as dear as it can be and interrupted, which is what it stays if
//! its program dies. When it ends the row is settled, once. Budgets are kept here and nowhere else, in the statement that
//! opens a row: it adds up what is spent and what is open, of all programs that write, and opens nothing that does not fit.

mod row;

use crate::StoreError;
use crate::statements::statements;
use crate::store::{Durability, Store};

pub use row::{Allowance, HostDay, LedgerEntry, LedgerRow, Settlement};

macro_rules! columns {
    () => {
        "at, profile, purpose, provider, host, model, bytes_out, bytes_in, tokens_input, tokens_cache_read, \
         tokens_cache_write, tokens_output, tokens_reasoning, cost_pico, is_estimated, rules, contract, \
         contract_version, receipt, outcome, conversation, message"
    };
}

/// What was spent or set aside since a parameter, to the millisecond: of whole quarters of an hour there are sums, which
/// triggers keep, and the part of one before them is added up by its rows.
macro_rules! spent_since {
    ($since:literal) => {
        concat!(
            "(SELECT coalesce(sum(pico), 0) FROM egress_spent WHERE quarter >= (",
            $since,
            " + 899999) / 900000) + (SELECT coalesce(sum(cost_pico), 0) FROM egress_ledger WHERE at >= ",
            $since,
            " AND at < (",
            $since,
            " + 899999) / 900000 * 900000)"
        )
    };
}

statements! {
    ADD = concat!(
        "INSERT INTO egress_ledger (", columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
        ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"
    );

    /// At most ?24 spent since ?25, and at most ?26 since ?27.
    OPEN = concat!(
        "INSERT INTO egress_ledger (", columns!(), ", writer) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
        ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23 \
        WHERE (?24 IS NULL OR ?14 = 0 OR ?14 + ", spent_since!("?25"), " <= ?24) \
        AND (?26 IS NULL OR ?14 = 0 OR ?14 + ", spent_since!("?27"), " <= ?26)"
    );

    SETTLE = "UPDATE egress_ledger SET bytes_in = ?2, tokens_input = ?3, tokens_cache_read = ?4, tokens_cache_write = ?5, \
        tokens_output = ?6, tokens_reasoning = ?7, cost_pico = ?8, is_estimated = ?9, outcome = ?10, writer = NULL \
        WHERE seq = ?1 AND writer IS NOT NULL";

    OPEN_ROWS = "SELECT seq, writer FROM egress_ledger WHERE writer IS NOT NULL";

    CLOSE = "UPDATE egress_ledger SET writer = NULL WHERE seq = ?1";

    LIST = concat!(
        "SELECT seq, writer IS NOT NULL AS is_open, ", columns!(), " FROM egress_ledger WHERE (at, seq) < (?1, ?2) \
        ORDER BY at DESC, seq DESC LIMIT abs(?3)"
    );

    /// Days of the caller's zone: ?3 is its offset from UTC.
    BY_HOST = "SELECT (at + ?3) / 86400000 AS day, host, sum(receipt IS NOT NULL) AS attempts, \
        sum(receipt IS NOT NULL AND outcome IS NOT NULL AND writer IS NULL) AS failed, sum(receipt IS NULL) AS refused, \
        sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in, \
        sum(tokens_input + tokens_cache_read + tokens_cache_write) AS tokens_in, sum(tokens_output) AS tokens_out, \
        coalesce(sum(cost_pico), 0) AS cost_pico, sum(cost_pico IS NULL) AS unknown_costs \
        FROM egress_ledger WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2 ORDER BY 1 DESC, 2";

    SPENT = concat!("SELECT ", spent_since!("?1"));

    LAST_OF = "SELECT at, outcome FROM egress_ledger WHERE provider = ?1 AND receipt IS NOT NULL AND writer IS NULL \
        ORDER BY at DESC LIMIT 1";

    /// Walks an index, the narrowest there is.
    COUNT = "SELECT count(*) FROM egress_ledger";

    /// The bound keeps one clean-up's transaction short.
    DELETE_BEFORE = "DELETE FROM egress_ledger WHERE seq IN \
        (SELECT seq FROM egress_ledger WHERE at < ?1 AND writer IS NULL AND (at < ?2 OR coalesce(cost_pico, 0) = 0) \
        ORDER BY at, seq LIMIT ?3)";
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

    /// The row of an attempt that is about to begin, where it fits into these allowances with everything that is spent or open;
    /// gives its number, or nothing where it does not fit. One that costs nothing always fits, one whose price is not known only
    /// where there is no allowance. It survives the death of the process.
    ///
    /// # Errors
    /// `is_refused_value` for what no attempt can be.
    pub async fn open(
        &self,
        entry: &LedgerEntry,
        allowances: [Option<Allowance>; 2],
    ) -> Result<Option<i64>, StoreError> {
        const ACTION: &str = "note what is about to leave the machine";
        let mut query = entry.bind_to(sqlx::query(OPEN)).bind(self.store.name());
        for allowance in allowances {
            query = query.bind(allowance.map(|it| it.most_pico)).bind(allowance.map(|it| it.since_ms));
        }
        self.store.insert(Durability::Process, ACTION, query).await
    }

    /// What an open row came to.
    ///
    /// # Errors
    /// `Missing` for one that is not open.
    pub async fn settle(&self, seq: i64, came: &Settlement) -> Result<(), StoreError> {
        let query = sqlx::query(SETTLE)
            .bind(seq)
            .bind(came.bytes_in)
            .bind(came.tokens_input)
            .bind(came.tokens_cache_read)
            .bind(came.tokens_cache_write)
            .bind(came.tokens_output)
            .bind(came.tokens_reasoning)
            .bind(came.cost_pico)
            .bind(came.is_estimated)
            .bind(came.outcome);
        let settled = self.store.change(Durability::Process, "note what an attempt came to", query).await?;
        if settled == 1 { Ok(()) } else { Err(StoreError::Missing { id: seq.to_string() }) }
    }

    /// Rows that programs left open which have ended since stay what they are: interrupted. Gives how many there were.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn close_abandoned(&self) -> Result<u64, StoreError> {
        const ACTION: &str = "close what a program left open";
        let open: Vec<(i64, String)> = self.store.rows(ACTION, sqlx::query(OPEN_ROWS)).await?;
        if open.is_empty() {
            return Ok(0);
        }
        let living = self.store.living();
        let mut closed = 0;
        for (seq, _) in open.iter().filter(|(_, writer)| !living.contains(writer)) {
            closed += self.store.change(Durability::Process, ACTION, sqlx::query(CLOSE).bind(seq)).await?;
        }
        Ok(closed)
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

    /// What was spent since `since_ms`, and what is set aside for what is under way: 10^-12 US dollars.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn spent(&self, since_ms: i64) -> Result<i64, StoreError> {
        let query = sqlx::query(SPENT).bind(since_ms);
        let sum: Option<(i64,)> = self.store.row("add up what was spent", query).await?;
        Ok(sum.map_or(0, |(sum,)| sum))
    }

    /// When a provider was asked last, UTC in milliseconds since 1970, and the number of the fault if it did not answer.
    ///
    /// # Errors
    /// Those of any read; `None` where it was never asked.
    pub async fn last_of(&self, provider: &str) -> Result<Option<(i64, Option<i64>)>, StoreError> {
        self.store.row("look when a provider was asked", sqlx::query(LAST_OF).bind(provider)).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count: Option<(i64,)> = self.store.row("count what left the machine", sqlx::query(COUNT)).await?;
        Ok(count.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// Deletes at most `limit` rows older than `at_ms`, oldest first, but for those that are open or cost something since
    /// `paid_since_ms`; gives how many.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete_before(&self, at_ms: i64, paid_since_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(DELETE_BEFORE).bind(at_ms).bind(paid_since_ms).bind(limit);
        self.store.change(Durability::Process, "forget what left the machine", query).await
    }
}
