//! What goes wrong on real machines, done to the real app on purpose: each gives a code and loses nothing.
//!
//! One test, because a desktop takes both cores; its steps are named in what it prints.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tonny_tests::app::{App, Build, HOTKEY, HOTKEY_UP};
use tonny_tests::desktop::Desktop;
use tonny_tests::process::Running;
use tonny_tests::speech::{JFK, jfk};
use tonny_tests::target::{Kind, Target};
use tonny_tests::wait_for;
use tonny_tests::words::error_rate;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, ModMask};

/// The X keycode of the space bar on every layout Xvfb knows.
const SPACE: u8 = 65;

#[test]
fn faults() -> Result<()> {
    let build = Build::from_environment()?;
    let mut desktop = Desktop::start()?;
    odd_audio_files(&desktop, &build)?;
    no_model(&desktop, &build)?;
    a_truncated_model(&desktop, &build)?;
    an_unwritable_home(&desktop, &build)?;
    broken_settings(&desktop, &build)?;
    two_copies(&desktop, &build)?;
    a_taken_hotkey(&desktop, &build)?;
    let mut app = App::with_model(&desktop, &build, "faults")?;
    app.start(&desktop)?;
    a_closed_window(&mut desktop, &app)?;
    silence(&desktop, &app)?;
    a_frozen_app(&desktop, &mut app)?;
    a_crash_of_the_app(&desktop, &mut app)?;
    a_lost_microphone(&desktop, &app)?;
    app.quit(&desktop)?;
    a_busy_microphone(&desktop, &build)
}

fn odd_audio_files(desktop: &Desktop, build: &Build) -> Result<()> {
    step("audio files of every kind");
    let app = App::with_model(desktop, build, "files")?;
    let forms: [(&str, u16, u32, u16, hound::SampleFormat); 6] = [
        ("8-bit", 1, 16_000, 8, hound::SampleFormat::Int),
        ("24-bit", 1, 16_000, 24, hound::SampleFormat::Int),
        ("float", 1, 16_000, 32, hound::SampleFormat::Float),
        ("six-channels", 6, 48_000, 16, hound::SampleFormat::Int),
        ("96-khz", 2, 96_000, 24, hound::SampleFormat::Int),
        ("plain", 1, 16_000, 16, hound::SampleFormat::Int),
    ];
    for (name, channels, rate, bits, format) in forms {
        let file = desktop.path(&format!("{name}.wav"));
        rewrite(
            &jfk(),
            &file,
            hound::WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format },
        )?;
        let heard = app.tonny_ok(desktop, &["transcribe", &file.display().to_string()])?;
        let errors = error_rate(JFK, &heard);
        println!("  {name}: word error rate {errors:.2}");
        // Eight bits add audible noise to this quiet recording; the words must still be there.
        ensure!(errors <= if bits == 8 { 0.2 } else { 0.1 }, "{name}: {heard}");
    }
    let empty = desktop.path("empty.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(&empty, spec)?.finalize()?;
    let text = desktop.path("not-audio.wav");
    std::fs::write(&text, "These are words, but nobody says them.")?;
    for (file, code) in [
        (empty.as_path(), "TT-AUDIO-112"),
        (text.as_path(), "TT-AUDIO-111"),
        (Path::new("/no/such.wav"), "TT-AUDIO-111"),
    ] {
        let output = app.tonny(desktop, &["transcribe", &file.display().to_string()])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1) && said.contains(code), "{}: {said}", file.display());
    }
    Ok(())
}

/// The same sound in another form; every channel carries it, samples are repeated for a higher rate.
fn rewrite(from: &Path, to: &Path, spec: hound::WavSpec) -> Result<()> {
    let mut reader = hound::WavReader::open(from)?;
    let repeat = spec.sample_rate / reader.spec().sample_rate;
    let mut writer = hound::WavWriter::create(to, spec)?;
    for sample in reader.samples::<i16>() {
        let sample = sample?;
        for _ in 0..repeat * u32::from(spec.channels) {
            match (spec.sample_format, spec.bits_per_sample) {
                (hound::SampleFormat::Float, _) => writer.write_sample(f32::from(sample) / 32_768.0)?,
                (_, 8) => writer.write_sample((sample >> 8) as i8)?,
                (_, 24) => writer.write_sample(i32::from(sample) << 8)?,
                _ => writer.write_sample(sample)?,
            }
        }
    }
    Ok(writer.finalize()?)
}

fn no_model(desktop: &Desktop, build: &Build) -> Result<()> {
    step("no model yet: the recording is kept and the code says what to do");
    let mut app = App::without_model(desktop, build, "empty")?;
    app.launch(desktop)?;
    app.wait_worker(desktop, "no_model")?;
    let (last, _) = app.dictate(desktop, &jfk())?;
    ensure!(last["state"] == "failed", "{last}");
    ensure!(app.status(desktop)?["problem"]["code"] == "TT-MODEL-201");
    let id = last["id"].as_str().unwrap_or_default();
    let row: Value = serde_json::from_str(&app.tonny_ok(desktop, &["--json", "history", "show", id])?)?;
    ensure!(row["error_code"] == "TT-MODEL-201" && row["has_audio"] == true, "{row}");
    ensure!(
        app.home.join(format!("audio/{id}.wav")).metadata()?.len() > 300_000,
        "the recording is too short"
    );
    app.quit(desktop)
}

fn a_truncated_model(desktop: &Desktop, build: &Build) -> Result<()> {
    step("a truncated model is named and not retried");
    let mut app = App::with_model(desktop, build, "truncated")?;
    for entry in std::fs::read_dir(app.home.join("models/whisper-tiny.en"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "gguf") {
            std::fs::OpenOptions::new().write(true).open(&path)?.set_len(1_000_000)?;
        }
    }
    let listed = app.tonny(desktop, &["transcribe", &jfk().display().to_string()])?;
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    ensure!(!listed.status.success() && said.contains("TT-MODEL-20"), "{said}");
    app.launch(desktop)?;
    let broken =
        |status: &Value| matches!(status["workers"][0]["state"].as_str(), Some("failed" | "no_model"));
    app.wait_status(desktop, "the broken model to be told", Duration::from_secs(30), broken)?;
    app.quit(desktop)
}

fn an_unwritable_home(desktop: &Desktop, build: &Build) -> Result<()> {
    step("a home that cannot be written");
    let file = desktop.path("a-file");
    std::fs::write(&file, "")?;
    for program in ["tonnytray", "tonny"] {
        let mut command = desktop.command(build.bin.join(program));
        if program == "tonny" {
            command.args(["history", "list"]);
        }
        let output = command.env("TONNYTRAY_HOME", file.join("home")).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1) && said.contains("TT-STORE-601"), "{program}: {said}");
    }
    Ok(())
}

fn broken_settings(desktop: &Desktop, build: &Build) -> Result<()> {
    step(
        "one unfit field: its default, named, and the rest in use; broken settings: defaults, and a way back",
    );
    let mut app = App::with_model(desktop, build, "broken-settings")?;
    app.tonny_ok(desktop, &["settings", "set", "dictation.tail_ms", "120"])?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store = tonny_store::Store::open(app.home.join("tonnytray.db")).await?;
        store.settings().save(r#"{"dictation": {"tail_ms": "soon", "tap_ms": 400}}"#, 1).await?;
        store.close().await
    })?;
    app.start(desktop)?;
    let status = app.status(desktop)?;
    let said = status["problem"]["message"].as_str().unwrap_or_default();
    ensure!(status["problem"]["code"] == "TT-SETTINGS-705" && said.contains("dictation.tail_ms"), "{status}");
    app.quit(desktop)?;
    let listed = app.tonny(desktop, &["settings", "list"])?;
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    ensure!(listed.status.success() && said.contains("TT-SETTINGS-705"), "{said}");
    ensure!(app.tonny_ok(desktop, &["settings", "get", "dictation.tap_ms"])?.trim() == "400");
    app.tonny_ok(desktop, &["settings", "reset"])?;
    ensure!(app.tonny_ok(desktop, &["settings", "get", "dictation.tail_ms"])?.trim() == "0");
    let toml = desktop.path("broken.toml");
    std::fs::write(&toml, "[dictation\ntail_ms = 5\n")?;
    let output = app.tonny(desktop, &["settings", "import", &toml.display().to_string()])?;
    ensure!(
        output.status.code() == Some(1)
            && String::from_utf8_lossy(&output.stderr).contains("TT-SETTINGS-701")
    );
    Ok(())
}

fn two_copies(desktop: &Desktop, build: &Build) -> Result<()> {
    step("two copies started at once: one runs");
    let app = App::with_model(desktop, build, "twice")?;
    let log = desktop.path("logs/twice.log");
    let start =
        || -> Result<Running> { Running::start(app.command(desktop, "tonnytray").arg("--hidden"), &log) };
    let (mut first, mut second) = (start()?, start()?);
    wait_for("one of two copies to end", Duration::from_secs(20), || {
        Ok((first.has_ended()? || second.has_ended()?).then_some(()))
    })?;
    app.wait_worker(desktop, "ready")?;
    ensure!(first.has_ended()? != second.has_ended()?, "both ended");
    app.tonny_ok(desktop, &["ctl", "quit"])?;
    wait_for("the other to quit", Duration::from_secs(8), || {
        Ok((first.has_ended()? && second.has_ended()?).then_some(()))
    })
}

fn a_taken_hotkey(desktop: &Desktop, build: &Build) -> Result<()> {
    step("a hotkey that another program has");
    let display = desktop.display().to_owned();
    let (connection, screen) = x11rb::connect(Some(&display))?;
    let root = connection.setup().roots[screen].root;
    connection
        .grab_key(true, root, ModMask::CONTROL | ModMask::SHIFT, SPACE, GrabMode::ASYNC, GrabMode::ASYNC)?
        .check()?;
    let mut app = App::with_model(desktop, build, "hotkey")?;
    app.start(desktop)?;
    let taken = |status: &Value| status["hotkey_problem"]["code"] == "TT-HOTKEY-501";
    app.wait_status(desktop, "the taken hotkey to be told", Duration::from_secs(10), taken)?;
    app.tonny_ok(desktop, &["settings", "set", "hotkeys.dictate", "Ctrl+Alt+D"])?;
    app.wait_status(desktop, "another hotkey to work", Duration::from_secs(10), |status| {
        status["hotkey_problem"].is_null()
    })?;
    app.quit(desktop)
}

fn a_closed_window(desktop: &mut Desktop, app: &App) -> Result<()> {
    step("the window is closed before the text comes: it is on the clipboard");
    let target = Target::open(desktop, Kind::Gtk)?;
    let before = app.status(desktop)?;
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&jfk())?;
    desktop.keys_up(&HOTKEY_UP)?;
    tonny_tests::process::signal_pid(target.pid, rustix::process::Signal::KILL)?;
    let last = app.wait_last(desktop, &before)?;
    let status = app.status(desktop)?;
    let code = status["problem"]["code"].as_str().unwrap_or_default().to_owned();
    ensure!(last["state"] == "kept" && (code == "TT-INSERT-401" || code == "TT-INSERT-404"), "{status}");
    let clipboard = desktop.run("xclip", &["-selection", "clipboard", "-o"])?;
    ensure!(clipboard.trim() == last["text"].as_str().unwrap_or_default().trim(), "{clipboard}");
    Ok(())
}

fn silence(desktop: &Desktop, app: &App) -> Result<()> {
    step("a silent microphone is told, nothing is made up");
    let before = app.status(desktop)?;
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    std::thread::sleep(Duration::from_millis(1_500));
    desktop.keys_up(&HOTKEY_UP)?;
    let last = app.wait_last(desktop, &before)?;
    ensure!(last["text"] == "", "{last}");
    ensure!(app.status(desktop)?["problem"]["code"] == "TT-AUDIO-104", "{}", app.status(desktop)?);
    Ok(())
}

/// Standing still costs the connection to the sound server: what waited there is gone, what comes after must not be.
fn a_frozen_app(desktop: &Desktop, app: &mut App) -> Result<()> {
    step("the app stands still while somebody speaks: what is said afterwards is heard");
    let before = app.status(desktop)?;
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    let mut voice = desktop.command("paplay");
    voice.args(["-d", "voice", &jfk().display().to_string()]);
    let mut voice = Running::start(&mut voice, &desktop.path("logs/paplay.log"))?;
    // About the middle of the sentence, in a pause between two words.
    std::thread::sleep(Duration::from_secs(4));
    app.running()?.signal(rustix::process::Signal::STOP)?;
    std::thread::sleep(Duration::from_millis(400));
    app.running()?.signal(rustix::process::Signal::CONT)?;
    voice.wait_end(Duration::from_secs(20))?;
    desktop.keys_up(&HOTKEY_UP)?;
    let last = app.wait_last(desktop, &before)?;
    let text = last["text"].as_str().unwrap_or_default();
    ensure!(error_rate(JFK, text) <= 0.35 && text.contains("do for your country"), "{last}");
    Ok(())
}

fn a_crash_of_the_app(desktop: &Desktop, app: &mut App) -> Result<()> {
    step("the app is killed while recording: the words are in the history after the next start");
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&jfk())?;
    let worker = app.status(desktop)?["workers"][0]["pid"].as_u64().context("a worker")?;
    app.running()?.signal(rustix::process::Signal::KILL)?;
    app.running()?.wait_end(Duration::from_secs(5))?;
    desktop.keys_up(&HOTKEY_UP)?;
    wait_for("the orphaned worker to end", Duration::from_secs(5), || {
        Ok((!Path::new(&format!("/proc/{worker}")).exists()).then_some(()))
    })?;
    app.start(desktop)?;
    let found = wait_for("the recovered words", Duration::from_secs(60), || {
        let rows: Value =
            serde_json::from_str(&app.tonny_ok(desktop, &["--json", "history", "list", "--limit", "1"])?)?;
        Ok((rows[0]["recovered"] == true && rows[0]["state"] == "kept").then(|| rows[0].clone()))
    })?;
    let rate = error_rate(JFK, found["text"].as_str().unwrap_or_default());
    ensure!(rate <= 0.1, "{found}");
    Ok(())
}

fn a_lost_microphone(desktop: &Desktop, app: &App) -> Result<()> {
    step("the microphone goes away while recording: what was said is kept");
    let before = app.status(desktop)?;
    desktop.keys_down(&HOTKEY)?;
    app.wait_state(desktop, "recording")?;
    desktop.play(&jfk())?;
    desktop.stop_sound()?;
    let last = app.wait_last(desktop, &before)?;
    desktop.keys_up(&HOTKEY_UP)?;
    ensure!(error_rate(JFK, last["text"].as_str().unwrap_or_default()) <= 0.1, "{last}");
    step("no microphone at all");
    let _ = app.tonny(desktop, &["ctl", "press"])?;
    let told = |status: &Value| {
        status["problem"]["code"].as_str().is_some_and(|code| code.starts_with("TT-AUDIO-10"))
    };
    app.wait_status(desktop, "the missing microphone to be told", Duration::from_secs(15), told)?;
    let doctor = app.tonny(desktop, &["doctor"])?;
    ensure!(
        String::from_utf8_lossy(&doctor.stdout).contains("FAIL microphone"),
        "{}",
        String::from_utf8_lossy(&doctor.stdout)
    );
    Ok(())
}

/// Without a sound server a microphone belongs to one program at a time. The kernel of a test machine has no sound card,
/// so the library that opens one is made to answer as it does when another program was first.
fn a_busy_microphone(desktop: &Desktop, build: &Build) -> Result<()> {
    step("a microphone that another program has");
    let (source, library) = (desktop.path("busy.c"), desktop.path("busy.so"));
    std::fs::write(
        &source,
        "int snd_pcm_open(void **pcm, const char *name, int stream, int mode) { return -16; }",
    )?;
    desktop.run("cc", &["-shared", "-fPIC", "-o", &library.to_string_lossy(), &source.to_string_lossy()])?;
    let mut app = App::with_model(desktop, build, "busy")?;
    app.launch_with(desktop, &[("LD_PRELOAD", &library.to_string_lossy())])?;
    app.wait_worker(desktop, "ready")?;
    let _ = app.tonny(desktop, &["ctl", "press"])?;
    app.wait_status(desktop, "the busy microphone to be told", Duration::from_secs(15), |status| {
        status["problem"]["code"] == "TT-AUDIO-102"
    })?;
    app.quit(desktop)
}

fn step(name: &str) {
    println!("- {name}");
}
