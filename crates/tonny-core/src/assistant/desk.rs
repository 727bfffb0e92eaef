//! What every turn works with: the store, the vault, the door out, the settings and the local model as they are now.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::{Notify, broadcast, watch};
use tonny_egress::ChatClient;
use tonny_egress::day::Day;
use tonny_egress::ledger::Row;
use tonny_egress::plan::{Retries, Standing, Trouble};
use tonny_egress::policy::Policy;
use tonny_egress::provider::{Key, Providers};
use tonny_egress::registry::Registry;
use tonny_store::Store;

use super::judge::absent;
use super::ledger;
use super::money;
use super::owner::Owner;
use super::targets::Candidate;
use super::view::AssistantEvent;
use crate::engine::{Engine, Worker};
use crate::ports::{Clock, Presence};
use crate::problem::{Code, Problem};
use crate::secrets::{Reader, Secret, Secrets};
use crate::settings::Settings;

/// The language model of this machine, as the App has it.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// Whether it serves.
    pub engine: Engine,
    /// The worker, where there is one.
    pub worker: Option<Worker>,
}

/// Shared by all turns; nothing in it changes but through its watches.
pub struct Desk {
    pub store: Store,
    pub secrets: Secrets,
    pub clock: Arc<dyn Clock>,
    pub client: ChatClient,
    pub retries: Retries,
    pub providers: Providers,
    pub registry: watch::Sender<Arc<Registry>>,
    pub policy: watch::Receiver<Arc<Policy>>,
    pub settings: watch::Receiver<Settings>,
    pub offline: watch::Receiver<bool>,
    pub local: watch::Receiver<Local>,
    /// Told when the local model is to be there.
    pub want_local: Arc<Notify>,
    pub events: broadcast::Sender<AssistantEvent>,
}

/// What opens a provider.
pub enum Pass {
    /// A key of the vault.
    Key(Secret),
    /// The token of our own worker.
    Worker(tonny_supervisor::Token),
    /// It wants none.
    Open,
}

impl Pass {
    /// For the request's header.
    pub fn expose(&self) -> Result<Option<&str>, Problem> {
        match self {
            Self::Key(secret) => secret.open_for(Reader::Egress).map(Some),
            Self::Worker(token) => Ok(Some(token.expose())),
            Self::Open => Ok(None),
        }
    }
}

impl Desk {
    /// The models that are asked for this wish, in order. Those that do not exist are left out, with the reason.
    pub fn candidates(&self, wish: Option<&str>) -> (Vec<Candidate>, Vec<Problem>) {
        let (settings, registry) = (self.settings.borrow().clone(), self.registry.borrow().clone());
        let (mut known, mut wrong) = (Vec::new(), Vec::new());
        for id in super::targets::order(wish, &settings) {
            match self.named(&id, &settings, &registry) {
                Ok(candidate) => known.push(candidate),
                Err(problem) => wrong.push(problem),
            }
        }
        (known, wrong)
    }

    /// One by its name; our own worker has the address that it has now.
    pub fn named(&self, id: &str, settings: &Settings, registry: &Registry) -> Result<Candidate, Problem> {
        let mut candidate = Candidate::named(id, settings, &self.providers, registry)?;
        if candidate.is_worker()
            && let Engine::Ready(door) = &self.local.borrow().engine
        {
            candidate.provider = candidate.provider.at(&format!("http://{}/v1", door.address));
        }
        Ok(candidate)
    }

    /// What is known of each now.
    pub async fn standings(&self, candidates: &[Candidate], owner: &Owner) -> Vec<Standing> {
        let settings = self.settings.borrow().clone();
        let policy = self.policy.borrow().clone();
        // What needs no key is not held up by a keyring that is slow to answer.
        let needs_keys = candidates.iter().any(|it| it.provider.key == Key::Required && !it.is_worker());
        let set = if needs_keys { self.keys_set().await } else { Vec::new() };
        let blocks = owner.blocks(candidates.iter().map(Candidate::lane).collect()).await;
        let used_up = match candidates.iter().all(Candidate::is_local) {
            true => None,
            false => self.used_up(&money::budgets(&settings, [None, None], false)).await,
        };
        let today = today(&*self.clock);
        let each = candidates.iter().zip(blocks).map(|(candidate, blocks)| {
            let wants_key = candidate.provider.key == Key::Required;
            let has_key = candidate.provider.secret.as_ref().is_some_and(|kind| set.contains(kind));
            let is_worker = candidate.is_worker();
            Standing {
                lacks_key: wants_key && !has_key && !is_worker,
                leaves_machine: !candidate.is_local(),
                retired: candidate.retired(today),
                window: candidate.window(),
                vision: candidate.vision(),
                open_for: blocks.failing_for.filter(|_| !is_worker),
                limited_for: blocks.limited_for,
                forbidden_by: super::judge::forbidden(candidate, &settings, &policy),
                over_budget: used_up
                    .filter(|_| !candidate.is_local())
                    .map(|budget| budget.period.name().to_owned()),
                worker: is_worker.then(|| self.worker_trouble()).flatten(),
            }
        });
        each.collect()
    }

    /// The pass of a provider that is about to be asked.
    pub async fn pass(&self, candidate: &Candidate) -> Result<Pass, Problem> {
        if candidate.is_worker() {
            return Ok(match &self.local.borrow().engine {
                Engine::Ready(door) => Pass::Worker(door.token.clone()),
                _ => Pass::Open,
            });
        }
        let Some(kind) = &candidate.provider.secret else { return Ok(Pass::Open) };
        match self.secrets.take(kind).await {
            Ok(secret) => Ok(Pass::Key(secret)),
            Err(problem) if problem.is(Code::SecretUnset) && candidate.provider.key != Key::Required => {
                Ok(Pass::Open)
            }
            // A server that asks for none must not be out of reach because the keyring is; one that does will say so.
            Err(problem) if candidate.provider.key != Key::Required => {
                tracing::warn!(code = problem.code, provider = candidate.provider.id, "asked without a key");
                Ok(Pass::Open)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Why the local model cannot come; one that is only on its way is waited for.
    fn worker_trouble(&self) -> Option<Trouble> {
        match &self.local.borrow().engine {
            Engine::Absent(problem) => Some(Trouble { code: absent(problem), why: problem.message.clone() }),
            Engine::Ready(_) | Engine::Away => None,
        }
    }

    /// A vault that cannot be asked now has no key for anybody.
    async fn keys_set(&self) -> Vec<String> {
        match self.secrets.report().await {
            Ok(report) => {
                let set = report.secrets.into_iter().filter(|kept| kept.presence == Presence::Set);
                set.map(|kept| kept.id).collect()
            }
            Err(problem) => {
                tracing::warn!(code = problem.code, "the vault does not say which keys are set");
                Vec::new()
            }
        }
    }

    /// Into the ledger. A row that cannot be written is said in the log: the answer is there all the same.
    pub async fn write_down(&self, row: &Row, (conversation, message): &(String, String)) {
        let row = ledger::entry(row, conversation, message);
        if let Err(error) = self.store.ledger().add(&row).await {
            tracing::error!(%error, host = row.host, "what left this machine could not be written down");
        }
    }
}

/// The day that it is, by the user's own clock.
fn today(clock: &dyn Clock) -> Day {
    let date = on_the_wall(clock).date();
    Day { year: u16::try_from(date.year()).unwrap_or_default(), month: date.month().into(), day: date.day() }
}

/// Now, as the user's own clock shows it.
pub fn on_the_wall(clock: &dyn Clock) -> OffsetDateTime {
    let utc = clock.utc();
    utc.to_offset(clock.ahead_of_utc(utc))
}
