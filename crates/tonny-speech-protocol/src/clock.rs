//! The wire's times: `H:MM:SS` with an optional fraction.
//!
//! WhisperLiveKit's pages show whole seconds, its code sends centiseconds; both are read. Must not know: audio.

/// Seconds of a wire time such as `0:00:05` or `1:02:03.45`; `None` when it is not one.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let mut parts = text.trim().split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if ![hours, minutes, whole, fraction].into_iter().all(digits) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 = seconds.parse().ok()?;
    (minutes < 60 && seconds < 60.0).then(|| f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds)
}

/// The wire time of `seconds`, rounded to centiseconds.
#[must_use]
pub fn format(seconds: f64) -> String {
    let centis = (seconds.max(0.0) * 100.0).round() as u64;
    let (hours, minutes) = (centis / 360_000, centis / 6_000 % 60);
    format!("{hours}:{minutes:02}:{:02}.{:02}", centis / 100 % 60, centis % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_servers_send_and_nothing_else() {
        let table = [
            ("0:00:00", Some(0.0)),
            ("0:00:05.25", Some(5.25)),
            ("1:02:03.4", Some(3723.4)),
            ("12:00:00.00", Some(43200.0)),
            ("", None),
            ("5.2", None),
            ("0:61:00", None),
            ("0:00:60", None),
            ("0:00:-1", None),
            ("0:00:1e1", None),
            ("0:00:05:00", None),
            ("0:00:", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_time_reads_back(centis in 0u32..100_000_000) {
            let seconds = f64::from(centis) / 100.0;
            let back = parse(&format(seconds)).expect("a formatted time is a time");
            prop_assert!((back - seconds).abs() < 0.005);
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,16}") {
            let _ = parse(&text);
        }
    }
}
