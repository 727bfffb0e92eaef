//! The assistant as a person meets it: from the release of the key to the first word of the answer, and the work that a
//! growing answer makes in its window.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Report, percentile};
use crate::app::Build;
use crate::asking::{Asking, engines};
use crate::desktop::Desktop;

/// Spoken questions.
const QUESTIONS: usize = 12;

/// Two seconds when espeak-ng says it.
const QUESTION: &str = "What is the capital of France?";

/// Every row of the assistant.
pub fn measure(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    spoken(desktop, build, report)?;
    window(report)
}

/// The real llama-server with SmolLM2 and the real window; the first question loads the model and is not counted.
fn spoken(desktop: &Desktop, build: &Build, report: &mut Report) -> Result<()> {
    let Some(engines) = engines() else { return Ok(()) };
    let asking = Asking::start(desktop, build, &engines)?;
    let file = desktop.say_to_file(QUESTION, "question")?;
    let cold = asking.speak(desktop, &file)?.as_secs_f64();
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        asking.end_answer()?;
        times.push(asking.speak(desktop, &file)?.as_secs_f64());
    }
    asking.window.close()?;
    let how = format!("{QUESTIONS} questions, SmolLM2-135M, model warm, real window");
    report.row(
        "spoken question: release to the first word of the answer on the screen, p50",
        "s",
        percentile(&mut times, 50),
        Some(1.5),
        &how,
    );
    report.row("the same, worst", "s", percentile(&mut times, 100), Some(1.5), "");
    report.row("the same, the first one, which loads the model while it is spoken", "s", cold, None, "");
    Ok(())
}

/// In Chromium, whose trace says what its main thread does; the page is the built one, with a made-up app behind it.
fn window(report: &mut Report) -> Result<()> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    // It ends with 1 where a number is missed, and has printed all of them then, too.
    let output = Command::new("node").arg("tests/pictures/chat.mjs").current_dir(&ui).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = printed.lines().find(|line| line.starts_with('{'));
    let line = line.with_context(|| format!("chat.mjs: {}", String::from_utf8_lossy(&output.stderr)))?;
    let figures: Value = serde_json::from_str(line)?;
    let number = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    let how = format!(
        "{} messages before it, {} tokens/s, {} frames, Chromium",
        figures["messages"],
        number("tokens_per_s"),
        figures["frames"]
    );
    report.row(
        "answer that streams: main thread's work in a frame, p95",
        "ms",
        number("frame_p95_ms"),
        Some(8.0),
        &how,
    );
    report.row("the same, p50", "ms", number("frame_p50_ms"), None, "");
    report.row(
        "typing meanwhile: key to its letter, p95",
        "ms",
        number("typing_p95_ms"),
        Some(50.0),
        "64 keys",
    );
    report.row(
        "scrolling 2,000 messages with the wheel: main thread's work in a frame, p95",
        "ms",
        number("scroll_frame_p95_ms"),
        Some(16.7),
        &format!("{} frames, {} px", figures["scroll_frames"], figures["scrolled_by_px"]),
    );
    report.row("the same, p50", "ms", number("scroll_frame_p50_ms"), None, "");
    let cost = |of: &str, size: &str| figures[of][size].as_f64().unwrap_or(f64::NAN);
    let by_history = cost("delta_ms_by_history", "2000") / cost("delta_ms_by_history", "10");
    report.row(
        "work of a delta after 2,000 messages against 10",
        "x",
        by_history,
        Some(1.5),
        &format!("{} ms each", cost("delta_ms_by_history", "2000")),
    );
    let by_answer = cost("delta_ms_by_answer_letters", "200000") / cost("delta_ms_by_answer_letters", "0");
    report.row(
        "work of a delta in an answer of 200,000 letters against a new one",
        "x",
        by_answer,
        Some(1.5),
        "",
    );
    Ok(())
}
