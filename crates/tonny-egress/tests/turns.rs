//! Turns against servers that do one thing wrong each: who is asked next, what is shown, and that nothing is sent too early.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test starts servers and tasks")]

#[path = "turns/server.rs"]
mod server;

use std::time::{Duration, Instant};

use reqwest::{Client, redirect};
use server::{Server, answer, head};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonny_egress::ChatClient;
use tonny_egress::attempt::{Stop, Timers};
use tonny_egress::chat::{ChatRequest, Finish, Message, Role};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::plan::Retries;
use tonny_egress::policy::{Approved, Decision, Placeholders, Policy, Proposal, Spent, Target};
use tonny_egress::provider::{Provider, Providers};
use tonny_egress::router::{Arrived, Asked, Judge, Question, Then, TurnEvent};
use tonny_egress::turn::Candidate;

/// A host that is not this machine as far as the policy knows; the client is told where it is.
const CLOUD: &str = "cloud.test";

fn provider(server: &Server, host: &str) -> Provider {
    let base = format!("http://{host}:{}/v1", server.port);
    Providers::bundled().unwrap().get("openai-compatible").unwrap().at(&base)
}

fn request() -> ChatRequest {
    let messages = vec![Message::text(Role::User, "Say hello.")];
    ChatRequest { messages, max_tokens: Some(100), ..ChatRequest::default() }
}

/// The verdict of the bundled contract.
fn judge(provider: &Provider, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
    let url: reqwest::Url = provider.base.parse().unwrap();
    let host = url.host_str().unwrap().to_owned();
    let target =
        Target { provider: provider.id.clone(), host, model: request.model.clone(), switched_on: true };
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
    let body = |request: &ChatRequest| provider.chat(request).body.unwrap();
    match Policy::bundled().unwrap().evaluate(&proposal, &body, &mut Placeholders::default(), None) {
        Decision::Approved(approved) => Ok(*approved),
        other => panic!("{other:?}"),
    }
}

struct Bundled<'a>(&'a [(Provider, bool)]);

impl Judge for Bundled<'_> {
    async fn arrive(&mut self, _target: usize) -> Result<Option<Arrived>, Fault> {
        Ok(None)
    }

    async fn judge(&mut self, target: usize, request: &ChatRequest) -> Result<Approved<ChatRequest>, Fault> {
        judge(&self.0[target].0, request)
    }
}

/// A turn under way.
struct Running {
    events: mpsc::Receiver<TurnEvent>,
    cancel: CancellationToken,
    offline: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(providers: Vec<(Provider, bool)>) -> Self {
        Self::with(providers, Timers::CLOUD)
    }

    fn with(providers: Vec<(Provider, bool)>, timers: Timers) -> Self {
        let (offline, is_offline) = watch::channel(false);
        let (tell, events) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let mut stop = Stop { cancel: cancel.clone(), offline: is_offline };
        let task = tokio::spawn(async move {
            let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            let client = Client::builder()
                .redirect(redirect::Policy::none())
                .resolve(CLOUD, loopback)
                .no_proxy()
                .build()
                .unwrap();
            let client = ChatClient::with(client);
            let targets: Vec<_> = providers
                .iter()
                .map(|(provider, prefill)| Asked {
                    provider,
                    model: "m",
                    key: Some("test-key"),
                    candidate: Candidate { prefill: *prefill, window: None },
                    timers,
                })
                .collect();
            let request = request();
            let question = Question {
                request: &request,
                targets: &targets,
                patience: Duration::from_secs(2),
                begun: "",
                judge: Bundled(&providers),
                chance: || 0.5,
            };
            question.run(&client, &Retries::default(), &mut stop, &tell).await;
        });
        Self { events, cancel, offline, task }
    }

    async fn next(&mut self) -> TurnEvent {
        tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await.unwrap().unwrap()
    }

    /// Waits for the first word.
    async fn word(&mut self) {
        while !matches!(self.next().await, TurnEvent::Text(_)) {}
    }

    /// Everything up to the end; the last one, and no other, is terminal.
    async fn all(mut self) -> Vec<TurnEvent> {
        let mut all = Vec::new();
        while let Some(event) =
            tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await.unwrap()
        {
            all.push(event);
        }
        self.task.await.unwrap();
        let is_terminal =
            |event: &TurnEvent| matches!(event, TurnEvent::Done(_) | TurnEvent::Interrupted { .. });
        assert_eq!(all.iter().position(is_terminal), Some(all.len() - 1), "{all:?}");
        all
    }
}

fn text(events: &[TurnEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        TurnEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Code and way on of every failed attempt.
fn notices(events: &[TurnEvent]) -> Vec<(u16, Then)> {
    let notices = events.iter().filter_map(|event| match event {
        TurnEvent::Notice { fault, then } => Some((fault.code.0, *then)),
        _ => None,
    });
    notices.collect()
}

#[tokio::test]
async fn a_dead_and_a_limited_provider_are_left_for_the_third_with_both_reasons() {
    let dead = Server::refusing().await;
    let limited = Server::start([head(429, "retry-after: 60\r\n", r#"{"error":{"message":"Rate limit reached for requests","type":"requests","code":"rate_limit_exceeded"}}"#)]).await;
    let local = Server::start([answer(&["Hello", " world."], true)]).await;
    let events = Running::start(vec![
        (provider(&dead, CLOUD), false),
        (provider(&limited, CLOUD), false),
        (provider(&local, "127.0.0.1"), false),
    ])
    .all()
    .await;
    let notices = notices(&events);
    assert_eq!(notices.first().map(|(code, _)| *code), Some(140), "{events:?}");
    assert_eq!(notices.last(), Some(&(120, Then::Switched { to: 2 })), "{events:?}");
    assert_eq!(text(&events), "Hello world.");
    assert_eq!(events.last(), Some(&TurnEvent::Done(Finish::Stop)));
}

#[tokio::test]
async fn a_delay_of_the_server_is_never_shortened() {
    let server = Server::start([
        head(503, "retry-after: 1\r\n", r#"{"error":{"message":"overloaded"}}"#),
        answer(&["Hello."], true),
    ])
    .await;
    let events = Running::start(vec![(provider(&server, CLOUD), false)]).all().await;
    assert_eq!(text(&events), "Hello.");
    let at = server.asked_at();
    assert!(at[1] - at[0] >= Duration::from_secs(1), "asked again after {:?}", at[1] - at[0]);
}

#[tokio::test]
async fn a_cut_answer_goes_on_where_it_broke_off_at_the_next_one_that_can() {
    let first = Server::start([answer(&["Hello wor"], false)]).await;
    let second = Server::start([answer(&["Hello wor", "ld."], true)]).await;
    let events =
        Running::start(vec![(provider(&first, CLOUD), false), (provider(&second, CLOUD), true)]).all().await;
    assert_eq!(text(&events), "Hello world.", "{events:?}");
    assert_eq!(notices(&events), [(160, Then::Continued { to: 1 })]);
    let sent = second.bodies();
    assert!(sent[0].contains("Hello wor"), "the beginning was not sent along: {}", sent[0]);
}

#[tokio::test]
async fn a_cut_answer_is_never_called_done() {
    let server = Server::start([answer(&["Hello wor"], false)]).await;
    let events = Running::start(vec![(provider(&server, CLOUD), false)]).all().await;
    let Some(TurnEvent::Interrupted { fault, is_partial: true }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!((fault.code, &*text(&events)), (FaultCode::STREAM_INTERRUPTED, "Hello wor"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_goes_nowhere_else() {
    let other = Server::start([answer(&["Hello."], true)]).await;
    let location = format!("location: http://127.0.0.1:{}/v1/chat/completions\r\n", other.port);
    let server = Server::start([head(307, &location, "")]).await;
    let events = Running::start(vec![(provider(&server, CLOUD), false)]).all().await;
    assert!(matches!(events.last(), Some(TurnEvent::Interrupted { .. })), "{events:?}");
    assert!(other.asked_at().is_empty(), "the other host was asked");
}

#[tokio::test]
async fn cancelling_closes_the_socket_in_every_phase() {
    let waiting = Server::start([server::Reply::Silence]).await;
    let turn = Running::start(vec![(provider(&waiting, CLOUD), false)]);
    waiting.was_asked(1).await;
    turn.cancel.cancel();
    assert!(
        matches!(turn.all().await.last(), Some(TurnEvent::Interrupted { fault, .. }) if fault.code.0 == 210)
    );
    waiting.was_closed().await;

    let talking = Server::start([server::Reply::OpenEnd(vec!["Hello".to_owned()])]).await;
    let mut turn = Running::start(vec![(provider(&talking, CLOUD), false)]);
    turn.word().await;
    turn.cancel.cancel();
    assert!(
        matches!(turn.all().await.last(), Some(TurnEvent::Interrupted { fault, is_partial: true }) if fault.code.0 == 210)
    );
    talking.was_closed().await;

    let pausing = Server::start([head(503, "retry-after: 1\r\n", "{}"), answer(&["Hello."], true)]).await;
    let mut turn = Running::start(vec![(provider(&pausing, CLOUD), false)]);
    while !matches!(turn.next().await, TurnEvent::Notice { .. }) {}
    let began = Instant::now();
    turn.cancel.cancel();
    assert!(
        matches!(turn.all().await.last(), Some(TurnEvent::Interrupted { fault, .. }) if fault.code.0 == 210)
    );
    assert!(began.elapsed() < Duration::from_millis(900), "the pause was waited for");
    assert_eq!(pausing.asked_at().len(), 1);
}

#[tokio::test]
async fn the_offline_switch_stops_what_leaves_the_machine_and_nothing_else() {
    let open_end = || Server::start([server::Reply::OpenEnd(vec!["Hello".to_owned()])]);
    let (away, here) = (open_end().await, open_end().await);
    let mut leaving = Running::start(vec![(provider(&away, CLOUD), false)]);
    let mut staying = Running::start(vec![(provider(&here, "127.0.0.1"), false)]);
    leaving.word().await;
    staying.word().await;
    leaving.offline.send(true).unwrap();
    staying.offline.send(true).unwrap();
    assert!(
        matches!(leaving.all().await.last(), Some(TurnEvent::Interrupted { fault, .. }) if fault.code.0 == 190)
    );
    away.was_closed().await;
    here.say("data: [DONE]\n\n");
    assert_eq!(staying.all().await.last(), Some(&TurnEvent::Done(Finish::Other)));
}

#[tokio::test]
async fn silence_has_an_end() {
    let timers = Timers { first: Duration::from_millis(200), ..Timers::CLOUD };
    let server = Server::start([server::Reply::Silence]).await;
    let events = Running::with(vec![(provider(&server, CLOUD), false)], timers).all().await;
    let Some(TurnEvent::Interrupted { fault, is_partial: false }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(fault.code, FaultCode::TIMEOUT_FIRST_TOKEN);
    server.was_closed().await;
}
