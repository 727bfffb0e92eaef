//! How much was said, day by day, and how well it went: for the window's Statistics and `tonny history stats`.

use serde::{Deserialize, Serialize};
use tonny_store::{By, Day, Store};

use crate::problem::Problem;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A chart of more days shows nothing any more.
const MOST_DAYS: u32 = 3_660;

/// Which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct StatisticsQuery {
    /// So many, today the last of them.
    pub days: u32,
    /// Minutes that the user's clock is ahead of UTC: a day begins at the user's midnight.
    pub offset_min: i32,
}

/// What there is in those days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct StatisticsView {
    /// Every day of the span, the oldest first, also those on which nothing was said.
    pub days: Vec<DayView>,
    /// Utterances in all.
    pub utterances: u32,
    /// Words in all.
    pub words: f64,
    /// Minutes of speech in all.
    pub minutes: f64,
    /// Words in a minute of speech; absent where nothing was said.
    pub words_per_minute: Option<f64>,
    /// Of those that were to go somewhere, the share that arrived, 0 to 1; cancelled ones do not count.
    pub success: Option<f64>,
    /// Which engines heard them, the busiest first.
    pub engines: Vec<Share>,
    /// Which models heard them, the busiest first.
    pub models: Vec<Share>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct DayView {
    /// As `2026-11-21`.
    pub date: String,
    /// Utterances.
    pub utterances: u32,
    /// Words.
    pub words: u32,
    /// Minutes of speech.
    pub minutes: f64,
}

/// A part of the whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Share {
    /// Of what.
    pub name: String,
    /// How many utterances.
    pub count: u32,
    /// 0 to 1.
    pub share: f64,
}

/// Counts the days that end with the one `now_ms` is in.
pub async fn view(store: &Store, query: &StatisticsQuery, now_ms: i64) -> Result<StatisticsView, Problem> {
    let failed = |error| crate::store_problem(&error);
    let offset_ms = i64::from(query.offset_min.clamp(-24 * 60, 24 * 60)) * 60_000;
    let today = (now_ms + offset_ms).div_euclid(DAY_MS);
    let first = today + 1 - i64::from(query.days.clamp(1, MOST_DAYS));
    let (since, until) = (first * DAY_MS - offset_ms, (today + 1) * DAY_MS - offset_ms);
    let statistics = store.statistics();
    let totals = statistics.totals(since, until).await.map_err(failed)?;
    let days = statistics.days(since, until, offset_ms).await.map_err(failed)?;
    let states = statistics.counts(By::State, since, until).await.map_err(failed)?;
    let minutes = totals.audio_ms as f64 / 60_000.0;
    Ok(StatisticsView {
        days: (first..=today).map(|number| day(number, &days)).collect(),
        utterances: number(totals.utterances),
        words: totals.words as f64,
        minutes,
        words_per_minute: (totals.words > 0 && minutes > 0.0).then(|| totals.words as f64 / minutes),
        success: success(&states),
        engines: shares(statistics.counts(By::Engine, since, until).await.map_err(failed)?),
        models: shares(statistics.counts(By::Model, since, until).await.map_err(failed)?),
    })
}

fn day(number_of_day: i64, days: &[Day]) -> DayView {
    let there = days.iter().find(|day| day.day == number_of_day);
    let midnight = crate::history_files::rfc3339(number_of_day.saturating_mul(DAY_MS));
    DayView {
        date: midnight.get(..10).unwrap_or_default().to_owned(),
        utterances: there.map_or(0, |day| number(day.utterances)),
        words: there.map_or(0, |day| number(day.words)),
        minutes: there.map_or(0.0, |day| day.audio_ms as f64 / 60_000.0),
    }
}

fn success(states: &[(String, i64)]) -> Option<f64> {
    let of = |state: &str| states.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
    let all = of("delivered") + of("kept") + of("failed");
    (all > 0).then(|| of("delivered") as f64 / all as f64)
}

fn shares(mut counts: Vec<(String, i64)>) -> Vec<Share> {
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let share = |(name, count): (String, i64)| Share {
        name,
        count: number(count),
        share: count as f64 / all.max(1) as f64,
    };
    counts.into_iter().map(share).collect()
}

fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history_files::{Imported, read};

    const SAID: &str = "id,timestamp,text,state,engine,model,audio_ms\n\
        a,2026-11-19T23:30:00Z,one two three,delivered,embedded,tiny,2000\n\
        b,2026-11-21T10:00:00Z,four,delivered,embedded,base,1000\n\
        c,2026-11-21T11:00:00Z,five six,kept,remote,tiny,3000\n\
        d,2026-11-21T12:00:00Z,,cancelled,remote,tiny,0\n\
        e,2026-10-01T12:00:00Z,long ago,delivered,old,old,9000\n";

    #[tokio::test]
    async fn days_begin_at_the_users_midnight_and_silent_ones_are_there() {
        let store = Store::in_memory().await.expect("store");
        let Ok(Imported::Utterances(rows)) = read(SAID) else { panic!("rows") };
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        store.utterances().import(&rows).await.expect("imported");
        let now = crate::history_files::utc_ms("2026-11-21T20:00:00Z").expect("a time");
        let seen = view(&store, &StatisticsQuery { days: 3, offset_min: 60 }, now).await.expect("counted");
        let days: Vec<_> =
            seen.days.iter().map(|day| (day.date.as_str(), day.utterances, day.words)).collect();
        assert_eq!(days, [("2026-11-19", 0, 0), ("2026-11-20", 1, 3), ("2026-11-21", 3, 3)]);
        assert_eq!((seen.utterances, seen.words, seen.minutes), (4, 6.0, 0.1));
        assert_eq!((seen.words_per_minute, seen.success), (Some(60.0), Some(2.0 / 3.0)));
        let named =
            |shares: &[Share]| shares.iter().map(|one| (one.name.clone(), one.count)).collect::<Vec<_>>();
        assert_eq!(named(&seen.engines), [("embedded".to_owned(), 2), ("remote".to_owned(), 2)]);
        assert_eq!(named(&seen.models), [("tiny".to_owned(), 3), ("base".to_owned(), 1)]);
        assert_eq!(seen.models[0].share, 0.75);
        let east = view(&store, &StatisticsQuery { days: 3, offset_min: -60 }, now).await.expect("counted");
        assert_eq!(east.days[0].words, 3, "an hour west of UTC it was the day before");
        let empty = Store::in_memory().await.expect("store");
        let none = view(&empty, &StatisticsQuery { days: 0, offset_min: 0 }, now).await.expect("counted");
        assert_eq!((none.days.len(), none.words_per_minute, none.success), (1, None, None));
    }
}
