//! Canaries in requests: wherever one stands and however it is wrapped, it is not in what may leave.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use proptest::prelude::*;
use tonny_egress::chat::{ChatRequest, Message, Part, Role};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Decision, Placeholders, Policy, Proposal, Spent, Target};

/// What must not leave. The wrapped ones of these are keys: only keys are looked for inside wrappings.
const KEYS: &[&str] = &[
    "sk-ant-api03-canary0123456789canary0123456789",
    "sk-proj-canary0123456789canary0123456789canary",
    "ghp_canary0123456789canary0123456789",
    "AKIACANARY0123456789",
    "AIzacanary0123456789canary0123456789abc",
    "gsk_canary0123456789canary0123456789",
    "xai-canary0123456789canary0123456789",
    "xoxb-0123456789-canary0123456789",
];
const PEOPLE: &[&str] = &[
    "canary@example.org",
    "canary.bird+1@mail.example.co.uk",
    "+49 30 12345678",
    "+1 (415) 555-2671",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "4111 1111 1111 1111",
    "378282246310005",
];

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
        out.push_str(&"=".repeat(3 - three.len()));
    }
    out
}

fn wrapped(kind: usize, text: &str) -> String {
    match kind {
        0 => text.to_owned(),
        1 => base64(text),
        2 => text.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect(),
        3 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        4 => base64(&base64(&format!("so: {text}"))),
        _ => serde_json::to_string(&serde_json::json!({ "inner": base64(text) })).unwrap(),
    }
}

/// Where a canary is put.
#[derive(Clone, Debug)]
enum Place {
    System,
    Message(usize),
    /// Cut by the end of a message.
    Seam(usize),
    Picture,
}

fn request(place: &Place, front: &str, secret: &str, behind: &str) -> ChatRequest {
    let mut messages: Vec<Message> =
        [Role::User, Role::Assistant, Role::User].map(|role| Message::text(role, "Well, then.")).into();
    let mut system = None;
    let whole = format!("{front}{secret}{behind}");
    match place {
        Place::System => system = Some(whole),
        Place::Message(which) => messages[*which] = Message::text(messages[*which].role, whole),
        Place::Seam(cut) => {
            let cut = 1 + cut % (secret.len() - 1);
            messages[0] = Message::text(Role::User, format!("{front}{}", &secret[..cut]));
            messages[1] = Message::text(Role::Assistant, format!("{}{behind}", &secret[cut..]));
        }
        Place::Picture => messages[0]
            .parts
            .push(Part::Image { media_type: "image/png".to_owned(), bytes: Arc::from(whole.into_bytes()) }),
    }
    ChatRequest { system, messages, ..ChatRequest::default() }
}

/// A provider's form, more or less: JSON, pictures as base64.
fn body(request: &ChatRequest) -> Vec<u8> {
    let parts = request.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Image { bytes, .. } => base64(&String::from_utf8_lossy(bytes)),
    });
    serde_json::json!({ "system": request.system, "content": parts.collect::<Vec<_>>() })
        .to_string()
        .into_bytes()
}

fn sent(request: &ChatRequest, values: &mut Placeholders) -> Option<(ChatRequest, String)> {
    let target = Target {
        provider: "openai".to_owned(),
        host: "api.openai.com".to_owned(),
        model: "gpt-4o".to_owned(),
        switched_on: true,
    };
    let proposal = Proposal {
        request,
        target: &target,
        profile: "me",
        purpose: "assistant",
        input_tokens: 10,
        output_tokens: Some(10),
        worst_cost: Some(Cost::ZERO),
        spent: Spent::default(),
    };
    match Policy::bundled().unwrap().evaluate(&proposal, &body, values, None) {
        Decision::Approved(approved) => {
            let request = approved.request().clone();
            Some((request, String::from_utf8(approved.take_body().0).unwrap()))
        }
        Decision::Denied(_) => None,
        Decision::Asked(question) => panic!("the default contract asks: {question:?}"),
    }
}

fn around() -> impl Strategy<Value = (String, String)> {
    let front =
        prop::sample::select(vec!["", "key: ", "it is \"", "\n", "x = ", "mail <", "(", "Größe „", "1, "]);
    let behind =
        prop::sample::select(vec!["", ".", "\" ok", "\n\nand", ">", ") 5", ", 7", "“ ja", "; [EMAIL_1]"]);
    (front, behind).prop_map(|(front, behind)| (front.to_owned(), behind.to_owned()))
}

fn places() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::System),
        (0_usize..3).prop_map(Place::Message),
        any::<usize>().prop_map(Place::Seam),
        Just(Place::Picture),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_leaves(
        key in prop::sample::select(KEYS), wrapping in 0_usize..6, place in places(), (front, behind) in around(),
    ) {
        let secret = wrapped(wrapping, key);
        let asked = match place {
            // What is cut by a message's end and wrapped as well is put together by nobody on the way.
            Place::Seam(_) if wrapping > 0 => request(&Place::Message(0), &front, &secret, &behind),
            _ => request(&place, &front, &secret, &behind),
        };
        if let Some((_, body)) = sent(&asked, &mut Placeholders::new()) {
            prop_assert!(!matches!(place, Place::Picture) && wrapping == 0, "{:?} {} let through: {}", place, wrapping, body);
            // The last letters of a key whose front is masked may stay behind in the next message.
            let rest = if matches!(place, Place::Seam(_)) { 8 } else { 4 };
            let leaked = key.as_bytes().windows(rest).any(|part| body.as_bytes().windows(rest).any(|sent| sent == part));
            prop_assert!(!leaked, "{}", body);
        }
    }

    #[test]
    fn nobody_is_named(
        who in prop::sample::select(PEOPLE), place in prop_oneof![Just(Place::System), (0_usize..3).prop_map(Place::Message)],
        (front, behind) in around(),
    ) {
        let asked = request(&place, &front, who, &behind);
        let mut values = Placeholders::new();
        let (masked, body) = sent(&asked, &mut values).unwrap();
        prop_assert!(!body.contains(who), "{}", body);
        // And all of it comes back.
        let back = |text: &str| values.restore(text);
        prop_assert_eq!(masked.system.as_deref().map(back), asked.system);
        for (masked, asked) in masked.messages.iter().zip(&asked.messages) {
            let (Part::Text(masked), Part::Text(asked)) = (&masked.parts[0], &asked.parts[0]) else { unreachable!() };
            prop_assert_eq!(&values.restore(masked), asked);
        }
    }
}
