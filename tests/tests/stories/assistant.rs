//! The assistant in the App: who is asked, what is kept of an answer, and what it is called when it did not come whole.

use std::time::Duration;

use serde_json::{Value, json};
use tonny_core::app::{SettingsChange, WorkerCommand};
use tonny_core::assistant::{
    Asked, Assistant, ConversationForm, ConversationQuery, Follows, MessageView, NewAttachment, NewQuestion,
    NoticeKind, Standing, ledger_page,
};
use tonny_core::push_to_talk::Gesture;
use tonny_core::settings::Settings;
use tonny_tests::chat_server::{ChatServer, Reply};
use tonny_tests::engines::{endless_llama, installed_file};

use super::chain::real_model;
use super::world::{Room, Setup, World};

/// The local model is loaded beside another test, from a disk that may be cold.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Asks `models` in order, at these addresses.
pub fn settings(models: &[&str], addresses: &[(&str, String)]) -> Settings {
    let addresses: Vec<Value> =
        addresses.iter().map(|(provider, base)| json!({"provider": provider, "base": base})).collect();
    let with = |settings: Settings, key: &str, value: Value| settings.with(key, value).unwrap();
    let settings = with(Settings::default(), "assistant.models", json!(models));
    let settings = with(settings, "assistant.providers", json!(["openai-compatible"]));
    with(settings, "assistant.addresses", json!(addresses))
}

fn words(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

fn question(text: &str) -> NewQuestion {
    NewQuestion { text: text.to_owned(), ..NewQuestion::default() }
}

async fn message(assistant: &Assistant, asked: &Asked, check: impl Fn(&MessageView) -> bool) -> MessageView {
    let found = async {
        let mut events = assistant.events();
        loop {
            let view = assistant.conversation(&asked.conversation).await.unwrap();
            let message = view.messages.into_iter().find(|message| message.id == asked.answer).unwrap();
            if check(&message) {
                return message;
            }
            let _ = events.recv().await;
        }
    };
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(message) => message,
        Err(_) => panic!("waited in vain: {:?}", assistant.conversation(&asked.conversation).await),
    }
}

async fn ended(assistant: &Assistant, asked: &Asked) -> MessageView {
    message(assistant, asked, |message| message.state != Standing::Streaming).await
}

#[tokio::test]
async fn a_dead_and_a_limited_provider_are_passed_over_with_both_reasons_and_the_real_local_model_answers() {
    if installed_file("llama/bin/llama-server", "engines-llama").is_none() {
        return;
    }
    // Longer than two answers of the real model can take beside other tests.
    let limited = Reply::Refusal(
        429,
        "retry-after: 3600\r\n",
        r#"{"error":{"message":"Rate limit","code":"rate_limit_exceeded"}}"#,
    );
    let limited = ChatServer::start(vec![limited]).unwrap();
    let dead = format!("http://127.0.0.1:{}", ChatServer::nobody().unwrap());
    let addresses = [("ollama", dead), ("openai-compatible", limited.away())];
    let models = ["ollama/a", "openai-compatible/b", "llama-server/local"];
    let settings = settings(&models, &addresses).with("assistant.longest_answer", json!(64)).unwrap();
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Say hello.")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    assert_eq!(
        (answer.state, answer.provider.as_deref()),
        (Standing::Complete, Some("llama-server")),
        "{answer:?}"
    );
    let reasons: Vec<(NoticeKind, &str, &str)> =
        answer.notices.iter().map(|it| (it.kind, it.target.as_str(), it.code.as_str())).collect();
    assert!(reasons.contains(&(NoticeKind::Failed, "ollama/a", "TT-LLM-140")), "{reasons:?}");
    assert!(reasons.contains(&(NoticeKind::Failed, "openai-compatible/b", "TT-LLM-120")), "{reasons:?}");
    // The limit is remembered: the next question does not ask there again before it is over.
    let again = assistant.ask(question("Say it again.")).await.unwrap();
    let answer = ended(&assistant, &again).await;
    let skipped = answer.notices.iter().find(|it| it.target == "openai-compatible/b").unwrap();
    assert_eq!((skipped.kind, limited.bodies().len()), (NoticeKind::Skipped, 1), "{skipped:?}");
}

/// The time is the provider's: starting the program anew does not shorten it.
#[tokio::test]
async fn a_limit_and_a_broken_host_are_remembered_by_the_next_start() {
    let refusal = r#"{"error":{"message":"Rate limit","code":"rate_limit_exceeded"}}"#;
    let limited = ChatServer::start(vec![Reply::Refusal(429, "retry-after: 3600\r\n", refusal)]).unwrap();
    let dead = format!("http://127.0.0.1:{}", ChatServer::nobody().unwrap());
    let addresses = [("ollama", dead), ("openai-compatible", limited.away())];
    let settings = settings(&["ollama/a", "openai-compatible/b"], &addresses);
    let world = World::with(Room::Quiet, settings.clone(), None).await;
    let assistant = world.app.assistant().unwrap().clone();
    // Three times in vain is what it takes to call a host broken.
    for _ in 0..3 {
        let asked = assistant.ask(question("Hello?")).await.unwrap();
        assert_eq!(ended(&assistant, &asked).await.state, Standing::Failed);
    }
    // Written beside the answers.
    let noted = async {
        while world.store.waits().active(0).await.unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, noted).await.expect("both are noted");
    let store = world.crash().await;
    drop(assistant);
    let world = World::again(store, settings).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Hello again?")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    let kinds: Vec<(NoticeKind, &str)> =
        answer.notices.iter().map(|it| (it.kind, it.target.as_str())).collect();
    let skipped = [(NoticeKind::Skipped, "ollama/a"), (NoticeKind::Skipped, "openai-compatible/b")];
    assert_eq!(kinds, skipped, "{answer:?}");
    assert_eq!(limited.bodies().len(), 1, "asked before its time");
}

/// What a model thinks, with a key in it that comes in two pieces.
const THINKS_A_KEY: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"It is sk-ant",
    "-abc\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"def0123456789abcdef, so\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Done.\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
);

#[tokio::test]
async fn a_key_that_a_model_thinks_is_neither_shown_nor_kept() {
    let reply = Reply::Refusal(200, "content-type: text/event-stream\r\n", THINKS_A_KEY);
    let server = ChatServer::start(vec![reply]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]);
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("What is the key?")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    assert_eq!((answer.state, answer.text.as_str()), (Standing::Complete, "Done."), "{answer:?}");
    assert!(answer.reasoning.starts_with("It is ") && answer.reasoning.ends_with(", so"), "{answer:?}");
    assert!(!answer.reasoning.contains("0123456789"), "{answer:?}");
}

#[tokio::test]
async fn an_answer_without_its_end_is_kept_and_marked_and_can_be_gone_on_with() {
    let replies = vec![Reply::Cut(words("One two ")), Reply::Words(words("three."))];
    let server = ChatServer::start(replies).unwrap();
    let world = World::with(
        Room::Quiet,
        settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]),
        None,
    )
    .await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Count.")).await.unwrap();
    let cut = ended(&assistant, &asked).await;
    assert_eq!((cut.state, cut.text.as_str(), cut.can_continue), (Standing::Interrupted, "One two ", true));
    assert_eq!(cut.problem.unwrap().code, "TT-LLM-160");
    let on = assistant.go_on(&asked.answer).await.unwrap();
    assert_eq!(on.answer, asked.answer);
    let whole = ended(&assistant, &asked).await;
    assert_eq!((whole.state, whole.text.as_str()), (Standing::Complete, "One two three."));
    assert!(server.bodies()[1].contains("One two"), "the beginning was not sent along");
    assert!(assistant.go_on(&asked.answer).await.unwrap_err().code.starts_with("TT-CHAT-"), "twice");
}

#[tokio::test]
async fn what_was_still_coming_when_the_app_died_is_there_and_marked() {
    let server = ChatServer::start(vec![Reply::OpenEnd(words("One two three "))]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]);
    let world = World::with(Room::Quiet, settings.clone(), None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Count.")).await.unwrap();
    message(&assistant, &asked, |message| message.text == "One two three ").await;
    let store = world.crash().await;
    // What a killed process leaves is what is in the store; the turn of this one must not tidy up behind it.
    drop(assistant);
    let world = World::again(store, settings).await;
    let assistant = world.app.assistant().unwrap();
    let cut = ended(assistant, &asked).await;
    assert_eq!((cut.state, cut.text.as_str()), (Standing::Interrupted, "One two three "));
    // It was in the ledger before it left, so it is there although nobody could note its end.
    let page = ledger_page(&world.store, None, 10).await.unwrap();
    let rows: Vec<_> = page.rows.iter().map(|row| (row.is_sent, row.is_open, row.code.as_deref())).collect();
    assert_eq!(rows, [(true, false, Some("TT-LLM-160"))]);
}

#[tokio::test]
async fn an_edited_question_takes_its_files_along() {
    let server = ChatServer::start(vec![Reply::Words(words("One.")), Reply::Words(words("Two."))]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]);
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let file = NewAttachment {
        name: "notes.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        base64: "bWFyemlwYW4=".to_owned(),
    };
    let first = NewQuestion { attachments: vec![file.clone()], ..question("What is it?") };
    let asked = assistant.ask(first).await.unwrap();
    ended(&assistant, &asked).await;
    let edited = NewQuestion {
        conversation: Some(asked.conversation.clone()),
        attachments: vec![NewAttachment { name: "more.txt".to_owned(), ..file }],
        instead_of: asked.question.clone(),
        ..question("What is it really?")
    };
    let again = assistant.ask(edited.clone()).await.unwrap();
    ended(&assistant, &again).await;
    let view = assistant.conversation(&asked.conversation).await.unwrap();
    let of = |id: &Option<String>| {
        let message = view.messages.iter().find(|message| Some(&message.id) == id.as_ref()).unwrap();
        message.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(&asked.question), ["notes.txt"]);
    assert_eq!(of(&again.question), ["notes.txt", "more.txt"]);
    assert_eq!(server.bodies()[1].matches("marzipan").count(), 2, "both were sent");
    let elsewhere = NewQuestion { instead_of: Some("nobody".to_owned()), ..edited };
    assert!(assistant.ask(elsewhere).await.is_err(), "a question that is not there");
}

#[tokio::test]
async fn the_offline_switch_stops_a_running_cloud_answer_and_lets_none_begin() {
    let server = ChatServer::start(vec![Reply::OpenEnd(words("One two "))]).unwrap();
    let world = World::with(
        Room::Quiet,
        settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]),
        None,
    )
    .await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Count.")).await.unwrap();
    message(&assistant, &asked, |message| !message.text.is_empty()).await;
    let offline = SettingsChange::Field("privacy.offline".to_owned(), json!(true));
    world.app.change_settings(offline).await.unwrap();
    let cut = ended(&assistant, &asked).await;
    assert_eq!((cut.state, cut.problem.unwrap().code.as_str()), (Standing::Interrupted, "TT-LLM-190"));
    server.wait_closed(1).unwrap();
    let refused = assistant.ask(question("And now?")).await.unwrap();
    assert_eq!(ended(&assistant, &refused).await.state, Standing::Failed);
    assert_eq!(server.bodies().len(), 1, "something left while offline");
}

#[tokio::test]
async fn stopping_keeps_what_came_and_closes_the_connection() {
    let server = ChatServer::start(vec![Reply::OpenEnd(words("One two "))]).unwrap();
    let world = World::with(
        Room::Quiet,
        settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]),
        None,
    )
    .await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Count.")).await.unwrap();
    message(&assistant, &asked, |message| !message.text.is_empty()).await;
    assistant.stop(&asked.answer).await;
    let stopped = ended(&assistant, &asked).await;
    assert_eq!((stopped.state, stopped.text.as_str()), (Standing::Cancelled, "One two "));
    server.wait_closed(1).unwrap();
}

#[tokio::test]
async fn what_is_masked_comes_back_in_the_answer_and_the_ledger_has_no_word_of_it() {
    let server =
        ChatServer::start(vec![Reply::Words(words("I wrote to [EMA IL_1] and [EMAIL_1]."))]).unwrap();
    let world = World::with(
        Room::Quiet,
        settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]),
        None,
    )
    .await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Write to ada@example.org.")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    assert_eq!(answer.text, "I wrote to [EMA IL_1] and ada@example.org.");
    let sent = &server.bodies()[0];
    assert!(sent.contains("[EMAIL_1]") && !sent.contains("ada@"), "{sent}");
    let page = ledger_page(&world.store, None, 10).await.unwrap();
    let row = &page.rows[0];
    assert_eq!(
        (row.is_sent, row.code.as_deref(), row.rules.as_slice()),
        (true, None, &["email".to_owned()][..])
    );
    assert!(row.bytes_out > 0.0 && row.bytes_in > 0.0 && row.cost.is_none(), "{row:?}");
    assert!(!serde_json::to_string(&page).unwrap().contains("ada"));
}

/// What cannot be written down does not leave; a model of this machine answers all the same.
#[tokio::test]
async fn without_a_ledger_nothing_leaves_and_the_own_machine_still_answers() {
    let answers = [Reply::Words(words("Here I am.")), Reply::Words(words("Again."))];
    let server = ChatServer::start(answers.into()).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]);
    let world = World::with(Room::Quiet, settings, None).await;
    world.store.freeze_ledger(true).await.unwrap();
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Hello?")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    assert_eq!((answer.state, answer.problem.unwrap().code.as_str()), (Standing::Failed, "TT-LLM-194"));
    assert_eq!(server.bodies().len(), 0, "something left that stands nowhere");
    let here = json!([{"provider": "openai-compatible", "base": server.here()}]);
    let here = SettingsChange::Field("assistant.addresses".to_owned(), here);
    world.app.change_settings(here).await.unwrap();
    let asked = assistant.ask(question("And now?")).await.unwrap();
    let answer = ended(&assistant, &asked).await;
    assert_eq!((answer.state, answer.text.as_str()), (Standing::Complete, "Here I am."));
    assert_eq!(world.store.ledger().count().await.unwrap(), 0);
    world.store.freeze_ledger(false).await.unwrap();
    let asked = assistant.ask(question("And again?")).await.unwrap();
    assert_eq!(ended(&assistant, &asked).await.state, Standing::Complete);
    assert_eq!(world.store.ledger().count().await.unwrap(), 1);
}

#[tokio::test]
async fn branches_are_kept_and_a_conversation_comes_back_from_its_file_the_same() {
    let replies = vec![Reply::Words(words("First.")), Reply::Words(words("Second."))];
    let server = ChatServer::start(replies).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]);
    let world = World::with(Room::Quiet, settings.clone(), None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Say something.")).await.unwrap();
    ended(&assistant, &asked).await;
    let other = assistant.regenerate(&asked.answer, None).await.unwrap();
    assert_eq!(ended(&assistant, &other).await.text, "Second.");
    let view = assistant.conversation(&asked.conversation).await.unwrap();
    assert_eq!((view.messages.len(), view.leaf.as_ref()), (3, Some(&other.answer)));
    let file = assistant.export(&asked.conversation, ConversationForm::Json).await.unwrap();
    let markdown = assistant.export(&asked.conversation, ConversationForm::Markdown).await.unwrap();
    assert!(markdown.contains("Second.") && !markdown.contains("First."), "{markdown}");

    let elsewhere = World::with(Room::Quiet, settings, None).await;
    let taken = elsewhere.app.assistant().unwrap().clone();
    let id = taken.import(&file).await.unwrap();
    assert_eq!(taken.export(&id, ConversationForm::Json).await.unwrap(), file, "not byte for byte");
    let copy = taken.import(&markdown).await.unwrap();
    let messages = taken.conversation(&copy).await.unwrap().messages;
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["Say something.", "Second."]);
    assert!(taken.import("{\"kind\": \"something else\"}").await.unwrap_err().code == "TT-CHAT-1108");
    let all = || taken.conversations(ConversationQuery { limit: 10, ..ConversationQuery::default() });
    taken.delete(&copy).await.unwrap();
    assert_eq!(all().await.unwrap().rows.len(), 1);
    taken.restore(&copy).await.unwrap();
    assert_eq!(all().await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn a_spoken_question_reaches_the_assistant_and_its_words_stay_in_the_history() {
    let Some(from) = tonny_tests::engines::model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let model = real_model(&from, folder.path());
    let server = ChatServer::start(vec![Reply::Words(words("Nothing, I am a program."))]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.here())]);
    let mut world = World::with(Room::Sentence, settings, Some(model)).await;
    world.app.gesture(Gesture::Toggle, Some("assistant".to_owned())).await.unwrap();
    world.app.gesture(Gesture::Toggle, Some("assistant".to_owned())).await.unwrap();
    world.wait_wish(|wish| matches!(wish, tonny_core::app::DesktopWish::ShowConversation(_))).await;
    let assistant = world.app.assistant().unwrap().clone();
    let page = assistant.conversations(ConversationQuery { limit: 5, ..Default::default() });
    let conversation = page.await.unwrap().rows.remove(0).id;
    let view = assistant.conversation(&conversation).await.unwrap();
    assert!(view.messages[0].is_spoken && view.messages[0].text.contains("country"), "{view:?}");
    let asked = Asked { conversation, question: None, answer: view.messages[1].id.clone() };
    assert_eq!(ended(&assistant, &asked).await.text, "Nothing, I am a program.");
    assert!(world.inserted().is_empty(), "a question was typed into a window");
}

#[tokio::test]
async fn the_real_local_model_answers_and_a_killed_one_leaves_an_answer_to_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let Some(endless) = endless_llama(folder.path()).unwrap() else { return };
    let settings = Settings::default().with("workers.llama_program", json!(endless)).unwrap();
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Tell me a very long story about a lighthouse.")).await.unwrap();
    message(&assistant, &asked, |message| message.text.len() > 20).await;
    let pid = |snapshot: &tonny_core::snapshot::Snapshot| {
        snapshot.workers.iter().find(|worker| worker.name == "llama").and_then(|worker| worker.pid)
    };
    let first = pid(&world.app.snapshot()).expect("it runs");
    tonny_tests::process::signal_pid(first, rustix::process::Signal::KILL).unwrap();
    // It goes on by itself in the next copy, from where it was.
    let is_continued =
        |message: &MessageView| message.notices.iter().any(|it| it.then == Some(Follows::Continued));
    let before = message(&assistant, &asked, is_continued).await.text;
    message(&assistant, &asked, |message| message.text.len() > before.len() + 20).await;
    // One that is stopped by hand does not come back: the answer is kept, marked, and can be gone on with.
    world.app.command_worker("llama".to_owned(), WorkerCommand::Stop).await.unwrap();
    let cut = ended(&assistant, &asked).await;
    assert_eq!((cut.state, cut.can_continue), (Standing::Interrupted, true), "{cut:?}");
    assert!(cut.text.starts_with(&before), "what was shown is gone");
    world.app.command_worker("llama".to_owned(), WorkerCommand::Start).await.unwrap();
    world.wait(|snapshot| pid(snapshot).is_some_and(|pid| pid != first)).await;
    assistant.go_on(&asked.answer).await.unwrap();
    let more = message(&assistant, &asked, |message| message.text.len() > cut.text.len()).await;
    assert!(more.text.starts_with(&cut.text), "what was shown is gone");
    assistant.stop(&asked.answer).await;
    ended(&assistant, &asked).await;
}

#[tokio::test]
async fn a_model_that_answers_for_long_is_not_unloaded_and_one_that_nobody_asks_is() {
    const MINUTES: u64 = 60_000;
    let folder = tempfile::tempdir().unwrap();
    let Some(endless) = endless_llama(folder.path()).unwrap() else { return };
    let settings = Settings::default().with("workers.llama_program", json!(endless)).unwrap();
    let settings = settings.with("assistant.unload_min", json!(1)).unwrap();
    let settings = settings.with("assistant.longest_answer", json!(3_000)).unwrap();
    let setup =
        Setup { store: None, room: Room::Quiet, settings, models: Vec::new(), recordings: Vec::new() };
    let world = World::set_up_behind(setup, 20 * MINUTES).await;
    let later = async |behind: u64| {
        world.behind_ms.store(behind, std::sync::atomic::Ordering::Relaxed);
        // Whatever wakes the App lets it look at the clock.
        let change = SettingsChange::Field("dictation.tap_ms".to_owned(), (300 + behind / MINUTES).into());
        world.app.change_settings(change).await.unwrap();
    };
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Tell me a very long story about a lighthouse.")).await.unwrap();
    let before = message(&assistant, &asked, |message| message.text.len() > 20).await.text;
    later(10 * MINUTES).await;
    let more = message(&assistant, &asked, |message| message.text.len() > before.len() + 200).await;
    assert!(more.notices.is_empty(), "it was begun anew: {more:?}");
    assistant.stop(&asked.answer).await;
    ended(&assistant, &asked).await;
    later(0).await;
    let is_gone = |snapshot: &tonny_core::snapshot::Snapshot| {
        snapshot.workers.iter().filter(|worker| worker.name == "llama").all(|worker| worker.pid.is_none())
    };
    world.wait(is_gone).await;
}

/// The contract that comes with the program, but asking before an address leaves.
const ASKS: &str = r#"
name = "asks"
version = 1
profiles = ["*"]
purposes = ["*"]
local_only = false
[cloud]
providers = ["*"]
models = ["*"]
hosts = ["*"]
switched_on = true
attachments = true
unknown_price = "allow"
[[redact]]
kind = "email"
on_hit = "ask"
[[example]]
name = "a greeting goes"
provider = "openai"
switched_on = true
text = "Hello"
expect = "allow"
"#;

#[tokio::test]
async fn what_the_contract_asks_about_leaves_only_with_a_yes_and_only_once() {
    let server = ChatServer::start(vec![Reply::Words(words("Done so."))]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]);
    let settings = settings.with("privacy.contract", json!(ASKS)).unwrap();
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let asked = assistant.ask(question("Write to ada@example.org.")).await.unwrap();
    let refused = ended(&assistant, &asked).await;
    assert_eq!(refused.problem.map(|problem| problem.code), Some("TT-LLM-191".to_owned()));
    assert!(server.bodies().is_empty(), "it left without a yes");
    let agreed = assistant.agree(&asked.answer).await.unwrap();
    assert_eq!(ended(&assistant, &agreed).await.text, "Done so.");
    assert!(server.bodies()[0].contains("ada@example.org"));
    // The yes was to that one: the next question with an address asks again.
    let next =
        NewQuestion { conversation: Some(asked.conversation.clone()), ..question("And to ada@example.org?") };
    let next = assistant.ask(next).await.unwrap();
    assert_eq!(ended(&assistant, &next).await.state, Standing::Failed);
    assert_eq!(server.bodies().len(), 1);
    assert_eq!(assistant.agree(&agreed.answer).await.unwrap_err().code, "TT-CHAT-1111");
}

#[tokio::test]
async fn a_local_model_that_is_no_whole_model_is_refused_with_its_reason_before_it_is_loaded() {
    if installed_file("llama/bin/llama-server", "engines-llama").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let real = installed_file("llama/SmolLM2-135M-Instruct.gguf", "engines-llama").unwrap();
    let mut bytes = std::fs::read(&real).unwrap();
    let cut = folder.path().join("cut.gguf");
    std::fs::write(&cut, &bytes[..bytes.len() - 1_000_000]).unwrap();
    // The name of its kind stands in the first key, in letters of its own: "general.architecture", a text of five.
    let at = bytes.windows(5).position(|window| window == b"llama").unwrap();
    bytes[at..at + 5].copy_from_slice(b"xlama");
    let strange = folder.path().join("strange.gguf");
    std::fs::write(&strange, &bytes).unwrap();
    for (file, why) in [(cut, "shorter than its weights"), (strange, "cannot be loaded")] {
        let settings = Settings::default().with("workers.llama_model", json!(file)).unwrap();
        let world = World::with(Room::Quiet, settings, None).await;
        let assistant = world.app.assistant().unwrap().clone();
        let asked = assistant.ask(question("Hello?")).await.unwrap();
        let answer = ended(&assistant, &asked).await;
        let problem = answer.problem.expect("it cannot be loaded");
        println!("{}: {}", problem.code, problem.message);
        assert_eq!((answer.state, problem.code.as_str()), (Standing::Failed, "TT-LLM-204"), "{problem:?}");
        assert!(problem.message.contains(why), "{problem:?}");
    }
}
