//! Answers that grow: nothing of them is lost or there twice, whatever happens between two pieces.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tonny_store::{Message, MessageEnd, MessageState, Store, StoreError};

use crate::talks::{answer, end, message, talk};

async fn row(store: &Store) -> Message {
    store.messages().get("a").await.unwrap().unwrap()
}

pub async fn with_answer(store: &Store) {
    talk(store, "c", "", 1).await;
    store.messages().add(&answer("a", None)).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_read_with_all_that_came_while_it_comes() {
    let store = Store::in_memory().await.unwrap();
    with_answer(&store).await;
    store.messages().grow("a", 1, "Knead ", "").await.unwrap();
    store.messages().grow("a", 5, "", "Hm, ").await.unwrap();
    store.messages().grow("a", 12, "the\0dough", "bread.").await.unwrap();
    for read in [row(&store).await, store.messages().of("c", None, 9).await.unwrap().remove(0)] {
        assert_eq!((read.text.as_str(), read.reasoning.as_str()), ("Knead the\0dough", "Hm, bread."));
        assert_eq!((read.deltas, read.state), (12, MessageState::Streaming));
    }
    assert!(store.messages().search("dough", None, 9).await.unwrap().is_empty(), "not until it ended");
    let failed = MessageEnd {
        error_code: Some("TT-LLM-150".to_owned()),
        tokens_out: Some(2),
        ..end(MessageState::Cut)
    };
    store.messages().finish("a", &failed).await.unwrap();
    let cut = row(&store).await;
    assert_eq!(
        (cut.text.as_str(), cut.reasoning.as_str(), cut.deltas),
        ("Knead the\0dough", "Hm, bread.", 12)
    );
    assert_eq!((cut.state, cut.error_code.as_deref()), (MessageState::Cut, Some("TT-LLM-150")));
    assert_eq!(store.messages().search("dough", None, 9).await.unwrap().len(), 1);
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_piece_that_comes_again_is_there_once_and_one_for_nobody_is_refused() {
    let store = Store::in_memory().await.unwrap();
    with_answer(&store).await;
    let messages = store.messages();
    messages.grow("a", 2, "one ", "").await.unwrap();
    messages.grow("a", 2, "again", "again").await.unwrap();
    messages.grow("a", 1, "late", "late").await.unwrap();
    assert_eq!((row(&store).await.text.as_str(), row(&store).await.deltas), ("one ", 2));
    messages.finish("a", &end(MessageState::Cut)).await.unwrap();
    messages.grow("a", 2, "again", "").await.unwrap();
    for nobody in [messages.grow("a", 3, "more", "").await, messages.grow("b", 1, "x", "").await] {
        assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
    }
    assert!(messages.resume("a").await.unwrap());
    assert!(!messages.resume("a").await.unwrap() && !messages.resume("b").await.unwrap());
    messages.grow("a", 2, "again", "").await.unwrap();
    messages.grow("a", 3, "two", "").await.unwrap();
    let whole = row(&store).await;
    assert_eq!((whole.text.as_str(), whole.deltas, whole.state), ("one two", 3, MessageState::Streaming));
    let missing = messages.finish("b", &end(MessageState::Complete)).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
}

/// What is taken in can always be folded: the bound is kept at each piece.
#[tokio::test]
async fn an_answer_without_an_end_is_refused_where_a_message_ends() {
    let store = Store::in_memory().await.unwrap();
    with_answer(&store).await;
    let messages = store.messages();
    let million = "é".repeat(500_000);
    for n in 1..=3 {
        messages.grow("a", n, &million, "").await.unwrap();
    }
    messages.finish("a", &end(MessageState::Cut)).await.unwrap();
    messages.resume("a").await.unwrap();
    messages.grow("a", 4, &million[2..], "x").await.unwrap();
    assert!(messages.grow("a", 5, "éé", "").await.unwrap_err().is_refused_value());
    messages.grow("a", 5, "é", "").await.unwrap();
    assert!(messages.grow("a", 6, "e", "").await.unwrap_err().is_refused_value());
    messages.finish("a", &end(MessageState::Cut)).await.unwrap();
    assert_eq!((row(&store).await.text.len(), row(&store).await.deltas), (4_000_000, 5));
}

#[tokio::test]
async fn what_was_coming_when_the_program_died_is_cut_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let dying = Store::open(&path).await.unwrap();
    with_answer(&dying).await;
    dying.messages().add(&message("q", Some("a"), "words")).await.unwrap();
    dying.messages().add_all(&[answer("b", Some("q")), answer("d", Some("q"))], None).await.unwrap();
    for id in ["a", "b", "d"] {
        dying.messages().grow(id, 1, id, "").await.unwrap();
    }
    dying.messages().finish("b", &end(MessageState::Complete)).await.unwrap();
    let store = Store::open(&path).await.unwrap();
    store.messages().add(&answer("e", Some("q"))).await.unwrap();
    for either in [&dying, &store] {
        assert_eq!(either.messages().adopt_streaming("TT-LLM-150").await.unwrap(), [""; 0], "both are there");
    }
    dying.close().await.unwrap();
    assert_eq!(store.messages().adopt_streaming("TT-LLM-150").await.unwrap(), ["a", "d"]);
    assert_eq!(store.messages().adopt_streaming("TT-LLM-150").await.unwrap(), [""; 0]);
    let rows = store.messages().of("c", None, 9).await.unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row.text.as_str(), row.state, row.error_code.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("a", MessageState::Cut, Some("TT-LLM-150")),
            ("words", MessageState::Complete, None),
            ("b", MessageState::Complete, None),
            ("d", MessageState::Cut, Some("TT-LLM-150")),
            ("", MessageState::Streaming, None),
        ]
    );
}

/// What one program left off and another one took up is the other one's.
#[tokio::test]
async fn an_answer_that_is_taken_up_again_belongs_to_whoever_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    let first = Store::open(&path).await.unwrap();
    with_answer(&first).await;
    first.messages().finish("a", &end(MessageState::Cut)).await.unwrap();
    let second = Store::open(&path).await.unwrap();
    assert!(second.messages().resume("a").await.unwrap());
    assert!(!first.messages().resume("a").await.unwrap(), "it is coming already");
    first.close().await.unwrap();
    assert_eq!(second.messages().adopt_streaming("TT-LLM-150").await.unwrap(), [""; 0]);
    second.close().await.unwrap();
    let third = Store::open(&path).await.unwrap();
    assert_eq!(third.messages().adopt_streaming("TT-LLM-150").await.unwrap(), ["a"]);
}

/// One thing that may happen to an answer.
#[derive(Debug, Clone)]
enum Step {
    Grow(String, String),
    /// The last piece again, as after an answer from the disk that got lost.
    Repeat,
    /// It ended early and is taken up again.
    Fold,
    /// The program dies and the next one takes it up.
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let piece = || r"[a-z é🎉\n\x00]{0,12}";
    let step = prop_oneof![
        6 => (piece(), piece()).prop_map(|(text, reasoning)| Step::Grow(text, reasoning)),
        1 => Just(Step::Repeat),
        1 => Just(Step::Fold),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 0..24)
}

/// The file and its log as they lie while the program still has them open: what a killed one leaves.
fn image(live: &Path, at: usize) -> PathBuf {
    let image = live.with_file_name(format!("image{at}.db"));
    for ending in ["", "-wal"] {
        let name = |path: &Path| format!("{}{ending}", path.display());
        fs::copy(name(live), name(&image)).unwrap();
    }
    image
}

/// Carries the steps out on a copy of `fresh`, and compares what is read after each of them.
async fn grown(fresh: &Path, steps: &[Step]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tonny.db");
    fs::copy(fresh, &path).unwrap();
    let mut store = Store::open(&path).await.unwrap();
    let (mut n, mut text, mut reasoning) = (0, String::new(), String::new());
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Grow(more, thought) => {
                n += 1 + i64::try_from(at % 3).unwrap();
                store.messages().grow("a", n, more, thought).await.unwrap();
                text.push_str(more);
                reasoning.push_str(thought);
            }
            Step::Repeat => {
                if n > 0 {
                    store.messages().grow("a", n, "twice", "twice").await.unwrap();
                }
            }
            Step::Fold => store.messages().finish("a", &end(MessageState::Cut)).await.unwrap(),
            Step::Kill => {
                let image = image(store.path(), at);
                store = Store::open(image).await.unwrap();
                prop_assert_eq!(store.messages().adopt_streaming("TT-LLM-150").await.unwrap(), ["a"]);
            }
        }
        let resumed = store.messages().resume("a").await.unwrap();
        prop_assert_eq!(resumed, matches!(step, Step::Fold | Step::Kill));
        let read = row(&store).await;
        prop_assert_eq!((&read.text, &read.reasoning, read.deltas), (&text, &reasoning, n));
    }
    store.messages().finish("a", &end(MessageState::Complete)).await.unwrap();
    let read = row(&store).await;
    prop_assert_eq!((&read.text, &read.reasoning, read.deltas), (&text, &reasoning, n));
    prop_assert!(store.check().await.unwrap().is_clean());
    Ok(())
}

#[test]
fn any_pieces_folds_and_deaths_give_what_came_in_order_and_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.db");
    runtime.block_on(async {
        let store = Store::open(&fresh).await.unwrap();
        with_answer(&store).await;
        store.close().await.unwrap();
    });
    proptest!(ProptestConfig::with_cases(96), |(steps in steps())| {
        runtime.block_on(grown(&fresh, &steps))?;
    });
}
