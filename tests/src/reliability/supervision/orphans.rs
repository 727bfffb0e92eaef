//! S4 and S5: nothing outlives the app. Tries by the kill harness with a fake app, in a PID namespace where this machine
//! has them.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::bench::percentile;
use crate::process::run;
use crate::programs::beside;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// As many arguments as a new PID namespace takes.
const NAMESPACE: [&str; 4] = ["--pid", "--fork", "--mount-proc", "--kill-child"];
/// A worker with a child and a grandchild.
const TREE: &[&str] = &["--children", "2", "--generations", "2"];
/// A worker with a descendant that forked twice, has its own session and no descriptors.
const ESCAPED: &[&str] = &["--escaped", "1"];

/// What a run of the harness found.
struct Found {
    tries: u64,
    orphans: Vec<Value>,
    times: Vec<f64>,
}

/// After `kill -9`: direct, with two levels of descendants, with one that escaped.
pub fn after_a_kill(size: Size) -> Result<Outcome> {
    let seed = Dice::seed();
    // A harness that finds nothing without a keeper would find nothing at all.
    let control = tries("sigkill", 1, seed, &["--no-keeper"], &["--ignore-stdin"])?;
    ensure!(control.orphans.len() == 1, "the control without a keeper left nothing behind");
    let mut direct = tries("sigkill", size.pick(100, 1000), seed, &["--early"], &[])?;
    let mut tree = tries("sigkill", size.pick(50, 500), seed, &[], TREE)?;
    let mut escaped = tries("sigkill", size.pick(20, 200), seed, &[], ESCAPED)?;
    let p99 = [&mut direct, &mut tree, &mut escaped].map(|found| percentile(&mut found.times, 99));
    let orphans = direct.orphans.len() + tree.orphans.len() + escaped.orphans.len();
    let text = format!(
        "{} orphans; direct {} tries, gone p99 {:.1} ms; tree {}, {:.1} ms; escaped {}, {:.1} ms ({}, fake app, seed {seed}){}",
        orphans,
        direct.tries,
        p99[0],
        tree.tries,
        p99[1],
        escaped.tries,
        p99[2],
        place(),
        examples(&[&direct, &tree, &escaped])
    );
    let in_time = p99[0] <= 250.0 && p99[1] <= 1000.0 && p99[2] <= 1000.0;
    Ok(Outcome::timed(orphans == 0, in_time, text))
}

/// Every way to die, and app and keeper killed together.
pub fn after_every_death(size: Size) -> Result<Outcome> {
    let seed = Dice::seed();
    let mut causes =
        vec!["sigkill", "sigterm", "sigint", "sighup", "abort", "panic", "segfault", "restart", "exec"];
    let impossible = match std::fs::create_dir_all("/sys/fs/cgroup/memory/tonny-kill-harness") {
        Ok(()) => {
            causes.push("memory");
            vec![]
        }
        Err(error) => vec![format!("the out-of-memory kill: no memory group can be made here ({error})")],
    };
    let (mut all, mut worst) = (Vec::new(), ("", 0.0));
    for cause in &causes {
        let mut found = tries(cause, size.pick(5, 50), seed, &[], TREE)?;
        let slowest = percentile(&mut found.times, 100);
        if slowest > worst.1 {
            worst = (cause, slowest);
        }
        all.push(found);
    }
    let together = tries("with-keeper", size.pick(20, 200), seed, &[], &[])?;
    let orphans: usize = all.iter().map(|found| found.orphans.len()).sum();
    let text = format!(
        "{orphans} orphans in {} causes x {} ({}), slowest gone after {:.0} ms ({}); {} of {} with the keeper killed too; {}, fake app, seed {seed}{}",
        causes.len(),
        all.first().map_or(0, |found| found.tries),
        causes.join(", "),
        worst.1,
        worst.0,
        together.orphans.len(),
        together.tries,
        place(),
        examples(&all.iter().chain([&together]).collect::<Vec<_>>()),
    );
    Ok(Outcome::measured(orphans == 0 && together.orphans.is_empty(), text).without(&impossible))
}

fn tries(cause: &str, tries: u32, seed: u64, more: &[&str], worker: &[&str]) -> Result<Found> {
    let harness = beside("kill-harness")?;
    let mut command = Command::new(if has_namespaces() { "unshare" } else { "env" });
    if has_namespaces() {
        command.args(NAMESPACE).arg("env");
    }
    // Started by nohup, or in the background of a script, the app would inherit that hang-ups and interrupts are ignored.
    command.arg("--default-signal").arg(harness);
    command.args(["--by", cause, "--tries", &tries.to_string(), "--seed", &seed.to_string()]);
    let printed = run(command.args(more).arg("--").args(worker)).with_context(|| format!("cause {cause}"))?;
    let found: Value = serde_json::from_str(printed.lines().last().unwrap_or_default())?;
    let times = found["times_ms"].as_array().context("times")?.iter().filter_map(Value::as_f64).collect();
    let orphans = found["orphans"].as_array().context("orphans")?.clone();
    let Some(tries) = found["tries"].as_u64().filter(|tries| *tries > 0) else { bail!("no tries: {found}") };
    Ok(Found { tries, orphans, times })
}

fn has_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args(NAMESPACE).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn place() -> &'static str {
    if has_namespaces() { "PID namespace" } else { "no PID namespace here: known by their command line" }
}

fn examples(found: &[&Found]) -> String {
    let orphans: Vec<String> = found.iter().flat_map(|found| &found.orphans).map(Value::to_string).collect();
    if orphans.is_empty() { String::new() } else { format!("; for example {}", orphans[0]) }
}
