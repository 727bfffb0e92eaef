//! The selections we own, and the answers to whoever fetches them.
//!
//! Owns: what is offered on CLIPBOARD and PRIMARY, transfers under way, and the record of fetches since the last paste
//! (the receipts are read from it). Rules are ICCCM 2 ("Peer-to-peer communication by means of selections").
//! Knows nothing of why something is offered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use x11rb::NONE;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Timestamp, Window,
};
use x11rb::wrapper::ConnectionExt as _;

use super::chord::Selection;
use super::contents::Contents;
use super::desk::{Desk, Fault, is_removal};
use super::focus::program;
use super::receipt::Program;

/// Larger answers go in pieces (INCR): servers limit one request, some of them to 256 KiB.
const PIECE: usize = 192 * 1024;
/// A requestor that takes no piece for this long has died half-way.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(10);

/// Fetches remembered at most. A paste causes a handful; programs that look at the clipboard all day must not fill memory.
const REMEMBERED: usize = 256;

/// One fetch of a selection that was answered with content.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    pub selection: Selection,
    pub target: Atom,
    pub requestor: Window,
    /// When the answer, or its first piece, was written.
    pub at: Instant,
    /// Whether it goes in pieces.
    pub in_pieces: bool,
    /// The requestor removed the last property we wrote: it has read everything.
    pub taken: bool,
    property: Atom,
}

/// A program that is not served for a while: its paste was given up, and must not come late as a second insertion.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub programs: Vec<Program>,
    pub until: Instant,
}

struct Offer {
    contents: Arc<Contents>,
    since: Timestamp,
    refusal: Option<Refusal>,
}

/// A property we wrote on somebody's window and wait to see removed.
struct Transfer {
    requestor: Window,
    property: Atom,
    /// What follows in pieces: the content, which format of it, how far it got.
    rest: Option<(Arc<Contents>, usize, usize)>,
    touched: Instant,
}

impl Transfer {
    fn is_of(&self, fetch: &Fetch) -> bool {
        self.requestor == fetch.requestor && self.property == fetch.property
    }
}

/// Everything offered.
#[derive(Default)]
pub struct Offers {
    clipboard: Option<Offer>,
    primary: Option<Offer>,
    transfers: Vec<Transfer>,
    /// Since it was last cleared.
    pub fetches: Vec<Fetch>,
}

/// The selection's name on the wire.
pub fn name(selection: Selection, desk: &Desk) -> Atom {
    match selection {
        Selection::Clipboard => desk.atoms.CLIPBOARD,
        Selection::Primary => AtomEnum::PRIMARY.into(),
    }
}

impl Offers {
    /// Takes the selection with `contents`. False if the server gave it to somebody else.
    pub fn own(
        &mut self,
        desk: &mut Desk,
        selection: Selection,
        contents: Arc<Contents>,
        refusal: Option<Refusal>,
    ) -> Result<bool, Fault> {
        let since = desk.server_time()?;
        let atom = name(selection, desk);
        desk.conn.set_selection_owner(desk.window, atom, since)?;
        let ours = desk.conn.get_selection_owner(atom)?.reply()?.owner == desk.window;
        *self.slot(selection) = ours.then_some(Offer { contents, since, refusal });
        Ok(ours)
    }

    /// Leaves the selection without an owner.
    pub fn disown(&mut self, desk: &mut Desk, selection: Selection) -> Result<(), Fault> {
        *self.slot(selection) = None;
        let now = desk.server_time()?;
        desk.conn.set_selection_owner(NONE, name(selection, desk), now)?;
        desk.conn.flush()?;
        Ok(())
    }

    /// What we offer there, if the selection is still ours by the server's word.
    pub fn held(&mut self, desk: &Desk, selection: Selection) -> Result<Option<Arc<Contents>>, Fault> {
        let owner = desk.conn.get_selection_owner(name(selection, desk))?.reply()?.owner;
        if owner != desk.window {
            *self.slot(selection) = None;
        }
        Ok(self.slot(selection).as_ref().map(|offer| Arc::clone(&offer.contents)))
    }

    /// When the last piece of a fetch under way was written.
    pub fn last_piece(&self, fetch: &Fetch) -> Option<Instant> {
        let mut transfers = self.transfers.iter().filter(|it| it.rest.is_some());
        transfers.find(|it| it.is_of(fetch)).map(|it| it.touched)
    }

    /// Writes no further pieces for a fetch: its paste was given up.
    pub fn stop(&mut self, fetch: &Fetch) {
        self.transfers.retain(|it| !it.is_of(fetch));
    }

    /// Does what an event asks for, if it is about selections.
    pub fn handle(&mut self, desk: &Desk, event: &Event) -> Result<(), Fault> {
        match event {
            Event::SelectionRequest(request) => self.answer(desk, request)?,
            Event::SelectionClear(clear) => {
                for selection in [Selection::Clipboard, Selection::Primary] {
                    let slot = self.slot(selection);
                    let over = slot.as_ref().is_some_and(|offer| !is_before(clear.time, offer.since));
                    if name(selection, desk) == clear.selection && over {
                        *slot = None;
                    }
                }
            }
            Event::PropertyNotify(e) if is_removal(e.state) => self.go_on(desk, e.window, e.atom)?,
            Event::DestroyNotify(e) => self.transfers.retain(|it| it.requestor != e.window),
            _ => {}
        }
        Ok(())
    }

    fn slot(&mut self, selection: Selection) -> &mut Option<Offer> {
        match selection {
            Selection::Clipboard => &mut self.clipboard,
            Selection::Primary => &mut self.primary,
        }
    }

    fn answer(&mut self, desk: &Desk, request: &SelectionRequestEvent) -> Result<(), Fault> {
        self.drop_dead(desk)?;
        // Obsolete clients name no property and mean the target (ICCCM 2.2).
        let property = if request.property == NONE { request.target } else { request.property };
        let selection = [Selection::Clipboard, Selection::Primary]
            .into_iter()
            .find(|selection| name(*selection, desk) == request.selection);
        let mut written = false;
        if let Some(selection) = selection
            && self.may_have(desk, selection, request)?
        {
            written = if request.target == desk.atoms.MULTIPLE {
                self.write_each(desk, selection, request.requestor, property)?
            } else {
                self.write(desk, selection, request.requestor, request.target, property)?
            };
        }
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if written { property } else { NONE },
        };
        desk.conn.send_event(false, request.requestor, EventMask::NO_EVENT, notify)?;
        desk.conn.flush()?;
        Ok(())
    }

    /// ICCCM 2.2: a request from before our time is refused. That also stops a late answer to a paste that was given
    /// up, as far as the program says when its key was struck; programs that do not are refused for a while.
    fn may_have(
        &mut self,
        desk: &Desk,
        selection: Selection,
        request: &SelectionRequestEvent,
    ) -> Result<bool, Fault> {
        let Some(offer) = self.slot(selection) else { return Ok(false) };
        if request.time != x11rb::CURRENT_TIME {
            return Ok(!is_before(request.time, offer.since));
        }
        let Some(refusal) = &offer.refusal else { return Ok(true) };
        if refusal.until <= Instant::now() {
            offer.refusal = None;
            return Ok(true);
        }
        let asking = program(desk, request.requestor)?;
        Ok(!refusal.programs.iter().any(|program| program.is(&asking)))
    }

    fn write(
        &mut self,
        desk: &Desk,
        selection: Selection,
        requestor: Window,
        target: Atom,
        property: Atom,
    ) -> Result<bool, Fault> {
        let (conn, atoms) = (&desk.conn, &desk.atoms);
        let Some(offer) = self.slot(selection) else { return Ok(false) };
        if target == atoms.TARGETS {
            let mut targets = vec![atoms.TARGETS, atoms.TIMESTAMP, atoms.MULTIPLE];
            targets.extend(offer.contents.formats.iter().map(|format| format.target));
            conn.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &targets)?;
            return Ok(true);
        }
        if target == atoms.TIMESTAMP {
            let since = [offer.since];
            conn.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::INTEGER, &since)?;
            return Ok(true);
        }
        if target == atoms.SAVE_TARGETS {
            // A side effect without content (ICCCM 2.6.3): there is nothing more to save than what is offered.
            conn.change_property32(PropMode::REPLACE, requestor, property, atoms.NULL, &[])?;
            return Ok(true);
        }
        let contents = Arc::clone(&offer.contents);
        let Some(index) = contents.formats.iter().position(|format| format.target == target) else {
            return Ok(false);
        };
        let in_pieces = self.write_content(desk, requestor, property, contents, index)?;
        let at = Instant::now();
        if self.fetches.len() == REMEMBERED {
            self.fetches.remove(0);
        }
        self.fetches.push(Fetch { selection, target, requestor, at, in_pieces, taken: false, property });
        Ok(true)
    }

    /// Writes a format, or announces its pieces. The requestor's removals are watched from before the first byte.
    fn write_content(
        &mut self,
        desk: &Desk,
        requestor: Window,
        property: Atom,
        contents: Arc<Contents>,
        index: usize,
    ) -> Result<bool, Fault> {
        let watch = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY;
        let watch = ChangeWindowAttributesAux::new().event_mask(watch);
        desk.conn.change_window_attributes(requestor, &watch)?;
        let format = &contents.formats[index];
        let in_pieces = format.bytes.len() > PIECE;
        if in_pieces {
            let size = [u32::try_from(format.bytes.len()).unwrap_or(u32::MAX)];
            desk.conn.change_property32(PropMode::REPLACE, requestor, property, desk.atoms.INCR, &size)?;
        } else {
            write_bytes(desk, requestor, property, format.type_, format.bits, &format.bytes)?;
        }
        let rest = in_pieces.then_some((contents, index, 0));
        self.transfers.push(Transfer { requestor, property, rest, touched: Instant::now() });
        Ok(in_pieces)
    }

    /// MULTIPLE: pairs of target and property; a pair that fails gets None as its property (ICCCM 2.6.2).
    fn write_each(
        &mut self,
        desk: &Desk,
        selection: Selection,
        requestor: Window,
        property: Atom,
    ) -> Result<bool, Fault> {
        let Some(wanted) = desk.property(requestor, property)? else { return Ok(false) };
        let Some(mut pairs) = wanted.value32().map(|values| values.collect::<Vec<_>>()) else {
            return Ok(false);
        };
        for pair in pairs.as_chunks_mut::<2>().0 {
            let nested = pair[0] == desk.atoms.MULTIPLE || pair[1] == NONE;
            if nested || !self.write(desk, selection, requestor, pair[0], pair[1])? {
                pair[1] = NONE;
            }
        }
        let kind = desk.atoms.ATOM_PAIR;
        desk.conn.change_property32(PropMode::REPLACE, requestor, property, kind, &pairs)?;
        Ok(true)
    }

    /// The requestor removed what we wrote: the next piece, or the end.
    fn go_on(&mut self, desk: &Desk, requestor: Window, property: Atom) -> Result<(), Fault> {
        let at = self.transfers.iter().position(|it| it.requestor == requestor && it.property == property);
        let Some(at) = at else { return Ok(()) };
        let transfer = &mut self.transfers[at];
        if let Some((contents, index, done)) = &mut transfer.rest {
            let format = &contents.formats[*index];
            let end = format.bytes.len().min(*done + PIECE);
            write_bytes(desk, requestor, property, format.type_, format.bits, &format.bytes[*done..end])?;
            desk.conn.flush()?;
            let was_last = *done == end;
            *done = end;
            transfer.touched = Instant::now();
            if was_last {
                transfer.rest = None;
            }
            return Ok(());
        }
        self.transfers.swap_remove(at);
        for fetch in &mut self.fetches {
            fetch.taken |= fetch.requestor == requestor && fetch.property == property;
        }
        self.unwatch(desk, requestor)
    }

    fn drop_dead(&mut self, desk: &Desk) -> Result<(), Fault> {
        let (dead, alive) =
            self.transfers.drain(..).partition::<Vec<_>, _>(|it| it.touched.elapsed() > TRANSFER_PATIENCE);
        self.transfers = alive;
        dead.iter().try_for_each(|it| self.unwatch(desk, it.requestor))
    }

    /// A window nobody transfers to any more is not listened to: its events would wake us for nothing.
    fn unwatch(&self, desk: &Desk, requestor: Window) -> Result<(), Fault> {
        if self.transfers.iter().all(|it| it.requestor != requestor) {
            let nothing = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
            desk.conn.change_window_attributes(requestor, &nothing)?;
            desk.conn.flush()?;
        }
        Ok(())
    }
}

fn write_bytes(
    desk: &Desk,
    window: Window,
    property: Atom,
    type_: Atom,
    bits: u8,
    bytes: &[u8],
) -> Result<(), Fault> {
    let items = bytes.len() / usize::from(bits / 8).max(1);
    let items = u32::try_from(items).unwrap_or(u32::MAX);
    desk.conn.change_property(PropMode::REPLACE, window, property, type_, bits, items, bytes)?;
    Ok(())
}

/// Server times wrap around after 49.7 days.
fn is_before(a: Timestamp, b: Timestamp) -> bool {
    a.wrapping_sub(b) > u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::is_before;

    #[test]
    fn server_times_wrap() {
        assert!(is_before(10, 11));
        assert!(!is_before(11, 11));
        assert!(!is_before(12, 11));
        assert!(is_before(u32::MAX - 5, 3), "just before the wrap is before just after it");
        assert!(!is_before(3, u32::MAX - 5));
    }
}
