//! Trials against a server that answers as providers do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test listens")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tonny_egress::witness::Seen;
use tonny_egress::{Downloads, EgressError, Request, Trials, Verdict};

/// Answers one request with `status`; gives what was asked.
async fn answers(status: &str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/models", listener.local_addr().unwrap());
    let status = status.to_owned();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap().to_lowercase()
    });
    (address, seen)
}

#[tokio::test]
async fn a_key_is_good_refused_or_unknown() {
    let trials = Trials::new().unwrap();
    for (status, verdict) in [
        ("200 OK", Verdict::Good),
        ("401 Unauthorized", Verdict::Refused(401)),
        ("403 Forbidden", Verdict::Refused(403)),
    ] {
        let (address, seen) = answers(status).await;
        assert_eq!(trials.get(&address, &[("authorization", "Bearer sk-1")]).await, verdict);
        assert!(seen.await.unwrap().contains("authorization: bearer sk-1"));
    }
    let (address, seen) = answers("503 Service Unavailable").await;
    assert!(matches!(trials.get(&address, &[]).await, Verdict::Unknown(why) if why.contains("503")));
    seen.await.unwrap();
}

#[tokio::test]
async fn a_key_does_not_follow_a_redirect_and_does_not_leave_in_the_clear() {
    let trials = Trials::new().unwrap();
    let (elsewhere, never) = answers("200 OK").await;
    let (address, seen) = answers(&format!("302 Found\r\nlocation: {elsewhere}")).await;
    assert!(matches!(trials.get(&address, &[("x-api-key", "k")]).await, Verdict::Unknown(_)));
    seen.await.unwrap();
    assert!(!never.is_finished());
    never.abort();
    assert!(
        matches!(trials.get("http://example.invalid/", &[]).await, Verdict::Unknown(why) if why.contains("encrypted"))
    );
}

#[tokio::test]
async fn an_address_is_reached_or_not() {
    let trials = Trials::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(trials.reach(&format!("amqp://u:p@127.0.0.1:{port}/v")).await, Verdict::Good);
    drop(listener);
    let verdict = trials.reach(&format!("http://127.0.0.1:{port}/hook-path")).await;
    assert!(matches!(&verdict, Verdict::Unknown(why) if !why.contains("hook-path")), "{verdict:?}");
}

/// An address of this machine that looks like another one's.
async fn elsewhere() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("[::ffff:127.0.0.1]:{}", listener.local_addr().unwrap().port());
    (listener, host)
}

#[tokio::test]
async fn offline_nothing_is_tried_elsewhere_and_this_machine_still_is() {
    let trials = Trials::new().unwrap();
    let (_listener, host) = elsewhere().await;
    let address = format!("amqp://{host}");
    assert_eq!(trials.reach(&address).await, Verdict::Good);
    trials.switch().set(true);
    assert!(matches!(trials.reach(&address).await, Verdict::Unknown(why) if why.contains("offline")));
    assert!(
        matches!(trials.get(&format!("https://{host}/"), &[]).await, Verdict::Unknown(why) if why.contains("offline"))
    );
    let (here, seen) = answers("200 OK").await;
    assert_eq!(trials.get(&here, &[]).await, Verdict::Good);
    seen.await.unwrap();
    trials.switch().set(false);
    assert_eq!(trials.reach(&address).await, Verdict::Good);
}

#[tokio::test]
async fn a_download_that_runs_ends_when_the_switch_is_put_on() {
    let downloads = Downloads::new().unwrap();
    let (listener, host) = elsewhere().await;
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        url: format!("https://{host}/model"),
        dest: folder.path().join("model"),
        bytes: Some(10),
        sha256: "0".repeat(64),
    };
    let switch = downloads.switch().clone();
    let running = tokio::spawn(async move { downloads.fetch(&request, |_| {}).await });
    // It is connected and waits for the other side's part of the handshake.
    let _stream = listener.accept().await.unwrap();
    switch.set(true);
    assert!(matches!(running.await.unwrap(), Err(EgressError::Offline { .. })));
}

#[tokio::test]
async fn every_trial_is_seen_with_where_it_went_and_how_it_ended() {
    let trials = Trials::new().unwrap();
    let mut seen = trials.witness().listen().unwrap();
    let (address, done) = answers("401 Unauthorized").await;
    trials.get(&address, &[("authorization", "Bearer sk-1")]).await;
    done.await.unwrap();
    trials.switch().set(true);
    trials.get("https://example.invalid/", &[]).await;
    let host = "127.0.0.1".to_owned();
    assert_eq!(seen.try_recv().unwrap(), Seen::Began { number: 0, purpose: "trial", host });
    assert_eq!(seen.try_recv().unwrap(), Seen::Ended { number: 0, bytes_in: 0, fault: None });
    assert!(seen.try_recv().is_err(), "what was not sent is not told");
}
