//! One turn: who may be asked now, the question put to them, and what comes back through the clerk to whoever shows it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonny_egress::attempt::{Stop, Timers};
use tonny_egress::chat::ChatRequest;
use tonny_egress::plan::{Skip, plan};
use tonny_egress::policy::Placeholders;
use tonny_egress::router::{Asked, Question, TurnEvent};
use tonny_egress::turn;

use super::clerk::{Clerk, Said};
use super::desk::{Desk, Pass};
use super::judge::TurnJudge;
use super::owner::Owner;
use super::targets::{Candidate, needs};
use super::told;
use crate::problem::Problem;

/// Events on their way; a receiver that stands still holds the answer up after these.
const EVENTS: usize = 64;

/// The local model is waited for so long when nobody else can answer: a large one comes from a slow disk.
const LOCAL_WAIT: Duration = Duration::from_secs(120);

/// What is asked.
pub struct Wish {
    /// A model of the person's choice, before the usual order.
    pub model: Option<String>,
    /// The question; its model is each target's own.
    pub request: ChatRequest,
    /// What the answer begins with, where it goes on with one that broke off.
    pub begun: String,
    /// `assistant`, `cleanup`.
    pub purpose: &'static str,
    /// Until the first word.
    pub patience: Duration,
    /// Conversation and answer, for the ledger; empty where there are none.
    pub about: (String, String),
    /// Ends it.
    pub cancel: CancellationToken,
    /// The model for which the user said yes to what the contract asks about.
    pub agreed: Option<String>,
}

/// What a turn tells beside what is said.
pub enum Told {
    /// Something to show.
    Said(Said),
    /// It was not asked.
    Skipped(super::view::NoticeView),
    /// The one that is asked now.
    Asking(Box<Candidate>),
    /// Nobody could be asked.
    Nobody(Problem),
}

/// Carries a turn out. `tell` gets everything in order; the last is an end, or that there is nobody.
pub async fn carry_out(desk: &Desk, owner: &Owner, wish: Wish, tell: &mpsc::Sender<Told>) {
    let needs = needs(&wish.request);
    let (candidates, wrong) = desk.candidates(wish.model.as_deref());
    if candidates.iter().any(Candidate::is_worker) {
        desk.want_local.notify_one();
    }
    let standings = desk.standings(&candidates, owner).await;
    let planned = plan(&standings, needs, *desk.offline.borrow());
    let mut skips: Vec<(Candidate, Skip)> = Vec::new();
    for (at, skip) in planned.skipped {
        say(tell, Told::Skipped(told::skipped(&candidates[at], &skip))).await;
        skips.push((candidates[at].clone(), skip));
    }
    let mut ready: Vec<(Candidate, Pass)> = Vec::new();
    for at in planned.asked {
        match desk.pass(&candidates[at]).await {
            Ok(pass) => ready.push((candidates[at].clone(), pass)),
            Err(problem) => {
                tracing::warn!(
                    code = problem.code,
                    provider = candidates[at].provider.id,
                    "no key could be had"
                );
                let skip = Skip::NoKey;
                say(tell, Told::Skipped(told::skipped(&candidates[at], &skip))).await;
                skips.push((candidates[at].clone(), skip));
            }
        }
    }
    if ready.is_empty() {
        let problem = if skips.is_empty() { wrong.into_iter().next() } else { None };
        let nobody = problem.unwrap_or_else(|| told::nobody(&skips));
        return say(tell, Told::Nobody(nobody)).await;
    }
    ask(desk, owner, wish, &ready, tell).await;
}

async fn ask(desk: &Desk, owner: &Owner, wish: Wish, ready: &[(Candidate, Pass)], tell: &mpsc::Sender<Told>) {
    let candidates: Vec<Candidate> = ready.iter().map(|(candidate, _)| candidate.clone()).collect();
    let mut targets = Vec::new();
    for (candidate, pass) in ready {
        let key = match pass.expose() {
            Ok(key) => key,
            Err(problem) => return say(tell, Told::Nobody(problem)).await,
        };
        let window = candidate.window().map(|window| u32::try_from(window).unwrap_or(u32::MAX));
        targets.push(Asked {
            provider: &candidate.provider,
            model: &candidate.model,
            key,
            candidate: turn::Candidate { prefill: candidate.goes_on(), window },
            timers: if candidate.is_local() { Timers::LOCAL } else { Timers::CLOUD },
        });
    }
    let (verdicts, judged) = mpsc::unbounded_channel();
    let (events, mut heard) = mpsc::channel::<TurnEvent>(EVENTS);
    let judge = TurnJudge {
        desk,
        owner,
        candidates: &candidates,
        purpose: wish.purpose,
        about: wish.about.clone(),
        values: Placeholders::new(),
        verdicts,
        wait_local: if ready.len() > 1 { wish.patience } else { LOCAL_WAIT },
        cancel: wish.cancel.clone(),
        agreed: wish.agreed.clone(),
    };
    let question = Question {
        request: &wish.request,
        targets: &targets,
        patience: wish.patience,
        begun: &wish.begun,
        judge,
        chance,
    };
    let mut clerk = Clerk::new(desk, owner, &candidates, judged, wish.about);
    let mut stop = Stop { cancel: wish.cancel, offline: desk.offline.clone() };
    let running = async {
        question.run(&desk.client, &desk.retries, &mut stop, &events).await;
        drop(events);
    };
    let following = async {
        while let Some(event) = heard.recv().await {
            for said in clerk.hear(event).await {
                if let Said::Asking(target) = said {
                    say(tell, Told::Asking(Box::new(candidates[target].clone()))).await;
                } else {
                    say(tell, Told::Said(said)).await;
                }
            }
        }
    };
    tokio::join!(running, following);
    clerk.close().await;
}

/// Whoever does not listen any more does not need to be told.
async fn say(tell: &mpsc::Sender<Told>, told: Told) {
    let _ = tell.send(told).await;
}

/// Uniform in 0.0 to 1.0, from the bits of a random id that are random.
fn chance() -> f64 {
    const BITS: u32 = 53;
    let bits = uuid::Uuid::new_v4().as_u128() & ((1 << BITS) - 1);
    bits as f64 / (1_u64 << BITS) as f64
}
