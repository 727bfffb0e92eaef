//! End to end: the real app, its real engine, a real microphone device and real windows.
//!
//! One test, because two desktops at once would fight for two cores; its steps are named in what it prints.

use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use tonny_tests::app::{App, Build, HOTKEY, HOTKEY_UP};
use tonny_tests::desktop::Desktop;
use tonny_tests::process::signal_pid;
use tonny_tests::speech::{JFK, jfk};
use tonny_tests::target::{Kind, Target};
use tonny_tests::wait_for;
use tonny_tests::words::{error_rate, words};

const SENTENCES: [&str; 2] =
    ["Please write a short letter to the new customer.", "Please call me tomorrow morning after breakfast."];

#[test]
fn first_words() -> Result<()> {
    let build = Build::from_environment()?;
    let mut desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &build, "tonny")?;
    app.start(&desktop)?;
    let voices = [desktop.say_to_file(SENTENCES[0], "first")?, desktop.say_to_file(SENTENCES[1], "second")?];
    for kind in [Kind::Xterm, Kind::Gtk, Kind::Chromium] {
        step(&format!("dictating into {kind:?}"));
        let target = Target::open(&mut desktop, kind)?;
        let mut so_far = 0;
        for (file, said, limit) in [
            (jfk(), JFK, 0.0),
            (voices[0].clone(), SENTENCES[0], 0.15),
            (voices[1].clone(), SENTENCES[1], 0.15),
        ] {
            target.focus(&desktop)?;
            let (last, _) = app.dictate(&desktop, &file)?;
            ensure!(last["state"] == "delivered", "{kind:?}: {last}");
            let heard = last["text"].as_str().unwrap_or_default().to_owned();
            let rate = error_rate(said, &heard);
            println!("  {kind:?}: word error rate {rate:.2}: {heard}");
            ensure!(rate <= limit, "{said:?} was heard as {heard:?}");
            target.end_line(&desktop)?;
            so_far += words(&heard).len();
            let text = wait_for("the words in the window", Duration::from_secs(5), || {
                let text = target.text(&desktop)?;
                Ok((words(&text).len() >= so_far).then_some(text))
            })?;
            ensure!(text.contains(heard.trim()), "{kind:?} shows {text:?}, not {heard:?}");
        }
        ensure!(target.text(&desktop)?.matches("fellow Americans").count() == 1, "typed twice");
    }
    let target = Target::open(&mut desktop, Kind::Gtk)?;
    hands_free_and_cancel(&desktop, &app, &target)?;
    a_killed_worker_costs_nothing(&desktop, &app, &target)?;
    step("the history holds what was said");
    let found = app.tonny_ok(&desktop, &["history", "search", "fellow amer"])?;
    ensure!(found.lines().count() >= 3, "{found}");
    step("quitting leaves no process behind");
    let pid = app.status(&desktop)?["workers"][0]["pid"].as_u64().unwrap_or_default();
    app.quit(&desktop)?;
    ensure!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "the worker outlived the app");
    Ok(())
}

fn hands_free_and_cancel(desktop: &Desktop, app: &App, target: &Target) -> Result<()> {
    step("a tap starts hands-free, a second tap ends it");
    let voice = desktop.say_to_file("This sentence needs no key.", "hands-free")?;
    target.focus(desktop)?;
    let before = app.status(desktop)?;
    tap(desktop)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&voice)?;
    ensure!(app.status(desktop)?["state"] == "recording", "hands-free ended by itself");
    tap(desktop)?;
    let last = app.wait_last(desktop, &before)?;
    ensure!(
        error_rate("This sentence needs no key.", last["text"].as_str().unwrap_or_default()) <= 0.2,
        "{last}"
    );
    step("Escape cancels: nothing is typed, the words are kept");
    let before = app.status(desktop)?;
    let text = target.text(desktop)?;
    tap(desktop)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&voice)?;
    desktop.key("Escape")?;
    let last = app.wait_last(desktop, &before)?;
    ensure!(last["state"] == "cancelled", "{last}");
    ensure!(target.text(desktop)? == text, "cancelled words were typed");
    Ok(())
}

fn a_killed_worker_costs_nothing(desktop: &Desktop, app: &App, target: &Target) -> Result<()> {
    for moment in ["recording", "transcribing"] {
        step(&format!("the worker is killed while {moment}"));
        target.focus(desktop)?;
        let old = app.wait_worker(desktop, "ready")?;
        let pid = old["workers"][0]["pid"].as_u64().unwrap_or_default() as u32;
        let count = target.text(desktop)?.matches("fellow Americans").count();
        desktop.keys_down(&HOTKEY)?;
        app.wait_state(desktop, "recording")?;
        desktop.play(&jfk())?;
        if moment == "recording" {
            signal_pid(pid, Signal::KILL)?;
            desktop.keys_up(&HOTKEY_UP)?;
        } else {
            desktop.keys_up(&HOTKEY_UP)?;
            signal_pid(pid, Signal::KILL)?;
        }
        let last = app.wait_last(desktop, &old)?;
        ensure!(last["state"] == "delivered", "{last}");
        ensure!(error_rate(JFK, last["text"].as_str().unwrap_or_default()) == 0.0, "{last}");
        let now = wait_for("the words in the window", Duration::from_secs(5), || {
            let now = target.text(desktop)?.matches("fellow Americans").count();
            Ok((now > count).then_some(now))
        })?;
        ensure!(now == count + 1, "typed {} times", now - count);
    }
    Ok(())
}

fn tap(desktop: &Desktop) -> Result<()> {
    desktop.run(
        "xdotool",
        &[
            "keydown", "ctrl", "keydown", "shift", "keydown", "space", "keyup", "space", "keyup", "shift",
            "keyup", "ctrl",
        ],
    )?;
    Ok(())
}

fn step(name: &str) {
    println!("- {name}");
}
