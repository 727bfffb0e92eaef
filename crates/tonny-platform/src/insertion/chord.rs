//! Which selection a program pastes from, and with which keys. A table by window class; pure.

/// A selection of X11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// What Ctrl+C fills.
    Clipboard,
    /// What marking with the mouse fills.
    Primary,
}

/// The keys of one paste, as keysyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// Where the program will fetch from.
    pub selection: Selection,
    /// Held while `key` is struck, in this order.
    pub modifiers: &'static [u32],
    /// The key itself.
    pub key: u32,
}

const SHIFT_L: u32 = xkeysym::key::Shift_L;
const CONTROL_L: u32 = xkeysym::key::Control_L;

/// These take Shift+Insert from PRIMARY in their default configuration and have no key for CLIPBOARD, or none that all
/// their versions share.
const FROM_PRIMARY: &[&str] =
    &["xterm", "uxterm", "kterm", "urxvt", "rxvt", "rxvt-unicode", "st", "st-256color", "eterm"];

/// In these Ctrl+V is a control character; they paste with Ctrl+Shift+V.
const TERMINALS: &[&str] = &[
    "gnome-terminal",
    "gnome-terminal-server",
    "org.gnome.terminal",
    "org.gnome.console",
    "kgx",
    "org.gnome.ptyxis",
    "ptyxis",
    "mate-terminal",
    "lxterminal",
    "xfce4-terminal",
    "qterminal",
    "konsole",
    "org.kde.konsole",
    "yakuake",
    "alacritty",
    "kitty",
    "tilix",
    "com.gexperts.tilix",
    "terminator",
    "guake",
    "tilda",
    "terminology",
    "foot",
    "org.wezfurlong.wezterm",
    "wezterm",
    "wezterm-gui",
    "com.mitchellh.ghostty",
    "ghostty",
    "deepin-terminal",
    "io.elementary.terminal",
    "sakura",
    "roxterm",
    "termite",
    "contour",
    "rio",
];

/// The paste of a program with this window class. Case does not matter: xterm says "XTerm", Konsole "konsole".
pub fn chord(class: &str) -> Chord {
    let class = class.to_lowercase();
    if FROM_PRIMARY.contains(&class.as_str()) {
        return Chord { selection: Selection::Primary, modifiers: &[SHIFT_L], key: xkeysym::key::Insert };
    }
    let modifiers: &[u32] =
        if TERMINALS.contains(&class.as_str()) { &[CONTROL_L, SHIFT_L] } else { &[CONTROL_L] };
    Chord { selection: Selection::Clipboard, modifiers, key: xkeysym::key::v }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_paste() {
        let table = [
            ("XTerm", Selection::Primary, 1, xkeysym::key::Insert),
            ("UXTerm", Selection::Primary, 1, xkeysym::key::Insert),
            ("URxvt", Selection::Primary, 1, xkeysym::key::Insert),
            ("st-256color", Selection::Primary, 1, xkeysym::key::Insert),
            ("Gnome-terminal", Selection::Clipboard, 2, xkeysym::key::v),
            ("konsole", Selection::Clipboard, 2, xkeysym::key::v),
            ("Alacritty", Selection::Clipboard, 2, xkeysym::key::v),
            ("Xfce4-terminal", Selection::Clipboard, 2, xkeysym::key::v),
            ("org.wezfurlong.wezterm", Selection::Clipboard, 2, xkeysym::key::v),
            ("Chromium", Selection::Clipboard, 1, xkeysym::key::v),
            ("Steam", Selection::Clipboard, 1, xkeysym::key::v),
            ("", Selection::Clipboard, 1, xkeysym::key::v),
        ];
        for (class, selection, modifiers, key) in table {
            let chord = chord(class);
            assert_eq!(
                (chord.selection, chord.modifiers.len(), chord.key),
                (selection, modifiers, key),
                "{class}"
            );
        }
    }

    #[test]
    fn names_in_the_tables_can_match() {
        for name in FROM_PRIMARY.iter().chain(TERMINALS) {
            assert_eq!(*name, name.to_lowercase(), "classes are compared in lower case");
        }
    }
}
