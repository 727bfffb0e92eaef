//! What the overlay looks like for a view: `draw` is a pure function from view, look, scale and time to pixels.
//!
//! Owns the layout. The window asks `clickable` which part takes the pointer; everything else lets it through.

use std::time::Duration;

use tiny_skia::Pixmap;
use tonny_core::overlay::{OverlayClick, OverlayView};

use super::fonts::Fonts;
use super::mark;
use super::text::{self, Line, Paragraph, Style};
use super::theme::{self, HEIGHT, RADIUS, Theme, WIDEST, WIDTH, colour};

/// Centre of the sign at the left, logical pixels from the upper left corner.
const SIGN: (f32, f32) = (28.0, 28.0);
/// Left edge of all text.
const TEXT_LEFT: f32 = 55.0;
/// Right edge of the clock, and of a label without anything to its right.
const RIGHT: f32 = WIDTH - 20.0;
/// Room for "59:59" in the clock's size.
const CLOCK: f32 = 40.0;
/// Room for "9:59:59", for who forgets to stop.
const LONG_CLOCK: f32 = 54.0;
/// Between the words and the clock.
const GAP: f32 = 8.0;
/// Centre of the stop button from the right edge; its disc is as far from the end as from the long sides.
const STOP: f32 = 28.0;
const STOP_RADIUS: f32 = 16.0;
/// Half the side of what reacts to a click around the stop button.
const STOP_REACH: f32 = 20.0;
/// What a trouble message leaves free at its right, for the cross.
const CROSS_ROOM: f32 = 50.0;
/// What it leaves free above and below when it needs more than two lines.
const PADDING: f32 = 14.0;

const WORDS_SIZE: f32 = 14.0;
const ADVICE_SIZE: f32 = 12.5;
const CLOCK_SIZE: f32 = 12.5;
/// Words fade out over this much where the line is cut.
const FADE: f32 = 28.0;

/// One breath of the ring; slower than a resting person's, so that it calms.
const BREATH: Duration = Duration::from_millis(2800);
/// One step of the three dots.
const STEP: Duration = Duration::from_millis(300);

/// When a frame is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Since the overlay appeared; drives the breath.
    pub shown: Duration,
    /// Since this view came; the clock runs on between two views.
    pub late: Duration,
}

/// A rectangle in logical pixels: left, top, width, height.
pub type Area = [f32; 4];

/// What a click does, and where. `size` is the frame's, logical pixels.
pub fn clickable(view: &OverlayView, size: (f32, f32)) -> Option<(Area, OverlayClick)> {
    match view {
        OverlayView::Listening { hands_free: true, .. } => {
            let (left, top) = (size.0 - STOP - STOP_REACH, size.1 / 2.0 - STOP_REACH);
            Some(([left, top, STOP_REACH * 2.0, STOP_REACH * 2.0], OverlayClick::Stop))
        }
        OverlayView::Trouble { .. } => Some(([0.0, 0.0, size.0, size.1], OverlayClick::Dismiss)),
        _ => None,
    }
}

/// How long until the picture changes by itself; none while it stands still.
pub fn next_frame(view: &OverlayView) -> Option<Duration> {
    match view {
        // 30 frames a second; fewer would show as steps in the ring.
        OverlayView::Listening { .. } => Some(Duration::from_millis(34)),
        OverlayView::Working { .. } => Some(STEP),
        _ => None,
    }
}

/// Draws `view`; `scale` is physical per logical pixel. A hidden view gives an empty pill.
pub fn draw(
    fonts: &mut Fonts,
    view: &OverlayView,
    theme: &Theme,
    scale: f32,
    moment: Moment,
) -> Option<Pixmap> {
    if let OverlayView::Trouble { message, advice } = view {
        return trouble(fonts, message, advice, theme, scale);
    }
    let mut pen = Pen { pixmap: pill((WIDTH, HEIGHT), theme, scale)?, fonts, theme, scale };
    match view {
        OverlayView::Listening { .. } => pen.listening(view, moment),
        OverlayView::Working { label } => pen.working(label, moment),
        OverlayView::Done { label } => pen.done(label),
        OverlayView::Hidden | OverlayView::Trouble { .. } => {}
    }
    Some(pen.pixmap)
}

/// The clock's face: minutes and seconds, hours when there are any.
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Columns of the words and of the clock while listening: left and right edges, logical pixels.
pub fn columns(hands_free: bool, elapsed: Duration) -> [(f32, f32); 2] {
    let right = if hands_free { WIDTH - STOP - STOP_RADIUS - GAP } else { RIGHT };
    let left = right - if elapsed.as_secs() < 3600 { CLOCK } else { LONG_CLOCK };
    [(TEXT_LEFT, left - GAP), (left, right)]
}

/// The empty pill.
fn pill((width, height): (f32, f32), theme: &Theme, scale: f32) -> Option<Pixmap> {
    let (columns, rows) = ((width * scale).round() as u32, (height * scale).round() as u32);
    let mut pixmap = Pixmap::new(columns, rows)?;
    // The hairline is the rim that the inner form leaves of the outer one: no seam shows between the two.
    let hairline = scale.max(1.0).round();
    for (inset, rgb) in [(0.0, theme.line), (hairline, theme.fill)] {
        let (width, height) = (columns as f32 - inset * 2.0, rows as f32 - inset * 2.0);
        let path = mark::rounded(inset, inset, width, height, RADIUS * scale - inset)?;
        mark::fill(&mut pixmap, &path, colour(rgb, 1.0));
    }
    Some(pixmap)
}

fn trouble(fonts: &mut Fonts, message: &str, advice: &str, theme: &Theme, scale: f32) -> Option<Pixmap> {
    let room = (WIDEST - TEXT_LEFT - CROSS_ROOM) * scale;
    let strong = Style { colour: theme.text, strong: true };
    let soft = Style { colour: theme.soft, strong: false };
    let message = Paragraph::new(fonts, message, strong, (WORDS_SIZE - 0.5) * scale, room);
    let advice = (!advice.is_empty()).then(|| Paragraph::new(fonts, advice, soft, ADVICE_SIZE * scale, room));
    let text_width = advice.as_ref().map_or(message.width, |advice| advice.width.max(message.width));
    let text_height = message.height + advice.as_ref().map_or(0.0, |advice| advice.height);
    let width = (text_width / scale + TEXT_LEFT + CROSS_ROOM).ceil().clamp(WIDTH, WIDEST);
    let fits = text_height / scale <= HEIGHT - PADDING;
    let height = if fits { HEIGHT } else { (text_height / scale + PADDING * 2.0).ceil() };

    let mut pen = Pen { pixmap: pill((width, height), theme, scale)?, fonts, theme, scale };
    let sign = (SIGN.0 * scale, SIGN.1 * scale);
    let (amber, ink) = (colour(theme.warning, 1.0), colour(theme.fill, 1.0));
    mark::triangle(&mut pen.pixmap, sign, 22.0 * scale, amber, ink);
    let centre = ((width - 26.0) * scale, SIGN.1 * scale);
    mark::cross(&mut pen.pixmap, centre, 8.0 * scale, 1.5 * scale, colour(theme.quiet, 1.0));
    let top = (pen.pixmap.height() as f32 - text_height) / 2.0;
    message.draw(&mut pen.pixmap, pen.fonts, TEXT_LEFT * scale, top);
    if let Some(advice) = advice {
        advice.draw(&mut pen.pixmap, pen.fonts, TEXT_LEFT * scale, top + message.height);
    }
    Some(pen.pixmap)
}

/// A pill being drawn.
struct Pen<'a> {
    pixmap: Pixmap,
    fonts: &'a mut Fonts,
    theme: &'a Theme,
    scale: f32,
}

impl Pen<'_> {
    fn listening(&mut self, view: &OverlayView, moment: Moment) {
        let OverlayView::Listening { committed, tentative, level, elapsed_ms, hands_free, silent } = view
        else {
            return;
        };
        let elapsed = Duration::from_millis(*elapsed_ms) + moment.late;
        let [words, time] = columns(*hands_free, elapsed);
        self.ring(*level, *silent, moment.shown);
        self.words(committed, tentative, *silent, words);
        let quiet = Style { colour: self.theme.quiet, strong: false };
        let at = self.line(time, CLOCK_SIZE);
        text::digits(&mut self.pixmap, self.fonts, &clock(elapsed), quiet, at);
        if *hands_free {
            let centre = ((WIDTH - STOP) * self.scale, HEIGHT / 2.0 * self.scale);
            let (disc, square) = (colour(self.theme.raised, 1.0), colour(self.theme.text, 1.0));
            mark::stop(&mut self.pixmap, centre, STOP_RADIUS * self.scale, disc, square);
        }
    }

    /// The mark in a ring that grows with the level and breathes a little even in silence: it lives.
    fn ring(&mut self, level: f32, silent: bool, shown: Duration) {
        let turn = shown.as_secs_f32() / BREATH.as_secs_f32() * std::f32::consts::TAU;
        let level = if silent { 0.0 } else { level.clamp(0.0, 1.0) };
        let rgb = if silent { self.theme.quiet } else { self.theme.signal };
        let radius = (15.5 + turn.sin() * 0.5 + level * 5.0) * self.scale;
        let centre = self.sign();
        mark::disc(&mut self.pixmap, centre, radius, colour(rgb, 0.14 + level * 0.10));
        mark::ring(&mut self.pixmap, centre, radius, 1.5 * self.scale, colour(rgb, 0.45 + level * 0.45));
        mark::mark(&mut self.pixmap, centre, 16.0 * self.scale, colour(rgb, 1.0));
    }

    fn words(&mut self, committed: &str, tentative: &str, silent: bool, column: (f32, f32)) {
        let theme = self.theme;
        let full = Style { colour: theme.text, strong: false };
        let soft = Style { colour: theme.soft, strong: false };
        let quiet = Style { colour: theme.quiet, strong: false };
        let (committed, tentative) = (committed.trim(), tentative.trim());
        let space = if committed.is_empty() || tentative.is_empty() { "" } else { " " };
        let pieces = match (silent, committed.is_empty() && tentative.is_empty()) {
            (true, _) => vec![("I hear nothing", full)],
            (false, true) => vec![("Listening", quiet)],
            (false, false) => vec![(committed, full), (space, full), (tentative, soft)],
        };
        let at = self.line(column, WORDS_SIZE);
        text::line(&mut self.pixmap, self.fonts, &pieces, at);
    }

    fn working(&mut self, label: &str, moment: Moment) {
        let lit = (moment.shown.as_millis() / STEP.as_millis() % 3) as usize;
        let centre = self.sign();
        mark::disc(&mut self.pixmap, centre, 15.5 * self.scale, colour(self.theme.raised, 1.0));
        let dots = colour(self.theme.text, 1.0);
        mark::dots(&mut self.pixmap, centre, 18.0 * self.scale, Some(lit), dots);
        self.label(label, self.theme.soft);
    }

    fn done(&mut self, label: &str) {
        let centre = self.sign();
        mark::disc(&mut self.pixmap, centre, 15.5 * self.scale, colour(self.theme.text, 1.0));
        mark::tick(&mut self.pixmap, centre, 15.0 * self.scale, colour(self.theme.fill, 1.0));
        self.label(label, self.theme.text);
    }

    fn label(&mut self, label: &str, rgb: theme::Rgb) {
        let at = self.line((TEXT_LEFT, RIGHT), WORDS_SIZE);
        let style = Style { colour: rgb, strong: false };
        text::line(&mut self.pixmap, self.fonts, &[(label, style)], at);
    }

    fn sign(&self) -> (f32, f32) {
        (SIGN.0 * self.scale, SIGN.1 * self.scale)
    }

    fn line(&self, (left, right): (f32, f32), size: f32) -> Line {
        let scale = self.scale;
        let middle = HEIGHT / 2.0 * scale;
        Line { left: left * scale, right: right * scale, middle, size: size * scale, fade: FADE * scale }
    }
}
