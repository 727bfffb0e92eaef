//! The system's clocks.

use std::time::{Duration, Instant};

use tonny_core::ports::Clock;

/// Fills core's clock port.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[allow(clippy::disallowed_methods, reason = "the clock behind the port")]
    fn utc(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc()
    }

    fn ahead_of_utc(&self, at: time::OffsetDateTime) -> time::UtcOffset {
        crate::zone::local_offset(at.unix_timestamp() * 1_000)
    }
}

/// Time since the machine was started, the time it slept included, to the second.
#[cfg(target_os = "linux")]
pub(crate) fn since_boot() -> Duration {
    Duration::from_secs(u64::try_from(rustix::system::sysinfo().uptime).unwrap_or(0))
}

/// Time on a clock that goes on while the machine sleeps: there, that is what the standard library's does.
#[cfg(not(target_os = "linux"))]
pub(crate) fn since_boot() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Seconds since 1970 as people write a moment: `2026-11-21 09:30:00.250`, in UTC.
pub fn utc_text(seconds: f64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos((seconds * 1e3).round() as i128 * 1_000_000);
    let format = time::macros::format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]"
    );
    // A time that no calendar has can only come from a damaged row.
    moment.ok().and_then(|moment| moment.format(format).ok()).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_people_write_it() {
        assert_eq!(utc_text(1_700_000_000.25), "2023-11-14 22:13:20.250");
        assert_eq!(utc_text(1e30), "-");
    }
}
