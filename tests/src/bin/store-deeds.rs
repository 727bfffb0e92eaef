//! Does once everything the store is ever asked to do, and says of each whether it worked: what the fault tests run.
//!
//! `store-deeds DATABASE`: a line `done DEED` or `error DEED WHY` for each of the deeds, whatever became of those before; only
//! without an open store there is nothing left to do. `final ID` once an utterance's text is safe.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use tonny_store::{Deed, FinalText, NewUtterance, Outcome, Page, Search, Store, StoreError, UtteranceState};
use tonny_tests::reliability::storage::faults::{BACKUP, DELETED, DOCUMENT, UTTERANCES};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(database) = std::env::args().nth(1) else { return ExitCode::FAILURE };
    let store = match Store::open_or_recover(&database).await {
        Ok(store) => store,
        Err(error) => {
            told("open", Err(error));
            return ExitCode::FAILURE;
        }
    };
    // As the app does: what can still be read of a file that was set aside comes back.
    told("open", store.salvage().await.map(drop));
    told("settings", store.settings().save(DOCUMENT, 1).await);
    told("speak", speak(&store).await);
    told("read", read(&store).await);
    told("note", store.activity().note(&Deed { action: "tried".to_owned(), ..Deed::default() }).await);
    told("empty", store.empty_log().await.map(drop));
    told("delete", delete(&store).await);
    let folder = store.backups_folder();
    told("back-up", back_up(&store, &folder).await);
    told("restore", store.restore(&folder.join(BACKUP), &folder.join("before.db")).await);
    told("vacuum", store.vacuum().await);
    told("check", check(&store).await);
    told("close", store.close().await);
    ExitCode::SUCCESS
}

async fn speak(store: &Store) -> Result<(), StoreError> {
    let rows = store.utterances();
    for id in UTTERANCES {
        let new = NewUtterance { id: id.to_owned(), route: "type".to_owned(), ..NewUtterance::default() };
        rows.begin(&new).await?;
        let text = FinalText { text: format!("the words of {id} are safe"), ..FinalText::default() };
        rows.commit_text(id, &text).await?;
        say(&format!("final {id}"));
        rows.finish(id, &Outcome::of(UtteranceState::Delivered)).await?;
    }
    Ok(())
}

async fn read(store: &Store) -> Result<(), StoreError> {
    store.utterances().list(&Page { limit: 50, ..Page::default() }).await?;
    let search = Search { text: "words".to_owned(), before: None, limit: 50, filter: Default::default() };
    store.utterances().search(&search).await.map(drop)
}

/// What was not there is gone.
async fn delete(store: &Store) -> Result<(), StoreError> {
    match store.utterances().delete(DELETED).await {
        Ok(_) | Err(StoreError::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn back_up(store: &Store, folder: &Path) -> Result<(), StoreError> {
    store.make_backups_folder()?;
    store.back_up(&folder.join(BACKUP)).await
}

/// A sound database in which something is found would be set aside at the next start.
async fn check(store: &Store) -> Result<(), StoreError> {
    let report = store.check_and_mend().await?;
    if !report.is_clean() {
        say(&format!("found {:?}", report.findings));
    }
    Ok(())
}

fn told(deed: &str, done: Result<(), StoreError>) {
    match done {
        Ok(()) => say(&format!("done {deed}")),
        Err(error) => say(&format!("error {deed} {error:?}")),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading any more.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
