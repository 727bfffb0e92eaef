//! `tonny ledger`: what left this machine, request by request or added up by day and host.

use tonny_core::assistant::{LedgerDay, LedgerView, ledger_days, ledger_page};
use tonny_core::problem::Problem;
use tonny_platform::{clock::SystemClock, zone};

use tonny_core::ports::Clock as _;

use crate::arguments::Ledger;
use crate::face::Face;

pub fn run(face: &Face, wish: &Ledger) -> Result<(), Problem> {
    face.block_on(async {
        let store = face.store().await?;
        if let Some(days) = wish.days {
            let now = SystemClock.utc();
            let now_ms = now.unix_timestamp() * 1_000;
            let offset_ms = i64::from(zone::local_offset(now_ms).whole_seconds()) * 1_000;
            let sums = ledger_days(&store, now_ms, days, offset_ms).await?;
            return face.show(&sums, || nothing_or(sums.iter().map(day).collect()));
        }
        let page = ledger_page(&store, wish.before.as_deref(), wish.limit).await?;
        face.show(&page, || nothing_or(page.rows.iter().map(row).collect()))
    })
}

fn nothing_or(lines: Vec<String>) -> String {
    if lines.is_empty() { "Nothing left this machine.".to_owned() } else { lines.join("\n") }
}

fn row(row: &LedgerView) -> String {
    let cost = row.cost.map_or_else(|| "price unknown".to_owned(), |cost| format!("${cost:.6}"));
    let end = match (&row.code, row.is_sent) {
        _ if row.is_open => "under way".to_owned(),
        (None, _) => "answered".to_owned(),
        (Some(code), true) => code.clone(),
        (Some(code), false) => format!("not sent ({code} {})", row.rules.join(", ")),
    };
    let masked = if row.is_sent && !row.rules.is_empty() {
        format!("  masked: {}", row.rules.join(", "))
    } else {
        String::new()
    };
    format!(
        "{}  {:<9} {:<28} {:<30} {:>8} B out {:>8} B in  {cost}  {end}{masked}",
        row.at, row.purpose, row.host, row.model, row.bytes_out, row.bytes_in
    )
}

fn day(day: &LedgerDay) -> String {
    let unknown = if day.unknown_costs > 0 {
        format!(" + {} without a price", day.unknown_costs)
    } else {
        String::new()
    };
    format!(
        "{}  {:<28} {} sent, {} failed, {} refused  {} B out, {} B in  ${:.6}{unknown}",
        day.day, day.host, day.sent, day.failed, day.refused, day.bytes_out, day.bytes_in, day.cost
    )
}
