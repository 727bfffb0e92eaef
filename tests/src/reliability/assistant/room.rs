//! The assistant as the app runs it, without the app: the real policy, budgets, lanes, router and ledger on a store of its
//! own, with made-up keys, against servers of this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::task::TaskTracker;
use tonny_core::assistant::{
    self, Asked, Assistant, AssistantEvent, Local, MessageView, NewQuestion, Parts, Standing,
};
use tonny_core::ports::{Kept, Place, Presence, Vault, VaultAsk, VaultReport, VaultState};
use tonny_core::secrets::{Secret, Secrets, all};
use tonny_core::settings::Settings;
use tonny_core::{Store, trials};
use tonny_platform::clock::SystemClock;
use tonny_store::LedgerRow;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every provider's key is here.
pub const KEY: &str = "sk-example-0123456789abcdefgh";

/// Rows of one page of the ledger.
const PAGE: u32 = 1_000;

/// An assistant and what it keeps.
pub struct Room {
    pub assistant: Assistant,
    pub store: Store,
    settings: watch::Sender<Settings>,
    _local: watch::Sender<Local>,
    run: tokio::task::JoinHandle<()>,
}

impl Room {
    /// One that asks `models` in order, at these addresses; every provider is switched on.
    pub async fn start(models: &[&str], addresses: &[(&str, String)]) -> Result<Self> {
        Self::with(settings(models, addresses)?).await
    }

    pub async fn with(settings: Settings) -> Result<Self> {
        let store = Store::in_memory().await?;
        let (settings, in_force) = watch::channel(settings);
        let (_local, local) = watch::channel(Local::default());
        let parts = Parts {
            store: store.clone(),
            secrets: Secrets::new(Arc::new(Keys), trials().map_err(told)?),
            clock: Arc::new(SystemClock),
            settings: in_force,
            local,
            want_local: Arc::new(Notify::new()),
            tasks: TaskTracker::new(),
            stays: false,
        };
        let (assistant, run) = assistant::start(parts).await.map_err(told)?;
        let run = tokio::spawn(run);
        Ok(Self { assistant, store, settings, _local, run })
    }

    /// Asks, with a wish for a model or in the usual order.
    pub async fn ask(&self, text: &str, model: Option<&str>) -> Result<Asked> {
        let question =
            NewQuestion { text: text.to_owned(), model: model.map(str::to_owned), ..NewQuestion::default() };
        self.assistant.ask(question).await.map_err(told)
    }

    /// Asks and waits for the end; the answer, and how long its first word took.
    pub async fn answer(&self, text: &str, model: Option<&str>) -> Result<(MessageView, Option<Duration>)> {
        let mut events = self.assistant.events();
        let began = Instant::now();
        let asked = self.ask(text, model).await?;
        let first = async {
            loop {
                match events.recv().await {
                    Ok(AssistantEvent::Grew(grown)) if grown.message == asked.answer => {
                        return Ok(Some(began.elapsed()));
                    }
                    Ok(AssistantEvent::Message { message, .. })
                        if message.id == asked.answer && message.state != Standing::Streaming =>
                    {
                        return Ok(None);
                    }
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        };
        let first = tokio::time::timeout(PATIENCE, first).await.context("a first word in time")??;
        Ok((self.ended(&asked).await?, first))
    }

    /// Waits for the end of an answer.
    pub async fn ended(&self, asked: &Asked) -> Result<MessageView> {
        let found = async {
            let mut events = self.assistant.events();
            loop {
                let view = self.assistant.conversation(&asked.conversation).await.map_err(told)?;
                let message = view.messages.into_iter().find(|message| message.id == asked.answer);
                let message = message.context("the answer is there")?;
                if message.state != Standing::Streaming {
                    return Ok(message);
                }
                let _ = events.recv().await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.context("an end in time")?
    }

    /// Every row of what left, the newest first.
    pub async fn ledger(&self) -> Result<Vec<LedgerRow>> {
        let (mut rows, mut before): (Vec<LedgerRow>, _) = (Vec::new(), None);
        loop {
            let page = self.store.ledger().list(before, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            before = page.last().map(|row| (row.entry.at_ms, row.seq));
            rows.extend(page);
            if is_last {
                return Ok(rows);
            }
        }
    }

    /// Ends it when every turn is written down.
    pub async fn quit(self) -> Result<()> {
        self.assistant.quit().await;
        drop(self.settings);
        tokio::time::timeout(PATIENCE, self.run).await.context("it ends")??;
        Ok(())
    }
}

/// Settings in which every provider is switched on.
pub fn settings(models: &[&str], addresses: &[(&str, String)]) -> Result<Settings> {
    let providers = tonny_egress::provider::Providers::bundled()?;
    let providers: Vec<&str> = providers.iter().map(|provider| provider.id.as_str()).collect();
    let addresses: Vec<Value> =
        addresses.iter().map(|(provider, base)| json!({"provider": provider, "base": base})).collect();
    let with = |settings: Settings, key: &str, value: Value| settings.with(key, value).map_err(told);
    let settings = with(Settings::default(), "assistant.models", json!(models))?;
    let settings = with(settings, "assistant.providers", json!(providers))?;
    with(settings, "assistant.addresses", json!(addresses))
}

/// A problem as an error.
pub fn told(problem: impl std::fmt::Debug) -> anyhow::Error {
    anyhow::anyhow!("{problem:?}")
}

/// A vault in which every key is set.
struct Keys;

impl Vault for Keys {
    fn ask(&self, ask: VaultAsk) {
        // Whoever asked and does not wait any more misses nothing. Everything else is not answered: nobody asks it here.
        match ask {
            VaultAsk::Take(kind, answer) => {
                let _ = answer.send(Ok(Some(Secret::from_the_vault(kind, KEY.to_owned().into()))));
            }
            VaultAsk::Report(answer) => _ = answer.send(Ok(report())),
            _ => {}
        }
    }
}

fn report() -> VaultReport {
    let kept = all().iter().map(|kind| Kept {
        id: kind.id.to_owned(),
        label: String::new(),
        purpose: String::new(),
        presence: Presence::Set,
        place: Some(Place::Session),
        set_at: None,
        used_at: None,
        can_be_tried: false,
        trial_note: None,
        can_be_typed: true,
    });
    VaultReport {
        place: Place::Session,
        state: VaultState::Working,
        protection: String::new(),
        problem: None,
        wrong_passwords: 0,
        retry_in_s: 0,
        auto_lock_min: 0,
        secrets: kept.collect(),
        migration: None,
        exposed_at: None,
    }
}
