//! R9: the breaker, what is remembered of limits, keys and models, and the budget of retries, each against a reference that
//! keeps everything that ever happened and looks it all through for every question.
//!
//! Limits are learned from what servers say; there are no buckets of tokens that would be filled from their headers.

use std::collections::VecDeque;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::Result;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tonny_core::assistant::lanes::{Blocks, Lane, Lanes};
use tonny_egress::fault::{Breaker, Fault, FaultCode};
use tonny_egress::plan::Retries;
use tonny_supervisor::{CircuitLimits, Failure, Gate};

use crate::reliability::breaker::model;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// Callers at once, when a breaker lets one probe through.
const CALLERS: usize = 4;

/// The lanes' own numbers, as the assistant's page of the documentation has them.
const HOUR: Duration = Duration::from_secs(60 * 60);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

pub fn against_references(size: Size) -> Result<Outcome> {
    let (steps, seed) = (size.pick(200_000, 2_000_000), Dice::seed());
    let circuit = circuit(steps, seed)?;
    let lanes = lanes(steps, seed);
    let retries = retries(steps, seed);
    let probes = probes(size.pick(50, 500))?;
    let found =
        [&circuit, &lanes, &retries].into_iter().filter_map(|it| it.as_ref().err()).collect::<Vec<_>>();
    let told = found.first().map_or(String::new(), |it| format!("; first: {it}"));
    let count = |it: &Result<u64, String>| it.as_ref().copied().unwrap_or_default();
    let text = format!(
        "{} of 3 differ from their references: breaker {} events, limits and blocks {} steps, retries {} requests; {} of {} \
         half-open moments with {CALLERS} callers let another number than one through (seed {seed}){told}",
        found.len(),
        count(&circuit),
        count(&lanes),
        count(&retries),
        probes.0,
        probes.1,
    );
    Ok(Outcome::measured(found.is_empty() && probes.0 == 0, text))
}

/// The circuit that each host has, by the model of B1.
fn circuit(wanted: u64, seed: u64) -> Result<Result<u64, String>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let compared = std::cell::Cell::new(0);
    while compared.get() < wanted {
        let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
        bytes[8..16].copy_from_slice(&compared.get().to_le_bytes());
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let run = runner.run(&model::steps(60), |steps| {
            let events = model::equals_reference(&steps).map_err(TestCaseError::fail)?;
            compared.set(compared.get() + events as u64);
            Ok(())
        });
        if let Err(error) = run {
            return Ok(Err(format!("breaker: {error}")));
        }
    }
    Ok(Ok(compared.get()))
}

/// One thing that was told of a lane.
struct Told {
    at: Instant,
    lane: Lane,
    breaker: Breaker,
    wait: Option<Duration>,
    /// The user has acted since.
    is_over: bool,
}

/// What stands in a lane's way, by everything that was told.
fn reference(told: &[Told], lane: &Lane, now: Instant) -> Blocks {
    let left = |it: &Told, least: Duration| {
        let until = it.at + least.max(it.wait.unwrap_or_default());
        (until > now).then(|| until - now)
    };
    let same_model = |it: &&Told| it.lane.provider == lane.provider && it.lane.model == lane.model;
    let of_user = told.iter().filter(|it| !it.is_over && it.lane.provider == lane.provider);
    let failing_for = of_user.filter_map(|it| match it.breaker {
        Breaker::UntilKey | Breaker::UntilUser => left(it, HOUR),
        Breaker::PerModel if same_model(&it) => left(it, TEN_MINUTES),
        _ => None,
    });
    let limited_for = told.iter().filter(same_model).filter_map(|it| match (it.breaker, it.wait) {
        (Breaker::UntilKey | Breaker::UntilUser | Breaker::PerModel, _) => None,
        (Breaker::Limiter, None) => left(it, TEN_SECONDS),
        (_, Some(_)) => left(it, Duration::ZERO),
        _ => None,
    });
    Blocks { failing_for: failing_for.max(), limited_for: limited_for.max() }
}

fn lanes(steps: u64, seed: u64) -> Result<u64, String> {
    let (mut dice, mut now) = (Dice::new(seed), Instant::now());
    let (mut lanes, mut told): (Lanes, Vec<Told>) = Default::default();
    for step in 0..steps {
        let lane = Lane {
            provider: format!("p{}", dice.below(3)),
            host: "host".to_owned(),
            model: format!("m{}", dice.below(3)),
        };
        match dice.below(10) {
            0..=2 => {
                let code = *dice.pick(FaultCode::ALL);
                let wait = (dice.below(2) == 0).then(|| Duration::from_millis(1 + dice.below(5_000_000)));
                let fault = Fault { retry_after: wait, ..Fault::new(code, "p") };
                let breaker = code.rules().breaker;
                let failure = lanes.failed(&lane, &fault, now);
                if failure != (breaker == Breaker::Counts).then_some(Failure::Reset) {
                    return Err(format!("step {step}: {code} ends a permit with {failure:?}"));
                }
                told.push(Told { at: now, lane: lane.clone(), breaker, wait, is_over: false });
            }
            3..=5 => now += Duration::from_millis(dice.below(900_000)),
            6 if dice.below(20) == 0 => {
                lanes.user_acted();
                told.iter_mut().for_each(|it| it.is_over = true);
            }
            _ => {}
        }
        // Longer ago than anything lasts.
        told.retain(|it| it.at + 2 * HOUR > now);
        let (says, wants) = (lanes.blocks(&lane, now), reference(&told, &lane, now));
        if says != wants {
            return Err(format!("step {step}: {says:?}, and the reference {wants:?}"));
        }
    }
    Ok(steps)
}

/// The budget of retries by the sentence: under a tenth of the last minute's requests, and three in any case.
fn retries(steps: u64, seed: u64) -> Result<u64, String> {
    let (mut dice, mut now) = (Dice::new(seed), Instant::now());
    let (budget, mut sent) = (Retries::default(), VecDeque::<(Instant, bool)>::new());
    for step in 0..steps {
        now += Duration::from_millis(dice.below(500));
        while sent.front().is_some_and(|(at, _)| now - *at > MINUTE) {
            sent.pop_front();
        }
        let (all, again) = (sent.len(), sent.iter().filter(|(_, is_retry)| *is_retry).count());
        let wants = again < 3 || (again + 1) as f64 <= all as f64 * 0.1;
        let may = budget.may(now);
        if may != wants {
            return Err(format!("step {step}: {again} retries of {all} requests, and one more: {may}"));
        }
        let is_retry = may && dice.below(3) == 0;
        budget.sent(is_retry, now);
        sent.push_back((now, is_retry));
    }
    Ok(steps)
}

/// Moments at which several callers ask a half-open breaker at once; how often another number than one got through.
fn probes(rounds: usize) -> Result<(usize, usize)> {
    let limits = CircuitLimits { open: Duration::from_millis(1), successes: 1, ..CircuitLimits::default() };
    let mut wrong = 0;
    for _ in 0..rounds {
        let gate = Gate::new(limits.clone());
        for _ in 0..3 {
            gate.permit()?.failed(Failure::Refused);
        }
        std::thread::sleep(Duration::from_millis(2));
        let start = Arc::new(Barrier::new(CALLERS));
        let ask = || {
            let (gate, start) = (gate.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                gate.permit().ok()
            })
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| ask()).collect();
        // All are kept until the last one has asked: a permit that is given back lets the next one through.
        let permits: Vec<_> = callers.into_iter().map(|caller| caller.join().ok().flatten()).collect();
        wrong += usize::from(permits.iter().flatten().count() != 1);
    }
    Ok((wrong, rounds))
}
