//! Times in files and on the terminal: RFC 3339 out, or as the user's clock says; RFC 3339 and PostgreSQL's forms in.

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::Offset;

/// UTC milliseconds since 1970 on the user's clock, with its distance to UTC: `2026-11-21 16:05:12 +01:00`.
pub fn local(ms: i64, offset: Offset) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // At the ends of time the zone may lead out of it.
    let moment = moment.checked_to_offset(offset(ms)).unwrap_or(moment);
    let text = moment.format(&Rfc3339).unwrap_or_default();
    let (date, rest) = text.split_once('T').unwrap_or((&text, ""));
    let clock = rest.get(..8).unwrap_or(rest);
    let zone = moment.offset().as_hms();
    let sign = if moment.offset().is_negative() { '-' } else { '+' };
    format!("{date} {clock} {sign}{:02}:{:02}", zone.0.abs(), zone.1.abs())
}

/// UTC milliseconds since 1970 as `2026-11-21T09:00:00.123Z`.
pub fn rfc3339(ms: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(&Rfc3339).unwrap_or_default()
}

/// `2024-05-01T12:00:00Z`, `2024-05-01 12:00:00.5+02`, `2024-05-01 12:00`, `2024-05-01`; without a zone it is UTC.
pub fn utc_ms(text: &str) -> Option<i64> {
    utc_ms_in(text, |_| UtcOffset::UTC)
}

/// As [`utc_ms`]; without a zone it is the user's.
pub fn utc_ms_in(text: &str, offset_at: Offset) -> Option<i64> {
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
    let moment = date.with_time(time_of(clock)?);
    let as_utc = ms_at(moment, UtcOffset::UTC)?;
    let zone = match zone.trim() {
        // Which offset holds depends on the moment that is looked for: the first guess is off by hours at most.
        "" => offset_at(ms_at(moment, offset_at(as_utc))?),
        zone => offset(zone)?,
    };
    ms_at(moment, zone)
}

fn ms_at(moment: PrimitiveDateTime, zone: UtcOffset) -> Option<i64> {
    i64::try_from(moment.assume_offset(zone).unix_timestamp_nanos() / 1_000_000).ok()
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
    if ["Z", "z", "UTC"].contains(&text) {
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
    fn without_a_zone_it_is_the_users_own_day() {
        // Summer time ends at 1:00 UTC: that day begins in summer.
        let berlin =
            |ms| UtcOffset::from_hms(if ms < 1_792_890_000_000 { 2 } else { 1 }, 0, 0).expect("small");
        let midnight = utc_ms("2026-10-24T22:00:00Z");
        assert_eq!(utc_ms_in("2026-10-25", berlin), midnight);
        assert_eq!(utc_ms_in("2026-10-25 12:00", berlin), utc_ms("2026-10-25T11:00:00Z"));
        assert_eq!(utc_ms_in("2026-10-25T12:00:00Z", berlin), utc_ms("2026-10-25T12:00:00Z"));
        assert_eq!(local(midnight.expect("a time"), berlin), "2026-10-25 00:00:00 +02:00");
        let west = |_| UtcOffset::from_hms(-3, -30, 0).expect("small");
        assert_eq!(local(0, west), "1969-12-31 20:30:00 -03:30");
        assert_eq!(local(253_402_300_799_999, berlin), "9999-12-31 23:59:59 +00:00");
    }

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
