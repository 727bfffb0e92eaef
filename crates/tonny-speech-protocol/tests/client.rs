//! The client against a tiny scripted server: what it sends, and what it makes of each way a server can behave.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]
// The handshake callback's type is tungstenite's.
#![allow(clippy::result_large_err)]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tonny_speech_protocol::client::{Event, Session, SpeechError};
use tonny_speech_protocol::{State, final_text};

type Socket = WebSocketStream<TcpStream>;

const CONFIG: &str = r#"{"type":"config","useAudioWorklet":true,"mode":"full","later":1}"#;
const DONE: &str = r#"{"type":"ready_to_stop"}"#;

/// What the server saw.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    path: String,
    authorization: Option<String>,
    origin: bool,
}

async fn accept(listener: TcpListener) -> (Socket, Seen) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let mut seen = Seen::default();
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header =
            |name: &str| request.headers().get(name).map(|value| value.to_str().expect("ascii").to_owned());
        seen = Seen {
            path: request.uri().to_string(),
            authorization: header("authorization"),
            origin: header("origin").is_some(),
        };
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, look).await.expect("a handshake");
    (socket, seen)
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text.to_owned())).await.expect("sent");
}

/// Starts a server that runs `script` on its one connection.
async fn serve<F, R>(script: impl FnOnce(Socket, Seen) -> F + Send + 'static) -> (String, JoinHandle<R>)
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let task = tokio::spawn(async move {
        let (socket, seen) = accept(listener).await;
        script(socket, seen).await
    });
    (address, task)
}

/// Reads frames until the client closes: the binary frames, and whether the close was 1000.
async fn read_all(socket: &mut Socket) -> (Vec<Vec<u8>>, bool) {
    let mut frames = Vec::new();
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => frames.push(bytes.to_vec()),
            Some(Ok(Message::Close(frame))) => {
                return (frames, frame.is_some_and(|frame| u16::from(frame.code) == 1000));
            }
            Some(Ok(other)) => panic!("only binary frames are sent, got {other:?}"),
            Some(Err(_)) | None => return (frames, false),
        }
    }
}

async fn next(session: &mut Session) -> Option<Result<Event, SpeechError>> {
    tokio::time::timeout(Duration::from_secs(5), session.next()).await.expect("an event in time")
}

async fn drain(session: &mut Session) -> State {
    let mut last = State::default();
    loop {
        match next(session).await.expect("an event").expect("no error") {
            Event::State(state) => last = state,
            Event::Done => return last,
            Event::Late => panic!("the server was in time"),
        }
    }
}

#[tokio::test]
async fn an_utterance_from_open_to_close() {
    let (address, server) = serve(|mut socket, seen| async move {
        say(&mut socket, CONFIG).await;
        say(&mut socket, r#"{"status":"no_audio_detected","lines":[]}"#).await;
        say(&mut socket, r#"{"lines":[{"speaker":1,"text":"And so"}],"buffer_transcription":" my"}"#).await;
        let mut frames = Vec::new();
        while let Some(Ok(Message::Binary(bytes))) = socket.next().await {
            frames.push(bytes.len());
            if bytes.is_empty() {
                break;
            }
        }
        say(&mut socket, r#"{"lines":[{"speaker":1,"text":"And so my fellow"}]}"#).await;
        say(&mut socket, DONE).await;
        (seen, frames, read_all(&mut socket).await)
    })
    .await;
    let mut session = Session::open(&address, Some("s3cret"), Some("en")).await.expect("opens");
    session.send(&[1, -1, 300]).await.expect("sent");
    session.send(&vec![0; 100_000]).await.expect("sent");
    session.end().await.expect("ended");
    assert!(matches!(session.end().await, Err(SpeechError::Ended)));
    assert!(matches!(session.send(&[1]).await, Err(SpeechError::Ended)));
    assert_eq!(final_text(&drain(&mut session).await), "And so my fellow");
    assert!(next(&mut session).await.is_none());
    session.close().await;

    let (seen, frames, (after, closed)) = server.await.expect("server");
    assert_eq!(seen.authorization.as_deref(), Some("Bearer s3cret"));
    assert_eq!(seen.path, "/asr?mode=full&language=en");
    assert!(!seen.origin);
    assert_eq!(frames, [6, 160_000, 40_000, 0]);
    assert_eq!((after, closed), (vec![], true));
}

#[tokio::test]
async fn a_close_in_the_middle_is_an_error_worth_another_try() {
    let (address, server) = serve(|mut socket, _| async move {
        say(&mut socket, CONFIG).await;
        let _ = socket.next().await;
    })
    .await;
    let mut session = Session::open(&address, None, None).await.expect("opens");
    session.send(&[0; 160]).await.expect("sent");
    server.await.expect("server");
    let error = next(&mut session).await.expect("an event").expect_err("an error");
    assert!(error.is_transient(), "{error:?}");
    assert!(next(&mut session).await.is_none());
}

#[tokio::test]
async fn a_server_that_wants_a_container_format_is_refused() {
    let (address, _server) = serve(|mut socket, _| async move {
        say(&mut socket, r#"{"type":"config","useAudioWorklet":false,"mode":"full"}"#).await;
        read_all(&mut socket).await
    })
    .await;
    let error = Session::open(&address, None, None).await.expect_err("refused");
    assert!(matches!(error, SpeechError::AudioFormat { .. }), "{error:?}");
}

#[tokio::test]
async fn an_error_object_instead_of_config_is_a_rejection() {
    let (address, _server) = serve(|mut socket, _| async move {
        say(&mut socket, r#"{"type":"error","error":"no such language"}"#).await;
        let frame = CloseFrame { code: 4400.into(), reason: "".into() };
        let _ = socket.close(Some(frame)).await;
    })
    .await;
    let error = Session::open(&address, None, Some("xx")).await.expect_err("rejected");
    assert!(matches!(&error, SpeechError::Rejected { reason } if reason == "no such language"), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_wrong_token_is_a_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let _server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let refuse = |_: &Request, _: Response| -> Result<Response, ErrorResponse> {
            let mut response = ErrorResponse::new(None);
            *response.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::FORBIDDEN;
            Err(response)
        };
        let _ = tokio_tungstenite::accept_hdr_async(stream, refuse).await;
    });
    let error = Session::open(&address, Some("wrong"), None).await.expect_err("refused");
    assert!(matches!(error, SpeechError::Refused { status: 403 }), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn refusals_by_close_code_mean_the_same() {
    for (code, transient) in [(4400, false), (4401, false), (1011, true)] {
        let (address, _server) = serve(move |mut socket, _| async move {
            let frame = CloseFrame { code: code.into(), reason: "because".into() };
            let _ = socket.close(Some(frame)).await;
        })
        .await;
        let error = Session::open(&address, None, None).await.expect_err("refused");
        assert_eq!(error.is_transient(), transient, "{code}: {error:?}");
    }
}

#[tokio::test]
async fn an_engine_that_hears_nothing_in_clear_speech_has_failed() {
    for (loud, silent) in [(12_000, true), (20, false)] {
        let (address, _server) = serve(|mut socket, _| async move {
            say(&mut socket, CONFIG).await;
            while let Some(Ok(Message::Binary(bytes))) = socket.next().await {
                if bytes.is_empty() {
                    break;
                }
            }
            say(&mut socket, r#"{"status":"no_audio_detected","lines":[{"speaker":-2,"text":null}]}"#).await;
            say(&mut socket, DONE).await;
            read_all(&mut socket).await
        })
        .await;
        let mut session = Session::open(&address, None, None).await.expect("opens");
        // Five seconds of syllables: a tenth of a second on, a tenth off.
        let samples: Vec<i16> = (0..80_000)
            .map(|n| {
                if n / 1_600 % 2 == 0 {
                    0
                } else if n % 80 < 40 {
                    loud
                } else {
                    -loud
                }
            })
            .collect();
        session.send(&samples).await.expect("sent");
        session.end().await.expect("ended");
        assert!(matches!(next(&mut session).await, Some(Ok(Event::State(_)))));
        let end = next(&mut session).await.expect("an end");
        assert_eq!(matches!(end, Err(SpeechError::Silent { seconds: 2 })), silent, "{end:?}");
        assert_eq!(matches!(end, Ok(Event::Done)), !silent, "{end:?}");
    }
}

#[tokio::test]
async fn old_servers_tails_null_texts_and_new_keys_lose_no_word() {
    let (address, _server) = serve(|mut socket, _| async move {
        say(&mut socket, CONFIG).await;
        say(&mut socket, r#"{"type":"weather"}"#).await;
        let lines = r#"[{"speaker":1,"text":" Ask not"},{"speaker":-2,"text":null,"start":"0:00:03.20"},{"text":"what"}]"#;
        let state = format!(r#"{{"lines":{lines},"buffer_transcription":" your country","buffer_diarization":null,"n":{{}}}}"#);
        say(&mut socket, &state).await;
        say(&mut socket, DONE).await;
        read_all(&mut socket).await
    })
    .await;
    let mut session = Session::open(&address, None, None).await.expect("opens");
    assert_eq!(final_text(&drain(&mut session).await), "Ask not what your country");
}

#[tokio::test]
async fn an_engine_that_reports_a_failure_is_not_taken_for_silence() {
    let (address, _server) = serve(|mut socket, _| async move {
        say(&mut socket, CONFIG).await;
        say(&mut socket, r#"{"status":"error","error":"out of memory","lines":[]}"#).await;
        say(&mut socket, DONE).await;
        read_all(&mut socket).await
    })
    .await;
    let mut session = Session::open(&address, None, None).await.expect("opens");
    let error = next(&mut session).await.expect("an event").expect_err("an error");
    assert!(matches!(error, SpeechError::Engine { .. }) && error.is_transient());
}

#[tokio::test]
async fn sending_goes_on_while_the_server_talks_much_and_reads_late() {
    let (address, server) = serve(|mut socket, _| async move {
        say(&mut socket, CONFIG).await;
        // More than the socket buffers hold: whoever only sent and never read would wait for ever.
        let words = "word ".repeat(20_000);
        for _ in 0..150 {
            say(&mut socket, &format!(r#"{{"lines":[{{"speaker":1,"text":"{words}"}}]}}"#)).await;
        }
        let mut bytes = 0;
        while let Some(Ok(Message::Binary(frame))) = socket.next().await {
            bytes += frame.len();
            if frame.is_empty() {
                break;
            }
        }
        say(&mut socket, DONE).await;
        bytes
    })
    .await;
    let mut session = Session::open(&address, None, None).await.expect("opens");
    let samples = vec![0; 8_000_000];
    let sending = async {
        session.send(&samples).await.expect("sent");
        session.end().await.expect("ended");
    };
    tokio::time::timeout(Duration::from_secs(20), sending).await.expect("no deadlock");
    drain(&mut session).await;
    assert_eq!(server.await.expect("server"), 16_000_000);
}

#[tokio::test]
async fn nobody_there_and_nonsense_arguments() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let error = Session::open(&gone, None, None).await.expect_err("nobody");
    assert!(matches!(error, SpeechError::Connect { .. }) && error.is_transient());
    let language = Session::open(&gone, None, Some("en&token=x")).await.expect_err("bad");
    assert!(matches!(language, SpeechError::Request { part: "language" }));
    let token = Session::open(&gone, Some("a\nb"), None).await.expect_err("bad");
    assert!(matches!(token, SpeechError::Request { part: "token" }));
}
