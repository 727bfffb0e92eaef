//! L1: a million lines a second.

use std::time::Duration;

use anyhow::Result;

use super::bench::{Bench, Report, flooder, held, mib, report, resident, roomy};
use crate::reliability::{Outcome, Size};

pub const LINES_PER_SECOND: u64 = 1_000_000;

pub fn lossless(size: Size) -> Outcome {
    Outcome::of_async(|| measure(size.pick(Duration::from_secs(1), Duration::from_secs(10))))
}

async fn measure(length: Duration) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::new(roomy(&folder.path().join("logs")))?;
    let path = folder.path().join("report");
    let before = resident();
    let handle = bench.launch(flooder(LINES_PER_SECOND / 2, length, &path)?)?;
    let mut most = before;
    let said: Report = report(&path, || most = most.max(resident())).await?;
    handle.close().await?;
    bench.supervisor.flush_logs().await;
    let dropped = bench.dropped();
    let held = held(&bench.limits).await?;
    let lost = said.lines().saturating_sub(held.lines);
    let rate = said.lines() as f64 / length.as_secs_f64();
    let grown = mib(most.saturating_sub(before));
    let quick = rate >= 0.99 * LINES_PER_SECOND as f64;
    let whole = lost == 0 && held.wrong == 0 && grown <= 32.0;
    let in_time = quick && said.p99_ms <= 1.0 && said.worst_ms <= 10.0;
    let text = format!(
        "{:.2} M lines/s for {} s, {lost} lost ({dropped} counted), {} wrong; write() p99 {:.3} ms, max {:.1} ms; app +{grown:.1} MiB",
        rate / 1e6,
        length.as_secs(),
        held.wrong,
        said.p99_ms,
        said.worst_ms,
    );
    Ok(Outcome::timed(whole, in_time, text))
}
