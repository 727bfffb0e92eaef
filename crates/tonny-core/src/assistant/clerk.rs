//! Between a turn's events and whoever shows them: values come back for placeholders, what an answer must not hold is taken
//! out, and every attempt is paid for and written down.
//!
//! One for each turn. Nothing is shown before it passed here, and nothing is told as ended before its row is in the ledger.

use tokio::sync::mpsc;
use tonny_egress::chat::{Finish, Usage};
use tonny_egress::cost::{CacheLife, Cost, Price};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_egress::ledger::{Outcome, Row};
use tonny_egress::policy::{HoldBack, Placeholders, Restorer};
use tonny_egress::router::{Then, TurnEvent};
use tonny_supervisor::{Failure, Permit};

use super::desk::Desk;
use super::owner::Owner;
use super::targets::{BYTES_PER_TOKEN, Candidate};
use super::told;
use super::view::NoticeView;

/// An attempt that was let through, as the judge hands it over.
pub struct Opened {
    /// Its place in the list.
    pub target: usize,
    /// Its row in the ledger.
    pub seq: Option<i64>,
    /// Tokens of the question, from above.
    pub input_tokens: u64,
    /// What it costs at worst.
    pub worst: Option<Cost>,
    /// Leave to send it.
    pub permit: Permit,
    /// What stands for what.
    pub values: Placeholders,
    /// What reads its answer.
    pub hold_back: Option<HoldBack>,
}

/// What the clerk was told by the judge.
pub enum Verdict {
    /// It may go.
    Opened(Box<Opened>),
    /// It may not; the row of it.
    Refused(Box<Row>),
}

/// What is to be shown.
#[derive(Debug)]
pub enum Said {
    /// This target is asked now.
    Asking(usize),
    /// More of the answer.
    Text(String),
    /// More of what the model thinks.
    Reasoning(String),
    /// An attempt failed, and another one follows.
    Notice(NoticeView),
    /// The end.
    End(End),
}

/// How a turn ended.
#[derive(Debug)]
pub struct End {
    /// Complete, and why it ended; or what went wrong.
    pub outcome: Result<Finish, Fault>,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// What all attempts cost; none where a price is not known.
    pub cost: Option<Cost>,
    /// Whether something was counted here.
    pub is_estimated: bool,
}

/// The attempt that runs.
struct Running {
    opened: Opened,
    /// Gone when the answer ended.
    hold_back: Option<HoldBack>,
    /// What a model thinks is shown and kept like what it says.
    thoughts_held: Option<HoldBack>,
    texts: Restorer,
    thoughts: Restorer,
    usage: Option<Usage>,
    /// Bytes of its words.
    heard: u64,
}

/// One turn's.
pub struct Clerk<'a> {
    desk: &'a Desk,
    owner: &'a Owner,
    candidates: &'a [Candidate],
    verdicts: mpsc::UnboundedReceiver<Verdict>,
    /// Conversation and answer, for the ledger's rows.
    about: (String, String),
    running: Option<Running>,
    /// Over, with its bytes, until it is told how.
    over: Option<(Running, u64)>,
    target: usize,
    usage: Usage,
    cost: Option<Cost>,
    is_estimated: bool,
}

impl<'a> Clerk<'a> {
    pub fn new(
        desk: &'a Desk,
        owner: &'a Owner,
        candidates: &'a [Candidate],
        verdicts: mpsc::UnboundedReceiver<Verdict>,
        about: (String, String),
    ) -> Self {
        let (usage, cost) = (Usage::default(), Some(Cost::ZERO));
        let (running, over) = (None, None);
        Self {
            desk,
            owner,
            candidates,
            verdicts,
            about,
            running,
            over,
            target: 0,
            usage,
            cost,
            is_estimated: false,
        }
    }

    /// What of an event is to be shown. An answer that cannot be read for what it must not hold is cut.
    pub async fn hear(&mut self, event: TurnEvent) -> Vec<Said> {
        self.take_verdicts().await;
        match event {
            TurnEvent::Started { target, .. } => {
                self.target = target;
                vec![Said::Asking(target)]
            }
            TurnEvent::Text(text) => self.heard(&text).map(Said::Text).into_iter().collect(),
            TurnEvent::Reasoning(text) => self.thought(&text).map(Said::Reasoning).into_iter().collect(),
            TurnEvent::Usage(usage) => {
                if let Some(running) = &mut self.running {
                    running.usage = Some(usage);
                }
                Vec::new()
            }
            TurnEvent::Heartbeat => {
                if let Some(running) = &self.running {
                    running.opened.permit.progress();
                }
                Vec::new()
            }
            TurnEvent::Ended { received, used_up } => {
                if let Some(free_in) = used_up {
                    self.owner.used_up(self.candidates[self.target].lane(), free_in).await;
                }
                self.ended(received)
            }
            TurnEvent::Notice { fault, then } => {
                let to = match then {
                    Then::Switched { to } | Then::Continued { to } => to,
                    Then::Again { .. } => self.target,
                };
                let notice =
                    told::failed(&self.candidates[self.target], &fault, Some((then, &self.candidates[to])));
                self.settle(Err(&fault)).await;
                vec![Said::Notice(notice)]
            }
            TurnEvent::Done(finish) => {
                self.settle(Ok(())).await;
                vec![Said::End(self.end(Ok(finish)))]
            }
            TurnEvent::Interrupted { fault, .. } => {
                self.settle(Err(&fault)).await;
                vec![Said::End(self.end(Err(fault)))]
            }
        }
    }

    fn heard(&mut self, text: &str) -> Option<String> {
        let running = self.running.as_mut()?;
        running.opened.permit.progress();
        running.heard += text.len() as u64;
        // What cannot be looked through stays held; the rest of the answer does, too.
        let passed = running.hold_back.as_mut()?.feed(text).unwrap_or_default();
        let text = running.texts.feed(&running.opened.values, &passed);
        (!text.is_empty()).then_some(text)
    }

    fn thought(&mut self, text: &str) -> Option<String> {
        let running = self.running.as_mut()?;
        running.opened.permit.progress();
        let passed = running.thoughts_held.as_mut()?.feed(text).unwrap_or_default();
        let text = running.thoughts.feed(&running.opened.values, &passed);
        (!text.is_empty()).then_some(text)
    }

    /// The rest of what was held back.
    fn ended(&mut self, received: u64) -> Vec<Said> {
        let Some(mut running) = self.running.take() else { return Vec::new() };
        let held = running.hold_back.take().and_then(|held| held.finish().ok()).unwrap_or_default();
        let mut text = running.texts.feed(&running.opened.values, &held);
        text.push_str(&std::mem::take(&mut running.texts).finish());
        let held = running.thoughts_held.take().and_then(|held| held.finish().ok()).unwrap_or_default();
        let mut thoughts = running.thoughts.feed(&running.opened.values, &held);
        thoughts.push_str(&std::mem::take(&mut running.thoughts).finish());
        self.over = Some((running, received));
        let said = |text: String, as_what: fn(String) -> Said| (!text.is_empty()).then(|| as_what(text));
        said(text, Said::Text).into_iter().chain(said(thoughts, Said::Reasoning)).collect()
    }

    async fn take_verdicts(&mut self) {
        while let Ok(verdict) = self.verdicts.try_recv() {
            match verdict {
                Verdict::Opened(mut opened) => {
                    let (texts, thoughts) = (Restorer::default(), Restorer::default());
                    let hold_back = opened.hold_back.take();
                    let thoughts_held = hold_back.clone();
                    self.running = Some(Running {
                        opened: *opened,
                        hold_back,
                        thoughts_held,
                        texts,
                        thoughts,
                        usage: None,
                        heard: 0,
                    });
                }
                Verdict::Refused(row) => self.desk.write_down(&row, &self.about).await,
            }
        }
    }

    /// Pays, writes down, and tells the lane how it went.
    async fn settle(&mut self, outcome: Result<(), &Fault>) {
        let Some((running, received)) = self.over.take() else { return };
        let Running { opened, usage, heard, .. } = running;
        let candidate = &self.candidates[opened.target];
        let is_estimated = usage.is_none();
        let counted = || Usage {
            input: opened.input_tokens,
            output: heard.div_ceil(BYTES_PER_TOKEN),
            ..Usage::default()
        };
        let usage = usage.unwrap_or_else(counted);
        let price = candidate.record.as_ref().and_then(|record| record.price.as_ref());
        let cost =
            if candidate.is_local() { Some(Cost::ZERO) } else { price.map(|price| cost(price, &usage)) };
        let came = Outcome {
            bytes_in: received,
            tokens: usage,
            // Without a price the worst that was set aside is the best that is known.
            cost: cost.or(opened.worst),
            is_estimated,
            fault: outcome.err().map(|fault| fault.code),
        };
        if let Some(seq) = opened.seq {
            self.desk.settle_row(seq, &came).await;
        }
        match outcome {
            Ok(()) => opened.permit.succeeded(),
            Err(fault) => {
                let failure = self.owner.failed(candidate.lane(), fault.clone()).await;
                end_permit(opened.permit, fault, failure);
            }
        }
        self.usage = sum(self.usage, usage);
        self.cost = self.cost.zip(cost).map(|(one, other)| one.plus(other));
        self.is_estimated |= is_estimated;
    }

    /// Settles what nobody told the end of: a row must not stay open, nor its money set aside.
    pub async fn close(mut self) {
        self.take_verdicts().await;
        if self.over.is_none() {
            self.over = self.running.take().map(|running| (running, 0));
        }
        let broken_off = Fault::new(FaultCode::STREAM_INTERRUPTED, "");
        self.settle(Err(&broken_off)).await;
    }

    fn end(&self, outcome: Result<Finish, Fault>) -> End {
        let Self { usage, cost, is_estimated, .. } = *self;
        End { outcome, usage, cost, is_estimated }
    }
}

fn end_permit(permit: Permit, fault: &Fault, failure: Option<Failure>) {
    match failure {
        Some(failure) => permit.failed(failure),
        None if fault.code == FaultCode::CANCELLED_BY_USER => permit.failed(Failure::Cancelled),
        // It answered, if only with a refusal.
        None => permit.succeeded(),
    }
}

fn cost(price: &Price, usage: &Usage) -> Cost {
    price.cost(usage, CacheLife::default())
}

fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        input: one.input + other.input,
        cache_read: one.cache_read + other.cache_read,
        cache_write: one.cache_write + other.cache_write,
        output: one.output + other.output,
        reasoning: one.reasoning + other.reasoning,
    }
}
