//! What left the machine: rows, sums, and what cannot be.

use std::path::Path;

use tonny_store::{Allowance, HostDay, LedgerEntry, Settlement, Store};

const DAY_MS: i64 = 86_400_000;

const NO_LIMIT: [Option<Allowance>; 2] = [None, None];

/// At most so much since the beginning of time, and so much since `since_ms`.
fn at_most(ever: i64, since_ms: i64, lately: i64) -> [Option<Allowance>; 2] {
    [Some(Allowance { since_ms: 0, most_pico: ever }), Some(Allowance { since_ms, most_pico: lately })]
}

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
async fn rows_go_from_the_old_end() {
    let store = Store::in_memory().await.unwrap();
    for at_ms in [5, 1, 4, 2, 3] {
        store.ledger().add(&sent(at_ms, "x.ai")).await.unwrap();
    }
    let ledger = store.ledger();
    ledger.add(&LedgerEntry { cost_pico: None, ..sent(3, "free.example") }).await.unwrap();
    ledger.open(&LedgerEntry { cost_pico: Some(0), ..sent(1, "open.example") }, NO_LIMIT).await.unwrap();
    assert_eq!(ledger.delete_before(4, 4, 2).await.unwrap(), 2);
    assert_eq!(ledger.delete_before(4, 3, 9).await.unwrap(), 1, "what cost something since 3 stays");
    let left = ledger.list(None, 9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.entry.at_ms).collect::<Vec<_>>(), [5, 4, 3, 1], "and what is open");
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

#[tokio::test]
async fn an_attempt_is_in_the_ledger_before_it_begins_and_is_settled_once() {
    let store = Store::in_memory().await.unwrap();
    let ledger = store.ledger();
    let entry = LedgerEntry { bytes_in: 0, outcome: Some(160), is_estimated: true, ..sent(5, "x.ai") };
    let seq = ledger.open(&entry, NO_LIMIT).await.unwrap().unwrap();
    let rows = ledger.list(None, 9).await.unwrap();
    assert_eq!((rows[0].seq, rows[0].is_open, &rows[0].entry), (seq, true, &entry));
    let day = &ledger.by_host(0, i64::MAX, 0).await.unwrap()[0];
    assert_eq!((day.attempts, day.failed, day.cost_pico), (1, 0, 1_000), "what is open has not failed");
    let came = Settlement { bytes_in: 77, tokens_output: 8, cost_pico: Some(9), ..Settlement::default() };
    ledger.settle(seq, &came).await.unwrap();
    let settled = &ledger.list(None, 9).await.unwrap()[0];
    assert!(!settled.is_open);
    let row = &settled.entry;
    assert_eq!((row.bytes_in, row.tokens_output, row.cost_pico, row.outcome), (77, 8, Some(9), None));
    assert_eq!(
        (row.bytes_out, row.at_ms, &row.receipt),
        (100, 5, &entry.receipt),
        "what was sent stays as it is"
    );
    assert!(ledger.settle(seq, &came).await.is_err(), "once");
    assert_eq!(ledger.close_abandoned().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_spent_and_what_is_open_count_against_an_allowance() {
    let store = Store::in_memory().await.unwrap();
    let ledger = store.ledger();
    let costs = |at_ms, pico| LedgerEntry { cost_pico: pico, ..sent(at_ms, "x.ai") };
    for entry in [costs(9, Some(1_000)), costs(10, Some(20)), refused(11, "x.ai"), costs(11, None)] {
        ledger.add(&entry).await.unwrap();
    }
    assert_eq!((ledger.spent(10).await.unwrap(), ledger.spent(0).await.unwrap()), (20, 1_020));
    let limits = at_most(1_100, 10, 100);
    assert_eq!(ledger.open(&costs(12, Some(81)), limits).await.unwrap(), None, "more than is left lately");
    assert_eq!(ledger.open(&costs(12, Some(80)), at_most(1_099, 10, 100)).await.unwrap(), None, "or ever");
    assert_eq!(ledger.open(&costs(12, None), limits).await.unwrap(), None, "an unknown price fits nowhere");
    let seq = ledger.open(&costs(12, Some(80)), limits).await.unwrap().expect("it fits to the last one");
    assert_eq!(ledger.open(&costs(13, Some(1)), limits).await.unwrap(), None, "what is open counts");
    assert!(
        ledger.open(&costs(13, Some(0)), limits).await.unwrap().is_some(),
        "what costs nothing always fits"
    );
    assert_eq!(
        ledger.last_of("x").await.unwrap(),
        Some((11, None)),
        "what is open and what was refused do not count"
    );
    let came = Settlement { cost_pico: Some(30), outcome: Some(160), ..Settlement::default() };
    ledger.settle(seq, &came).await.unwrap();
    assert_eq!(ledger.last_of("x").await.unwrap(), Some((12, Some(160))));
    assert_eq!(ledger.last_of("nobody").await.unwrap(), None);
    assert_eq!(ledger.spent(10).await.unwrap(), 50);
    assert!(ledger.open(&costs(14, Some(50)), limits).await.unwrap().is_some(), "the rest came back");
}

/// The sums of what was spent are kept by triggers: after whatever happened to the rows, they say what the rows say, from every
/// moment on.
#[tokio::test]
async fn the_sums_follow_their_rows() {
    const QUARTER: i64 = 900_000;
    let store = Store::in_memory().await.unwrap();
    let ledger = store.ledger();
    let costs = |at_ms, pico| LedgerEntry { cost_pico: pico, ..sent(at_ms, "x.ai") };
    let agree = async |step: &str| {
        let rows = ledger.list(None, 99).await.unwrap();
        let edges = (0..4).flat_map(|quarter| [-1, 0, 1].map(|off| (quarter * QUARTER + off).max(0)));
        for since in edges.chain([7, QUARTER / 2]) {
            let of_rows: i64 = rows
                .iter()
                .filter(|row| row.entry.at_ms >= since)
                .filter_map(|row| row.entry.cost_pico)
                .sum();
            assert_eq!(ledger.spent(since).await.unwrap(), of_rows, "{step}, since {since}");
        }
    };
    agree("nothing").await;
    for (at_ms, pico) in
        [(0, Some(1)), (7, Some(20)), (QUARTER - 1, Some(300)), (QUARTER, Some(4_000)), (QUARTER, None)]
    {
        ledger.add(&costs(at_ms, pico)).await.unwrap();
    }
    agree("added").await;
    let mut open = Vec::new();
    for (at_ms, pico) in
        [(7, Some(50_000)), (QUARTER + 1, Some(0)), (2 * QUARTER, None), (2 * QUARTER, Some(9))]
    {
        open.push(ledger.open(&costs(at_ms, pico), NO_LIMIT).await.unwrap().unwrap());
    }
    agree("opened").await;
    for (seq, pico) in open.into_iter().zip([Some(600_000), Some(7), Some(80), None]) {
        let came = Settlement { cost_pico: pico, ..Settlement::default() };
        ledger.settle(seq, &came).await.unwrap();
        agree("settled").await;
    }
    assert_eq!(ledger.delete_before(QUARTER, QUARTER, 2).await.unwrap(), 2);
    agree("half forgotten").await;
    ledger.delete_before(i64::MAX, i64::MAX, 99).await.unwrap();
    agree("forgotten").await;
}

/// Two programs at one file, and many attempts of each at once: not one too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_cannot_overshoot_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let stores = [Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap()];
    let tries = (0..64).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move {
            store.ledger().open(&sent(20, "x.ai"), at_most(9_999, 10, 7_500)).await.unwrap()
        })
    });
    let mut fitted = 0;
    for attempt in tries.collect::<Vec<_>>() {
        fitted += usize::from(attempt.await.unwrap().is_some());
    }
    assert_eq!((fitted, stores[0].ledger().spent(0).await.unwrap()), (7, 7_000));
}

async fn open(path: &Path, host: &str) -> (Store, i64) {
    let store = Store::open(path).await.unwrap();
    let seq = store.ledger().open(&sent(1, host), NO_LIMIT).await.unwrap().unwrap();
    (store, seq)
}

#[tokio::test]
async fn what_a_program_left_open_is_closed_when_it_is_gone_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let (one, _) = open(&path, "one.example").await;
    let (other, seq) = open(&path, "other.example").await;
    let is_open = async |store: &Store| {
        store.ledger().list(None, 9).await.unwrap().into_iter().map(|row| row.is_open).collect::<Vec<_>>()
    };
    assert_eq!(other.ledger().close_abandoned().await.unwrap(), 0, "both are there");
    one.close().await.unwrap();
    assert_eq!(other.ledger().close_abandoned().await.unwrap(), 1);
    assert_eq!(is_open(&other).await, [true, false]);
    assert_eq!(other.ledger().spent(0).await.unwrap(), 2_000, "it counts as the worst it can have been");
    other.ledger().settle(seq, &Settlement::default()).await.unwrap();
    assert_eq!(is_open(&other).await, [false, false]);
}
