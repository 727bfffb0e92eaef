//! A turn under way, as the app runs one: the bundled contract judges each attempt, and the receiver hears everything up to
//! the end. Used by this crate's tests and by the rows of the reliability page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonny_egress::ChatClient;
use tonny_egress::attempt::{Stop, Timers};
use tonny_egress::chat::{ChatRequest, Message, Role};
use tonny_egress::fault::Fault;
use tonny_egress::plan::Retries;
use tonny_egress::policy::{Approved, Decision, Placeholders, Policy, Proposal, Receipt, Spent, Target};
use tonny_egress::provider::{Provider, Providers};
use tonny_egress::router::{Arrived, Asked, Judge, Question, Then, TurnEvent};
use tonny_egress::turn::Candidate;

/// A host that is not this machine as far as the policy knows; the client is told where it is.
pub const CLOUD: &str = "cloud.test";

/// No event of a turn is waited for any longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a turn begins with.
#[derive(Clone)]
pub struct Setup {
    /// Who may answer, and whether it can go on from a beginning.
    pub providers: Vec<(Provider, bool)>,
    pub request: ChatRequest,
    pub timers: Timers,
    pub patience: Duration,
    pub client: ChatClient,
    pub policy: Arc<Policy>,
    pub retries: Retries,
    /// Told of everything that was let through.
    pub receipts: Option<mpsc::UnboundedSender<Receipt>>,
}

impl Setup {
    /// A short question to these.
    pub fn of(providers: Vec<(Provider, bool)>) -> Self {
        Self {
            providers,
            request: request(),
            timers: Timers::CLOUD,
            patience: Duration::from_secs(2),
            client: client(),
            policy: Arc::new(Policy::bundled().unwrap()),
            retries: Retries::default(),
            receipts: None,
        }
    }

    /// Begins.
    #[allow(clippy::disallowed_methods, reason = "a test owns its turns")]
    pub fn start(self) -> Running {
        let (offline, is_offline) = watch::channel(false);
        let (tell, events) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let stop = Stop { cancel: cancel.clone(), offline: is_offline };
        let task = tokio::spawn(async move { self.run(stop, &tell).await });
        Running { events, cancel, offline, task }
    }

    async fn run(self, mut stop: Stop, tell: &mpsc::Sender<TurnEvent>) {
        let asked = |(provider, prefill)| Asked {
            provider,
            model: "m",
            key: Some("test-key"),
            candidate: Candidate { prefill, window: None },
            timers: self.timers,
        };
        let targets: Vec<Asked<'_>> =
            self.providers.iter().map(|(it, prefill)| asked((it, *prefill))).collect();
        let question = Question {
            request: &self.request,
            targets: &targets,
            patience: self.patience,
            begun: "",
            judge: Bundled { setup: &self, values: Placeholders::new() },
            chance: || 0.5,
        };
        question.run(&self.client, &self.retries, &mut stop, tell).await;
    }
}

/// An OpenAI-compatible server at this place.
pub fn provider(port: u16, host: &str) -> Provider {
    let base = format!("http://{host}:{port}/v1");
    Providers::bundled().unwrap().get("openai-compatible").unwrap().at(&base)
}

pub fn request() -> ChatRequest {
    let messages = vec![Message::text(Role::User, "Say hello.")];
    ChatRequest { messages, max_tokens: Some(100), ..ChatRequest::default() }
}

/// One that knows where the cloud is.
pub fn client() -> ChatClient {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let client = Client::builder().redirect(redirect::Policy::none()).resolve(CLOUD, loopback).no_proxy();
    ChatClient::with(client.build().unwrap())
}

/// The verdict of the bundled contract.
struct Bundled<'a> {
    setup: &'a Setup,
    values: Placeholders,
}

impl Judge for Bundled<'_> {
    async fn arrive(&mut self, _target: usize) -> Result<Option<Arrived>, Fault> {
        Ok(None)
    }

    async fn judge(&mut self, target: usize, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
        let provider = &self.setup.providers[target].0;
        let target = Target {
            provider: provider.id.clone(),
            host: provider.host().unwrap(),
            model: request.model.clone(),
            switched_on: true,
        };
        let proposal = Proposal {
            request,
            target: &target,
            profile: "default",
            purpose: "assistant",
            input_tokens: 10,
            output_tokens: Some(100),
            worst_cost: None,
            spent: Spent::default(),
        };
        let body = |request: &ChatRequest| provider.body(request);
        match self.setup.policy.evaluate(&proposal, &body, &mut self.values, None) {
            Decision::Approved(approved) => {
                if let Some(receipts) = &self.setup.receipts {
                    receipts.send(approved.receipt().clone()).unwrap();
                }
                Ok(*approved)
            }
            Decision::Denied(denial) => Err(Fault::new(denial.code(), &*provider.id)),
            Decision::Asked(question) => panic!("the bundled contract asks: {question:?}"),
        }
    }
}

/// A turn under way.
pub struct Running {
    pub events: mpsc::Receiver<TurnEvent>,
    pub cancel: CancellationToken,
    pub offline: watch::Sender<bool>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn next(&mut self) -> TurnEvent {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap()
    }

    /// Waits for the first word.
    pub async fn word(&mut self) {
        while !matches!(self.next().await, TurnEvent::Text(_)) {}
    }

    /// Everything up to the end; the last one, and no other, is terminal.
    pub async fn all(mut self) -> Vec<TurnEvent> {
        let mut all = Vec::new();
        while let Some(event) = tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap() {
            all.push(event);
        }
        self.task.await.unwrap();
        let is_terminal =
            |event: &TurnEvent| matches!(event, TurnEvent::Done(_) | TurnEvent::Interrupted { .. });
        assert_eq!(all.iter().position(is_terminal), Some(all.len() - 1), "{all:?}");
        all
    }
}

pub fn text(events: &[TurnEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        TurnEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Code and way on of every failed attempt.
pub fn notices(events: &[TurnEvent]) -> Vec<(u16, Then)> {
    let notices = events.iter().filter_map(|event| match event {
        TurnEvent::Notice { fault, then } => Some((fault.code.0, *then)),
        _ => None,
    });
    notices.collect()
}
