//! L5: the last words of workers that die in the middle of a sentence.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tonny_supervisor::{LastOutput, Phase, RecordKind, Spec};

use super::bench::{Bench, roomy};
use crate::reliability::{Outcome, Size};

const PATIENCE: Duration = Duration::from_secs(30);
/// What is kept of a stream.
const KEPT: usize = 64 * 1024;
/// More than that, on both.
const LINES: usize = 5_000;

pub fn last_words(size: Size) -> Outcome {
    Outcome::of_async(|| measure(size.pick(50, 500)))
}

async fn measure(tries: usize) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::new(roomy(&folder.path().join("logs")))?;
    let (mut whole, mut slowest) = (0, Duration::ZERO);
    for number in 0..tries {
        let (signal, held) = (["KILL", "SEGV", "ABRT"][number % 3], number % 4 == 0);
        let (said, restart) =
            end(&mut bench, number, signal, held).await.with_context(|| format!("try {number}"))?;
        whole += usize::from(is_whole(&said.stdout_tail, "out") && is_whole(&said.stderr_tail, "err"));
        slowest = slowest.max(restart);
    }
    let text = format!(
        "{whole} of {tries} whole; exit to the next decision at most {:.1} ms, in a quarter of them with a descendant that holds \
         the pipes",
        slowest.as_secs_f64() * 1e3
    );
    Ok(Outcome::timed(whole == tries, slowest <= Duration::from_millis(100), text))
}

/// One worker that says much, then its last words, then dies; what the incident says, and how long the supervisor took to
/// decide from the moment the worker noted last.
async fn end(bench: &mut Bench, number: usize, signal: &str, held: bool) -> Result<(LastOutput, Duration)> {
    // A descendant in a session of its own; the keeper ends it, which is when the pipes close.
    let holds = if held { "setsid sleep 3 & " } else { "" };
    let script = format!(
        "echo '{{}}'; {holds}seq -f 'out line number %06g' 1 {LINES}; seq -f 'err line number %06g' 1 {LINES} >&2; \
         echo 'out, the last words'; printf 'err, the last words' >&2; kill -{signal} $$; sleep 5"
    );
    let name = format!("dies-{number}");
    let spec = Spec { args: vec!["-c".into(), script.into()], ..Spec::new(&name, "/bin/sh") };
    let handle = bench.launch(spec)?;
    let mut state = handle.state();
    let wait = async {
        let ready = state.wait_for(|state| state.pid.is_some() && state.ready.is_some()).await?.pid;
        let pid = ready.context("a pid")?;
        gone(pid).await;
        let seen = Instant::now();
        state.wait_for(|state| state.phase != Phase::Ready).await?;
        anyhow::Ok(seen.elapsed())
    };
    let restart = tokio::time::timeout(PATIENCE, wait).await.context("it did not end")??;
    let incident = async {
        while let Some(record) = bench.records.recv().await {
            if let RecordKind::Incident(said) = record.kind
                && record.worker == name
            {
                return Ok(said);
            }
        }
        bail!("no incident")
    };
    let said = tokio::time::timeout(PATIENCE, incident).await.context("no incident in time")??;
    handle.close().await?;
    Ok((said, restart))
}

/// Until the process is no more, or a zombie that the keeper has yet to reap.
async fn gone(pid: u32) {
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    loop {
        ticks.tick().await;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])) {
            return;
        }
    }
}

/// The last words at the end, and before them every line that fits.
fn is_whole(tail: &str, stream: &str) -> bool {
    let Some(lines) = tail.strip_suffix(&format!("{stream}, the last words\n")) else { return false };
    let mut wanted = LINES;
    for line in lines.lines().rev() {
        if line != format!("{stream} line number {wanted:06}") {
            return false;
        }
        wanted -= 1;
    }
    tail.len() <= KEPT && tail.len() > KEPT - 30
}
