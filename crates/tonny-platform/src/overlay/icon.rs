//! The app's icon and the tray's, drawn from the same mark as the overlay.
//!
//! `examples/icons.rs` writes them into the places where bundler and tray look.

use tiny_skia::{Color, GradientStop, LinearGradient, Paint, Pixmap, Point, SpreadMode, Transform};

use super::mark;
use super::theme::{Rgb, Theme, colour};

/// What the tray icon says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayPicture {
    /// Nothing happens: the mark as an outline.
    Idle,
    /// The microphone is open: the mark filled, in coral.
    Listening,
    /// Words are being made: three dots.
    Working,
    /// Something is wrong: the mark with a small triangle.
    Trouble,
}

impl TrayPicture {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Idle, Self::Listening, Self::Working, Self::Trouble];

    /// Its file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Listening => "listening",
            Self::Working => "working",
            Self::Trouble => "trouble",
        }
    }
}

/// The panel that an icon lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// A light panel: dark ink.
    Light,
    /// A dark panel: light ink.
    Dark,
}

impl Panel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// As in a file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn ink(self) -> Rgb {
        match self {
            Self::Light => [0x2b, 0x27, 0x24],
            Self::Dark => [0xf2, 0xee, 0xea],
        }
    }

    /// Coral and amber are darker on light panels, or they would drown there.
    fn signal(self) -> Rgb {
        match self {
            Self::Light => [0xe2, 0x4a, 0x2c],
            Self::Dark => [0xff, 0x6a, 0x4d],
        }
    }

    fn warning(self) -> Rgb {
        match self {
            Self::Light => [0xc4, 0x7a, 0x05],
            Self::Dark => [0xf2, 0xb1, 0x45],
        }
    }
}

/// The tray icon, `side` pixels square.
pub fn tray(picture: TrayPicture, panel: Panel, side: u32) -> Option<Pixmap> {
    let mut pixmap = Pixmap::new(side, side)?;
    let size = side as f32;
    let centre = (size / 2.0, size / 2.0);
    let ink = colour(panel.ink(), 1.0);
    match picture {
        TrayPicture::Idle => mark::outline(&mut pixmap, centre, size, size * 0.075, ink),
        TrayPicture::Listening => mark::mark(&mut pixmap, centre, size, colour(panel.signal(), 1.0)),
        TrayPicture::Working => mark::dots(&mut pixmap, centre, size * 0.92, None, ink),
        TrayPicture::Trouble => {
            mark::mark(&mut pixmap, centre, size, ink);
            badge(&mut pixmap, size, panel);
        }
    }
    Some(pixmap)
}

/// A small triangle in the lower right, with a gap around it so that it stands off the mark.
fn badge(pixmap: &mut Pixmap, size: f32, panel: Panel) {
    let (centre, side) = ((size * 0.735, size * 0.73), size * 0.54);
    cut(pixmap, centre, side * 1.28);
    let sign = match panel {
        Panel::Light => Color::WHITE,
        Panel::Dark => colour(Panel::Light.ink(), 1.0),
    };
    mark::triangle(pixmap, centre, side, colour(panel.warning(), 1.0), sign);
}

fn cut(pixmap: &mut Pixmap, centre: (f32, f32), side: f32) {
    let Some(mut hole) = Pixmap::new(pixmap.width(), pixmap.height()) else { return };
    mark::triangle(&mut hole, centre, side, Color::BLACK, Color::BLACK);
    let paint =
        tiny_skia::PixmapPaint { blend_mode: tiny_skia::BlendMode::DestinationOut, ..Default::default() };
    pixmap.draw_pixmap(0, 0, hole.as_ref(), &paint, Transform::identity(), None);
}

/// The app's icon, `side` pixels square: the mark on a warm dark tile.
pub fn app(side: u32) -> Option<Pixmap> {
    let mut pixmap = Pixmap::new(side, side)?;
    let size = side as f32;
    let theme = Theme::default();
    // Small sizes need the whole square; large ones keep the air that other icons have.
    let inset = if side <= 32 { 0.0 } else { size * 0.05 };
    let edge = size - inset * 2.0;
    let tile = mark::rounded(inset, inset, edge, edge, edge * 0.235)?;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let (top, bottom) = (Point::from_xy(0.0, inset), Point::from_xy(0.0, size - inset));
    let stops = vec![
        GradientStop::new(0.0, colour([0x33, 0x2d, 0x29], 1.0)),
        GradientStop::new(1.0, colour(theme.fill, 1.0)),
    ];
    paint.shader = LinearGradient::new(top, bottom, stops, SpreadMode::Pad, Transform::identity())?;
    pixmap.fill_path(&tile, &paint, tiny_skia::FillRule::Winding, Transform::identity(), None);
    mark::mark(&mut pixmap, (size / 2.0, size / 2.0), edge * 0.62, colour(theme.signal, 1.0));
    Some(pixmap)
}
