//! The user's time zone: TZ where it is set, else the system's. Says how far the clocks on the wall are ahead of UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use time::UtcOffset;

/// The distance to UTC at a moment, UTC milliseconds since 1970; none where the zone is not known.
pub fn local_offset(at_ms: i64) -> UtcOffset {
    offset_in(&TimeZone::system(), at_ms)
}

fn offset_in(zone: &TimeZone, at_ms: i64) -> UtcOffset {
    let Ok(at) = Timestamp::from_millisecond(at_ms) else { return UtcOffset::UTC };
    UtcOffset::from_whole_seconds(zone.to_offset(at).seconds()).unwrap_or(UtcOffset::UTC)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter_differ_and_the_ends_of_time_are_utc() {
        // As TZ would say it: no list of zones is needed for this form.
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(offset_in(&berlin, 1_795_273_512_000), UtcOffset::from_hms(1, 0, 0).unwrap());
        assert_eq!(offset_in(&berlin, 1_782_900_000_000), UtcOffset::from_hms(2, 0, 0).unwrap());
        assert_eq!(offset_in(&berlin, i64::MAX), UtcOffset::UTC);
    }
}
