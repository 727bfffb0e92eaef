//! The way of an utterance through its table.

use tonny_store::{
    Filter, FinalText, Outcome, Page, Store, StoreError, Timings, UtteranceState, WebhookAnswer,
};

use crate::{new_utterance, say, search};

async fn ids(store: &Store, page: Page) -> Vec<String> {
    store.utterances().list(&page).await.unwrap().into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn an_utterance_from_press_to_delivery() {
    let store = Store::in_memory().await.unwrap();
    let utterances = store.utterances();
    utterances.begin(&new_utterance("u", 1_790_000_000_123)).await.unwrap();
    let stage = Timings { first_sample_ms: Some(40), ..Timings::default() };
    utterances.note_timings("u", &stage).await.unwrap();
    utterances.set_state("u", UtteranceState::Recorded).await.unwrap();
    utterances.note_audio("u", 5250).await.unwrap();
    let text = FinalText {
        text: "Hello.".to_owned(),
        raw_text: Some("hello".to_owned()),
        language: Some("en".to_owned()),
        engine: None,
        model: Some("whisper-base".to_owned()),
        confidence: Some(0.75),
        speaker: Some("Zoë".to_owned()),
    };
    utterances.commit_text("u", &text).await.unwrap();
    assert_eq!(utterances.get("u").await.unwrap().unwrap().state, UtteranceState::Transcribed);
    let outcome = Outcome {
        inserted_by: Some("paste".to_owned()),
        target_class: Some("XTerm".to_owned()),
        timings: Timings { release_ms: Some(5000), delivered_ms: Some(5400), ..Timings::default() },
        ..Outcome::of(UtteranceState::Delivered)
    };
    utterances.finish("u", &outcome).await.unwrap();

    let row = utterances.get("u").await.unwrap().unwrap();
    assert_eq!((row.started_at_ms, row.state), (1_790_000_000_123, UtteranceState::Delivered));
    assert_eq!((row.text.as_deref(), row.raw_text.as_deref()), (Some("Hello."), Some("hello")));
    assert_eq!((row.confidence, row.speaker.as_deref(), row.words), (Some(0.75), Some("Zoë"), 1));
    assert_eq!((row.engine.as_deref(), row.model.as_deref()), (Some("whisper"), Some("whisper-base")));
    assert_eq!((row.inserted_by.as_deref(), row.target_class.as_deref()), (Some("paste"), Some("XTerm")));
    assert_eq!((row.audio_file.as_deref(), row.audio_ms, row.recovered), (Some("u.wav"), Some(5250), false));
    assert_eq!(
        row.timings,
        Timings {
            first_sample_ms: Some(40),
            release_ms: Some(5000),
            last_audio_ms: None,
            final_text_ms: None,
            delivered_ms: Some(5400),
        }
    );
}

#[tokio::test]
async fn a_retry_that_went_well_clears_the_error() {
    let store = Store::in_memory().await.unwrap();
    store.utterances().begin(&new_utterance("u", 1)).await.unwrap();
    let failed = Outcome {
        error_code: Some("TT-SPEECH-201".to_owned()),
        error_message: Some("The engine stopped.".to_owned()),
        ..Outcome::of(UtteranceState::Failed)
    };
    store.utterances().finish("u", &failed).await.unwrap();
    let row = store.utterances().get("u").await.unwrap().unwrap();
    assert_eq!(row.error_code.as_deref(), Some("TT-SPEECH-201"));
    store.utterances().finish("u", &Outcome::of(UtteranceState::Kept)).await.unwrap();
    let row = store.utterances().get("u").await.unwrap().unwrap();
    assert_eq!((row.state, row.error_code, row.error_message), (UtteranceState::Kept, None, None));
}

#[tokio::test]
async fn the_unfinished_are_found_oldest_first() {
    let store = Store::in_memory().await.unwrap();
    for (n, state) in UtteranceState::ALL.into_iter().enumerate() {
        let started_at_ms = 100 - i64::try_from(n).unwrap();
        store.utterances().begin(&new_utterance(state.as_str(), started_at_ms)).await.unwrap();
        store.utterances().set_state(state.as_str(), state).await.unwrap();
    }
    store.utterances().mark_recovered("recorded").await.unwrap();
    let unfinished = store.utterances().unfinished().await.unwrap();
    let names: Vec<_> = unfinished.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(names, ["delivering", "transcribed", "transcribing", "recorded", "recording"]);
    assert!(unfinished.iter().all(|row| !row.state.is_finished() && row.state.as_str() == row.id));
    assert_eq!(unfinished.iter().filter(|row| row.recovered).count(), 1);
    let finished = UtteranceState::ALL.into_iter().filter(|state| state.is_finished()).count();
    assert_eq!(unfinished.len() + finished, UtteranceState::ALL.len());
}

#[tokio::test]
async fn pages_follow_each_other_even_within_one_millisecond() {
    let store = Store::in_memory().await.unwrap();
    for (id, started_at_ms) in [("a", 1), ("b", 5), ("c", 5), ("d", 5), ("e", -9)] {
        say(&store, id, started_at_ms, "x").await;
    }
    store.utterances().set_state("c", UtteranceState::Kept).await.unwrap();
    let page = |before: Option<(i64, &str)>, limit, state| Page {
        before: before.map(|(ms, id)| (ms, id.to_owned())),
        limit,
        filter: Filter { state, ..Filter::default() },
    };
    assert_eq!(ids(&store, page(None, 2, None)).await, ["d", "c"]);
    assert_eq!(ids(&store, page(Some((5, "c")), 2, None)).await, ["b", "a"]);
    assert_eq!(ids(&store, page(Some((1, "a")), 9, None)).await, ["e"]);
    assert_eq!(ids(&store, page(None, 9, Some(UtteranceState::Kept))).await, ["c"]);
    assert_eq!(
        ids(&store, page(Some((5, "c")), 9, Some(UtteranceState::Transcribed))).await,
        ["b", "a", "e"]
    );
    assert_eq!(ids(&store, page(None, 0, None)).await, Vec::<String>::new());
    assert_eq!(ids(&store, page(None, u32::MAX, None)).await.len(), 5);
    assert_eq!(store.utterances().count().await.unwrap(), 5);
    assert_eq!(store.utterances().latest().await.unwrap().unwrap().id, "d");
}

#[tokio::test]
async fn delete_gives_the_audio_file_back() {
    let store = Store::in_memory().await.unwrap();
    say(&store, "u", 1, "x").await;
    let mut silent = new_utterance("s", 2);
    silent.audio_file = None;
    store.utterances().begin(&silent).await.unwrap();
    assert_eq!(store.utterances().delete("u").await.unwrap().as_deref(), Some("u.wav"));
    assert_eq!(store.utterances().delete("s").await.unwrap(), None);
    assert!(matches!(store.utterances().delete("u").await, Err(StoreError::Missing { .. })));
    assert_eq!(store.utterances().count().await.unwrap(), 0);
    assert_eq!(store.utterances().latest().await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_id_is_said_so() {
    let store = Store::in_memory().await.unwrap();
    let utterances = store.utterances();
    assert_eq!(utterances.get("x").await.unwrap(), None);
    let outcome = Outcome::of(UtteranceState::Kept);
    for result in [
        utterances.set_state("x", UtteranceState::Kept).await,
        utterances.note_timings("x", &Timings::default()).await,
        utterances.note_audio("x", 1).await,
        utterances.commit_text("x", &FinalText::default()).await,
        utterances.mark_recovered("x").await,
        utterances.finish("x", &outcome).await,
    ] {
        assert!(matches!(&result, Err(StoreError::Missing { id }) if id == "x"), "{result:?}");
    }
    let claimed = utterances.claim("x", UtteranceState::Kept, UtteranceState::Delivering).await;
    assert!(!claimed.unwrap());
}

#[tokio::test]
async fn values_outside_the_rules_are_refused() {
    let store = Store::in_memory().await.unwrap();
    store.utterances().begin(&new_utterance("u", 1)).await.unwrap();
    let wrong = [
        new_utterance("u", 2),
        new_utterance("", 2),
        new_utterance(&"i".repeat(65), 2),
        new_utterance("late", i64::MAX),
        new_utterance("early", i64::MIN),
    ];
    for new in wrong {
        let error = store.utterances().begin(&new).await.unwrap_err();
        assert!(error.is_refused_value() && !error.is_transient(), "{} {error:?}", new.id);
    }
    assert!(store.utterances().note_audio("u", -1).await.unwrap_err().is_refused_value());
    let negative = Timings { release_ms: Some(-1), ..Timings::default() };
    assert!(store.utterances().note_timings("u", &negative).await.unwrap_err().is_refused_value());
    // length() alone would stop at the NUL.
    for text in ["é".repeat(1_000_001), format!("\0{}", "x".repeat(4_000_000))] {
        let text = FinalText { text, ..FinalText::default() };
        assert!(store.utterances().commit_text("u", &text).await.unwrap_err().is_refused_value());
    }
}

#[tokio::test]
async fn any_text_comes_back_byte_for_byte() {
    let store = Store::in_memory().await.unwrap();
    let texts =
        [String::new(), "a\0b".to_owned(), "שלום".to_owned(), "🎉".repeat(200), "x".repeat(1_000_000)];
    for (n, text) in (0..).zip(texts) {
        let id = n.to_string();
        say(&store, &id, n, &text).await;
        assert_eq!(store.utterances().get(&id).await.unwrap().unwrap().text, Some(text));
        search(&store, "b x", 5).await;
    }
    assert!(store.check().await.unwrap().is_clean());
}

#[test]
fn a_row_is_json_and_back() {
    let state = serde_json::to_string(&UtteranceState::Transcribing).unwrap();
    assert_eq!(state, "\"transcribing\"");
    for state in UtteranceState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    let timings: Timings = serde_json::from_str("{\"release_ms\":5}").unwrap();
    assert_eq!(timings, Timings { release_ms: Some(5), ..Timings::default() });
}

#[tokio::test]
async fn every_filter_narrows_and_they_narrow_together() {
    let store = Store::in_memory().await.unwrap();
    store.profiles().put("p1", "Zoë", "{}", 1).await.unwrap();
    for (n, id) in (0..).zip(["a", "b", "c", "d"]) {
        let mut new = new_utterance(id, n * 10);
        if n % 2 == 1 {
            new.route = "clipboard".to_owned();
            new.profile = Some("p1".to_owned());
        }
        if n >= 2 {
            new.engine = Some("remote".to_owned());
        }
        store.utterances().begin(&new).await.unwrap();
    }
    let found = async |filter: Filter| ids(&store, Page { limit: 9, filter, before: None }).await;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(Filter { route: text("clipboard"), ..Filter::default() }).await, ["d", "b"]);
    assert_eq!(found(Filter { profile: text("p1"), ..Filter::default() }).await, ["d", "b"]);
    assert_eq!(found(Filter { engine: text("remote"), ..Filter::default() }).await, ["d", "c"]);
    assert_eq!(found(Filter { speaker: text("nobody"), ..Filter::default() }).await, [""; 0]);
    let span = Filter { since_ms: Some(10), until_ms: Some(30), ..Filter::default() };
    assert_eq!(found(span.clone()).await, ["c", "b"]);
    let narrow = Filter { route: text("type"), engine: text("remote"), ..span };
    assert_eq!(found(narrow.clone()).await, ["c"]);
    let page = Page { before: Some((20, "c".to_owned())), limit: 9, filter: narrow };
    assert_eq!(ids(&store, page).await, [""; 0]);
}

#[tokio::test]
async fn what_a_webhook_answered_is_kept_and_bounded() {
    let store = Store::in_memory().await.unwrap();
    say(&store, "u", 1, "x").await;
    let answer = |response: &str| WebhookAnswer { success: Some(true), response: Some(response.to_owned()) };
    store.utterances().note_webhook("u", &answer("ok")).await.unwrap();
    let row = store.utterances().get("u").await.unwrap().unwrap();
    assert_eq!((row.sent_to_webhook, row.success, row.response.as_deref()), (true, Some(true), Some("ok")));
    let long = store.utterances().note_webhook("u", &answer(&"x".repeat(1_000_001))).await.unwrap_err();
    assert!(long.is_refused_value());
    let unsure = FinalText { text: "x".to_owned(), confidence: Some(1.5), ..FinalText::default() };
    assert!(store.utterances().commit_text("u", &unsure).await.unwrap_err().is_refused_value());
}

#[tokio::test]
async fn a_forgotten_text_leaves_the_row_and_the_search() {
    let store = Store::in_memory().await.unwrap();
    say(&store, "u", 1, "words to forget").await;
    store.utterances().forget_text("u").await.unwrap();
    let row = store.utterances().get("u").await.unwrap().unwrap();
    assert_eq!((row.text, row.words, row.started_at_ms), (None, 0, 1));
    assert_eq!(search(&store, "forget", 9).await, []);
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn facts_come_oldest_first_in_pages() {
    let store = Store::in_memory().await.unwrap();
    for (id, at) in [("b", 5), ("a", 5), ("c", 1)] {
        say(&store, id, at, "four").await;
        store.utterances().note_audio(id, 1_000).await.unwrap();
    }
    store.utterances().forget_audio("b").await.unwrap();
    let first = store.utterances().facts(None, 2).await.unwrap();
    assert_eq!(first.iter().map(|fact| fact.id.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    assert_eq!((first[0].text_bytes, first[0].audio_ms), (4, Some(1_000)));
    let rest = store.utterances().facts(Some((5, "a")), 2).await.unwrap();
    assert_eq!(rest.iter().map(|fact| fact.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.utterances().audio_facts(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_text_moves_on_only_what_has_not_got_that_far() {
    let store = Store::in_memory().await.unwrap();
    for state in UtteranceState::ALL {
        let id = state.as_str();
        say(&store, id, 1, "before").await;
        store.utterances().set_state_for_sure(id, state).await.unwrap();
        let text = FinalText { text: "after".to_owned(), ..FinalText::default() };
        store.utterances().commit_text(id, &text).await.unwrap();
        let row = store.utterances().get(id).await.unwrap().unwrap();
        let moves = ["recording", "recorded", "transcribing"].contains(&id);
        let expected = if moves { UtteranceState::Transcribed } else { state };
        assert_eq!((row.state, row.text.as_deref()), (expected, Some("after")), "{id}");
    }
}
