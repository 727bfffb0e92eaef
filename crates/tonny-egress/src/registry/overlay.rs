//! The four layers, one over the other.

use std::collections::BTreeMap;

use super::record::Record;
use super::refresh::{MOST_MODELS, Refusal, Snapshot, can_be_true};

/// The snapshot that comes with the program.
const BUNDLED: &str = include_str!("models.json");

/// Where a record comes from; a later one counts before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// With the program.
    Bundled,
    /// By a refresh.
    Downloaded,
    /// From the provider's own list.
    Listed,
    /// By the user.
    Edited,
}

/// All that is known of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// By provider and model; in each, what the layers say, the lowest first.
    models: BTreeMap<(String, String), BTreeMap<Layer, Record>>,
}

impl Snapshot {
    /// The one that comes with the program.
    ///
    /// # Errors
    /// As [`Registry::bundled`].
    pub fn bundled() -> Result<Self, Refusal> {
        Self::read(BUNDLED.as_bytes())
    }
}

impl Registry {
    /// What comes with the program.
    ///
    /// # Errors
    /// Never in a released program: a test reads it.
    pub fn bundled() -> Result<Self, Refusal> {
        let mut registry = Self::default();
        registry.put(Layer::Bundled, Snapshot::bundled()?.models);
        Ok(registry)
    }

    /// Takes a snapshot that [`judge`](super::judge) has let through, instead of the last one.
    pub fn take_download(&mut self, snapshot: Snapshot) {
        self.drop_layer(Layer::Downloaded, |_| true);
        self.put(Layer::Downloaded, snapshot.models);
    }

    /// Takes a provider's own list, instead of the last one of that provider. Records of others in it are left out, and those
    /// that cannot be true.
    pub fn take_list(&mut self, provider: &str, models: Vec<Record>) {
        self.drop_layer(Layer::Listed, |of| of == provider);
        let fits = |record: &Record| record.provider == provider && can_be_true(record);
        self.put(Layer::Listed, models.into_iter().filter(fits).take(MOST_MODELS).collect());
    }

    /// Takes all edits of the user, instead of the last ones.
    pub fn take_edits(&mut self, models: Vec<Record>) {
        self.drop_layer(Layer::Edited, |_| true);
        self.put(Layer::Edited, models);
    }

    /// What is known of a model, by its id or another name of it.
    pub fn find(&self, provider: &str, name: &str) -> Option<Record> {
        let key = (provider.to_owned(), name.to_owned());
        if let Some(layers) = self.models.get(&key) {
            return merged(layers);
        }
        let all = self.of(provider);
        all.filter_map(|(_, layers)| merged(layers))
            .find(|record| record.aliases.iter().any(|alias| alias == name))
    }

    /// Every model, in order of provider and id.
    pub fn models(&self) -> impl Iterator<Item = Record> {
        self.models.values().filter_map(merged)
    }

    /// What one layer alone says: the user's edits, to be kept; the last good download.
    pub fn layer(&self, layer: Layer) -> Vec<Record> {
        self.models.values().filter_map(|layers| layers.get(&layer)).cloned().collect()
    }

    /// Whether the provider itself lists the model; `None` if its list was not asked for yet.
    pub fn is_listed(&self, provider: &str, id: &str) -> Option<bool> {
        let mut of_provider =
            self.of(provider).filter(|(_, layers)| layers.contains_key(&Layer::Listed)).peekable();
        of_provider.peek()?;
        Some(of_provider.any(|((_, model), _)| model == id))
    }

    fn of(&self, provider: &str) -> impl Iterator<Item = (&(String, String), &BTreeMap<Layer, Record>)> {
        let first = (provider.to_owned(), String::new());
        self.models.range(first..).take_while(move |((of, _), _)| of == provider)
    }

    fn put(&mut self, layer: Layer, records: Vec<Record>) {
        for record in records {
            let key = (record.provider.clone(), record.id.clone());
            self.models.entry(key).or_default().insert(layer, record);
        }
    }

    fn drop_layer(&mut self, layer: Layer, of: impl Fn(&str) -> bool) {
        for ((provider, _), layers) in &mut self.models {
            if of(provider) {
                layers.remove(&layer);
            }
        }
        self.models.retain(|_, layers| !layers.is_empty());
    }
}

fn merged(layers: &BTreeMap<Layer, Record>) -> Option<Record> {
    layers.values().cloned().reduce(|lower, higher| higher.over(lower))
}

#[cfg(test)]
#[path = "overlay/tests.rs"]
mod tests;
