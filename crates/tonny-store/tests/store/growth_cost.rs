//! What a piece of an answer costs: no more when the answer is long, or when there are many talks beside it.

use std::time::{Duration, Instant};

use tonny_store::{ConversationDraft, ConversationSearch, MessageState, NewMessage, Store};

use crate::growth::with_answer;
use crate::talks::{end, message};

/// What a piece adds to the log is what its pages are: as many for a long answer as for a short one.
#[tokio::test]
async fn a_piece_costs_the_same_however_long_the_answer_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
    with_answer(&store).await;
    let messages = store.messages();
    let mut n = 0;
    let mut costs = Vec::new();
    // At the beginning; behind a long tail; behind a long text that was folded.
    for state in ["short", "long tail", "long text"] {
        if state != "short" {
            n += 1;
            messages.grow("a", n, &"x".repeat(1_000_000), &"y".repeat(1_000_000)).await.unwrap();
        }
        if state == "long text" {
            messages.finish("a", &end(MessageState::Cut)).await.unwrap();
            messages.resume("a").await.unwrap();
        }
        let mut most = 0;
        for _ in 0..20 {
            assert!(store.empty_log().await.unwrap());
            n += 1;
            messages.grow("a", n, "a few words ", "").await.unwrap();
            most = most.max(store.log_bytes());
        }
        costs.push((state, most));
    }
    // A page each of the table and its index, and once in a while a new one with the page above it.
    assert!(costs.iter().all(|(_, bytes)| *bytes <= 8 * 4_300), "{costs:?}");
}

const TALKS: i64 = 10_000;
const MESSAGES: i64 = 10;
const PIECES: i64 = 20_000;

async fn fill(store: &Store) {
    for n in 0..TALKS {
        let (id, title) = (format!("c{n}"), format!("Talk {n} about bread"));
        let draft = ConversationDraft { id: id.clone(), title, ..Default::default() };
        store.conversations().put(&draft, n).await.unwrap();
        let name = |m: i64| format!("{id}m{m}");
        let said = |m: i64| NewMessage {
            conversation: id.clone(),
            created_at_ms: n,
            ..message(
                &name(m),
                (m > 0).then(|| name(m - 1)).as_deref(),
                &format!("sentence {m} of {n} about flour"),
            )
        };
        let turn: Vec<NewMessage> = (0..MESSAGES).map(said).collect();
        store.messages().add_all(&turn, None).await.unwrap();
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    (work.await, begun.elapsed())
}

#[allow(clippy::print_stdout, reason = "a measurement run by hand")]
fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!("{what}: p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
}

#[tokio::test]
#[ignore = "prints numbers"]
async fn an_answer_of_a_megabyte_beside_ten_thousand_talks() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
    fill(&store).await;
    with_answer(&store).await;
    let upkeep = tokio::spawn(store.upkeep());
    let piece = "about fifty bytes of an answer that is coming in.. ";
    let mut times = Vec::new();
    for n in 1..=PIECES {
        times.push(timed(store.messages().grow("a", n, piece, "")).await.1);
    }
    print("a piece, the first 1,000", times[..1_000].to_vec());
    print("a piece, the last 1,000", times[times.len() - 1_000..].to_vec());
    print("read it while it comes", vec![timed(store.messages().get("a")).await.1]);
    print("the end", vec![timed(store.messages().finish("a", &end(MessageState::Complete))).await.1]);
    for text in ["sentence", "\"sentence 5 of 77\"", "bread", "s", "nothing"] {
        let search = ConversationSearch { text: text.to_owned(), limit: 50, ..Default::default() };
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(timed(store.conversations().search(&search)).await.1);
        }
        print(&format!("the search for {text:?}"), times);
    }
    print("a page of 50", vec![timed(store.conversations().list(None, None, 50)).await.1]);
    store.close().await.unwrap();
    upkeep.await.unwrap();
}
