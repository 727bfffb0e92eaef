//! One turn carried out: attempt after attempt until an answer is complete, broken off for good, or nobody is left.
//!
//! ```text
//! plan (who, in which order) ──▶ judge ──▶ attempt ──▶ events ──▶ Done
//!                                 ▲           └─ fault ─▶ turn: again, switch, continue, offer, end
//!                                 └──────────────────────────┘
//! ```
//! Every attempt is judged anew: what may go to this machine may not therefore go to another. The receiver gets exactly one
//! terminal event, the last one. What a step is, `turn.rs` decides; this file waits and sends.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::attempt::{Attempt, Received, Stop, Timers};
use crate::chat::{ChatRequest, Event, Finish, Message, Role, Usage};
use crate::client::ChatClient;
use crate::fault::{Fault, FaultCode};
use crate::plan::Retries;
use crate::policy::Approved;
use crate::provider::Provider;
use crate::seam::Seam;
use crate::turn::{Candidate, Step, Turn};

/// Events between an attempt and the turn; a receiver that stands still holds the socket up after these.
const IN_BETWEEN: usize = 64;

/// Characters of a token, from above for every language written with letters; only for what is left of a limit.
const CHARACTERS_PER_TOKEN: usize = 2;

/// One that may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who.
    pub provider: &'a Provider,
    /// The model's id there.
    pub model: &'a str,
    /// The provider's key.
    pub key: Option<&'a str>,
    /// What it can do.
    pub candidate: Candidate,
    /// How long it is waited for.
    pub timers: Timers,
}

/// What a turn says, in order. [`TurnEvent::Done`] and [`TurnEvent::Interrupted`] are terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEvent {
    /// An attempt begins; the number counts from 1.
    Started {
        /// The target's place in the list.
        target: usize,
        /// Which attempt of the turn.
        attempt: u32,
    },
    /// More of the answer.
    Text(String),
    /// More of what the model thinks.
    Reasoning(String),
    /// Tokens of the attempt that runs.
    Usage(Usage),
    /// The other side lives.
    Heartbeat,
    /// An attempt is over; what it came to follows.
    Ended {
        /// Bytes of its answer that came.
        received: u64,
        /// How long nothing more is free there, where this one was the last of a limit.
        used_up: Option<Duration>,
    },
    /// An attempt failed, and another one follows.
    Notice {
        /// Why.
        fault: Fault,
        /// How it goes on.
        then: Then,
    },
    /// The answer is complete.
    Done(Finish),
    /// It is not, and nothing more is tried.
    Interrupted {
        /// Why.
        fault: Fault,
        /// Whether part of it was shown.
        is_partial: bool,
    },
}

/// How a turn goes on after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Then {
    /// The same target once more.
    Again {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// The next target, from the beginning.
    Switched {
        /// Its place in the list.
        to: usize,
    },
    /// From where the answer broke off.
    Continued {
        /// The target's place in the list.
        to: usize,
    },
}

/// One question under way.
pub struct Question<'a, J, C> {
    /// What is asked; the model is each target's own.
    pub request: &'a ChatRequest,
    /// Who may answer, in order.
    pub targets: &'a [Asked<'a>],
    /// Until the first word.
    pub patience: Duration,
    /// What the answer begins with, where it goes on with one that broke off; else empty.
    pub begun: &'a str,
    /// Who says what may leave.
    pub judge: J,
    /// Uniform numbers in 0.0 to 1.0.
    pub chance: C,
}

/// A target whose place is known only now: a worker that was started for this question.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// With the address that it has now.
    pub provider: Provider,
    /// What it wants to hear.
    pub key: Option<String>,
}

/// Says whether a request may go to a target.
pub trait Judge {
    /// Waits until the target can be asked; where it is now, if that was not known before.
    fn arrive(&mut self, target: usize) -> impl Future<Output = Result<Option<Arrived>, Fault>> + Send;

    /// The policy's verdict, and the budget's; an error is the attempt's.
    fn judge(
        &mut self,
        target: usize,
        request: &ChatRequest,
    ) -> impl Future<Output = Result<Approved<ChatRequest>, Fault>> + Send;
}

/// How far a turn has come: its decisions, and what of the answer was shown.
struct Course {
    turn: Turn,
    shown: Shown,
}

struct Shown {
    text: String,
    seam: Option<Seam>,
}

impl<J, C> Question<'_, J, C>
where
    J: Judge,
    C: FnMut() -> f64,
{
    /// Asks until the terminal event was handed over, or until nobody receives any more.
    pub async fn run(
        mut self,
        client: &ChatClient,
        retries: &Retries,
        stop: &mut Stop,
        events: &mpsc::Sender<TurnEvent>,
    ) {
        let candidates = self.targets.iter().map(|target| target.candidate).collect();
        let turn = Turn::new(candidates, self.patience, now());
        let mut course = Course { turn, shown: Shown::after(self.begun) };
        if course.shown.seam.is_some() {
            course.turn.shown();
        }
        for attempt in 1.. {
            let target = course.turn.target();
            if events.send(TurnEvent::Started { target, attempt }).await.is_err() {
                return;
            }
            retries.sent(attempt > 1, now());
            let received = Received::default();
            let ended = self.attempt(target, client, stop, &mut course, events, &received).await;
            let Err(fault) = ended else { return };
            if events
                .send(TurnEvent::Ended { received: received.bytes(), used_up: received.used_up() })
                .await
                .is_err()
            {
                return;
            }
            let may_retry = retries.may(now());
            let step = course.turn.failed(&fault, now(), (self.chance)(), may_retry);
            if !go_on(step, fault, &mut course.shown, stop, events).await {
                return;
            }
        }
    }

    /// An answer that came to its end is `Ok`, also if nobody wants it any more.
    async fn attempt(
        &mut self,
        target: usize,
        client: &ChatClient,
        stop: &mut Stop,
        Course { turn, shown }: &mut Course,
        events: &mpsc::Sender<TurnEvent>,
        received: &Received,
    ) -> Result<(), Fault> {
        let asked = self.targets[target];
        let arrived = self.judge.arrive(target).await?;
        let request = self.request_for(&asked, shown);
        let approved = self.judge.judge(target, &request).await?;
        let Asked { mut provider, mut key, timers, .. } = asked;
        if let Some(Arrived { provider: there, key: own }) = &arrived {
            (provider, key) = (there, own.as_deref());
        }
        let (tell, mut heard) = mpsc::channel(IN_BETWEEN);
        let attempt = Attempt { provider, approved, key, timers };
        let running = async {
            attempt.run(client, stop, &tell, received).await;
            drop(tell);
        };
        let following = async {
            while let Some(event) = heard.recv().await {
                match event {
                    Event::Done(finish) => {
                        let rest = shown.seam.as_mut().map(Seam::end).unwrap_or_default();
                        if !rest.is_empty() {
                            _ = events.send(TurnEvent::Text(rest)).await;
                        }
                        _ = events
                            .send(TurnEvent::Ended {
                                received: received.bytes(),
                                used_up: received.used_up(),
                            })
                            .await;
                        _ = events.send(TurnEvent::Done(finish)).await;
                        return Ok(());
                    }
                    Event::Interrupted(fault) => return Err(fault),
                    event => {
                        let Some(event) = shown.take(event, turn) else { continue };
                        if events.send(event).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
            Err(Fault::new(FaultCode::INTERNAL, &*provider.id))
        };
        tokio::pin!(running);
        tokio::pin!(following);
        // The receiver decides when it is over; the other side ends with it, whatever it waits for.
        tokio::select! {
            outcome = &mut following => outcome,
            () = &mut running => following.as_mut().await,
        }
    }

    /// The question, for this model, and from where its answer broke off.
    fn request_for(&self, asked: &Asked<'_>, shown: &Shown) -> ChatRequest {
        let mut request = ChatRequest { model: asked.model.to_owned(), ..self.request.clone() };
        if shown.seam.is_some() {
            // Some providers refuse white space at the end of a beginning.
            request.messages.push(Message::text(Role::Assistant, shown.text.trim_end()));
            let used = (shown.text.chars().count() / CHARACTERS_PER_TOKEN) as u32;
            request.max_tokens = request.max_tokens.map(|most| most.saturating_sub(used).max(1));
        }
        request
    }
}

impl Shown {
    fn after(begun: &str) -> Self {
        let seam = (!begun.is_empty()).then(|| Seam::after(begun));
        Self { text: begun.to_owned(), seam }
    }

    fn take(&mut self, event: Event, turn: &mut Turn) -> Option<TurnEvent> {
        match event {
            Event::Text(text) => {
                let text = match &mut self.seam {
                    Some(seam) => seam.push(&text),
                    None => text,
                };
                if text.is_empty() {
                    return None;
                }
                turn.shown();
                self.text.push_str(&text);
                Some(TurnEvent::Text(text))
            }
            Event::Reasoning(text) => {
                turn.reasoned();
                Some(TurnEvent::Reasoning(text))
            }
            Event::Usage(usage) => Some(TurnEvent::Usage(usage)),
            Event::Heartbeat => Some(TurnEvent::Heartbeat),
            Event::Done(_) | Event::Interrupted(_) => None,
        }
    }
}

/// Tells what follows and waits for it; whether there is another attempt.
async fn go_on(
    step: Step,
    fault: Fault,
    shown: &mut Shown,
    stop: &mut Stop,
    events: &mpsc::Sender<TurnEvent>,
) -> bool {
    let provider = fault.provider.clone();
    let (pause, then) = match step {
        Step::Again(pause) => (pause, Then::Again { after_ms: pause.as_millis() as u64 }),
        Step::Switch(to) => (Duration::ZERO, Then::Switched { to }),
        Step::Continue(to, pause) => {
            shown.seam = Some(Seam::after(&shown.text));
            (pause, Then::Continued { to })
        }
        Step::Offer | Step::End => {
            let is_partial = step == Step::Offer;
            _ = events.send(TurnEvent::Interrupted { fault, is_partial }).await;
            return false;
        }
    };
    if events.send(TurnEvent::Notice { fault, then }).await.is_err() {
        return false;
    }
    tokio::select! {
        biased;
        () = stop.cancel.cancelled() => {
            let fault = Fault::new(FaultCode::CANCELLED_BY_USER, provider);
            _ = events.send(TurnEvent::Interrupted { fault, is_partial: !shown.text.is_empty() }).await;
            false
        }
        () = events.closed() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
