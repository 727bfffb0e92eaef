//! What the overlay asks the X server about the screen: scale, the monitor with the pointer, a compositor, a visual
//! with an alpha channel. Every answer is read when the overlay is about to appear, so that a changed screen counts.

use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::randr;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, Screen, VisualClass, Visualid, Window};
use x11rb::rust_connection::RustConnection;

use super::theme;

/// The density at which one logical pixel is one physical pixel, dots per inch.
const PLAIN_DPI: f32 = 96.0;

/// Physical per logical pixel, from the `Xft.dpi` resource that desktops set; 1.0 where there is none.
pub fn scale(x: &RustConnection, root: Window) -> Result<f32, ReplyError> {
    let longest = 64 * 1024;
    let property = x.get_property(false, root, AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING, 0, longest)?;
    let resources = property.reply()?.value;
    Ok(dpi(&String::from_utf8_lossy(&resources)).map_or(1.0, |dpi| (dpi / PLAIN_DPI).clamp(1.0, 4.0)))
}

fn dpi(resources: &str) -> Option<f32> {
    let value = resources.lines().find_map(|line| line.strip_prefix("Xft.dpi:"))?;
    value.trim().parse().ok().filter(|dpi: &f32| dpi.is_finite())
}

/// The upper left corner of a window of `size` at the bottom centre of the monitor with the pointer.
pub fn place(
    x: &RustConnection,
    screen: &Screen,
    size: (u16, u16),
    scale: f32,
) -> Result<(i16, i16), ReplyError> {
    let pointer = x.query_pointer(screen.root)?;
    let monitors = randr::get_monitors(x, screen.root, true)?;
    let pointer = pointer.reply()?;
    let (px, py) = (i32::from(pointer.root_x), i32::from(pointer.root_y));
    let mut areas: Vec<[i32; 4]> = match monitors.reply() {
        Ok(reply) => {
            reply.monitors.iter().map(|m| [m.x.into(), m.y.into(), m.width.into(), m.height.into()]).collect()
        }
        // A server without RandR 1.5 has one monitor: the screen.
        Err(ReplyError::X11Error(_)) => Vec::new(),
        Err(lost) => return Err(lost),
    };
    areas.push([0, 0, screen.width_in_pixels.into(), screen.height_in_pixels.into()]);
    let inside = |area: &&[i32; 4]| {
        (area[0]..area[0] + area[2]).contains(&px) && (area[1]..area[1] + area[3]).contains(&py)
    };
    let [left, top, width, height] = areas.iter().find(inside).copied().unwrap_or(areas[0]);
    let margin = (theme::MARGIN * scale).round() as i32;
    let corner_x = left + (width - i32::from(size.0)) / 2;
    let corner_y = top + height - margin - i32::from(size.1);
    Ok((corner_x.clamp(0, i16::MAX.into()) as i16, corner_y.clamp(0, i16::MAX.into()) as i16))
}

/// The atom whose owner is the compositor of screen number `screen` (EWMH, "Compositing Managers").
pub fn compositor_atom(x: &RustConnection, screen: usize) -> Result<Atom, ReplyError> {
    let name = format!("_NET_WM_CM_S{screen}");
    Ok(x.intern_atom(false, name.as_bytes())?.reply()?.atom)
}

/// Whether a compositor runs: only then does an alpha channel show what lies behind.
pub fn is_composited(x: &RustConnection, atom: Atom) -> Result<bool, ReplyError> {
    Ok(x.get_selection_owner(atom)?.reply()?.owner != x11rb::NONE)
}

/// A visual with 8 bits each of red, green, blue and alpha.
pub fn alpha_visual(screen: &Screen) -> Option<Visualid> {
    let deep = screen.allowed_depths.iter().find(|depth| depth.depth == 32)?;
    let fits = |visual: &&x11rb::protocol::xproto::Visualtype| {
        visual.class == VisualClass::TRUE_COLOR && visual.red_mask == 0x00ff_0000 && visual.blue_mask == 0xff
    };
    deep.visuals.iter().find(fits).map(|visual| visual.visual_id)
}

/// Screen number `index` of the server.
pub fn screen(x: &RustConnection, index: usize) -> Option<Screen> {
    x.setup().roots.get(index).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_comes_from_the_line_that_names_it() {
        assert_eq!(dpi("Xcursor.size:\t24\nXft.dpi:\t144\nXft.hinting:\t1\n"), Some(144.0));
        assert_eq!(dpi("Xft.dpi: soon\n"), None);
        assert_eq!(dpi(""), None);
    }
}
