//! Telephone numbers as people write them: international, national with a leading zero, North American.
//!
//! Ten bare digits without a leading zero are left alone: they are as often an order, a time stamp or an account.

use super::{Groups, Reading, Stop, Text};

/// E.164 allows 15 digits; `(0)` and a leading `00` come on top.
const MOST: usize = 18;
/// A national number's digits: no form has more, with a leading zero or a leading 1.
const NATIONAL: usize = 12;

/// The end of the telephone number that begins at `at`, in front of which stands no letter and no digit.
pub(crate) fn read(text: Text<'_>, at: usize) -> Reading {
    let first = text.byte(at)?.ok_or(Stop::No)?;
    let is_part = || {
        text.in_decimal(at) || text.before(at).is_some_and(|before| matches!(before, '-' | '/' | '_' | '#'))
    };
    let from = match first {
        // +(49) is written as well.
        b'+' if text.byte(at + 1)? == Some(b'(') => at + 2,
        b'+' | b'(' => at + 1,
        b'0' if !is_part() => at,
        b'1'..=b'9' if may_be_north_american(text, at)? && !is_part() => at,
        _ => return Err(Stop::No),
    };
    // Behind a bracket stands a word mostly.
    if !text.byte(from)?.is_some_and(|digit| digit.is_ascii_digit()) {
        return Err(Stop::No);
    }
    let is_national_only = first != b'+' && !text.begins(from, b"00")?;
    let groups = Groups::read(text, from, if is_national_only { NATIONAL } else { MOST }, is_gap)?;
    let fits = |count: &usize| {
        if first == b'+' { is_international(&groups, *count) } else { is_national(&groups, *count) }
    };
    (1..=groups.count()).rev().find(fits).map(|count| groups.end(count)).ok_or(Stop::No)
}

/// Most numbers in a text are not: three digits, or a 1 alone.
fn may_be_north_american(text: Text<'_>, at: usize) -> Result<bool, Stop> {
    let length = text.run(at, 4, |byte| byte.is_ascii_digit())? - at;
    Ok(length == 3 || length == 1 && text.bytes[at] == b'1')
}

/// What separates groups; a full stop with a space ends a sentence.
fn is_gap(gap: &[u8]) -> bool {
    !gap.windows(2).any(|two| matches!(two, b". " | b".." | b"//"))
}

fn is_international(groups: &Groups, count: usize) -> bool {
    let digits = groups.digits(count);
    (7..=16).contains(&digits.len()) && digits[0] != 0
}

fn is_national(groups: &Groups, count: usize) -> bool {
    let digits = groups.digits(count);
    // 0.171 is a number, 0 171 and 00 49 are not.
    if groups.length(0) == 1 && groups.gaps().first().is_some_and(|gap| gap.as_bytes() == b".") {
        return false;
    }
    match digits {
        [0, 0, 1..=9, ..] => (10..=17).contains(&digits.len()),
        [0, 1..=9, ..] => {
            let least = if count == 1 { 10 } else { 9 };
            (least..=12).contains(&digits.len()) && !is_date(groups, count) && !is_address(groups)
        }
        _ => is_north_american(groups, count),
    }
}

/// `(415) 555-2671`, with or without the 1 in front: neither area nor exchange begins with 0 or 1.
fn is_north_american(groups: &Groups, count: usize) -> bool {
    let digits = groups.digits(count);
    let has = |lengths: &[usize]| {
        count == lengths.len() && (0..count).all(|group| groups.length(group) == lengths[group])
    };
    let local = if has(&[3, 3, 4]) {
        digits
    } else if has(&[1, 3, 3, 4]) && digits[0] == 1 {
        &digits[1..]
    } else {
        return false;
    };
    local[0] > 1 && local[3] > 1
}

/// `01.02.2024`, whatever digits come next.
fn is_date(groups: &Groups, count: usize) -> bool {
    let same = match groups.gaps() {
        [first, second, ..] => first == second && matches!(first.as_bytes(), b"." | b"/" | b"-"),
        _ => false,
    };
    same && count >= 3 && groups.length(0) <= 2 && groups.length(1) <= 2 && groups.length(2) == 4
}

/// `010.020.030.040`, an address of the internet.
fn is_address(groups: &Groups) -> bool {
    let count = groups.count();
    count == 4
        && (0..count).all(|group| groups.length(group) <= 3)
        && groups.gaps().iter().all(|gap| gap.as_bytes() == b".")
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::*;

    #[test]
    fn numbers_are_found_whole() {
        for good in [
            "+49 30 901820",
            "+49 (0) 30 / 90 18 20",
            "+1 (415) 555-2671",
            "+1-415-555-2671",
            "+4915112345678",
            "+(49) 30 901820",
            "+44 20 7946 0958",
            "+33 6 12 34 56 78",
            "0049 30 901820",
            "030 901820-12",
            "030/9018200",
            "0171-1234567",
            "06 12 34 56 78",
            "06.12.34.56.78",
            "020 7946 0958",
            "01711234567",
            "(030) 9018200",
            "(415) 555-2671",
            "415-555-2671",
            "1-415-555-2671",
            "415.555.2671",
        ] {
            assert_eq!(read_with(read, good), Some(good));
            assert_eq!(read_with(read, &format!("{good}, or later")), Some(good));
            assert_eq!(read_with(read, &format!("{good}. 5 people")), Some(good));
        }
    }

    #[test]
    fn other_numbers_are_left() {
        for other in [
            "01.02.2024 13:45",
            "2024-01-15 10:00:00",
            "1700000000",
            "1234567890",
            "192.168.100.100",
            "010.020.030.040",
            "000123456789",
            "3.1415926535",
            "0.0171123456",
            "0.171123456",
            "12:30",
            "+1",
            "+12 km",
            "115-555-2671",
            "415-155-2671",
            "0123456789012345678901",
        ] {
            assert_eq!(read_with(read, other), None, "{other}");
        }
    }

    #[test]
    fn what_stands_in_front_counts() {
        for (text, at, wanted) in [
            ("Tel.0171-1234567", 4, Ok(16)),
            ("0.0171123456", 2, Err(Stop::No)),
            ("A-0171-1234567", 2, Err(Stop::No)),
            ("#0171-1234567", 1, Err(Stop::No)),
        ] {
            assert_eq!(read(Text { bytes: text.as_bytes(), complete: true }, at), wanted, "{text}");
        }
    }

    #[test]
    fn a_second_number_is_not_swallowed() {
        assert_eq!(read_with(read, "030 1234567 2024 11 22"), Some("030 1234567"));
        assert_eq!(read_with(read, "+1 415 555 2671 2024 2025"), Some("+1 415 555 2671 2024"));
    }
}
