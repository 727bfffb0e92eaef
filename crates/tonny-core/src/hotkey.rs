//! A hotkey as it is written: modifiers and one key, such as `Ctrl+Shift+Space`.
//!
//! Pure: reads and writes the text. Which code a key has on a keyboard is the operating system's business.

use std::fmt;
use std::str::FromStr;

/// Modifiers and one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hotkey {
    /// With Control.
    pub control: bool,
    /// With Shift.
    pub shift: bool,
    /// With Alt.
    pub alt: bool,
    /// With the key that carries a logo: Super, Windows, Command.
    pub logo: bool,
    /// The key itself.
    pub key: Key,
}

/// A key, by the name it is written with. Only names of [`Key::all`] exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(&'static str);

/// Why a text is no hotkey.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Nothing between two plus signs, or nothing at all.
    #[error("a key is missing in it")]
    Empty,
    /// More than one key that is no modifier.
    #[error("it has two keys, {0} and {1}; the others must be Ctrl, Shift, Alt or Super")]
    TwoKeys(&'static str, &'static str),
    /// Only modifiers.
    #[error("it has only modifiers; one more key is needed")]
    NoKey,
    /// A word that names no key.
    #[error("{} is no key that is known here", crate::problem::quoted(.0))]
    Unknown(String),
    /// It would take an ordinary key away from every program.
    #[error("{0} alone is needed for typing; add Ctrl, Alt or Super")]
    Needed(&'static str),
}

/// Keys that type or edit: alone, they stay with the program in front.
const TYPING: &[&str] = &[
    "A",
    "B",
    "C",
    "D",
    "E",
    "F",
    "G",
    "H",
    "I",
    "J",
    "K",
    "L",
    "M",
    "N",
    "O",
    "P",
    "Q",
    "R",
    "S",
    "T",
    "U",
    "V",
    "W",
    "X",
    "Y",
    "Z",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "Space",
    "Minus",
    "Equal",
    "BracketLeft",
    "BracketRight",
    "Backslash",
    "Semicolon",
    "Quote",
    "Backquote",
    "Comma",
    "Period",
    "Slash",
    "IntlBackslash",
    "Tab",
    "Enter",
    "Backspace",
    "Delete",
    "Escape",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "Numpad0",
    "Numpad1",
    "Numpad2",
    "Numpad3",
    "Numpad4",
    "Numpad5",
    "Numpad6",
    "Numpad7",
    "Numpad8",
    "Numpad9",
    "NumpadAdd",
    "NumpadSubtract",
    "NumpadMultiply",
    "NumpadDivide",
    "NumpadDecimal",
    "NumpadEnter",
];

/// Keys that no text needs.
const FREE: &[&str] = &[
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F11",
    "F12",
    "F13",
    "F14",
    "F15",
    "F16",
    "F17",
    "F18",
    "F19",
    "F20",
    "F21",
    "F22",
    "F23",
    "F24",
    "Insert",
    "Pause",
    "ScrollLock",
    "PrintScreen",
    "ContextMenu",
    "MediaPlayPause",
    "MediaStop",
    "MediaTrackNext",
    "MediaTrackPrevious",
    "AudioVolumeMute",
    "AudioVolumeDown",
    "AudioVolumeUp",
];

/// Other ways to write the same key.
const ALIASES: &[(&str, &str)] = &[
    ("Esc", "Escape"),
    ("Return", "Enter"),
    ("Del", "Delete"),
    ("Ins", "Insert"),
    ("Up", "ArrowUp"),
    ("Down", "ArrowDown"),
    ("Left", "ArrowLeft"),
    ("Right", "ArrowRight"),
    ("-", "Minus"),
    ("=", "Equal"),
    ("[", "BracketLeft"),
    ("]", "BracketRight"),
    ("\\", "Backslash"),
    (";", "Semicolon"),
    ("'", "Quote"),
    ("`", "Backquote"),
    (",", "Comma"),
    (".", "Period"),
    ("/", "Slash"),
];

impl Key {
    /// Every key, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        TYPING.iter().chain(FREE).copied().map(Self)
    }

    /// The name it is written with.
    pub fn name(self) -> &'static str {
        self.0
    }

    fn read(word: &str) -> Option<Self> {
        let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word)).map(|(_, name)| *name);
        // The web's names of keys, such as KeyA and Digit1, mean the same.
        let short = ["Key", "Digit"].iter().find_map(|prefix| {
            let (head, rest) = word.split_at_checked(prefix.len())?;
            (head.eq_ignore_ascii_case(prefix) && rest.len() == 1).then_some(rest)
        });
        let name = alias.or(short).unwrap_or(word);
        Self::all().find(|key| key.0.eq_ignore_ascii_case(name))
    }
}

impl Hotkey {
    /// Escape without modifiers.
    pub const ESCAPE: Self =
        Self { control: false, shift: false, alt: false, logo: false, key: Key("Escape") };
}

impl FromStr for Hotkey {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let (mut control, mut shift, mut alt, mut logo, mut found) =
            (false, false, false, false, None::<Key>);
        for word in text.split('+').map(str::trim) {
            match word.to_ascii_lowercase().as_str() {
                "" => return Err(Wrong::Empty),
                "ctrl" | "control" => control = true,
                "shift" => shift = true,
                "alt" | "option" => alt = true,
                "super" | "meta" | "win" | "cmd" | "command" => logo = true,
                _ => {
                    let key = Key::read(word).ok_or_else(|| Wrong::Unknown(word.to_owned()))?;
                    if let Some(first) = found.replace(key) {
                        return Err(Wrong::TwoKeys(first.0, key.0));
                    }
                }
            }
        }
        let key = found.ok_or(Wrong::NoKey)?;
        // Shift alone still types.
        if TYPING.contains(&key.0) && !(control || alt || logo) {
            return Err(Wrong::Needed(key.0));
        }
        Ok(Self { control, shift, alt, logo, key })
    }
}

impl fmt::Display for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(self.control, "Ctrl"), (self.shift, "Shift"), (self.alt, "Alt"), (self.logo, "Super")];
        for (_, name) in held.iter().filter(|(is, _)| *is) {
            write!(f, "{name}+")?;
        }
        f.write_str(self.key.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_in_any_order_and_case_and_written_in_one() {
        for (text, wanted) in [
            ("Ctrl+Shift+Space", "Ctrl+Shift+Space"),
            ("shift + CONTROL + space", "Ctrl+Shift+Space"),
            ("Ctrl+Alt+D", "Ctrl+Alt+D"),
            ("Alt+KeyQ", "Alt+Q"),
            ("Super+Digit7", "Super+7"),
            ("cmd+/", "Super+Slash"),
            ("Ctrl+Esc", "Ctrl+Escape"),
            ("F9", "F9"),
            ("Shift+Pause", "Shift+Pause"),
        ] {
            assert_eq!(
                text.parse::<Hotkey>().map(|hotkey| hotkey.to_string()).as_deref(),
                Ok(wanted),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_hotkey_says_why() {
        for (text, why) in [
            ("", Wrong::Empty),
            ("Ctrl++A", Wrong::Empty),
            ("Ctrl+Shift", Wrong::NoKey),
            ("Ctrl+A+B", Wrong::TwoKeys("A", "B")),
            ("Ctrl+banana", Wrong::Unknown("banana".into())),
            ("Ctrl+Keyé", Wrong::Unknown("Keyé".into())),
            ("Ctrl+KeyEnter", Wrong::Unknown("KeyEnter".into())),
            ("A", Wrong::Needed("A")),
            ("Shift+Space", Wrong::Needed("Space")),
            ("Escape", Wrong::Needed("Escape")),
        ] {
            assert_eq!(text.parse::<Hotkey>(), Err(why), "{text}");
        }
    }

    #[test]
    fn each_key_is_read_by_its_own_name() {
        for key in Key::all() {
            let hotkey = Hotkey { control: true, shift: false, alt: false, logo: false, key };
            assert_eq!(hotkey.to_string().parse(), Ok(hotkey));
        }
    }
}
