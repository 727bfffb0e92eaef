//! One insertion from wish to outcome: is the target there, are the keys up, paste or type, and what to say.
//!
//! A paste is a transaction: save the selection, offer the text, strike the paste keys, wait for the target's receipt,
//! give the selection back. Without a receipt the offer is withdrawn before the text is left on the clipboard, so the
//! text never arrives twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonny_core::ports::{Delivery, InsertionMethod, InsertionWish, Target};
use tonny_core::problem::{Code, Problem};
use x11rb::protocol::xproto::Window;

use super::chord::{Selection, chord};
use super::contents::{Contents, is_text};
use super::desk::Fault;
use super::focus::{focused, input_focus, is_there, program};
use super::keys::{Keyboard, down};
use super::offers::{Fetch, Refusal};
use super::receipt::Program;
use super::saving::{Saved, save};
use super::session::{Debt, Session};
use super::typing::{Typed, strike_chord, type_text};

/// How often held keys are looked at. The server tells nobody about keys another program has grabbed, so it is asked.
const KEY_POLL: Duration = Duration::from_millis(5);
/// A program that fetched but never removes the property (against ICCCM 2.2) has received all the same.
const REMOVAL_WAIT: Duration = Duration::from_millis(150);
/// A program that hangs may get to its paste key late and ask without saying when the key was struck. For this long it
/// is told that there is nothing; after it the user's own paste is served.
const REFUSE_FOR: Duration = Duration::from_secs(2);

/// A program that takes a large text in pieces is waited for as long as it takes one at least this often.
const PIECE_WAIT: Duration = Duration::from_millis(500);

enum Pasted {
    Received,
    NotReceived,
    /// The selection could not be saved, or there are no paste keys: nothing was touched.
    NotTried,
}

/// Carries out a wish.
pub fn deliver(session: &mut Session, text: &str, wish: &InsertionWish) -> Result<Delivery, Fault> {
    session.settle()?;
    if !released(session, wish.modifier_wait)? {
        return leave_on_clipboard(session, text, Code::ModifiersHeld, None);
    }
    if let Some(target) = &wish.target
        && !is_there(&session.desk, target)?
    {
        return leave_on_clipboard(session, text, Code::TargetGone, None);
    }
    let Some(target) = focused(&session.desk)? else {
        return leave_on_clipboard(session, text, Code::NoFocus, None);
    };
    // An empty paste is never fetched; typing nothing is simply done.
    if wish.method != InsertionMethod::Type && !text.is_empty() {
        let programs = programs(session, &target)?;
        match paste(session, text, &target, &programs, wish.receipt_wait)? {
            Pasted::Received => return Ok(Delivery::Inserted { by: InsertionMethod::Paste }),
            Pasted::NotReceived => {
                let refusal = Refusal { programs, until: Instant::now() + REFUSE_FOR };
                return leave_on_clipboard(session, text, Code::NotProven, Some(refusal));
            }
            Pasted::NotTried => {
                tracing::debug!(class = target.class, "the clipboard cannot be saved: typing")
            }
        }
    }
    match type_text(session, text)? {
        Typed::All => Ok(Delivery::Inserted { by: InsertionMethod::Type }),
        Typed::FocusMoved | Typed::NoKey => leave_on_clipboard(session, text, Code::NotProven, None),
    }
}

/// Waits until no modifier is in effect and every key that is down now has come up.
fn released(session: &mut Session, patience: Duration) -> Result<bool, Fault> {
    let deadline = Instant::now() + patience;
    let keyboard = Keyboard::read(&session.desk)?;
    let hotkey = down(&session.desk)?;
    while !keyboard.is_free(&session.desk, &hotkey)? {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        session.serve_until(Instant::now() + KEY_POLL)?;
    }
    Ok(true)
}

/// The programs whose fetch is a receipt: the focused window's, and that of the child which gets the keys, which may be
/// another one where windows are embedded.
fn programs(session: &Session, target: &Target) -> Result<Vec<Program>, Fault> {
    let mut windows = vec![input_focus(&session.desk)?];
    windows.extend(Window::try_from(target.window));
    windows.retain(|window| *window > 1 && *window != session.desk.root);
    windows.into_iter().map(|window| program(&session.desk, window)).collect()
}

fn paste(
    session: &mut Session,
    text: &str,
    target: &Target,
    programs: &[Program],
    patience: Duration,
) -> Result<Pasted, Fault> {
    let chord = chord(&target.class);
    let before = save(&mut session.desk, &mut session.offers, chord.selection)?;
    if matches!(before, Saved::Incomplete) {
        return Ok(Pasted::NotTried);
    }
    let debt = Debt { selection: chord.selection, before };
    let contents = Contents::text(text, &session.desk.atoms).passing_through(&session.desk.atoms);
    if !session.offers.own(&mut session.desk, chord.selection, Arc::new(contents), None)? {
        return Ok(Pasted::NotTried);
    }
    // Whoever looks at every new clipboard is served before the keys are struck, and is so no receipt.
    session.serve_until(Instant::now())?;
    session.offers.fetches.clear();
    let struck = Instant::now();
    if strike_chord(session, chord.modifiers, chord.key)? != Typed::All {
        session.give_back(debt)?;
        return Ok(Pasted::NotTried);
    }
    let received = wait_for_receipt(session, chord.selection, programs, struck + patience)?;
    if let Some(requestor) = received {
        tracing::debug!(class = target.class, ms = struck.elapsed().as_secs_f32() * 1000.0, "paste received");
        session.owe(debt, requestor);
        return Ok(Pasted::Received);
    }
    // What is left on the clipboard replaces it; only PRIMARY is given back.
    if chord.selection == Selection::Primary {
        session.give_back(debt)?;
    }
    Ok(Pasted::NotReceived)
}

/// The window that received the paste, or nothing at the deadline.
fn wait_for_receipt(
    session: &mut Session,
    selection: Selection,
    programs: &[Program],
    mut deadline: Instant,
) -> Result<Option<Window>, Fault> {
    loop {
        let now = Instant::now();
        let mut wake = deadline;
        for fetch in theirs(session, selection, programs)? {
            let written_whole = !fetch.in_pieces && (fetch.at + REMOVAL_WAIT <= now || deadline <= now);
            if fetch.taken || written_whole {
                return Ok(Some(fetch.requestor));
            }
            if let Some(last) = session.offers.last_piece(&fetch) {
                deadline = deadline.max(last + PIECE_WAIT);
            }
            wake = deadline.min(fetch.at.max(now) + REMOVAL_WAIT);
        }
        if deadline <= now {
            break;
        }
        if let Some(event) = session.desk.next_event(Some(wake), None)? {
            session.offers.handle(&session.desk, &event)?;
        }
    }
    for fetch in theirs(session, selection, programs)? {
        session.offers.stop(&fetch);
    }
    Ok(None)
}

/// The fetches of text by one of `programs`. Clipboard histories are served as well, but are not among them.
fn theirs(session: &Session, selection: Selection, programs: &[Program]) -> Result<Vec<Fetch>, Fault> {
    let atoms = &session.desk.atoms;
    let text =
        session.offers.fetches.iter().filter(|it| it.selection == selection && is_text(it.target, atoms));
    let mut found = Vec::new();
    for fetch in text {
        let asking = program(&session.desk, fetch.requestor)?;
        if programs.iter().any(|program| program.is(&asking)) {
            found.push(*fetch);
        }
    }
    Ok(found)
}

fn leave_on_clipboard(
    session: &mut Session,
    text: &str,
    why: Code,
    refusal: Option<Refusal>,
) -> Result<Delivery, Fault> {
    Ok(match session.copy(text, refusal)? {
        true => Delivery::Copied(Problem::of(why)),
        false => Delivery::Failed(Problem::with(Code::InsertFailed, "Another program keeps the clipboard")),
    })
}
