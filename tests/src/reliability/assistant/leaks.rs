//! P2: canaries in requests that are really sent: none arrives; and answers whose canaries are taken out, however they come.
//!
//! Each placement is a turn of its own to one of all providers, in that provider's own form. Keys are put in plain and
//! wrapped in five ways; people, accounts and cards in plain, for only keys are looked for inside of wrappings.

use anyhow::{Context as _, Result};
use serde_json::Value;
use tonny_egress::chat::ChatRequest;
use tonny_egress::policy::{Policy, Target};
use tonny_egress::provider::Providers;

use super::peer::{Arrived, Peer, Reply};
use super::places::{KEYS, PEOPLE, Place, request, wrapped};
use super::running::{CLOUD, Setup};
use crate::reliability::dice::Dice;
use crate::reliability::secrets::hunt::Hunt;
use crate::reliability::{Outcome, Size};

/// Ways to wrap a key, the plain one among them.
const WRAPPINGS: usize = 6;

/// What may stay of a key that is cut by a message's end; any eight letters of one are a leak.
const WINDOW: usize = 8;

const FRONTS: &[&str] = &["", "key: ", "it is \"", "\n", "x = ", "mail <", "(", "Größe „", "1, "];
const BEHINDS: &[&str] = &["", ".", "\" ok", "\n\nand", ">", ") 5", ", 7", "“ ja", "; [EMAIL_1]"];

/// One canary in one request.
#[derive(Debug)]
struct Placement {
    secret: &'static str,
    is_key: bool,
    wrapping: usize,
    place: Place,
    front: &'static str,
    behind: &'static str,
}

pub async fn canaries(size: Size) -> Result<Outcome> {
    let (tries, seed) = (size.pick(600, 5_000), Dice::seed());
    let mut dice = Dice::new(seed);
    let peer = Peer::start(|_, _| Reply::Refusal(401, String::new(), "{}".to_owned()))?;
    let providers = Providers::bundled()?;
    let places: Vec<_> = providers.iter().map(|it| it.at(&format!("http://{CLOUD}:{}", peer.port))).collect();
    let setup = Setup::of(Vec::new());
    let hunt = Hunt::new(KEYS.iter().chain(PEOPLE).map(|it| (*it).to_owned()).collect())?;
    let (mut sent, mut found) = (0, Vec::new());
    for _ in 0..tries {
        let placement = Placement::draw(&mut dice);
        let provider = dice.pick(&places).clone();
        let id = provider.id.clone();
        let request = ChatRequest { max_tokens: Some(100), ..placement.request() };
        let turn = Setup { request, providers: vec![(provider, false)], ..setup.clone() };
        turn.start().all().await;
        // Every turn is over before the next begins: what arrived since is its own.
        for arrived in peer.arrived().into_iter().skip(sent) {
            sent += 1;
            if let Some(what) = placement.leak(&hunt, &arrived) {
                found.push(format!("{what} in {id}, {placement:?}"));
            }
        }
    }
    let redactor = redactor(size, &mut dice)?;
    let text = format!(
        "{} of {tries} placements at {} providers arrived in any form ({sent} requests left masked, {} not at all); {} of {} \
         answers said another thing when they were split otherwise, {} let a key through (seed {seed}){}",
        found.len(),
        places.len(),
        tries - sent,
        redactor.differ,
        redactor.splits,
        redactor.leaks,
        found.first().map_or(String::new(), |it| format!("; first: {it}")),
    );
    let holds = found.is_empty() && redactor.differ == 0 && redactor.leaks == 0;
    Ok(Outcome::measured(holds && sent > tries / 4 && sent < tries, text))
}

impl Placement {
    fn draw(dice: &mut Dice) -> Self {
        let is_key = dice.below(4) > 0;
        let wrapping = if is_key { dice.below(WRAPPINGS as u64) as usize } else { 0 };
        let place = match dice.below(if is_key { 6 } else { 4 }) {
            0 => Place::System,
            at @ 1..=3 => Place::Message(at as usize - 1),
            // What is cut by a message's end and wrapped as well is put together by nobody on the way.
            4 if wrapping == 0 => Place::Seam(dice.draw() as usize),
            _ => Place::Picture,
        };
        let secret = if is_key { *dice.pick(KEYS) } else { *dice.pick(PEOPLE) };
        Self { secret, is_key, wrapping, place, front: *dice.pick(FRONTS), behind: *dice.pick(BEHINDS) }
    }

    fn request(&self) -> ChatRequest {
        request(&self.place, self.front, &wrapped(self.wrapping, self.secret), self.behind)
    }

    /// What of it is in what arrived.
    fn leak(&self, hunt: &Hunt, arrived: &Arrived) -> Option<&'static str> {
        let bytes = [arrived.head.as_bytes(), &arrived.body].concat();
        if !hunt.hits(&bytes).is_empty() {
            return Some("one of 12 encodings");
        }
        let mut said = String::new();
        strings(&serde_json::from_slice(&arrived.body).unwrap_or_default(), &mut said);
        let forms = if self.is_key { WRAPPINGS } else { 1 };
        if (0..forms).any(|form| said.contains(&wrapped(form, self.secret))) {
            return Some("the form in which it was put");
        }
        let part = |part: &[u8]| said.as_bytes().windows(WINDOW).any(|window| window == part);
        let is_part_there = self.is_key && self.secret.as_bytes().windows(WINDOW).any(part);
        is_part_there.then_some("a part of it")
    }
}

/// Every text of a body, as whoever reads it sees it.
fn strings(value: &Value, said: &mut String) {
    match value {
        Value::String(text) => {
            said.push_str(text);
            said.push('\n');
        }
        Value::Array(all) => all.iter().for_each(|it| strings(it, said)),
        Value::Object(all) => all.values().for_each(|it| strings(it, said)),
        _ => {}
    }
}

#[derive(Default)]
struct Redactor {
    splits: usize,
    differ: usize,
    leaks: usize,
}

/// Answers with keys in them, whole and in every split in two, letter by letter, and in random pieces.
fn redactor(size: Size, dice: &mut Dice) -> Result<Redactor> {
    let policy = Policy::bundled()?;
    let target = Target {
        provider: "openai".to_owned(),
        host: "api.openai.com".to_owned(),
        model: "m".to_owned(),
        switched_on: true,
    };
    let read = |pieces: &[&str]| -> Result<String> {
        let mut held = policy.hold_back("default", "assistant", &target);
        let mut out = String::new();
        for piece in pieces {
            out.push_str(&held.feed(piece).context("a pattern")?);
        }
        out.push_str(&held.finish().context("a pattern")?);
        Ok(out)
    };
    let mut seen = Redactor::default();
    for _ in 0..size.pick(40, 400) {
        let key = *dice.pick(KEYS);
        let text = format!("Well, {}{key}{} so.", dice.pick(FRONTS), dice.pick(BEHINDS));
        let whole = read(&[&text])?;
        seen.leaks += usize::from(whole.contains(key));
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut ways: Vec<Vec<&str>> = places.iter().map(|at| vec![&text[..*at], &text[*at..]]).collect();
        ways.push(places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect());
        for _ in 0..20 {
            let mut cuts: Vec<usize> =
                (0..dice.below(6)).map(|_| *dice.pick(&places)).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            ways.push(cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect());
        }
        for way in &ways {
            seen.splits += 1;
            seen.differ += usize::from(read(way)? != whole);
        }
    }
    Ok(seen)
}
