//! R8: a target that cannot be reached costs next to nothing once that is known, and nobody is asked before the time that it
//! gave itself.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tonny_core::assistant::lanes::{Lane, Lanes};
use tonny_core::assistant::{NoticeKind, Standing};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::plan::{Needs, Standing as Known, plan};
use tonny_egress::router::TurnEvent;
use tonny_egress::turn::{Candidate, Step, Turn};

use super::black_hole::BlackHole;
use super::peer::{Peer, Reply, whole};
use super::room::Room;
use super::running::{CLOUD, Setup, provider};
use crate::bench::percentile;
use crate::chat_server::ChatServer;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// What a target that is known to be away may cost.
const ADDED_MS: f64 = 5.0;

/// The client's own limit of a connection, and what a busy machine adds.
const CONNECT: Duration = Duration::from_millis(3_300);

pub async fn failed_over(size: Size) -> Result<Outcome> {
    let refused = refused_port(size).await?;
    let hole = black_hole(size).await?;
    let overlap = overlapping().await?;
    let (turns, seed) = (size.pick(10_000, 100_000), Dice::seed());
    let sent = Simulation::run(turns, seed);
    let text = format!(
        "refused port +{refused:.2} ms (p99); black hole: first word after {:.2} s at most in each of the {} turns that it took to \
         open, then +{:.2} ms (p99 of {}); {} of {} requests before a server's time in {turns} simulated turns of \
         {} lanes, {} delays (seed {seed}); two real turns at once: {}",
        hole.first.as_secs_f64(),
        hole.paid,
        hole.added,
        hole.asked,
        sent.early,
        sent.requests,
        LANES,
        sent.delays,
        if overlap {
            "the limit that one met is kept by the other"
        } else {
            "one asked within the other's limit"
        },
    );
    let holds = sent.early == 0 && sent.delays > turns as u64 / 10 && overlap && hole.asked > 0;
    let in_time = refused <= ADDED_MS && hole.first <= CONNECT && hole.added <= ADDED_MS;
    Ok(Outcome::timed(holds, in_time, text))
}

/// Milliseconds that a refused port before the target adds to its first word, p99 of pairs.
async fn refused_port(size: Size) -> Result<f64> {
    let good = Peer::start(|_, _| whole(&["Hello."]))?;
    let good = provider(good.port, CLOUD);
    let dead = provider(ChatServer::nobody()?, CLOUD);
    let setup = Setup::of(Vec::new());
    let mut added = Vec::new();
    for round in 0..size.pick(100, 1_000) + 5 {
        let mut took = [0.0; 2];
        for (at, providers) in [vec![good.clone()], vec![dead.clone(), good.clone()]].into_iter().enumerate()
        {
            let providers = providers.into_iter().map(|it| (it, false)).collect();
            let began = Instant::now();
            let setup = Setup { providers, retries: Default::default(), ..setup.clone() };
            let mut turn = setup.start();
            turn.word().await;
            took[at] = began.elapsed().as_secs_f64() * 1e3;
            while !matches!(turn.next().await, TurnEvent::Done(_)) {}
        }
        if round >= 5 {
            added.push(took[1] - took[0]);
        }
    }
    Ok(percentile(&mut added, 99))
}

struct Hole {
    /// The slowest first word while the host was not known to be away.
    first: Duration,
    /// Turns that waited for the connect timer.
    paid: usize,
    /// Milliseconds, p99 of pairs.
    added: f64,
    /// Turns that passed it over, with the reason told.
    asked: usize,
}

/// Through the whole assistant: the breaker of the host is its own.
async fn black_hole(size: Size) -> Result<Hole> {
    let (hole, good) = (BlackHole::open()?, Peer::start(|_, _| whole(&["Hello ", "there."]))?);
    let away = format!("http://[::ffff:127.0.0.1]:{}", hole.port);
    let room = Room::start(&["openai/a", "groq/b"], &[("openai", away), ("groq", good.away())]).await?;
    // As many at once as open the breaker, so that the timers run side by side.
    let (one, two, three) =
        tokio::join!(room.answer("1", None), room.answer("2", None), room.answer("3", None));
    let mut first = Duration::ZERO;
    for answer in [one, two, three] {
        let (answer, word) = answer?;
        ensure!(answer.state == Standing::Complete, "{answer:?}");
        first = first.max(word.context("a word")?);
    }
    let mut added = Vec::new();
    for _ in 0..size.pick(50, 100) {
        let (_, plain) = room.answer("Again.", Some("groq/b")).await?;
        let (answer, word) = room.answer("Again.", None).await?;
        // Open no longer: what comes now is the probe.
        if answer.notices.first().is_none_or(|notice| notice.kind != NoticeKind::Skipped) {
            break;
        }
        let (word, plain) = (word.context("a word")?, plain.context("a word")?);
        added.push((word.as_secs_f64() - plain.as_secs_f64()) * 1e3);
    }
    room.quit().await?;
    let asked = added.len();
    Ok(Hole { first, paid: 3, added: percentile(&mut added, 99), asked })
}

/// A turn that was planned before another one met a limit does not ask there within it.
async fn overlapping() -> Result<bool> {
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let opened = std::sync::Mutex::new(opened);
    // The first target fails only when the limit of the second one is met: when the other side of this is dropped.
    let first = Peer::start(move |_, _| {
        let opened = opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = opened.recv();
        Reply::Refusal(401, String::new(), "{}".to_owned())
    })?;
    let second = Peer::start(|_, _| {
        let body = r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#;
        Reply::Refusal(429, "retry-after: 60\r\n".to_owned(), body.to_owned())
    })?;
    let room =
        Room::start(&["openai/a", "groq/b"], &[("openai", first.away()), ("groq", second.away())]).await?;
    let early = room.ask("Planned before.", None).await?;
    tokio::task::block_in_place(|| first.wait_arrived(1))?;
    // Asks the second one first and meets its limit; that it goes on to the first one says that the limit is noted.
    let other = room.ask("Meets the limit.", Some("groq/b")).await?;
    tokio::task::block_in_place(|| first.wait_arrived(2))?;
    drop(open);
    room.ended(&early).await?;
    room.ended(&other).await?;
    room.quit().await?;
    Ok(second.count() == 1)
}

/// Lanes in the simulation.
const LANES: usize = 4;

/// Turns at random moments, one beside the other, against servers that fail in every way and name times; the clock is a
/// number.
struct Simulation {
    dice: Dice,
    lanes: Lanes,
    /// By lane: the time that its server gave last, and has told.
    not_before: [Instant; LANES],
    early: u64,
    requests: u64,
    delays: u64,
}

/// A turn that waits for its next request.
struct Waiting {
    at: Instant,
    turn: Turn,
    /// The plan's places.
    asked: Vec<usize>,
}

impl Simulation {
    fn run(turns: usize, seed: u64) -> Self {
        let began = Instant::now();
        let mut this = Self {
            dice: Dice::new(seed),
            lanes: Lanes::default(),
            not_before: [began; LANES],
            early: 0,
            requests: 0,
            delays: 0,
        };
        let (mut under_way, mut next): (Vec<Waiting>, _) = (Vec::new(), began);
        let mut left = turns;
        while left > 0 || !under_way.is_empty() {
            let first =
                under_way.iter().enumerate().min_by_key(|(_, it)| it.at).map(|(place, it)| (place, it.at));
            match first {
                Some((place, at)) if left == 0 || at <= next => {
                    let waiting = under_way.swap_remove(place);
                    under_way.extend(this.ask(waiting));
                }
                _ => {
                    left -= 1;
                    under_way.extend(this.begin(next));
                    next += Duration::from_millis(this.dice.below(2_000));
                }
            }
        }
        this
    }

    fn begin(&mut self, now: Instant) -> Option<Waiting> {
        let known: Vec<Known> = (0..LANES)
            .map(|number| {
                let blocks = self.lanes.blocks(&lane(number), now);
                Known { open_for: blocks.failing_for, limited_for: blocks.limited_for, ..Known::default() }
            })
            .collect();
        let asked = plan(&known, Needs::default(), false).asked;
        let candidates = vec![Candidate { prefill: self.dice.below(2) == 0, window: None }; asked.len()];
        let turn = Turn::new(candidates, Duration::from_secs(10), now);
        (!asked.is_empty()).then_some(Waiting { at: now, turn, asked })
    }

    /// Sends the request that waits, if its lane is still free, and says what follows.
    fn ask(&mut self, mut waiting: Waiting) -> Option<Waiting> {
        let (now, number) = (waiting.at, waiting.asked[waiting.turn.target()]);
        let fault = match self.lanes.blocks(&lane(number), now).limited_for {
            Some(left) => Fault { retry_after: Some(left), ..Fault::new(FaultCode::RATE_REQUESTS, "p") },
            None => {
                self.requests += 1;
                self.early += u64::from(now < self.not_before[number]);
                let fault = self.fault()?;
                if self.dice.below(4) == 0 {
                    waiting.turn.shown();
                }
                self.lanes.failed(&lane(number), &fault, now);
                if let Some(wait) = fault.retry_after {
                    self.delays += 1;
                    self.not_before[number] = self.not_before[number].max(now + wait);
                }
                // What only the user can mend would end the simulation.
                self.lanes.user_acted();
                fault
            }
        };
        let chance = self.dice.below(1_000) as f64 / 1_000.0;
        waiting.at += match waiting.turn.failed(&fault, now, chance, true) {
            Step::Again(pause) | Step::Continue(_, pause) => pause,
            Step::Switch(_) => Duration::ZERO,
            Step::Offer | Step::End => return None,
        };
        Some(waiting)
    }

    /// An answer, or what went wrong: every second time something that only time can mend, and with that a delay, half of the
    /// times.
    fn fault(&mut self) -> Option<Fault> {
        let waits = |code: &FaultCode| matches!(code.0, 111..=131);
        let timed: Vec<FaultCode> = FaultCode::ALL.iter().copied().filter(waits).collect();
        let code =
            if self.dice.below(2) == 0 { *self.dice.pick(&timed) } else { *self.dice.pick(FaultCode::ALL) };
        let waits = waits(&code);
        let delay =
            (waits && self.dice.below(2) == 0).then(|| Duration::from_millis(self.dice.below(30_000)));
        (self.dice.below(3) > 0).then(|| Fault { retry_after: delay, ..Fault::new(code, "p") })
    }
}

fn lane(number: usize) -> Lane {
    Lane { provider: "p".to_owned(), host: format!("host-{number}"), model: format!("m-{number}") }
}
