//! The copy that a migration keeps as the way back: of a schema that the check of a backup does not know.
//!
//! It is looked at before it carries its name: pages, references, and that every utterance came along. What is wrong with
//! the file itself is no fault of its copy and keeps nobody from starting: whoever opens the file looks at its pages.

use std::path::Path;

use sqlx::{Connection, SqliteConnection};

use super::{connect, put_in_place, remove_with_log, snapshot, unfinished};
use crate::StoreError;

/// Copies the database at `from` to `to`.
///
/// # Errors
/// `BackupBroken`: then nothing carries the name. `is_disk_full` where there is no room.
pub(crate) async fn keep_old_schema(from: &Path, to: &Path) -> Result<(), StoreError> {
    let part = unfinished(to);
    let before = examine(from, Depth::Rows).await?.rows;
    let kept = async {
        snapshot(from, &part).await?;
        check(&part, from, before, to).await?;
        put_in_place(&part, to)
    };
    let kept = kept.await;
    if kept.is_err() {
        remove_with_log(&part);
    }
    kept
}

async fn check(part: &Path, from: &Path, before: i64, to: &Path) -> Result<(), StoreError> {
    let broken = |findings| StoreError::BackupBroken { path: to.to_owned(), findings };
    let mut copy = match examine(part, Depth::Pages).await {
        Ok(copy) => copy,
        Err(error) => return Err(broken(vec![error.to_string()])),
    };
    // The program of before may still be running and writing.
    let after = examine(from, Depth::Rows).await?.rows;
    if !(before.min(after)..=before.max(after)).contains(&copy.rows) {
        return Err(broken(vec![format!("it has {} utterances, the database {after}", copy.rows)]));
    }
    if !copy.findings.is_empty() {
        let own = examine(from, Depth::Pages).await?.findings;
        copy.findings.retain(|finding| !own.contains(finding));
    }
    if copy.findings.is_empty() { Ok(()) } else { Err(broken(copy.findings)) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Rows,
    Pages,
}

struct Examined {
    findings: Vec<String>,
    rows: i64,
}

async fn examine(path: &Path, depth: Depth) -> Result<Examined, StoreError> {
    let mut conn = connect(path).await?;
    let examined = look(&mut conn, depth).await;
    let closed = conn.close().await;
    let failed = |source| StoreError::Statement { action: "check the copy of the old schema", source };
    closed.and(examined).map_err(failed)
}

async fn look(conn: &mut SqliteConnection, depth: Depth) -> Result<Examined, sqlx::Error> {
    let mut findings: Vec<String> = Vec::new();
    if depth == Depth::Pages {
        findings = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *conn).await?;
        findings.retain(|row| row != "ok");
        let dangling = "SELECT \"table\" || ' refers to nothing' FROM pragma_foreign_key_check";
        findings.extend(sqlx::query_scalar::<_, String>(dangling).fetch_all(&mut *conn).await?);
    }
    let rows = sqlx::query_scalar("SELECT count(*) FROM utterances").fetch_one(conn).await?;
    Ok(Examined { findings, rows })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::Store;

    /// A database of fifty rows, its copy, and the name that copy is to get.
    async fn copied(folder: &Path, rule_broken: bool) -> [std::path::PathBuf; 3] {
        let names = ["tonny.db", "copy.part", "schema-9.db"].map(|name| folder.join(name));
        Store::open(&names[0]).await.unwrap().close().await.unwrap();
        let mut conn = connect(&names[0]).await.unwrap();
        let rows = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) \
            INSERT INTO utterances (id, started_at, route, state) SELECT 'u' || i, i, 'type', 'kept' FROM n";
        sqlx::raw_sql(rows).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        if rule_broken {
            break_a_rule(&names[0]).await;
        }
        snapshot(&names[0], &names[1]).await.unwrap();
        names
    }

    async fn break_a_rule(path: &Path) {
        let mut conn = connect(path).await.unwrap();
        let rule =
            "PRAGMA ignore_check_constraints = ON; UPDATE utterances SET state = 'lost' WHERE id = 'u7'";
        sqlx::raw_sql(rule).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_with_a_broken_page_or_too_few_rows_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let [from, part, to] = copied(folder.path(), false).await;
        check(&part, &from, 50, &to).await.unwrap();
        let sound = fs::read(&part).unwrap();
        let mut bytes = sound.clone();
        let page =
            bytes.chunks_mut(4096).skip(1).find(|page| page.windows(3).any(|part| part == b"u33")).unwrap();
        page[..8].fill(0xa5);
        fs::write(&part, &bytes).unwrap();
        let error = check(&part, &from, 50, &to).await.unwrap_err();
        assert!(matches!(error, StoreError::BackupBroken { .. }), "{error:?}");
        fs::write(&part, &sound).unwrap();
        let mut conn = connect(&part).await.unwrap();
        sqlx::raw_sql("DELETE FROM utterances WHERE id = 'u7'").execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        assert!(check(&part, &from, 50, &to).await.unwrap_err().to_string().contains("49"));
        check(&part, &from, 49, &to).await.expect("one may have come meanwhile");
        fs::write(&part, &sound).unwrap();
        break_a_rule(&part).await;
        let error = check(&part, &from, 50, &to).await.unwrap_err();
        assert!(matches!(error, StoreError::BackupBroken { .. }), "its own fault: {error:?}");
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_file_itself_keeps_nobody_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let [from, part, to] = copied(folder.path(), true).await;
        assert!(!examine(&part, Depth::Pages).await.unwrap().findings.is_empty(), "the test breaks a rule");
        keep_old_schema(&from, &to).await.unwrap();
        check(&part, &from, 50, &to).await.unwrap();
    }
}
