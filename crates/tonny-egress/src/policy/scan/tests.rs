//! Finds that overlap, finds that are cut, and a text of any kind: the walk is the same for every split.

use proptest::prelude::*;

use super::*;

fn rule(name: &str, finder: Finder, on_hit: OnHit) -> Rule {
    Rule { name: name.to_owned(), label: name.to_uppercase(), finder, on_hit }
}

/// One of each kind.
pub(crate) fn rules() -> Arc<[Rule]> {
    Arc::new([
        rule("api_key", Finder::ApiKey, OnHit::Mask),
        rule("iban", Finder::Iban, OnHit::Mask),
        rule("credit_card", Finder::CreditCard, OnHit::Mask),
        rule("email", Finder::Email, OnHit::Mask),
        rule("phone", Finder::Phone, OnHit::Mask),
        rule("project", Finder::Words(Words::new(&["Bluebird".to_owned()])), OnHit::Block),
        rule("customer", Finder::Pattern(Box::new(Pattern::new(r"C-\d{3,}").unwrap())), OnHit::Ask),
        Rule::placeholders(),
    ])
}

fn whole(text: &str) -> Walk {
    Scanner::new(rules()).walk(Text { bytes: text.as_bytes(), complete: true }, 0).unwrap()
}

fn named(text: &str) -> Vec<(String, String, OnHit)> {
    let rules = rules();
    let finds = whole(text).finds;
    finds.iter().map(|f| (rules[f.rule].name.clone(), text[f.start..f.end].to_owned(), f.on_hit)).collect()
}

#[test]
fn finds_are_named_by_the_first_and_treated_as_the_strictest() {
    let find = |name: &str, text: &str, on_hit| (name.to_owned(), text.to_owned(), on_hit);
    for (text, wanted) in [
        ("hello there, 42 of them", vec![]),
        ("to ada@example.org now", vec![find("email", "ada@example.org", OnHit::Mask)]),
        // A telephone number inside an IBAN is none.
        ("DE89 3704 0044 0532 0130 00", vec![find("iban", "DE89 3704 0044 0532 0130 00", OnHit::Mask)]),
        // A word inside an address makes it as strict as the word.
        ("bluebird@example.org", vec![find("email", "bluebird@example.org", OnHit::Block)]),
        ("ada@bluebird.org", vec![find("email", "ada@bluebird.org", OnHit::Block)]),
        // Two finds that share letters are one.
        ("C-123@example.org", vec![find("email", "C-123@example.org", OnHit::Ask)]),
        ("xC-12345@example.org", vec![find("email", "xC-12345@example.org", OnHit::Ask)]),
        ("x@y.deC-123", vec![find("email", "x@y.deC-123", OnHit::Ask)]),
        (
            "a@b.org +49 30 901820",
            vec![find("email", "a@b.org", OnHit::Mask), find("phone", "+49 30 901820", OnHit::Mask)],
        ),
    ] {
        assert_eq!(named(text), wanted, "{text}");
    }
}

#[test]
fn a_strong_key_is_found_inside_a_word() {
    let key = "ghp_abcdefgh0123456789abcdefgh";
    assert_eq!(named(&format!("tokenis{key}")), [("api_key".to_owned(), key.to_owned(), OnHit::Mask)]);
}

#[test]
fn what_is_undecided_is_held_from_where_it_begins() {
    let rules = rules();
    let decided = |text: &str| {
        Scanner::new(rules.clone()).walk(Text { bytes: text.as_bytes(), complete: false }, 0).unwrap().decided
    };
    for (text, wanted) in [
        ("hello ", 6),
        ("hello wor", 6),
        ("call +49 30 9018", 5),
        ("call +49 30 901820, ", 20),
        ("it is a@b.org", 6),
        ("C-12", 0),
    ] {
        assert_eq!(decided(text), wanted, "{text}");
    }
}

/// Text of the pieces that finds are made of, so that overlaps and near misses are common.
pub(crate) fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "C-",
        "123",
        "4",
        " ",
        ".",
        "@",
        "-",
        "\n",
        "é",
        "€",
        "x@y.de",
        "bluebird",
        "Bluebirds",
        "+49",
        "0",
        "(030)",
        "901820",
        "4111 1111",
        "1111 1111",
        "DE89 3704 0044",
        " 0532 0130 00",
        "sk-",
        "abcdefgh0123456789",
        "ghp_",
        "eyJhbGciOiJI",
        ".eyJzdWIiOiIw",
        "https://",
        "key=",
        "-----",
        "[EMAIL_1]",
        "org",
        "12/29",
        "00",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decided_finds_stay_whatever_follows(text in pieces(), cut in 0_usize..400) {
        let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let rules = rules();
        let early = Scanner::new(rules.clone()).walk(Text { bytes: &text.as_bytes()[..cut], complete: false }, 0).unwrap();
        let late = whole(&text);
        let settled: Vec<_> = late.finds.iter().filter(|found| found.start < early.decided).copied().collect();
        prop_assert_eq!(&early.finds, &settled);
        prop_assert!(settled.iter().all(|found| found.end <= early.decided));
    }

    #[test]
    fn finds_are_in_order_and_on_borders_of_characters(text in pieces()) {
        let mut last = 0;
        for found in whole(&text).finds {
            prop_assert!(found.start >= last && found.end > found.start);
            prop_assert!(text.get(found.start..found.end).is_some());
            last = found.end;
        }
    }
}
