//! Turns against servers that do one thing wrong each: who is asked next, what is shown, and that nothing is sent too early.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test starts servers and tasks")]

#[path = "turns/running.rs"]
mod running;
#[path = "turns/server.rs"]
mod server;

use std::time::{Duration, Instant};

use running::{CLOUD, Running, Setup, notices, text};
use server::{Reply, Server, answer, head};
use tonny_egress::attempt::Timers;
use tonny_egress::chat::Finish;
use tonny_egress::fault::FaultCode;
use tonny_egress::provider::Provider;
use tonny_egress::router::{Then, TurnEvent};

fn provider(server: &Server, host: &str) -> Provider {
    running::provider(server.port, host)
}

fn start(providers: Vec<(Provider, bool)>) -> Running {
    Setup::of(providers).start()
}

#[tokio::test]
async fn a_dead_and_a_limited_provider_are_left_for_the_third_with_both_reasons() {
    let dead = Server::refusing().await;
    let limited = Server::start([head(429, "retry-after: 60\r\n", r#"{"error":{"message":"Rate limit reached for requests","type":"requests","code":"rate_limit_exceeded"}}"#)]).await;
    let local = Server::start([answer(&["Hello", " world."], true)]).await;
    let events = start(vec![
        (provider(&dead, CLOUD), false),
        (provider(&limited, CLOUD), false),
        (provider(&local, "127.0.0.1"), false),
    ])
    .all()
    .await;
    let notices = notices(&events);
    assert_eq!(notices.first(), Some(&(140, Then::Switched { to: 1 })), "{events:?}");
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
    let events = start(vec![(provider(&server, CLOUD), false)]).all().await;
    assert_eq!(text(&events), "Hello.");
    let at = server.asked_at();
    assert!(at[1] - at[0] >= Duration::from_secs(1), "asked again after {:?}", at[1] - at[0]);
}

#[tokio::test]
async fn a_cut_answer_goes_on_where_it_broke_off_at_the_next_one_that_can() {
    let first = Server::start([answer(&["Hello wor"], false)]).await;
    let second = Server::start([answer(&["Hello wor", "ld."], true)]).await;
    let events = start(vec![(provider(&first, CLOUD), false), (provider(&second, CLOUD), true)]).all().await;
    assert_eq!(text(&events), "Hello world.", "{events:?}");
    assert_eq!(notices(&events), [(160, Then::Continued { to: 1 })]);
    let sent = second.bodies();
    assert!(sent[0].contains("Hello wor"), "the beginning was not sent along: {}", sent[0]);
}

#[tokio::test]
async fn a_cut_answer_is_never_called_done() {
    let server = Server::start([answer(&["Hello wor"], false)]).await;
    let events = start(vec![(provider(&server, CLOUD), false)]).all().await;
    let Some(TurnEvent::Interrupted { fault, is_partial: true }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!((fault.code, &*text(&events)), (FaultCode::STREAM_INTERRUPTED, "Hello wor"));
}

#[tokio::test]
async fn a_packed_answer_is_refused_and_never_unpacked() {
    let Reply::Bytes(whole) = answer(&["Hello."], true) else { unreachable!() };
    for (encoding, is_taken) in [("gzip", false), ("br", false), ("identity", true)] {
        let packed =
            whole.replace("connection: close", &format!("connection: close\r\ncontent-encoding: {encoding}"));
        // It may be asked again.
        let server = Server::start((0..4).map(|_| Reply::Bytes(packed.clone()))).await;
        let events = start(vec![(provider(&server, CLOUD), false)]).all().await;
        match events.last() {
            Some(TurnEvent::Done(_)) => assert!(is_taken, "{encoding}"),
            Some(TurnEvent::Interrupted { fault, .. }) => {
                assert_eq!((fault.code, is_taken), (FaultCode::STREAM_PROTOCOL, false), "{encoding}");
                assert_eq!(text(&events), "", "{encoding}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_goes_nowhere_else() {
    let other = Server::start([answer(&["Hello."], true)]).await;
    let location = format!("location: http://127.0.0.1:{}/v1/chat/completions\r\n", other.port);
    let server = Server::start([head(307, &location, "")]).await;
    let events = start(vec![(provider(&server, CLOUD), false)]).all().await;
    assert!(matches!(events.last(), Some(TurnEvent::Interrupted { .. })), "{events:?}");
    assert!(other.asked_at().is_empty(), "the other host was asked");
}

#[tokio::test]
async fn cancelling_closes_the_socket_in_every_phase() {
    let waiting = Server::start([server::Reply::Silence]).await;
    let turn = start(vec![(provider(&waiting, CLOUD), false)]);
    waiting.was_asked(1).await;
    turn.cancel.cancel();
    assert!(
        matches!(turn.all().await.last(), Some(TurnEvent::Interrupted { fault, .. }) if fault.code.0 == 210)
    );
    waiting.was_closed().await;

    let talking = Server::start([server::Reply::OpenEnd(vec!["Hello".to_owned()])]).await;
    let mut turn = start(vec![(provider(&talking, CLOUD), false)]);
    turn.word().await;
    turn.cancel.cancel();
    assert!(
        matches!(turn.all().await.last(), Some(TurnEvent::Interrupted { fault, is_partial: true }) if fault.code.0 == 210)
    );
    talking.was_closed().await;

    let pausing = Server::start([head(503, "retry-after: 1\r\n", "{}"), answer(&["Hello."], true)]).await;
    let mut turn = start(vec![(provider(&pausing, CLOUD), false)]);
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
    let mut leaving = start(vec![(provider(&away, CLOUD), false)]);
    let mut staying = start(vec![(provider(&here, "127.0.0.1"), false)]);
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
    let events = Setup { timers, ..Setup::of(vec![(provider(&server, CLOUD), false)]) }.start().all().await;
    let Some(TurnEvent::Interrupted { fault, is_partial: false }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(fault.code, FaultCode::TIMEOUT_FIRST_TOKEN);
    server.was_closed().await;
}
