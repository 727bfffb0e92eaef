//! S9: an idle worker that hangs is found: stopped by a signal, or accepting and never answering.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::Signal;
use serde_json::json;
use tonny_core::engine::Programs;
use tonny_core::engine::kinds::{Site, Wanted, wanted};
use tonny_core::model::InstalledModel;
use tonny_core::settings::Settings;
use tonny_supervisor::{Cause, Phase, Spec};

use super::workers::{fake, kill, launch, ready, until};
use crate::bench::percentile;
use crate::reliability::{Outcome, Size};

/// Workers that are watched at the same time.
const AT_ONCE: usize = 10;
/// A health probe that was answered proves that probing works before the worker hangs.
const PROBED: Duration = Duration::from_millis(1700);

/// From the hang to the decision.
pub async fn found(size: Size) -> Result<Outcome> {
    let all = size.pick(20, 100);
    let mut times = Vec::new();
    for first in (0..all).step_by(AT_ONCE) {
        let tasks: Vec<_> =
            (first..(first + AT_ONCE).min(all)).map(|number| tokio::spawn(one(number))).collect();
        for task in tasks {
            times.push(task.await??);
        }
    }
    let (p50, max) = (percentile(&mut times, 50), percentile(&mut times, 100));
    let text = format!("{} of {all} found, p50 {p50:.1}, max {max:.1} s", times.len());
    Ok(Outcome::timed(true, max <= 6.0, text))
}

async fn one(number: usize) -> Result<f64> {
    let stalls_after = PROBED.as_millis().to_string();
    let is_stopped = number.is_multiple_of(2);
    let stall: &[&str] = &["--http", "--stall", "--stall-after", &stalls_after];
    let handle = launch(watched(number, if is_stopped { &["--http"] } else { stall })?)?;
    let state = ready(&handle, 1).await?;
    let since = Instant::now();
    let hung = async {
        tokio::time::sleep(PROBED).await;
        if is_stopped {
            kill(&state, Signal::STOP)?;
        }
        until(&handle, "the hang", |state| !matches!(state.phase, Phase::Ready | Phase::Busy)).await
    };
    hung.await?;
    let took = since.elapsed() - PROBED;
    let state = until(&handle, "its end", |state| state.last_exit.is_some()).await?;
    let cause = state.last_exit.map(|exit| exit.cause);
    ensure!(cause == Some(Cause::Hung), "ended for {cause:?}");
    handle.close().await?;
    Ok(took.as_secs_f64())
}

/// A fake worker that is watched as the app watches its engines, one kind after the other.
fn watched(number: usize, flags: &[&str]) -> Result<Spec> {
    let engines = engines()?;
    let engine = &engines[number / 2 % engines.len()];
    let mut spec = fake(&format!("s9-{number}"), flags)?;
    spec.health.clone_from(&engine.health);
    (spec.probe_every, spec.misses) = (engine.probe_every, engine.misses);
    Ok(spec)
}

/// The specs of every engine that the settings can ask for.
fn engines() -> Result<Vec<Spec>> {
    let described = json!([{
        "name": "mine", "program": "/opt/mine", "ready": {"log_line": "at "}, "health": "/health", "speech": true
    }]);
    let settings = Settings::default()
        .with("workers.commands", described)?
        .with("workers.llama", json!(true))?
        .with("speech.engines", json!(["embedded", "whisperlivekit", "mine"]))?;
    let engines = Some("/opt/engines".into());
    let programs = Programs { speech: "/opt/tonny-speech".into(), keeper: None, engines };
    let model = InstalledModel {
        id: settings.speech.model.clone(),
        family: "whisper".to_owned(),
        languages: Vec::new(),
        files: Vec::new(),
    };
    let wanted = wanted(&Site {
        settings: &settings,
        programs: &programs,
        installed: &[model],
        memory: None,
        language: false,
        languages: &[],
        unfit: None,
    });
    let specs: Vec<Spec> = wanted.into_iter().map(|Wanted { spec, .. }| spec).collect::<Result<_, _>>()?;
    ensure!(specs.len() == 4, "{} kinds", specs.len());
    Ok(specs)
}
