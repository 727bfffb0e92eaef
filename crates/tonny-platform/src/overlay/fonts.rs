//! The overlay's fonts: Inter from the binary, the system's fonts only when a text needs them.
//!
//! Owns the font system and the glyph cache. Loading every installed font costs memory and tens of milliseconds, and
//! most people never say a word that Inter cannot write: so the system's fonts come in with the first character
//! that Inter lacks (CJK, Arabic, emoji), and stay.

use std::sync::Arc;

use cosmic_text::fontdb::{Database, Family, ID, Query, Source, Weight};
use cosmic_text::{FontSystem, SwashCache};

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
const SEMI_BOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");

/// The family's name as the font files say it.
pub const FAMILY: &str = "Inter";

/// Glyph pictures kept; a dictation in Latin letters uses about 200, one in Chinese some hundreds more.
const GLYPHS_KEPT: usize = 1024;

/// The fonts and what was rasterised from them.
pub struct Fonts {
    pub(super) system: FontSystem,
    pub(super) glyphs: SwashCache,
    inter: Option<ID>,
    everything: bool,
}

impl Default for Fonts {
    fn default() -> Self {
        Self::new()
    }
}

impl Fonts {
    /// Inter alone.
    pub fn new() -> Self {
        let mut database = Database::new();
        for bytes in [REGULAR, SEMI_BOLD] {
            database.load_font_source(Source::Binary(Arc::new(bytes)));
        }
        let regular = Query { families: &[Family::Name(FAMILY)], ..Query::default() };
        let inter = database.query(&regular);
        let system = FontSystem::new_with_locale_and_db("en-US".to_owned(), database);
        Self { system, glyphs: SwashCache::new(), inter, everything: false }
    }

    /// Whether the system's fonts were needed so far.
    pub fn has_system_fonts(&self) -> bool {
        self.everything
    }

    /// Brings the system's fonts in when `text` has a character that Inter cannot write.
    pub(super) fn cover(&mut self, text: &str) {
        if self.everything || self.inter_writes(text) {
            return;
        }
        self.everything = true;
        self.system.db_mut().load_system_fonts();
    }

    /// Drops glyph pictures beyond what a usual dictation needs; called when nothing is on the screen.
    pub fn trim(&mut self) {
        if self.glyphs.image_cache.len() > GLYPHS_KEPT {
            self.glyphs.image_cache.clear();
        }
        self.system.shape_run_cache.trim(0);
    }

    fn inter_writes(&mut self, text: &str) -> bool {
        // Nearly every text is ASCII or close to it; Latin-1 letters are in every Inter.
        if text.chars().all(|letter| u32::from(letter) < 0x180) {
            return true;
        }
        let Some(inter) = self.inter else { return false };
        let known = self.system.get_font_supported_codepoints_in_word(inter, Weight::NORMAL, text);
        known == Some(text.chars().count())
    }
}
