//! How long a provider asks to wait: in headers, in the body, or in words. A delay is a floor, so of several the longest
//! counts, and none is cut or rounded down.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use crate::fault::FaultCode;

/// Words in front of a delay in a sentence, all in small letters.
const BEFORE: &[&str] = &["try again in ", "retry in ", "retry after ", "available in "];

/// `retry-after-ms` if there is one, for it is the exact form of `retry-after`, which is seconds or a date.
pub fn of_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = header("retry-after-ms").and_then(|value| value.parse::<f64>().ok());
    if let Some(delay) = milliseconds.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()) {
        return Some(delay);
    }
    let value = header("retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // By the provider's clock where it says its time: ours may be wrong, and the delay would be too short.
    let now = header("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}

/// When the limit that was hit is free again, in the headers of OpenAI and those who copied it.
pub fn of_reset(headers: &HeaderMap, code: FaultCode) -> Option<Duration> {
    let name = match code {
        FaultCode::RATE_TOKENS => "x-ratelimit-reset-tokens",
        FaultCode::RATE_REQUESTS | FaultCode::RATE_DAILY => "x-ratelimit-reset-requests",
        _ => return None,
    };
    of_text(headers.get(name)?.to_str().ok()?)
}

/// A delay in a sentence: `Please try again in 6m0s.`
pub fn of_message(message: &str) -> Option<Duration> {
    let found = BEFORE.iter().filter_map(|before| message.split_once(before));
    found.filter_map(|(_, rest)| of_text(rest)).max()
}

/// `20s`, `6m0s`, `10h17m5.7s`, `512ms`, `2 minutes`: numbers with units, up to the first thing that is neither.
pub fn of_text(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total: Option<f64> = None;
    loop {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else { break };
        let after = rest[digits..].trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let Some(unit) = seconds(&after[..letters]) else { break };
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = after[letters..].trim_start();
    }
    Duration::try_from_secs_f64(total?).ok()
}

/// The seconds of a unit.
fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ms(milliseconds: u64) -> Option<Duration> {
        Some(Duration::from_millis(milliseconds))
    }

    #[test]
    fn the_last_request_of_a_limit_says_when_the_next_may_come() {
        let all = headers(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "8m38s"),
            ("x-ratelimit-remaining-tokens", "9000"),
            ("x-ratelimit-reset-tokens", "1s"),
        ]);
        assert_eq!(crate::classify::used_up(&all, "groq"), ms(518_000));
        let left =
            headers(&[("x-ratelimit-remaining-requests", "7"), ("x-ratelimit-reset-requests", "8m38s")]);
        assert_eq!(crate::classify::used_up(&left, "openai"), None);
    }

    #[test]
    fn headers_say_seconds_milliseconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (pairs, expected) in [
            (&[("retry-after", "20")][..], ms(20_000)),
            (&[("retry-after", "0.5")], ms(500)),
            (&[("retry-after", "1"), ("retry-after-ms", "1250")], ms(1250)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], ms(10_000)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], ms(0)),
            (
                &[
                    ("retry-after", "Sun, 06 Nov 1994 09:00:00 GMT"),
                    ("date", "Sun, 06 Nov 1994 08:59:00 GMT"),
                ],
                ms(60_000),
            ),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "1e300")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(of_headers(&headers(pairs), now), expected, "{pairs:?}");
        }
    }

    #[test]
    fn words_say_it_too() {
        for (text, expected) in [
            ("please try again in 20s.", ms(20_000)),
            ("please try again in 6m0s. visit", ms(360_000)),
            ("please retry in 10h17m5.5s.", ms(37_025_500)),
            ("try again in 512ms", ms(512)),
            ("try again in 2 minutes.", ms(120_000)),
            ("try again in 1 hour 30 minutes", ms(5_400_000)),
            ("try again in a moment", None),
            ("20s", None),
            ("try again in 5 apples", None),
        ] {
            assert_eq!(of_message(text), expected, "{text}");
        }
    }
}
