//! The assistant from end to end: a question spoken into the virtual microphone, asked of the real llama-server, its answer
//! in the real window while it is written; and what is seen of it when that server is killed meanwhile.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::json;
use tonny_tests::app::Build;
use tonny_tests::asking::{Asking, engines};
use tonny_tests::desktop::Desktop;
use tonny_tests::engines::endless_llama;
use tonny_tests::process::signal_pid;

#[test]
fn a_spoken_question_is_answered_in_the_real_window() -> Result<()> {
    let Some(engines) = engines() else { return Ok(()) };
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let asking = Asking::start(&desktop, &build, &engines)?;
    // The answer must not be over before it is broken off.
    let endless = endless_llama(&desktop.path(""))?.context("it is installed, the engines are there")?;
    let program = endless.display().to_string();
    asking.app.tonny_ok(&desktop, &["settings", "set", "workers.llama_program", &program])?;
    streams(&desktop, &asking)?;
    survives_a_kill(&desktop, &asking)?;
    asking.window.close()
}

/// The words come one after the other, and the question stands above them as it was spoken.
fn streams(desktop: &Desktop, asking: &Asking) -> Result<()> {
    let file = desktop.say_to_file("Please tell me a long story about a lighthouse and the sea.", "story")?;
    let after = asking.speak(desktop, &file)?;
    println!("first word {} ms after the release, the model loaded meanwhile", after.as_millis());
    let first = asking.wait_last("words", |_, text| text.len() > 20)?;
    let later = asking.wait_last("more words", |_, text| text.len() > first.len() + 20)?;
    ensure!(later.starts_with(first.trim_end()), "{first:?} became {later:?}");
    let page = asking.window.text()?;
    ensure!(page.contains("story") && page.contains("lighthouse"), "the question is not there: {page}");
    Ok(())
}

/// It goes on by itself in the next copy; where that takes longer than a spoken question waits, it is said to be interrupted,
/// and the button goes on with it. So it is in any case when the model is stopped by hand.
fn survives_a_kill(desktop: &Desktop, asking: &Asking) -> Result<()> {
    let before = asking.wait_last("an answer that is being written", |state, text| {
        state == "streaming" && text.len() > 60
    })?;
    let killed = asking.model_pid(desktop)?;
    signal_pid(killed, Signal::KILL)?;
    let grown = |text: &str| text.len() > before.len() + 40;
    asking.wait_last("the answer to go on, or to be interrupted", |state, text| {
        state == "interrupted" || grown(text)
    })?;
    let (state, text) = asking.last()?;
    println!("after the kill: {state}, {} letters more", text.len().saturating_sub(before.len()));
    if state == "interrupted" {
        asking.press("Continue")?;
    }
    let grown = asking.wait_last("the answer to go on", |_, text| grown(text))?;
    ensure!(grown.starts_with(before.trim_end()), "{before:?} became {grown:?}");
    ensure!(asking.model_pid(desktop)? != killed, "it is another copy that goes on");
    asking.app.tonny_ok(desktop, &["workers", "stop", "llama"])?;
    let cut = asking.wait_last("an interrupted answer", |state, _| state == "interrupted")?;
    ensure!(cut.starts_with(before.trim_end()), "what was shown is gone: {cut:?}");
    asking.app.tonny_ok(desktop, &["workers", "start", "llama"])?;
    asking.press("Continue")?;
    let more = asking.wait_last("the answer to grow again", |_, text| text.len() > cut.len())?;
    ensure!(more.starts_with(cut.trim_end()), "{cut:?} became {more:?}");
    let faults = asking.window.run("return document.querySelectorAll('[role=alert]').length", &[])?;
    ensure!(faults == json!(0), "the window shows {faults} alerts");
    Ok(())
}
