//! Searching: what is found, what is not, and that nothing typed is syntax.

use proptest::prelude::*;
use tonny_store::{Filter, FinalText, Hit, Search, Store, UtteranceState};

use crate::{new_utterance, say, search};

async fn found(store: &Store, text: &str) -> Vec<String> {
    search(store, text, 50).await.into_iter().map(|hit| hit.utterance.id).collect()
}

fn marked(hit: &Hit) -> String {
    hit.snippet
        .iter()
        .map(|piece| if piece.found { format!("[{}]", piece.text) } else { piece.text.clone() })
        .collect()
}

async fn three() -> Store {
    let store = Store::in_memory().await.unwrap();
    say(&store, "a", 1, "Zoë's naïve café – 日本語 🎉").await;
    say(&store, "b", 2, "Nothing about coffee, don't ask").await;
    say(&store, "c", 3, "A naive question about AND, OR and NOT").await;
    store
}

#[tokio::test]
async fn words_are_found_by_their_beginning_without_accents_or_case() {
    let store = three().await;
    for (typed, ids) in [
        ("naiv", vec!["c", "a"]),
        ("NAÏVE", vec!["c", "a"]),
        ("cafe", vec!["a"]),
        ("about naiv", vec!["c"]),
        ("日本", vec!["a"]),
        ("don't", vec!["b"]),
        ("zoe's", vec!["a"]),
        ("offee", vec![]),
        ("naive NOT question", vec!["c"]),
        ("coffee OR cafe", vec![]),
        ("text:naive", vec![]),
        ("\"", vec![]),
        ("\"about coffee\"", vec!["b"]),
        ("\"coffee about\"", vec![]),
        ("\"about cof\"", vec![]),
        ("\"NAÏVE cafe\" 日", vec!["a"]),
        ("about \"don't", vec!["b"]),
        ("NEAR(naive question)", vec![]),
        ("", vec!["c", "b", "a"]),
    ] {
        assert_eq!(found(&store, typed).await, ids, "{typed}");
    }
}

#[tokio::test]
async fn the_words_found_are_marked_in_the_snippet() {
    let store = three().await;
    let hits = search(&store, "naiv", 50).await;
    assert_eq!(marked(&hits[0]), "A [naive] question about AND, OR and NOT");
    assert_eq!(marked(&hits[1]), "Zoë's [naïve] café – 日本語 🎉");
    let listed = search(&store, " ", 2).await;
    assert_eq!(marked(&listed[1]), "Nothing about coffee, don't ask");
}

#[tokio::test]
async fn pages_of_a_search_follow_each_other() {
    let store = Store::in_memory().await.unwrap();
    for n in 0..7 {
        say(&store, &format!("u{n}"), n, "same words").await;
    }
    for text in ["same", ""] {
        let page = async |limit, before| {
            let search = Search { text: text.to_owned(), before, limit, ..Search::default() };
            store.utterances().search(&search).await.unwrap()
        };
        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.utterance.id.clone()).collect::<Vec<_>>();
        let first = page(3, None).await;
        assert_eq!(ids(&first), ["u6", "u5", "u4"]);
        let second = page(6, Some(first[2].utterance.seq)).await;
        assert_eq!(ids(&second), ["u3", "u2", "u1", "u0"]);
        assert_eq!(page(3, Some(second[3].utterance.seq)).await, []);
        assert_eq!(page(0, None).await, []);
        assert_eq!(page(u32::MAX, None).await.len(), 7);
        assert_eq!(page(3, Some(i64::MIN)).await, []);
    }
}

#[tokio::test]
async fn a_search_takes_the_filters_of_a_list() {
    let store = three().await;
    store.utterances().set_state("c", UtteranceState::Kept).await.unwrap();
    let found = async |filter| {
        let search = Search { text: "naive".to_owned(), limit: 9, filter, ..Search::default() };
        let hits = store.utterances().search(&search).await.unwrap();
        hits.into_iter().map(|hit| hit.utterance.id).collect::<Vec<_>>()
    };
    assert_eq!(found(Filter { state: Some(UtteranceState::Kept), ..Filter::default() }).await, ["c"]);
    assert_eq!(found(Filter { until_ms: Some(3), ..Filter::default() }).await, ["a"]);
    assert_eq!(found(Filter { since_ms: Some(3), ..Filter::default() }).await, ["c"]);
    assert_eq!(found(Filter { route: Some("moon".to_owned()), ..Filter::default() }).await, [""; 0]);
    assert_eq!(found(Filter { engine: Some("whisper".to_owned()), ..Filter::default() }).await, ["c", "a"]);
}

#[tokio::test]
async fn the_index_follows_deletes_and_changes() {
    let store = three().await;
    store.utterances().delete("a").await.unwrap();
    assert_eq!(found(&store, "naiv").await, ["c"]);
    let again = FinalText { text: "Now something else".to_owned(), ..FinalText::default() };
    store.utterances().commit_text("c", &again).await.unwrap();
    assert_eq!(found(&store, "naiv").await, Vec::<String>::new());
    assert_eq!(found(&store, "someth").await, ["c"]);
    store.utterances().begin(&new_utterance("d", 4)).await.unwrap();
    store.utterances().delete("d").await.unwrap();
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_deleted_word_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
    for n in 0..20 {
        say(&store, &format!("k{n}"), n, "kept words around").await;
    }
    say(&store, "gone", 99, "xylocanary9 is a secret").await;
    store.utterances().delete("gone").await.unwrap();
    store.close().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"xylocanary9"), "{}", path.display());
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn any_string_may_be_searched_and_any_text_finds_itself() {
    let typed = prop_oneof![
        any::<String>(),
        r#"["*():^+\-{}a-c ]{0,24}"#,
        r#"(NEAR\(|AND|OR|NOT|text:|\^|"|\*| |é|\PC){0,12}"#,
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(three());
    proptest!(ProptestConfig::with_cases(400), |(typed in typed)| {
        runtime.block_on(async {
            search(&store, &typed, 50).await;
            say(&store, "p", 10, &format!("{typed} sentinel")).await;
            let text = store.utterances().get("p").await.unwrap().unwrap().text.unwrap();
            assert_eq!(text, format!("{typed} sentinel"));
            let hits = search(&store, &format!("{typed} sentinel"), 50).await;
            assert!(hits.iter().any(|hit| hit.utterance.id == "p"), "{typed:?}");
            store.utterances().delete("p").await.unwrap();
        });
    });
    assert!(runtime.block_on(store.check()).unwrap().is_clean());
}

#[test]
fn a_page_of_text_may_be_searched() {
    block_on(async {
        let store = three().await;
        assert_eq!(found(&store, &"naive question ".repeat(5000)).await, ["c"]);
        assert_eq!(found(&store, &"x".repeat(1_000_000)).await, Vec::<String>::new());
    });
}
