//! Which key at which level gives a character in the current keyboard layout. Pure: works on a copy of the map.

use xkeysym::{Keysym, key};

/// Which modifiers a key needs to give its keysym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The key.
    pub code: u8,
    /// With Shift.
    pub shift: bool,
    /// With AltGr (ISO_Level3_Shift).
    pub level3: bool,
}

/// Columns of the core keyboard map that belong to the first layout, with what they need. The server interleaves the
/// first two layouts (X Keyboard Extension protocol, 12.4): 1.1 1.2 2.1 2.2 1.3 1.4 2.3 2.4.
const LEVELS: [(usize, bool, bool); 4] =
    [(0, false, false), (1, true, false), (4, false, true), (5, true, true)];

/// The keyboard map: for each keycode from `first` on, `per` keysyms.
#[derive(Clone, Debug)]
pub struct Layout {
    first: u8,
    per: usize,
    syms: Vec<u32>,
}

impl Layout {
    /// Takes the server's map.
    pub fn new(first: u8, per: u8, syms: Vec<u32>) -> Self {
        Self { first, per: usize::from(per).max(1), syms }
    }

    /// The stroke for a keysym; the one with the fewest modifiers wins.
    pub fn stroke(&self, wanted: u32) -> Option<Stroke> {
        let level3_exists = self.level3_key().is_some();
        LEVELS.iter().filter(|(_, _, level3)| !level3 || level3_exists).find_map(|(column, shift, level3)| {
            let code = self.keys().find(|(_, syms)| syms.get(*column) == Some(&wanted))?.0;
            Some(Stroke { code, shift: *shift, level3: *level3 })
        })
    }

    /// The stroke for a character, whichever of its keysyms the layout uses (there are legacy ones beside Unicode).
    pub fn stroke_for(&self, sym: Sym) -> Option<Stroke> {
        self.stroke(sym.preferred()).or_else(|| match sym {
            Sym::Key(_) => None,
            Sym::Char(c) => self.legacy(c),
        })
    }

    /// The key that gives AltGr.
    pub fn level3_key(&self) -> Option<u8> {
        self.plain(key::ISO_Level3_Shift)
    }

    /// The key that gives this keysym without modifiers, in whichever layout: a letter of a shortcut must be found on a
    /// keyboard whose first layout is not Latin.
    pub fn plain(&self, wanted: u32) -> Option<u8> {
        [0, 2]
            .iter()
            .find_map(|column| self.keys().find(|(_, syms)| syms.get(*column) == Some(&wanted)))
            .map(|it| it.0)
    }

    /// Whether any level of the key has one of these keysyms.
    pub fn has_any(&self, code: u8, wanted: &[u32]) -> bool {
        self.keys().any(|(it, syms)| it == code && syms.iter().any(|sym| wanted.contains(sym)))
    }

    /// Keycodes without any meaning, highest first: the low ones belong to keys that some keyboard may have.
    pub fn spare(&self) -> Vec<u8> {
        let mut codes: Vec<u8> =
            self.keys().filter(|(_, syms)| syms.iter().all(|it| *it == 0)).map(|it| it.0).collect();
        codes.reverse();
        codes
    }

    fn legacy(&self, c: char) -> Option<Stroke> {
        let sym = self.keys().flat_map(|(_, syms)| syms.iter().copied()).find(|sym| {
            let sym = Keysym::new(*sym);
            !sym.is_keypad_key() && sym.key_char() == Some(c)
        })?;
        self.stroke(sym)
    }

    fn keys(&self) -> impl Iterator<Item = (u8, &[u32])> {
        (self.first..=u8::MAX).zip(self.syms.chunks_exact(self.per))
    }
}

/// One thing to strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sym {
    /// A key by its keysym.
    Key(u32),
    /// A character.
    Char(char),
}

impl Sym {
    /// The keysym to give a spare key: Latin-1 is its own, everything else is Unicode's (X11 protocol, appendix A).
    pub fn preferred(self) -> u32 {
        match self {
            Self::Key(sym) => sym,
            Self::Char(c @ (' '..='~' | '\u{a0}'..='\u{ff}')) => c.into(),
            Self::Char(c) => 0x0100_0000 | u32::from(c),
        }
    }
}

/// What to strike for a text. Nothing if it has a control character, which no key gives as such.
pub fn syms(text: &str) -> Option<Vec<Sym>> {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|c| match c {
            '\n' => Some(Sym::Key(key::Return)),
            '\t' => Some(Sym::Key(key::Tab)),
            c if c.is_control() => None,
            c => Some(Sym::Char(c)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three keys of a German keyboard, one of a Russian one, AltGr, and an empty one.
    fn layout() -> Layout {
        #[rustfmt::skip]
        let syms = vec![
            0x71, 0x51, 0x71, 0x51, 0x40, 0x7d9, // 8: q Q, AltGr @ and Omega
            0x65, 0x45, 0x65, 0x45, 0x20ac, 0,   // 9: e E, AltGr euro sign
            0xfc, 0xdc, 0xfc, 0xdc, 0xfe57, 0,   // 10: ü Ü, a dead key
            0x6c6, 0x6e6, 0x76, 0x56, 0, 0,      // 11: ф Ф, and v V in the second layout
            0xfe03, 0, 0, 0, 0, 0,               // 12: AltGr
            0, 0, 0, 0, 0, 0,                    // 13: spare
            0xffb1, 0x31, 0, 0, 0, 0,            // 14: keypad
            0, 0, 0, 0, 0, 0,                    // 15: spare
        ];
        Layout::new(8, 6, syms)
    }

    #[test]
    fn characters_find_their_key_and_level() {
        let table = [
            ('q', Some((8, false, false))),
            ('Q', Some((8, true, false))),
            ('@', Some((8, false, true))),
            ('Ω', Some((8, true, true))),
            ('€', Some((9, false, true))),
            ('Ü', Some((10, true, false))),
            ('ф', Some((11, false, false))),
            ('Ф', Some((11, true, false))),
            ('v', None),
            ('日', None),
            ('🎉', None),
        ];
        for (c, expected) in table {
            let stroke = layout().stroke_for(Sym::Char(c)).map(|it| (it.code, it.shift, it.level3));
            assert_eq!(stroke, expected, "{c}");
        }
    }

    #[test]
    fn a_shortcut_letter_is_found_in_the_second_layout() {
        assert_eq!(layout().plain(key::v), Some(11));
        assert_eq!(layout().plain(key::z), None);
    }

    #[test]
    fn without_altgr_its_levels_do_not_exist() {
        let mut bare = layout();
        bare.syms[(12 - 8) * 6] = 0;
        assert_eq!(bare.stroke_for(Sym::Char('@')), None);
        assert_eq!(bare.spare(), [15, 13, 12]);
    }

    #[test]
    fn text_becomes_keys() {
        assert_eq!(
            syms("é\r\n\t🎉").as_deref(),
            Some(&[Sym::Char('é'), Sym::Key(key::Return), Sym::Key(key::Tab), Sym::Char('🎉')][..])
        );
        assert_eq!(syms("bell\u{7}"), None);
        assert_eq!(Sym::Char('🎉').preferred(), 0x0101_f389);
        assert_eq!(Sym::Char('é').preferred(), 0xe9);
    }
}
