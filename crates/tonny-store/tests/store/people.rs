//! Profiles, activity, conversations and messages: that they hold together and let go of each other rightly.

use tonny_store::{
    ConversationDraft, Deed, Deeds, MessageState, MessageText, NewMessage, Role, Store, StoreError,
};

use crate::{new_utterance, say};

fn message(id: &str, parent: Option<&str>, text: &str) -> NewMessage {
    NewMessage {
        id: id.to_owned(),
        conversation: "c".to_owned(),
        parent: parent.map(str::to_owned),
        role: Role::User,
        state: MessageState::Complete,
        text: text.to_owned(),
        provider: None,
        model: None,
        utterance: None,
        created_at_ms: 5,
    }
}

async fn talk(store: &Store) {
    let draft = ConversationDraft { id: "c".to_owned(), title: "Bread".to_owned(), ..Default::default() };
    store.conversations().put(&draft, 1).await.unwrap();
}

#[tokio::test]
async fn one_profile_is_active_and_names_are_taken_once() {
    let store = Store::in_memory().await.unwrap();
    let profiles = store.profiles();
    profiles.put("p1", "Zoë", "{}", 1).await.unwrap();
    profiles.put("p2", "Ada", "{}", 2).await.unwrap();
    assert!(profiles.put("p3", "Ada", "{}", 3).await.unwrap_err().is_refused_value());
    assert!(profiles.put("p3", "Eve", "no json", 3).await.unwrap_err().is_refused_value());
    assert_eq!(profiles.active().await.unwrap(), None);
    profiles.activate("p1").await.unwrap();
    profiles.activate("p2").await.unwrap();
    assert_eq!(profiles.active().await.unwrap().unwrap().id, "p2");
    assert!(matches!(profiles.activate("none").await, Err(StoreError::Missing { .. })));
    assert_eq!(profiles.active().await.unwrap().unwrap().id, "p2", "the old one stays");
    profiles.set_voice("p1", Some(&[1, 0, 2]), 4).await.unwrap();
    profiles.put("p1", "Zoe", "{\"routes\":[]}", 5).await.unwrap();
    assert_eq!(profiles.voice("p1").await.unwrap(), Some(vec![1, 0, 2]));
    let names: Vec<_> = profiles.list().await.unwrap().into_iter().map(|p| (p.name, p.has_voice)).collect();
    assert_eq!(names, [("Ada".to_owned(), false), ("Zoe".to_owned(), true)]);
}

#[tokio::test]
async fn words_and_deeds_outlive_the_profile_they_were_said_under() {
    let store = Store::in_memory().await.unwrap();
    store.profiles().put("p", "Zoë", "{}", 1).await.unwrap();
    let mut new = new_utterance("u", 1);
    new.profile = Some("p".to_owned());
    store.utterances().begin(&new).await.unwrap();
    let deed = Deed {
        at_ms: 1,
        profile: Some("p".to_owned()),
        action: "dictate".to_owned(),
        success: true,
        ..Deed::default()
    };
    store.activity().note(&deed).await.unwrap();
    store.profiles().delete("p").await.unwrap();
    assert_eq!(store.utterances().get("u").await.unwrap().unwrap().profile, None);
    assert_eq!(store.activity().list(&Deeds::All, None, 9).await.unwrap()[0].profile, None);
    assert!(store.activity().note(&deed).await.unwrap_err().is_refused_value(), "nobody has this id");
    new.id = "v".to_owned();
    assert!(store.utterances().begin(&new).await.unwrap_err().is_refused_value());
}

#[tokio::test]
async fn a_log_that_comes_in_again_adds_nothing_and_its_own_repetitions_stay() {
    let store = Store::in_memory().await.unwrap();
    let deed = |at_ms, detail: Option<&str>| Deed {
        at_ms,
        action: "log.info".to_owned(),
        success: true,
        detail: detail.map(str::to_owned),
        ..Deed::default()
    };
    let file = [deed(1, Some("a")), deed(1, Some("a")), deed(1, None), deed(2, Some("a"))];
    assert_eq!(store.activity().import(&file).await.unwrap(), 4);
    assert_eq!(store.activity().import(&file).await.unwrap(), 0);
    let more = [deed(1, Some("a")), deed(1, Some("a")), deed(1, Some("a"))];
    assert_eq!(store.activity().import(&more).await.unwrap(), 1);
    assert_eq!(store.activity().count().await.unwrap(), 5);
}

#[tokio::test]
async fn activity_is_paged_narrowed_and_cut_from_its_old_end() {
    let store = Store::in_memory().await.unwrap();
    for at_ms in 0..10 {
        let action = if at_ms % 2 == 0 { "dictate" } else { "delete" };
        let deed = Deed { at_ms, action: action.to_owned(), ..Deed::default() };
        store.activity().note(&deed).await.unwrap();
    }
    let times = async |which: &Deeds, before, limit| {
        let rows = store.activity().list(which, before, limit).await.unwrap();
        rows.into_iter().map(|row| row.at_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(&Deeds::All, None, 2).await, [9, 8]);
    assert_eq!(times(&Deeds::All, Some((8, i64::MIN)), 2).await, [7, 6]);
    assert_eq!(times(&Deeds::OfAction("delete".to_owned()), None, 2).await, [9, 7]);
    assert_eq!(store.activity().delete_before(4, 3).await.unwrap(), 3);
    assert_eq!(store.activity().delete_before(4, 3).await.unwrap(), 1);
    assert_eq!(store.activity().delete_oldest(2).await.unwrap(), 2);
    assert_eq!(times(&Deeds::All, None, 99).await, [9, 8, 7, 6]);
    assert_eq!(store.activity().count().await.unwrap(), 4);
    let long = Deed { action: "x".repeat(65), ..Deed::default() };
    assert!(store.activity().note(&long).await.unwrap_err().is_refused_value());
}

#[tokio::test]
async fn a_conversation_takes_its_messages_with_it_out_of_the_search_too() {
    let store = Store::in_memory().await.unwrap();
    talk(&store).await;
    say(&store, "u", 1, "spoken").await;
    let messages = store.messages();
    let mut first = message("m1", None, "How do I bake a naïve bread?");
    first.utterance = Some("u".to_owned());
    messages.add(&first).await.unwrap();
    let mut answer = message("m2", Some("m1"), "");
    (answer.role, answer.state) = (Role::Assistant, MessageState::Streaming);
    messages.add(&answer).await.unwrap();
    let end = MessageText {
        text: "Knead the dough".to_owned(),
        state: MessageState::Cut,
        error_code: None,
        tokens_in: Some(9),
        tokens_out: Some(3),
        cost_micros: None,
    };
    messages.set_text("m2", &end).await.unwrap();
    let rows = messages.of("c", None, 9).await.unwrap();
    assert_eq!((rows.len(), rows[1].state, rows[1].tokens_in), (2, MessageState::Cut, Some(9)));
    let hits = messages.search("dough", None, 9).await.unwrap();
    assert_eq!((hits[0].0.id.as_str(), hits[0].1.iter().filter(|piece| piece.found).count()), ("m2", 1));
    assert_eq!(store.conversations().list(None, None, 9).await.unwrap()[0].updated_at_ms, 5);

    store.utterances().delete("u").await.unwrap();
    assert_eq!(messages.get("m1").await.unwrap().unwrap().utterance, None);
    store.conversations().delete("c").await.unwrap();
    assert_eq!(messages.get("m2").await.unwrap(), None);
    assert!(messages.search("naive", None, 9).await.unwrap().is_empty());
    assert!(store.check().await.unwrap().is_clean());
    assert!(messages.add(&message("m3", None, "x")).await.unwrap_err().is_refused_value());
}

#[tokio::test]
async fn a_branch_goes_with_the_message_it_hangs_from() {
    let store = Store::in_memory().await.unwrap();
    talk(&store).await;
    for (id, parent) in [("a", None), ("b", Some("a")), ("c1", Some("b")), ("c2", Some("b"))] {
        store.messages().add(&message(id, parent, id)).await.unwrap();
    }
    store.messages().delete("b").await.unwrap();
    let left = store.messages().of("c", None, 9).await.unwrap();
    assert_eq!(left.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["a"]);
}
