//! `make bench`: measures what docs/benchmarks.md promises on this machine and writes that page.
//!
//! Nothing here fails a test run: a number that is not met is written down as it is.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use tonny_tests::app::{App, Build, HOTKEY, HOTKEY_UP};
use tonny_tests::bench::{Report, assistant, percentile, processes, window};
use tonny_tests::desktop::Desktop;
use tonny_tests::speech::jfk;
use tonny_tests::target::{Kind, Target};
use tonny_tests::wait_for;
use tonny_tests::words::words;

/// About five seconds when espeak-ng says it.
const SENTENCE: &str =
    "Please send the report to the office before noon, and thank everybody for the good work.";

/// Dictations per measurement.
const RUNS: usize = 20;

/// How long the idle app is watched.
const IDLE: Duration = Duration::from_secs(60);

/// Length of the long file.
const LONG: Duration = Duration::from_secs(30 * 60);

/// The long file is heard some thirty times faster than it was spoken: this covers its first minutes.
const EARLY: Duration = Duration::from_secs(5);

#[derive(Parser)]
struct Arguments {
    /// Folder of the built programs.
    #[arg(long)]
    bin: PathBuf,
    /// A TONNYTRAY_HOME with the default model.
    #[arg(long)]
    models: PathBuf,
    /// The page to write.
    #[arg(long)]
    out: PathBuf,
    /// Only the rows of the window with a million utterances, shown and not written.
    #[arg(long)]
    window: bool,
    /// Only the rows of the assistant, shown and not written.
    #[arg(long)]
    assistant: bool,
}

fn main() -> Result<()> {
    let Arguments { bin, models, out, window: only_window, assistant: only_assistant } = Arguments::parse();
    let build = Build { bin, models };
    let mut report = Report::new()?;
    let mut desktop = Desktop::start()?;
    if only_window {
        window::measure(&desktop, &build, &mut report)?;
        println!("{}", report.page());
        return Ok(());
    }
    if only_assistant {
        assistant::measure(&desktop, &build, &mut report)?;
        println!("{}", report.page());
        return Ok(());
    }
    version(&desktop, &build, &mut report)?;
    start_to_tray(&desktop, &build, &mut report)?;
    let mut app = App::with_model(&desktop, &build, "bench")?;
    app.start(&desktop)?;
    idle(&app, &desktop, &mut report)?;
    release_to_text(&mut desktop, &app, &mut report)?;
    early_word(&mut desktop, &app, &mut report)?;
    app.quit(&desktop)?;
    long_file(&desktop, &build, &mut report)?;
    // What is measured already stays, however the window's million utterances go.
    std::fs::write(&out, report.page())?;
    window::measure(&desktop, &build, &mut report)?;
    std::fs::write(&out, report.page())?;
    assistant::measure(&desktop, &build, &mut report)?;
    std::fs::write(&out, report.page())?;
    println!("{}", report.page());
    Ok(())
}

fn version(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    let tonny = build.bin.join("tonny");
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        desktop.run(&tonny.display().to_string(), &["--version"])?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    report.row("`tonny --version`, p50", "ms", percentile(&mut times, 50), Some(15.0), "20 runs");
    Ok(())
}

fn start_to_tray(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for run in 0..5 {
        let mut app = App::with_model(desktop, build, &format!("start-{run}"))?;
        let start = Instant::now();
        app.launch(desktop)?;
        wait_for("the tray icon", Duration::from_secs(20), || {
            let found = desktop.run("xdotool", &["search", "--class", "tonnytray"]).unwrap_or_default();
            Ok((!found.trim().is_empty()).then_some(()))
        })?;
        times.push(start.elapsed().as_secs_f64());
        app.wait_worker(desktop, "ready")?;
        app.quit(desktop)?;
    }
    report.row("start to tray icon, p50", "s", percentile(&mut times, 50), Some(0.4), "5 starts, warm disk");
    Ok(())
}

fn idle(app: &App, desktop: &Desktop, report: &mut Report) -> Result<()> {
    let worker = app.wait_worker(desktop, "ready")?["workers"][0]["pid"].as_u64().context("a worker")? as u32;
    let main = app.pid().context("running")?;
    // The start's own work is over when the engine is ready; half a minute lets lazily freed memory settle.
    std::thread::sleep(Duration::from_secs(30));
    let (cpu_main, cpu_worker) = (processes::cpu_seconds(main)?, processes::cpu_seconds(worker)?);
    std::thread::sleep(IDLE);
    let used = processes::cpu_seconds(main)? - cpu_main + processes::cpu_seconds(worker)? - cpu_worker;
    report.row(
        "idle: CPU of app and worker",
        "% of a core",
        used / IDLE.as_secs_f64() * 100.0,
        Some(0.2),
        "60 s",
    );
    report.row("idle: app, PSS", "MB", processes::pss_mb(main)?, Some(80.0), "in the tray, no window");
    report.row("idle: speech worker, PSS", "MB", processes::pss_mb(worker)?, Some(200.0), "whisper-tiny.en");
    let views = processes::descendants(main)?.into_iter().filter(|name| name.contains("WebKit")).count();
    report.row("idle: web view processes", "", views as f64, Some(0.0), "");
    Ok(())
}

fn release_to_text(desktop: &mut Desktop, app: &App, report: &mut Report) -> Result<()> {
    let target = Target::open(desktop, Kind::Gtk)?;
    let voice = desktop.say_to_file(SENTENCE, "bench")?;
    let (mut text, mut first, mut sent, mut words_after, mut insert) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..RUNS {
        target.focus(desktop)?;
        let before = app.status(desktop)?;
        let so_far = target.text(desktop)?.len();
        desktop.keys_down(&HOTKEY)?;
        app.wait_state(desktop, "recording")?;
        desktop.play(&voice)?;
        let released = Instant::now();
        desktop.keys_up(&HOTKEY_UP)?;
        wait_for("the words in the window", Duration::from_secs(20), || {
            Ok((target.text(desktop)?.len() > so_far).then_some(()))
        })?;
        text.push(released.elapsed().as_secs_f64());
        let last = app.wait_last(desktop, &before)?;
        let stage = |name: &str| last["timings_ms"][name].as_f64().unwrap_or(f64::NAN);
        first.push(stage("first_sample"));
        sent.push(stage("last_audio") - stage("release"));
        words_after.push(stage("final_text") - stage("last_audio"));
        insert.push(stage("delivered") - stage("final_text"));
    }
    report.row(
        "release of the key to text in the window, p50",
        "s",
        percentile(&mut text, 50),
        Some(0.5),
        "20 runs, 5 s sentence, keys by xdotool",
    );
    report.row("the same, p95", "s", percentile(&mut text, 95), None, "");
    report.row(
        "of it: release to last audio sent, p50",
        "ms",
        percentile(&mut sent, 50),
        None,
        "the microphone's own latency",
    );
    report.row("of it: last audio to final text, p50", "ms", percentile(&mut words_after, 50), None, "");
    report.row(
        "of it: final text to delivered, p50",
        "ms",
        percentile(&mut insert, 50),
        None,
        "waits until the hotkey's keys are up",
    );
    report.row("press to first sample, p95", "ms", percentile(&mut first, 95), Some(150.0), "20 runs");
    Ok(())
}

/// A voice that begins 200 ms after the press must be heard from its first word.
fn early_word(desktop: &mut Desktop, app: &App, report: &mut Report) -> Result<()> {
    let target = Target::open(desktop, Kind::Gtk)?;
    let voice = desktop.say_to_file("Monday is the day of the meeting.", "early")?;
    let mut heard = 0;
    for _ in 0..5 {
        target.focus(desktop)?;
        let before = app.status(desktop)?;
        desktop.keys_down(&HOTKEY)?;
        std::thread::sleep(Duration::from_millis(200));
        desktop.play(&voice)?;
        desktop.keys_up(&HOTKEY_UP)?;
        let last = app.wait_last(desktop, &before)?;
        heard += usize::from(
            words(last["text"].as_str().unwrap_or_default()).first().is_some_and(|word| word == "monday"),
        );
    }
    report.row(
        "first word heard when spoken 200 ms after the press",
        "of 5",
        heard as f64,
        None,
        "all 5 wanted",
    );
    Ok(())
}

/// Half an hour of speech: the worker must not grow.
fn long_file(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    let app = App::with_model(desktop, build, "long")?;
    let file = desktop.path("long.wav");
    let mut reader = hound::WavReader::open(jfk())?;
    let spec = reader.spec();
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>()?;
    let mut writer = hound::WavWriter::create(&file, spec)?;
    let mut length = 0;
    while length < LONG.as_secs() * u64::from(spec.sample_rate) {
        for sample in samples.iter().copied().chain(std::iter::repeat_n(0, spec.sample_rate as usize)) {
            writer.write_sample(sample)?;
        }
        length += samples.len() as u64 + u64::from(spec.sample_rate);
    }
    writer.finalize()?;
    let out = std::fs::File::create(desktop.path("long.txt"))?;
    let mut command = app.command(desktop, "tonny");
    command.args(["transcribe", &file.display().to_string()]).stdout(out).stderr(std::process::Stdio::null());
    let start = Instant::now();
    let mut running = tonny_tests::process::Running::start_with_pipes(&mut command)?;
    let (mut early, mut late) = (0.0_f64, 0.0_f64);
    while !running.has_ended()? {
        if let Some(worker) = processes::child_named(running.pid(), "tonny-speech")? {
            let now = processes::rss_mb(worker).unwrap_or(0.0);
            if start.elapsed() < EARLY { early = early.max(now) } else { late = late.max(now) }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    let took = start.elapsed().as_secs_f64();
    report.row("30 minutes of speech through `tonny transcribe`", "s", took, None, "");
    report.row(
        "its worker's largest memory against that of its first 5 s",
        "x",
        late.max(early) / early.max(1.0),
        Some(1.5),
        &format!("{early:.0} MB in the first 5 s, which cover the first minutes of speech"),
    );
    Ok(())
}
