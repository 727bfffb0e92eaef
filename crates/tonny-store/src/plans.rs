//! Asks SQLite how it would run every statement of this room: none may read a whole table, no page may be sorted.
//!
//! It knows every table's list of statements; one written elsewhere than through `statements!` would be missed.

use sqlx::{AssertSqlSafe, Row};

use crate::filter::Filter;
use crate::utterances::sql;
use crate::{
    Store, activity, attachments, backup, conversations, deltas, ledger, messages, model_list, profiles,
    settings, statistics, waits,
};

/// Statements that walk an index from end to end because the question is about everything in it.
const WHOLE_INDEX: &[&str] = &["COUNT"];

/// No tables, but what a statement puts together for itself from what it searched.
const OWN_LISTS: &[&str] = &["branch", "found", "page", "json_each"];

/// Statements that answer a page at a time; a sort would read every match for the first fifty.
const PAGES: &[&str] = &[
    "LIST",
    "LIST_OF_PROFILE",
    "LIST_OF_ACTION",
    "SEARCH",
    "OF",
    "FACTS",
    "AUDIO_FACTS",
    "CANCELLED_FACTS",
    "DELETE_BEFORE",
    "IDS",
];

fn every_statement() -> Vec<(String, String)> {
    let tables = [
        ("settings", settings::ALL),
        ("utterances", sql::ALL),
        ("profiles", profiles::ALL),
        ("activity", activity::ALL),
        ("conversations", conversations::ALL),
        ("conversations", conversations::ALL_OF_SEARCH),
        ("messages", messages::sql::ALL),
        ("deltas", deltas::ALL),
        ("attachments", attachments::ALL),
        ("ledger", ledger::ALL),
        ("model_list", model_list::ALL),
        ("waits", waits::ALL),
        ("statistics", statistics::ALL),
        ("backup", backup::ALL),
        ("forgotten", backup::forgotten::ALL),
        ("lay_over", backup::lay_over::ALL),
    ];
    let named = tables.into_iter().flat_map(|(table, all)| {
        all.iter().map(move |(name, sql)| (format!("{table}.{name}"), (*sql).to_owned()))
    });
    let put_together = Filter::every().flat_map(|filter| {
        [
            ("list.LIST".to_owned(), sql::list(&filter)),
            ("search.SEARCH".to_owned(), sql::search(&filter)),
            ("latest.LIST".to_owned(), sql::latest_entered(&filter)),
        ]
    });
    named.chain(put_together).collect()
}

async fn plan(store: &Store, statement: &str) -> Vec<String> {
    let mut conn = store.reader("test").await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
        .fetch_all(&mut *conn)
        .await
        .unwrap_or_else(|error| panic!("{statement}\n{error}"));
    rows.iter().map(|row| row.get("detail")).collect()
}

fn scans_a_table(step: &str, name: &str) -> bool {
    // The search's own table shows as a scan with the index it uses ("VIRTUAL TABLE INDEX 0:M..."), and so do the
    // pragmas of one row each.
    let is_search = step.contains("VIRTUAL TABLE INDEX") && step.contains(":M");
    let is_pragma = step.starts_with("SCAN pragma_");
    let is_own_list = OWN_LISTS.iter().any(|list| step.split(' ').nth(1) == Some(*list));
    let whole_index = WHOLE_INDEX.contains(&name) && step.contains("COVERING INDEX");
    let is_small = step.starts_with("SCAN CONSTANT") || is_pragma || is_own_list;
    step.starts_with("SCAN") && !is_small && !is_search && !whole_index
}

#[tokio::test]
async fn no_statement_scans_a_table_and_no_page_is_sorted() {
    let store = Store::in_memory().await.unwrap();
    let statements = every_statement();
    assert!(statements.len() > 90 + 128 * 3 - 20, "{}", statements.len());
    for (name, statement) in statements {
        let short = name.split('.').nth(1).unwrap_or_default();
        for step in plan(&store, &statement).await {
            assert!(!scans_a_table(&step, short), "{name}: {step}\n{statement}");
            // The pieces of one answer are put in order, not the page.
            let of_an_answer = step.contains("FOR group_concat(ORDER BY)");
            let sorted = step.contains("TEMP B-TREE") && !of_an_answer && PAGES.contains(&short);
            assert!(!sorted, "{name}: {step}\n{statement}");
            // From where the page before ended, not from the newest row on.
            let from_there = step.contains("(started_at,id)<(?,?)");
            assert!(name != "list.LIST" || from_there, "{name}: {step}\n{statement}");
        }
    }
}

/// SQLite plans again once it knows what is bound: a limit of one row must not turn the page into a scan with a sort.
#[tokio::test]
async fn a_page_of_one_row_walks_the_index_too() {
    let store = Store::in_memory().await.unwrap();
    let mut conn = store.reader("test").await.unwrap();
    let statement = format!("EXPLAIN QUERY PLAN {}", sql::list(&Filter::default()));
    let all = Filter::default();
    let query = all.bind(sqlx::query(AssertSqlSafe(statement))).bind(i64::MAX).bind("").bind(1_u32);
    let steps = query.fetch_all(&mut *conn).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|row| row.get("detail")).collect();
    let walks = steps.iter().any(|step| step.contains("(started_at,id)<(?,?)"));
    assert!(walks && steps.len() == 1, "{steps:?}");
}

/// A filter that has an index of its own walks it, and not the whole history.
#[tokio::test]
async fn who_spoke_and_which_model_heard_are_found_by_their_indexes() {
    let store = Store::in_memory().await.unwrap();
    let speaker = Filter { speaker: Some("Zoe".to_owned()), ..Filter::default() };
    let model = statistics::ALL.iter().find(|(name, _)| *name == "BY_MODEL").unwrap().1.to_owned();
    for (statement, index) in [(sql::list(&speaker), "utterances_by_speaker"), (model, "utterances_by_model")]
    {
        let steps = plan(&store, &statement).await;
        assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}\n{statement}");
    }
}

/// Deleting a parent row looks its children up: by an index, or the deletion reads the child table.
#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let store = Store::in_memory().await.unwrap();
    let mut conn = store.reader("test").await.unwrap();
    let keys: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, k.\"from\" FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) k WHERE t.schema = 'main'",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    assert!(keys.len() >= 9, "{keys:?}");
    for (table, column) in keys {
        let indexed: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pragma_index_list(?1) i JOIN pragma_index_info(i.name) c \
             WHERE c.seqno = 0 AND c.name = ?2",
        )
        .bind(&table)
        .bind(&column)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        assert!(indexed > 0, "{table}.{column} has no index");
    }
}

/// The columns of every table are of the kind that was declared, and no other.
#[tokio::test]
async fn every_table_is_strict() {
    let store = Store::in_memory().await.unwrap();
    let mut conn = store.reader("test").await.unwrap();
    let loose: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict \
         AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    assert_eq!(loose, []);
}
