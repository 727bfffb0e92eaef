//! Everything the insertion thread holds between two orders, and what it owes: a clipboard to give back, keys to take
//! back.
//!
//! Owns: the desk, the offers, the debts with their due times. Knows nothing of orders and their answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use x11rb::NONE;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, Window};

use super::chord::Selection;
use super::contents::Contents;
use super::desk::{Desk, Fault};
use super::keys::Lent;
use super::offers::{Fetch, Offers, Refusal};
use super::saving::Saved;

/// After its receipt a program may fetch the same paste again (Chromium does, once per format it considers), so the old
/// clipboard comes back only when it has been quiet this long.
const QUIET: Duration = Duration::from_millis(120);
/// A program that keeps fetching is watching the clipboard, not pasting.
const QUIET_AT_LAST: Duration = Duration::from_secs(1);
/// Programs look up a key's meaning when they get to the event, not when it is sent: a key lent for typing keeps its
/// meaning this long.
const LENT_FOR: Duration = Duration::from_millis(400);
/// A clipboard manager that takes longer to save at our end is not waited for.
const FAREWELL: Duration = Duration::from_millis(500);

/// The selection's content from before a paste.
pub struct Debt {
    pub selection: Selection,
    pub before: Saved,
}

struct Owed {
    debt: Debt,
    received: Instant,
    /// Who received the paste: only its fetches put off the giving back.
    requestor: Window,
}

impl Owed {
    fn due(&self, fetches: &[Fetch]) -> Instant {
        let theirs = fetches.iter().filter(|fetch| fetch.requestor == self.requestor).map(|fetch| fetch.at);
        let quiet = theirs.max().unwrap_or(self.received).max(self.received) + QUIET;
        quiet.min(self.received + QUIET_AT_LAST)
    }
}

/// The thread's state.
pub struct Session {
    pub desk: Desk,
    pub offers: Offers,
    pub lent: Lent,
    debt: Option<Owed>,
    lent_until: Instant,
}

impl Session {
    /// With nothing offered and nothing owed.
    pub fn new(desk: Desk) -> Self {
        let lent_until = Instant::now();
        Self { desk, offers: Offers::default(), lent: Lent::default(), debt: None, lent_until }
    }

    /// Serves whoever asks until `deadline`.
    pub fn serve_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        while let Some(event) = self.desk.next_event(Some(deadline), None)? {
            self.offers.handle(&self.desk, &event)?;
        }
        Ok(())
    }

    /// Serves until `deadline`, an event or `wake`.
    pub fn serve_once(&mut self, wake: &rustix::fd::OwnedFd) -> Result<(), Fault> {
        let debt = self.debt.as_ref().map(|owed| owed.due(&self.offers.fetches));
        let lent = (!self.lent.is_empty()).then_some(self.lent_until);
        let due = debt.into_iter().chain(lent).min();
        if let Some(event) = self.desk.next_event(due, Some(wake))? {
            self.offers.handle(&self.desk, &event)?;
        }
        self.pay(Instant::now())
    }

    /// The paste was received: its clipboard is given back once the program is quiet.
    pub fn owe(&mut self, debt: Debt, requestor: Window) {
        self.debt = Some(Owed { debt, received: Instant::now(), requestor });
    }

    /// Keys were lent and used: they are taken back a little later.
    pub fn keep_lent(&mut self) {
        self.lent_until = Instant::now() + LENT_FOR;
    }

    /// Pays everything now, for whatever comes next starts from a clean desk.
    pub fn settle(&mut self) -> Result<(), Fault> {
        if let Some(owed) = self.debt.take() {
            self.give_back(owed.debt)?;
        }
        self.lent.take_back(&self.desk)
    }

    /// Puts a selection back as it was, unless somebody else has taken it meanwhile.
    pub fn give_back(&mut self, debt: Debt) -> Result<(), Fault> {
        if self.offers.held(&self.desk, debt.selection)?.is_none() {
            return Ok(());
        }
        match debt.before {
            Saved::Full(contents) => {
                self.offers.own(&mut self.desk, debt.selection, contents, None).map(drop)
            }
            Saved::Empty => self.offers.disown(&mut self.desk, debt.selection),
            Saved::Incomplete => Ok(()),
        }
    }

    /// Puts `text` on the clipboard, where it stays. False if the server gave the clipboard to somebody else.
    pub fn copy(&mut self, text: &str, refusal: Option<Refusal>) -> Result<bool, Fault> {
        self.debt = self.debt.take().filter(|owed| owed.debt.selection != Selection::Clipboard);
        let contents = Arc::new(Contents::text(text, &self.desk.atoms));
        self.offers.own(&mut self.desk, Selection::Clipboard, contents, refusal)
    }

    /// Leaves: debts are paid, and a running clipboard manager is asked to keep the clipboard (freedesktop.org
    /// clipboard manager specification).
    pub fn leave(&mut self) -> Result<(), Fault> {
        self.settle()?;
        let (keeper, targets) = (self.desk.atoms.CLIPBOARD_MANAGER, self.desk.atoms.SAVE_TARGETS);
        let no_keeper = self.desk.conn.get_selection_owner(keeper)?.reply()?.owner == NONE;
        if no_keeper || self.offers.held(&self.desk, Selection::Clipboard)?.is_none() {
            return Ok(());
        }
        let (window, property, now) =
            (self.desk.window, self.desk.atoms.TONNY_READ, self.desk.server_time()?);
        self.desk.conn.convert_selection(window, keeper, targets, property, now)?;
        let deadline = Instant::now() + FAREWELL;
        while let Some(event) = self.desk.next_event(Some(deadline), None)? {
            self.offers.handle(&self.desk, &event)?;
            if matches!(&event, Event::SelectionNotify(e) if e.selection == keeper) {
                break;
            }
        }
        Ok(())
    }

    fn pay(&mut self, now: Instant) -> Result<(), Fault> {
        if let Some(owed) = self.debt.take_if(|owed| owed.due(&self.offers.fetches) <= now) {
            self.give_back(owed.debt)?;
        }
        if self.lent_until <= now {
            self.lent.take_back(&self.desk)?;
        }
        Ok(())
    }
}
