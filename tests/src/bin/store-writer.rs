//! Writes utterances as the app does, and says of each on standard output when it is safe: what the kill tests end.
//!
//! `store-writer DATABASE PREFIX COUNT [EMPTY]`: after so many utterances each the log is emptied. A line `begun ID` once the row is there, `final ID` once its text is; `error ...`
//! for a write that failed, after which it goes on. `store-writer DATABASE open` only opens and closes.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tonny_store::{FinalText, NewUtterance, Outcome, Store, StoreError, UtteranceState};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let database = arguments.get(1).context("a database")?;
    let prefix = arguments.get(2).context("a prefix")?;
    let store = Store::open(database).await?;
    if prefix != "open" {
        let count: u64 = arguments.get(3).context("a count")?.parse()?;
        let empty: Option<u64> = arguments.get(4).map(|empty| empty.parse()).transpose()?;
        for n in 0..count {
            if let Err(error) = speak(&store, &format!("{prefix}-{n}")).await {
                say(&format!("error {error}"));
            }
            if empty.is_some_and(|empty| (n + 1) % empty == 0) {
                store.empty_log().await?;
            }
        }
    }
    store.close().await?;
    say("closed");
    Ok(())
}

async fn speak(store: &Store, id: &str) -> Result<(), StoreError> {
    let rows = store.utterances();
    let new = NewUtterance { id: id.to_owned(), route: "type".to_owned(), ..NewUtterance::default() };
    rows.begin(&new).await?;
    say(&format!("begun {id}"));
    let text = FinalText { text: format!("the words of {id} are safe"), ..FinalText::default() };
    rows.commit_text(id, &text).await?;
    say(&format!("final {id}"));
    rows.finish(id, &Outcome::of(UtteranceState::Delivered)).await
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading any more.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
