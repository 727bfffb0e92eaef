//! Canaries in requests: wherever one stands and however it is wrapped, it is not in what may leave.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "leaks/places.rs"]
mod places;

use places::{KEYS, PEOPLE, Place, base64, request, wrapped};
use proptest::prelude::*;
use tonny_egress::chat::{ChatRequest, Part};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Decision, Placeholders, Policy, Proposal, Spent, Target};

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

fn any_place() -> impl Strategy<Value = Place> {
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
        key in prop::sample::select(KEYS), wrapping in 0_usize..6, place in any_place(), (front, behind) in around(),
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
