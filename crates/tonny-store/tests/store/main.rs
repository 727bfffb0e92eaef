//! The store from outside, as its callers see it; one binary, because each links SQLite anew.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backups;
mod concurrent;
mod growth;
mod growth_cost;
mod ledger;
mod logs;
mod migrations;
mod open;
mod people;
mod search;
mod settings;
mod statistics;
mod talks;
mod utterances;
mod waits;

use tonny_store::{FinalText, Hit, NewUtterance, Search, Store};

fn new_utterance(id: &str, started_at_ms: i64) -> NewUtterance {
    NewUtterance {
        id: id.to_owned(),
        started_at_ms,
        route: "type".to_owned(),
        audio_file: Some(format!("{id}.wav")),
        engine: Some("whisper".to_owned()),
        model: Some("whisper-tiny.en".to_owned()),
        profile: None,
    }
}

async fn say(store: &Store, id: &str, started_at_ms: i64, text: &str) {
    store.utterances().begin(&new_utterance(id, started_at_ms)).await.unwrap();
    let text = FinalText { text: text.to_owned(), ..FinalText::default() };
    store.utterances().commit_text(id, &text).await.unwrap();
}

async fn search(store: &Store, text: &str, limit: u32) -> Vec<Hit> {
    let search = Search { text: text.to_owned(), limit, ..Search::default() };
    store.utterances().search(&search).await.unwrap()
}
