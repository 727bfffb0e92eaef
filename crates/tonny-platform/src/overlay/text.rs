//! Text of the overlay: one line whose end stays visible, and short paragraphs that wrap.
//!
//! Takes physical pixels and knows nothing of the pill's layout. Glyphs are blended straight into the pixmap, which
//! holds premultiplied colours.

use std::ops::Range;

use cosmic_text::{
    Attrs, Buffer, Color, Family, FeatureTag, FontFeatures, LayoutGlyph, Metrics, Shaping, SwashCache,
    Weight, Wrap,
};
use tiny_skia::{Pixmap, PremultipliedColorU8};

use super::fonts::{FAMILY, Fonts};
use super::theme::Rgb;

/// Only this many characters at the end of a line are shaped: more than the pill can show even in narrow letters,
/// and the cost of a redraw does not grow with the length of a dictation.
const TAIL: usize = 160;

/// Where a line goes, physical pixels.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Left edge of the column.
    pub left: f32,
    /// Right edge of the column; nothing is drawn beyond either.
    pub right: f32,
    /// Vertical centre.
    pub middle: f32,
    /// Font size.
    pub size: f32,
    /// Width of the fade where the text is cut.
    pub fade: f32,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Colour.
    pub colour: Rgb,
    /// Semi-bold instead of regular.
    pub strong: bool,
}

/// Draws the pieces as one line: from the left while they fit, else so that the end is seen and the start fades.
pub fn line(pixmap: &mut Pixmap, fonts: &mut Fonts, pieces: &[(&str, Style)], at: Line) {
    let pieces = tail(pieces);
    let mut buffer = Buffer::new(&mut fonts.system, Metrics::new(at.size, at.size * 1.4));
    shape(&mut buffer, fonts, &pieces, None);
    let column = at.right - at.left;
    for run in buffer.layout_runs() {
        let cut = run.line_w > column;
        // In right-to-left writing the end of the text is on the left, so that side stays.
        let (start, fade) = match (cut, run.rtl) {
            (false, _) => (at.left, Fade::None),
            (true, false) => (at.right - run.line_w, Fade::Left),
            (true, true) => (at.left, Fade::Right),
        };
        let baseline = (at.middle + at.size * CAP_HEIGHT / 2.0).round();
        let clip = Clip { columns: at.left..at.right, fade, width: at.fade };
        for glyph in run.glyphs {
            blend(pixmap, fonts, glyph, (start, baseline), &clip);
        }
    }
}

/// Draws a label that ends at `right`, with digits of equal width, so that a running clock does not jitter.
pub fn digits(pixmap: &mut Pixmap, fonts: &mut Fonts, label: &str, style: Style, at: Line) {
    let mut buffer = Buffer::new(&mut fonts.system, Metrics::new(at.size, at.size * 1.4));
    shape(&mut buffer, fonts, &[(label.to_owned(), style)], None);
    let baseline = (at.middle + at.size * CAP_HEIGHT / 2.0).round();
    for run in buffer.layout_runs() {
        let clip = Clip { columns: at.left..at.right, fade: Fade::None, width: 0.0 };
        for glyph in run.glyphs {
            blend(pixmap, fonts, glyph, (at.right - run.line_w, baseline), &clip);
        }
    }
}

/// A wrapped text, measured and ready to be drawn.
pub struct Paragraph {
    buffer: Buffer,
    /// Width of its longest line, physical pixels.
    pub width: f32,
    /// Height of all its lines, physical pixels.
    pub height: f32,
}

impl Paragraph {
    /// Wraps `text` at `width`; a word that is wider than a line (a path, an id) breaks inside.
    pub fn new(fonts: &mut Fonts, text: &str, style: Style, size: f32, width: f32) -> Self {
        let mut buffer = Buffer::new(&mut fonts.system, Metrics::new(size, (size * 1.4).round()));
        shape(&mut buffer, fonts, &[(one_line(text), style)], Some(width));
        let lines = || buffer.layout_runs();
        let widest = lines().map(|run| run.line_w).fold(0.0, f32::max).ceil();
        let height = lines().map(|run| run.line_height).sum();
        Self { buffer, width: widest, height }
    }

    /// Draws it with its upper left corner at `left`, `top`.
    pub fn draw(&self, pixmap: &mut Pixmap, fonts: &mut Fonts, left: f32, top: f32) {
        let clip = Clip { columns: 0.0..pixmap.width() as f32, fade: Fade::None, width: 0.0 };
        for run in self.buffer.layout_runs() {
            let baseline = (top + run.line_y).round();
            for glyph in run.glyphs {
                blend(pixmap, fonts, glyph, (left, baseline), &clip);
            }
        }
    }
}

/// Height of Inter's capitals as a share of the font size; centring them centres a line to the eye.
const CAP_HEIGHT: f32 = 0.727;

fn shape(buffer: &mut Buffer, fonts: &mut Fonts, pieces: &[(String, Style)], width: Option<f32>) {
    for (piece, _) in pieces {
        fonts.cover(piece);
    }
    let mut features = FontFeatures::new();
    features.enable(FeatureTag::new(b"tnum"));
    let plain = Attrs::new().family(Family::Name(FAMILY)).font_features(features);
    let spans = pieces.iter().map(|(piece, style)| {
        let weight = if style.strong { Weight::SEMIBOLD } else { Weight::NORMAL };
        let [red, green, blue] = style.colour;
        (piece.as_str(), plain.clone().weight(weight).color(Color::rgb(red, green, blue)))
    });
    buffer.set_wrap(if width.is_some() { Wrap::WordOrGlyph } else { Wrap::None });
    buffer.set_size(width, None);
    buffer.set_rich_text(spans, &plain, Shaping::Advanced, None);
    buffer.shape_until_scroll(&mut fonts.system, false);
}

/// The last `TAIL` characters of all pieces together, line breaks turned into spaces.
fn tail(pieces: &[(&str, Style)]) -> Vec<(String, Style)> {
    let mut left = TAIL;
    let mut kept: Vec<(String, Style)> = Vec::new();
    for (piece, style) in pieces.iter().rev() {
        let skipped = piece.chars().count().saturating_sub(left);
        let start = piece.char_indices().nth(skipped).map_or(piece.len(), |(index, _)| index);
        left -= piece[start..].chars().count();
        kept.push((one_line(&piece[start..]), *style));
    }
    kept.reverse();
    kept
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fade {
    None,
    Left,
    Right,
}

struct Clip {
    columns: Range<f32>,
    fade: Fade,
    width: f32,
}

impl Clip {
    /// How much of a glyph's pixel in column `x` is seen, 0.0 to 1.0.
    fn at(&self, x: i32) -> f32 {
        let centre = x as f32 + 0.5;
        if !self.columns.contains(&centre) {
            return 0.0;
        }
        match self.fade {
            Fade::None => 1.0,
            Fade::Left => ((centre - self.columns.start) / self.width).min(1.0),
            Fade::Right => ((self.columns.end - centre) / self.width).min(1.0),
        }
    }
}

fn blend(pixmap: &mut Pixmap, fonts: &mut Fonts, glyph: &LayoutGlyph, origin: (f32, f32), clip: &Clip) {
    let physical = glyph.physical(origin, 1.0);
    let (width, height) = (pixmap.width() as i32, pixmap.height() as i32);
    // A word far outside the column is neither rasterised nor kept.
    if (physical.x as f32) > clip.columns.end || (physical.x as f32 + glyph.w * 2.0) < clip.columns.start {
        return;
    }
    let pixels = pixmap.pixels_mut();
    let base = glyph.color_opt.unwrap_or(Color::rgb(255, 255, 255));
    let Fonts { system, glyphs, .. } = fonts;
    SwashCache::with_pixels(glyphs, system, physical.cache_key, base, |x, y, colour| {
        let (x, y) = (physical.x + x, physical.y + y);
        if x < 0 || y < 0 || x >= width || y >= height {
            return;
        }
        let alpha = f32::from(colour.a()) / 255.0 * clip.at(x);
        if alpha > 0.0 {
            let under = &mut pixels[(y * width + x) as usize];
            *under = over(*under, colour, alpha);
        }
    });
}

/// Source-over on a premultiplied pixel. What lies under text is opaque, so its alpha stays.
fn over(under: PremultipliedColorU8, colour: Color, alpha: f32) -> PremultipliedColorU8 {
    let mix = |old: u8, new: u8| {
        let mixed = f32::from(old) + (f32::from(new) - f32::from(old)) * alpha;
        (mixed.round() as u8).min(under.alpha())
    };
    let (red, green, blue) =
        (mix(under.red(), colour.r()), mix(under.green(), colour.g()), mix(under.blue(), colour.b()));
    PremultipliedColorU8::from_rgba(red, green, blue, under.alpha()).unwrap_or(under)
}
