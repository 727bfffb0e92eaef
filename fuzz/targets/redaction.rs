//! P2: what is masked of an answer is the same however it comes in pieces, and a request of any text is judged without an
//! error of the evaluation. The contract is the one that comes with the program.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tonny_egress::chat::{ChatRequest, Message, Role};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Decision, Denial, Placeholders, Policy, Proposal, Spent, Target};

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::bundled().expect("it comes with the program"));

static TARGET: LazyLock<Target> = LazyLock::new(|| Target {
    provider: "openai".to_owned(),
    host: "api.openai.com".to_owned(),
    model: "gpt-4o".to_owned(),
    switched_on: true,
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((text, [length])) = data.split_last_chunk::<1>() else { return Corpus::Reject };
    let Ok(text) = std::str::from_utf8(text) else { return Corpus::Reject };
    let whole = masked(&[text]);
    let length = usize::from(*length) + 1;
    let letters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = letters.chunks(length).map(|piece| piece.iter().collect()).collect();
    assert_eq!(masked(&pieces.iter().map(String::as_str).collect::<Vec<_>>()), whole, "pieces of {length}");
    judged(text);
    Corpus::Keep
});

fn masked(pieces: &[&str]) -> String {
    let mut held = POLICY.hold_back("me", "assistant", &TARGET);
    let mut out = String::new();
    for piece in pieces {
        out.push_str(&held.feed(piece).expect("no rule gives up"));
    }
    out.push_str(&held.finish().expect("no rule gives up"));
    out
}

fn judged(text: &str) {
    let request = ChatRequest { messages: vec![Message::text(Role::User, text)], ..ChatRequest::default() };
    let proposal = Proposal {
        request: &request,
        target: &TARGET,
        profile: "me",
        purpose: "assistant",
        input_tokens: 1_000,
        output_tokens: Some(1_000),
        worst_cost: Some(Cost::pico(1)),
        spent: Spent::default(),
    };
    let body = |request: &ChatRequest| format!("{:?}", request.messages).into_bytes();
    if let Decision::Denied(Denial::Evaluation(error)) =
        POLICY.evaluate(&proposal, &body, &mut Placeholders::new(), None)
    {
        panic!("{error:?}");
    }
}
