//! The fake engine as a process: starts and ends as the embedded worker or as WhisperLiveKit does, or as they should not.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Behaviour, Script, Sessions, serve};

/// Whose manners it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Like {
    /// Token on standard input, a JSON ready line, ends with standard input.
    Embedded,
    /// Token in `WLK_API_TOKEN`, its address in a log line, ends with SIGTERM.
    Whisperlivekit,
}

#[derive(Debug, Parser)]
struct Flags {
    #[arg(long, default_value = "embedded")]
    like: Like,
    #[arg(long, default_value = "normal")]
    behave: Behaviour,
    /// What it hears.
    #[arg(long, default_value = "these words were never spoken by anybody")]
    words: String,
    /// It says them so many times over.
    #[arg(long, default_value_t = 1)]
    times: usize,
    #[arg(long, default_value_t = 200)]
    rest_status: u16,
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// F2: how long it loads, ms; nobody can connect meanwhile.
    #[arg(long, default_value_t = 0)]
    load_ms: u64,
    /// F3, F4: ends with this code instead of listening.
    #[arg(long)]
    fail_with: Option<u8>,
    /// F21: bytes on standard error before it is ready.
    #[arg(long, default_value_t = 0)]
    flood: usize,
    /// F22: only the second SIGTERM ends it.
    #[arg(long)]
    ignore_first_sigterm: bool,
    /// Neither SIGTERM nor the end of its input ends it: only SIGKILL does.
    #[arg(long)]
    deaf: bool,
    /// Dies instead of loading when this file exists, and makes it: a worker that works once.
    #[arg(long)]
    only_once: Option<PathBuf>,
    /// What a foreign engine is started with and this one has no use for.
    #[arg(long, hide = true)]
    ignored: Option<String>,
}

/// Everything after main().
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    let token = token(flags.like);
    if let Some(file) = &flags.only_once {
        if file.exists() {
            return ExitCode::from(flags.fail_with.unwrap_or(1));
        }
        let _ = std::fs::write(file, "started once");
    }
    let flood = "a line like any other, of which there are far too many\n";
    eprint!("{}", flood.repeat(flags.flood / flood.len()));
    std::thread::sleep(Duration::from_millis(flags.load_ms));
    if let (Some(code), None) = (flags.fail_with, &flags.only_once) {
        eprintln!("ERROR: the model could not be loaded");
        return ExitCode::from(code);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(run(&flags, token))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) | Err(error) => {
            eprintln!("ERROR: {error}");
            ExitCode::FAILURE
        }
    }
}

fn token(like: Like) -> Option<String> {
    match like {
        Like::Embedded => {
            let mut line = String::new();
            let _ = std::io::stdin().lock().read_line(&mut line);
            Some(line.trim().to_owned())
        }
        Like::Whisperlivekit => std::env::var("WLK_API_TOKEN").ok(),
    }
    .filter(|token| !token.is_empty())
}

/// Listens until it is asked to end. A busy port is found only now, after loading (F5).
async fn run(flags: &Flags, token: Option<String>) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", flags.port)).await?;
    let address = listener.local_addr()?;
    match flags.like {
        Like::Embedded => {
            let pid = std::process::id();
            let ready = json!({"address": address.to_string(), "protocol": 1, "model": "fake", "pid": pid});
            println!("{ready}");
            std::io::stdout().flush()?;
        }
        Like::Whisperlivekit => {
            eprintln!("INFO:     Application startup complete.");
            eprintln!("INFO:     Uvicorn running on http://{address} (Press CTRL+C to quit)");
        }
    }
    let words = vec![flags.words.as_str(); flags.times].join(" ");
    let script = Script { behaviour: flags.behave, words, token, rest_status: flags.rest_status };
    tokio::select! {
        () = serve(listener, script, Sessions::default()) => Ok(()),
        ended = end(flags) => ended,
    }
}

async fn end(flags: &Flags) -> std::io::Result<()> {
    let mut asked = signal(SignalKind::terminate())?;
    if flags.deaf {
        // The handler above stays: without it the signal would end the process.
        std::future::pending::<()>().await;
    }
    let mut left = if flags.ignore_first_sigterm { 2 } else { 1 };
    let mut closed = Box::pin(input_closed(flags.like));
    while left > 0 {
        tokio::select! {
            _ = asked.recv() => left -= 1,
            () = &mut closed => left = 0,
        }
    }
    Ok(())
}

async fn input_closed(like: Like) {
    if like == Like::Whisperlivekit {
        return std::future::pending().await;
    }
    let read = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let _ = read.await;
}
