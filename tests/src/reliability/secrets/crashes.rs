//! The part of K1 where something panics while secrets are in use: what the process prints, and the crash report that the
//! app's own hook leaves behind. The victims are processes of their own (`vault-writer`), with the app's vault, log and
//! hook: nothing can be told to the product that makes it panic.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use tonny_core::problem::Problem;
use tonny_core::secrets::{Reader, Secret, Typed, check, kind};
use tonny_platform::crash::{self, About, Report};
use tonny_platform::logging;

use super::super::Size;
use super::everywhere::Searched;
use super::hunt::{Found, Hunt, canary, files};
use super::victims;
use crate::keyring::Bus;
use crate::process::finish;
use crate::programs;

/// What both victims say first, so that it is known that they had the secret.
const IN_HAND: &str = "Secret(openai)";

/// Panics of one victim with the hook, each with a report of its own.
const REPORTS: usize = 4;

/// Victims without the app's hook, then as many with it.
pub fn all(size: Size, folder: &Path) -> Result<Searched> {
    let count = size.pick(4, 20);
    let bus = Bus::with_gnome_keyring(folder)?;
    let hunt = Hunt::new((0..2 * count).map(|number| canary(5_000 + number)).collect())?;
    let mut found = Found::default();
    let mut reports = 0;
    for number in 0..2 * count {
        let with_hook = number >= count;
        let home = folder.join(format!("home-{}", if with_hook { number } else { 0 }));
        let output = victim(if with_hook { "crash" } else { "panic" }, &home, number, &bus)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains(IN_HAND), "it did not panic: {said}");
        found.look(&hunt, "a panic's text", &output.stderr);
        found.look(&hunt, "a panic's text", &output.stdout);
        if with_hook {
            reports += whole(&home.join("crashes"))?;
        }
    }
    found.look_below(&hunt, folder)?;
    let text = format!(
        "{count} panics with a secret in hand and all error chains around it, {count} processes that panic {REPORTS} \
         times each under the app's own hook: {reports} crash reports"
    );
    Ok(Searched { found, canaries: 2 * count, text })
}

fn victim(verb: &str, home: &Path, number: usize, bus: &Bus) -> Result<Output> {
    let mut command = Command::new(programs::beside("vault-writer")?);
    command.arg(verb).arg(home).arg((5_000 + number).to_string());
    command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address).env("RUST_BACKTRACE", "full");
    finish(command.stdin(Stdio::null()))
}

/// Each report is there, says where and after what, and has taken something out.
fn whole(folder: &Path) -> Result<usize> {
    let mut texts = Vec::new();
    for file in files(folder)?.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let text = std::fs::read_to_string(file)?;
        let report: Report = serde_json::from_str(&text).context("a report")?;
        ensure!(
            report.place.contains("crashes.rs") && !report.backtrace.is_empty(),
            "it says not where: {text}"
        );
        ensure!(report.log.iter().any(|line| line.contains("the provider said no")), "no last words: {text}");
        texts.push(text);
    }
    ensure!(texts.len() == REPORTS, "{} reports of {REPORTS} panics", texts.len());
    ensure!(texts.iter().any(|text| text.contains(IN_HAND)), "none of the panic with the secret in hand");
    ensure!(
        texts.iter().filter(|text| text.contains("[redacted]")).count() == REPORTS,
        "nothing was taken out"
    );
    Ok(texts.len())
}

/// The victim without a hook: a secret in every form there is, every error that can be made of it, and a panic with all
/// of them.
pub fn panic(home: &Path, number: usize) -> Result<()> {
    let (secret, chains) = in_hand(home, number)?;
    let typed = Typed::new(canary(number));
    panic!("{secret:?} {typed:?} {:?} {chains:#?}", secret.kind());
}

/// The victim with the hook: the same, and what a careless library would say, in threads that the process survives.
pub fn crash(home: &Path, number: usize) -> Result<()> {
    let (log, _written) = logging::start(&home.join("logs"), true);
    crash::watch(
        &home.join("crashes"),
        About { program: "vault-writer", version: "0", commit: "none" },
        &log,
    );
    let (secret, chains) = in_hand(home, number)?;
    let value = secret.open_for(Reader::Egress)?.to_owned();
    for chain in &chains {
        tracing::warn!(error = chain, "an error around a secret");
    }
    tracing::warn!(error = %format!("Authorization: Bearer {value}"), api_key = value, "the provider said no");
    let careless: [fn(String); REPORTS - 1] = [
        |value| panic!("the request was Authorization: Bearer {value}"),
        |value| refused(value).expect("a good key"),
        |value| panic!("{}", anyhow::anyhow!("password: {value}").context("the broker hung up")),
    ];
    for blow in careless {
        let value = value.clone();
        ensure!(std::thread::spawn(move || blow(value)).join().is_err(), "it did not panic");
    }
    panic!("{secret:?} {:?} {chains:#?}", Typed::new(value));
}

/// What a provider might say of a key, word for word.
fn refused(key: String) -> Result<(), String> {
    Err(format!("refused api_key={key} there"))
}

fn in_hand(home: &Path, number: usize) -> Result<(Secret, Vec<String>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = victims::vault(home)?;
        let typed = || Typed::new(canary(number));
        secrets.set("openai", typed(), false).await?;
        let secret = secrets.take("openai").await?;
        let mut errors: Vec<Problem> = Vec::new();
        errors.extend(secret.open_for(Reader::WorkerStart).err());
        errors.extend(kind(&canary(number)).err());
        for other in tonny_core::secrets::all() {
            errors.extend(check(other, &typed()).err());
            let broken = Typed::new(format!("{}\n", canary(number)));
            errors.extend(secrets.set(other.id, broken, false).await.err());
        }
        let chains = errors
            .into_iter()
            .map(|error| {
                format!("{error} {error:?} {:#}", anyhow::Error::from(error.clone()).context("around"))
            })
            .collect();
        Ok((secret, chains))
    })
}
