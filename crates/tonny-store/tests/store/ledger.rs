//! What left the machine: rows, sums, and what cannot be.

use tonny_store::{HostDay, LedgerEntry, Spending, Store};

const DAY_MS: i64 = 86_400_000;

fn sent(at_ms: i64, host: &str) -> LedgerEntry {
    LedgerEntry {
        at_ms,
        profile: "me".to_owned(),
        purpose: "assistant".to_owned(),
        provider: host.split('.').next().unwrap().to_owned(),
        host: host.to_owned(),
        model: "m".to_owned(),
        bytes_out: 100,
        bytes_in: 10,
        tokens_input: 5,
        tokens_cache_read: 2,
        tokens_cache_write: 1,
        tokens_output: 3,
        tokens_reasoning: 1,
        cost_pico: Some(1_000),
        rules: r#"["email"]"#.to_owned(),
        contract: Some("default".to_owned()),
        contract_version: Some(1),
        receipt: Some("0".repeat(64)),
        conversation: Some("c".to_owned()),
        message: Some("m".to_owned()),
        ..LedgerEntry::default()
    }
}

fn refused(at_ms: i64, host: &str) -> LedgerEntry {
    LedgerEntry {
        bytes_out: 0,
        bytes_in: 0,
        cost_pico: Some(0),
        receipt: None,
        outcome: Some(190),
        contract: None,
        contract_version: None,
        conversation: None,
        message: None,
        ..sent(at_ms, host)
    }
}

#[tokio::test]
async fn a_row_comes_back_as_it_went_in_and_pages_follow_each_other() {
    let store = Store::in_memory().await.unwrap();
    let mut entries = vec![sent(5, "openai.com"), refused(5, "x.ai"), sent(9, "x.ai"), sent(1, "x.ai")];
    entries[2].is_estimated = true;
    entries[2].cost_pico = None;
    for entry in &entries {
        store.ledger().add(entry).await.unwrap();
    }
    let rows = store.ledger().list(None, 3).await.unwrap();
    let expected = [2, 1, 0].map(|n: usize| entries[n].clone());
    assert_eq!(rows.iter().map(|row| row.entry.clone()).collect::<Vec<_>>(), expected);
    let next = store.ledger().list(Some((rows[2].entry.at_ms, rows[2].seq)), 9).await.unwrap();
    assert_eq!(next.iter().map(|row| row.entry.at_ms).collect::<Vec<_>>(), [1]);
    let within = store.ledger().list(Some((rows[1].entry.at_ms, rows[1].seq)), 1).await.unwrap();
    assert_eq!(within[0], rows[2], "within one millisecond, too");
    assert_eq!(store.ledger().count().await.unwrap(), 4);
    let json = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!((&json["host"], &json["cost_pico"]), (&"x.ai".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn sums_are_by_day_and_host_and_know_what_is_not_known() {
    let store = Store::in_memory().await.unwrap();
    let mut unknown = sent(DAY_MS - 1, "x.ai");
    (unknown.cost_pico, unknown.outcome) = (None, Some(160));
    for entry in [sent(0, "x.ai"), unknown, refused(1, "x.ai"), sent(2, "a.com"), sent(DAY_MS, "x.ai")] {
        store.ledger().add(&entry).await.unwrap();
    }
    let day = |day, host: &str, attempts| HostDay {
        day,
        host: host.to_owned(),
        attempts,
        failed: 0,
        refused: 0,
        bytes_out: 100 * attempts,
        bytes_in: 10 * attempts,
        tokens_in: 8 * attempts,
        tokens_out: 3 * attempts,
        cost_pico: 1_000 * attempts,
        unknown_costs: 0,
    };
    // A refusal has no tokens that were paid, but those that were counted for it.
    let mixed = HostDay {
        failed: 1,
        refused: 1,
        tokens_in: 24,
        tokens_out: 9,
        cost_pico: 1_000,
        unknown_costs: 1,
        ..day(0, "x.ai", 2)
    };
    let all = store.ledger().by_host(0, i64::MAX, 0).await.unwrap();
    assert_eq!(all, [day(1, "x.ai", 1), day(0, "a.com", 1), mixed]);
    assert_eq!(store.ledger().by_host(2, DAY_MS - 1, 0).await.unwrap(), [day(0, "a.com", 1)]);
    let east = store.ledger().by_host(DAY_MS - 1, i64::MAX, 3_600_000).await.unwrap();
    assert_eq!((east.len(), east[0].attempts), (1, 2), "a day begins at the user's midnight");
}

#[tokio::test]
async fn what_was_spent_is_by_provider_and_conversation_within_the_bounds() {
    let store = Store::in_memory().await.unwrap();
    let without = LedgerEntry { conversation: None, cost_pico: None, ..sent(20, "x.ai") };
    for entry in
        [sent(9, "x.ai"), sent(10, "x.ai"), sent(19, "x.ai"), sent(20, "a.com"), without, refused(15, "x.ai")]
    {
        store.ledger().add(&entry).await.unwrap();
    }
    let spending = |provider: &str, conversation: Option<&str>, cost_pico, unknown_costs| Spending {
        provider: provider.to_owned(),
        conversation: conversation.map(str::to_owned),
        cost_pico,
        unknown_costs,
    };
    assert_eq!(store.ledger().spent(10, 20).await.unwrap(), [spending("x", Some("c"), 2_000, 0)]);
    assert_eq!(
        store.ledger().spent(20, i64::MAX).await.unwrap(),
        [spending("a", Some("c"), 1_000, 0), spending("x", None, 0, 1)]
    );
}

#[tokio::test]
async fn rows_go_from_the_old_end() {
    let store = Store::in_memory().await.unwrap();
    for at_ms in [5, 1, 4, 2, 3] {
        store.ledger().add(&sent(at_ms, "x.ai")).await.unwrap();
    }
    assert_eq!(store.ledger().delete_before(4, 2).await.unwrap(), 2);
    assert_eq!(store.ledger().delete_before(4, 2).await.unwrap(), 1);
    let left = store.ledger().list(None, 9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.entry.at_ms).collect::<Vec<_>>(), [5, 4]);
}

#[tokio::test]
async fn what_no_attempt_and_no_refusal_can_be_is_refused() {
    let store = Store::in_memory().await.unwrap();
    for wrong in [
        LedgerEntry { receipt: None, outcome: Some(1), ..sent(1, "x.ai") },
        LedgerEntry { outcome: None, ..refused(1, "x.ai") },
        LedgerEntry { contract: None, ..sent(1, "x.ai") },
        LedgerEntry { rules: String::new(), ..sent(1, "x.ai") },
        LedgerEntry { cost_pico: Some(-1), ..sent(1, "x.ai") },
        LedgerEntry { outcome: Some(65_536), ..sent(1, "x.ai") },
    ] {
        let error = store.ledger().add(&wrong).await.unwrap_err();
        assert!(error.is_refused_value(), "{wrong:?} {error:?}");
    }
    assert_eq!(store.ledger().count().await.unwrap(), 0);
}
