//! Encrypted recordings in the real app: made without the vault, valid when it is killed, read again with the key, and
//! told when the key is out of reach; and an encrypted export that comes back.
//!
//! One test, because a desktop takes both cores; its steps are named in what it prints.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tonny_tests::app::{App, Build, HOTKEY, HOTKEY_UP};
use tonny_tests::desktop::Desktop;
use tonny_tests::speech::{JFK, jfk, length};
use tonny_tests::wait_for;
use tonny_tests::words::error_rate;

const PASSWORD: &str = "correct horse battery";

/// How a sealed recording begins.
const MAGIC: &[u8] = b"TTAUDIO\n";

#[test]
fn sealed() -> Result<()> {
    let build = Build::from_environment()?;
    let desktop = Desktop::start()?;
    let mut app = App::with_model(&desktop, &build, "sealed")?;
    app.start(&desktop)?;
    turned_on(&desktop, &app)?;
    let first = dictated(&desktop, &app)?;
    read_again(&desktop, &app, &first)?;
    killed(&desktop, &mut app)?;
    locked(&desktop, &mut app)?;
    lost_key(&desktop, &app, &first)?;
    exported(&desktop, &build, &app)?;
    app.quit(&desktop)
}

fn step(what: &str) {
    println!("- {what}");
}

fn recording(app: &App, id: &str) -> PathBuf {
    app.home.join(format!("audio/{id}.wav"))
}

fn is_sealed(path: &Path) -> Result<bool> {
    Ok(std::fs::read(path)?.starts_with(MAGIC))
}

fn id(row: &Value) -> Result<&str> {
    row["id"].as_str().context("an id")
}

fn row(desktop: &Desktop, app: &App, id: &str) -> Result<Value> {
    Ok(serde_json::from_str(&app.tonny_ok(desktop, &["--json", "history", "show", id])?)?)
}

/// `tonny` with something on its standard input.
fn told(desktop: &Desktop, app: &App, arguments: &[&str], input: &[u8]) -> Result<Output> {
    let mut command = app.command(desktop, "tonny");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // A command that takes no input may have ended already.
    let _ = child.stdin.take().context("piped")?.write_all(input);
    Ok(child.wait_with_output()?)
}

fn turned_on(desktop: &Desktop, app: &App) -> Result<()> {
    step("turned on while the app runs: the key is in the keyring before the next recording");
    app.tonny_ok(desktop, &["settings", "set", "storage.encrypt_audio", "true"])?;
    let key = app.home.join("audio/.encrypted-for");
    wait_for("the key", Duration::from_secs(10), || Ok(key.exists().then_some(())))?;
    let report: Value = serde_json::from_str(&app.tonny_ok(desktop, &["--json", "secrets", "list"])?)?;
    let kept = report["secrets"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "recordings"));
    let kept = kept.context("the key is listed")?;
    ensure!(kept["presence"] == "set" && kept["can_be_typed"] == false, "{kept}");
    let typed = told(desktop, app, &["secrets", "set", "recordings", "--no-test"], b"a key of my own")?;
    ensure!(typed.status.code() == Some(1), "a key could be typed");
    Ok(())
}

fn dictated(desktop: &Desktop, app: &App) -> Result<String> {
    step("a dictation: its words arrive, its file is encrypted and no audio to anybody else");
    let (last, _) = app.dictate(desktop, &jfk())?;
    ensure!(error_rate(JFK, last["text"].as_str().unwrap_or_default()) <= 0.1, "{last}");
    let id = id(&last)?.to_owned();
    let file = recording(app, &id);
    wait_for("the encrypted file", Duration::from_secs(5), || Ok(file.exists().then_some(())))?;
    ensure!(is_sealed(&file)?, "the recording is not encrypted");
    ensure!(hound::WavReader::open(&file).is_err(), "it is a WAV");
    let refused = app.tonny(desktop, &["transcribe", &file.display().to_string()])?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1) && said.contains("TT-AUDIO-121"), "{said}");
    Ok(id)
}

/// Asks for a recording that cannot be opened: the app says why, and the words that are there stay.
fn told_of(desktop: &Desktop, app: &App, id: &str, code: &str) -> Result<()> {
    let before = row(desktop, app, id)?;
    app.tonny_ok(desktop, &["history", "retry", id])?;
    wait_for("the reason", Duration::from_secs(60), || {
        Ok((app.status(desktop)?["problem"]["code"] == code).then_some(()))
    })
    .with_context(|| format!("{:?}", app.status(desktop)))?;
    let after = row(desktop, app, id)?;
    ensure!(after["text"] == before["text"] && after["state"] == before["state"], "{after}");
    Ok(())
}

fn read_again(desktop: &Desktop, app: &App, id: &str) -> Result<()> {
    step("it is opened with the key from the keyring: saved as a WAV that says the same");
    let wav = desktop.path(&format!("{id}.wav"));
    let wav_path = wav.display().to_string();
    app.tonny_ok(desktop, &["history", "audio", id, "--out", &wav_path])?;
    let text = app.tonny_ok(desktop, &["transcribe", &wav_path])?;
    ensure!(error_rate(JFK, text.trim()) <= 0.1, "{text}");
    Ok(())
}

/// Speaks, is killed before the key goes up, is started again, and waits until the newest row has come to this state.
fn cut_off(desktop: &Desktop, app: &mut App, state: &str) -> Result<Value> {
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&jfk())?;
    app.running()?.signal(rustix::process::Signal::KILL)?;
    app.running()?.wait_end(Duration::from_secs(5))?;
    desktop.keys_up(&HOTKEY_UP)?;
    app.start(desktop)?;
    wait_for("the recovered row", Duration::from_secs(60), || {
        let rows = app.tonny_ok(desktop, &["--json", "history", "list", "--limit", "1"])?;
        let rows: Value = serde_json::from_str(&rows)?;
        Ok((rows[0]["recovered"] == true && rows[0]["state"] == state).then(|| rows[0].clone()))
    })
}

fn killed(desktop: &Desktop, app: &mut App) -> Result<()> {
    step("killed while recording: encrypted to the end, and the words are there after the next start");
    let found = cut_off(desktop, app, "kept")?;
    ensure!(error_rate(JFK, found["text"].as_str().unwrap_or_default()) <= 0.1, "{found}");
    let file = recording(app, id(&found)?);
    ensure!(is_sealed(&file)?, "the killed recording is not encrypted");
    // 32 kB a second and 44 bytes for each tenth: what was played is there but for the last frame and the devices' own delay.
    let seconds = file.metadata()?.len() as f64 / 32_440.0;
    let played = length(&jfk())?.as_secs_f64();
    println!("  {seconds:.2} s kept of {played:.2} s played");
    ensure!(seconds > played - 0.4, "{seconds} s kept of {played} s");
    Ok(())
}

fn locked(desktop: &Desktop, app: &mut App) -> Result<()> {
    step("the secrets are in a locked file: recording goes on encrypted, reading says what is missing");
    let moved =
        told(desktop, app, &["secrets", "store", "file", "--agree"], format!("{PASSWORD}\n").as_bytes())?;
    ensure!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let (last, _) = app.dictate(desktop, &jfk())?;
    ensure!(error_rate(JFK, last["text"].as_str().unwrap_or_default()) <= 0.1, "{last}");
    ensure!(is_sealed(&recording(app, id(&last)?))?, "not encrypted while the vault is locked");
    told_of(desktop, app, id(&last)?, "TT-SECRET-1011")?;
    step("killed while recording, and still locked after the next start: the row says what it waits for");
    let waits = cut_off(desktop, app, "failed")?;
    ensure!(waits["error_code"] == "TT-SECRET-1011", "{waits}");
    let back = told(desktop, app, &["secrets", "store", "keyring"], format!("{PASSWORD}\n").as_bytes())?;
    ensure!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    step("within reach again: what waited is transcribed by itself");
    let id = id(&waits)?;
    let row = wait_for("the words that waited", Duration::from_secs(60), || {
        Ok(Some(row(desktop, app, id)?).filter(|row| row["state"] == "kept"))
    })?;
    ensure!(error_rate(JFK, row["text"].as_str().unwrap_or_default()) <= 0.1, "{row}");
    Ok(())
}

fn lost_key(desktop: &Desktop, app: &App, old: &str) -> Result<()> {
    step("the key is cleared: the next recordings have the next key, the old ones say so");
    let key = || std::fs::read_to_string(app.home.join("audio/.encrypted-for")).unwrap_or_default();
    let before = key();
    app.tonny_ok(desktop, &["secrets", "clear", "recordings"])?;
    wait_for("another key", Duration::from_secs(10), || {
        Ok(Some(key()).filter(|now| !now.is_empty() && *now != before))
    })?;
    told_of(desktop, app, old, "TT-AUDIO-122")?;
    let row = row(desktop, app, old)?;
    ensure!(error_rate(JFK, row["text"].as_str().unwrap_or_default()) <= 0.1, "the words went, too: {row}");
    let (last, _) = app.dictate(desktop, &jfk())?;
    let last = id(&last)?.to_owned();
    ensure!(is_sealed(&recording(app, &last))?, "not encrypted with the next key");
    read_again(desktop, app, &last)
}

fn exported(desktop: &Desktop, build: &Build, app: &App) -> Result<()> {
    step("an encrypted export comes back in another home, with its password only");
    let arguments = ["history", "export", "--encrypt"];
    let export = told(desktop, app, &arguments, format!("{PASSWORD}\n").as_bytes())?;
    ensure!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let words = b"fellow Americans";
    ensure!(!export.stdout.windows(words.len()).any(|window| window == words), "the words can be read");
    let weak = told(desktop, app, &arguments, b"short\n")?;
    ensure!(weak.status.code() == Some(1) && weak.stdout.is_empty(), "a weak password was taken");
    let file = desktop.path("history.encrypted");
    std::fs::write(&file, &export.stdout)?;
    let other = App::without_model(desktop, build, "other")?;
    let import = ["history", "import", &file.display().to_string()].map(str::to_owned);
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    let wrong = told(desktop, &other, &import, b"another password\n")?;
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    ensure!(wrong.status.code() == Some(1) && said.contains("TT-SECRET-1012"), "{said}");
    let right = told(desktop, &other, &import, format!("{PASSWORD}\n").as_bytes())?;
    ensure!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    let rows = |app: &App| -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&app.tonny_ok(desktop, &["--json", "history", "list"])?)?)
    };
    let (ours, theirs) = (rows(app)?, rows(&other)?);
    ensure!(!ours.is_empty() && ours.len() == theirs.len(), "{} of {}", theirs.len(), ours.len());
    Ok(())
}
