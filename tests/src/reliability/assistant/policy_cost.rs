//! P4: what judging a request takes, for ordinary text and for text that is made to be slow.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use tonny_egress::chat::{ChatRequest, Message, Role};
use tonny_egress::cost::Cost;
use tonny_egress::policy::{Decision, Placeholders, Policy, Proposal, Spent, Target};
use tonny_egress::provider::Providers;

use super::texts::{ORDINARY, TEXTS, long};
use crate::bench::percentile;
use crate::reliability::{Outcome, Size};

const KB8: usize = 8 << 10;
const KB64: usize = 64 << 10;
const MB: usize = 1 << 20;

const KB8_MS: f64 = 0.2;
const MB_MS: f64 = 25.0;

/// A text of sixteen times the length may take so many times as long, however slow its kind is; the square would be 256.
const LINEAR: f64 = 48.0;

struct Bench {
    policy: Policy,
    provider: tonny_egress::provider::Provider,
    target: Target,
}

pub fn measured(size: Size) -> Result<Outcome> {
    let bench = Bench::new()?;
    let (short, large) = (size.pick(101, 1_001), size.pick(7, 51));
    let (mut kb8, mut mb) = ((0.0, ""), (0.0, ""));
    let (mut slowest, mut steepest) = ((0.0, ""), (0.0, ""));
    for (name, piece) in TEXTS {
        let small = bench.median(&long(piece, KB8), short)?;
        let middle = bench.median(&long(piece, KB64), large)?;
        let whole = bench.median(&long(piece, MB), large)?;
        let grows = whole / middle;
        if ORDINARY.contains(name) {
            kb8 = larger(kb8, (small, *name));
            mb = larger(mb, (whole, *name));
        }
        slowest = larger(slowest, (whole, *name));
        steepest = larger(steepest, (grows, *name));
    }
    let text = format!(
        "8 KB {:.3} ms ({}), 1 MB {:.1} ms ({}), the slowest of {} and the contract that comes with the program; made to be slow: \
         1 MB {:.1} ms ({}); 16 times the length takes at most {:.0} times as long ({})",
        kb8.0,
        kb8.1,
        mb.0,
        mb.1,
        ORDINARY.join(", "),
        slowest.0,
        slowest.1,
        steepest.0,
        steepest.1,
    );
    Ok(Outcome::timed(steepest.0 <= LINEAR, kb8.0 <= KB8_MS && mb.0 <= MB_MS, text))
}

fn larger<'a>(one: (f64, &'a str), other: (f64, &'a str)) -> (f64, &'a str) {
    if other.0 > one.0 { other } else { one }
}

impl Bench {
    fn new() -> Result<Self> {
        let providers = Providers::bundled()?;
        let provider = providers.get("openai").ok_or_else(|| anyhow::anyhow!("known"))?.clone();
        let target = Target {
            provider: "openai".to_owned(),
            host: provider.host().unwrap_or_default(),
            model: "gpt-4o".to_owned(),
            switched_on: true,
        };
        Ok(Self { policy: Policy::bundled()?, provider, target })
    }

    /// Milliseconds, the body's bytes in the provider's form included.
    fn median(&self, text: &str, tries: usize) -> Result<f64> {
        let messages = vec![Message::text(Role::User, text)];
        let request = ChatRequest { messages, ..ChatRequest::default() };
        let proposal = Proposal {
            request: &request,
            target: &self.target,
            profile: "me",
            purpose: "assistant",
            input_tokens: 1_000,
            output_tokens: Some(1_000),
            worst_cost: Some(Cost::pico(1)),
            spent: Spent::default(),
        };
        let body = |request: &ChatRequest| self.provider.body(request);
        let mut times = Vec::with_capacity(tries);
        for _ in 0..tries {
            let mut values = Placeholders::new();
            let began = Instant::now();
            let decision = black_box(self.policy.evaluate(&proposal, &body, &mut values, None));
            times.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(!matches!(decision, Decision::Asked(_)), "the contract asks");
        }
        Ok(percentile(&mut times, 50))
    }
}
