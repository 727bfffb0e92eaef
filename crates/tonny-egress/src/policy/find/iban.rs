//! International bank account numbers (ISO 13616): the country's length, and check digits that fit.

use super::{Reading, Stop, Text};

/// Lengths by country, from the IBAN registry of SWIFT.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU"),
    (31, "MT SC"),
    (32, "LC"),
    (LONGEST, "RU"),
];

const LONGEST: usize = 33;

/// Whether one may begin at `at`: most words are told from a number by their third letter.
pub(crate) fn may_begin(bytes: &[u8], at: usize) -> bool {
    let third = |third: &u8| third.is_ascii_digit() || matches!(third, b' ' | b'-') || !third.is_ascii();
    bytes.get(at + 1).is_none_or(u8::is_ascii_alphabetic) && bytes.get(at + 2).is_none_or(third)
}

/// The end of the IBAN that begins at `at`, in front of which stands no letter and no digit.
pub(crate) fn read(text: Text<'_>, at: usize) -> Reading {
    let (Some(first), Some(second)) = (text.byte(at)?, text.byte(at + 1)?) else { return Err(Stop::No) };
    let length = length(first.to_ascii_uppercase(), second.to_ascii_uppercase()).ok_or(Stop::No)?;
    let (mut letters, mut count) = ([0; LONGEST], 0);
    let mut next = at;
    while count < length {
        // One space or hyphen may stand between any two, however the number is grouped.
        let gap = text.char(next)?.filter(|(mark, _)| matches!(mark, ' ' | '-' | '\u{a0}') && next > at);
        let from = next + gap.map_or(0, |(_, length)| length);
        let letter = text.byte(from)?.filter(u8::is_ascii_alphanumeric).ok_or(Stop::No)?;
        if matches!(count, 2 | 3) && !letter.is_ascii_digit() {
            return Err(Stop::No);
        }
        letters[count] = letter.to_ascii_uppercase();
        count += 1;
        next = from + 1;
    }
    if text.word_at(next)? || !checks(&letters[..length]) { Err(Stop::No) } else { Ok(next) }
}

fn length(first: u8, second: u8) -> Option<usize> {
    // Two letters and a space each.
    let has = |countries: &str| countries.as_bytes().chunks(3).any(|country| country[..2] == [first, second]);
    LENGTHS.iter().find(|(_, countries)| has(countries)).map(|(length, _)| *length)
}

/// ISO 7064 MOD 97-10, over the number with its first four letters behind the others.
fn checks(letters: &[u8]) -> bool {
    let (front, rest) = letters.split_at(4);
    let rest = rest.iter().chain(front).fold(0_u32, |rest, letter| match letter {
        b'0'..=b'9' => (rest * 10 + u32::from(letter - b'0')) % 97,
        _ => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::super::tests::read as read_with;
    use super::*;

    /// The registry's own examples.
    const GOOD: &[&str] = &[
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "de89-3704-0044-0532-0130-00",
        "GB29 NWBK 6016 1331 9268 19",
        "NO9386011117947",
        "FR1420041010050500013M02606",
        "MT84MALT011000012345MTLCAST001S",
        "CH93 0076 2011 6238 5295 7",
    ];

    #[test]
    fn good_numbers_are_found_whole() {
        for good in GOOD {
            assert_eq!(read_with(read, good), Some(*good));
            assert_eq!(read_with(read, &format!("{good}. Then")), Some(*good));
            assert_eq!(read_with(read, &format!("{good}7")), None);
        }
    }

    #[test]
    fn one_wrong_digit_is_no_number() {
        for good in GOOD {
            for (at, letter) in good.char_indices().filter(|(_, letter)| letter.is_ascii_digit()) {
                let other =
                    if letter == '9' { "0".to_owned() } else { (letter as u8 + 1 - b'0').to_string() };
                let wrong = format!("{}{other}{}", &good[..at], &good[at + 1..]);
                assert_eq!(read_with(read, &wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for word in ["DE", "is 26 letters long and so on and on", "ZZ89370400440532013000", "DE89  37040044"]
        {
            assert_eq!(read_with(read, word), None, "{word}");
        }
    }
}
