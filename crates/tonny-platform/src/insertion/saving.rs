//! Reads a selection in all its formats, so that it can be put back as it was.
//!
//! All or nothing: a selection that is too large, too slow or made of server resources is reported as such and left
//! untouched by whoever asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use x11rb::NONE;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{Atom, ConnectionExt as _, GetPropertyReply, Property, Timestamp};

use super::chord::Selection;
use super::contents::{Contents, Format};
use super::desk::{Desk, Fault};
use super::offers::{Offers, name};

/// Together with the paste itself this must not feel like waiting.
const PATIENCE: Duration = Duration::from_millis(500);
/// A 4K screenshot without compression is 32 MiB; beyond twice that the copy costs more than it is worth.
const LARGEST: usize = 64 * 1024 * 1024;
/// Formats that hold ids of server resources: they mean nothing once their owner frees them, and programs that offer
/// them offer the same as bytes.
const RESOURCES: &[&[u8]] =
    &[b"PIXMAP", b"BITMAP", b"DRAWABLE", b"COLORMAP", b"WINDOW", b"FOREGROUND", b"BACKGROUND"];

/// What a selection held.
#[derive(Clone, Debug)]
pub enum Saved {
    /// It had no owner.
    Empty,
    /// All of it.
    Full(Arc<Contents>),
    /// It cannot be put back as it was, so it must not be touched.
    Incomplete,
}

enum Answer {
    Value(Format),
    Refused,
    /// Too late or too large.
    GivenUp,
}

/// Reads the selection.
pub fn save(desk: &mut Desk, offers: &mut Offers, selection: Selection) -> Result<Saved, Fault> {
    if let Some(ours) = offers.held(desk, selection)? {
        return Ok(Saved::Full(ours));
    }
    if desk.conn.get_selection_owner(name(selection, desk))?.reply()?.owner == NONE {
        return Ok(Saved::Empty);
    }
    let time = desk.server_time()?;
    let mut reading =
        Reading { desk, offers, selection, time, deadline: Instant::now() + PATIENCE, left: LARGEST };
    reading.all()
}

struct Reading<'a> {
    desk: &'a mut Desk,
    offers: &'a mut Offers,
    selection: Selection,
    /// Of every request of this reading, which tells its answers from those of an earlier one that came too late.
    time: Timestamp,
    deadline: Instant,
    /// Bytes that may still come.
    left: usize,
}

impl Reading<'_> {
    fn all(&mut self) -> Result<Saved, Fault> {
        let Answer::Value(targets) = self.fetch(self.desk.atoms.TARGETS)? else {
            return Ok(Saved::Incomplete);
        };
        let (words, _) = targets.bytes.as_chunks::<4>();
        let targets: Vec<Atom> = words.iter().map(|word| Atom::from_ne_bytes(*word)).collect();
        let mut contents = Contents::default();
        for target in targets {
            if !self.is_content(target)? || contents.format(target).is_some() {
                continue;
            }
            match self.fetch(target)? {
                Answer::Value(format) => contents.formats.push(format),
                // Announced but refused: whoever had asked for it would have been refused as well.
                Answer::Refused => {}
                Answer::GivenUp => return Ok(Saved::Incomplete),
            }
        }
        let any = !contents.formats.is_empty();
        Ok(if any { Saved::Full(Arc::new(contents)) } else { Saved::Incomplete })
    }

    /// Whether a target names content, not a question to the owner, a side effect or a server resource.
    fn is_content(&self, target: Atom) -> Result<bool, Fault> {
        let atoms = &self.desk.atoms;
        let questions = [
            NONE,
            atoms.TARGETS,
            atoms.TIMESTAMP,
            atoms.MULTIPLE,
            atoms.SAVE_TARGETS,
            atoms.DELETE,
            atoms.INSERT_SELECTION,
            atoms.INSERT_PROPERTY,
        ];
        if questions.contains(&target) {
            return Ok(false);
        }
        let name = super::desk::foreign(self.desk.conn.get_atom_name(target)?.reply())?;
        Ok(name.is_some_and(|name| !RESOURCES.contains(&name.name.as_slice())))
    }

    fn fetch(&mut self, target: Atom) -> Result<Answer, Fault> {
        let (property, window) = (self.desk.atoms.TONNY_READ, self.desk.window);
        let selection = name(self.selection, self.desk);
        self.desk.conn.delete_property(window, property)?;
        self.desk.conn.convert_selection(window, selection, target, property, self.time)?;
        let time = self.time;
        let notify = self.wait(|event| match event {
            Event::SelectionNotify(e) => (e.target == target && e.time == time).then_some(e.property),
            _ => None,
        })?;
        match notify {
            None => return Ok(Answer::GivenUp),
            Some(NONE) => return Ok(Answer::Refused),
            Some(_) => {}
        }
        let first = self.desk.take_own(property)?;
        if first.type_ == self.desk.atoms.INCR {
            return self.pieces(target);
        }
        let mut format = Format { target, type_: first.type_, bits: first.format, bytes: Vec::new() };
        Ok(if self.take(&mut format, first) { Answer::Value(format) } else { Answer::GivenUp })
    }

    /// INCR (ICCCM 2.7.2): a piece each time the property appears, an empty one ends.
    fn pieces(&mut self, target: Atom) -> Result<Answer, Fault> {
        let (property, window) = (self.desk.atoms.TONNY_READ, self.desk.window);
        let mut format = Format { target, type_: NONE, bits: 8, bytes: Vec::new() };
        loop {
            let came = self.wait(|event| match event {
                Event::PropertyNotify(e) => {
                    (e.window == window && e.atom == property && e.state == Property::NEW_VALUE).then_some(())
                }
                _ => None,
            })?;
            if came.is_none() {
                return Ok(Answer::GivenUp);
            }
            let piece = self.desk.take_own(property)?;
            if piece.type_ == NONE || piece.type_ == self.desk.atoms.INCR {
                // The announcement's own event, seen after it was read.
                continue;
            }
            if format.type_ == NONE {
                (format.type_, format.bits) = (piece.type_, piece.format);
            }
            if piece.value.is_empty() {
                return Ok(Answer::Value(format));
            }
            if !self.take(&mut format, piece) {
                return Ok(Answer::GivenUp);
            }
        }
    }

    fn take(&mut self, format: &mut Format, mut piece: GetPropertyReply) -> bool {
        if piece.value.len() > self.left || piece.bytes_after > 0 {
            return false;
        }
        self.left -= piece.value.len();
        format.bytes.append(&mut piece.value);
        true
    }

    /// Serves others until the wanted event comes or time is up.
    fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> Result<Option<T>, Fault> {
        while let Some(event) = self.desk.next_event(Some(self.deadline), None)? {
            self.offers.handle(self.desk, &event)?;
            if let Some(found) = wanted(&event) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
