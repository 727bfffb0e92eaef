//! U2: what a killed program leaves of an answer that was still coming.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tonny_core::Store;

use crate::reliability::dice::Dice;
use crate::reliability::secrets::terminal::Terminal;
use crate::reliability::{Outcome, Size};
use crate::wait_for;

/// What may be missing of the end.
const LOST: Duration = Duration::from_millis(250);

/// A local model on two cores writes a word in so long.
const PACE: Duration = Duration::from_millis(8);

/// When each word of each answer was sent.
type Journal = Arc<Mutex<Vec<Vec<Instant>>>>;

/// Kills `tonny ask` at random moments of an answer; compares what is in its database with what was sent before.
pub async fn killed(size: Size) -> Result<Outcome> {
    let (kills, seed) = (size.pick(40, 1_000), Dice::seed());
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir()?;
    let terminal = Terminal::new(folder.path(), None)?;
    let journal = Journal::default();
    let port = serve(journal.clone())?;
    let address = json!([{"provider": "openai-compatible", "base": format!("http://127.0.0.1:{port}/v1")}]);
    for (key, value) in [
        ("assistant.addresses", address.to_string()),
        ("assistant.models", json!(["openai-compatible/m"]).to_string()),
    ] {
        let ran = terminal.tonny(&["settings", "set", key, &value], "")?;
        ensure!(ran.code == Some(0), "settings set {key}: {}", ran.err);
    }
    let store = Store::open(folder.path().join("tonnytray.db")).await?;
    let (mut longest, mut wrong) = (Duration::ZERO, 0);
    for number in 0..kills {
        let lived = Duration::from_millis(dice.below(600));
        let killed_at = one_kill(&terminal, &journal, number, lived)?;
        let sent = journal.lock().unwrap_or_else(PoisonError::into_inner)[number].clone();
        let kept = kept(&store).await?;
        let expected: String = (0..kept.split_whitespace().count()).map(|word| format!("{word} ")).collect();
        if kept.trim_end() != expected.trim_end() {
            wrong += 1;
        }
        let first_lost = sent.get(kept.split_whitespace().count());
        let lost = first_lost.map_or(Duration::ZERO, |at| killed_at.saturating_duration_since(*at));
        longest = longest.max(lost);
    }
    let report = store.check().await?;
    let text = format!(
        "{kills} kills: at most {} ms of text lost, {wrong} answers with other words than were sent, check {} (seed {seed})",
        longest.as_millis(),
        if report.is_clean() { "clean" } else { "not clean" }
    );
    Ok(Outcome::timed(wrong == 0 && report.is_clean(), longest <= LOST, text))
}

/// Asks, and kills so long after the first word was sent. Gives the moment.
fn one_kill(terminal: &Terminal, journal: &Journal, number: usize, lived: Duration) -> Result<Instant> {
    let mut command = terminal.command("tonny")?;
    let mut child = command
        .args(["ask", "Count for me."])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = wait_for("the first word", Duration::from_secs(20), || {
        let journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(journal.get(number).and_then(|words| words.first().copied()))
    });
    let begun = begun.inspect_err(|_| _ = child.kill())?;
    std::thread::sleep((begun + lived).saturating_duration_since(Instant::now()));
    let at = Instant::now();
    child.kill()?;
    child.wait()?;
    Ok(at)
}

/// The last answer, as it is in the database now.
async fn kept(store: &Store) -> Result<String> {
    let conversations = store.conversations().list(None, None, 1).await?;
    let conversation = conversations.first().context("a conversation")?;
    let messages = store.messages().of(&conversation.id, None, 10).await?;
    Ok(messages.last().context("an answer")?.text.clone())
}

/// A server of OpenAI's chat that counts, word by word, for as long as somebody listens; its port.
fn serve(journal: Journal) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let journal = journal.clone();
            std::thread::spawn(move || count(stream, &journal));
        }
    });
    Ok(port)
}

/// Ends when the other side is gone.
fn count(mut stream: TcpStream, journal: &Journal) -> std::io::Result<()> {
    let mut asked = Vec::new();
    let mut part = [0; 4_096];
    while !asked.windows(13).any(|window| window == b"Count for me.") {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            read => asked.extend_from_slice(&part[..read]),
        }
    }
    let at = {
        let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.push(Vec::new());
        journal.len() - 1
    };
    stream.set_nodelay(true)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    for word in 0.. {
        let delta = json!({"choices": [{"index": 0, "delta": {"content": format!("{word} ")}, "finish_reason": null}]});
        stream.write_all(format!("data: {delta}\n\n").as_bytes())?;
        journal.lock().unwrap_or_else(PoisonError::into_inner)[at].push(Instant::now());
        std::thread::sleep(PACE);
    }
    Ok(())
}
