//! The providers as people see them: whether each can be asked now, asked in the one way there is, and what a test says.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::plan::{Needs, plan};
use tonny_egress::provider::Key;

use super::targets::Candidate;
use super::{Assistant, known, told};
use crate::history_files::rfc3339;
use crate::outgoing::wordless;
use crate::problem::{Code, Problem};

/// The provider that may run beside us.
const OLLAMA: &str = "ollama";

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ProviderView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Where it is asked; none where the user has to give an address.
    pub host: Option<String>,
    /// Whether that is this machine.
    pub is_local: bool,
    /// The kind of secret that opens it.
    pub secret: Option<String>,
    /// Whether nothing goes without that secret.
    pub needs_key: bool,
    /// Whether it may be asked; what is on this machine always may.
    pub is_on: bool,
    /// Why it cannot be asked now, as a sentence.
    pub unavailable: Option<String>,
    /// Models of it that are known here.
    pub models: u32,
    /// When it was asked last, and what came of it.
    pub asked: Option<LastAsked>,
}

/// When a provider was asked last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LastAsked {
    /// RFC 3339.
    pub at: String,
    /// Why there was no complete answer, as `TT-LLM-nnn`.
    pub code: Option<String>,
}

/// What a test said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ProviderTested {
    /// Its id.
    pub id: String,
    /// The models that it lists; none where it has no list.
    pub models: Option<Vec<String>>,
}

/// Why a provider is asked for its list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asking {
    /// The user wants to know whether it can be asked.
    Test,
    /// It is that time of the day.
    Refresh,
}

impl Asking {
    /// What the ledger calls it.
    fn purpose(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Refresh => "models",
        }
    }
}

impl Assistant {
    /// All providers, in the order in which they are offered.
    pub async fn providers(&self) -> Vec<ProviderView> {
        let (settings, registry) = (self.desk.settings.borrow().clone(), self.desk.registry.borrow().clone());
        let ids: Vec<String> = self.desk.providers.iter().map(|provider| provider.id.clone()).collect();
        // A model's name does not matter to whether its provider can be asked.
        let named =
            ids.iter().filter_map(|id| self.desk.named(&format!("{id}/-"), &settings, &registry).ok());
        let candidates: Vec<Candidate> = named.collect();
        let standings = self.desk.standings(&candidates, &self.owner).await;
        let planned = plan(&standings, Needs::default(), *self.desk.offline.borrow());
        let mut last = Vec::new();
        for candidate in &candidates {
            last.push(self.last_asked(&candidate.provider.id).await);
        }
        let views = candidates.iter().zip(last).enumerate().map(|(at, (candidate, asked))| {
            let skip = planned.skipped.iter().find(|(skipped, _)| *skipped == at);
            let provider = &candidate.provider;
            let host = provider.host();
            let no_address = (host.is_none() && !candidate.is_worker()).then(|| {
                format!("{} has no address yet; give one under assistant.addresses.", provider.label)
            });
            let models = registry.models().filter(|record| record.provider == provider.id).count();
            ProviderView {
                id: provider.id.clone(),
                label: provider.label.clone(),
                is_local: candidate.is_local(),
                secret: provider.secret.clone(),
                needs_key: provider.key == Key::Required,
                is_on: candidate.is_local() || candidate.is_switched_on(&settings),
                unavailable: no_address.or(skip.map(|(_, skip)| told::sentence(candidate, skip))),
                models: u32::try_from(models).unwrap_or(u32::MAX),
                asked,
                host,
            }
        });
        views.collect()
    }

    async fn last_asked(&self, provider: &str) -> Option<LastAsked> {
        let last = self.desk.store.ledger().last_of(provider).await.unwrap_or_else(|error| {
            tracing::warn!(%error, provider, "it cannot be said when a provider was asked last");
            None
        });
        let code = |outcome| format!("TT-LLM-{outcome}");
        last.map(|(at_ms, outcome)| LastAsked { at: rfc3339(at_ms), code: outcome.map(code) })
    }

    /// Asks a provider for its list of models: that costs nothing, and needs the address and the key to be right.
    ///
    /// # Errors
    /// What went wrong, by the table of faults.
    pub async fn test_provider(&self, id: &str) -> Result<ProviderTested, Problem> {
        let models = self.list_models(id, Asking::Test).await?;
        self.owner.user_acted().await;
        Ok(ProviderTested { id: id.to_owned(), models })
    }

    /// The names in a provider's own list, where it has one; what else stands there is known from here on.
    pub(super) async fn list_models(&self, id: &str, asking: Asking) -> Result<Option<Vec<String>>, Problem> {
        let (settings, registry) = (self.desk.settings.borrow().clone(), self.desk.registry.borrow().clone());
        let candidate = self.desk.named(&format!("{id}/-"), &settings, &registry)?;
        if candidate.is_worker() {
            self.desk.want_local.notify_one();
        }
        let standing = self.desk.standings(std::slice::from_ref(&candidate), &self.owner).await;
        // A test is how one finds out whether a lane that failed works again.
        let standing: Vec<_> = standing
            .into_iter()
            .map(|it| tonny_egress::plan::Standing { open_for: None, limited_for: None, ..it })
            .collect();
        let planned = plan(&standing, Needs::default(), *self.desk.offline.borrow());
        if let Some((_, skip)) = planned.skipped.into_iter().next() {
            return Err(told::nobody(&[(candidate, skip)]));
        }
        if candidate.provider.host().is_none() {
            return Err(Problem::with(
                Code::ModelNotNamed,
                format!("{} has no address", candidate.provider.label),
            ));
        }
        let pass = self.desk.pass(&candidate).await?;
        let mut offline = self.desk.offline.clone();
        let listed = tokio::select! {
            listed = self.desk.client.models(&candidate.provider, pass.expose()?) => listed,
            Ok(_) = offline.wait_for(|offline| *offline && !candidate.is_local()) => {
                Err(Fault::new(FaultCode::POLICY_DENIED, id))
            }
        };
        self.write_asking_down(&candidate, asking, listed.as_ref().err()).await;
        let models = listed.map_err(|fault| told::problem(&fault, &candidate.provider.label))?;
        if let Some(models) = &models {
            let records = known::listed(id, models);
            self.desk.registry.send_modify(|registry| Arc::make_mut(registry).take_list(id, records));
        }
        Ok(models.map(|models| models.into_iter().map(|model| model.id).collect()))
    }

    /// The models of an Ollama that runs on this machine; none where none runs. Nobody else is asked, and nothing is said.
    pub async fn ollama_models(&self) -> Option<Vec<String>> {
        let (settings, registry) = (self.desk.settings.borrow().clone(), self.desk.registry.borrow().clone());
        let candidate = self.desk.named(&format!("{OLLAMA}/-"), &settings, &registry).ok()?;
        if !candidate.is_local() {
            return None;
        }
        let listed = self.desk.client.models(&candidate.provider, None).await;
        Some(listed.ok()??.into_iter().map(|model| model.id).collect())
    }

    async fn write_asking_down(&self, candidate: &Candidate, asking: Asking, fault: Option<&Fault>) {
        let (provider, host) = (&candidate.provider.id, candidate.provider.host().unwrap_or_default());
        let fault = fault.map(|fault| fault.code);
        let row = wordless(&*self.desk.clock, asking.purpose(), provider, &host, fault);
        self.desk.write_down(&row, &(String::new(), String::new())).await;
    }
}
