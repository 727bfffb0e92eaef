//! A day of the calendar. What day it is where the user lives, the owner of the clock says.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day, as `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// Such as 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// What is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as 2026-01-31")]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let mut parts = text.split('-').map(|part| {
            let is_number = part.bytes().all(|digit| digit.is_ascii_digit());
            if is_number {
                part.parse::<u16>().map(|number| (part.len(), number)).map_err(|_| NotADay)
            } else {
                Err(NotADay)
            }
        });
        let mut next = |width| match parts.next() {
            Some(Ok((length, number))) if length == width => Ok(number),
            _ => Err(NotADay),
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && parts.next().is_none();
        let small = |number| u8::try_from(number).map_err(|_| NotADay);
        if fits { Ok(Self { year, month: small(month)?, day: small(day)? }) } else { Err(NotADay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        let day = Day { year: 2026, month: 1, day: 31 };
        assert_eq!("2026-01-31".parse(), Ok(day));
        assert_eq!(day.to_string(), "2026-01-31");
        assert!(day < Day { year: 2026, month: 2, day: 1 });
        for wrong in
            ["", "2026", "2026-1-31", "2026-13-01", "2026-00-01", "2026-01-32", "2026-01-31-", "+026-01-01"]
        {
            assert_eq!(wrong.parse::<Day>(), Err(NotADay), "{wrong}");
        }
    }
}
