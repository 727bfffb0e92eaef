//! Typing: key by key, with spare keys lent to characters the layout does not have.
//!
//! Owns nothing; works on the session. The text counts as typed only if the focus stayed where it was.

use std::time::{Duration, Instant};

use super::desk::Fault;
use super::focus::input_focus;
use super::keys::{FirstLayout, Held, Keyboard, strike};
use super::layout::{Stroke, Sym, syms};
use super::session::Session;

/// Programs hear of a new keyboard map and read it in their own time; a key struck at once would be looked up in the
/// old one.
const MAP_PAUSE: Duration = Duration::from_millis(60);
/// Before a lent key changes its meaning again, the program must have got to the keys struck so far.
const CATCH_UP: Duration = Duration::from_millis(200);
/// Between two keys: programs that handle each key in another process (Electron, remote desktops) fall behind without.
const KEY_PAUSE: Duration = Duration::from_millis(1);

/// How typing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Every key, and the focus stayed.
    All,
    /// The focus moved; what follows was not typed.
    FocusMoved,
    /// There is no key for some character and none to lend it; nothing was typed.
    NoKey,
}

/// Types the text into whatever has the focus.
#[allow(clippy::disallowed_methods, reason = "a pause between two keys; nothing is waited for")]
pub fn type_text(session: &mut Session, text: &str) -> Result<Typed, Fault> {
    let Some(syms) = syms(text) else { return Ok(Typed::NoKey) };
    let keyboard = Keyboard::read(&session.desk)?;
    let spare = keyboard.layout.spare();
    let mapped = |sym: &Sym| keyboard.layout.stroke_for(*sym).is_some();
    if spare.is_empty() && !syms.iter().all(mapped) {
        return Ok(Typed::NoKey);
    }
    let focus = input_focus(&session.desk)?;
    let mut rest = syms.as_slice();
    let mut first = true;
    while !rest.is_empty() {
        let (now, later, missing) = stretch(rest, spare.len(), mapped);
        if !missing.is_empty() && !first {
            session.serve_until(Instant::now() + CATCH_UP)?;
        }
        let lent = session.lent.lend(&session.desk, &spare, &missing)?;
        if !lent.is_empty() {
            session.serve_until(Instant::now() + MAP_PAUSE)?;
        }
        let _first_layout = FirstLayout::enforce(&session.desk)?;
        for sym in now {
            if input_focus(&session.desk)? != focus {
                return Ok(Typed::FocusMoved);
            }
            let lent = lent.iter().find(|(lent, _)| *lent == sym.preferred());
            let lent = lent.map(|(_, code)| Stroke { code: *code, shift: false, level3: false });
            if let Some(stroke) = keyboard.layout.stroke_for(*sym).or(lent) {
                strike(&session.desk, stroke, &keyboard.layout)?;
            }
            std::thread::sleep(KEY_PAUSE);
        }
        (rest, first) = (later, false);
    }
    session.keep_lent();
    let stayed = input_focus(&session.desk)? == focus;
    Ok(if stayed { Typed::All } else { Typed::FocusMoved })
}

/// Strikes `key` while `modifiers` are held; a key the keyboard lacks gets a spare one, a modifier it lacks cannot.
pub fn strike_chord(session: &mut Session, modifiers: &[u32], key: u32) -> Result<Typed, Fault> {
    let layout = Keyboard::read(&session.desk)?.layout;
    let held: Option<Vec<u8>> = modifiers.iter().map(|sym| layout.plain(*sym)).collect();
    let Some(mut codes) = held else { return Ok(Typed::NoKey) };
    let code = match layout.plain(key) {
        Some(code) => Some(code),
        None => {
            let lent = session.lent.lend(&session.desk, &layout.spare(), &[key])?;
            session.serve_until(Instant::now() + MAP_PAUSE)?;
            session.keep_lent();
            lent.first().map(|(_, code)| *code)
        }
    };
    let Some(code) = code else { return Ok(Typed::NoKey) };
    codes.push(code);
    let mut held = Held::new(&session.desk);
    codes.into_iter().try_for_each(|code| held.press(code))?;
    Ok(Typed::All)
}

/// The longest start of `syms` that `spare` keys are enough for, what follows, and the keysyms to lend.
fn stretch(syms: &[Sym], spare: usize, mapped: impl Fn(&Sym) -> bool) -> (&[Sym], &[Sym], Vec<u32>) {
    let mut missing = Vec::new();
    for (at, sym) in syms.iter().enumerate() {
        let wanted = sym.preferred();
        if mapped(sym) || missing.contains(&wanted) {
            continue;
        }
        if missing.len() == spare {
            return (&syms[..at], &syms[at..], missing);
        }
        missing.push(wanted);
    }
    (syms, &[], missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_ends_where_the_spare_keys_do() {
        let syms = syms("a日b本日🎉").expect("no control characters");
        let ascii = |sym: &Sym| matches!(sym, Sym::Char(c) if c.is_ascii());
        let (now, later, missing) = stretch(&syms, 2, ascii);
        assert_eq!((now.len(), later.len()), (5, 1));
        assert_eq!(missing, [0x0100_65e5, 0x0100_672c], "each once, however often it is struck");
        let (now, later, missing) = stretch(later, 2, ascii);
        assert_eq!((now.len(), later.len(), missing.len()), (1, 0, 1));
    }
}
