//! What every engine and our client do together, whichever engine it is; the client's manners are read off the wire.

use std::time::Duration;

use tonny_speech_protocol::client::{self, Event, Session, SpeechError};
use tonny_speech_protocol::{State, final_text, live_text};
use tonny_tests::speech::jfk;
use tonny_tests::tap::Tap;
use tonny_tests::words::error_rate;

/// The longest any step may take on a machine that does other things too.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// One engine under test.
pub struct Engine {
    pub address: String,
    /// Which it demands.
    pub token: String,
    /// What it is to hear.
    pub said: String,
    /// Word error rate it may have.
    pub errors: f64,
    /// Whether it listens, or only pretends.
    pub listens: bool,
    /// Whether it says at once that it does not speak a language. WhisperLiveKit finds out later, if ever.
    pub refuses: bool,
    /// Whether whole files can be sent.
    pub rest: bool,
}

/// The human recording.
pub fn voice() -> Vec<i16> {
    let mut reader = hound::WavReader::open(jfk()).unwrap();
    reader.samples::<i16>().map(Result::unwrap).collect()
}

/// Reads a session to its end: the last state, and how it ended.
pub async fn drain(session: &mut Session) -> (State, Result<Event, SpeechError>) {
    let mut last = State::default();
    loop {
        let event = tokio::time::timeout(PATIENCE, session.next()).await.expect("an event in time");
        match event.expect("an end") {
            Ok(Event::State(state)) => last = state,
            end => return (last, end),
        }
    }
}

/// Everything, in an order that leaves the costly for last.
pub async fn run(engine: &Engine) {
    let tap = Tap::before(&engine.address).await.unwrap();
    is_well(&tap).await;
    wrong_tokens_are_refused(&tap).await;
    in_one_go(engine, &tap).await;
    live_in_uneven_pieces(engine, &tap).await;
    if engine.listens {
        silence_has_no_words(engine, &tap).await;
    }
    if engine.refuses {
        a_language_it_lacks_is_a_rejection(engine, &tap).await;
    }
    leaving_early_costs_nobody_else(engine, &tap).await;
    two_at_once(engine, &tap).await;
    whole_files(engine, &tap).await;
}

async fn open(engine: &Engine, tap: &Tap) -> Session {
    let session =
        Session::open(tap.address(), Some(&engine.token), Some("en")).await.expect("the session opens");
    // What is tested here is not how quick this machine is at the moment.
    session.with_patience(10)
}

async fn heard(engine: &Engine, session: &mut Session) {
    let (last, end) = drain(session).await;
    assert!(matches!(end, Ok(Event::Done)), "{end:?}");
    let text = final_text(&last);
    let rate = error_rate(&engine.said, &text);
    assert!(rate <= engine.errors, "word error rate {rate}: {text}");
    session.close().await;
}

/// The newest session of the tap had manners.
fn manners(engine: &Engine, tap: &Tap) {
    let conversations = tap.conversations().unwrap();
    let session = conversations.iter().rfind(|conversation| conversation.is_session()).expect("a session");
    session.check(Some(&engine.token)).unwrap();
}

async fn is_well(tap: &Tap) {
    let health = client::health(tap.address()).await.expect("it says how it is, without a token");
    assert_eq!((health.status.as_str(), health.ready), ("ok", true));
}

async fn wrong_tokens_are_refused(tap: &Tap) {
    for token in [Some("wrong"), None] {
        let error = Session::open(tap.address(), token, Some("en")).await.expect_err("locked");
        assert!(matches!(error, SpeechError::Refused { status: 401 | 403 }), "{error:?}");
        assert!(!error.is_transient());
    }
}

async fn in_one_go(engine: &Engine, tap: &Tap) {
    let mut session = open(engine, tap).await;
    session.send(&voice()).await.unwrap();
    session.end().await.unwrap();
    heard(engine, &mut session).await;
    manners(engine, tap);
}

/// As a microphone gives it, four times as fast; words have to show before the end.
async fn live_in_uneven_pieces(engine: &Engine, tap: &Tap) {
    let mut session = open(engine, tap).await;
    let samples = voice();
    let (mut shown, mut states, mut pieces) = (false, 0, samples.chunks(1_237));
    let mut beat = tokio::time::interval(Duration::from_micros(1_237_000_000 / 16_000 / 4));
    loop {
        tokio::select! {
            _ = beat.tick() => match pieces.next() {
                Some(piece) => session.send(piece).await.unwrap(),
                None => break,
            },
            event = session.next() => {
                let Some(Ok(Event::State(state))) = event else { panic!("{event:?}") };
                let (committed, tentative) = live_text(&state);
                shown |= !committed.is_empty() || !tentative.is_empty();
                states += 1;
            }
        }
    }
    assert!(states > 1, "the engine reports while it listens");
    assert!(shown || engine.listens, "words show before the end");
    session.end().await.unwrap();
    heard(engine, &mut session).await;
    manners(engine, tap);
}

async fn silence_has_no_words(engine: &Engine, tap: &Tap) {
    let mut session = open(engine, tap).await;
    session.send(&[0; 24_000]).await.unwrap();
    session.end().await.unwrap();
    let (last, end) = drain(&mut session).await;
    assert!(matches!(end, Ok(Event::Done)), "{end:?}");
    assert_eq!(final_text(&last), "");
    session.close().await;
    manners(engine, tap);
}

async fn a_language_it_lacks_is_a_rejection(engine: &Engine, tap: &Tap) {
    let error =
        Session::open(tap.address(), Some(&engine.token), Some("xx")).await.expect_err("no such language");
    assert!(matches!(error, SpeechError::Rejected { .. }), "{error:?}");
    assert!(!error.is_transient());
}

async fn leaving_early_costs_nobody_else(engine: &Engine, tap: &Tap) {
    let mut session = open(engine, tap).await;
    session.send(&voice()[..64_000]).await.unwrap();
    drop(session);
    let mut session = open(engine, tap).await;
    session.send(&voice()).await.unwrap();
    session.end().await.unwrap();
    heard(engine, &mut session).await;
}

async fn two_at_once(engine: &Engine, tap: &Tap) {
    let one = async {
        let mut session = open(engine, tap).await;
        session.send(&voice()).await.unwrap();
        session.end().await.unwrap();
        heard(engine, &mut session).await;
    };
    let other = async {
        let mut session = open(engine, tap).await;
        for piece in voice().chunks(16_000) {
            session.send(piece).await.unwrap();
        }
        session.end().await.unwrap();
        heard(engine, &mut session).await;
    };
    tokio::join!(one, other);
}

async fn whole_files(engine: &Engine, tap: &Tap) {
    let sent = client::transcribe(tap.address(), Some(&engine.token), Some("en"), &voice(), PATIENCE).await;
    match sent {
        Ok(text) => {
            assert!(engine.rest, "an engine without this side answered");
            let rate = error_rate(&engine.said, &text);
            assert!(rate <= engine.errors, "word error rate {rate}: {text}");
        }
        // WhisperLiveKit's file side needs ffmpeg, whatever the file.
        Err(SpeechError::Refused { status: 404 }) if !engine.rest => {}
        Err(error) => panic!("{error:?}"),
    }
    let refused = client::transcribe(tap.address(), Some("wrong"), Some("en"), &voice(), PATIENCE).await;
    assert!(matches!(refused, Err(SpeechError::Refused { status: 401 | 403 | 404 })), "{refused:?}");
}
