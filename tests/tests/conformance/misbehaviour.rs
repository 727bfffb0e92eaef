//! The client against each thing a server may do to it. Nothing here may hang, panic, lose a word or tell a secret.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tonny_speech_protocol::client::{self, Event, Session, SpeechError};
use tonny_speech_protocol::final_text;
use tonny_tests::fake_engine::{Behaviour, FakeEngine, Script, Seen};

use super::suite::{drain, voice};

/// One utterance with an engine that does this: its text, how it ended, what the engine saw.
async fn utterance(behaviour: Behaviour, seconds: usize) -> (String, Result<Event, SpeechError>, Seen) {
    let fake = FakeEngine::start(Script::of(behaviour)).await.unwrap();
    let mut session = Session::open(fake.address(), None, Some("en")).await.unwrap();
    for piece in voice()[..seconds * 16_000].chunks(1_600) {
        if let Err(error) = session.send(piece).await {
            return (String::new(), Err(error), fake.sessions().remove(0));
        }
    }
    if let Err(error) = session.end().await {
        return (String::new(), Err(error), fake.sessions().remove(0));
    }
    let (last, end) = drain(&mut session).await;
    assert!(session.next().await.is_none(), "nothing follows the end");
    session.close().await;
    (final_text(&last), end, fake.sessions().remove(0))
}

#[tokio::test]
async fn every_way_to_tell_the_words_gives_the_same_words() {
    for behaviour in [
        Behaviour::Normal,
        Behaviour::EditedLine,
        Behaviour::Pruned,
        Behaviour::TailInBuffer,
        Behaviour::SilenceLines,
        Behaviour::Strange,
        Behaviour::Diarized,
    ] {
        let (text, end, seen) = utterance(behaviour, 4).await;
        assert!(matches!(end, Ok(Event::Done)), "{behaviour:?}: {end:?}");
        assert_eq!(text, Script::of(behaviour).words, "{behaviour:?}");
        let Seen { bytes, empty, after_end, text, pongs, close, .. } = seen;
        assert_eq!((bytes, empty, after_end, text), (128_000, 1, 0, 0), "{behaviour:?}");
        assert_eq!((pongs, close), (1, Some(1000)), "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_minute_of_updates_at_once_is_taken_in() {
    let start = Instant::now();
    let (text, end, _) = utterance(Behaviour::Chatter, 2).await;
    assert!(matches!(end, Ok(Event::Done)), "{end:?}");
    assert_eq!(text, Script::of(Behaviour::Chatter).words);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_end_that_never_comes_is_waited_for_as_long_as_promised() {
    // Shown before the end: what was heard by then stays usable.
    for (behaviour, begins) in
        [(Behaviour::NoEnd, "these words were never spoken by"), (Behaviour::Slow, "these")]
    {
        let start = Instant::now();
        let (text, end, _) = utterance(behaviour, 2).await;
        assert!(matches!(end, Ok(Event::Late)), "{behaviour:?}: {end:?}");
        assert!(text.starts_with(begins), "{behaviour:?}: {text:?}");
        // 3 s, or twice the lag of at most 2 s of audio.
        let waited = start.elapsed();
        assert!((3.0..8.0).contains(&waited.as_secs_f64()), "{behaviour:?}: {waited:?}");
    }
}

#[tokio::test]
async fn a_second_try_waits_longer() {
    let fake = FakeEngine::start(Script::of(Behaviour::NoEnd)).await.unwrap();
    let mut session = Session::open(fake.address(), None, None).await.unwrap().with_patience(2);
    let start = Instant::now();
    session.send(&[0; 1_600]).await.unwrap();
    session.end().await.unwrap();
    assert!(matches!(drain(&mut session).await.1, Ok(Event::Late)));
    assert!(start.elapsed() >= Duration::from_secs(6));
}

#[tokio::test]
async fn a_hung_engine_holds_nobody_for_ever() {
    let start = Instant::now();
    let (text, end, seen) = utterance(Behaviour::Hang, 3).await;
    assert!(matches!(end, Ok(Event::Late)), "{end:?}");
    assert_eq!((text.as_str(), seen.bytes), ("", 0));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_lost_connection_and_a_reported_failure_are_worth_another_try() {
    for behaviour in [Behaviour::Drop, Behaviour::Fails] {
        let (_, end, _) = utterance(behaviour, 4).await;
        let error = end.expect_err("a failure");
        assert!(error.is_transient(), "{behaviour:?}: {error:?}");
    }
}

#[tokio::test]
async fn an_engine_that_hears_nothing_has_failed_only_if_something_was_said() {
    let (text, end, _) = utterance(Behaviour::Silent, 8).await;
    assert_eq!(text, "");
    assert!(matches!(end, Err(SpeechError::Silent { seconds: 2.. })), "{end:?}");
    let fake = FakeEngine::start(Script::of(Behaviour::Silent)).await.unwrap();
    let mut session = Session::open(fake.address(), None, None).await.unwrap();
    session.send(&[0; 128_000]).await.unwrap();
    session.end().await.unwrap();
    assert!(matches!(drain(&mut session).await.1, Ok(Event::Done)));
}

#[tokio::test]
async fn refusals_are_told_apart_and_final() {
    let fake = FakeEngine::start(Script::of(Behaviour::Container)).await.unwrap();
    let error = Session::open(fake.address(), None, None).await.expect_err("wants a container");
    assert!(matches!(error, SpeechError::AudioFormat { .. }) && !error.is_transient(), "{error:?}");
    let fake = FakeEngine::start(Script::of(Behaviour::RefuseSession)).await.unwrap();
    let error = Session::open(fake.address(), None, Some("tlh")).await.expect_err("no such language");
    assert!(matches!(error, SpeechError::Rejected { .. }) && !error.is_transient(), "{error:?}");
    let script = Script { token: Some("open sesame".replace(' ', "-")), ..Script::of(Behaviour::Normal) };
    let fake = FakeEngine::start(script).await.unwrap();
    let error = Session::open(fake.address(), Some("guess"), None).await.expect_err("locked");
    assert!(matches!(error, SpeechError::Refused { status: 403 }) && !error.is_transient(), "{error:?}");
    assert!(!fake.sessions()[0].path.contains("guess"), "the token goes by header alone");
}

#[tokio::test]
async fn whole_files_fail_with_their_status() {
    for (status, transient) in [(408, true), (413, false), (500, true)] {
        let fake =
            FakeEngine::start(Script { rest_status: status, ..Script::of(Behaviour::Normal) }).await.unwrap();
        let sent =
            client::transcribe(fake.address(), None, Some("en"), &voice(), Duration::from_secs(10)).await;
        let error = sent.expect_err("as scripted");
        assert!(matches!(error, SpeechError::Refused { status: got } if got == status), "{error:?}");
        assert_eq!(error.is_transient(), transient, "{status}");
    }
}

/// Everything any crate logs while this is the default.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<Vec<u8>>>);

impl Write for Everything {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The current-thread runtime keeps every task under this thread's subscriber.
#[tokio::test]
async fn neither_audio_nor_words_nor_the_token_are_ever_logged() {
    let log = Everything::default();
    let writer = log.clone();
    // The library below writes whole frames at trace; the app's own logging never lets it (tonny-platform, logging).
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace,tungstenite=debug,tokio_tungstenite=debug")
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let token = "a-token-nobody-may-read";
    let script = Script { token: Some(token.to_owned()), ..Script::of(Behaviour::Normal) };
    let fake = FakeEngine::start(script.clone()).await.unwrap();
    let mut session = Session::open(fake.address(), Some(token), Some("en")).await.unwrap();
    session.send(&voice()[..64_000]).await.unwrap();
    session.end().await.unwrap();
    let (last, _) = drain(&mut session).await;
    let shown = format!("{session:?}");
    session.close().await;
    let _ = client::transcribe(fake.address(), Some(token), None, &voice()[..64_000], Duration::from_secs(5))
        .await;
    assert_eq!(final_text(&last), script.words);
    let written = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    for secret in [token, "never spoken", "spoken by anybody"] {
        assert!(!written.contains(secret) && !shown.contains(secret), "{secret:?} was logged");
    }
}
