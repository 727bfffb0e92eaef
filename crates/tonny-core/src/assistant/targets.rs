//! Who may be asked: the user's order of models as providers with addresses, and what is known of each.
//!
//! Pure: settings, providers and the registry in, candidates out. A model is named by its provider's id, a slash and its id
//! there (which may have slashes of its own): `openrouter/anthropic/claude-sonnet-4`.

use tonny_egress::chat::{ChatRequest, Part};
use tonny_egress::day::Day;
use tonny_egress::plan::{Needs, Retired};
use tonny_egress::provider::{Provider, Providers};
use tonny_egress::registry::{Medium, Record, Registry};

use super::lanes::Lane;
use super::view::{ModelChoice, PriceView};
use crate::problem::{Code, Problem};
use crate::settings::{LONGEST_NAME, Settings};

/// The provider that is a worker of ours.
pub const LOCAL: &str = "llama-server";

/// The model that it has loaded, whichever that is.
pub const LOCAL_MODEL: &str = "llama-server/local";

/// Bytes of a token, from below: text in every language has fewer tokens than that.
pub const BYTES_PER_TOKEN: u64 = 3;

/// What a message costs beside its words.
const TOKENS_PER_MESSAGE: u64 = 8;

/// What a picture is counted as; providers count between 85 and 1,600.
const TOKENS_PER_IMAGE: u64 = 1_600;

/// One that may be asked.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// As the settings name it.
    pub id: String,
    /// Who; with the address of the user's own server, where there is one.
    pub provider: Provider,
    /// The model's id there.
    pub model: String,
    /// What is known of it.
    pub record: Option<Record>,
    /// Whether its provider's own list has it, under whatever name.
    pub is_listed: Option<bool>,
    /// Whether it is asked at an address of the user's own.
    pub is_elsewhere: bool,
}

impl Candidate {
    /// Reads `provider/model`.
    ///
    /// # Errors
    /// [`Code::ModelNotNamed`] for a provider that does not exist, a name without a model, or one that is too long.
    pub fn named(
        id: &str,
        settings: &Settings,
        providers: &Providers,
        registry: &Registry,
    ) -> Result<Self, Problem> {
        let unknown =
            || Problem::with(Code::ModelNotNamed, format!("It was called {}", crate::problem::quoted(id)));
        let (of, model) = id
            .split_once('/')
            .filter(|(_, model)| !model.is_empty() && id.chars().count() <= LONGEST_NAME)
            .ok_or_else(unknown)?;
        let provider = providers.get(of).ok_or_else(unknown)?;
        let address = settings.assistant.addresses.iter().find(|address| address.provider == of);
        let is_elsewhere = address.is_some();
        let provider = address.map_or_else(|| provider.clone(), |address| provider.at(&address.base));
        let record = registry.find(of, model);
        let is_listed = registry.is_listed(of, model).map(|is_listed| {
            let has = |name: &String| registry.is_listed(of, name) == Some(true);
            is_listed || record.as_ref().is_some_and(|it| has(&it.id) || it.aliases.iter().any(has))
        });
        Ok(Self { id: id.to_owned(), provider, model: model.to_owned(), record, is_listed, is_elsewhere })
    }

    /// Where its requests go.
    pub fn lane(&self) -> Lane {
        let host = self.provider.base.clone();
        Lane { provider: self.provider.id.clone(), host, model: self.model.clone() }
    }

    /// Whether it is the worker of this app.
    pub fn is_worker(&self) -> bool {
        self.provider.id == LOCAL
    }

    /// Whether it runs on this machine.
    pub fn is_local(&self) -> bool {
        self.is_worker() || self.provider.is_loopback()
    }

    /// Whether the user has said that it may be asked.
    pub fn is_switched_on(&self, settings: &Settings) -> bool {
        settings.assistant.providers.contains(&self.provider.id)
    }

    /// Whether it goes on from the beginning of an answer.
    pub fn goes_on(&self) -> bool {
        let record = self.record.as_ref().and_then(|record| record.abilities.prefill);
        record.unwrap_or(self.provider.prefill)
    }

    /// That it has retired, unless its provider still lists it. What a server of the user's own has, only that knows.
    pub fn retired(&self, today: Day) -> Option<Retired> {
        let record = self.record.as_ref().filter(|record| record.is_retired(today))?;
        let is_gone = self.is_listed != Some(true) && !self.is_elsewhere;
        is_gone.then_some(Retired { since: record.retires?, successor: record.successor.clone() })
    }

    /// Whether it sees pictures, where that is known.
    pub fn vision(&self) -> Option<bool> {
        self.record.as_ref().and_then(|record| record.takes(Medium::Image))
    }

    /// Tokens of a conversation and its answer, where that is known.
    pub fn window(&self) -> Option<u64> {
        if self.is_worker() {
            return Some(crate::engine::LLAMA_CONTEXT);
        }
        self.record.as_ref().and_then(|record| record.window)
    }

    /// As it is shown; whether it can be asked now is said elsewhere.
    pub fn choice(&self, is_default: bool, unavailable: Option<String>) -> ModelChoice {
        let price = self.record.as_ref().and_then(|record| record.price.as_ref()).map(|price| PriceView {
            input: dollars(price.rates.input.as_pico()),
            output: dollars(price.rates.output.as_pico()),
        });
        let free = self.is_local().then_some(PriceView { input: 0.0, output: 0.0 });
        ModelChoice {
            id: self.id.clone(),
            provider: self.provider.id.clone(),
            provider_label: self.provider.label.clone(),
            model: self.model.clone(),
            label: if self.id == LOCAL_MODEL { "Local model".to_owned() } else { self.model.clone() },
            is_local: self.is_local(),
            window: self.window().map(|window| u32::try_from(window).unwrap_or(u32::MAX)),
            vision: self.vision(),
            price: free.or(price),
            retires: self.record.as_ref().and_then(|record| record.retires).map(|day| day.to_string()),
            is_listed: self.is_listed,
            unavailable,
            is_default,
        }
    }
}

/// The ids that are asked for this wish, in order: the wish, then the user's order.
pub fn order(wish: Option<&str>, settings: &Settings) -> Vec<String> {
    let mut ids: Vec<String> = wish.map(str::to_owned).into_iter().collect();
    for id in &settings.assistant.models {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// What a request needs of a model, counted from above.
pub fn needs(request: &ChatRequest) -> Needs {
    let input = input_tokens(request);
    let vision = request
        .messages
        .iter()
        .flat_map(|message| &message.parts)
        .any(|part| matches!(part, Part::Image { .. }));
    Needs { tokens: input + request.max_tokens.map_or(0, u64::from), vision }
}

/// Tokens of the question, from above.
pub fn input_tokens(request: &ChatRequest) -> u64 {
    let part = |part: &Part| match part {
        Part::Text(text) => tokens_of(text),
        Part::Image { .. } => TOKENS_PER_IMAGE,
    };
    let messages = request
        .messages
        .iter()
        .map(|message| message.parts.iter().map(part).sum::<u64>() + TOKENS_PER_MESSAGE);
    messages.sum::<u64>() + request.system.as_ref().map_or(0, |system| tokens_of(system))
}

/// Tokens of a text, from above.
pub fn tokens_of(text: &str) -> u64 {
    text.len() as u64 / BYTES_PER_TOKEN + 1
}

/// Dollars as a number for the eye; sums are never made of it.
pub fn dollars(pico: u128) -> f64 {
    const PICO: f64 = 1e12;
    pico as f64 / PICO
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tonny_egress::chat::{Message, Role};

    use super::*;

    fn candidate(id: &str, settings: &Settings) -> Result<Candidate, Problem> {
        let (providers, registry) = (Providers::bundled().expect("data"), Registry::bundled().expect("data"));
        Candidate::named(id, settings, &providers, &registry)
    }

    #[test]
    fn a_model_is_named_by_its_provider_and_its_own_id() {
        let settings = Settings::default();
        let nested = candidate("openrouter/anthropic/claude-sonnet-4", &settings).expect("two slashes");
        assert_eq!((&*nested.provider.id, &*nested.model), ("openrouter", "anthropic/claude-sonnet-4"));
        assert!(!nested.is_local() && !nested.is_switched_on(&settings));
        assert!(candidate(LOCAL_MODEL, &settings).expect("ours").is_local());
        let long = format!("openai/{}", "m".repeat(LONGEST_NAME));
        for wrong in ["", "openai", "openai/", "nobody/model", "/model", &long] {
            assert!(candidate(wrong, &settings).expect_err(wrong).is(Code::ModelNotNamed));
        }
    }

    #[test]
    fn a_model_is_gone_from_its_day_on_unless_its_provider_still_lists_it() {
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let known = candidate("openai/o4-mini", &Settings::default()).expect("known");
        let since = known.record.as_ref().and_then(|record| record.retires).expect("it has a day");
        assert_eq!(known.retired(day("2026-10-22")), None);
        assert_eq!(known.retired(day("2026-11-22")).expect("gone").since, since);
        for (is_listed, gone) in [(Some(true), false), (Some(false), true)] {
            let listed = Candidate { is_listed, ..known.clone() };
            assert_eq!(listed.retired(day("2026-11-22")).is_some(), gone, "{is_listed:?}");
        }
        let own = json!([{"provider": "openai", "base": "https://models.example.org/v1"}]);
        let own = Settings::default().with("assistant.addresses", own).expect("an address");
        let kept = candidate("openai/o4-mini", &own).expect("known");
        assert_eq!(kept.retired(day("2026-11-22")), None, "another server may have it still");
        let unknown = candidate("openai/never-heard-of", &Settings::default()).expect("named");
        assert_eq!(unknown.retired(day("2099-01-01")), None);
    }

    #[test]
    fn the_wish_comes_first_and_nobody_twice() {
        let settings = Settings::default();
        assert_eq!(order(None, &settings), [LOCAL_MODEL]);
        assert_eq!(order(Some(LOCAL_MODEL), &settings), [LOCAL_MODEL]);
        assert_eq!(order(Some("openai/gpt-4o"), &settings), ["openai/gpt-4o", LOCAL_MODEL]);
    }

    #[test]
    fn tokens_are_counted_from_above() {
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        let request = ChatRequest {
            messages: vec![Message::text(Role::User, text)],
            max_tokens: Some(50),
            ..ChatRequest::default()
        };
        // Ten tokens in a sentence, by every tokenizer of today.
        assert!((1_000..2_000).contains(&input_tokens(&request)), "{}", input_tokens(&request));
        assert_eq!(needs(&request).tokens, input_tokens(&request) + 50);
    }
}
