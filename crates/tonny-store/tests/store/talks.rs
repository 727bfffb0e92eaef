//! Conversations, messages and attachments: that they hold together, are found, and let go of each other rightly.

use tonny_store::{
    ConversationDraft, ConversationHit, ConversationSearch, FinishReason, MessageEnd, MessageNote,
    MessageState, NewAttachment, NewMessage, Role, Store, StoreError,
};

use crate::say;

/// A message of the talk `c`, unless it is said otherwise.
pub fn message(id: &str, parent: Option<&str>, text: &str) -> NewMessage {
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

pub fn answer(id: &str, parent: Option<&str>) -> NewMessage {
    NewMessage { role: Role::Assistant, state: MessageState::Streaming, ..message(id, parent, "") }
}

pub fn end(state: MessageState) -> MessageEnd {
    MessageEnd {
        state,
        finish: None,
        error_code: None,
        tokens_in: None,
        tokens_out: None,
        cost_pico: None,
        is_estimated: false,
    }
}

pub async fn talk(store: &Store, id: &str, title: &str, now_ms: i64) {
    let draft = ConversationDraft { id: id.to_owned(), title: title.to_owned(), ..Default::default() };
    store.conversations().put(&draft, now_ms).await.unwrap();
}

async fn ids(store: &Store) -> Vec<String> {
    store.messages().of("c", None, 1_000).await.unwrap().into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn a_conversation_takes_its_messages_with_it_out_of_the_search_too() {
    let store = Store::in_memory().await.unwrap();
    talk(&store, "c", "Bread", 1).await;
    say(&store, "u", 1, "spoken").await;
    let messages = store.messages();
    let mut first = message("m1", None, "How do I bake a naïve bread?");
    first.utterance = Some("u".to_owned());
    messages.add(&first).await.unwrap();
    messages.add(&answer("m2", Some("m1"))).await.unwrap();
    messages.grow("m2", 1, "Knead the dough", "").await.unwrap();
    messages.finish("m2", &MessageEnd { tokens_in: Some(9), ..end(MessageState::Cut) }).await.unwrap();
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
    talk(&store, "c", "", 1).await;
    for (id, parent) in [("a", None), ("b", Some("a")), ("c1", Some("b")), ("c2", Some("b"))] {
        store.messages().add(&message(id, parent, id)).await.unwrap();
    }
    store.conversations().set_leaf("c", Some("c2")).await.unwrap();
    store.messages().delete("b").await.unwrap();
    assert_eq!(ids(&store).await, ["a"]);
    assert_eq!(store.conversations().get("c").await.unwrap().unwrap().leaf, None);
    assert!(matches!(store.messages().delete("b").await, Err(StoreError::Missing { .. })));
}

/// SQLite follows a reference from row to row no deeper than a thousand.
#[tokio::test]
async fn a_talk_of_any_length_can_be_deleted_whole_or_from_its_second_message_on() {
    let store = Store::in_memory().await.unwrap();
    for (talk_id, name) in [("c", "a"), ("d", "b")] {
        talk(&store, talk_id, "", 1).await;
        let id = |n: u32| format!("{name}{n}");
        let chain: Vec<NewMessage> = (0..2_500)
            .map(|n| NewMessage {
                conversation: talk_id.to_owned(),
                ..message(&id(n), n.checked_sub(1).map(id).as_deref(), "words")
            })
            .collect();
        store.messages().add_all(&chain, None).await.unwrap();
    }
    store.messages().delete("a1").await.unwrap();
    assert_eq!(ids(&store).await, ["a0"]);
    store.conversations().delete("d").await.unwrap();
    assert_eq!(store.messages().get("b2499").await.unwrap(), None);
    assert!(store.check().await.unwrap().is_clean());
}

#[tokio::test]
async fn several_messages_come_all_or_not_at_all_and_their_branch_is_shown() {
    let store = Store::in_memory().await.unwrap();
    talk(&store, "c", "", 1).await;
    let turn = [message("q", None, "?"), answer("a", Some("q"))];
    store.messages().add_all(&turn, Some("a")).await.unwrap();
    let shown = store.conversations().get("c").await.unwrap().unwrap();
    assert_eq!((shown.leaf.as_deref(), shown.messages, shown.updated_at_ms), (Some("a"), 2, 5));
    let broken = [message("q2", Some("a"), "?"), answer("a2", Some("nobody"))];
    assert!(store.messages().add_all(&broken, Some("a2")).await.unwrap_err().is_refused_value());
    let stranger = store.messages().add_all(&[message("q3", None, "?")], Some("a")).await;
    assert!(matches!(stranger, Err(StoreError::Missing { .. })), "{stranger:?}");
    assert_eq!(ids(&store).await, ["q", "a"]);
}

#[tokio::test]
async fn what_becomes_known_on_the_way_is_kept_beside_the_words() {
    let store = Store::in_memory().await.unwrap();
    talk(&store, "c", "", 1).await;
    store.messages().add(&answer("a", None)).await.unwrap();
    let asked = |provider: &str| Some(provider.to_owned());
    let note = MessageNote { provider: asked("openai"), model: asked("gpt-4o"), notices: None };
    store.messages().note("a", &note).await.unwrap();
    let notices = r#"[{"kind":"failed","code":"TT-LLM-130"}]"#;
    let note = MessageNote { provider: asked("llama"), notices: asked(notices), ..MessageNote::default() };
    store.messages().note("a", &note).await.unwrap();
    let whole = MessageEnd {
        finish: Some(FinishReason::Length),
        tokens_out: Some(7),
        cost_pico: Some(1),
        is_estimated: true,
        ..end(MessageState::Complete)
    };
    store.messages().finish("a", &whole).await.unwrap();
    let row = store.messages().get("a").await.unwrap().unwrap();
    assert_eq!((row.provider.as_deref(), row.model.as_deref()), (Some("llama"), Some("gpt-4o")));
    assert_eq!((row.notices.as_str(), row.finish), (notices, Some(FinishReason::Length)));
    assert_eq!((row.tokens_in, row.tokens_out, row.cost_pico), (None, Some(7), Some(1)));
    assert!(row.is_estimated && row.state == MessageState::Complete);

    let no_json = MessageNote { notices: asked("["), ..MessageNote::default() };
    assert!(store.messages().note("a", &no_json).await.unwrap_err().is_refused_value());
    let nobody = store.messages().note("b", &MessageNote::default()).await;
    assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
}

#[tokio::test]
async fn an_exported_talk_comes_back_and_names_the_row_that_is_wrong() {
    let store = Store::in_memory().await.unwrap();
    talk(&store, "c", "", 1).await;
    say(&store, "u", 1, "spoken").await;
    let mut first = message("q", None, "bread?");
    first.utterance = Some("u".to_owned());
    store.messages().add_all(&[first, answer("a", Some("q"))], None).await.unwrap();
    store.messages().grow("a", 3, "flour", "hm").await.unwrap();
    store.messages().finish("a", &end(MessageState::Cancelled)).await.unwrap();
    let rows = store.messages().of("c", None, 9).await.unwrap();

    let other = Store::in_memory().await.unwrap();
    talk(&other, "c", "", 1).await;
    let mut wrong = rows.clone();
    wrong[1].parent = Some("nobody".to_owned());
    match other.messages().import(&wrong).await {
        Err(error @ StoreError::RefusedRow { row: 1, .. }) => assert!(error.is_refused_value()),
        unlike => panic!("{unlike:?}"),
    }
    assert!(ids(&other).await.is_empty());
    assert_eq!(other.messages().import(&rows).await.unwrap(), 2);
    assert_eq!(other.messages().import(&rows).await.unwrap(), 0, "twice is once");
    let mut back = other.messages().of("c", None, 9).await.unwrap();
    assert_eq!(back[0].utterance.take(), None, "what was spoken stayed where it was");
    back[0].utterance = Some("u".to_owned());
    assert_eq!(back, rows);
    assert_eq!(other.conversations().get("c").await.unwrap().unwrap().updated_at_ms, 1);
}

#[tokio::test]
async fn a_conversation_is_renamed_touched_and_shows_only_its_own_branches() {
    let store = Store::in_memory().await.unwrap();
    let conversations = store.conversations();
    talk(&store, "c", "Bread", 1).await;
    talk(&store, "d", "Soup", 2).await;
    store.messages().add_all(&[message("m", None, "x"), message("n", Some("m"), "y")], None).await.unwrap();
    conversations.rename("c", "Dough").await.unwrap();
    conversations.touch("d", 9).await.unwrap();
    let rows = conversations.list(None, None, 9).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.title.as_str(), row.updated_at_ms, row.messages)).collect();
    assert_eq!(rows, [("Soup", 9, 0), ("Dough", 5, 2)]);
    conversations.set_leaf("c", Some("n")).await.unwrap();
    let stranger = conversations.set_leaf("d", Some("n")).await;
    assert!(matches!(stranger, Err(StoreError::Missing { .. })), "{stranger:?}");
    assert_eq!(conversations.get("c").await.unwrap().unwrap().leaf.as_deref(), Some("n"));
    conversations.set_leaf("c", None).await.unwrap();
    assert_eq!(conversations.get("c").await.unwrap().unwrap().leaf, None);
    for gone in [conversations.rename("e", "x").await, conversations.touch("e", 1).await] {
        assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
    }
    assert!(conversations.rename("c", &"x".repeat(1_001)).await.unwrap_err().is_refused_value());
}

fn found(hits: &[ConversationHit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.conversation.id.as_str()).collect()
}

fn marked(hit: &ConversationHit) -> Option<String> {
    let text = |piece: &tonny_store::Piece| match piece.found {
        true => format!("[{}]", piece.text),
        false => piece.text.clone(),
    };
    Some(hit.snippet.as_ref()?.iter().map(text).collect())
}

async fn four_talks() -> Store {
    let store = Store::in_memory().await.unwrap();
    store.profiles().put("zoe", "Zoe", "{}", 1).await.unwrap();
    for (n, (id, title)) in (0..).zip([("a", "Naïve bread"), ("b", "Soup"), ("c", ""), ("d", "Bread rolls")])
    {
        talk(&store, id, title, n).await;
    }
    for (id, conversation, text) in [
        ("b1", "b", "old bread with soup"),
        ("b2", "b", "soup with fresh bread"),
        ("b3", "b", "no soup"),
        ("c1", "c", "bread"),
        ("c2", "c", "soup"),
    ] {
        let new = NewMessage {
            conversation: conversation.to_owned(),
            created_at_ms: 10,
            ..message(id, None, text)
        };
        store.messages().add(&new).await.unwrap();
    }
    store.conversations().touch("a", 30).await.unwrap();
    store
}

#[tokio::test]
async fn talks_are_found_by_their_title_or_by_one_message_that_has_all_words() {
    let store = four_talks().await;
    let search = async |text: &str, before: Option<(i64, &str)>, limit| {
        let before = before.map(|(at, id)| (at, id.to_owned()));
        let search = ConversationSearch { text: text.to_owned(), before, limit, profile: None };
        store.conversations().search(&search).await.unwrap()
    };
    let hits = search("BREAD", None, 9).await;
    assert_eq!(found(&hits), ["a", "c", "b", "d"], "the latest used first");
    let snippets: Vec<_> = hits.iter().map(|hit| marked(hit).unwrap_or_default()).collect();
    assert_eq!(snippets, ["", "[bread]", "soup with fresh [bread]", ""]);
    assert_eq!((hits[0].conversation.messages, hits[2].conversation.messages), (0, 3));
    assert_eq!(found(&search("bread", None, 2).await), ["a", "c"]);
    assert_eq!(found(&search("bread", Some((10, "c")), 2).await), ["b", "d"], "within one millisecond, too");
    assert_eq!(found(&search("soup bread", None, 9).await), ["b"], "not one word here and one there");
    assert_eq!(found(&search("naiv", None, 9).await), ["a"]);
    assert_eq!(found(&search(" ", None, 9).await), ["a", "c", "b", "d"]);
    assert_eq!(found(&search("\"", None, 9).await), [""; 0]);
    assert_eq!(found(&search("bread", None, 0).await), [""; 0]);
}

#[tokio::test]
async fn a_search_for_somebodys_talks_finds_only_theirs_and_forgets_an_old_title() {
    let store = four_talks().await;
    let profile = Some("zoe".to_owned());
    let draft = ConversationDraft {
        id: "z".to_owned(),
        title: "Bread".to_owned(),
        profile: profile.clone(),
        ..Default::default()
    };
    store.conversations().put(&draft, 50).await.unwrap();
    let hers = ConversationSearch { text: "bread".to_owned(), profile, limit: 9, before: None };
    assert_eq!(found(&store.conversations().search(&hers).await.unwrap()), ["z"]);
    store.conversations().rename("z", "Soup").await.unwrap();
    assert_eq!(found(&store.conversations().search(&hers).await.unwrap()), [""; 0]);
    assert!(store.check().await.unwrap().is_clean());
}

/// A log that is nearly full is emptied first.
#[tokio::test]
async fn large_attachments_leave_the_log_as_short_as_it_is_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tonny.db")).await.unwrap();
    talk(&store, "c", "", 1).await;
    store.messages().add(&message("m", None, "x")).await.unwrap();
    let mut longest = 0;
    for (place, mib) in (0..).zip([7, 10, 7, 8, 10]) {
        let attachment = NewAttachment {
            message: "m".to_owned(),
            place,
            name: "large".to_owned(),
            media_type: "text/plain".to_owned(),
            bytes: vec![b'x'; mib * 1024 * 1024],
        };
        store.attachments().add(&attachment).await.unwrap();
        longest = longest.max(store.log_bytes());
    }
    assert!(longest <= 16 * 1024 * 1024, "{longest}");
    assert_eq!(store.attachments().of("c").await.unwrap().len(), 5);
}

#[tokio::test]
async fn attachments_are_listed_without_their_bytes_and_go_with_their_message() {
    let store = Store::in_memory().await.unwrap();
    talk(&store, "c", "", 1).await;
    store.messages().add_all(&[message("m", None, "x"), message("n", Some("m"), "y")], None).await.unwrap();
    let attachment = |message: &str, place, bytes: &[u8]| NewAttachment {
        message: message.to_owned(),
        place,
        name: format!("{place}.png"),
        media_type: "image/png".to_owned(),
        bytes: bytes.to_vec(),
    };
    let attachments = store.attachments();
    for (message, place, bytes) in [("n", 0, &b"abc"[..]), ("m", 1, b""), ("m", 0, b"\0\xff")] {
        attachments.add(&attachment(message, place, bytes)).await.unwrap();
    }
    let listed = attachments.of("c").await.unwrap();
    let listed: Vec<_> = listed.iter().map(|row| (row.message.as_str(), row.place, row.bytes)).collect();
    assert_eq!(listed, [("m", 0, 2), ("m", 1, 0), ("n", 0, 3)]);
    assert_eq!(attachments.content("m", 0).await.unwrap(), Some(b"\0\xff".to_vec()));
    assert_eq!(attachments.content("m", 2).await.unwrap(), None);
    let most = vec![0; 10 * 1024 * 1024 + 1];
    attachments.add(&attachment("n", 1, &most[1..])).await.unwrap();
    for wrong in [attachment("n", 2, &most), attachment("n", 0, b"x"), attachment("o", 0, b"x")] {
        assert!(attachments.add(&wrong).await.unwrap_err().is_refused_value(), "{}", wrong.message);
    }
    store.messages().delete("n").await.unwrap();
    assert_eq!(attachments.of("c").await.unwrap().len(), 2);
    assert!(store.check().await.unwrap().is_clean());
}
