//! From a hotkey's name to what an X keyboard reports for it: a keycode and modifier bits.
//!
//! Pure: works on the server's maps as they were read. Knows nothing of grabs and events.

use tonny_core::hotkey::{Hotkey, Key};
use x11rb::protocol::xproto::{GetKeyboardMappingReply, GetModifierMappingReply, ModMask};
use xkeysym::key;

use crate::insertion::layout::Layout;

/// Shift, Lock and Control have rows of their own; which of the five others is Alt, Super or NumLock, the map tells.
const FIRST_FREE_ROW: usize = 3;

/// The maps of the keyboard.
pub struct Keyboard {
    layout: Layout,
    alt: ModMask,
    logo: ModMask,
    num_lock: ModMask,
}

/// A hotkey on this keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// The key.
    pub code: u8,
    /// The modifiers it wants.
    wanted: ModMask,
    /// Every modifier that matters: locks do not.
    matter: ModMask,
    num_lock: ModMask,
}

impl Keyboard {
    /// From the server's answers; `first` is its lowest keycode.
    pub fn new(first: u8, map: GetKeyboardMappingReply, rows: &GetModifierMappingReply) -> Self {
        let layout = Layout::new(first, map.keysyms_per_keycode, map.keysyms);
        let per = usize::from(rows.keycodes_per_modifier()).max(1);
        let rows: Vec<&[u8]> = rows.keycodes.chunks(per).collect();
        let bit = |syms: &[u32], usual: ModMask| {
            let row = rows
                .iter()
                .enumerate()
                .skip(FIRST_FREE_ROW)
                .find(|(_, codes)| codes.iter().any(|code| *code != 0 && layout.has_any(*code, syms)));
            row.map_or(usual, |(row, _)| ModMask::from(1u16 << row))
        };
        let alt = bit(&[key::Alt_L, key::Alt_R], ModMask::M1);
        let logo = bit(&[key::Super_L, key::Super_R], ModMask::M4);
        let num_lock = bit(&[key::Num_Lock], ModMask::M2);
        Self { layout, alt, logo, num_lock }
    }

    /// The chord of a hotkey; nothing where the keyboard has no such key.
    pub fn chord(&self, hotkey: Hotkey) -> Option<Chord> {
        let sym = keysym(hotkey.key)?;
        let code = self.layout.plain(sym).or_else(|| self.layout.stroke(sym).map(|stroke| stroke.code))?;
        let parts = [
            (hotkey.control, ModMask::CONTROL),
            (hotkey.shift, ModMask::SHIFT),
            (hotkey.alt, self.alt),
            (hotkey.logo, self.logo),
        ];
        let none = ModMask::default();
        let wanted = parts.iter().filter(|(is, _)| *is).fold(none, |all, (_, mask)| all | *mask);
        let matter = parts.iter().fold(none, |all, (_, mask)| all | *mask);
        Some(Chord { code, wanted, matter, num_lock: self.num_lock })
    }
}

impl Chord {
    /// A grab is for exact modifiers, and a lit lock is one of them.
    pub fn masks(&self) -> [ModMask; 4] {
        let caps = ModMask::LOCK;
        [self.wanted, self.wanted | caps, self.wanted | self.num_lock, self.wanted | caps | self.num_lock]
    }

    /// Whether a press is this chord. `within` another hotkey that is held, modifiers are down that nobody chose: a key
    /// that wants none is heard all the same.
    pub fn is(&self, code: u8, state: ModMask, within: bool) -> bool {
        let plain = self.wanted == ModMask::default();
        code == self.code && (state & self.matter == self.wanted || (within && plain))
    }
}

/// Letters and digits are their own keysyms, function keys lie in a row, the others have names.
fn keysym(wanted: Key) -> Option<u32> {
    let name = wanted.name();
    if let [letter @ (b'A'..=b'Z' | b'0'..=b'9')] = name.as_bytes() {
        return Some(letter.to_ascii_lowercase().into());
    }
    if let Some(number) = name.strip_prefix('F').and_then(|rest| rest.parse::<u32>().ok()) {
        return Some(key::F1 + number - 1);
    }
    if let Some(digit) = name.strip_prefix("Numpad").and_then(|rest| rest.parse::<u32>().ok()) {
        return Some(key::KP_0 + digit);
    }
    NAMES.iter().find(|(it, _)| *it == name).map(|(_, sym)| *sym)
}

/// The media keys' keysyms are vendor ones (XF86keysym.h).
const NAMES: &[(&str, u32)] = &[
    ("Space", key::space),
    ("Minus", key::minus),
    ("Equal", key::equal),
    ("BracketLeft", key::bracketleft),
    ("BracketRight", key::bracketright),
    ("Backslash", key::backslash),
    ("Semicolon", key::semicolon),
    ("Quote", key::apostrophe),
    ("Backquote", key::grave),
    ("Comma", key::comma),
    ("Period", key::period),
    ("Slash", key::slash),
    ("IntlBackslash", key::less),
    ("Tab", key::Tab),
    ("Enter", key::Return),
    ("Backspace", key::BackSpace),
    ("Delete", key::Delete),
    ("Escape", key::Escape),
    ("Home", key::Home),
    ("End", key::End),
    ("PageUp", key::Page_Up),
    ("PageDown", key::Page_Down),
    ("ArrowUp", key::Up),
    ("ArrowDown", key::Down),
    ("ArrowLeft", key::Left),
    ("ArrowRight", key::Right),
    ("NumpadAdd", key::KP_Add),
    ("NumpadSubtract", key::KP_Subtract),
    ("NumpadMultiply", key::KP_Multiply),
    ("NumpadDivide", key::KP_Divide),
    ("NumpadDecimal", key::KP_Decimal),
    ("NumpadEnter", key::KP_Enter),
    ("Insert", key::Insert),
    ("Pause", key::Pause),
    ("ScrollLock", key::Scroll_Lock),
    ("PrintScreen", key::Print),
    ("ContextMenu", key::Menu),
    ("MediaPlayPause", key::XF86_AudioPlay),
    ("MediaStop", key::XF86_AudioStop),
    ("MediaTrackNext", key::XF86_AudioNext),
    ("MediaTrackPrevious", key::XF86_AudioPrev),
    ("AudioVolumeMute", key::XF86_AudioMute),
    ("AudioVolumeDown", key::XF86_AudioLowerVolume),
    ("AudioVolumeUp", key::XF86_AudioRaiseVolume),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Five keys: a letter, Space, Alt, NumLock and Escape; Alt unusually on the fourth modifier.
    fn keyboard() -> Keyboard {
        let syms = [key::d, key::D, key::space, 0, key::Alt_L, 0, key::Num_Lock, 0, key::Escape, 0];
        let map = GetKeyboardMappingReply { keysyms_per_keycode: 2, sequence: 0, keysyms: syms.to_vec() };
        // One keycode a row: Shift, Lock, Control, Mod1 to Mod5.
        let rows =
            GetModifierMappingReply { sequence: 0, length: 0, keycodes: vec![0, 0, 0, 0, 0, 11, 10, 0] };
        Keyboard::new(8, map, &rows)
    }

    fn chord(text: &str) -> Chord {
        keyboard().chord(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn each_key_that_can_be_written_has_a_keysym() {
        for key in Key::all() {
            assert!(keysym(key).is_some(), "{key:?}");
        }
    }

    #[test]
    fn a_chord_has_the_layouts_code_and_the_maps_modifiers() {
        let it = chord("Alt+D");
        assert_eq!((it.code, it.wanted), (8, ModMask::M4));
        assert_eq!(chord("Ctrl+Shift+Space").wanted, ModMask::CONTROL | ModMask::SHIFT);
        assert!(keyboard().chord("Ctrl+Q".parse().unwrap()).is_none());
    }

    #[test]
    fn locks_make_no_difference_and_other_modifiers_do() {
        let it = chord("Alt+D");
        for lock in [ModMask::default(), ModMask::LOCK, ModMask::M3, ModMask::LOCK | ModMask::M3] {
            assert!(it.is(8, ModMask::M4 | lock, false));
            assert!(it.masks().contains(&(ModMask::M4 | lock)));
        }
        assert!(!it.is(8, ModMask::M4 | ModMask::SHIFT, false));
        assert!(!it.is(9, ModMask::M4, false));
    }

    #[test]
    fn a_plain_key_is_heard_within_a_held_hotkey_whatever_its_modifiers_are() {
        let escape = keyboard().chord(Hotkey::ESCAPE).unwrap();
        assert!(escape.is(12, ModMask::CONTROL | ModMask::SHIFT, true));
        assert!(!escape.is(12, ModMask::CONTROL | ModMask::SHIFT, false));
        assert!(!chord("Alt+D").is(8, ModMask::CONTROL, true));
    }
}
