//! R5, R6: every cut and every split of the recorded streams, by the checks of tonny-egress's own tests
//! (crates/tonny-egress/tests/streams/), and the cuts once more as the network gives them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tonny_egress::chat::Event;
use tonny_egress::provider::Providers;
use tonny_egress::router::TurnEvent;

use super::checks::{false_ends, other_clothes, pieces, single_bytes, splits_in_two};
use super::fixtures::{Stream, streams};
use super::peer::{Peer, Reply};
use super::running::{CLOUD, Setup};
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// As many recorded streams as the promise wants.
const STREAMS: usize = 40;

/// R5.
pub async fn truncation(size: Size) -> Result<Outcome> {
    let all = streams();
    let cuts: usize = all.iter().map(|stream| stream.bytes.len()).sum();
    let mut wrong: Vec<String> = all.iter().flat_map(false_ends).collect();
    let false_done = wrong.len();
    let whole: Vec<String> = all.iter().filter_map(Stream::difference).collect();
    let (sent, over) = over_the_wire(&all, size).await?;
    let text = format!(
        "{} streams of 5 formats: {false_done} of {cuts} cuts end falsely, {} whole ones say something else than expected; \
         over a connection {} of {sent} cut or whole answers{}",
        all.len(),
        whole.len(),
        over.len(),
        wrong.first().or(whole.first()).or(over.first()).map_or(String::new(), |it| format!("; first: {it}")),
    );
    wrong.extend(whole.into_iter().chain(over));
    Ok(Outcome::measured(wrong.is_empty() && all.len() >= STREAMS && sent >= all.len(), text))
}

/// Whole and cut, both ways in which a server can close: the turn ends as the decoder says, and a cut never as complete.
async fn over_the_wire(all: &[Stream], size: Size) -> Result<(usize, Vec<String>)> {
    let next: Arc<Mutex<Option<Reply>>> = Arc::default();
    let due = next.clone();
    let peer = Peer::start(move |_, _| {
        // Asked a second time it refuses, so that there is one answer to look at.
        let refusal = || Reply::Refusal(401, String::new(), "{}".to_owned());
        due.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(refusal)
    })?;
    let (setup, providers) = (Setup::of(Vec::new()), Providers::bundled()?);
    let (mut sent, mut wrong) = (0, Vec::new());
    let mut dice = Dice::new(Dice::seed());
    for stream in all {
        let provider = providers.get(&stream.provider).context("a provider of this name")?;
        let provider = provider.at(&format!("http://{CLOUD}:{}", peer.port));
        let setup = Setup { providers: vec![(provider, false)], ..setup.clone() };
        let mut cuts = vec![stream.bytes.len()];
        cuts.extend((0..size.pick(1, 40)).map(|_| dice.below(stream.bytes.len() as u64 + 1) as usize));
        for cut in cuts {
            let bytes = stream.bytes[..cut].to_vec();
            let expected = stream.read(&[&bytes]);
            let mut replies = vec![Reply::Cut(vec![bytes.clone()])];
            // An empty piece would be the end of a chunked answer.
            replies.extend((cut > 0).then(|| Reply::Whole(vec![bytes])));
            for reply in replies {
                *next.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
                let says = says(&setup).await;
                sent += 1;
                let is_done = matches!(expected.last(), Some(Event::Done(_)));
                if says != (is_done, words(&expected)) {
                    wrong.push(format!("{} cut at {cut}: {says:?}", stream.file));
                }
            }
        }
    }
    Ok((sent, wrong))
}

/// Whether the first attempt of a turn is called complete, and its words.
async fn says(setup: &Setup) -> (bool, String) {
    let mut turn = setup.clone().start();
    let (mut text, mut done) = (String::new(), false);
    while let Some(event) = turn.events.recv().await {
        match event {
            TurnEvent::Text(more) => text.push_str(&more),
            TurnEvent::Done(_) => done = true,
            TurnEvent::Notice { .. } | TurnEvent::Interrupted { .. } => break,
            _ => {}
        }
    }
    turn.cancel.cancel();
    (done, text)
}

fn words(events: &[Event]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// R6.
pub fn framing(size: Size) -> Result<Outcome> {
    let (all, seed) = (streams(), Dice::seed());
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let checks: [(&str, fn(&Stream) -> Vec<String>); 3] = [
        ("splits in two", splits_in_two),
        ("reads of one byte", single_bytes),
        ("other clothes", other_clothes),
    ];
    for (name, check) in checks {
        wrong.insert(name, all.iter().flat_map(check).collect());
    }
    let (mut dice, tries) = (Dice::new(seed), size.pick(5_000, 200_000));
    let random = wrong.entry("random splits").or_default();
    let whole: Vec<Vec<Event>> = all.iter().map(Stream::whole).collect();
    for _ in 0..tries {
        let at = dice.below(all.len() as u64) as usize;
        let lengths: Vec<usize> = (0..=dice.below(12)).map(|_| 1 + dice.below(200) as usize).collect();
        if all[at].read(&pieces(&all[at].bytes, &lengths)) != whole[at] {
            random.push(format!("{} in pieces of {lengths:?}", all[at].file));
        }
    }
    let bytes: usize = all.iter().map(|stream| stream.bytes.len() + 1).sum();
    let count = wrong.values().map(Vec::len).sum::<usize>();
    let first = wrong.values().flatten().next().map_or(String::new(), |it| format!("; first: {it}"));
    let text = format!(
        "{} streams: {count} differences in {bytes} splits in two, {tries} random ones, reads of one byte, five line ends and \
         marks, comments (seed {seed}){first}; no fuzzer: its hour is not part of this row",
        all.len()
    );
    Ok(Outcome::measured(count == 0, text))
}
