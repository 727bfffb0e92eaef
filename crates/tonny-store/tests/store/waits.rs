//! Who is not to be asked yet: the longer time counts, what is over goes, and a clock that was set back ends nothing late.

use tonny_store::{Store, Wait, WaitKind};

fn wait(name: &str, noted_ms: i64, until_ms: i64) -> Wait {
    Wait { kind: WaitKind::Limit, name: name.to_owned(), model: "m".to_owned(), noted_ms, until_ms }
}

async fn ends(store: &Store, now_ms: i64) -> Vec<(String, i64)> {
    let active = store.waits().active(now_ms).await.unwrap();
    active.into_iter().map(|wait| (wait.name, wait.until_ms)).collect()
}

#[tokio::test]
async fn a_wait_comes_back_until_it_is_over_and_the_longer_one_counts() {
    let store = Store::in_memory().await.unwrap();
    let host = Wait { kind: WaitKind::Host, model: String::new(), ..wait("a.example:443", 10, 30) };
    for wait in [&wait("a", 10, 50), &host, &wait("a", 11, 40)] {
        store.waits().note(wait).await.unwrap();
    }
    assert_eq!(store.waits().active(12).await.unwrap(), [host, Wait { noted_ms: 11, ..wait("a", 0, 50) }]);
    assert_eq!(ends(&store, 49).await, [("a".to_owned(), 50)]);
    assert_eq!(ends(&store, 50).await, []);
}

#[tokio::test]
async fn what_is_over_goes_with_the_next_note() {
    let store = Store::in_memory().await.unwrap();
    store.waits().note(&wait("a", 10, 20)).await.unwrap();
    store.waits().note(&wait("b", 20, 90)).await.unwrap();
    assert_eq!(ends(&store, 11).await, [], "the first is gone, the second not yet noted");
    assert_eq!(ends(&store, 20).await, [("b".to_owned(), 90)]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_leaves_nobody_waiting_for_its_old_time() {
    let store = Store::in_memory().await.unwrap();
    store.waits().note(&wait("a", 1_000_000, 1_000_060)).await.unwrap();
    assert_eq!(ends(&store, 500).await, []);
    store.waits().note(&wait("a", 500, 560)).await.unwrap();
    assert_eq!(ends(&store, 501).await, [("a".to_owned(), 560)]);
}

#[tokio::test]
async fn a_wait_for_nobody_is_refused() {
    let store = Store::in_memory().await.unwrap();
    for wrong in [wait("", 10, 20), wait("a", i64::MIN, 20), wait(&"a".repeat(2_000), 10, 20)] {
        assert!(store.waits().note(&wrong).await.unwrap_err().is_refused_value(), "{wrong:?}");
    }
}
