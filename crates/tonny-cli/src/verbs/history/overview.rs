//! `tonny history stats` and `tonny history activity`: how much was said, and what was done.

use tonny_core::Store;
use tonny_core::activity::{self, ActivityEntry, ActivityQuery};
use tonny_core::history_files::{local, utc_ms};
use tonny_core::ports::Clock as _;
use tonny_core::problem::Problem;
use tonny_core::statistics::{self, Share, StatisticsQuery, StatisticsView};
use tonny_platform::clock::SystemClock;
use tonny_platform::zone::local_offset;

use crate::face::Face;

/// The longest bar of the chart, characters.
const BAR: f64 = 30.0;

pub async fn stats(face: &Face, store: &Store, days: u32) -> Result<(), Problem> {
    let now_ms = SystemClock.utc().unix_timestamp() * 1_000;
    let view = statistics::view(store, &StatisticsQuery { days }, local_offset, now_ms).await?;
    face.show(&view, || chart(&view))
}

fn chart(view: &StatisticsView) -> String {
    let most = view.days.iter().map(|day| day.words).max().unwrap_or(0).max(1);
    let bar = |words: u32| "#".repeat((f64::from(words) / f64::from(most) * BAR).ceil() as usize);
    let days = view.days.iter().filter(|day| day.utterances > 0);
    let mut lines: Vec<_> = days
        .map(|day| {
            format!("{}  {:>6} words  {:>6.1} min  {}", day.date, day.words, day.minutes, bar(day.words))
        })
        .collect();
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let known = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    lines.extend([
        format!("utterances  {} ({} words, {:.0} minutes)", view.utterances, view.words, view.minutes),
        format!(
            "speed       {}",
            known(view.words_per_minute.map(|speed| format!("{speed:.0} words a minute")))
        ),
        format!("arrived     {}", known(view.success.map(percent))),
    ]);
    for (name, shares) in [("engine", &view.engines), ("model", &view.models)] {
        let line = |one: &Share| format!("{name:<11} {} ({}, {})", one.name, one.count, percent(one.share));
        lines.extend(shares.iter().map(line));
    }
    lines.join("\n")
}

pub async fn activity(face: &Face, store: &Store, query: ActivityQuery) -> Result<(), Problem> {
    let page = activity::list(store, &query).await?;
    face.show(&page.rows, || {
        if page.rows.is_empty() {
            return "Nothing was done yet, or nothing fits.".to_owned();
        }
        page.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn line(row: &ActivityEntry) -> String {
    let at = utc_ms(&row.at).map_or_else(|| row.at.clone(), |ms| local(ms, local_offset));
    let how = row.error_code.as_deref().unwrap_or(if row.success { "" } else { "failed" });
    let parts = [row.subject.as_deref().unwrap_or_default(), row.detail.as_deref().unwrap_or_default(), how];
    let rest = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    format!("{at}  {:<20} {rest}", row.action).trim_end().replace('\n', " ")
}
