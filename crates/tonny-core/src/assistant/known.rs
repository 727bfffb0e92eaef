//! What is known of models beyond what came with the program: what their providers list, and what the user wrote.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tonny_egress::cost::{Cost, Price, Rates};
use tonny_egress::registry::{Record, Registry};
use tonny_egress::wire::ListedModel;

use super::Assistant;
use super::providers::Asking;
use crate::settings::{self, ModelEdit, Settings};

/// From one look at the providers' lists to the next.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The user's edits as records. One that names a model by another name of it is about that model.
pub fn edits(edits: &[ModelEdit], registry: &Registry) -> Vec<Record> {
    let record = |edit: &ModelEdit| {
        let (provider, name) = edit.model.split_once('/')?;
        let id = registry.find(provider, name).map_or_else(|| name.to_owned(), |known| known.id);
        let price = edit.input.zip(edit.output).and_then(|(input, output)| {
            let (input, output) = (dollars(input)?, dollars(output)?);
            let rates = Rates {
                input,
                output,
                cache_read: None,
                cache_write_5m: None,
                cache_write_1h: None,
                reasoning: None,
            };
            Some(Price { rates, tiers: Vec::new() })
        });
        let window = edit.window.map(u64::from);
        Some(Record { provider: provider.to_owned(), id, price, window, ..Record::default() })
    };
    edits.iter().filter_map(record).collect()
}

/// A provider's own list as records.
pub fn listed(provider: &str, models: &[ListedModel]) -> Vec<Record> {
    let record = |model: &ListedModel| Record {
        provider: provider.to_owned(),
        id: model.id.clone(),
        window: model.window,
        longest_answer: model.output,
        retires: model.retires,
        price: model.price.clone(),
        ..Record::default()
    };
    models.iter().map(record).collect()
}

/// The number as it is written, not the one that a float comes nearest to.
fn dollars(amount: f64) -> Option<Cost> {
    amount.to_string().parse().ok()
}

/// Keeps the user's edits in the registry, and asks the providers for their lists as often as the user wants that. Ends with
/// the settings' sender.
pub async fn follow(assistant: Assistant, mut settings: watch::Receiver<Settings>) {
    let mut written = settings.borrow_and_update().assistant.model_edits.clone();
    loop {
        let wanted = settings.borrow().assistant.clone();
        let refreshing = async {
            if wanted.refresh_models {
                if let Err(problem) = assistant.refresh_snapshot().await {
                    tracing::warn!(code = problem.code, why = problem.message, "no newer list of models");
                }
                refresh(&assistant, &wanted.providers).await;
                tokio::time::sleep(DAY).await;
            } else {
                std::future::pending().await
            }
        };
        let changing = async {
            loop {
                settings.changed().await.ok()?;
                let now = settings.borrow_and_update().assistant.clone();
                if now.model_edits != written {
                    written.clone_from(&now.model_edits);
                    take_edits(&assistant.desk.registry, &written);
                }
                let asks = |it: &settings::Assistant| {
                    (it.refresh_models, it.providers.clone(), it.models_address.clone())
                };
                if asks(&now) != asks(&wanted) {
                    return Some(());
                }
            }
        };
        tokio::select! {
            () = refreshing => {}
            changed = changing => if changed.is_none() { return },
        }
    }
}

/// Puts all edits in the place of the last ones.
pub fn take_edits(registry: &watch::Sender<Arc<Registry>>, written: &[ModelEdit]) {
    registry.send_modify(|registry| {
        let registry = Arc::make_mut(registry);
        registry.take_edits(Vec::new());
        let records = edits(written, registry);
        registry.take_edits(records);
    });
}

async fn refresh(assistant: &Assistant, providers: &[String]) {
    for id in providers {
        match assistant.list_models(id, Asking::Refresh).await {
            Ok(list) => {
                tracing::debug!(provider = id, models = list.map_or(0, |list| list.len()), "a list of models")
            }
            Err(problem) => tracing::info!(provider = id, code = problem.code, "no list of models"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(model: &str, prices: Option<(f64, f64)>, window: Option<u32>) -> ModelEdit {
        let (input, output) = prices.unzip();
        ModelEdit { model: model.to_owned(), input, output, window }
    }

    #[test]
    fn what_the_user_wrote_counts_and_the_rest_stays_known() {
        let (registry, _) = watch::channel(Arc::new(Registry::bundled().unwrap()));
        let before = registry.borrow().find("openai", "gpt-4o").unwrap();
        take_edits(
            &registry,
            &[edit("openai/gpt-4o", Some((0.075, 1.0)), None), edit("ollama/mine", None, Some(9))],
        );
        let after = registry.borrow().find("openai", "gpt-4o").unwrap();
        let price = after.price.clone().unwrap();
        assert_eq!(price.rates.input.as_pico(), 75_000_000_000, "exact, as it was written");
        assert_eq!((after.window, &after.takes), (before.window, &before.takes));
        let mine = registry.borrow().find("ollama", "mine").unwrap();
        assert_eq!((mine.window, mine.price), (Some(9), None), "no price is not a price of nothing");
        take_edits(&registry, &[]);
        assert_eq!(registry.borrow().find("openai", "gpt-4o").unwrap(), before);
        assert!(registry.borrow().find("ollama", "mine").is_none());
    }

    #[test]
    fn another_name_of_a_model_is_that_model() {
        let bundled = Registry::bundled().unwrap();
        let known = bundled.models().find(|record| !record.aliases.is_empty()).unwrap();
        let name = format!("{}/{}", known.provider, known.aliases[0]);
        assert_eq!(edits(&[edit(&name, None, Some(7))], &bundled)[0].id, known.id);
    }
}
