//! Keys: which are down, pressing them so that they always come up again, and lending spare ones a meaning.
//!
//! Owns: the spare keys lent out, until they are taken back. Presses go through XTEST, which programs cannot tell from
//! a keyboard. Knows nothing of what the keys are for.

use x11rb::NONE;
use x11rb::connection::Connection as _;
use x11rb::protocol::xkb::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, ModMask};
use x11rb::protocol::xtest::ConnectionExt as _;
use xkeysym::key;

use super::desk::{Desk, Fault};
use super::layout::{Layout, Stroke};

/// Keys that switch something on for good. A lit CapsLock is no reason to wait.
const LOCKS: [u32; 4] = [key::Caps_Lock, key::Shift_Lock, key::Num_Lock, key::Scroll_Lock];
/// The rows of the modifier map, in the order of the mask's bits: Shift, Lock, Control, Mod1 to Mod5.
const LOCK_ROW: usize = 1;
/// The XKB name of the keyboard that everything core goes through.
const CORE_KEYBOARD: u16 = 0x100;

/// The keyboard as it is now.
pub struct Keyboard {
    pub layout: Layout,
    /// Every key that acts as a modifier, locks excepted.
    modifiers: Vec<u8>,
    /// Every key that locks something.
    locks: Vec<u8>,
    /// The modifier bits that mean a modifier in effect, locks excepted.
    mask: u16,
}

/// Which keys are down.
#[derive(Clone, Copy)]
pub struct Down([u8; 32]);

impl Down {
    /// Whether this key is down.
    pub fn has(&self, code: u8) -> bool {
        self.0[usize::from(code / 8)] >> (code % 8) & 1 == 1
    }
}

impl Keyboard {
    /// Reads the server's maps.
    pub fn read(desk: &Desk) -> Result<Self, Fault> {
        let setup = desk.conn.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = desk.conn.get_keyboard_mapping(first, last - first + 1)?;
        let rows = desk.conn.get_modifier_mapping()?.reply()?;
        let map = map.reply()?;
        let layout = Layout::new(first, map.keysyms_per_keycode, map.keysyms);
        let locks: Vec<u8> = (first..=last).filter(|code| layout.has_any(*code, &LOCKS)).collect();
        let (mut modifiers, mut mask) = (Vec::new(), 0);
        let per = usize::from(rows.keycodes_per_modifier()).max(1);
        for (row, codes) in rows.keycodes.chunks(per).enumerate() {
            if row == LOCK_ROW || codes.iter().any(|code| locks.contains(code)) {
                continue;
            }
            mask |= 1 << row;
            modifiers.extend(codes.iter().filter(|code| **code != 0));
        }
        Ok(Self { layout, modifiers, locks, mask })
    }

    /// Whether nothing stands in the way of new keys: no modifier in effect or down, and none of the keys in `since`
    /// (those of the hotkey) down any more.
    pub fn is_free(&self, desk: &Desk, since: &Down) -> Result<bool, Fault> {
        let pointer = desk.conn.query_pointer(desk.root)?;
        let now = down(desk)?;
        if u16::from(pointer.reply()?.mask) & self.mask != 0 {
            return Ok(false);
        }
        let hotkey = (0..=u8::MAX).filter(|code| since.has(*code) && !self.locks.contains(code));
        Ok(!self.modifiers.iter().copied().chain(hotkey).any(|code| now.has(code)))
    }
}

/// The keys that are down.
pub fn down(desk: &Desk) -> Result<Down, Fault> {
    Ok(Down(desk.conn.query_keymap()?.reply()?.keys))
}

/// Keys held down; they come up in reverse order when this goes, whatever happens in between.
pub struct Held<'a> {
    desk: &'a Desk,
    codes: Vec<u8>,
}

impl<'a> Held<'a> {
    /// Nothing held yet.
    pub fn new(desk: &'a Desk) -> Self {
        Self { desk, codes: Vec::new() }
    }

    /// Presses a key and holds it.
    pub fn press(&mut self, code: u8) -> Result<(), Fault> {
        self.codes.push(code);
        self.desk.conn.xtest_fake_input(KEY_PRESS_EVENT, code, 0, NONE, 0, 0, 0)?;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        for code in self.codes.drain(..).rev() {
            // A broken connection is reported by the next request; the other keys are still tried.
            let _ = self.desk.conn.xtest_fake_input(KEY_RELEASE_EVENT, code, 0, NONE, 0, 0, 0);
        }
        let _ = self.desk.conn.flush();
    }
}

/// Strikes one key with what it needs.
pub fn strike(desk: &Desk, stroke: Stroke, layout: &Layout) -> Result<(), Fault> {
    let mut held = Held::new(desk);
    if let Some(shift) = stroke.shift.then(|| layout.plain(key::Shift_L)).flatten() {
        held.press(shift)?;
    }
    if let Some(level3) = stroke.level3.then(|| layout.level3_key()).flatten() {
        held.press(level3)?;
    }
    held.press(stroke.code)
}

/// Spare keys with a meaning for a while.
#[derive(Default)]
pub struct Lent {
    codes: Vec<u8>,
}

impl Lent {
    /// Gives each keysym a spare key, on every level the same. `spare` must be at least as long.
    pub fn lend(&mut self, desk: &Desk, spare: &[u8], syms: &[u32]) -> Result<Vec<(u32, u8)>, Fault> {
        let pairs: Vec<_> = syms.iter().copied().zip(spare.iter().copied()).collect();
        for (sym, code) in &pairs {
            self.codes.push(*code);
            desk.conn.change_keyboard_mapping(1, *code, 2, &[*sym, *sym])?;
        }
        // The map is in force when the server has answered.
        down(desk)?;
        Ok(pairs)
    }

    /// Whether any key is lent.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Takes all of them back.
    pub fn take_back(&mut self, desk: &Desk) -> Result<(), Fault> {
        for code in self.codes.drain(..) {
            desk.conn.change_keyboard_mapping(1, code, 1, &[0])?;
        }
        desk.conn.flush()?;
        Ok(())
    }
}

/// CapsLock and a second layout would change every key struck: both are off while this lives.
pub struct FirstLayout<'a> {
    desk: &'a Desk,
    before: Option<(ModMask, xkb::Group)>,
}

impl<'a> FirstLayout<'a> {
    /// Switches to the first layout without CapsLock, if it is not so.
    pub fn enforce(desk: &'a Desk) -> Result<Self, Fault> {
        let state = desk.conn.xkb_get_state(CORE_KEYBOARD)?.reply()?;
        let caps = state.locked_mods & ModMask::LOCK;
        let as_wished = caps == ModMask::default() && state.locked_group == xkb::Group::M1;
        let it = Self { desk, before: (!as_wished).then_some((caps, state.locked_group)) };
        if !as_wished {
            it.set(ModMask::default(), xkb::Group::M1)?;
        }
        Ok(it)
    }

    fn set(&self, caps: ModMask, group: xkb::Group) -> Result<(), Fault> {
        let none = ModMask::default();
        self.desk.conn.xkb_latch_lock_state(
            CORE_KEYBOARD,
            ModMask::LOCK,
            caps,
            true,
            group,
            none,
            false,
            0,
        )?;
        self.desk.conn.flush()?;
        Ok(())
    }
}

impl Drop for FirstLayout<'_> {
    fn drop(&mut self) {
        if let Some((caps, group)) = self.before.take() {
            // A broken connection is reported by the next request.
            let _ = self.set(caps, group);
        }
    }
}
