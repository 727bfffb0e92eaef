//! The bundled list, and which layer counts.

use super::super::record::{Confidence, CostTier, Medium};
use super::super::refresh::{Confirmed, judge};
use super::*;
use crate::cost::{Price, Rates};

fn record(id: &str) -> Record {
    Record { provider: "openai".to_owned(), id: id.to_owned(), ..Record::default() }
}

fn price(dollars: &str) -> Option<Price> {
    let rate = dollars.parse().unwrap();
    let rates = Rates {
        input: rate,
        output: rate,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        reasoning: None,
    };
    Some(Price { rates, tiers: Vec::new() })
}

#[test]
fn the_bundled_list_says_where_everything_comes_from() {
    let registry = Registry::bundled().unwrap();
    assert!(registry.models().count() > 30);
    for model in registry.models() {
        let name = format!("{} of {}", model.id, model.provider);
        assert!(model.source.is_some() && model.as_of.is_some() && model.confidence.is_some(), "{name}");
        let local = matches!(&*model.provider, "ollama" | "llama-server");
        assert_eq!(model.cost_tier() == Some(CostTier::Free), local, "{name}");
        assert!(
            model.longest_answer.is_none_or(|answer| model.window.is_some_and(|window| answer <= window)),
            "{name}"
        );
    }
}

#[test]
fn a_model_is_found_by_every_name_of_it() {
    let registry = Registry::bundled().unwrap();
    let haiku = registry.find("anthropic", "claude-haiku-4-5").unwrap();
    assert_eq!(haiku.id, "claude-haiku-4-5-20251001");
    assert_eq!(
        (haiku.window, haiku.abilities.prefill, haiku.takes(Medium::Image)),
        (Some(200_000), Some(true), Some(true))
    );
    assert_eq!((haiku.takes(Medium::Video), haiku.confidence), (Some(false), Some(Confidence::Checked)));
    assert!(registry.find("openai", "claude-haiku-4-5").is_none());
    assert!(registry.find("anthropic", "claude").is_none());
    let unknown = registry.find("openrouter", "openrouter/auto").unwrap();
    assert_eq!((unknown.window, unknown.takes(Medium::Image), unknown.price), (None, None, None));
}

#[test]
fn a_higher_layer_counts_field_by_field() {
    let mut registry = Registry::default();
    registry.put(
        Layer::Bundled,
        vec![Record { window: Some(1), longest_answer: Some(1), price: price("1"), ..record("a") }],
    );
    registry.put(Layer::Downloaded, vec![Record { window: Some(2), longest_answer: Some(2), ..record("a") }]);
    registry
        .take_list("openai", vec![Record { window: Some(3), aliases: vec!["x".to_owned()], ..record("a") }]);
    let found = registry.find("openai", "x").unwrap();
    assert_eq!((found.window, found.longest_answer, found.price), (Some(3), Some(2), price("1")));
    let mut edit = Record { window: Some(4), price: price("9"), ..record("a") };
    edit.abilities.prefill = Some(false);
    registry.take_edits(vec![edit]);
    let found = registry.find("openai", "a").unwrap();
    assert_eq!((found.window, found.longest_answer, found.price), (Some(4), Some(2), price("9")));
    assert_eq!((found.abilities.prefill, found.abilities.tools), (Some(false), None));
}

#[test]
fn a_refresh_leaves_the_users_edits_alone() {
    let mut registry = Registry::bundled().unwrap();
    let edit = Record { price: price("7"), ..record("gpt-4o") };
    let own = Record { window: Some(5), ..record("my-own") };
    registry.take_edits(vec![edit.clone(), own.clone()]);
    let good = Snapshot::read(BUNDLED.as_bytes()).unwrap();
    let mut new = good.clone();
    new.models.iter_mut().for_each(|model| model.window = Some(77));
    let new = judge(&good, &serde_json::to_vec(&new).unwrap(), &Confirmed::new()).unwrap();
    registry.take_download(new);
    let found = registry.find("openai", "gpt-4o").unwrap();
    assert_eq!((found.price, found.window), (price("7"), Some(77)));
    assert_eq!(registry.layer(Layer::Edited), [edit, own.clone()]);
    assert_eq!(registry.find("openai", "my-own"), Some(own));
    registry.take_edits(Vec::new());
    assert_eq!(registry.find("openai", "my-own"), None);
    assert_ne!(registry.find("openai", "gpt-4o").unwrap().price, price("7"));
}

#[test]
fn a_list_is_of_its_provider_and_replaces_the_last_one() {
    let mut registry = Registry::default();
    assert_eq!(registry.is_listed("openai", "a"), None);
    let stranger = Record { provider: "xai".to_owned(), ..record("s") };
    registry.take_list("openai", vec![record("a"), record("b"), stranger]);
    assert_eq!(registry.find("xai", "s"), None);
    assert_eq!(
        (registry.is_listed("openai", "a"), registry.is_listed("openai", "c")),
        (Some(true), Some(false))
    );
    registry.take_list("xai", vec![Record { provider: "xai".to_owned(), ..record("t") }]);
    registry.take_list("openai", vec![record("b")]);
    assert_eq!(
        (registry.is_listed("openai", "a"), registry.is_listed("xai", "t")),
        (Some(false), Some(true))
    );
    assert_eq!(registry.find("openai", "a"), None);
}

#[test]
fn a_model_retires_on_its_day() {
    let day = |text: &str| text.parse().unwrap();
    let model = Record { retires: Some(day("2026-02-19")), ..record("old") };
    assert!(!model.is_retired(day("2026-02-18")) && model.is_retired(day("2026-02-19")));
    assert!(!record("new").is_retired(day("2099-01-01")));
}
