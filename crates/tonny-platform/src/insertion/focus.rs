//! Which window has the focus, what it is called, and which program it belongs to.
//!
//! Owns nothing; every answer is asked of the server at that moment. Windows may vanish between two questions, so
//! every answer about one is optional.

use tonny_core::ports::Target;
use x11rb::NONE;
use x11rb::protocol::res::{self, ClientIdMask, ClientIdSpec};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState, Window};

use super::desk::{Desk, Fault, foreign};
use super::receipt::Program;

/// A window tree deeper than this is a loop in our reading of it, not a window tree.
const DEEPEST: usize = 32;
/// "PointerRoot" as an input focus (X11 protocol, SetInputFocus): the root window itself.
const POINTER_ROOT: Window = 1;

/// The focused window. The window manager's word first: the input focus may be a nameless child. A window of the window
/// manager's own is none: openbox parks the focus there, and even calls it active, when nothing else is left.
pub fn focused(desk: &Desk) -> Result<Option<Target>, Fault> {
    let park = desk.number(desk.root, desk.atoms._NET_SUPPORTING_WM_CHECK)?;
    if let Some(window) = desk.number(desk.root, desk.atoms._NET_ACTIVE_WINDOW)?
        && window != NONE
        && Some(window) != park
        && viewable(desk, window)?
    {
        return Ok(Some(describe(desk, window)?));
    }
    let mut window = input_focus(desk)?;
    for _ in 0..DEEPEST {
        if [NONE, POINTER_ROOT, desk.root].contains(&window) || Some(window) == park {
            return Ok(None);
        }
        if class(desk, window)?.is_some() && viewable(desk, window)? {
            return Ok(Some(describe(desk, window)?));
        }
        let Some(tree) = foreign(desk.conn.query_tree(window)?.reply())? else { return Ok(None) };
        window = tree.parent;
    }
    Ok(None)
}

/// The window that receives keys, which may be a child of the focused one.
pub fn input_focus(desk: &Desk) -> Result<Window, Fault> {
    Ok(desk.conn.get_input_focus()?.reply()?.focus)
}

/// Whether `target` is still there to be written into. The server reuses ids: another class is another window.
pub fn is_there(desk: &Desk, target: &Target) -> Result<bool, Fault> {
    let Ok(window) = Window::try_from(target.window) else { return Ok(false) };
    Ok(viewable(desk, window)? && class(desk, window)?.unwrap_or_default() == target.class)
}

/// What is known about the program behind a window id.
pub fn program(desk: &Desk, window: Window) -> Result<Program, Fault> {
    Ok(Program {
        client: window & !desk.id_mask,
        process: process(desk, window)?,
        claimed_process: desk.number(window, desk.atoms._NET_WM_PID)?,
        leader: desk.number(window, desk.atoms.WM_CLIENT_LEADER)?,
    })
}

fn process(desk: &Desk, window: Window) -> Result<Option<u32>, Fault> {
    if !desk.tells_process {
        return Ok(None);
    }
    let spec = ClientIdSpec { client: window, mask: ClientIdMask::LOCAL_CLIENT_PID };
    let reply = foreign(res::query_client_ids(&desk.conn, &[spec])?.reply())?;
    Ok(reply.and_then(|reply| reply.ids.first()?.value.first().copied()))
}

fn describe(desk: &Desk, window: Window) -> Result<Target, Fault> {
    let title = match desk.property(window, desk.atoms._NET_WM_NAME)? {
        Some(name) => Some(name),
        None => desk.property(window, AtomEnum::WM_NAME.into())?,
    };
    Ok(Target {
        window: window.into(),
        class: class(desk, window)?.unwrap_or_default(),
        title: title.map(|name| String::from_utf8_lossy(&name.value).into_owned()).unwrap_or_default(),
    })
}

/// The class part of WM_CLASS, which is "instance NUL class NUL" (ICCCM 4.1.2.5).
fn class(desk: &Desk, window: Window) -> Result<Option<String>, Fault> {
    let names = desk.property(window, AtomEnum::WM_CLASS.into())?;
    Ok(names.map(|names| {
        let mut parts = names.value.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        let instance = parts.next().unwrap_or_default();
        String::from_utf8_lossy(parts.next().unwrap_or(instance)).into_owned()
    }))
}

fn viewable(desk: &Desk, window: Window) -> Result<bool, Fault> {
    let attributes = foreign(desk.conn.get_window_attributes(window)?.reply())?;
    Ok(attributes.is_some_and(|it| it.map_state == MapState::VIEWABLE))
}
