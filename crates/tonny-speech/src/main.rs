//! The embedded speech worker: ggml behind the speech wire.
//!
//! Standard input: the token, then nothing; its end ends the worker. Standard output: one JSON ready line. Standard
//! error: the log, without spoken text above debug. Start reading at [`server`], then [`connection`], [`session`] (one
//! utterance), [`schedule`] (when it decodes), [`engine`] (the thread) and [`model`] (ggml).

mod arguments;
mod connection;
mod engine;
mod failure;
mod frame;
mod model;
mod queue;
mod schedule;
mod server;
mod session;
mod tail;
mod window;
mod words;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonny_speech_protocol::{PROTOCOL_VERSION, ReadyLine};

use crate::arguments::Arguments;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::server::House;

/// Longer first lines are no token.
const LONGEST_TOKEN: u64 = 4096;

/// A decode that was cancelled ends within its current step; the encoder of a large model may take this long.
const LAST_DECODE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("TONNYTRAY_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    transcribe_cpp::init_logging();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // To standard error without the log's filter: this sentence is what the user is shown.
            let _ = writeln!(std::io::stderr(), "tonny-speech: {}", sentence(&failure));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn sentence(failure: &Failure) -> String {
    let cause = std::error::Error::source(failure).map(|cause| format!(": {cause}"));
    format!("{failure}{}", cause.unwrap_or_default())
}

#[allow(clippy::disallowed_methods, reason = "polls a thread that is ending; joining has no deadline")]
fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (token, closed) = read_token()?;
    let (engine, facts, decoder) = Engine::start(arguments.models.clone(), arguments.threads())?;
    if !facts.accepts(&arguments.language) {
        return Err(Failure::Language { language: arguments.language.clone() });
    }
    let house = Arc::new(House {
        token,
        language: arguments.language.clone(),
        engine,
        facts,
        connections: AtomicU64::new(1),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| Failure::System { what: "starting the runtime", source })?;
    let served = runtime.block_on(serve(house, &arguments.model_id, closed));
    // Drops every connection, which cancels its decode and lets go of the engine.
    runtime.shutdown_timeout(Duration::from_millis(200));
    let deadline = Instant::now() + LAST_DECODE;
    while !decoder.is_finished() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    served
}

async fn serve(house: Arc<House>, model: &str, closed: oneshot::Receiver<()>) -> Result<(), Failure> {
    let system = |what| move |source| Failure::System { what, source };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(system("binding a port"))?;
    let address = listener.local_addr().map_err(system("binding a port"))?;
    let ready = ReadyLine {
        address: address.to_string(),
        protocol: PROTOCOL_VERSION,
        model: model.to_owned(),
        pid: std::process::id(),
    };
    say_ready(&ready).map_err(system("writing the ready line"))?;
    tokio::select! {
        served = axum::serve(listener, server::router(house)) => served.map_err(system("serving")),
        _ = closed => Ok(()),
    }
}

fn say_ready(ready: &ReadyLine) -> std::io::Result<()> {
    let line = serde_json::to_string(ready)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Reads the token, and leaves a thread behind that notices the end of standard input: whoever started this worker is
/// gone then, even if it died without a word.
fn read_token() -> Result<(String, oneshot::Receiver<()>), Failure> {
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    let read = input.by_ref().take(LONGEST_TOKEN).read_line(&mut line);
    read.map_err(|source| Failure::System { what: "reading the token", source })?;
    let token = line.trim().to_owned();
    if token.is_empty() {
        return Err(Failure::NoToken);
    }
    let (close, closed) = oneshot::channel();
    let watch = move || {
        if let Err(error) = std::io::copy(&mut input, &mut std::io::sink()) {
            tracing::warn!(%error, "standard input failed");
        }
        // The receiver is gone when the server ended first.
        let _ = close.send(());
    };
    let thread = std::thread::Builder::new().name("stdin".into()).spawn(watch);
    thread.map_err(|source| Failure::System { what: "watching standard input", source })?;
    Ok((token, closed))
}
