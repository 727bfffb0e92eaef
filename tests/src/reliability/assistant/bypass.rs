//! P1: every byte that arrives at a server stands in the ledger. The whole assistant asks all providers through good and bad
//! answers; from each body that arrived, and nothing else of the sender, the receipt is made anew, and its hash must be in
//! the ledger of the same run, as often as such a body arrived.
//!
//! Lists of models and trials of keys carry no word of a conversation and have no receipt; they are not asked for here. That
//! nothing else may open a connection is a house rule, and that nobody makes an approval of his own are the examples of
//! tonny-egress's policy/approved.rs that must not compile.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};
use tonny_egress::cost::Cost;
use tonny_egress::policy::Receipt;
use tonny_egress::provider::Providers;
use tonny_store::LedgerRow;

use super::fixtures::streams;
use super::peer::{Arrived, Peer, Reply};
use super::room::{KEY, Room};
use crate::reliability::{Outcome, Size};

/// The examples that must not compile.
const APPROVED: &str = include_str!("../../../../crates/tonny-egress/src/policy/approved.rs");
const FORGERIES: usize = 8;

/// A word that is masked and one that goes out as it is; neither has a place in a head.
const QUESTION: &str = "Tell ada@example.org about the zanzibar plan.";
const WORD: &str = "zanzibar";

/// Headers that a request may have, beside those of its provider.
const HEADERS: &[&str] =
    &["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"];

/// What a server does in one run.
const RUNS: [&str; 6] =
    ["whole", "fails once", "breaks off", "refuses the key", "never ends", "sends elsewhere"];

#[derive(Default)]
struct Seen {
    requests: usize,
    bytes: usize,
    rows: usize,
    wrong: Vec<String>,
}

pub async fn receipts(size: Size) -> Result<Outcome> {
    let providers = Providers::bundled()?;
    // Our own worker is asked through the same door, and needs its engine.
    let ids: Vec<String> =
        providers.iter().map(|it| it.id.clone()).filter(|id| id != "llama-server").collect();
    let mut all = Seen::default();
    for _ in 0..size.pick(1, 10) {
        // Side by side: each waits for its own back-offs.
        let each: Vec<_> =
            ids.iter().cloned().map(|id| tokio::spawn(async move { of_provider(&id).await })).collect();
        for seen in each {
            let seen = seen.await??;
            all.requests += seen.requests;
            all.bytes += seen.bytes;
            all.rows += seen.rows;
            all.wrong.extend(seen.wrong);
        }
    }
    let forgeries = APPROVED.matches("```compile_fail").count();
    let text = format!(
        "{} of {} requests ({} KB) at {} providers without the receipt of just these bytes in the ledger, {} rows; every byte \
         that arrived was one of theirs; {forgeries} examples in policy/approved.rs must not compile (doctests of make test){}",
        all.wrong.len(),
        all.requests,
        all.bytes / 1_000,
        ids.len(),
        all.rows,
        all.wrong.first().map_or(String::new(), |it| format!("; first: {it}")),
    );
    let holds = all.wrong.is_empty() && all.requests >= ids.len() * RUNS.len() && forgeries >= FORGERIES;
    Ok(Outcome::measured(holds, text))
}

/// All runs with one provider.
async fn of_provider(id: &str) -> Result<Seen> {
    let mut seen = Seen::default();
    for run in RUNS {
        one_run(id, run, &mut seen).await.with_context(|| format!("{id} {run}"))?;
    }
    Ok(seen)
}

async fn one_run(id: &str, run: &'static str, seen: &mut Seen) -> Result<()> {
    let other = Peer::start(|_, _| Reply::Silence)?;
    let peer = peer(id, run, other.port)?;
    let name = format!("{id}/m");
    // Once as another machine, once as this one, which is not masked.
    for base in [peer.away(), peer.here()] {
        let before = (peer.count(), peer.bytes());
        let room = Room::start(&[&name], &[(id, base)]).await?;
        let asked = room.ask(QUESTION, None).await?;
        if run == "never ends" {
            let count = before.0 + 1;
            tokio::task::block_in_place(|| peer.wait_arrived(count))?;
            room.assistant.stop(&asked.answer).await;
        }
        room.ended(&asked).await?;
        let rows = room.ledger().await?;
        let arrived: Vec<Arrived> = peer.arrived().into_iter().skip(before.0).collect();
        let bytes: usize = arrived.iter().map(|it| it.head.len() + it.body.len()).sum();
        if bytes != peer.bytes() - before.1 {
            seen.wrong.push(format!(
                "{id} {run}: {} bytes arrived that are no request",
                peer.bytes() - before.1 - bytes
            ));
        }
        compare(id, run, &arrived, &rows, seen);
        seen.requests += arrived.len();
        seen.bytes += bytes;
        seen.rows += rows.len();
        room.quit().await?;
    }
    ensure!(other.bytes() == 0, "another host was asked");
    Ok(())
}

/// A server of this provider's format that does this.
fn peer(id: &str, run: &'static str, elsewhere: u16) -> Result<Peer> {
    let format = Providers::bundled()?.get(id).context("known")?.format;
    let hello = streams().into_iter().find(|it| it.format == format && it.file.contains("-hello."));
    let hello = hello.context("a stream of this format")?.bytes;
    let half = hello[..hello.len() / 2].to_vec();
    Peer::start(move |number, _| match run {
        // Both machines get one failure each, so every other request.
        "fails once" if number % 2 == 0 => Reply::Refusal(500, String::new(), "{}".to_owned()),
        "breaks off" => Reply::Cut(vec![half.clone()]),
        "refuses the key" => Reply::Refusal(401, String::new(), "{}".to_owned()),
        "never ends" => Reply::OpenEnd(half.clone()),
        "sends elsewhere" => {
            let location = format!("location: http://127.0.0.1:{elsewhere}/v1/chat/completions\r\n");
            Reply::Refusal(307, location, String::new())
        }
        _ => Reply::Whole(vec![hello.clone()]),
    })
}

/// Requests without a row, rows without a request, and heads that say too much.
fn compare(id: &str, run: &str, arrived: &[Arrived], rows: &[LedgerRow], seen: &mut Seen) {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.iter().filter_map(|row| row.entry.receipt.as_deref()) {
        *left.entry(row).or_default() += 1;
    }
    for request in arrived {
        let receipt = rows.iter().find_map(|row| {
            let receipt = row.entry.receipt.as_deref()?;
            let is_open = left.get(receipt).is_some_and(|count| *count > 0);
            (is_open && is_of(row, receipt, &request.body)).then_some(receipt)
        });
        match receipt {
            Some(receipt) => *left.entry(receipt).or_default() -= 1,
            None => seen.wrong.push(format!("{id} {run}: a body of {} bytes", request.body.len())),
        }
        if let Some(line) = too_much(id, &request.head) {
            seen.wrong.push(format!("{id} {run}: the head says {line:?}"));
        }
    }
    let unsent: usize = left.values().sum();
    if unsent > 0 {
        seen.wrong.push(format!("{id} {run}: {unsent} rows of requests that did not arrive"));
    }
}

/// Whether the receipt of this row is that of this body: what the ledger does not keep are small numbers, all of which are
/// tried.
fn is_of(row: &LedgerRow, receipt: &str, body: &[u8]) -> bool {
    let entry = &row.entry;
    let worst = [None, Some(Cost::ZERO)].into_iter();
    let made = |finds, worst_cost| Receipt {
        profile: entry.profile.clone(),
        purpose: entry.purpose.clone(),
        provider: entry.provider.clone(),
        host: entry.host.clone(),
        model: entry.model.clone(),
        contract: entry.contract.clone(),
        contract_version: entry.contract_version.and_then(|version| u32::try_from(version).ok()),
        rules: serde_json::from_str(&entry.rules).unwrap_or_default(),
        finds,
        consented: false,
        worst_cost,
        bytes: body.len() as u64,
        body_sha256: Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let is_same = entry.bytes_out == body.len() as i64;
    is_same && worst.into_iter().any(|worst| (0..4).any(|finds| made(finds, worst).hash() == receipt))
}

/// A line of a head that is neither known nor its provider's own, or that carries words.
fn too_much(id: &str, head: &str) -> Option<String> {
    let provider = Providers::bundled().ok()?.get(id)?.clone();
    let auth = provider.auth(KEY).map(|(name, _)| name);
    let own: Vec<String> = provider.chat("").headers.into_iter().map(|(name, _)| name).collect();
    let mut lines = head.lines().filter(|line| !line.is_empty());
    let first = lines.next().filter(|line| line.contains(WORD));
    let other = lines.find(|line| {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        let is_known = HEADERS.contains(&&*name) || own.contains(&name) || auth.as_ref() == Some(&name);
        !is_known || line.contains(WORD) || line.contains(KEY) && auth.as_ref() != Some(&name)
    });
    first.or(other).map(str::to_owned)
}
