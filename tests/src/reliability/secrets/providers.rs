//! The part of K1 where providers fail: each kind of secret that can be typed is tried against one that denies it, fails,
//! sends it on, hangs up or answers nonsense, and gives back everything that it was sent. By the real window and by the
//! terminal; what they answer, what is logged and what is kept must not repeat it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tonny_core::problem::Code;
use tonny_core::secrets::{Kind, Shape, Trial, Tried, all};

use super::super::Size;
use super::everywhere::Searched;
use super::hunt::{Found, Hunt, fitting};
use super::window::{Answer, Tour, set};
use crate::providers::{ELSEWHERE, Manner, Providers};
use crate::wait_for;

/// Numbers of canaries that no other part of the row uses.
const FIRST: usize = 7_000;

/// One value, and what to look for of it.
pub struct Bait {
    pub kind: &'static Kind,
    pub value: String,
    pub marks: Vec<String>,
}

/// Nothing where no web view can be driven.
pub fn failing(size: Size) -> Result<Option<Searched>> {
    let folder = tempfile::tempdir()?;
    let providers = Providers::start(folder.path())?;
    let Some(tour) = Tour::begin_with("providers", &providers.variables())? else { return Ok(None) };
    tour.app.tonny_ok(&tour.desktop, &["settings", "set", "logging.level", "trace"])?;
    let every = size.pick(4, 1);
    let (mut baits, mut said, mut at_terminal) = (Vec::new(), Vec::new(), 0);
    for manner in Manner::ALL {
        providers.behave(manner);
        for (index, kind) in typed().enumerate() {
            let bait = Bait::new(kind, FIRST + baits.len(), &providers.address());
            let answer = by_window(&tour, &bait)?;
            judged(&providers, manner, &bait, answer.good, &answer.text)?;
            said.push((format!("the answer to {}", kind.id), answer.text));
            baits.push(bait);
            if !index.is_multiple_of(every) {
                continue;
            }
            let bait = Bait::new(kind, FIRST + baits.len(), &providers.address());
            let output = set(&tour.desktop, &tour.app, &["--json", "secrets", "set", kind.id], &bait.value)?;
            let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
            judged(&providers, manner, &bait, output.status.success(), &format!("{out}{err}"))?;
            said.push((format!("the terminal on {}", kind.id), format!("{out}{err}")));
            at_terminal += 1;
            baits.push(bait);
        }
    }
    for question in [
        &["--json", "secrets", "list"][..],
        &["--json", "logs"],
        &["history", "activity"],
        &["--json", "doctor"],
    ] {
        let output = tour.app.tonny(&tour.desktop, question)?;
        said.push((question.join(" "), String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    said.push(("what came to the window".to_owned(), arrived(&tour)?));
    searched(tour, &baits, &said, at_terminal).map(Some)
}

fn searched(tour: Tour, baits: &[Bait], said: &[(String, String)], at_terminal: usize) -> Result<Searched> {
    let hunt = Hunt::new(baits.iter().flat_map(|bait| bait.marks.clone()).collect())?;
    let mut found = Found::default();
    for (place, text) in said {
        found.look(&hunt, place, text.as_bytes());
    }
    found.look_below(&hunt, &tour.app.home)?;
    let folder = tour.desktop.path("");
    let Tour { desktop, app, window } = tour;
    window.close()?;
    app.tonny(&desktop, &["ctl", "quit"])?;
    found.look_below(&hunt, &folder)?;
    let text = format!(
        "{} manners of providers, {} trials by the window and {at_terminal} by the terminal at the finest log level",
        Manner::ALL.len(),
        baits.len() - at_terminal
    );
    Ok(Searched { found, canaries: baits.len(), text })
}

fn typed() -> impl Iterator<Item = &'static Kind> {
    all().iter().filter(|kind| kind.shape != Shape::Made)
}

impl Bait {
    /// Addresses lead to `address`, where their connection is seen.
    pub fn new(kind: &'static Kind, number: usize, address: &str) -> Self {
        let mark = format!("canary-{number:04}-Qx7-Vz9-example");
        let value = match kind.shape {
            Shape::Web => format!("https://{address}/hook/{mark}"),
            Shape::Amqp => format!("amqp://{address}/{mark}"),
            _ => {
                let value = fitting(kind, number);
                return Self { kind, marks: vec![value.clone()], value };
            }
        };
        Self { kind, marks: vec![value.clone(), mark], value }
    }
}

fn by_window(tour: &Tour, bait: &Bait) -> Result<Answer> {
    let input = json!({ "id": bait.kind.id, "value": bait.value, "tryIt": true });
    tour.called(&[("secrets_set", input)])?.pop().context("an answer")
}

/// What the page heard: not what it sent, which is the value itself.
fn arrived(tour: &Tour) -> Result<String> {
    let heard = "return window.traffic.splice(0).filter((line) => !line.startsWith('>')).join('\\n')";
    Ok(tour.window.run(heard, &[])?.as_str().unwrap_or_default().to_owned())
}

/// The provider was asked as the kind's row says, and the answer says no more and no less than what was learned.
pub fn judged(providers: &Providers, manner: Manner, bait: &Bait, is_kept: bool, said: &str) -> Result<()> {
    let about = format!("{} at one that {manner:?}: {said}", bait.kind.id);
    let asked = providers.asked();
    ensure!(asked.iter().all(|one| one.host != ELSEWHERE), "it followed to another host: {about}");
    let tried = || -> Result<Tried> {
        // The terminal's remarks follow its answer.
        let kept = serde_json::Deserializer::from_str(said).into_iter::<Value>().next();
        let kept = kept.and_then(Result::ok).with_context(|| about.clone())?;
        Ok(serde_json::from_value(kept["tried"].clone())?)
    };
    match bait.kind.trial {
        Trial::Get { .. } => {
            ensure!(asked.iter().any(|one| one.head.contains(&bait.value)), "it was not asked: {about}");
            match manner {
                Manner::Good => ensure!(is_kept && tried()? == Tried::Good, "{about}"),
                Manner::Denies => ensure!(!is_kept && said.contains(Code::SecretRefused.id()), "{about}"),
                _ => ensure!(is_kept && tried()? == Tried::Unclear, "{about}"),
            }
        }
        Trial::Reach => {
            let connected = || Ok((providers.silent() > 0).then_some(()));
            wait_for("a connection", Duration::from_secs(5), connected).with_context(|| about.clone())?;
            ensure!(asked.is_empty(), "something was sent: {about}");
            ensure!(is_kept && tried()? == Tried::Reached, "{about}");
        }
        Trial::Never(why) => {
            ensure!(asked.is_empty() && providers.silent() == 0, "somebody was asked: {about}");
            ensure!(is_kept && tried()? == Tried::Not && said.contains(why), "{about}");
        }
    }
    Ok(())
}
