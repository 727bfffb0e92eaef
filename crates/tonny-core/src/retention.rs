//! What is kept and for how long: pure decisions over times, counts and sizes. Carrying them out is `app/storage.rs`'s.

use std::collections::HashSet;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// An hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// The newest backups of all, one an hour.
const HOURLY: usize = 24;

/// The newest backup of each of so many days.
const DAILY: usize = 7;

/// Limits of one kind of thing; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Days since it was made.
    pub days: u32,
    /// How many.
    pub count: u32,
    /// Megabytes of all of them.
    pub megabytes: u32,
}

/// What to do with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Remove,
    /// It stays, but a younger one may still have to go.
    Keep,
    /// It stays, and so does everything younger.
    Enough,
}

/// A walk from the oldest to the youngest that says of each whether it goes.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    oldest_kept_ms: i64,
    surplus: u64,
    surplus_bytes: u64,
}

impl Sweep {
    /// Over `count` things of `bytes` in all.
    pub fn new(limits: Limits, now_ms: i64, count: u64, bytes: u64) -> Self {
        let over = |limit: u64, is: u64| if limit == 0 { 0 } else { is.saturating_sub(limit) };
        Self {
            oldest_kept_ms: match limits.days {
                0 => i64::MIN,
                days => now_ms.saturating_sub(i64::from(days) * DAY_MS),
            },
            surplus: over(u64::from(limits.count), count),
            surplus_bytes: over(u64::from(limits.megabytes) * 1_000_000, bytes),
        }
    }

    /// The verdict on the next older one; `busy` things are never removed.
    pub fn judge(&mut self, at_ms: i64, bytes: u64, busy: bool) -> Verdict {
        let goes = at_ms < self.oldest_kept_ms || self.surplus > 0 || self.surplus_bytes > 0;
        match (goes, busy) {
            (false, _) => Verdict::Enough,
            (true, true) => Verdict::Keep,
            (true, false) => {
                self.surplus = self.surplus.saturating_sub(1);
                self.surplus_bytes = self.surplus_bytes.saturating_sub(bytes);
                Verdict::Remove
            }
        }
    }
}

/// Whether it is time for a backup: hourly, if something changed since the newest one.
pub fn backup_is_due(newest_ms: Option<i64>, changed_ms: i64, now_ms: i64) -> bool {
    match newest_ms {
        None => true,
        // A newest one from the future is a clock that was set back: a backup too many is better than none.
        Some(newest) if newest > now_ms => true,
        Some(newest) => changed_ms > newest && now_ms - newest >= HOUR_MS,
    }
}

/// Of backups made at these times, those that go: all but the 24 newest and the newest of each of 7 days.
pub fn surplus_backups(made_ms: &[i64]) -> Vec<i64> {
    let mut newest_first = made_ms.to_vec();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let mut days = HashSet::new();
    let mut goes = Vec::new();
    for (place, at) in newest_first.into_iter().enumerate() {
        let newest_of_day = days.len() < DAILY && days.insert(at.div_euclid(DAY_MS));
        if place >= HOURLY && !newest_of_day {
            goes.push(at);
        }
    }
    goes
}

/// Free pages are worth a vacuum by itself, while nobody speaks: a quarter of the file, and more than 16 MB. A large file,
/// whose vacuum takes seconds, has to give back more than 64 MB.
pub fn vacuum_pays(bytes: i64, free_bytes: i64) -> bool {
    let enough = if bytes < 256_000_000 { 16_000_000 } else { 64_000_000 };
    free_bytes > enough && free_bytes > bytes / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids that go, of things made one a day with the youngest now, 1 MB each; `busy` is the oldest.
    fn gone(limits: Limits, things: i64, busy: bool) -> Vec<i64> {
        let now = 1_000 * DAY_MS;
        let count = things.unsigned_abs();
        let mut sweep = Sweep::new(limits, now, count, count * 1_000_000);
        let mut gone = Vec::new();
        for n in (0..things).rev() {
            match sweep.judge(now - n * DAY_MS, 1_000_000, busy && n == things - 1) {
                Verdict::Remove => gone.push(n),
                Verdict::Keep => {}
                Verdict::Enough => break,
            }
        }
        gone
    }

    #[test]
    fn the_oldest_go_by_age_count_and_size_and_the_busy_stay() {
        let limits = |days, count, megabytes| Limits { days, count, megabytes };
        assert_eq!(gone(limits(0, 0, 0), 9, false), [0; 0]);
        assert_eq!(gone(limits(6, 0, 0), 9, false), [8, 7]);
        assert_eq!(gone(limits(0, 6, 0), 9, false), [8, 7, 6]);
        assert_eq!(gone(limits(0, 0, 5), 9, false), [8, 7, 6, 5]);
        assert_eq!(gone(limits(3, 8, 5), 9, false), [8, 7, 6, 5, 4], "the strictest holds");
        assert_eq!(gone(limits(0, 6, 0), 9, true), [7, 6, 5], "another goes instead");
    }

    #[test]
    fn a_day_of_hours_and_a_week_of_days_are_kept() {
        let hours: Vec<i64> = (0..24 * 30).map(|hour| hour * HOUR_MS).collect();
        let gone = surplus_backups(&hours);
        let kept: Vec<i64> = hours.iter().copied().filter(|at| !gone.contains(at)).collect();
        assert_eq!(kept.len(), 24 + 6);
        assert!(kept.contains(&((24 * 30 - 1) * HOUR_MS)));
        assert_eq!(kept[0], (24 * 24 - 1) * HOUR_MS, "the last hour of the seventh day");
        assert_eq!(surplus_backups(&[]), [0; 0]);
    }

    #[test]
    fn a_vacuum_pays_where_much_is_free() {
        const MB: i64 = 1_000_000;
        for (bytes, free, pays) in [
            (0, 0, false),
            (20 * MB, 16 * MB, false),
            (20 * MB, 17 * MB, true),
            (200 * MB, 50 * MB, false),
            (200 * MB, 51 * MB, true),
            (256 * MB, 64 * MB, false),
            (256 * MB, 65 * MB, true),
            (4_000 * MB, 1_000 * MB, false),
            (4_000 * MB, 1_001 * MB, true),
        ] {
            assert_eq!(vacuum_pays(bytes, free), pays, "{free} of {bytes}");
        }
    }

    #[test]
    fn a_backup_is_due_after_an_hour_with_a_change() {
        for (newest, changed, now, due) in [
            (None, 0, 0, true),
            (Some(0), 5, HOUR_MS - 1, false),
            (Some(0), 5, HOUR_MS, true),
            (Some(10), 5, 9 * HOUR_MS, false),
            (Some(9 * HOUR_MS), 5, HOUR_MS, true),
        ] {
            assert_eq!(backup_is_due(newest, changed, now), due, "{newest:?} {changed} {now}");
        }
    }
}
