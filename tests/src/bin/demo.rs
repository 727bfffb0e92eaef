//! `make demo`: the main job on a virtual desktop. A real sentence is spoken into a real microphone device, the real app
//! types it into a real editor window; the words, the latency and the pictures are left to look at.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use tonny_tests::app::{App, Build, HOTKEY, HOTKEY_UP};
use tonny_tests::desktop::Desktop;
use tonny_tests::speech::length;
use tonny_tests::target::{Kind, Target};
use tonny_tests::wait_for;
use tonny_tests::words::error_rate;

/// What is said.
const SENTENCE: &str =
    "Please send the report to the office before noon, and thank everybody for the good work.";

#[derive(Parser)]
struct Arguments {
    /// Folder of the built programs.
    #[arg(long)]
    bin: PathBuf,
    /// A TONNYTRAY_HOME with the default model.
    #[arg(long)]
    models: PathBuf,
    /// Where the pictures go.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { bin, models, out } = Arguments::parse();
    std::fs::create_dir_all(&out)?;
    let mut desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &Build { bin, models }, "tonny")?;
    app.start(&desktop)?;
    let target = Target::open(&mut desktop, Kind::Gtk)?;
    let voice = desktop.say_to_file(SENTENCE, "sentence")?;

    println!("spoken:  {SENTENCE}");
    let (typed, latency) = dictate(&desktop, &app, &target, &voice, &out)?;
    println!("typed:   {}", typed.trim());
    println!("latency: {:.2} s from letting go of the key to the text in the window", latency.as_secs_f64());
    let rate = error_rate(SENTENCE, &typed);
    println!("word error rate: {rate:.2}");

    shoot_windows(&mut desktop, &app, &out)?;
    app.quit(&desktop)?;
    println!("screenshots: {}", out.display());
    anyhow::ensure!(rate <= 0.15, "too many wrong words");
    Ok(())
}

/// One dictation, with a picture while it is spoken; gives the text and the time from release to text.
fn dictate(
    desktop: &Desktop,
    app: &App,
    target: &Target,
    voice: &Path,
    out: &Path,
) -> Result<(String, Duration)> {
    let before = app.status(desktop)?;
    target.focus(desktop)?;
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    std::thread::scope(|scope| -> Result<()> {
        let playing = scope.spawn(|| desktop.play(voice));
        std::thread::sleep(length(voice)?.mul_f64(0.8));
        desktop.screenshot(&out.join("overlay-recording.png"))?;
        playing.join().expect("the player does not panic")
    })?;
    let released = Instant::now();
    desktop.keys_up(&HOTKEY_UP)?;
    let typed = wait_for("the words", Duration::from_secs(30), || {
        Ok(Some(target.text(desktop)?).filter(|text| !text.trim().is_empty()))
    })?;
    let latency = released.elapsed();
    app.wait_last(desktop, &before)?;
    desktop.screenshot(&out.join("words-typed.png"))?;
    Ok((typed, latency))
}

/// The settings window's pages, and the tray's menu.
fn shoot_windows(desktop: &mut Desktop, app: &App, out: &Path) -> Result<()> {
    for page in ["general", "speech", "engines", "history", "secrets", "storage", "logs", "about"] {
        app.tonny_ok(desktop, &["ctl", "show", page])?;
        wait_for("the settings window", Duration::from_secs(20), || {
            let found = desktop
                .run("xdotool", &["search", "--onlyvisible", "--name", "^TonnyTray$"])
                .unwrap_or_default();
            Ok((!found.trim().is_empty()).then_some(()))
        })?;
        // A page has painted when two pictures in a row are the same.
        let file = out.join(format!("settings-{page}.png"));
        std::thread::sleep(Duration::from_millis(1_200));
        wait_for("the page to be painted", Duration::from_secs(20), || {
            desktop.screenshot(&file)?;
            let first = std::fs::read(&file)?;
            std::thread::sleep(Duration::from_millis(300));
            desktop.screenshot(&file)?;
            Ok((first == std::fs::read(&file)?).then_some(()))
        })?;
    }
    tray_menu(desktop, out).context("the tray's menu")
}

/// Clicks the icon in the panel, at the left of its tray.
fn tray_menu(desktop: &Desktop, out: &Path) -> Result<()> {
    let windows = desktop.run("xdotool", &["search", "--class", "tonnytray"])?;
    let icon = windows.lines().find_map(|window| {
        let geometry = desktop.run("xdotool", &["getwindowgeometry", "--shell", window]).ok()?;
        let number =
            |name: &str| geometry.lines().find_map(|line| line.strip_prefix(name)?.parse::<i32>().ok());
        let (x, y, width, height) = (number("X=")?, number("Y=")?, number("WIDTH=")?, number("HEIGHT=")?);
        (y < 40 && width < 64 && height < 64 && width > 8).then(|| (x + width / 2, y + height / 2))
    });
    let (x, y) = icon.context("the icon is not in the panel")?;
    desktop.run("xdotool", &["mousemove", &x.to_string(), &y.to_string(), "click", "1"])?;
    std::thread::sleep(Duration::from_millis(700));
    desktop.screenshot(&out.join("tray-menu.png"))?;
    desktop.key("Escape")
}
