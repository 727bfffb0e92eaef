//! How much was said, day by day, and how well it went: for the window's Statistics and `tonny history stats`.
//!
//! A day is the user's: it begins when their clocks say so, which summer time moves. Zones are the platform's to know; here
//! is only a function that says how far the clocks are ahead of UTC at a moment.

use serde::{Deserialize, Serialize};
use tonny_store::{By, Day, Store, StoreError, Totals};

use crate::history_files::Offset;
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

/// Counts the days that end with the one `now_ms` is in, each from one midnight of the user's clocks to the next.
pub async fn view(
    store: &Store,
    query: &StatisticsQuery,
    offset: Offset,
    now_ms: i64,
) -> Result<StatisticsView, Problem> {
    let failed = |error| crate::store_problem(&error);
    let today = (now_ms + offset_ms(offset, now_ms)).div_euclid(DAY_MS);
    let first = today + 1 - i64::from(query.days.clamp(1, MOST_DAYS));
    let midnights: Vec<i64> = (first..=today + 1).map(|day| midnight(day, offset)).collect();
    let (since, until) = (midnights[0], midnights[midnights.len() - 1]);
    let statistics = store.statistics();
    let totals = statistics.totals(since, until).await.map_err(failed)?;
    let days = counted(store, first, &midnights).await.map_err(failed)?;
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

fn offset_ms(offset: Offset, at_ms: i64) -> i64 {
    i64::from(offset(at_ms).whole_seconds()) * 1_000
}

/// The first moment of a day on the user's clocks, UTC milliseconds; `day` counts from 1970.
fn midnight(day: i64, offset: Offset) -> i64 {
    let on_the_clock = day.saturating_mul(DAY_MS);
    // Clocks change at most once within the two days around it: one of the two offsets is the right one.
    let around =
        [on_the_clock - DAY_MS, on_the_clock + DAY_MS].map(|at| on_the_clock - offset_ms(offset, at));
    let is_that_day = |at: &i64| at + offset_ms(offset, *at) >= on_the_clock;
    // The later one where a midnight comes twice, the end of the gap where there is none.
    around.into_iter().filter(is_that_day).min().unwrap_or(around[0].max(around[1]))
}

/// The days of which each begins at its midnight and ends at the next one. Days of 24 hours that follow each other are
/// asked for together; one of 23 or 25 is a question of its own, as only a change of the clocks makes one.
async fn counted(store: &Store, first: i64, midnights: &[i64]) -> Result<Vec<Day>, StoreError> {
    let (mut days, mut at) = (Vec::new(), 0);
    while at + 1 < midnights.len() {
        let whole = midnights[at..].windows(2).take_while(|pair| pair[1] - pair[0] == DAY_MS).count();
        let end = at + whole.max(1);
        let (since, until, day) = (midnights[at], midnights[end], first + at as i64);
        if whole > 0 {
            days.extend(store.statistics().days(since, until, day * DAY_MS - since).await?);
        } else {
            let Totals { utterances, words, audio_ms, .. } = store.statistics().totals(since, until).await?;
            days.push(Day { day, utterances, words, audio_ms });
        }
        at = end;
    }
    Ok(days)
}

fn day(number_of_day: i64, days: &[Day]) -> DayView {
    let there = days.binary_search_by_key(&number_of_day, |day| day.day).ok().and_then(|at| days.get(at));
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
    use time::UtcOffset;

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
        let seen = view(&store, &StatisticsQuery { days: 3 }, |_| hours(1), now).await.expect("counted");
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
        let west = view(&store, &StatisticsQuery { days: 3 }, |_| hours(-1), now).await.expect("counted");
        assert_eq!(west.days[0].words, 3, "an hour west of UTC it was the day before");
        let empty = Store::in_memory().await.expect("store");
        let none = view(&empty, &StatisticsQuery { days: 0 }, |_| hours(0), now).await.expect("counted");
        assert_eq!((none.days.len(), none.words_per_minute, none.success), (1, None, None));
    }

    fn hours(hours: i8) -> UtcOffset {
        UtcOffset::from_hms(hours, 0, 0).expect("an offset")
    }

    fn at(text: &str) -> i64 {
        crate::history_files::utc_ms(text).expect("a time")
    }

    /// Berlin in 2026: an hour ahead, two from the last Sunday of March to the last of October, changed at 01:00 UTC.
    fn berlin(at_ms: i64) -> UtcOffset {
        let summer = at("2026-03-29T01:00:00Z")..at("2026-10-25T01:00:00Z");
        hours(if summer.contains(&at_ms) { 2 } else { 1 })
    }

    /// A zone whose clocks change at midnight: there is no 00:30 on March 29, and October 24 has 23:30 twice.
    fn at_midnight(at_ms: i64) -> UtcOffset {
        let summer = at("2026-03-29T00:00:00Z")..at("2026-10-24T23:00:00Z");
        hours(i8::from(summer.contains(&at_ms)))
    }

    #[test]
    fn a_day_begins_when_the_clocks_say_so() {
        let begins = |date: &str, offset: Offset| {
            let day = at(date).div_euclid(DAY_MS);
            crate::history_files::rfc3339(midnight(day, offset))
        };
        let days: [(&str, Offset, &str); 9] = [
            ("2026-03-28", berlin, "2026-03-27T23:00:00Z"),
            ("2026-03-29", berlin, "2026-03-28T23:00:00Z"),
            ("2026-03-30", berlin, "2026-03-29T22:00:00Z"),
            ("2026-10-25", berlin, "2026-10-24T22:00:00Z"),
            ("2026-10-26", berlin, "2026-10-25T23:00:00Z"),
            ("2026-03-29", at_midnight, "2026-03-29T00:00:00Z"),
            ("2026-03-30", at_midnight, "2026-03-29T23:00:00Z"),
            ("2026-10-24", at_midnight, "2026-10-23T23:00:00Z"),
            ("2026-10-25", at_midnight, "2026-10-25T00:00:00Z"),
        ];
        for (date, offset, begin) in days {
            assert_eq!(begins(date, offset), begin, "{date}");
        }
    }

    #[tokio::test]
    async fn around_a_change_of_the_clocks_everything_is_counted_once_and_on_its_day() {
        // The minute before and after each midnight, in local time: two words on the old day, one on the new.
        const SAID: &str = "id,timestamp,text,state,audio_ms\n\
            a,2026-10-23T21:59:00Z,one two,delivered,1000\n\
            b,2026-10-23T22:01:00Z,one,delivered,1000\n\
            c,2026-10-24T21:59:00Z,one two,delivered,1000\n\
            d,2026-10-24T22:01:00Z,one,delivered,1000\n\
            e,2026-10-25T22:59:00Z,one two,delivered,1000\n\
            f,2026-10-25T23:01:00Z,one,delivered,1000\n";
        let store = Store::in_memory().await.expect("store");
        let Ok(Imported::Utterances(rows)) = read(SAID) else { panic!("rows") };
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        store.utterances().import(&rows).await.expect("imported");
        let now = at("2026-10-26T12:00:00Z");
        let seen = view(&store, &StatisticsQuery { days: 4 }, berlin, now).await.expect("counted");
        let days: Vec<_> = seen.days.iter().map(|day| (day.date.as_str(), day.words)).collect();
        assert_eq!(
            days,
            [("2026-10-23", 2), ("2026-10-24", 3), ("2026-10-25", 3), ("2026-10-26", 1)],
            "the 25th has 25 hours"
        );
        assert_eq!((seen.utterances, seen.words), (6, 9.0));
    }
}
