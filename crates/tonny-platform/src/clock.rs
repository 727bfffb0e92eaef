//! The system's clocks.

use std::time::Instant;

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
}
