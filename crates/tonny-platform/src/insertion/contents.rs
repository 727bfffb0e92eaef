//! What a selection holds: the same thing in several formats, byte for byte.
//!
//! Owns the bytes. Knows nothing of who offers or fetches them.

use x11rb::protocol::xproto::{Atom, AtomEnum};

use super::desk::Atoms;

/// One format of a selection's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The name it is asked for by, such as `image/png`.
    pub target: Atom,
    /// The type it is answered with, mostly the same.
    pub type_: Atom,
    /// Bits per item, 8, 16 or 32: it says how the server swaps bytes.
    pub bits: u8,
    /// The bytes, in this machine's order.
    pub bytes: Vec<u8>,
}

/// A selection's content in all its formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// In the order they were offered: programs take the first they like.
    pub formats: Vec<Format>,
}

impl Contents {
    /// `text` in every format programs ask for text by. STRING is Latin-1 by ICCCM 2.6.2, so it is offered only where
    /// that says the text exactly.
    pub fn text(text: &str, atoms: &Atoms) -> Self {
        let format = |target, type_, bytes: &[u8]| Format { target, type_, bits: 8, bytes: bytes.to_vec() };
        let utf8 = text.as_bytes();
        let mut formats = vec![
            format(atoms.UTF8_STRING, atoms.UTF8_STRING, utf8),
            format(atoms.TEXT_PLAIN_UTF8, atoms.TEXT_PLAIN_UTF8, utf8),
            format(atoms.TEXT_PLAIN, atoms.TEXT_PLAIN, utf8),
            format(atoms.TEXT, atoms.UTF8_STRING, utf8),
        ];
        let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        if let Some(latin1) = latin1 {
            formats.push(format(AtomEnum::STRING.into(), AtomEnum::STRING.into(), &latin1));
        }
        Self { formats }
    }

    /// Says to clipboard histories that this is passing through and not to be kept (the hint KeePassXC made common).
    pub fn passing_through(mut self, atoms: &Atoms) -> Self {
        let hint = atoms.PASSWORD_HINT;
        self.formats.push(Format { target: hint, type_: hint, bits: 8, bytes: b"secret".to_vec() });
        self
    }

    /// The format asked for by `target`.
    pub fn format(&self, target: Atom) -> Option<&Format> {
        self.formats.iter().find(|format| format.target == target)
    }
}

/// Whether `target` asks for text, so that fetching it can be a receipt.
pub fn is_text(target: Atom, atoms: &Atoms) -> bool {
    let string: Atom = AtomEnum::STRING.into();
    [atoms.UTF8_STRING, atoms.TEXT_PLAIN_UTF8, atoms.TEXT_PLAIN, atoms.TEXT, string].contains(&target)
}
