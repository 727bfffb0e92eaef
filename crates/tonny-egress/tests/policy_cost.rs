//! How long the policy takes. Not part of a test run: `cargo test --release -p tonny-egress --test policy_cost -- --ignored
//! --nocapture` prints the numbers. Promised are 0.2 ms for 8 KB and 25 ms for 1 MB of ordinary text;
//! texts made to be slow may take a few times as long, and no text more than in proportion to its length.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "policy_cost/texts.rs"]
#[allow(dead_code, reason = "the row knows ordinary ones")]
mod texts;

use std::hint::black_box;
use std::time::{Duration, Instant};

use sha2::Digest as _;
use texts::{TEXTS, long};
use tonny_egress::chat::{ChatRequest, Message, Part, Role};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Contract, Decision, Placeholders, Policy, Proposal, Spent, Target};
use tonny_egress::registry::Registry;

const KB8: usize = 8 << 10;
const MB: usize = 1 << 20;

fn target() -> Target {
    Target {
        provider: "openai".to_owned(),
        host: "api.openai.com".to_owned(),
        model: "gpt-4o".to_owned(),
        switched_on: true,
    }
}

/// As the real ones, the conversation as JSON.
fn body(request: &ChatRequest) -> Vec<u8> {
    let texts = request.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
        Part::Text(text) => text,
        Part::Image { media_type, .. } => media_type,
    });
    serde_json::to_vec(&texts.collect::<Vec<_>>()).unwrap()
}

fn evaluate(policy: &Policy, request: &ChatRequest) -> Decision {
    let proposal = Proposal {
        request,
        target: &target(),
        profile: "me",
        purpose: "assistant",
        input_tokens: 1000,
        output_tokens: Some(1000),
        worst_cost: Some(Cost::pico(1)),
        spent: Spent::default(),
    };
    policy.evaluate(&proposal, &body, &mut Placeholders::new(), None)
}

fn median(tries: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..tries)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[tries / 2]
}

#[test]
#[ignore = "prints numbers"]
fn evaluation() {
    let policy = Policy::bundled().unwrap();
    for (name, piece) in TEXTS {
        for (size, tries, length) in [("8 KB", 51, KB8), ("1 MB", 7, MB)] {
            let messages = vec![Message::text(Role::User, long(piece, length))];
            let request = ChatRequest { messages, ..ChatRequest::default() };
            let time = median(tries, || drop(black_box(evaluate(&policy, &request))));
            println!("evaluate {name:>9} {size}: {:>9.3} ms", time.as_secs_f64() * 1e3);
        }
    }
}

#[test]
#[ignore = "prints numbers"]
fn streaming() {
    let policy = Policy::bundled().unwrap();
    for (name, piece) in TEXTS {
        let text = long(piece, MB);
        let deltas: Vec<String> =
            text.chars().collect::<Vec<_>>().chunks(4).map(|delta| delta.iter().collect()).collect();
        let time = median(3, || {
            let mut held = policy.hold_back("me", "assistant", &target());
            for delta in &deltas {
                black_box(held.feed(delta).unwrap());
            }
            black_box(held.finish().unwrap());
        });
        let each = time.as_secs_f64() * 1e9 / f64::from(u32::try_from(deltas.len()).unwrap());
        println!(
            "hold back {name:>9} 1 MB in deltas of 4: {:>9.3} ms, {each:.0} ns each",
            time.as_secs_f64() * 1e3
        );
    }
}

/// What this machine does with a megabyte at the moment: the others are to be read beside it.
#[test]
#[ignore = "prints numbers"]
fn baseline() {
    let request = ChatRequest {
        messages: vec![Message::text(Role::User, long(TEXTS[0].1, MB))],
        ..ChatRequest::default()
    };
    let json = median(21, || drop(black_box(body(&request))));
    let bytes = body(&request);
    let hash = median(21, || {
        black_box(sha2::Sha256::digest(&bytes));
    });
    println!(
        "1 MB of prose to JSON {:.3} ms, its SHA-256 {:.3} ms",
        json.as_secs_f64() * 1e3,
        hash.as_secs_f64() * 1e3
    );
}

#[test]
#[ignore = "prints numbers"]
fn loading() {
    let registry = median(51, || drop(black_box(Registry::bundled().unwrap())));
    let contract = median(51, || drop(black_box(Contract::load(Policy::bundled_text()).unwrap())));
    println!(
        "registry {:.3} ms, default contract with its examples {:.3} ms",
        registry.as_secs_f64() * 1e3,
        contract.as_secs_f64() * 1e3
    );
}
