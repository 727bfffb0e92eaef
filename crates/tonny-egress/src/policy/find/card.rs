//! Numbers of payment cards (ISO/IEC 7812): a known issuer's beginning and length, and a check digit that fits.

use super::{Groups, Reading, Stop, Text};

const LONGEST: usize = 19;

/// The end of the card number that begins at `at`, in front of which stands no letter and no digit.
pub(crate) fn read(text: Text<'_>, at: usize) -> Reading {
    // No issuer's numbers begin otherwise, and nobody writes the first group shorter.
    let may_be = matches!(text.byte(at)?, Some(b'2'..=b'6'));
    if !may_be || text.run(at, 4, |byte| byte.is_ascii_digit())? < at + 4 || text.in_decimal(at) {
        return Err(Stop::No);
    }
    let groups = Groups::read(text, at, LONGEST, |gap| matches!(gap, b" " | b"-"))?;
    // The longest first: behind a card's number its expiry may stand.
    let fits = |count: &usize| is_card(groups.digits(*count));
    (1..=groups.count()).rev().find(fits).map(|count| groups.end(count)).ok_or(Stop::No)
}

fn is_card(digits: &[u8]) -> bool {
    digits.len() >= 13 && has_issuer(digits) && luhn(digits)
}

/// Issuers' beginnings and the lengths they hand out.
fn has_issuer(digits: &[u8]) -> bool {
    let begins =
        |count: usize| digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let length = digits.len();
    match (begins(1), begins(2), begins(4)) {
        (4, ..) => matches!(length, 13 | 16 | 19),
        (_, 51..=55, _) | (.., 2221..=2720) => length == 16,
        (_, 34 | 37, _) => length == 15,
        (_, 30 | 36 | 38 | 39, _) => length >= 14,
        (_, 35 | 62 | 64 | 65, _) | (.., 6011) => length >= 16,
        (_, 50 | 56..=69, _) => true,
        _ => false,
    }
}

/// The check digit: every second digit from the right counts twice.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |(place, digit): (usize, &u8)| match u32::from(*digit) {
        digit if place % 2 == 0 => digit,
        digit if digit > 4 => digit * 2 - 9,
        digit => digit * 2,
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::*;

    /// The issuers' published numbers for tests.
    const GOOD: &[&str] = &[
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4222222222222",
        "5555555555554444",
        "2223 0031 2200 3222",
        "3782 822463 10005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
    ];

    #[test]
    fn good_numbers_are_found_whole() {
        for good in GOOD {
            assert_eq!(read_with(read, good), Some(*good));
            assert_eq!(read_with(read, &format!("{good} 12/29")), Some(*good));
            assert_eq!(read_with(read, &format!("{good}a")), None);
        }
    }

    #[test]
    fn a_wrong_check_digit_or_issuer_is_no_card() {
        for wrong in [
            "4111111111111112",
            "1234567812345670",
            "0000000000000000",
            "411111111111111",
            "41111111111111111111",
        ] {
            assert_eq!(read_with(read, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn digits_may_go_on_while_the_text_does() {
        let open = Text { bytes: b"4111111111111111", complete: false };
        assert_eq!(read(open, 0), Err(Stop::More));
        let open = Text { bytes: b"4111111111111111, ", complete: false };
        assert_eq!(read(open, 0), Ok(16));
    }
}
