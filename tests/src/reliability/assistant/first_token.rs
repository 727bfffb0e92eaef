//! R1: what the whole stack adds to the time until the first word, against a bare HTTP client that sends the same bytes to
//! the same server.
//!
//! The server stamps when a request was complete and when the first byte of its answer was handed over; what lies between
//! is its own and does not count. The two clients take turns, so that what the machine does meanwhile hits both, and each
//! round is compared with its own neighbour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use reqwest::Client;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonny_egress::ChatClient;
use tonny_egress::attempt::{Stop, Timers};
use tonny_egress::chat::{ChatRequest, Message, Role};
use tonny_egress::cost::{CacheLife, Price};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::plan::{Retries, Standing, plan};
use tonny_egress::policy::{
    Approved, Decision, HoldBack, Placeholders, Policy, Proposal, Restorer, Spent, Target,
};
use tonny_egress::provider::{Provider, Providers};
use tonny_egress::registry::Registry;
use tonny_egress::router::{Arrived, Asked, Judge, Question, TurnEvent};
use tonny_egress::turn::Candidate;
use tonny_store::{Allowance, LedgerEntry, Settlement, Store};

use super::peer::{Peer, whole};
use super::room::KEY;
use crate::bench::percentile;
use crate::reliability::{Outcome, Size};

/// The provider and the model that are asked.
const PROVIDER: &str = "openai";
const MODEL: &str = "gpt-4o-mini";

/// A budget of a day that is never used up.
const DAY: [Option<Allowance>; 2] = [Some(Allowance { since_ms: 0, most_pico: 1_000_000_000_000_000 }), None];

const MEDIAN_MS: f64 = 0.30;
const P99_MS: f64 = 2.0;

/// Connections and caches of both are warm by then.
const WARM_UP: usize = 50;

/// What turns share.
struct Stack {
    client: ChatClient,
    provider: Provider,
    price: Price,
    policy: Policy,
    target: Target,
    request: ChatRequest,
    store: Store,
    retries: Retries,
    /// Where the store's file lies.
    _folder: TempDir,
}

pub async fn overhead(size: Size) -> Result<Outcome> {
    let peer =
        Arc::new(Peer::start(|_, _| whole(&["Hello there, ", "this is ", "an answer. ", "It ends."]))?);
    let stack = Arc::new(Stack::new(&peer).await?);
    // The bytes that the stack sends, to be sent bare.
    let mut body = None;
    let (mut bare, mut all, mut added) = (Vec::new(), Vec::new(), Vec::new());
    let client = Client::builder().no_proxy().build()?;
    let rounds = size.pick(400, 5_000);
    for round in 0..WARM_UP + rounds {
        if body.is_none() {
            ask(&stack, &peer).await?;
            body = peer.arrived().pop().map(|arrived| arrived.body);
        }
        let bytes = body.clone().context("a body")?;
        // Who begins changes, so that neither always finds what the other one warmed.
        let (with, without) = if round % 2 == 0 {
            let without = ask_bare(&client, &peer, bytes).await?;
            (ask(&stack, &peer).await?, without)
        } else {
            let with = ask(&stack, &peer).await?;
            (with, ask_bare(&client, &peer, bytes).await?)
        };
        if round >= WARM_UP {
            bare.push(without);
            all.push(with);
            added.push(with - without);
        }
    }
    let (median, p99) = (percentile(&mut added, 50), percentile(&mut added, 99));
    let text = format!(
        "p50 {median:.3}, p99 {p99:.3} ms added in {rounds} rounds (stack p50 {:.3}, p99 {:.3}; bare reqwest {:.3}, {:.3} ms); \
         plan, policy, budget and ledger row in a database on the disk, router, format, hold-back, {} bytes asked",
        percentile(&mut all, 50),
        percentile(&mut all, 99),
        percentile(&mut bare, 50),
        percentile(&mut bare, 99),
        body.map_or(0, |body| body.len()),
    );
    Ok(Outcome::timed(true, median <= MEDIAN_MS && p99 <= P99_MS, text))
}

/// Milliseconds of a request's way out and of its first word's way in.
fn ways(began: Instant, heard: Instant, peer: &Peer) -> Result<f64> {
    let (arrived, answered) = peer.last().context("the server saw it")?;
    let out = arrived.saturating_duration_since(began);
    let back = heard.saturating_duration_since(answered);
    Ok((out + back).as_secs_f64() * 1e3)
}

async fn ask_bare(client: &Client, peer: &Arc<Peer>, body: Vec<u8>) -> Result<f64> {
    let (client, url) = (client.clone(), format!("{}/v1/chat/completions", peer.away()));
    let asking = tokio::spawn(async move {
        let began = Instant::now();
        let request = client.post(url).header("content-type", "application/json");
        let mut answer = request.header("authorization", format!("Bearer {KEY}")).body(body).send().await?;
        let first = answer.chunk().await?;
        let heard = Instant::now();
        while answer.chunk().await?.is_some() {}
        anyhow::Ok((began, heard, first.is_some()))
    });
    let (began, heard, came) = asking.await??;
    anyhow::ensure!(came, "no answer came");
    ways(began, heard, peer)
}

async fn ask(stack: &Arc<Stack>, peer: &Arc<Peer>) -> Result<f64> {
    let asking = tokio::spawn(carry_out(stack.clone()));
    let (began, heard) = asking.await??;
    ways(began, heard, peer)
}

/// One turn, in the steps and with the parts of tonny-core's; when it began and when the first word could be shown.
async fn carry_out(stack: Arc<Stack>) -> Result<(Instant, Instant)> {
    let began = Instant::now();
    let standing = Standing { leaves_machine: true, ..Standing::default() };
    anyhow::ensure!(plan(&[standing], Default::default(), false).asked == [0], "it is asked");
    let targets = [Asked {
        provider: &stack.provider,
        model: MODEL,
        key: Some(KEY),
        candidate: Candidate { prefill: false, window: None },
        timers: Timers::CLOUD,
    }];
    let (tell, opened) = mpsc::unbounded_channel();
    let question = Question {
        request: &stack.request,
        targets: &targets,
        patience: Duration::from_secs(10),
        begun: "",
        judge: Counter { stack: &stack, tell },
        chance: || 0.5,
    };
    let (events, heard) = mpsc::channel(64);
    let (_offline, offline) = watch::channel(false);
    let mut stop = Stop { cancel: CancellationToken::new(), offline };
    let running = async {
        question.run(&stack.client, &stack.retries, &mut stop, &events).await;
        drop(events);
    };
    let ((), first) = tokio::join!(running, follow(&stack, heard, opened));
    Ok((began, first?))
}

/// Shows what may be shown and settles at the end; when the first word could be shown.
async fn follow(
    stack: &Stack,
    mut heard: mpsc::Receiver<TurnEvent>,
    mut opened: mpsc::UnboundedReceiver<Opened>,
) -> Result<Instant> {
    let (mut first, mut open, mut usage) = (None, None, None);
    while let Some(event) = heard.recv().await {
        while let Ok(one) = opened.try_recv() {
            open = Some(one);
        }
        match event {
            TurnEvent::Text(text) => {
                let open: &mut Opened = open.as_mut().context("judged before it speaks")?;
                let passed = open.hold_back.feed(&text)?;
                if !open.texts.feed(&open.values, &passed).is_empty() {
                    first.get_or_insert_with(Instant::now);
                }
            }
            TurnEvent::Usage(counted) => usage = Some(counted),
            TurnEvent::Done(_) => {
                let open = open.take().context("judged before it ends")?;
                stack.settle(&open, usage.unwrap_or_default()).await?;
            }
            TurnEvent::Interrupted { fault, .. } => anyhow::bail!("{fault:?}"),
            _ => {}
        }
    }
    first.context("a word came")
}

/// An attempt that was let through.
struct Opened {
    row: i64,
    values: Placeholders,
    hold_back: HoldBack,
    texts: Restorer,
}

struct Counter<'a> {
    stack: &'a Stack,
    tell: mpsc::UnboundedSender<Opened>,
}

impl Judge for Counter<'_> {
    async fn arrive(&mut self, _target: usize) -> Result<Option<Arrived>, Fault> {
        Ok(None)
    }

    async fn judge(&mut self, _target: usize, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
        let stack = self.stack;
        let mut values = Placeholders::new();
        let worst = Some(stack.price.worst(1_000, 500));
        let proposal = Proposal {
            request,
            target: &stack.target,
            profile: "default",
            purpose: "assistant",
            input_tokens: 1_000,
            output_tokens: Some(500),
            worst_cost: worst,
            spent: Spent::default(),
        };
        let body = |request: &ChatRequest| stack.provider.body(request);
        let Decision::Approved(approved) = stack.policy.evaluate(&proposal, &body, &mut values, None) else {
            return Err(Fault::new(FaultCode::POLICY_DENIED, PROVIDER));
        };
        let receipt = approved.receipt();
        let entry = LedgerEntry {
            profile: receipt.profile.clone(),
            purpose: receipt.purpose.clone(),
            provider: receipt.provider.clone(),
            host: receipt.host.clone(),
            model: receipt.model.clone(),
            bytes_out: i64::try_from(receipt.bytes).unwrap_or(i64::MAX),
            cost_pico: worst.and_then(|cost| i64::try_from(cost.as_pico()).ok()),
            rules: "[]".to_owned(),
            receipt: Some(receipt.hash()),
            ..LedgerEntry::default()
        };
        let ledger = stack.store.ledger();
        let (row, hold_back) = tokio::join!(ledger.open(&entry, DAY), async {
            stack.policy.hold_back("default", "assistant", &stack.target)
        });
        let opened = Opened {
            row: row.ok().flatten().ok_or_else(|| Fault::new(FaultCode::BUDGET_EXCEEDED, PROVIDER))?,
            values,
            hold_back,
            texts: Restorer::default(),
        };
        // Whoever follows the turn holds the other end.
        let _ = self.tell.send(opened);
        Ok(*approved)
    }
}

impl Stack {
    async fn new(peer: &Peer) -> Result<Self> {
        let provider = Providers::bundled()?;
        let provider = provider.get(PROVIDER).context("known")?.at(&format!("{}/v1", peer.away()));
        let record = Registry::bundled()?.find(PROVIDER, MODEL).context("known")?;
        let target = Target {
            provider: PROVIDER.to_owned(),
            host: provider.host().context("a host")?,
            model: MODEL.to_owned(),
            switched_on: true,
        };
        let folder = tempfile::tempdir()?;
        Ok(Self {
            client: ChatClient::new()?,
            provider,
            price: record.price.context("a price")?,
            policy: Policy::bundled()?,
            target,
            request: talk(),
            store: Store::open(folder.path().join("tonny.db")).await?,
            retries: Retries::default(),
            _folder: folder,
        })
    }

    async fn settle(&self, opened: &Opened, usage: tonny_egress::chat::Usage) -> Result<()> {
        let cost = self.price.cost(&usage, CacheLife::default());
        let came = Settlement { cost_pico: Some(i64::try_from(cost.as_pico())?), ..Settlement::default() };
        Ok(self.store.ledger().settle(opened.row, &came).await?)
    }
}

/// A conversation of a few messages with something to mask, about 2 KB.
fn talk() -> ChatRequest {
    let said =
        "The quick brown fox jumps over 13 lazy dogs, and then (on 01.02.2024) it sleeps. Who would not? ";
    let roles = [Role::User, Role::Assistant, Role::User, Role::Assistant, Role::User];
    let mut messages: Vec<Message> = roles.map(|role| Message::text(role, said.repeat(4))).into();
    messages.push(Message::text(Role::User, "Write to ada@example.org, please."));
    ChatRequest {
        model: MODEL.to_owned(),
        system: Some("You answer briefly.".to_owned()),
        messages,
        max_tokens: Some(500),
        ..ChatRequest::default()
    }
}
