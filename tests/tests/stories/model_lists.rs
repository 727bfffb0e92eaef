//! What is known of models beyond what came with the program: providers' own lists, a fetched list, the user's word.

use std::time::Duration;

use serde_json::{Value, json};
use tonny_core::app::SettingsChange;
use tonny_core::assistant::ledger_page;
use tonny_egress::cost::{Cost, Price, Rates};
use tonny_egress::registry::{Record, Snapshot};
use tonny_tests::chat_server::{ChatServer, Reply};

use super::assistant::{PATIENCE, settings};
use super::world::{Room, World};

#[tokio::test]
async fn what_a_provider_lists_is_known_once_the_user_wants_it_asked_and_what_the_user_says_counts_before() {
    let list = r#"{"data": [{"id": "m", "context_length": 32000}, {"id": "n", "context_length": 0}]}"#;
    let server =
        ChatServer::start(vec![Reply::Refusal(200, "content-type: application/json\r\n", list)]).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.away())]);
    let world = World::with(Room::Quiet, settings, None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let window = async || assistant.models().await.remove(0).window;
    assert_eq!((window().await, server.bodies().len()), (None, 0), "nobody is asked without a word");
    let change =
        |key: &str, value: Value| world.app.change_settings(SettingsChange::Field(key.to_owned(), value));
    change("assistant.refresh_models", json!(true)).await.unwrap();
    let known = async {
        while window().await != Some(32_000) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.expect("the list is known");
    let page = ledger_page(&world.store, None, 10).await.unwrap();
    assert_eq!(page.rows[0].purpose, "models", "{page:?}");
    assert_eq!(assistant.models().await.remove(0).is_listed, Some(true));
    let edit = json!([{"model": "openai-compatible/m", "input": 0.5, "output": 2, "window": 8_000}]);
    change("assistant.model_edits", edit).await.unwrap();
    let told = async {
        while window().await != Some(8_000) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the edit counts");
    let price = assistant.models().await.remove(0).price.unwrap();
    assert_eq!((price.input, price.output), (0.5, 2.0));
}

/// The list that came with the program and one model more, at so many dollars for a million tokens, as a server gives it.
fn list(dollars: &str, etag: &str) -> Reply {
    let mut snapshot = Snapshot::bundled().unwrap();
    let rates = Rates {
        input: dollars.parse().unwrap(),
        output: Cost::ZERO,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        reasoning: None,
    };
    let price = Some(Price { rates, tiers: Vec::new() });
    let (provider, id) = ("openai-compatible".to_owned(), "m".to_owned());
    snapshot.models.push(Record { provider, id, price, ..Record::default() });
    let head = format!("content-type: application/json\r\netag: {etag}\r\n");
    let json = serde_json::to_string(&snapshot).unwrap();
    // The server's replies live as long as the test program.
    Reply::Refusal(200, head.leak(), json.leak())
}

#[tokio::test]
async fn a_fetched_list_counts_if_it_can_be_true_and_the_next_start_knows_it() {
    let replies = vec![
        list("2", "one"),
        Reply::Refusal(304, "", ""),
        list("0.002", "two"),
        Reply::Refusal(200, "etag: three\r\n", "<html>Log in to the network</html>"),
        Reply::Refusal(404, "", "gone"),
    ];
    let server = ChatServer::start(replies).unwrap();
    let settings = settings(&["openai-compatible/m"], &[("openai-compatible", server.away())])
        .with("assistant.models_address", json!(format!("{}/models.json", server.here())))
        .unwrap();
    let world = World::with(Room::Quiet, settings.clone(), None).await;
    let assistant = world.app.assistant().unwrap().clone();
    let price = async || assistant.models().await.remove(0).price.map(|price| price.input);
    assert_eq!(price().await, None, "not known");
    let count = Snapshot::bundled().unwrap().models.len() + 1;
    assert_eq!(assistant.refresh_snapshot().await.unwrap(), Some(count));
    assert_eq!(price().await, Some(2.0));
    assert_eq!(assistant.refresh_snapshot().await.unwrap(), None, "the server knows it again");
    for (why, code) in [
        ("price of m of openai-compatible", "TT-CHAT-1112"),
        ("cannot be read", "TT-CHAT-1112"),
        ("404", "TT-LLM-174"),
    ] {
        let refused = assistant.refresh_snapshot().await.unwrap_err();
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.message.contains(why), "{refused:?}");
        assert_eq!(price().await, Some(2.0), "the good one stays");
    }
    let page = ledger_page(&world.store, None, 10).await.unwrap();
    assert_eq!(page.rows.iter().filter(|row| row.purpose == "models" && row.is_sent).count(), 5, "{page:?}");
    let store = world.crash().await;
    drop(assistant);
    let world =
        World::again(store, settings.with("assistant.models_address", json!("http://example.org/")).unwrap())
            .await;
    let assistant = world.app.assistant().unwrap();
    assert_eq!(
        assistant.models().await.remove(0).price.map(|price| price.input),
        Some(2.0),
        "the next start knows it"
    );
    assert_eq!(assistant.refresh_snapshot().await.unwrap_err().code, "TT-CHAT-1112", "not in the clear");
}
