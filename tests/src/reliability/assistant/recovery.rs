//! R7: answers that break off in the middle, at random places, and what the person reads in the end.
//!
//! There are two of the three modes. B goes on from the beginning where a target can (its text is sent along, an echo and
//! doubled white space are dropped); C offers to go on and keeps what came. A, the replay of what the local engine said, is
//! not there: llama-server keeps no ring of its output, so a local answer that broke off is continued as in B.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tonny_core::assistant::{Follows, Standing};
use tonny_egress::chat::Event;
use tonny_egress::plan::Retries;
use tonny_egress::provider::Providers;
use tonny_egress::registry::Registry;
use tonny_egress::router::{Then, TurnEvent};

use super::fixtures::streams;
use super::peer::{Arrived, Peer, Reply, end, words};
use super::room::Room;
use super::running::{CLOUD, Setup, provider};
use crate::bench::percentile;
use crate::reliability::dice::Dice;
use crate::reliability::{Outcome, Size};

/// What a continuation at the next target may add to that target's own first word.
const ADDED_MS: f64 = 30.0;

/// Words of every kind of width, and white space as answers have it.
const WORDS: &[&str] =
    &["a", "the", "no", "llama", "Größe", "„süß“", "日本語", "🦀", "x = 1;", "- item", "end."];
const SPACES: &[&str] = &[" ", " ", " ", "  ", "\n", "\n\n", "\n    ", "\t"];

/// How the second server begins: at once, or with what it was given.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Goes,
    Echoes,
}

/// What the two servers do with the next turn.
struct Scene {
    text: String,
    cut: usize,
    manner: Manner,
    /// Bytes of a delta, about.
    step: usize,
}

pub async fn recovered(size: Size) -> Result<Outcome> {
    let (tries, seed) = (size.pick(500, 10_000), Dice::seed());
    let mut dice = Dice::new(seed);
    let scene: Arc<Mutex<Option<Scene>>> = Arc::default();
    let (cutting, going) = (scene.clone(), scene.clone());
    let first = Peer::start(move |_, _| {
        with(&cutting, |scene| Reply::Cut(deltas(&scene.text[..scene.cut], scene.step)))
    })?;
    let second = Peer::start(move |_, arrived| with(&going, |scene| scene.rest(arrived)))?;
    let places = [first.port, second.port].map(|port| provider(port, CLOUD)).map(|it| (it, true));
    let mut setup = Setup::of(places.to_vec());
    // The first one is asked once and goes over to the second.
    setup.providers[0].1 = false;
    let (mut wrong, mut twins, mut added) = (Vec::new(), 0, Vec::new());
    for _ in 0..tries {
        let next = Scene::draw(&mut dice);
        twins += usize::from(next.is_ambiguous());
        if next.is_ambiguous() {
            continue;
        }
        let (text, told) =
            (next.text.clone(), format!("{:?} cut at {} ({:?})", next.text, next.cut, next.manner));
        *scene.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        let (read, delay) = read(Setup { retries: Retries::default(), ..setup.clone() }).await;
        if read.as_deref() != Some(&*text) {
            wrong.push(format!("{told} became {read:?}"));
        }
        added.extend(delay.map(|delay| delay.as_secs_f64() * 1e3));
    }
    let (models, untrue) = modes(size).await?;
    let p99 = percentile(&mut added, 99);
    let first = wrong.first().or(untrue.first()).map_or(String::new(), |it| format!("; first: {it}"));
    let text = format!(
        "B: {} of {} cut answers read otherwise than uncut, next word {p99:.1} ms (p99) after the break; {twins} more were cut \
         where their beginning comes a second time, which nobody can tell from an echo; B or C as the registry says for {} of \
         {models} models; A is not there (seed {seed}){first}",
        wrong.len(),
        tries - twins,
        models - untrue.len(),
    );
    Ok(Outcome::timed(wrong.is_empty() && untrue.is_empty() && models > 0, p99 <= ADDED_MS, text))
}

fn with(scene: &Mutex<Option<Scene>>, reply: impl FnOnce(&Scene) -> Reply) -> Reply {
    let scene = scene.lock().unwrap_or_else(PoisonError::into_inner);
    scene.as_ref().map_or(Reply::Silence, reply)
}

/// The text in pieces of about so many bytes.
fn deltas(text: &str, step: usize) -> Vec<Vec<u8>> {
    let mut pieces: Vec<String> = vec![String::new()];
    for letter in text.chars() {
        if pieces.last().is_some_and(|piece| piece.len() >= step) {
            pieces.push(String::new());
        }
        pieces.iter_mut().last().into_iter().for_each(|piece| piece.push(letter));
    }
    pieces.iter().map(|piece| words(piece)).collect()
}

impl Scene {
    fn draw(dice: &mut Dice) -> Self {
        let mut text = String::new();
        for _ in 0..3 + dice.below(30) {
            text.push_str(dice.pick::<&str>(WORDS));
            text.push_str(dice.pick::<&str>(SPACES));
        }
        text.push_str("The end.");
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).skip(1).collect();
        let cut = *dice.pick(&places);
        let manner = *dice.pick(&[Manner::Goes, Manner::Echoes]);
        Self { text, cut, manner, step: 1 + dice.below(12) as usize }
    }

    /// What is sent as the beginning.
    fn beginning(&self) -> &str {
        self.text[..self.cut].trim_end()
    }

    /// Whether a server that goes on at once says first what one that echoes would say first.
    fn is_ambiguous(&self) -> bool {
        let beginning = self.beginning();
        self.text[beginning.len()..].starts_with(beginning)
    }

    /// The answer of a model that was given the beginning and says the rest of the text, its white space included.
    fn rest(&self, arrived: &Arrived) -> Reply {
        let body: Value = serde_json::from_slice(&arrived.body).unwrap_or_default();
        let given =
            body["messages"].as_array().and_then(|all| all.last()).map(|last| last["content"].clone());
        if given.as_ref().and_then(Value::as_str) != Some(self.beginning()) {
            return Reply::Refusal(
                400,
                String::new(),
                "{\"error\":{\"message\":\"another beginning\"}}".to_owned(),
            );
        }
        let rest = &self.text[self.beginning().len()..];
        let says = match self.manner {
            Manner::Goes => rest.to_owned(),
            Manner::Echoes => format!("{}{rest}", self.beginning()),
        };
        Reply::Whole(deltas(&says, self.step).into_iter().chain([end()]).collect())
    }
}

/// What a person reads, if it is called complete, and how long after the break the next word came.
async fn read(setup: Setup) -> (Option<String>, Option<Duration>) {
    let mut turn = setup.start();
    let (mut text, mut broke, mut delay) = (String::new(), None, None);
    while let Some(event) = turn.events.recv().await {
        match event {
            TurnEvent::Text(more) => {
                text.push_str(&more);
                delay = delay.or(broke.map(|at: Instant| at.elapsed()));
            }
            TurnEvent::Notice { then: Then::Continued { .. }, .. } => broke = Some(Instant::now()),
            TurnEvent::Done(_) => return (Some(text), delay),
            _ => {}
        }
    }
    (None, delay)
}

/// Every model of the registry, in its provider's own format, through the whole assistant: whether a broken answer is gone
/// on with or offered, as the registry says. The local engine's own model needs its engine and is left out.
async fn modes(size: Size) -> Result<(usize, Vec<String>)> {
    let (registry, providers) = (Registry::bundled()?, Providers::bundled()?);
    let (mut models, mut untrue) = (0, Vec::new());
    let mut seen = std::collections::BTreeSet::new();
    for record in registry.models().filter(|record| record.provider != "llama-server") {
        let provider = providers.get(&record.provider).context("a provider of this name")?;
        let goes_on = record.abilities.prefill.unwrap_or(provider.prefill);
        // In short one of each kind.
        if size == Size::Short && !seen.insert((provider.id.clone(), goes_on)) {
            continue;
        }
        models += 1;
        let name = format!("{}/{}", record.provider, record.id);
        let did = mode(&name, &provider.id).await.with_context(|| name.clone())?;
        if did != goes_on {
            untrue.push(format!("{name} was {}", if did { "gone on with" } else { "not gone on with" }));
        }
    }
    Ok((models, untrue))
}

/// Whether the answer of this model was gone on with after it broke off.
async fn mode(name: &str, of: &str) -> Result<bool> {
    let format = Providers::bundled()?.get(of).context("known")?.format;
    let whole = streams().into_iter().find(|it| it.format == format && it.file.contains("-hello."));
    let whole = whole.with_context(|| format!("a stream in the format of {of}"))?;
    let is_begun = |cut: &usize| {
        let events = whole.read(&[&whole.bytes[..*cut]]);
        events.iter().any(|event| matches!(event, Event::Text(text) if !text.is_empty()))
    };
    let cut = (0..whole.bytes.len()).find(is_begun).context("a word")?;
    let bytes = whole.bytes[..cut].to_vec();
    let peer = Peer::start(move |number, _| match number {
        0 => Reply::Cut(vec![bytes.clone()]),
        _ => Reply::Refusal(401, String::new(), "{}".to_owned()),
    })?;
    let room = Room::start(&[name], &[(of, peer.away())]).await?;
    let (answer, _) = room.answer("Say hello.", None).await?;
    anyhow::ensure!(answer.state == Standing::Interrupted, "it is {:?}", answer.state);
    anyhow::ensure!(answer.can_continue && !answer.text.is_empty(), "what came is not offered: {answer:?}");
    room.quit().await?;
    Ok(answer.notices.iter().any(|notice| notice.then == Some(Follows::Continued)) && peer.count() == 2)
}
