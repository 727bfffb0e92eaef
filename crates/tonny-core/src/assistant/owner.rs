//! The owner of what turns share: lanes, who is being asked, which conversation is open. One task; turns send it
//! messages and never touch its state.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tonny_egress::fault::Fault;
use tonny_store::Store;
use tonny_supervisor::{Failure, Permit};

use super::lanes::{Blocks, Lane, Lanes};
use super::waits::Notes;

/// Turns and their faults; a person has a few under way.
const MAILBOX: usize = 256;

/// A spoken question this soon after another one goes on with it.
const SAME_TALK: Duration = Duration::from_secs(15 * 60);

/// How long a deletion can be taken back.
const UNDO: Duration = Duration::from_secs(10);

/// Why an attempt may not begin now.
#[derive(Debug)]
pub enum Closed {
    /// The lane's breaker says no.
    Failing,
    /// A limit that another turn met meanwhile is used up for so long.
    Limited(Duration),
}

enum Message {
    Began(String, CancellationToken),
    Over(String),
    Stop(String, oneshot::Sender<bool>),
    Blocks(Vec<Lane>, oneshot::Sender<Vec<Blocks>>),
    Enter(Lane, oneshot::Sender<Result<Permit, Closed>>),
    Failed(Lane, Box<Fault>, oneshot::Sender<Option<Failure>>),
    UsedUp(Lane, Duration),
    UserActed,
    Opened(Option<String>),
    Spoken(String),
    WhereToSpeak(oneshot::Sender<Option<String>>),
    Delete(String),
    Restore(String, oneshot::Sender<bool>),
    Deleted(oneshot::Sender<Vec<String>>),
    End,
    Quit(oneshot::Sender<()>),
}

/// The way to the owner. Cheap to clone.
#[derive(Clone)]
pub struct Owner {
    messages: mpsc::Sender<Message>,
}

/// What the owner is told at its start.
pub struct Book {
    /// What time it is.
    pub now: Box<dyn Fn() -> Instant + Send>,
    /// What stands in the lanes' way, as the starts before this one left it.
    pub lanes: Lanes,
    /// Where that is noted, for the next start.
    pub notes: Notes,
}

struct State {
    book: Book,
    running: HashMap<String, CancellationToken>,
    open: Option<String>,
    spoken: Option<(String, Instant)>,
    /// Conversations that go at this moment, unless they are taken back.
    deletions: HashMap<String, Instant>,
    store: Store,
    /// Told when the last turn is over.
    quitting: Option<oneshot::Sender<()>>,
}

/// The owner, and its task.
pub fn start(book: Book, store: Store) -> (Owner, impl Future<Output = ()> + Send + use<>) {
    let (messages, mut mailbox) = mpsc::channel(MAILBOX);
    let (running, deletions) = (HashMap::new(), HashMap::new());
    let (open, spoken) = (None, None);
    let mut state = State { book, running, open, spoken, deletions, store, quitting: None };
    let run = async move {
        loop {
            let next = state.deletions.values().min().copied();
            let message = tokio::select! {
                message = mailbox.recv() => message,
                () = wake_at(next) => {
                    state.delete_due().await;
                    continue;
                }
            };
            match message {
                None | Some(Message::End) => break,
                Some(message) => {
                    state.handle(message);
                    state.book.notes.keep(&state.book.lanes);
                }
            }
            if state.running.is_empty()
                && let Some(done) = state.quitting.take()
            {
                state.delete_all().await;
                let _ = done.send(());
            }
        }
        state.delete_all().await;
    };
    (Owner { messages }, run)
}

impl State {
    fn handle(&mut self, message: Message) {
        // Whoever asked and does not wait any more misses nothing.
        match message {
            Message::Began(answer, cancel) => _ = self.running.insert(answer, cancel),
            Message::Over(answer) => _ = self.running.remove(&answer),
            Message::Stop(answer, reply) => {
                let running = self.running.get(&answer);
                running.inspect(|cancel| cancel.cancel());
                let _ = reply.send(running.is_some());
            }
            Message::Blocks(lanes, reply) => {
                let now = (self.book.now)();
                let _ = reply.send(lanes.iter().map(|lane| self.book.lanes.blocks(lane, now)).collect());
            }
            Message::Enter(lane, reply) => _ = reply.send(self.enter(&lane)),
            Message::UsedUp(lane, free_in) => {
                let now = (self.book.now)();
                self.book.lanes.used_up(&lane, free_in, now);
            }
            Message::Failed(lane, fault, reply) => {
                let failure = self.book.lanes.failed(&lane, &fault, (self.book.now)());
                let _ = reply.send(failure);
            }
            Message::UserActed => self.book.lanes.user_acted(),
            Message::Opened(conversation) => self.open = conversation,
            Message::Spoken(conversation) => self.spoken = Some((conversation, (self.book.now)())),
            Message::WhereToSpeak(reply) => {
                let now = (self.book.now)();
                let lately =
                    self.spoken.as_ref().filter(|(_, at)| now.saturating_duration_since(*at) < SAME_TALK);
                let _ = reply.send(self.open.clone().or_else(|| lately.map(|(talk, _)| talk.clone())));
            }
            Message::Delete(id) => _ = self.deletions.insert(id, (self.book.now)() + UNDO),
            Message::Restore(id, reply) => _ = reply.send(self.deletions.remove(&id).is_some()),
            Message::Deleted(reply) => _ = reply.send(self.deletions.keys().cloned().collect()),
            Message::Quit(reply) => {
                self.running.values().for_each(CancellationToken::cancel);
                self.quitting = Some(reply);
            }
            Message::End => {}
        }
    }

    /// What was deleted is not to come back with the next start.
    async fn delete_all(&mut self) {
        let now = (self.book.now)();
        self.deletions.values_mut().for_each(|at| *at = now);
        self.delete_due().await;
    }

    async fn delete_due(&mut self) {
        let now = (self.book.now)();
        let due: Vec<String> =
            self.deletions.extract_if(|_, at| *at <= now).map(|(conversation, _)| conversation).collect();
        for conversation in due {
            if let Err(error) = self.store.conversations().delete(&conversation).await {
                tracing::error!(%error, conversation, "a conversation could not be deleted");
            }
        }
    }

    fn enter(&mut self, lane: &Lane) -> Result<Permit, Closed> {
        let now = (self.book.now)();
        match self.book.lanes.blocks(lane, now).limited_for {
            Some(left) => Err(Closed::Limited(left)),
            None => self.book.lanes.permit(lane, now).ok_or(Closed::Failing),
        }
    }
}

impl Owner {
    /// A turn began; it can be stopped from now on.
    pub async fn began(&self, answer: &str, cancel: CancellationToken) {
        self.send(Message::Began(answer.to_owned(), cancel)).await;
    }

    /// A turn is over.
    pub async fn over(&self, answer: &str) {
        self.send(Message::Over(answer.to_owned())).await;
    }

    /// Stops a turn; whether there was one.
    pub async fn stop(&self, answer: &str) -> bool {
        self.ask(|reply| Message::Stop(answer.to_owned(), reply)).await.unwrap_or(false)
    }

    /// What stands in the lanes' way now.
    pub async fn blocks(&self, lanes: Vec<Lane>) -> Vec<Blocks> {
        let count = lanes.len();
        self.ask(|reply| Message::Blocks(lanes, reply))
            .await
            .unwrap_or_else(|| vec![Blocks::default(); count])
    }

    /// Leave for one attempt.
    pub async fn enter(&self, lane: Lane) -> Result<Permit, Closed> {
        self.ask(|reply| Message::Enter(lane, reply)).await.unwrap_or(Err(Closed::Failing))
    }

    /// An attempt failed; what its permit is to be ended with.
    pub async fn failed(&self, lane: Lane, fault: Fault) -> Option<Failure> {
        self.ask(|reply| Message::Failed(lane, Box::new(fault), reply)).await.flatten()
    }

    /// A limit has nothing left for so long.
    pub async fn used_up(&self, lane: Lane, free_in: Duration) {
        self.send(Message::UsedUp(lane, free_in)).await;
    }

    /// Keys or settings changed: who waited for that is asked again.
    pub async fn user_acted(&self) {
        self.send(Message::UserActed).await;
    }

    /// The window shows this conversation now.
    pub async fn opened(&self, conversation: Option<String>) {
        self.send(Message::Opened(conversation)).await;
    }

    /// A spoken question went into this conversation.
    pub async fn spoken(&self, conversation: &str) {
        self.send(Message::Spoken(conversation.to_owned())).await;
    }

    /// Where a spoken question goes; none begins a new conversation.
    pub async fn where_to_speak(&self) -> Option<String> {
        self.ask(Message::WhereToSpeak).await.flatten()
    }

    /// Deletes a conversation, in a while.
    pub async fn delete(&self, conversation: &str) {
        self.send(Message::Delete(conversation.to_owned())).await;
    }

    /// Takes a deletion back; whether there was one.
    pub async fn restore(&self, conversation: &str) -> bool {
        self.ask(|reply| Message::Restore(conversation.to_owned(), reply)).await.unwrap_or(false)
    }

    /// Conversations that are about to go.
    pub async fn deleted(&self) -> Vec<String> {
        self.ask(Message::Deleted).await.unwrap_or_default()
    }

    /// Ends the owner's task.
    pub async fn end(&self) {
        self.send(Message::End).await;
    }

    /// Stops every turn, and waits until each is written down.
    pub async fn quit(&self) {
        self.ask(Message::Quit).await;
    }

    async fn send(&self, message: Message) {
        if self.messages.send(message).await.is_err() {
            tracing::debug!("the assistant has ended");
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply)).await;
        answer.await.ok()
    }
}

async fn wake_at(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
