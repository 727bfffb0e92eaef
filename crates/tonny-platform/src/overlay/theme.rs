//! The overlay's colours and measures, in one place; knows nothing of drawing or of windows.
//!
//! The pill is dark on light and dark desktops alike: it lies over arbitrary windows, and a warm near-black with
//! light text keeps its contrast on both. Every text colour reaches WCAG AA (4.5:1) on `fill`; a test computes it.

use tiny_skia::Color;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Width of the pill, logical pixels.
pub const WIDTH: f32 = 320.0;
/// Height of the pill, logical pixels; also the height of a trouble message that fits two lines.
pub const HEIGHT: f32 = 56.0;
/// The widest a trouble message may become before it wraps, logical pixels.
pub const WIDEST: f32 = 480.0;
/// Corner radius: a full half circle at the usual height, and it stays so when a message grows taller.
pub const RADIUS: f32 = 28.0;
/// Distance from the monitor's lower edge, logical pixels.
pub const MARGIN: f32 = 24.0;

/// The colours of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The pill.
    pub fill: Rgb,
    /// The hairline around it.
    pub line: Rgb,
    /// A raised part, such as the stop button's disc.
    pub raised: Rgb,
    /// Committed words and labels.
    pub text: Rgb,
    /// Tentative words, advice.
    pub soft: Rgb,
    /// Elapsed time, placeholders.
    pub quiet: Rgb,
    /// Listening, and nothing else.
    pub signal: Rgb,
    /// Trouble.
    pub warning: Rgb,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            fill: [0x1c, 0x19, 0x17],
            line: [0x3d, 0x38, 0x34],
            raised: [0x36, 0x31, 0x2d],
            text: [0xf7, 0xf3, 0xef],
            soft: [0xae, 0xa5, 0x9d],
            quiet: [0xa3, 0x99, 0x91],
            signal: [0xff, 0x6a, 0x4d],
            warning: [0xf2, 0xb1, 0x45],
        }
    }
}

/// `rgb` with an opacity from 0.0 to 1.0.
pub fn colour(rgb: Rgb, opacity: f32) -> Color {
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    Color::from_rgba8(rgb[0], rgb[1], rgb[2], alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(rgb: Rgb) -> f32 {
        let linear = rgb.map(|channel| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn every_text_colour_reaches_aa_on_the_pill() {
        let theme = Theme::default();
        for text in [theme.text, theme.soft, theme.quiet, theme.signal, theme.warning] {
            let ratio = (luminance(text) + 0.05) / (luminance(theme.fill) + 0.05);
            assert!(ratio >= 4.5, "{text:?} has only {ratio:.1}:1");
        }
    }
}
