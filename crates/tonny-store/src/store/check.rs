//! Looks for damage, and mends the one kind that can be mended in place: a search index that lost step with its texts.

use serde::{Deserialize, Serialize};

use super::{Durability, Store};
use crate::StoreError;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// One sentence per finding, all of them; empty when the database is sound.
    pub findings: Vec<String>,
    /// One sentence for each thing that was wrong and is mended.
    #[serde(default)]
    pub mended: Vec<String>,
}

impl CheckReport {
    /// Nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

const ACTION: &str = "check the database";

/// Rank 1 compares the index with the texts themselves; without it only the index's own pages are read.
pub(crate) const SEARCH_CHECKS: [&str; 3] = [
    "INSERT INTO utterances_fts (utterances_fts, rank) VALUES ('integrity-check', 1)",
    "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)",
    "INSERT INTO conversations_fts (conversations_fts, rank) VALUES ('integrity-check', 1)",
];

/// In the order of [`SEARCH_CHECKS`]: what the index is over, and how it is made anew from its texts.
const REBUILDS: [(&str, &str); 3] = [
    ("utterances", "INSERT INTO utterances_fts (utterances_fts) VALUES ('rebuild')"),
    ("messages", "INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')"),
    ("conversations", "INSERT INTO conversations_fts (conversations_fts) VALUES ('rebuild')"),
];

/// How thorough a look at the pages is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page, but not whether each index holds exactly its table's rows.
    Quick,
    /// That, too.
    Whole,
}

impl Store {
    /// Looks for broken pages, dangling references and a search index that differs from its texts.
    ///
    /// # Errors
    /// When the question itself could not be asked; what it finds is in the report.
    pub async fn check(&self) -> Result<CheckReport, StoreError> {
        self.check_to(Depth::Quick).await
    }

    /// As `check`, to the depth asked for.
    ///
    /// # Errors
    /// As `check`.
    pub async fn check_to(&self, depth: Depth) -> Result<CheckReport, StoreError> {
        let mut findings = Vec::new();
        let pages = match depth {
            Depth::Quick => "PRAGMA quick_check",
            Depth::Whole => "PRAGMA integrity_check",
        };
        let pages: Vec<String> = self.rows_of_check(pages, &mut findings).await?;
        findings.extend(pages.into_iter().filter(|row| row != "ok"));
        let dangling = "SELECT \"table\" || ' refers to nothing' FROM pragma_foreign_key_check";
        let dangling: Vec<String> = self.rows_of_check(dangling, &mut findings).await?;
        findings.extend(dangling);
        for index in SEARCH_CHECKS {
            let _: Vec<String> = self.rows_of_check(index, &mut findings).await?;
        }
        if !findings.is_empty() {
            self.doubt();
        }
        Ok(CheckReport { findings, mended: Vec::new() })
    }

    /// As `check`; a search that lost step with its texts is made anew.
    ///
    /// # Errors
    /// As `check`.
    pub async fn check_and_mend(&self) -> Result<CheckReport, StoreError> {
        let report = self.check().await?;
        if report.is_clean() {
            return Ok(report);
        }
        let mended = self.mend_search().await?;
        if mended.is_empty() {
            return Ok(report);
        }
        Ok(CheckReport { mended, ..self.check().await? })
    }

    /// Compares the search with its texts and makes what differs anew; one sentence for each index that was. Damage that is
    /// not of the search, or that a new index does not mend, is left to `check`.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn mend_search(&self) -> Result<Vec<String>, StoreError> {
        const ACTION: &str = "rebuild the search";
        let mut mended = Vec::new();
        for (check, (of, rebuild)) in SEARCH_CHECKS.into_iter().zip(REBUILDS) {
            if !self.is_out_of_step(check).await? {
                continue;
            }
            match self.change(Durability::Process, ACTION, sqlx::query(rebuild)).await {
                Ok(_) if !self.is_out_of_step(check).await? => {
                    mended.push(format!(
                        "The search over {of} had lost step with its texts and was made anew."
                    ));
                }
                Ok(_) => self.doubt(),
                Err(error) if error.is_damaged() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(mended)
    }

    async fn is_out_of_step(&self, check: &'static str) -> Result<bool, StoreError> {
        let mut conn = self.writer(Durability::Process, ACTION).await?;
        match sqlx::query(check).execute(&mut *conn).await {
            Ok(_) => Ok(false),
            Err(source) => {
                let error = StoreError::Statement { action: ACTION, source };
                if error.is_damaged() { Ok(true) } else { Err(error) }
            }
        }
    }

    async fn rows_of_check(
        &self,
        sql: &'static str,
        findings: &mut Vec<String>,
    ) -> Result<Vec<String>, StoreError> {
        let mut conn = self.writer(Durability::Process, ACTION).await?;
        match sqlx::query_scalar(sql).fetch_all(&mut *conn).await {
            Ok(rows) => Ok(rows),
            Err(source) => {
                let error = StoreError::Statement { action: ACTION, source };
                if !error.is_damaged() {
                    return Err(error);
                }
                findings.push(format!("{error}: {}", chain(&error)));
                Ok(Vec::new())
            }
        }
    }
}

/// Every cause behind an error, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
