//! Keys in every wrapping, at every place of a line, and bodies without any.

use proptest::prelude::*;

use super::*;

const KEY: &str = "sk-ant-api03-abcdefgh0123456789abcdefgh";

fn base64(text: &[u8], alphabet: &[u8; 64], padded: bool) -> String {
    let mut out = String::new();
    for three in text.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            out.push(char::from(alphabet[(bits >> (18 - 6 * place) & 63) as usize]));
        }
        if padded {
            out.push_str(&"=".repeat(3 - three.len()));
        }
    }
    out
}

const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn escaped(text: &str) -> String {
    text.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect()
}

fn percented(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn lines(text: &str, width: usize, feed: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(feed)
}

type Wrapping = fn(&str) -> String;

const WRAPPINGS: &[Wrapping] = &[
    str::to_owned,
    escaped,
    percented,
    |text| serde_json::to_string(text).unwrap(),
    |text| base64(text.as_bytes(), PLAIN, true),
    |text| base64(text.as_bytes(), PLAIN, false),
    |text| base64(text.as_bytes(), URL, false),
    |text| lines(&base64(text.repeat(4).as_bytes(), PLAIN, true), 76, "\r\n"),
    |text| text.replace('-', "%2D"),
    |text| text.replace('-', "\\u002d"),
];

#[test]
fn a_key_is_seen_in_every_wrapping_of_every_wrapping() {
    for outer in WRAPPINGS {
        for inner in WRAPPINGS {
            let body =
                serde_json::json!({ "content": format!("it is {}\nok", outer(&inner(KEY))) }).to_string();
            assert!(holds_key(body.as_bytes()).unwrap(), "{body}");
        }
    }
}

#[test]
fn a_key_is_seen_at_every_place_of_a_run() {
    for front in 0..24 {
        for behind in 0..4 {
            let inside = format!("{}{KEY}{}", "x ".repeat(front), "y".repeat(behind));
            let body = format!("a/{}", base64(inside.as_bytes(), PLAIN, true));
            assert!(holds_key(body.as_bytes()).unwrap(), "{body}");
        }
    }
}

#[test]
fn ordinary_bodies_hold_none() {
    let picture: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for body in [
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"a 100% new\nsk-learn pipeline \\ path"}]}"#.to_owned(),
        format!("data:image/png;base64,{}", base64(&picture, PLAIN, true)),
        "%".repeat(100),
        "\\".repeat(99),
        "\\u12".to_owned(),
        String::new(),
    ] {
        assert!(!holds_key(body.as_bytes()).unwrap(), "{}", &body[..body.len().min(80)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(holds_key(&bytes).is_ok());
    }

    #[test]
    fn base64_is_read_back(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for alphabet in [PLAIN, URL] {
            let mut back = vec![1];
            decode(base64(&bytes, alphabet, false).as_bytes(), &mut back);
            prop_assert_eq!(&back, &bytes);
        }
    }

    #[test]
    fn runs_are_found_as_by_looking_at_every_byte(text in "[ab .]{0,90}") {
        let slow: Vec<&str> = text.split([' ', '.']).filter(|run| run.len() >= SHORTEST).collect();
        let quick: Vec<String> = runs(text.as_bytes()).map(|run| String::from_utf8(run.into_owned()).unwrap()).collect();
        prop_assert_eq!(quick, slow);
    }
}
