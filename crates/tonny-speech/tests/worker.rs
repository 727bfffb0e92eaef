//! The real worker with a real model (TONNYTRAY_TEST_MODEL_DIR: a folder with `15s.gguf` and `30s.gguf` of Whisper
//! tiny.en), spoken to by the real client.

#![allow(clippy::disallowed_methods, reason = "a test starts programs, spawns tasks and polls")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tonny_speech_protocol::client::{Event, Session, SpeechError};
use tonny_speech_protocol::{ReadyLine, final_text, live_text};

const TOKEN: &str = "a-token-of-this-launch";
const RATE: usize = 16_000;
const JFK: &str = "and so my fellow americans ask not what your country can do for you ask what you can do for your country";
const PATIENCE: Duration = Duration::from_secs(60);

struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    ready: ReadyLine,
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if wait(&mut self.child, Duration::from_secs(5)).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn models() -> Option<PathBuf> {
    let folder = std::env::var_os("TONNYTRAY_TEST_MODEL_DIR").map(PathBuf::from);
    if folder.is_none() {
        // The harness shows it with --nocapture; a skipped test must say why.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: TONNYTRAY_TEST_MODEL_DIR names no folder with 15s.gguf and 30s.gguf"
        );
    }
    folder
}

fn command(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tonny-speech"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn model_arguments(folder: &Path) -> Vec<String> {
    let twin = |seconds: u32| format!("{seconds}:{}", folder.join(format!("{seconds}s.gguf")).display());
    ["--model", &twin(30), "--model", &twin(15), "--model-id", "whisper-tiny.en"].map(str::to_owned).to_vec()
}

fn start(folder: &Path) -> Worker {
    let mut child =
        command(&model_arguments(folder)).stderr(Stdio::null()).spawn().expect("the worker starts");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{TOKEN}").expect("the token is taken");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a ready line");
    let ready = serde_json::from_str(&line).expect("the ready line is JSON");
    Worker { child, stdin: Some(stdin), ready }
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

fn jfk() -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/jfk.wav");
    let mut reader = hound::WavReader::open(path).expect("the fixture");
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (16_000, 1));
    reader.samples::<i16>().map(|sample| sample.expect("a sample")).collect()
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace());
    letters.flat_map(char::to_lowercase).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn open(worker: &Worker) -> Session {
    Session::open(&worker.ready.address, Some(TOKEN), Some("en")).await.expect("the session opens")
}

/// The final text, and whether any text was shown before the end.
async fn finish(session: &mut Session) -> String {
    let mut last = None;
    loop {
        let event = tokio::time::timeout(PATIENCE, session.next()).await.expect("in time");
        match event.expect("an event").expect("no error") {
            Event::State(state) => last = Some(state),
            Event::Done => break,
            Event::Late => panic!("the worker was in time"),
        }
    }
    session.close().await;
    last.as_ref().map(final_text).unwrap_or_default()
}

async fn at_once(worker: &Worker, samples: &[i16]) -> String {
    let mut session = open(worker).await;
    session.send(samples).await.expect("sent");
    session.end().await.expect("ended");
    finish(&mut session).await
}

/// Feeds as a microphone does; returns the final text, the partial texts, and the time from the end to the final text.
async fn as_spoken(worker: &Worker, samples: &[i16]) -> (String, Vec<String>, Duration) {
    let mut session = open(worker).await;
    let mut partials = Vec::new();
    let mut clock = tokio::time::interval(Duration::from_millis(20));
    let mut chunks = samples.chunks(RATE / 50);
    loop {
        tokio::select! {
            _ = clock.tick() => match chunks.next() {
                Some(chunk) => session.send(chunk).await.expect("sent"),
                None => break,
            },
            event = session.next() => if let Event::State(state) = event.expect("an event").expect("no error") {
                let (committed, tentative) = live_text(&state);
                partials.push(format!("{committed}|{tentative}"));
            },
        }
    }
    let released = Instant::now();
    session.end().await.expect("ended");
    let text = finish(&mut session).await;
    partials.dedup();
    (text, partials, released.elapsed())
}

fn request(worker: &Worker, text: &str) -> String {
    let mut stream = TcpStream::connect(&worker.ready.address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let head = format!("{text} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", worker.ready.address);
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(b"\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speech_becomes_text_however_it_arrives() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    assert_eq!((worker.ready.protocol, worker.ready.pid), (1, worker.child.id()));
    assert_eq!(worker.ready.model, "whisper-tiny.en");
    let audio = jfk();
    assert_eq!(plain(&at_once(&worker, &audio).await), JFK);

    let (text, partials, lag) = as_spoken(&worker, &audio).await;
    assert_eq!(plain(&text), JFK);
    assert!(
        partials.iter().any(|partial| !partial.starts_with('|')),
        "words are committed on the way: {partials:?}"
    );
    let _ = writeln!(std::io::stderr(), "measured: empty frame to final text {} ms", lag.as_millis());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_before_the_speech_changes_no_word() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    // Decoded with the silence, all but the last of these say "asked" for "ask".
    for ms in [90, 250, 410, 730, 6_000] {
        let mut audio = vec![0; ms * RATE / 1_000];
        audio.extend(jfk());
        assert_eq!(plain(&at_once(&worker, &audio).await), JFK, "{ms} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_speech_is_cut_and_nothing_is_lost() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    let mut audio = Vec::new();
    for _ in 0..9 {
        audio.extend(jfk());
    }
    let text = plain(&at_once(&worker, &audio).await);
    assert_eq!(text.matches("ask not what your country can do for you").count(), 9, "{text}");
    let words = text.split_whitespace().count();
    assert!((9 * 22 - 4..=9 * 22 + 4).contains(&words), "{words} words: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_has_no_words() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    let mut hiss = 1u32;
    let room: Vec<i16> = (0..RATE * 3)
        .map(|_| {
            hiss = hiss.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((hiss >> 16) % 60) as i16 - 30
        })
        .collect();
    for samples in [vec![], vec![0; 7], vec![0; RATE * 3], room] {
        assert_eq!(at_once(&worker, &samples).await, "", "{} samples", samples.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_are_served_and_health_answers_meanwhile() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    let audio = jfk();
    let both = async { tokio::join!(at_once(&worker, &audio), at_once(&worker, &audio)) };
    let address = &worker;
    let health = async {
        tokio::task::yield_now().await;
        let asked = Instant::now();
        (tokio::task::block_in_place(|| request(address, "GET /health")), asked.elapsed())
    };
    let ((first, second), (health, took)) = tokio::join!(both, health);
    assert_eq!((plain(&first), plain(&second)), (JFK.to_owned(), JFK.to_owned()));
    assert!(health.starts_with("HTTP/1.1 200") && health.contains(r#""ready":true"#), "{health}");
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_web_pages_and_wrong_wishes_are_refused() {
    let Some(folder) = models() else { return };
    let worker = start(&folder);
    for token in [None, Some("wrong"), Some("")] {
        let error = Session::open(&worker.ready.address, token, None).await.expect_err("refused");
        assert!(matches!(error, SpeechError::Refused { status: 403 }), "{error:?}");
    }
    for path in ["/health", "/asr"] {
        let page =
            format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nOrigin: http://127.0.0.1\r\nX:");
        let answer = request(&worker, &page);
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}: {answer}");
    }
    let error = Session::open(&worker.ready.address, Some(TOKEN), Some("de")).await.expect_err("rejected");
    assert!(matches!(error, SpeechError::Rejected { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_its_standard_input_even_while_decoding() {
    let Some(folder) = models() else { return };
    let mut worker = start(&folder);
    let mut session = open(&worker).await;
    session.send(&jfk()).await.expect("sent");
    session.end().await.expect("ended");
    drop(worker.stdin.take());
    let asked = Instant::now();
    let status = wait(&mut worker.child, Duration::from_secs(5)).expect("it ends");
    assert_eq!(status.code(), Some(0), "{status:?} after {:?}", asked.elapsed());
}

#[test]
fn a_bad_model_is_named_with_exit_code_3() {
    let Some(folder) = models() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(folder.join("15s.gguf")).expect("the model");
    let cases: [(&str, &[u8]); 5] = [
        ("half.gguf", &whole[..whole.len() / 2]),
        ("head.gguf", &whole[..4096]),
        ("empty.gguf", b""),
        ("text.gguf", b"this is no model"),
        ("missing.gguf", b""),
    ];
    for (name, content) in cases {
        let path = place.path().join(name);
        if name != "missing.gguf" {
            std::fs::write(&path, content).expect("written");
        }
        let mut child =
            command(&["--model".into(), format!("15:{}", path.display())]).spawn().expect("starts");
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "{TOKEN}").expect("taken");
        let output = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name}: {errors}");
        assert!(errors.lines().last().is_some_and(|line| line.contains(name)), "{name}: {errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_token_or_with_bad_arguments_it_ends_with_2() {
    for arguments in [vec!["--model", "15:x.gguf"], vec!["--nonsense"], vec![]] {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let mut child = command(&arguments).spawn().expect("starts");
        drop(child.stdin.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
