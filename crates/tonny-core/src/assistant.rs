//! The assistant: questions by voice or keyboard, answers from whichever language model can, and everything about them kept.
//!
//! ```text
//! window, terminal, spoken question ──▶ Assistant ──▶ turn (a task of its own) ──▶ egress ──▶ provider or local model
//!                                          │            └─ judge: policy, budget, breaker
//!                                          │            └─ clerk: ledger, placeholders ──▶ scribe: store, events
//!                                          └─ owner (one task): budgets, lanes, who runs
//! ```
//! An answer is in the store from its first word on, and ends as what it is: complete, cut off, stopped, or failed. Start
//! reading at [`Assistant::ask`], then `turn.rs`.

mod clean_up;
mod clerk;
mod contracts;
mod desk;
mod files;
mod judge;
mod known;
pub mod lanes;
mod ledger;
mod list;
mod money;
mod owner;
mod providers;
mod scribe;
mod snapshot;
mod talk;
mod targets;
mod told;
mod turn;
mod view;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonny_egress::ChatClient;
use tonny_egress::chat::{ChatRequest, Message, Role};
use tonny_egress::fault::FaultCode;
use tonny_egress::plan::{Needs, Retries, plan};
use tonny_egress::policy::{Contract, Policy};
use tonny_egress::provider::Providers;
use tonny_egress::registry::Registry;
use tonny_store::Store;

pub use contracts::{ContractView, TriedOut, check_contract, try_contract};
pub use desk::Local;
pub use files::ConversationForm;
pub(crate) use judge::PROFILE;
pub use ledger::{LedgerDay, LedgerPage, LedgerView, days as ledger_days, page as ledger_page};
pub(crate) use ledger::{entry, settlement};
pub use providers::{LastAsked, ProviderTested, ProviderView};
pub use targets::{LOCAL, LOCAL_MODEL};
pub use view::{
    Asked, AssistantEvent, AttachmentView, Author, ConversationPage, ConversationQuery, ConversationRow,
    ConversationView, Ending, Follows, Grown, MessageView, ModelChoice, NewAttachment, NewQuestion,
    NoticeKind, NoticeView, Piece, PriceView, Standing,
};

use crate::ports::Clock;
use crate::problem::{Code, Problem};
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::store_problem;
use desk::Desk;
use lanes::Lanes;
use owner::{Book, Owner};
use scribe::Scribe;
use turn::{Told, Wish};

/// What the policy calls a question to the assistant.
pub(crate) const PURPOSE: &str = "assistant";

/// Events a window may be behind; one that stands still longer asks for the whole again.
const EVENTS: usize = 1_024;

/// What is said on its way to the store.
const SAID: usize = 64;

/// What the assistant is made of.
pub struct Parts {
    /// Conversations, the ledger.
    pub store: Store,
    /// Keys.
    pub secrets: Secrets,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// As they are now.
    pub settings: watch::Receiver<Settings>,
    /// The language model of this machine.
    pub local: watch::Receiver<Local>,
    /// Told when it is to be there.
    pub want_local: Arc<Notify>,
    /// Where turns run.
    pub tasks: TaskTracker,
    /// Whether it runs for long, and keeps the lists of the providers' models fresh: in the app, and not in the terminal.
    pub stays: bool,
}

/// The way to the assistant. Cheap to clone.
#[derive(Clone)]
pub struct Assistant {
    desk: Arc<Desk>,
    owner: Owner,
    tasks: TaskTracker,
}

/// How a question came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Keyboard,
    Voice,
}

/// Starts it. The caller spawns the future, which ends with the settings' sender.
///
/// # Errors
/// Where the system's certificates or the database cannot be read.
pub async fn start(parts: Parts) -> Result<(Assistant, impl Future<Output = ()> + Send + use<>), Problem> {
    let Parts { store, secrets, clock, settings, local, want_local, tasks, stays } = parts;
    let data = |error: &dyn std::fmt::Display| Problem::with(Code::PolicyFileWrong, error);
    let mut registry = Registry::bundled().map_err(|error| data(&error))?;
    let providers = Providers::bundled().map_err(|error| data(&error))?;
    let client = ChatClient::new().map_err(|error| Problem::with(Code::NetworkDown, error))?;
    adopt(&store).await?;
    snapshot::recall(&store, &mut registry).await;
    let first = settings.borrow().clone();
    let (tell_policy, policy) = watch::channel(Arc::new(self::policy(&first)));
    let (tell_offline, offline) = watch::channel(first.privacy.offline);
    let (registry, _) = watch::channel(Arc::new(registry));
    known::take_edits(&registry, &first.assistant.model_edits);
    let (mut notes, noting) = waits::start(clock.clone(), store.clone());
    let mut lanes = Lanes::default();
    notes.recall(&store, &mut lanes).await;
    let moments = clock.clone();
    let book = Book { now: Box::new(move || moments.now()), lanes, notes };
    let (owner, own) = owner::start(book, store.clone());
    let (events, _) = broadcast::channel(EVENTS);
    let retries = Retries::default();
    let mut changed = settings.clone();
    let desk = Desk {
        store,
        secrets,
        clock,
        client,
        retries,
        providers,
        registry,
        policy,
        settings,
        offline,
        local,
        want_local,
        events,
    };
    let (to_owner, of_models) = (owner.clone(), desk.settings.clone());
    let assistant = Assistant { desk: Arc::new(desk), owner, tasks };
    let knowing = stays.then(|| known::follow(assistant.clone(), of_models));
    let follow = async move {
        while changed.changed().await.is_ok() {
            let settings = changed.borrow_and_update().clone();
            tell_offline.send_replace(settings.privacy.offline);
            tell_policy.send_replace(Arc::new(self::policy(&settings)));
            to_owner.user_acted().await;
        }
        to_owner.end().await;
    };
    let run = async move {
        let knowing = async {
            if let Some(knowing) = knowing {
                knowing.await;
            }
        };
        tokio::join!(own, noting, follow, knowing);
    };
    Ok((assistant, run))
}

impl Assistant {
    /// Keeps a question and begins its answer.
    ///
    /// # Errors
    /// What is wrong with the question; then nothing was kept.
    pub async fn ask(&self, question: NewQuestion) -> Result<Asked, Problem> {
        self.begin(question, None, By::Keyboard).await
    }

    /// A spoken question: into the open conversation, else into the one that was spoken to lately, else a new one.
    ///
    /// # Errors
    /// As [`Assistant::ask`].
    pub async fn ask_spoken(&self, text: String, utterance: &str) -> Result<Asked, Problem> {
        let conversation = self.owner.where_to_speak().await;
        let parent = match &conversation {
            Some(id) => talk::view(&self.desk, id).await.ok().and_then(|view| view.leaf),
            None => None,
        };
        let conversation = conversation.filter(|_| parent.is_some());
        let question = NewQuestion { conversation, parent, text, ..NewQuestion::default() };
        let asked = self.begin(question, Some(utterance), By::Voice).await?;
        self.owner.spoken(&asked.conversation).await;
        Ok(asked)
    }

    async fn begin(&self, question: NewQuestion, utterance: Option<&str>, by: By) -> Result<Asked, Problem> {
        let new = talk::checked(&question)?;
        let files = talk::kept_files(&self.desk, &question).await?.into_iter().chain(new).collect();
        if let Some(model) = &question.model {
            let (settings, registry) =
                (self.desk.settings.borrow().clone(), self.desk.registry.borrow().clone());
            self.desk.named(model, &settings, &registry)?;
        }
        let asked = talk::keep(&self.desk, &question, files, utterance).await?;
        self.tell_message(&asked.conversation, asked.question.as_deref()).await;
        self.run(&asked, question.model, String::new(), by, None).await?;
        Ok(asked)
    }

    /// Another answer to the same question, a sibling of that one.
    ///
    /// # Errors
    /// [`Code::MessageUnknown`].
    pub async fn regenerate(&self, answer: &str, model: Option<String>) -> Result<Asked, Problem> {
        let asked = talk::keep_another(&self.desk, answer).await?;
        self.run(&asked, model, String::new(), By::Keyboard, None).await?;
        Ok(asked)
    }

    /// Another answer from the model for which the contract asked the user, who said yes: to this question, this time.
    ///
    /// # Errors
    /// [`Code::NothingAsked`] where the contract asked nothing.
    pub async fn agree(&self, answer: &str) -> Result<Asked, Problem> {
        let view = talk::message(&self.desk, answer).await?;
        let code = FaultCode::POLICY_NEEDS_CONSENT.id();
        let noticed = view.notices.into_iter().find(|notice| notice.code == code).map(|notice| notice.target);
        // The last one that was asked has its reason in how the answer ended.
        let last = view.problem.filter(|problem| problem.code == code).and(view.provider.zip(view.model));
        let model = noticed.or(last.map(|(provider, model)| format!("{provider}/{model}")));
        let model = model.ok_or_else(|| Problem::of(Code::NothingAsked))?;
        let asked = talk::keep_another(&self.desk, answer).await?;
        self.run(&asked, Some(model.clone()), String::new(), By::Keyboard, Some(model)).await?;
        Ok(asked)
    }

    /// Goes on with an answer that broke off; its words stay, and more are added.
    ///
    /// # Errors
    /// [`Code::NotToContinue`] for one that is complete, or still coming.
    pub async fn go_on(&self, answer: &str) -> Result<Asked, Problem> {
        let view = talk::message(&self.desk, answer).await?;
        if !view.can_continue {
            return Err(Problem::of(Code::NotToContinue));
        }
        let row = talk::row(&self.desk.store, answer).await?;
        let resumed = self.desk.store.messages().resume(answer).await.map_err(|e| store_problem(&e))?;
        if !resumed {
            return Err(Problem::of(Code::NotToContinue));
        }
        let asked = Asked { conversation: row.conversation, question: None, answer: answer.to_owned() };
        let model = row.provider.zip(row.model).map(|(provider, model)| format!("{provider}/{model}"));
        self.run(&asked, model, row.text, By::Keyboard, None).await?;
        Ok(asked)
    }

    /// Stops an answer; one that is over already is left as it is.
    pub async fn stop(&self, answer: &str) {
        self.owner.stop(answer).await;
    }

    /// The answer's turn, as a task of its own.
    async fn run(
        &self,
        asked: &Asked,
        model: Option<String>,
        begun: String,
        by: By,
        agreed: Option<String>,
    ) -> Result<(), Problem> {
        let request = talk::request_for(&self.desk, &asked.answer).await?;
        let row = talk::row(&self.desk.store, &asked.answer).await?;
        let of_talk =
            self.desk.store.conversations().get(&asked.conversation).await.map_err(|e| store_problem(&e))?;
        let settings = self.desk.settings.borrow().assistant.clone();
        let patience = if by == By::Voice { settings.voice_patience_s } else { settings.patience_s };
        let cancel = CancellationToken::new();
        let wish = Wish {
            model: model.or(of_talk.and_then(|talk| talk.model)),
            request,
            begun,
            purpose: PURPOSE,
            patience: Duration::from_secs(u64::from(patience)),
            about: (asked.conversation.clone(), asked.answer.clone()),
            cancel: cancel.clone(),
            agreed,
        };
        self.tell_message(&asked.conversation, Some(&asked.answer)).await;
        let _ = self.desk.events.send(AssistantEvent::Conversation { id: asked.conversation.clone() });
        self.owner.began(&asked.answer, cancel).await;
        let (this, asked) = (self.clone(), asked.clone());
        self.tasks.spawn(async move {
            let notices = talk::notices(&row);
            let scribe = Scribe::new(&this.desk, &asked.conversation, &asked.answer, row.deltas, notices);
            let (tell, told) = mpsc::channel(SAID);
            let carry_out = async {
                turn::carry_out(&this.desk, &this.owner, wish, &tell).await;
                drop(tell);
            };
            tokio::join!(carry_out, scribe.run(told));
            this.owner.over(&asked.answer).await;
        });
        Ok(())
    }

    async fn tell_message(&self, conversation: &str, id: Option<&str>) {
        let Some(id) = id else { return };
        match talk::message(&self.desk, id).await {
            Ok(message) => {
                let (conversation, message) = (conversation.to_owned(), Box::new(message));
                let _ = self.desk.events.send(AssistantEvent::Message { conversation, message });
            }
            Err(problem) => tracing::warn!(code = problem.code, "a message cannot be shown"),
        }
    }

    /// What there is to tell from now on. One that falls behind by too much asks for the whole again.
    pub fn events(&self) -> broadcast::Receiver<AssistantEvent> {
        self.desk.events.subscribe()
    }

    /// The models of the user's order, and whether each can be asked now.
    pub async fn models(&self) -> Vec<ModelChoice> {
        let (candidates, _) = self.desk.candidates(None);
        let standings = self.desk.standings(&candidates, &self.owner).await;
        let planned = plan(&standings, Needs::default(), *self.desk.offline.borrow());
        let choices = candidates.iter().enumerate().map(|(at, candidate)| {
            let skip = planned.skipped.iter().find(|(skipped, _)| *skipped == at);
            let why = skip.map(|(_, skip)| told::sentence(candidate, skip));
            candidate.choice(planned.asked.first() == Some(&at), why)
        });
        choices.collect()
    }

    /// A conversation with all its branches.
    ///
    /// # Errors
    /// [`Code::ConversationUnknown`].
    pub async fn conversation(&self, id: &str) -> Result<ConversationView, Problem> {
        talk::view(&self.desk, id).await
    }

    /// The window shows this one now: spoken questions go there.
    pub async fn opened(&self, id: Option<String>) {
        self.owner.opened(id).await;
    }

    /// Keys or contracts changed: whoever waited for that is asked again.
    pub async fn user_acted(&self) {
        self.owner.user_acted().await;
    }

    /// The local model is going to be needed: it may load while the question is spoken.
    pub fn warm_up(&self) {
        let (candidates, _) = self.desk.candidates(None);
        if candidates.first().is_some_and(targets::Candidate::is_worker) {
            self.desk.want_local.notify_one();
        }
    }

    /// Stops every answer; each is kept as far as it came.
    pub async fn quit(&self) {
        self.owner.quit().await;
    }

    /// One answer to one question, kept nowhere; none where it did not come whole in time. `examples`: what was given, and what
    /// was wanted back.
    async fn quick(
        &self,
        model: Option<String>,
        system: &str,
        examples: &[(&str, &str)],
        text: &str,
        purpose: &'static str,
        within: Duration,
    ) -> Option<String> {
        let cancel = CancellationToken::new();
        let _cancelled_in_the_end = cancel.clone().drop_guard();
        let shown = examples.iter().flat_map(|(given, back)| {
            [Message::text(Role::User, *given), Message::text(Role::Assistant, *back)]
        });
        let messages = shown.chain([Message::text(Role::User, text)]).collect();
        let longest = u32::try_from(targets::tokens_of(text)).unwrap_or(u32::MAX).saturating_mul(2).max(64);
        let request = ChatRequest {
            system: Some(system.to_owned()),
            messages,
            max_tokens: Some(longest),
            temperature: Some(0.0),
            ..ChatRequest::default()
        };
        let about = (String::new(), String::new());
        let wish = Wish {
            model,
            request,
            begun: String::new(),
            purpose,
            patience: within,
            about,
            cancel,
            agreed: None,
        };
        let (tell, mut told) = mpsc::channel(SAID);
        // On its own: whoever waits for the words leaves at the deadline, whatever the turn is waiting for just then, such as
        // a keyring that does not answer.
        let this = self.clone();
        self.tasks.spawn(async move { turn::carry_out(&this.desk, &this.owner, wish, &tell).await });
        let collect = async {
            let mut whole = String::new();
            let mut is_whole = false;
            while let Some(told) = told.recv().await {
                match told {
                    Told::Said(clerk::Said::Text(text)) => whole.push_str(&text),
                    Told::Said(clerk::Said::End(end)) => {
                        is_whole = end.outcome == Ok(tonny_egress::chat::Finish::Stop)
                    }
                    _ => {}
                }
            }
            is_whole.then_some(whole)
        };
        tokio::time::timeout(within, collect).await.ok().flatten()
    }
}

/// The contracts in force: the user's own before the one that comes with the program. One that does not load any more lets
/// nothing leave this machine.
fn policy(settings: &Settings) -> Policy {
    let own = settings.privacy.contract.as_deref().map(Contract::load).transpose();
    match own.and_then(|own| Ok((own, Contract::load(Policy::bundled_text())?))) {
        Ok((own, bundled)) => Policy::new(own.into_iter().chain([bundled]).collect()),
        Err(error) => {
            tracing::error!(%error, "the contract does not load; nothing leaves this machine");
            Policy::default()
        }
    }
}

/// Answers that a program left unfinished which has ended since are marked as broken off, and what it had under way is
/// counted as the worst it can have been.
pub(crate) async fn adopt(store: &Store) -> Result<(), Problem> {
    let cut = store.messages().adopt_streaming(&FaultCode::STREAM_INTERRUPTED.id()).await;
    let answers = cut.map_err(|error| store_problem(&error))?.len();
    let attempts = store.ledger().close_abandoned().await.map_err(|error| store_problem(&error))?;
    if answers > 0 || attempts > 0 {
        tracing::info!(
            answers,
            attempts,
            "a program ended in the middle of answers; what came of them is kept"
        );
    }
    Ok(())
}
