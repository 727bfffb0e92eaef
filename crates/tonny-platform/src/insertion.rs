//! Text into the focused window of an X11 display: core's insertion port.
//!
//! One thread owns a connection to the display with the selections we offer, because whoever owns a selection must
//! answer for it at any time; orders reach it through a channel. A second connection only looks at the focus, so that
//! asking for it never waits for an insertion. Own code rather than a paste library: receipts, the clipboard as a
//! transaction, and keys that always come up are what this product is for.
//!
//! Start reading at `deliver` in delivery.rs. Must not know: what is said, where it came from, how outcomes are shown.

mod chord;
mod contents;
mod delivery;
mod desk;
mod focus;
mod keys;
pub(crate) mod layout;
mod offers;
mod receipt;
mod saving;
mod session;
mod typing;

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use tonny_core::ports::{Delivery, InsertionWish, Target, TextInsertion};
use tonny_core::problem::{Code, Problem};

use desk::{Desk, Fault};
use session::Session;

/// What the thread is asked to do, with where the answer goes.
enum Order {
    Insert { text: String, wish: InsertionWish, answer: Sender<Delivery> },
    Copy { text: String, answer: Sender<Result<(), Problem>> },
}

/// Insertion on an X11 display. Dropping it gives back what is owed and ends its thread.
pub struct X11Insertion {
    orders: Option<Sender<Order>>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    eyes: Mutex<Desk>,
}

impl X11Insertion {
    /// Connects to the display of the environment.
    pub fn connect() -> Result<Self, Problem> {
        Self::open(None).map_err(failed)
    }

    /// Connects to a display by its name, such as `:99`.
    pub fn connect_to(display: &str) -> Result<Self, Problem> {
        Self::open(Some(display)).map_err(failed)
    }

    fn open(display: Option<&str>) -> Result<Self, Fault> {
        let eyes = Mutex::new(Desk::connect(display)?);
        let session = Session::new(Desk::connect(display)?);
        let (orders, received) = channel();
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let woken = Arc::clone(&wake);
        let thread = std::thread::Builder::new().name("insertion".to_owned()).spawn(move || {
            if let Err(fault) = run(session, &received, &woken) {
                tracing::error!(%fault, "insertion ended");
            }
        })?;
        Ok(Self { orders: Some(orders), wake, thread: Some(thread), eyes })
    }

    /// Sends an order and waits for its answer; a thread that has ended gives none.
    fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order) -> Option<T> {
        let (answer, answered) = channel();
        self.orders.as_ref()?.send(order(answer)).ok()?;
        self.ring();
        answered.recv().ok()
    }

    fn ring(&self) {
        // The counter can only be full if it was rung before and not heard yet.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

impl TextInsertion for X11Insertion {
    fn target(&self) -> Option<Target> {
        let mut eyes = self.eyes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = focus::focused(&eyes);
        // News of keyboard maps go to every connection and would pile up in this one.
        while let Ok(Some(_)) = eyes.next_event(Some(std::time::Instant::now()), None) {}
        found.inspect_err(|fault| tracing::warn!(%fault, "the focus is not known")).ok().flatten()
    }

    fn insert(&self, text: &str, wish: &InsertionWish) -> Delivery {
        self.ask(|answer| Order::Insert { text: text.to_owned(), wish: wish.clone(), answer })
            .unwrap_or_else(|| Delivery::Failed(gone()))
    }

    fn copy(&self, text: &str) -> Result<(), Problem> {
        self.ask(|answer| Order::Copy { text: text.to_owned(), answer }).unwrap_or_else(|| Err(gone()))
    }
}

impl Drop for X11Insertion {
    fn drop(&mut self) {
        self.orders = None;
        self.ring();
        if let Some(thread) = self.thread.take() {
            // It has reported its own end already.
            let _ = thread.join();
        }
    }
}

fn run(mut session: Session, orders: &Receiver<Order>, wake: &OwnedFd) -> Result<(), Fault> {
    loop {
        match orders.try_recv() {
            Ok(order) => carry_out(&mut session, order)?,
            Err(TryRecvError::Disconnected) => return session.leave(),
            Err(TryRecvError::Empty) => {
                session.serve_once(wake)?;
                // Only the ringing matters, not how often.
                let _ = rustix::io::read(wake, &mut [0_u8; 8]);
            }
        }
    }
}

/// Answers every order, then reports a fault that ends the thread. The caller may have gone: nobody to tell then.
fn carry_out(session: &mut Session, order: Order) -> Result<(), Fault> {
    match order {
        Order::Insert { text, wish, answer } => {
            let outcome = delivery::deliver(session, &text, &wish);
            let (delivery, end) = split(outcome, Delivery::Failed);
            let _ = answer.send(delivery);
            end
        }
        Order::Copy { text, answer } => {
            let outcome = session.copy(&text, None).map(|ours| match ours {
                true => Ok(()),
                false => Err(Problem::with(Code::InsertFailed, "Another program keeps the clipboard")),
            });
            let (copied, end) = split(outcome, Err);
            let _ = answer.send(copied);
            end
        }
    }
}

/// What to answer, and whether the thread can go on: only a broken connection ends it.
fn split<T>(outcome: Result<T, Fault>, failed_with: impl FnOnce(Problem) -> T) -> (T, Result<(), Fault>) {
    match outcome {
        Ok(value) => (value, Ok(())),
        Err(fault) => {
            tracing::warn!(%fault, "an insertion failed");
            let ends = matches!(fault, Fault::Connection(_) | Fault::Poll(_));
            let problem = Problem::with(Code::InsertFailed, &fault);
            (failed_with(problem), if ends { Err(fault) } else { Ok(()) })
        }
    }
}

fn failed(fault: Fault) -> Problem {
    Problem::with(Code::InsertFailed, fault)
}

fn gone() -> Problem {
    Problem::with(Code::InsertFailed, "The display is gone")
}
