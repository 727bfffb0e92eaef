//! Times in files: RFC 3339 out; RFC 3339 and PostgreSQL's forms in.

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// UTC milliseconds since 1970 as `2026-11-21T09:00:00.123Z`.
pub fn rfc3339(ms: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(&Rfc3339).unwrap_or_default()
}

/// `2024-05-01T12:00:00Z`, `2024-05-01 12:00:00.5+02`, `2024-05-01 12:00`, `2024-05-01`; without a zone it is UTC.
pub fn utc_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.splitn(3, '-');
    let year = whole(parts.next()?, 4)?;
    let month = Month::try_from(u8::try_from(whole(parts.next()?, 2)?).ok()?).ok()?;
    let day = u8::try_from(whole(parts.next()?, 2)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    let rest = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => rest,
        None if rest.is_empty() => "00:00",
        None => return None,
    };
    let zone = rest.find(['+', '-', 'Z', 'z', ' ']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone);
    let moment = date.with_time(time_of(clock)?).assume_offset(offset(zone.trim())?);
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

fn time_of(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let mut next = || parts.next().map_or(Some(0), |part| whole(part, 2));
    let (hour, minute, second) = (next()?, next()?, next()?);
    if parts.next().is_some() || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let byte = |value: u32| u8::try_from(value).ok();
    Time::from_hms_nano(byte(hour)?, byte(minute)?, byte(second)?, nanos.parse().ok()?).ok()
}

fn offset(text: &str) -> Option<UtcOffset> {
    if text.is_empty() || ["Z", "z", "UTC"].contains(&text) {
        return Some(UtcOffset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) =
        if digits.len() == 2 { (digits.as_str(), "0") } else { digits.split_at_checked(2)? };
    let part = |text: &str| i8::try_from(whole(text, 2)?).ok();
    UtcOffset::from_hms(sign * part(hours)?, sign * part(minutes)?, 0).ok()
}

/// A number of at most so many digits, and nothing else.
fn whole(text: &str, digits: usize) -> Option<u32> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_the_same_moment_and_nonsense_is_none() {
        for text in [
            "2024-05-01T12:00:00.5Z",
            "2024-05-01 12:00:00.500",
            "2024-05-01 14:00:00.5+02",
            "2024-05-01 07:30:00.5-04:30",
            "2024-05-01 17:30:00.5+0530",
            "2024-05-01 12:00:00.5 UTC",
        ] {
            assert_eq!(utc_ms(text), Some(1_714_564_800_500), "{text}");
        }
        assert_eq!(utc_ms("2024-05-01"), Some(1_714_521_600_000));
        assert_eq!(utc_ms(&rfc3339(-62_135_596_800_000)), Some(-62_135_596_800_000));
        assert_eq!(utc_ms(&rfc3339(253_402_300_799_999)), Some(253_402_300_799_999));
        for text in [
            "",
            "now",
            "2024-05-32",
            "2024-5",
            "2024-05-01x",
            "2024-05-01 25:00",
            "é024-05-01",
            "2024-05-01 12:00:00.x",
        ] {
            assert_eq!(utc_ms(text), None, "{text}");
        }
    }
}
